//! Case sets on the desk: made, listed, forgotten; a case's images opened, blind or not.

use std::path::{Path, PathBuf};

use overread_desk::{Cancel, Desk, DeskOptions};
use overread_phantom::dicom::{DataSet, File, Samples, TransferSyntax, Writer};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn desk(&self, home: &str) -> Desk {
        Desk::open(DeskOptions {
            home: self.path(home),
            ..DeskOptions::default()
        })
    }

    /// `chest/CLASS/N.png` and one series of DICOM with three images in a class of its own.
    fn chest(&self) -> PathBuf {
        let chest = self.path("chest");
        for (c, class) in ["EFFUSION", "CLEARNESS"].iter().enumerate() {
            std::fs::create_dir_all(chest.join(class)).expect("a folder");
            for n in 0..2_u32 {
                let seed = c as u32 * 10 + n;
                image::GrayImage::from_fn(12, 8, |x, y| {
                    image::Luma([((x + 1) * (y + 2) * (seed + 3)) as u8])
                })
                .save(chest.join(class).join(format!("{n}.png")))
                .expect("a picture");
            }
        }
        let series = chest.join("EFFUSION/series");
        std::fs::create_dir_all(&series).expect("a folder");
        for n in 0..3_usize {
            Writer::new(&format!("slice {n}"), 2, 2, Samples::U16(vec![n as u16, 1, 2, 3]))
                .series("one series", n + 1)
                .plane([0.0, 0.0, n as f64], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [1.0, 1.0])
                .write(&series.join(format!("{n}.dcm")))
                .expect("a file");
        }
        chest
    }
}

fn call(desk: &Desk, operation: &str, arguments: Value) -> Value {
    desk.call(operation, arguments)
        .unwrap_or_else(|error| panic!("{operation}: {} {}", error.code, error.message))
}

fn draft(desk: &Desk, folder: &Path, target: Option<&Path>) -> Value {
    json!({
        "folder": desk.handle(folder), "tables": [], "format": null, "task": null, "name": "Chest", "uncertain": "ignore",
        "blank": "negative", "model": null, "answers": [], "split_by_patient": "", "seed": 0,
        "target": target.map(|path| desk.handle(path)),
    })
}

fn blind(desk: &Desk) {
    let mut settings = call(desk, "app_state", json!({}))["settings"].clone();
    settings["blind"] = json!(true);
    call(desk, "set_settings", settings);
}

/// Opens a case as the page does; gives the frames of its display set.
fn opened(desk: &Desk, images: &Value) -> usize {
    desk.start(
        "open",
        json!({"folder": images["folder"]}),
        &|_| {},
        &Cancel::default(),
    )
    .expect("a scan");
    let set = call(desk, "display_set", json!({"display_set": images["display_set"]}));
    set["frames"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_set_is_made_listed_opened_and_forgotten() {
    let place = Place::new();
    let (chest, desk) = (place.chest(), place.desk("home"));
    let target = place.path("sets/chest.toml");
    let arguments = draft(&desk, &chest, Some(&target));
    let mapping = call(&desk, "draft_case_set", arguments.clone());
    assert_eq!(
        (&mapping["matched"], &mapping["format"]),
        (&json!(5), &json!("class-folders")),
        "{mapping}"
    );
    assert!(!target.exists(), "a draft writes nothing");
    let info = call(&desk, "make_case_set", arguments.clone());
    assert_eq!(
        (&info["name"], &info["cases"], &info["present"]),
        (&json!("Chest"), &json!(5), &json!(true))
    );
    let again = desk.call("make_case_set", arguments).expect_err("it is there");
    assert_eq!(again.code, "eval.exists");
    // Another desk knows nothing of it until it opens it.
    let other = place.desk("other");
    assert_eq!(call(&other, "evaluations", json!({})), json!([]));
    let evaluation = json!({"evaluation": other.handle(&target)});
    call(&other, "open_evaluation", evaluation.clone());
    assert_eq!(call(&other, "evaluations", json!({}))[0]["cases"], 5);
    std::fs::rename(&target, place.path("sets/moved.toml")).expect("moved");
    let listed = call(&other, "evaluations", json!({}));
    assert_eq!(
        (&listed[0]["present"], &listed[0]["problem"]["code"]),
        (&json!(false), &json!("file.not_found"))
    );
    assert_eq!(call(&other, "forget_evaluation", evaluation), json!([]));
}

#[test]
fn a_case_opens_in_the_viewer_and_its_id_is_found_by_another_desk() {
    let place = Place::new();
    let (chest, desk) = (place.chest(), place.desk("home"));
    let target = place.path("sets/chest.toml");
    call(&desk, "make_case_set", draft(&desk, &chest, Some(&target)));
    let mut seen = Vec::new();
    for number in 1..=5 {
        let images = |desk: &Desk| {
            call(
                desk,
                "open_evaluation_case",
                json!({"evaluation": desk.handle(&target), "number": number}),
            )
        };
        let (first, second) = (images(&desk), images(&place.desk("other")));
        assert_eq!(first["display_set"], second["display_set"]);
        seen.push((opened(&desk, &first), first["index"].as_u64().unwrap_or(99)));
    }
    seen.sort_unstable();
    assert_eq!(
        seen,
        [(1, 0), (1, 0), (1, 0), (1, 0), (3, 1)],
        "pictures, and the middle of the series"
    );
    let none = json!({"evaluation": desk.handle(&target), "number": 6});
    assert_eq!(
        desk.call("open_evaluation_case", none).expect_err("no case").code,
        "eval.no_case"
    );
}

#[test]
fn blind_reading_tells_nothing_of_a_case_but_its_number() {
    let place = Place::new();
    let (chest, desk) = (place.chest(), place.desk("home"));
    let target = place.path("sets/set.toml");
    call(&desk, "make_case_set", draft(&desk, &chest, Some(&target)));
    blind(&desk);
    let mut all = String::new();
    for number in 1..=5 {
        let case = json!({"evaluation": desk.handle(&target), "number": number});
        let images = call(&desk, "open_evaluation_case", case);
        assert_eq!(images["title"], format!("Case {number}"));
        all += &images.to_string();
        opened(&desk, &images);
        for operation in ["app_state", "studies", "evaluations"] {
            all += &call(&desk, operation, json!({})).to_string();
        }
    }
    all += &call(
        &desk,
        "check_evaluation",
        json!({"evaluation": desk.handle(&target)}),
    )
    .to_string();
    // The images move away: the sentence names no place.
    std::fs::rename(&chest, place.path("gone")).expect("moved");
    for number in 1..=5 {
        let case = json!({"evaluation": desk.handle(&target), "number": number});
        let error = desk.call("open_evaluation_case", case).expect_err("gone");
        assert_eq!(error.code, "eval.no_image", "{}", error.message);
        all += &format!("{error:?}");
    }
    let small = all.to_lowercase();
    for word in ["effusion", "clearness", ".png", ".dcm"] {
        assert!(!small.contains(word), "{word} in {all}");
    }
}

fn coded(tag_of_item: (u16, u16), code: DataSet, kind: &str, name: DataSet) -> DataSet {
    let mut item = DataSet::new();
    item.text((0x0040, 0xA010), "CS", "CONTAINS")
        .text((0x0040, 0xA040), "CS", kind)
        .sequence((0x0040, 0xA043), vec![name])
        .sequence(tag_of_item, vec![code]);
    item
}

/// Cases of a set over `folder` with a report in their study, by `eval check`.
fn found_in_study(place: &Place, folder: &Path) -> Vec<String> {
    let path = folder.with_extension("toml");
    let case = |id: &str, name: &str| {
        let series = overread_phantom::dicom::uid_from(&format!("{name} series"));
        format!(
            "[[cases]]\nid = \"{id}\"\n[[cases.images]]\npath = \"reported\"\nseries = \"{series}\"\n[cases.truth]\nlabels = [\"x\"]\n"
        )
    };
    let text = format!(
        "format = \"overread-case-set/1\"\nname = \"t\"\n[question]\ntask = \"closed\"\nlabels = [\"x\", \"y\"]\n{}{}",
        case("a", "one"),
        case("b", "two")
    );
    std::fs::write(&path, text).expect("a file");
    let desk = place.desk("checking");
    let found = call(
        &desk,
        "check_evaluation",
        json!({ "evaluation": desk.handle(&path) }),
    );
    let findings = found["findings"].as_array().expect("findings");
    let reports = findings.iter().filter(|f| f["key"] == "report_in_study");
    reports
        .flat_map(|f| f["examples"].as_array().cloned().unwrap_or_default())
        .map(|e| e[0].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn reports_of_the_folder_are_the_truth() {
    let place = Place::new();
    let folder = place.path("reported");
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["one", "two"] {
        Writer::new(
            name,
            2,
            2,
            Samples::U8(vec![0, 1, 2, name.len() as u8 + name.as_bytes()[0]]),
        )
        .series(name, 1)
        .text((0x0010, 0x0020), "LO", name)
        .write(&folder.join(format!("{name}.dcm")))
        .expect("a file");
    }
    let image = overread_phantom::dicom::uid_from("one study");
    let sop_class = "1.2.840.10008.5.1.4.1.1.88.33".to_owned();
    let mut data = DataSet::new();
    data.text((0x0008, 0x0016), "UI", &sop_class)
        .text((0x0008, 0x0018), "UI", "2.25.77")
        .text((0x0008, 0x0060), "CS", "SR")
        .text((0x0010, 0x0020), "LO", "one")
        .text((0x0020, 0x000D), "UI", &image)
        .text((0x0020, 0x000E), "UI", "2.25.78")
        .text((0x0040, 0xA040), "CS", "CONTAINER")
        .text((0x0040, 0xA493), "CS", "VERIFIED")
        .sequence(
            (0x0040, 0xA043),
            vec![DataSet::code("126000", "DCM", "Imaging Measurement Report")],
        )
        .sequence(
            (0x0040, 0xA730),
            vec![coded(
                (0x0040, 0xA168),
                DataSet::code("36118008", "SCT", "Pneumothorax"),
                "CODE",
                DataSet::code("121071", "DCM", "Finding"),
            )],
        );
    let report = File {
        sop_class,
        sop_instance: "2.25.77".to_owned(),
        syntax: TransferSyntax::ExplicitLittle,
        data,
    };
    report.write(&folder.join("report.dcm")).expect("a report");
    let desk = place.desk("home");
    let mut arguments = draft(&desk, &folder, None);
    assert_eq!(found_in_study(&place, &folder), ["a"]);
    arguments["format"] = json!("dicom-sr");
    let mapping = call(&desk, "draft_case_set", arguments.clone());
    assert_eq!(
        (&mapping["matched"], &mapping["task"]),
        (&json!(1), &json!("yes_no")),
        "{mapping}"
    );
    assert_eq!(mapping["labels"], json!([{"label": "Pneumothorax", "cases": 1}]));
    assert_eq!(mapping["images_without_row"], json!(["two.dcm"]));
    let info = call(&desk, "make_case_set", arguments);
    assert_eq!(info["cases"], 1);
    let written = std::fs::read_to_string(place.path("home/evaluations/Chest.toml")).expect("a case set");
    assert!(
        !written.contains("patient = \"one\""),
        "a pseudonym, not the Patient ID: {written}"
    );
}
