//! Display shutters of an image or presentation state (PS3.3 C.7.6.11, C.11.12).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec2;
use overread_imaging::colour::{grey_from_p_value, rgb_from_pcs_lab};
use overread_imaging::shutter::{Shutter, ShutterShape};

use crate::dataset::{number, numbers, texts};

/// Most corners of a polygonal shutter that are believed.
const MOST_CORNERS: usize = 4096;

/// The shutter, when one is described whole; a shape that is not is left out. The bitmap of a presentation state is
/// added by its reader.
pub(crate) fn shutter(d: &InMemDicomObject) -> Option<Shutter> {
    let mut shapes: Vec<ShutterShape> = Vec::new();
    for word in texts(d, tags::SHUTTER_SHAPE).into_iter().take(3) {
        shapes.extend(match word.as_str() {
            "RECTANGULAR" => rectangle(d),
            "CIRCULAR" => circle(d),
            "POLYGONAL" => polygon(d),
            _ => None,
        });
    }
    (!shapes.is_empty()).then(|| Shutter {
        shapes,
        colour: colour(d),
    })
}

fn rectangle(d: &InMemDicomObject) -> Option<ShutterShape> {
    let edges = [
        number(d, tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
        number(d, tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
        number(d, tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
        number(d, tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
    ];
    (edges[0] <= edges[2] && edges[1] <= edges[3]).then_some(ShutterShape::Rectangular(edges))
}

/// Over square pixels; [`Shutter::over_pixels`] is for others.
fn circle(d: &InMemDicomObject) -> Option<ShutterShape> {
    // Row before column.
    let [row, column] = crate::dataset::vector::<2>(d, tags::CENTER_OF_CIRCULAR_SHUTTER)?;
    let radius = number(d, tags::RADIUS_OF_CIRCULAR_SHUTTER).filter(|r| *r > 0.0)?;
    Some(ShutterShape::Circular(DVec2::new(column, row), radius, 1.0))
}

fn polygon(d: &InMemDicomObject) -> Option<ShutterShape> {
    let values: Vec<f64> = numbers(d, tags::VERTICES_OF_THE_POLYGONAL_SHUTTER)
        .into_iter()
        .collect::<Option<_>>()?;
    let corners: Vec<DVec2> = values
        .chunks_exact(2)
        .map(|pair| DVec2::new(pair[1], pair[0]))
        .collect();
    (3..=MOST_CORNERS)
        .contains(&corners.len())
        .then_some(ShutterShape::Polygonal(corners))
}

/// Shutter Presentation Color CIELab Value, else Shutter Presentation Value (a P-value of 16 bits), else black.
pub(crate) fn colour(d: &InMemDicomObject) -> [u8; 3] {
    if let Some(lab) = crate::dataset::vector::<3>(d, tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE) {
        return rgb_from_pcs_lab(lab);
    }
    let p = number(d, tags::SHUTTER_PRESENTATION_VALUE).unwrap_or(0.0);
    [grey_from_p_value(p); 3]
}

#[cfg(test)]
mod tests {
    use overread_phantom::dicom::{Samples, Writer};

    use super::*;
    use crate::file::DicomFile;

    fn of(texts: &[((u16, u16), &str)]) -> Option<Shutter> {
        let image = Writer::new("shutter", 2, 2, Samples::U8(vec![0; 4])).us((0x0018, 0x1622), &[65_535]);
        let written = texts
            .iter()
            .fold(image, |w, (tag, value)| w.text(*tag, "IS", value));
        shutter(
            &DicomFile::from_bytes(written.encode(), None)
                .expect("sound")
                .dataset,
        )
    }

    #[test]
    fn shapes_put_columns_before_rows_and_broken_ones_are_left_out() {
        let both = of(&[
            ((0x0018, 0x1600), "CIRCULAR\\POLYGONAL\\RECTANGULAR"),
            ((0x0018, 0x1610), "5\\7"),
            ((0x0018, 0x1612), "3"),
            ((0x0018, 0x1620), "1\\2\\3\\4\\5\\6"),
        ]);
        let corners = [[2.0, 1.0], [4.0, 3.0], [6.0, 5.0]].map(DVec2::from).to_vec();
        let expected = Shutter {
            shapes: vec![
                ShutterShape::Circular(DVec2::new(7.0, 5.0), 3.0, 1.0),
                ShutterShape::Polygonal(corners),
            ],
            colour: [255; 3],
        };
        assert_eq!(both, Some(expected));
        assert_eq!(of(&[((0x0018, 0x1600), "RECTANGULAR")]), None);
    }
}
