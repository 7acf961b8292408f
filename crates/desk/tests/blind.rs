//! Blind reading beside stored results: what is withheld, and what opens with the reader's own answer.

use std::path::Path;

use overread_desk::{Cancel, Desk, DeskOptions};
use overread_phantom::dicom::{DataSet, File, TransferSyntax};
use serde_json::{Value, json};
use tempfile::TempDir;

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

fn data(study: &str, series: &str, modality: &str) -> DataSet {
    let mut d = DataSet::new();
    d.text((0x0008, 0x0060), "CS", modality)
        .text((0x0020, 0x000D), "UI", study)
        .text((0x0020, 0x000E), "UI", series);
    d
}

fn write(folder: &Path, class: &str, uid: &str, mut data: DataSet) {
    let sop_class = format!("{STORAGE}{class}");
    data.text((0x0008, 0x0016), "UI", &sop_class)
        .text((0x0008, 0x0018), "UI", uid);
    let file = File {
        sop_class,
        sop_instance: uid.to_owned(),
        syntax: TransferSyntax::ExplicitLittle,
        data,
    };
    file.write(&folder.join(format!("{uid}.dcm"))).expect("written");
}

fn group(fill: impl FnOnce(&mut DataSet)) -> Vec<DataSet> {
    let mut item = DataSet::new();
    fill(&mut item);
    vec![item]
}

fn pixels(d: &mut DataSet, bits: u16) {
    d.us((0x0028, 0x0002), &[1])
        .text((0x0028, 0x0004), "CS", "MONOCHROME2")
        .us((0x0028, 0x0010), &[4])
        .us((0x0028, 0x0011), &[4])
        .us((0x0028, 0x0100), &[bits])
        .us((0x0028, 0x0101), &[bits])
        .us((0x0028, 0x0102), &[bits - 1])
        .us((0x0028, 0x0103), &[0])
        .bytes((0x7FE0, 0x0010), "OW", vec![0; 4 * 4 * usize::from(bits) / 8]);
}

/// An image with an overlay plane.
fn image(folder: &Path, series: &str, name: &str) {
    let mut d = data("2.25.1", series, "MR");
    d.text((0x0008, 0x103E), "LO", name)
        .us((0x6000, 0x0010), &[4])
        .us((0x6000, 0x0011), &[4])
        .text((0x6000, 0x0022), "LO", "LESION HERE")
        .text((0x6000, 0x0040), "CS", "G")
        .bytes((0x6000, 0x0050), "SS", vec![1, 0, 1, 0])
        .us((0x6000, 0x0100), &[1])
        .us((0x6000, 0x0102), &[0])
        .bytes((0x6000, 0x3000), "OW", vec![0xFF, 0xFF]);
    pixels(&mut d, 16);
    write(folder, "4", &format!("{series}.1"), d);
}

fn named(d: &mut DataSet, series: &str) {
    let image = group(|i| {
        i.text((0x0008, 0x1150), "UI", &format!("{STORAGE}4")).text(
            (0x0008, 0x1155),
            "UI",
            &format!("{series}.1"),
        );
    });
    let list = group(|s| {
        s.text((0x0020, 0x000E), "UI", series)
            .sequence((0x0008, 0x1140), image);
    });
    d.sequence((0x0008, 0x1115), list);
}

fn segmentation(folder: &Path, study: &str, uid: &str) {
    let mut d = data(study, uid, "SEG");
    d.text((0x0008, 0x103E), "LO", "Right lung tumour")
        .text((0x0008, 0x1030), "LO", "Tumour found")
        .text((0x0062, 0x0001), "CS", "BINARY")
        .text((0x0028, 0x0008), "IS", "1")
        .sequence(
            (0x0062, 0x0002),
            group(|s| {
                s.us((0x0062, 0x0004), &[1])
                    .text((0x0062, 0x0005), "LO", "Right lung tumour");
            }),
        );
    named(&mut d, "2.25.10");
    pixels(&mut d, 8);
    write(folder, "66.4", &format!("{uid}.1"), d);
}

fn report(folder: &Path, study: &str, uid: &str, about: Option<&str>) {
    let mut d = data(study, uid, "SR");
    d.sequence((0x0040, 0xA043), vec![DataSet::code("1", "99T", "Report")]);
    if let Some(series) = about {
        named(&mut d, series);
    }
    write(folder, "88.33", &format!("{uid}.1"), d);
}

fn state(folder: &Path) {
    let mut d = data("2.25.1", "2.25.30", "PR");
    d.text((0x0070, 0x0080), "CS", "TUMOUR");
    named(&mut d, "2.25.10");
    write(folder, "11.1", "2.25.30.1", d);
}

struct Blind {
    desk: Desk,
    _place: TempDir,
}

impl Blind {
    fn of(make: impl FnOnce(&Path)) -> Self {
        let place = TempDir::new().expect("a folder");
        let folder = place.path().join("study");
        std::fs::create_dir_all(&folder).expect("a folder");
        make(&folder);
        let desk = Desk::open(DeskOptions {
            home: place.path().join("home"),
            ..DeskOptions::default()
        });
        let handle = json!({"folder": desk.handle(&folder)});
        desk.start("open", handle, &|_| {}, &Cancel::default())
            .expect("a scan");
        Self { desk, _place: place }
    }

    fn call(&self, operation: &str, arguments: Value) -> Value {
        self.desk
            .call(operation, arguments)
            .unwrap_or_else(|error| panic!("{operation}: {}", error.message))
    }

    fn switch(&self, blind: bool) {
        let mut settings = self.call("app_state", json!({}))["settings"].clone();
        settings["blind"] = json!(blind);
        self.call("set_settings", settings);
    }

    fn list(&self, which: &str) -> Vec<Value> {
        let studies = self.call("studies", json!({}));
        let each = studies.as_array().expect("studies").iter();
        each.flat_map(|s| s[which].as_array().cloned().unwrap_or_default())
            .collect()
    }

    fn sets(&self, modality: &str) -> Vec<String> {
        let all = self.list("display_sets").into_iter();
        all.filter(|s| s["modality"] == modality)
            .filter_map(|s| s["id"].as_str().map(str::to_owned))
            .collect()
    }

    /// The series of that description.
    fn series(&self, name: &str) -> String {
        let all = self.list("display_sets");
        let found = all.iter().find(|s| s["description"] == name);
        let found = found.unwrap_or_else(|| panic!("{all:?}"));
        found["id"].as_str().expect("an id").to_owned()
    }

    fn answer(&self, set: &str) {
        self.call(
            "commit_answer",
            json!({"display_set": set, "label": "normal", "confidence": null}),
        );
    }

    /// Error code of the object of a modality, or nothing when it opens.
    fn problem(&self, modality: &str) -> String {
        let all = self.list("objects");
        let found = all
            .iter()
            .find(|o| o["modality"] == modality)
            .expect("the object");
        let answer = self.desk.call("object", json!({"object": found["id"]}));
        answer.err().map(|error| error.code).unwrap_or_default()
    }
}

#[test]
fn states_and_overlays_wait_for_the_own_answer() {
    let blind = Blind::of(|folder| {
        image(folder, "2.25.10", "A");
        state(folder);
    });
    let set = blind.series("A");
    let of_set = json!({"display_set": set});
    let open = blind.call("display_set", of_set.clone());
    let id = open["presentations"][0]["id"]
        .as_str()
        .expect("a state")
        .to_owned();
    let wish = json!({"display_set": set, "presentation": id});
    let veil = format!("veil/{set}/0/1/none");
    let lut = format!("lut/{set}/0-state-{id}-voi");
    let with_state = format!("veil/{set}/0/0/{id}");
    let full = blind.desk.resource(&veil).expect("a veil").bytes;
    blind.switch(true);
    let hidden = blind.call("display_set", of_set.clone());
    assert_eq!(hidden["presentations"], json!([]));
    assert_eq!(hidden["frames"][0]["overlays"], json!([]));
    let error = blind
        .desk
        .call("presentation", wish.clone())
        .expect_err("withheld");
    assert_eq!(error.code, "object.withheld");
    for address in [&with_state, &lut] {
        assert_eq!(
            blind.desk.resource(address).expect_err("withheld").code,
            "object.withheld"
        );
    }
    assert_ne!(blind.desk.resource(&veil).expect("the image's own").bytes, full);
    blind.answer(&set);
    assert_eq!(blind.call("display_set", of_set), open);
    blind.call("presentation", wish);
    assert_eq!(blind.desk.resource(&veil).expect("a veil").bytes, full);
}

#[test]
fn a_segmentation_is_no_series_until_its_images_are_answered() {
    let blind = Blind::of(|folder| {
        image(folder, "2.25.10", "A");
        image(folder, "2.25.11", "B");
        segmentation(folder, "2.25.1", "2.25.20");
    });
    let seg = blind.sets("SEG")[0].clone();
    blind.switch(true);
    let listed = blind.call("studies", json!({})).to_string();
    assert!(!listed.to_lowercase().contains("tumour"), "{listed}");
    for address in [
        format!("frame/{seg}/0"),
        format!("thumbnail/{seg}"),
        format!("veil/{seg}/0/0/none"),
    ] {
        assert_eq!(
            blind.desk.resource(&address).expect_err("withheld").code,
            "object.withheld"
        );
    }
    assert!(
        blind
            .desk
            .call("display_set", json!({"display_set": seg}))
            .is_err()
    );
    // An answer to another series opens nothing.
    blind.answer(&blind.series("B"));
    assert_eq!(
        (blind.sets("SEG").len(), blind.problem("SEG").as_str()),
        (0, "object.withheld")
    );
    blind.answer(&blind.series("A"));
    assert_eq!(blind.sets("SEG"), std::slice::from_ref(&seg));
    assert_ne!(blind.problem("SEG"), "object.withheld");
    blind
        .desk
        .resource(&format!("thumbnail/{seg}"))
        .expect("a thumbnail");
}

#[test]
fn an_object_waits_for_the_series_that_it_names() {
    let blind = Blind::of(|folder| {
        image(folder, "2.25.10", "A");
        image(folder, "2.25.11", "B");
        report(folder, "2.25.1", "2.25.21", Some("2.25.10"));
        segmentation(folder, "2.25.1", "2.25.20");
    });
    blind.switch(true);
    assert_eq!(blind.problem("SR"), "object.withheld");
    blind.answer(&blind.series("A"));
    assert_eq!(blind.problem("SR"), "");
    let listed = blind.call("studies", json!({})).to_string();
    assert!(!listed.contains("withheld until"), "{listed}");
}

#[test]
fn an_object_that_names_nothing_opens_with_one_answer_in_its_study() {
    let blind = Blind::of(|folder| {
        image(folder, "2.25.10", "A");
        image(folder, "2.25.11", "B");
        report(folder, "2.25.1", "2.25.21", None);
    });
    blind.switch(true);
    assert_eq!(blind.problem("SR"), "object.withheld");
    blind.answer(&blind.series("B"));
    assert_eq!(blind.problem("SR"), "");
}

#[test]
fn results_in_a_study_of_their_own_are_withheld_too() {
    let blind = Blind::of(|folder| {
        image(folder, "2.25.10", "A");
        segmentation(folder, "2.25.2", "2.25.20");
        report(folder, "2.25.3", "2.25.21", None);
    });
    blind.switch(true);
    let listed = blind.call("studies", json!({})).to_string();
    assert!(!listed.to_lowercase().contains("tumour"), "{listed}");
    assert_eq!(
        (blind.problem("SEG").as_str(), blind.problem("SR").as_str()),
        ("object.withheld", "object.withheld")
    );
    blind.answer(&blind.series("A"));
    assert_eq!(blind.sets("SEG").len(), 1);
    // It names no image that is open: nothing can be answered for it.
    assert_eq!(blind.problem("SR"), "object.withheld");
    blind.switch(false);
    assert_eq!(blind.problem("SR"), "");
}
