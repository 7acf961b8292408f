//! How near each file of the corpus comes to its reference, as a person would want to know it.

use std::path::Path;

use overread_dicom::ImageHeader;
use overread_dicom::scan::{Found, examine};
use overread_imaging::colour;
use overread_imaging::frame::Frame;
use serde_json::Value;

use crate::files::hex;

/// What became of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Result {
    /// All values that the reference gives are the same.
    Equal,
    /// The largest difference at the reference's points, of codecs that lose information.
    Within(f64),
    /// Decoders differ among themselves, and no value is called right.
    Disputed,
    /// An image whose reference has no values.
    Shown,
    /// An object without an image, in one line.
    Listed(String),
    /// Why there is no image, or which frame of it is missing.
    Refused(String),
    /// Left alone.
    NotDicom(String),
}

/// A file of the corpus.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) reference: Value,
    pub(crate) header: Option<Box<ImageHeader>>,
    pub(crate) result: Result,
}

/// Measures one file.
pub(crate) fn measure(corpus: &Path, reference: Value) -> File {
    let name = reference["path"].as_str().expect("a path").to_owned();
    let path = corpus.join(&name);
    let (header, result) = match examine(&path) {
        Found::Image(header) => {
            let result = image(&path, &header, &reference);
            (Some(header), result)
        }
        Found::Object(object) => (None, Result::Listed(object.summary)),
        Found::Unreadable(error) => (None, Result::Refused(error.to_string())),
        Found::NotDicom(reason) => (None, Result::NotDicom(reason)),
    };
    File {
        path: name,
        reference,
        header,
        result,
    }
}

fn image(path: &Path, header: &ImageHeader, reference: &Value) -> Result {
    let (mut equal, mut compared, mut worst) = (true, false, 0.0_f64);
    for number in 1..=header.layout.frames {
        let frame = match overread_dicom::decode(path, number) {
            Ok(frame) => frame,
            Err(error) => return Result::Refused(error.to_string()),
        };
        let i = number as usize - 1;
        let hash = |key: &str| reference[key].get(i).and_then(Value::as_str);
        let stored = hash("stored_sha256").map(|hash| hex(&frame.samples.to_le_bytes()) == hash);
        let rgb = hash("rgb_sha256").map(|hash| colour::to_rgb8(&frame).is_some_and(|rgb| hex(&rgb) == hash));
        compared |= stored.or(rgb).is_some();
        if stored != Some(false) && rgb != Some(false) {
            continue;
        }
        equal = false;
        worst = worst.max(difference(&frame, reference, i, stored == Some(false)));
    }
    match (reference["disputed"] == true, compared, equal) {
        (true, ..) => Result::Disputed,
        (_, false, _) => Result::Shown,
        (_, _, true) => Result::Equal,
        _ => Result::Within(worst),
    }
}

/// The largest difference at the points that the reference gives for a frame.
fn difference(frame: &Frame, reference: &Value, i: usize, stored: bool) -> f64 {
    let rgb = colour::to_rgb8(frame).filter(|_| !stored || reference["rgb_probe"].is_array());
    let key = if rgb.is_some() { "rgb_probe" } else { "probe" };
    let samples = if rgb.is_some() {
        3
    } else {
        usize::from(frame.attributes.samples_per_pixel)
    };
    let mut worst = 0.0_f64;
    for probe in reference[key].as_array().into_iter().flatten() {
        let at = |k: usize| probe[k].as_u64().unwrap_or(0) as usize;
        if at(0) != i {
            continue;
        }
        let place = (at(1) * frame.attributes.columns as usize + at(2)) * samples;
        let values: Vec<f64> = match &probe[3] {
            Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
            one => one.as_f64().into_iter().collect(),
        };
        for (k, expected) in values.iter().enumerate() {
            let got = rgb
                .as_ref()
                .map_or_else(|| frame.samples.value(place + k), |rgb| f64::from(rgb[place + k]));
            worst = worst.max((got - expected).abs());
        }
    }
    worst
}
