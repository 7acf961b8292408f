//! A report, a segmentation, a structure set and a letter beside a made series: the desk's answers and the command line's.

use std::path::Path;

use overread_desk::op::{index, objects};
use overread_desk::{Cancel, Desk, DeskOptions};
use overread_phantom::dicom::{DataSet, File, TransferSyntax};
use serde_json::{Value, json};

use tempfile::TempDir;

const STUDY: &str = "2.25.71";
const FRAME_OF_REFERENCE: &str = "2.25.72";
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

fn common(series: &str, modality: &str) -> DataSet {
    let mut d = DataSet::new();
    d.text((0x0008, 0x0005), "CS", "ISO_IR 192")
        .text((0x0008, 0x0060), "CS", modality)
        .text((0x0020, 0x000D), "UI", STUDY)
        .text((0x0020, 0x000E), "UI", series);
    d
}

fn write(folder: &Path, name: &str, class: &str, uid: &str, mut data: DataSet) {
    let sop_class = format!("{STORAGE}{class}");
    data.text((0x0008, 0x0016), "UI", &sop_class)
        .text((0x0008, 0x0018), "UI", uid);
    let file = File {
        sop_class,
        sop_instance: uid.to_owned(),
        syntax: TransferSyntax::ExplicitLittle,
        data,
    };
    file.write(&folder.join(name)).expect("written");
}

fn pixel_module(d: &mut DataSet, rows: u16, columns: u16, bits: u16) {
    d.us((0x0028, 0x0002), &[1])
        .text((0x0028, 0x0004), "CS", "MONOCHROME2")
        .us((0x0028, 0x0010), &[rows])
        .us((0x0028, 0x0011), &[columns])
        .us((0x0028, 0x0100), &[bits])
        .us((0x0028, 0x0101), &[bits])
        .us((0x0028, 0x0102), &[bits - 1])
        .us((0x0028, 0x0103), &[0]);
}

fn group(fill: impl FnOnce(&mut DataSet)) -> Vec<DataSet> {
    let mut item = DataSet::new();
    fill(&mut item);
    vec![item]
}

fn reference(uid: &str) -> Vec<DataSet> {
    group(|d| {
        d.text((0x0008, 0x1155), "UI", uid);
    })
}

/// Three axial slices of 6 x 8 pixels, 2 mm between rows, 1 mm between columns, 5 mm between slices.
fn series(folder: &Path) {
    for k in 0..3_u16 {
        let mut d = common("2.25.80", "MR");
        d.text((0x0020, 0x0013), "IS", &(k + 1).to_string())
            .text((0x0020, 0x0052), "UI", FRAME_OF_REFERENCE)
            .decimals((0x0020, 0x0032), &[-10.0, 4.0, f64::from(k) * 5.0])
            .decimals((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
            .decimals((0x0028, 0x0030), &[2.0, 1.0])
            .bytes((0x7FE0, 0x0010), "OW", vec![0; 6 * 8 * 2]);
        pixel_module(&mut d, 6, 8, 16);
        write(folder, &format!("mr{k}.dcm"), "4", &format!("2.25.80.{k}"), d);
    }
}

/// One segment on the second slice: two pixels of its 3 x 4 ones of twice the size.
fn segmentation(folder: &Path) {
    let mut d = common("2.25.81", "SEG");
    d.text((0x0020, 0x0052), "UI", FRAME_OF_REFERENCE)
        .text((0x0062, 0x0001), "CS", "BINARY")
        .text((0x0070, 0x0080), "CS", "NODULES")
        .text((0x0028, 0x0008), "IS", "1")
        .sequence(
            (0x0062, 0x0002),
            group(|s| {
                s.us((0x0062, 0x0004), &[1])
                    .text((0x0062, 0x0005), "LO", "結節")
                    .us((0x0062, 0x000D), &[65535, 32896, 32896]);
            }),
        )
        .sequence(
            (0x5200, 0x9229),
            group(|s| {
                s.sequence(
                    (0x0028, 0x9110),
                    group(|m| {
                        m.decimals((0x0028, 0x0030), &[4.0, 2.0]);
                    }),
                )
                .sequence(
                    (0x0020, 0x9116),
                    group(|o| {
                        o.decimals((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
                    }),
                );
            }),
        )
        .sequence(
            (0x5200, 0x9230),
            group(|f| {
                f.sequence(
                    (0x0062, 0x000A),
                    group(|s| {
                        s.us((0x0062, 0x000B), &[1]);
                    }),
                )
                .sequence(
                    (0x0020, 0x9113),
                    group(|p| {
                        // The centre of its first pixel lies between the first four of the image.
                        p.decimals((0x0020, 0x0032), &[-9.5, 5.0, 5.0]);
                    }),
                );
            }),
        )
        // Pixels 1 and 5 of row-major 4 x 3: column 1 of the first two rows.
        .bytes((0x7FE0, 0x0010), "OB", vec![0b0010_0010, 0]);
    pixel_module(&mut d, 3, 4, 1);
    write(folder, "seg.dcm", "66.4", "2.25.81.1", d);
}

/// A square from (-8, 6) to (-6, 10) mm on the third slice.
fn structure_set(folder: &Path) {
    let mut d = common("2.25.82", "RTSTRUCT");
    let corners = [
        -8.0, 6.0, 10.0, -6.0, 6.0, 10.0, -6.0, 10.0, 10.0, -8.0, 10.0, 10.0,
    ];
    d.text((0x3006, 0x0002), "SH", "Plan")
        .sequence(
            (0x3006, 0x0020),
            group(|roi| {
                roi.text((0x3006, 0x0022), "IS", "3")
                    .text((0x3006, 0x0024), "UI", FRAME_OF_REFERENCE)
                    .text((0x3006, 0x0026), "LO", "PTV");
            }),
        )
        .sequence(
            (0x3006, 0x0039),
            group(|roi| {
                roi.text((0x3006, 0x002A), "IS", "255\\0\\128")
                    .text((0x3006, 0x0084), "IS", "3")
                    .sequence(
                        (0x3006, 0x0040),
                        group(|c| {
                            c.text((0x3006, 0x0042), "CS", "CLOSED_PLANAR")
                                .decimals((0x3006, 0x0050), &corners)
                                .sequence((0x3006, 0x0016), reference("2.25.80.2"));
                        }),
                    );
            }),
        );
    write(folder, "rtstruct.dcm", "481.3", "2.25.82.1", d);
}

fn item(relationship: &str, kind: &str, name: &str) -> DataSet {
    let mut d = DataSet::new();
    d.text((0x0040, 0xA010), "CS", relationship)
        .text((0x0040, 0xA040), "CS", kind)
        .sequence((0x0040, 0xA043), vec![DataSet::code("1", "99T", name)]);
    d
}

fn report(folder: &Path) {
    let mut length = item("CONTAINS", "NUM", "Long axis");
    let mut value = DataSet::new();
    value
        .decimals((0x0040, 0xA30A), &[14.2])
        .sequence((0x0040, 0x08EA), vec![DataSet::code("mm", "UCUM", "millimeter")]);
    let mut image = item("INFERRED FROM", "IMAGE", "Source");
    image.sequence((0x0008, 0x1199), reference("2.25.80.1"));
    length
        .sequence((0x0040, 0xA300), vec![value])
        .sequence((0x0040, 0xA730), vec![image]);
    let mut heading = item("CONTAINS", "CONTAINER", "Ευρήματα");
    heading.sequence((0x0040, 0xA730), vec![length]);
    let mut d = common("2.25.83", "SR");
    d.text((0x0010, 0x0010), "PN", "Okoye^Ngozi")
        .text((0x0010, 0x0020), "LO", "P7")
        .text((0x0008, 0x0020), "DA", "20240312")
        .text((0x0040, 0xA491), "CS", "COMPLETE")
        .text((0x0040, 0xA493), "CS", "UNVERIFIED")
        .sequence(
            (0x0040, 0xA043),
            vec![DataSet::code("126000", "DCM", "Measurement Report")],
        )
        .sequence((0x0040, 0xA730), vec![heading]);
    write(folder, "sr.dcm", "88.33", "2.25.83.1", d);
}

fn letter(folder: &Path) {
    let mut d = common("2.25.84", "DOC");
    d.text((0x0042, 0x0010), "ST", "Letter")
        .text((0x0042, 0x0012), "LO", "application/pdf")
        .bytes((0x0042, 0x0011), "OB", b"%PDF-1.4 ab".to_vec());
    write(folder, "letter.dcm", "104.1", "2.25.84.1", d);
}

fn made(place: &TempDir) -> std::path::PathBuf {
    let folder = place.path().join("study");
    std::fs::create_dir_all(&folder).expect("a folder");
    series(&folder);
    segmentation(&folder);
    structure_set(&folder);
    report(&folder);
    letter(&folder);
    folder
}

struct Opened {
    desk: Desk,
    study: Value,
}

impl Opened {
    fn of(place: &TempDir, folder: &Path) -> Self {
        let desk = Desk::open(DeskOptions {
            home: place.path().join("home"),
            ..DeskOptions::default()
        });
        let handle = json!({"folder": desk.handle(folder)});
        desk.start("open", handle, &|_| {}, &Cancel::default())
            .expect("a scan");
        let study = desk.call("studies", json!({})).expect("studies")[0].clone();
        Self { desk, study }
    }

    fn object(&self, opens: &str, modality: &str) -> String {
        let all = self.study["objects"].as_array().expect("objects");
        let found = all
            .iter()
            .find(|o| o["opens"] == opens && o["modality"] == modality);
        found.unwrap_or_else(|| panic!("{all:?}"))["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    fn series(&self) -> String {
        let sets = self.study["display_sets"].as_array().expect("sets");
        let found = sets.iter().find(|s| s["modality"] == "MR").expect("the series");
        found["id"].as_str().expect("an id").to_owned()
    }

    fn call(&self, operation: &str, arguments: Value) -> Value {
        self.desk
            .call(operation, arguments)
            .unwrap_or_else(|error| panic!("{operation}: {}", error.message))
    }

    fn slice(&self, object: &str, frame: u32) -> Value {
        let request = json!({"object": object, "display_set": self.series(), "frame": frame});
        self.call("layer_slice", request)["shapes"].clone()
    }
}

#[test]
fn layers_lie_where_the_standard_says() {
    let place = TempDir::new().expect("a folder");
    let opened = Opened::of(&place, &made(&place));
    let layers = opened.call("layers", json!({"display_set": opened.series()}));
    let labels: Vec<(&str, bool)> = layers
        .as_array()
        .expect("layers")
        .iter()
        .map(|l| (l["label"].as_str().unwrap_or_default(), l["named"] == true))
        .collect();
    assert_eq!(labels, [("Plan", true), ("NODULES", false)]);
    // A segmentation is a series of its own as well.
    assert_eq!(opened.study["display_sets"].as_array().map(Vec::len), Some(2));
    let seg = opened.object("layer", "SEG");
    let detail = opened.call("object", json!({"object": seg}));
    let white = json!([{"part": 1, "name": "結節", "meaning": "", "colour": [255, 255, 255]}]);
    assert_eq!(detail["parts"], white);
    assert_eq!(detail["fits"], json!([opened.series()]));
    // Pixels (1,0) and (1,1) of twice the size: columns 2 to 4 and rows 0 to 4 of the image.
    let shapes = opened.slice(&seg, 1);
    let outline = json!([[2.0, 0.0, 4.0, 0.0, 4.0, 4.0, 2.0, 4.0]]);
    assert_eq!(shapes, json!([{"part": 1, "form": "area", "lines": outline}]));
    assert_eq!(opened.slice(&seg, 0), json!([]));
    let structures = opened.object("layer", "RTSTRUCT");
    // (-8, 6) mm is 2 columns and 1 row from the first pixel's centre, which lies at (0.5, 0.5).
    let square = json!([[2.5, 1.5, 4.5, 1.5, 4.5, 3.5, 2.5, 3.5]]);
    let shapes = opened.slice(&structures, 2);
    assert_eq!(shapes, json!([{"part": 0, "form": "closed", "lines": square}]));
    assert_eq!(opened.slice(&structures, 1), json!([]));
    let error = opened
        .desk
        .call(
            "layer_slice",
            json!({"object": seg, "display_set": opened.series(), "frame": 9}),
        )
        .expect_err("no such slice");
    assert_eq!(error.code, "desk.no_such_frame");
}

#[test]
fn a_report_leads_to_its_slice_and_a_letter_to_its_bytes() {
    let place = TempDir::new().expect("a folder");
    let folder = made(&place);
    let opened = Opened::of(&place, &folder);
    let detail = opened.call("object", json!({"object": opened.object("report", "SR")}));
    let report = &detail["report"];
    assert_eq!(report["title"], "Measurement Report");
    assert_eq!(report["verification"], "unverified");
    assert_eq!(
        (&report["patient"], &report["study_date"]),
        (&json!("Okoye, Ngozi · P7"), &json!("2024-03-12"))
    );
    // Of the same study by its number; the series names another patient, which is none.
    let of_study = report["of_study"].as_array().expect("sets");
    assert!(of_study.contains(&json!(opened.series())), "{report}");
    assert_eq!(report["of_patient"], json!([]));
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(
        (&rows[0]["name"], &rows[0]["form"]),
        (&json!("Ευρήματα"), &json!("heading"))
    );
    assert_eq!(rows[1]["value"], "14.2 mm");
    let target = &rows[2]["target"];
    assert_eq!(
        (&target["display_set"], &target["frame"]),
        (&json!(opened.series()), &json!(1))
    );
    let letter = opened.object("document", "DOC");
    let saved = opened.call("save_document", json!({"object": letter}));
    let copy = std::fs::read(saved["place"].as_str().expect("a place")).expect("a copy");
    assert_eq!(copy, b"%PDF-1.4 ab");
    let served = opened
        .desk
        .resource(&format!("document/{letter}"))
        .expect("bytes");
    assert_eq!((served.content_type, served.bytes), ("application/pdf", copy));
    assert!(
        opened
            .desk
            .call("object", json!({"object": "object-none"}))
            .is_err()
    );
}

#[test]
fn what_is_listed_with_its_study_is_no_skipped_file() {
    let place = TempDir::new().expect("a folder");
    let folder = made(&place);
    std::fs::write(folder.join("readme.txt"), "words").expect("written");
    let desk = Desk::open(DeskOptions {
        home: place.path().join("home"),
        ..DeskOptions::default()
    });
    let names = std::sync::Mutex::new(Vec::new());
    let take = |event: Value| {
        let files = event["files"].as_array().cloned().unwrap_or_default();
        let found = files.iter().map(|file| file["name"].to_string());
        names.lock().expect("names").extend(found);
    };
    let handle = json!({"folder": desk.handle(&folder)});
    desk.start("open", handle, &take, &Cancel::default())
        .expect("a scan");
    assert_eq!(*names.lock().expect("names"), ["\"readme.txt\""]);
}

#[test]
fn blind_reading_withholds_what_may_tell_the_truth() {
    let place = TempDir::new().expect("a folder");
    let opened = Opened::of(&place, &made(&place));
    let mut settings = opened.call("app_state", json!({}))["settings"].clone();
    settings["blind"] = json!(true);
    opened.call("set_settings", settings);
    assert_eq!(
        opened.call("layers", json!({"display_set": opened.series()})),
        json!([])
    );
    let seg = opened.object("layer", "SEG");
    assert_eq!(opened.slice(&seg, 1), json!([]));
    for object in [
        seg,
        opened.object("report", "SR"),
        opened.object("document", "DOC"),
    ] {
        let error = opened
            .desk
            .call("object", json!({"object": object}))
            .expect_err("withheld");
        assert_eq!(error.code, "object.withheld");
    }
    let listed = opened.call("studies", json!({})).to_string();
    assert!(
        listed.contains("withheld until") && !listed.contains("結節"),
        "{listed}"
    );
}

#[test]
fn the_command_line_says_what_an_object_holds() {
    let place = TempDir::new().expect("a folder");
    let folder = made(&place);
    let described = |name: &str| objects::describe(&folder.join(name));
    let lines = described("sr.dcm").expect("a report").text;
    assert!(
        lines.contains("Ευρήματα\n  Long axis: 14.2 mm\n    (inferred from) Source: 2.25.80.1\n"),
        "{lines}"
    );
    let seg = described("seg.dcm").expect("a segmentation").json;
    assert_eq!(
        (&seg["kind"], &seg["segments"][0]["frames"]),
        (&json!("segmentation"), &json!([1]))
    );
    let set = described("rtstruct.dcm").expect("a structure set").json;
    assert_eq!(set["rois"][0]["colour"], "#ff0080");
    assert_eq!(
        set["rois"][0]["contours"][0]["points_mm"][2],
        json!([-6.0, 10.0, 10.0])
    );
    assert_eq!(described("mr0.dcm").expect_err("an image").code, "dicom.an_image");
    assert_eq!(described("none.dcm").expect_err("nothing").code, "file.not_found");
    let index = index::index(std::slice::from_ref(&folder), &Cancel::default()).expect("an index");
    let kinds: Vec<&str> = index["objects"]
        .as_array()
        .expect("objects")
        .iter()
        .filter_map(|o| o["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["document", "structure_set", "segmentation", "report"]);
    assert_eq!(index["objects"][3]["references"], json!(["2.25.80.1"]));
    assert_eq!(
        index["objects"][2]["frame_of_reference"],
        json!([FRAME_OF_REFERENCE])
    );
    let files = index["files"].as_array().expect("files");
    let images = files.iter().filter(|f| f["status"] == "image").count();
    assert_eq!((files.len(), images), (7, 4));
}
