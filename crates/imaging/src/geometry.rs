//! Image planes in patient space (PS3.3 C.7.6.2) and what a pixel measures (PS3.3 10.7).

use glam::{DVec2, DVec3};

/// An image plane: where the *centre* of the first pixel lies and how rows and columns run, LPS, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// Image Position (Patient) (0020,0032): centre of the first pixel, mm.
    pub position: DVec3,
    /// Direction of increasing *column* index (along a row): first triple of Image Orientation (Patient), unit length.
    pub row_direction: DVec3,
    /// Direction of increasing *row* index (down a column): second triple, unit length.
    pub column_direction: DVec3,
    /// Distance between rows, mm (first value of Pixel Spacing).
    pub row_spacing: f64,
    /// Distance between columns, mm (second value of Pixel Spacing).
    pub column_spacing: f64,
}

impl Plane {
    /// Row direction x column direction: the normal along which slices are ordered.
    pub fn normal(&self) -> DVec3 {
        self.row_direction.cross(self.column_direction)
    }

    /// Patient point of the (column, row) position; integers are pixel centres.
    pub fn to_patient(&self, column_row: DVec2) -> DVec3 {
        self.position
            + self.row_direction * (self.column_spacing * column_row.x)
            + self.column_direction * (self.row_spacing * column_row.y)
    }

    /// (column, row) of the point's projection on the plane; integers are pixel centres.
    pub fn to_pixel(&self, point: DVec3) -> DVec2 {
        let d = point - self.position;
        DVec2::new(
            d.dot(self.row_direction) / self.column_spacing,
            d.dot(self.column_direction) / self.row_spacing,
        )
    }

    /// Position along the normal, mm.
    pub fn distance(&self) -> f64 {
        self.position.dot(self.normal())
    }
}

/// What a millimetre on the image means (PS3.3 10.7.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpacingKind {
    /// In the patient: Pixel Spacing of a cross-sectional image.
    Patient,
    /// At the detector or film plane: Imager Pixel Spacing, or Pixel Spacing equal to it.
    Detector,
    /// Calibrated on a projection image (Pixel Spacing differs from Imager Pixel Spacing, or says so), or US region.
    Calibrated,
    /// Not known: measure in px only.
    None,
}

impl SpacingKind {
    /// The word of the command line: `patient`, `detector`, `calibrated`, `none`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Detector => "detector",
            Self::Calibrated => "calibrated",
            Self::None => "none",
        }
    }
}

/// Spacing of pixel centres; `None` values mean only the aspect is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelSpacing {
    /// [between rows, between columns] in mm.
    pub mm: Option<[f64; 2]>,
    /// What the mm mean.
    pub kind: SpacingKind,
    /// Height of a pixel over its width, for display (from spacing, or Pixel Aspect Ratio (0028,0034)).
    pub aspect: f64,
}
