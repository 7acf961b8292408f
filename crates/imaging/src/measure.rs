//! Lengths and regions on one image.
//!
//! Points are image coordinates (column, row): (0,0) is the outer corner of the first pixel, pixel centres lie at
//! .5 (PS3.3 C.18.6.1.2). Millimetres come out only where the spacing says what they mean.

use glam::DVec2;

use crate::frame::Frame;
use crate::geometry::{PixelSpacing, SpacingKind};

/// A length with what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    /// The number, in mm or px.
    pub value: f64,
    /// `None` kind means px.
    pub kind: SpacingKind,
}

impl Length {
    /// As printed: `21.4 mm`, `21.4 mm (at detector)`, `21.4 mm (calibrated)`, `48.0 px`.
    pub fn text(&self) -> String {
        match self.kind {
            SpacingKind::Patient => format!("{:.1} mm", self.value),
            SpacingKind::Detector => format!("{:.1} mm (at detector)", self.value),
            SpacingKind::Calibrated => format!("{:.1} mm (calibrated)", self.value),
            SpacingKind::None => format!("{:.1} px", self.value),
        }
    }
}

/// Distance between two image points.
pub fn length(spacing: &PixelSpacing, from: DVec2, to: DVec2) -> Length {
    let d = to - from;
    match spacing.mm {
        Some([row, column]) if spacing.kind != SpacingKind::None => Length {
            value: DVec2::new(d.x * column, d.y * row).length(),
            kind: spacing.kind,
        },
        _ => Length {
            value: d.length(),
            kind: SpacingKind::None,
        },
    }
}

/// Outline of a region given by two opposite corners of its bounding box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outline {
    /// The box itself.
    Rectangle,
    /// The ellipse that touches the box.
    Ellipse,
}

/// Statistics of the pixels whose centre lies inside a region, padding left out.
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
            if within && stored.is_finite() && !attributes.padding.is_some_and(|p| p.contains(stored)) {
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

    #[test]
    fn lengths_use_both_spacings_and_say_what_they_mean() {
        let spacing = PixelSpacing {
            mm: Some([2.0, 0.5]),
            kind: SpacingKind::Patient,
            aspect: 4.0,
        };
        let l = length(&spacing, DVec2::new(0.0, 0.0), DVec2::new(6.0, 2.0));
        assert!((l.value - 5.0).abs() < 1e-12);
        assert_eq!(l.text(), "5.0 mm");
        let unknown = PixelSpacing {
            mm: None,
            kind: SpacingKind::None,
            aspect: 1.0,
        };
        assert_eq!(
            length(&unknown, DVec2::ZERO, DVec2::new(3.0, 4.0)).text(),
            "5.0 px"
        );
    }
}
