//! `tune head`: learned from a case set, read and scored like any reader, the same again, and refused where splits leak.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::overread::{Place, text, words};

/// Phantoms with a tiny MedSigLIP of random weights and a case set over them: two cases a patient, patients in one split each.
struct Study {
    place: Place,
    /// (case, path, label, slice), as truth.csv has them.
    rows: Vec<[String; 4]>,
}

impl Study {
    fn new(cases: usize) -> Self {
        let place = Place::new();
        place.phantoms(cases, false);
        overread_phantom::checkpoint::write_siglip_model(&place.path("model"), 1).expect("a model");
        let table = fs::read_to_string(place.path("cases/truth.csv")).expect("a table");
        let mut lines = table.lines();
        let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
        let at = |name: &str| head.iter().position(|h| *h == name).expect("a column");
        let columns = [at("case"), at("path"), at("label"), at("slice")];
        let rows = lines
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                columns.map(|column| cells[column].to_owned())
            })
            .collect();
        Self { place, rows }
    }

    /// Writes the case set; `patient` and `split` by the place of a case.
    fn set(&self, name: &str, question: &str, truth: &dyn Fn(&str) -> String, split: &dyn Fn(usize) -> &'static str) -> PathBuf {
        let mut toml = format!("format = \"overread-case-set/1\"\nname = \"chests\"\n[question]\n{question}\n");
        for (k, [case, path, label, slice]) in self.rows.iter().enumerate() {
            toml.push_str(&format!(
                "[[cases]]\nid = \"{case}\"\npatient = \"p{}\"\nsplit = \"{}\"\nimages = [{{ path = \"cases/{path}\", slices = \"{slice}\" }}]\n{}\n",
                k / 2,
                split(k / 2),
                truth(label)
            ));
        }
        let path = self.place.path(name);
        fs::write(&path, toml).expect("a file");
        path
    }

    fn tune(&self, set: &Path, out: &str, more: &[&str]) -> Output {
        let (model, out) = (self.place.path("model"), self.place.path(out));
        let arguments = ["tune", "head", text(set), "--model", text(&model), "--out", text(&out), "--json"];
        self.place.run(&[&arguments[..], more].concat())
    }

    fn tuned(&self, set: &Path, out: &str, more: &[&str]) -> Value {
        let output = self.tune(set, out, more);
        assert!(output.status.success(), "{}", words(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        ["head.json", "head.safetensors", "README.md"]
            .into_iter()
            .map(|name| (name.to_owned(), fs::read(self.place.path(out).join(name)).expect("a file")))
            .collect()
    }
}

/// Of every ten patients six are learned, two choose, two are held back.
fn split(patient: usize) -> &'static str {
    match patient % 10 {
        0..6 => "train",
        6..8 => "validation",
        _ => "test",
    }
}
