//! Folders of plain pictures on the desk, and what is shown of names while one reads blind.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use overread_desk::{Cancel, Desk, DeskOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

const CLASSES: [&str; 2] = ["PNEUMONIA", "NORMALITY"];

struct Place {
    desk: Desk,
    folder: TempDir,
}

impl Place {
    /// `chest/CLASS/smith-CLASS-N.png`, six pictures that differ, and a text beside them.
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        for (c, class) in CLASSES.iter().enumerate() {
            let own = folder.path().join("chest").join(class);
            std::fs::create_dir_all(&own).expect("a folder");
            for n in 0..3_u8 {
                picture(&own.join(format!("smith-{class}-{n}.png")), c as u8 * 100 + n);
            }
            std::fs::write(own.join(format!("notes-{class}.txt")), "hello").expect("a file");
            std::fs::write(own.join(format!("broken-{class}.png")), b"\x89PNG\r\n\x1a\n").expect("a file");
        }
        let desk = Desk::open(DeskOptions {
            home: folder.path().join("home"),
            ..DeskOptions::default()
        });
        Self { desk, folder }
    }

    fn chest(&self) -> PathBuf {
        self.folder.path().join("chest")
    }

    fn call(&self, operation: &str, arguments: Value) -> Value {
        self.desk
            .call(operation, arguments)
            .unwrap_or_else(|error| panic!("{operation}: {}", error.message))
    }

    fn switch(&self, name: &str, on: bool) {
        let mut settings = self.call("app_state", json!({}))["settings"].clone();
        settings[name] = json!(on);
        self.call("set_settings", settings);
    }

    /// Everything that the job tells.
    fn open(&self, path: &Path) -> String {
        let events = Mutex::new(String::new());
        let handle = json!({"folder": self.desk.handle_of_cases(path)});
        let take = |event: Value| events.lock().expect("events").push_str(&event.to_string());
        self.desk
            .start("open", handle, &take, &Cancel::default())
            .expect("a scan");
        events.into_inner().expect("events")
    }

    fn sets(&self) -> Vec<Value> {
        let studies = self.call("studies", json!({}));
        let all = studies.as_array().expect("studies").iter();
        all.flat_map(|study| study["display_sets"].as_array().cloned().unwrap_or_default())
            .collect()
    }
}

fn picture(path: &Path, value: u8) {
    let grey = image::GrayImage::from_fn(12, 8, |x, y| image::Luma([value.wrapping_add((x * 7 + y) as u8)]));
    grey.save(path).expect("a picture");
}

/// No word of the answer or of a file.
fn is_neutral(text: &str) {
    let small = text.to_lowercase();
    for word in ["pneumonia", "normality", "smith", "broken", "notes-"] {
        assert!(!small.contains(word), "{word} in {text}");
    }
}

#[test]
fn a_folder_of_pictures_is_a_study_of_series_with_stable_ids() {
    let place = Place::new();
    let told = place.open(&place.chest());
    assert!(told.contains("\"status\":\"unreadable\""), "{told}");
    let sets = place.sets();
    assert_eq!(sets.len(), 6);
    let studies = place.call("studies", json!({}));
    assert_eq!(studies.as_array().map(Vec::len), Some(1));
    assert_eq!(studies[0]["patient_name"], "");
    let mut names: Vec<&str> = sets
        .iter()
        .filter_map(|set| set["description"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names[0], "smith-NORMALITY-0.png",
        "names are shown where nothing is hidden"
    );
    // The same pictures elsewhere have the same ids.
    let ids = |sets: &[Value]| {
        let mut ids: Vec<String> = sets.iter().map(|set| set["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let elsewhere = place.folder.path().join("elsewhere");
    std::fs::rename(place.chest(), &elsewhere).expect("moved");
    place.open(&elsewhere);
    assert_eq!(ids(&place.sets()), ids(&sets));
    let first = place.sets()[0]["id"].as_str().expect("an id").to_owned();
    let frame = place.desk.resource(&format!("frame/{first}/0")).expect("a frame");
    assert!(frame.bytes.len() >= 96);
}

#[test]
fn pictures_beside_dicom_are_told_of_and_not_listed() {
    let place = Place::new();
    overread_phantom::write_cases(
        &place.chest(),
        1,
        3,
        &overread_phantom::Options::small(),
        &|_, _| true,
    )
    .expect("a case");
    let told = place.open(&place.chest());
    assert!(told.contains("a plain picture beside DICOM images"), "{told}");
    assert!(place.sets().iter().all(|set| set["modality"] != "OT"));
    // By itself it opens.
    place.open(&place.chest().join("PNEUMONIA/smith-PNEUMONIA-0.png"));
    assert_eq!(place.sets().len(), 1);
}

#[test]
fn blind_reading_shows_no_name_of_a_folder_or_file() {
    for setting in ["blind", "hide_identity"] {
        let place = Place::new();
        place.switch(setting, true);
        let mut all = place.open(&place.chest());
        // A class's own folder, a file, one that is gone, one without images.
        let class = place.chest().join("PNEUMONIA");
        all += &place.open(&class);
        all += &place.open(&class.join("smith-PNEUMONIA-1.png"));
        all += &place.open(&place.chest().join("PNEUMONIA-gone"));
        let empty = place.chest().join("NORMALITY/empty-normality");
        std::fs::create_dir_all(&empty).expect("a folder");
        all += &place.open(&empty);
        place.open(&place.chest());
        all += &place.call("app_state", json!({})).to_string();
        all += &place.call("studies", json!({})).to_string();
        for set in place.sets() {
            let of_set = json!({"display_set": set["id"]});
            for operation in ["display_set", "case", "marks", "layers", "export_report"] {
                // Errors are shown, too.
                let said = place.desk.call(operation, of_set.clone());
                all += &said.map_or_else(|error| format!("{error:?}"), |value| value.to_string());
            }
        }
        all += &place.call("reviews", json!({})).to_string();
        is_neutral(&all);
        // A picture that changed meanwhile says so without its name.
        let set = place.sets()[0]["id"].as_str().expect("an id").to_owned();
        for class in CLASSES {
            for n in 0..3 {
                picture(
                    &place.chest().join(class).join(format!("smith-{class}-{n}.png")),
                    200 + n,
                );
            }
        }
        place
            .desk
            .start(
                "open",
                json!({"folder": {"id": "h-0", "label": "x"}}),
                &|_| {},
                &Cancel::default(),
            )
            .expect("a scan");
        let error = place.desk.resource(&format!("frame/{set}/0"));
        is_neutral(&format!("{:?}", error.err()));
        // What is exported holds no name either.
        let exports = place.folder.path().join("home/exports");
        for file in std::fs::read_dir(exports).into_iter().flatten().flatten() {
            is_neutral(&std::fs::read_to_string(file.path()).unwrap_or_default());
            is_neutral(&file.file_name().to_string_lossy());
        }
    }
}
