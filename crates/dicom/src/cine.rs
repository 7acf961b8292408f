//! How fast a cine runs (PS3.3 C.7.6.5, C.8.5.6): Recommended Display Frame Rate, Cine Rate, Frame Time and its vector.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{number, numbers};

/// Frame times of a multi-frame image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cine {
    /// Frames a second to show; `None` when the file says nothing.
    pub rate: Option<f64>,
    /// Frame Time Vector: ms between each frame and the one before it, one entry a frame, when they differ.
    pub times: Option<Vec<f64>>,
}

impl Cine {
    pub(crate) fn read(d: &InMemDicomObject, frames: u32) -> Self {
        if frames < 2 {
            return Self::default();
        }
        let above_zero = |tag| number(d, tag).filter(|v| *v > 0.0);
        let vector: Option<Vec<f64>> = numbers(d, tags::FRAME_TIME_VECTOR)
            .into_iter()
            .map(|v| v.filter(|ms| *ms >= 0.0))
            .collect();
        // The first entry stands before the first frame and is 0.
        let vector = vector.filter(|v| v.len() == frames as usize && v[1..].iter().sum::<f64>() > 0.0);
        let mean = vector
            .as_ref()
            .map(|v| 1000.0 * f64::from(frames - 1) / v[1..].iter().sum::<f64>());
        let rate = above_zero(tags::RECOMMENDED_DISPLAY_FRAME_RATE)
            .or_else(|| above_zero(tags::CINE_RATE))
            .or_else(|| above_zero(tags::FRAME_TIME).map(|ms| 1000.0 / ms))
            .or(mean);
        let differ = |v: &Vec<f64>| v[1..].windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1e-6);
        Self {
            rate,
            times: vector.filter(differ),
        }
    }
}

#[cfg(test)]
mod tests {
    use overread_phantom::dicom::{Samples, Writer};

    use super::*;
    use crate::file::DicomFile;

    fn of(texts: &[((u16, u16), &str)], frames: u32) -> Cine {
        let image = Writer::new("cine", 1, 1, Samples::U8(vec![0; 3]));
        let written = texts
            .iter()
            .fold(image, |w, (tag, value)| w.text(*tag, "DS", value));
        let file = DicomFile::from_bytes(written.encode(), None).expect("sound");
        Cine::read(&file.dataset, frames)
    }

    #[test]
    fn what_is_recommended_comes_before_what_was_measured() {
        let recommended = ((0x0008, 0x2144), "12");
        let (cine, time) = (((0x0018, 0x0040), "25"), ((0x0018, 0x1063), "50"));
        assert_eq!(of(&[recommended, cine, time], 3).rate, Some(12.0));
        assert_eq!(of(&[cine, time], 3).rate, Some(25.0));
        assert_eq!(of(&[time], 3).rate, Some(20.0));
        assert_eq!(of(&[time], 1), Cine::default(), "one frame is no cine");
    }

    #[test]
    fn a_vector_gives_each_frame_its_time_unless_they_are_all_the_same() {
        let vector = (0x0018, 0x1065);
        let uneven = of(&[(vector, "0\\40\\60")], 3);
        assert_eq!(uneven.times, Some(vec![0.0, 40.0, 60.0]));
        assert_eq!(uneven.rate, Some(20.0));
        assert_eq!(of(&[(vector, "0\\50\\50")], 3).times, None);
        assert_eq!(
            of(&[(vector, "0\\50")], 3),
            Cine::default(),
            "one entry is missing"
        );
    }
}
