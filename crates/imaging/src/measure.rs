//! Lengths and regions on one image.
//!
//! Points are image coordinates (column, row): (0,0) is the outer corner of the first pixel, pixel centres lie at
//! .5 (PS3.3 C.18.6.1.2). Millimetres come out only where the spacing says what they mean.

use glam::DVec2;

use crate::attributes::FrameAttributes;
use crate::frame::Frame;
use crate::geometry::{SpacingKind, UltrasoundRegion};

/// A length with what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    /// The number, in mm or px.
    pub value: f64,
    /// What the mm mean; px when it is not known.
    pub kind: SpacingKind,
}

impl Length {
    /// As printed: `21.4 mm`, `21.4 mm (at detector)`, `21.4 mm (calibrated)`, `2.14 cm`, `48.0 px`.
    pub fn text(&self) -> String {
        format!("{} {}", self.number(), self.unit())
    }

    /// The number as printed.
    pub fn number(&self) -> String {
        match self.kind {
            SpacingKind::Region => format!("{:.2}", self.value / 10.0),
            _ => format!("{:.1}", self.value),
        }
    }

    /// The unit as printed, with what it means.
    pub fn unit(&self) -> &'static str {
        match self.kind {
            SpacingKind::Patient => "mm",
            SpacingKind::Detector => "mm (at detector)",
            SpacingKind::Estimated => "mm (estimated)",
            SpacingKind::Calibrated => "mm (calibrated)",
            SpacingKind::Scanned => "mm (on film)",
            SpacingKind::Region => "cm",
            SpacingKind::Unknown | SpacingKind::None => "px",
        }
    }
}

/// Distance between two image points of a frame. On ultrasound with regions the smallest region that holds both points
/// decides: its scale where it is in cm both ways, px otherwise.
pub fn length(attributes: &FrameAttributes, from: DVec2, to: DVec2) -> Length {
    let scale = scale(attributes, from, to);
    let d = to - from;
    let (factor, kind) = scale.map_or((DVec2::ONE, SpacingKind::None), |([row, column], kind)| {
        (DVec2::new(column, row), kind)
    });
    Length {
        value: (d * factor).length(),
        kind,
    }
}

/// Width and height of the box between two corners, in one unit: that of the box as a whole.
pub fn sides(attributes: &FrameAttributes, a: DVec2, b: DVec2) -> [Length; 2] {
    let ([row, column], kind) = scale(attributes, a, b).unwrap_or(([1.0; 2], SpacingKind::None));
    let d = (b - a).abs();
    [d.x * column, d.y * row].map(|value| Length { value, kind })
}

/// [row, column] mm that hold between two points of a frame, and what they mean; `None` for px.
fn scale(a: &FrameAttributes, from: DVec2, to: DVec2) -> Option<([f64; 2], SpacingKind)> {
    if a.regions.is_empty() {
        return a
            .spacing
            .mm
            .filter(|_| a.spacing.kind.is_known())
            .map(|mm| (mm, a.spacing.kind));
    }
    a.regions
        .iter()
        .filter(|r| r.contains(from) && r.contains(to))
        .min_by_key(|r| r.area())
        .and_then(UltrasoundRegion::millimetres)
        .map(|mm| (mm, SpacingKind::Region))
}

/// Outline of a region given by two opposite corners of its bounding box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outline {
    /// The box itself.
    Rectangle,
    /// The ellipse that touches the box.
    Ellipse,
}

/// Statistics of the pixels whose centre lies inside a region, without padding and what the image's shutter hides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionStatistics {
    /// Number of pixels.
    pub count: usize,
    /// Mean modality value.
    pub mean: f64,
    /// Sample standard deviation (n - 1); 0 for one pixel.
    pub sd: f64,
    /// Smallest modality value.
    pub min: f64,
    /// Largest modality value.
    pub max: f64,
}

/// Statistics of a region of a grey frame; `None` for colour or when no pixel centre lies inside.
pub fn region(frame: &Frame, outline: Outline, a: DVec2, b: DVec2) -> Option<RegionStatistics> {
    let attributes = &frame.attributes;
    if !attributes.photometric.is_monochrome() || !a.is_finite() || !b.is_finite() {
        return None;
    }
    let (low, high) = (a.min(b), a.max(b));
    let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the image"
    )]
    let range = |low: f64, high: f64, n: u32| {
        (low.floor().clamp(0.0, f64::from(n)) as u32)..(high.ceil().clamp(0.0, f64::from(n)) as u32)
    };
    let mut values = Vec::new();
    for row in range(low.y, high.y, attributes.rows) {
        for column in range(low.x, high.x, attributes.columns) {
            let centre = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
            let within = match outline {
                Outline::Rectangle => centre.cmpge(low).all() && centre.cmple(high).all(),
                Outline::Ellipse => ((centre - middle) / half).length_squared() <= 1.0,
            };
            let stored = frame.stored_value(row, column)?;
            let hidden = attributes.shutter.as_ref().is_some_and(|s| s.hides(centre));
            if within
                && !hidden
                && stored.is_finite()
                && !attributes.padding.is_some_and(|p| p.contains(stored))
            {
                values.push(attributes.modality.apply(stored));
            }
        }
    }
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some(RegionStatistics {
        count: values.len(),
        mean,
        sd: if values.len() > 1 {
            (squares / (n - 1.0)).sqrt()
        } else {
            0.0
        },
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PixelSpacing;

    #[test]
    fn lengths_use_both_spacings_and_say_what_they_mean() {
        let mut a = crate::attributes::FrameAttributes::grey(8, 8);
        a.spacing = PixelSpacing {
            mm: Some([2.0, 0.5]),
            kind: SpacingKind::Patient,
            aspect: 4.0,
        };
        let l = length(&a, DVec2::new(0.0, 0.0), DVec2::new(6.0, 2.0));
        assert!((l.value - 5.0).abs() < 1e-12);
        assert_eq!(l.text(), "5.0 mm");
        a.spacing.kind = SpacingKind::Scanned;
        assert_eq!(
            length(&a, DVec2::ZERO, DVec2::new(6.0, 2.0)).text(),
            "5.0 mm (on film)"
        );
        // A spacing that does not say what it measures gives no millimetres.
        a.spacing.kind = SpacingKind::Unknown;
        assert_eq!(length(&a, DVec2::ZERO, DVec2::new(3.0, 4.0)).text(), "5.0 px");
    }

    #[test]
    fn ultrasound_is_measured_in_the_smallest_region_with_both_ends() {
        let region = |bounds, units, delta| UltrasoundRegion { bounds, units, delta };
        let mut a = crate::attributes::FrameAttributes::grey(100, 100);
        a.regions = vec![
            region([0, 0, 99, 99], [3, 3], [0.1, 0.1]),
            region([10, 10, 29, 29], [3, 3], [0.05, 0.05]),
            region([50, 50, 89, 89], [4, 7], [0.01, 0.5]),
        ]
        .into();
        let text = |p: [f64; 2], q: [f64; 2]| length(&a, p.into(), q.into()).text();
        assert_eq!(text([0.0, 0.0], [3.0, 4.0]), "0.50 cm");
        assert_eq!(
            text([12.0, 12.0], [15.0, 16.0]),
            "0.25 cm",
            "the smaller region wins"
        );
        assert_eq!(
            text([5.0, 12.0], [15.0, 12.0]),
            "1.00 cm",
            "both ends lie in the large one only"
        );
        assert_eq!(
            text([60.0, 60.0], [63.0, 64.0]),
            "5.0 px",
            "a spectrum has no distances"
        );
        assert_eq!(
            text([-5.0, 0.0], [-2.0, 4.0]),
            "5.0 px",
            "outside of every region"
        );
    }
}
