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
    /// Imager Pixel Spacing over the Estimated Radiographic Magnification Factor (0018,1114): near the patient.
    Estimated,
    /// Calibrated on a projection or secondary capture: Pixel Spacing that differs from the device's own, or says so.
    Calibrated,
    /// On the film that was digitised: Nominal Scanned Pixel Spacing (0018,2010).
    Scanned,
    /// In a region of an ultrasound image (PS3.3 C.8.5.5) whose units are cm in both directions.
    Region,
    /// Pixel Spacing that does not say what it measures: measure in px only.
    Unknown,
    /// No spacing: measure in px only.
    None,
}

impl SpacingKind {
    /// The word of the command line: `patient`, `detector`, `estimated`, `calibrated`, `scanned`, `region`, `unknown`,
    /// `none`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Detector => "detector",
            Self::Estimated => "estimated",
            Self::Calibrated => "calibrated",
            Self::Scanned => "scanned",
            Self::Region => "region",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }

    /// True when lengths may be printed in mm.
    pub fn is_known(self) -> bool {
        !matches!(self, Self::Unknown | Self::None)
    }
}

/// A region of an ultrasound image with its own scale (Sequence of Ultrasound Regions, PS3.3 C.8.5.5.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UltrasoundRegion {
    /// First column, first row, last column, last row, from 0, ends included, px.
    pub bounds: [u32; 4],
    /// Physical Units X and Y Direction (0018,6024), (0018,6026); 3 is cm, 4 s, 7 cm/s.
    pub units: [u16; 2],
    /// Physical Delta X and Y (0018,602C), (0018,602E), units a px, without sign.
    pub delta: [f64; 2],
}

impl UltrasoundRegion {
    /// True when the image point (column, row), corner convention, lies inside.
    pub fn contains(&self, point: DVec2) -> bool {
        let [x0, y0, x1, y1] = self.bounds.map(f64::from);
        point.x >= x0 && point.y >= y0 && point.x <= x1 + 1.0 && point.y <= y1 + 1.0
    }

    /// Area, px.
    pub fn area(&self) -> u64 {
        let [x0, y0, x1, y1] = self.bounds.map(u64::from);
        (x1.saturating_sub(x0) + 1) * (y1.saturating_sub(y0) + 1)
    }

    /// [row, column] spacing in mm where both directions are in cm.
    pub fn millimetres(&self) -> Option<[f64; 2]> {
        let usable = self.units == [3, 3] && self.delta.iter().all(|d| d.is_finite() && *d > 0.0);
        usable.then(|| [self.delta[1] * 10.0, self.delta[0] * 10.0])
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
