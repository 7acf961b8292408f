//! What a header says about the pixels of one frame, in the types of this crate.

use std::sync::Arc;

use crate::geometry::{PixelSpacing, Plane, SpacingKind, UltrasoundRegion};
use crate::lut::Lut;
use crate::modality::{ModalityTransform, Unit};
use crate::profile::ColourProfile;
use crate::shutter::Shutter;
use crate::suv::Suv;
use crate::voi::{Padding, Voi};

/// Photometric Interpretation (0028,0004) of the *decoded* stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Photometric {
    /// Grey, smallest value white after VOI.
    Monochrome1,
    /// Grey, smallest value black after VOI.
    Monochrome2,
    /// Red, green, blue.
    Rgb,
    /// ITU-R BT.601 full range; 4:2:2 is spread to full width when decoded.
    YbrFull,
    /// BT.601 studio range (YBR_PARTIAL_422, YBR_PARTIAL_420), spread to full width.
    YbrPartial,
    /// Indices into [`Palette`].
    PaletteColor,
}

impl Photometric {
    /// Grey that a window applies to.
    pub fn is_monochrome(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

/// Red, Green and Blue Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5), already unfolded to 8-bit RGB.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// First stored value mapped; indices below take entry 0, past the end the last.
    pub first_mapped: i32,
    /// RGB entries; never empty.
    pub entries: Arc<[[u8; 3]]>,
}

/// Whether the pixels went through a lossy codec, now or before (0028,2110, 0028,2112, 0028,2114, transfer syntax).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LossyHistory {
    /// True when any sign of lossy compression is in the header or the transfer syntax.
    pub lossy: bool,
    /// Lossy Image Compression Ratio, last value.
    pub ratio: Option<f64>,
    /// Lossy Image Compression Method, last value.
    pub method: Option<String>,
}

/// Everything about one frame except its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameAttributes {
    /// Rows (0028,0010), px.
    pub rows: u32,
    /// Columns (0028,0011), px.
    pub columns: u32,
    /// Samples per Pixel of the decoded frame: 1 or 3.
    pub samples_per_pixel: u8,
    /// Bits Stored (0028,0101).
    pub bits_stored: u8,
    /// Photometric interpretation of the decoded stored values.
    pub photometric: Photometric,
    /// Stored to modality values.
    pub modality: ModalityTransform,
    /// The modality transform is for measuring and not for display, as of X-ray angiography (PS3.3 C.8.7.1.1): windows
    /// and tables take stored values.
    pub measured_only: bool,
    /// Unit of modality values.
    pub unit: Unit,
    /// Standardised uptake values of PET.
    pub suv: Option<Arc<Suv>>,
    /// Windows in file order, then VOI LUT items in file order; the file's default is `vois[0]` unless a VOI LUT
    /// is present (PS3.3 C.11.2: a LUT item may stand beside windows; see `default_voi`).
    pub vois: Vec<Voi>,
    /// Index into `vois` of what the file shows first; `None` when the file offers nothing.
    pub default_voi: Option<usize>,
    /// Padding in stored values.
    pub padding: Option<Padding>,
    /// Presentation LUT Shape (2050,0020) INVERSE. MONOCHROME1 inverts on its own; both together cancel nothing:
    /// the attribute restates the photometric interpretation, so either one inverts once.
    pub presentation_inverse: bool,
    /// Palette of PALETTE COLOR frames.
    pub palette: Option<Arc<Palette>>,
    /// Supplemental palette of a grey frame (PS3.3 C.7.6.19): stored values from its first on are shown in colour.
    pub supplemental: Option<Arc<Palette>>,
    /// Profile of the colours; `None` when they are sRGB already or nothing is said.
    pub profile: Option<Arc<ColourProfile>>,
    /// Supplemental Modality or VOI tables that could not be used are left out here and named in the warnings.
    pub warnings: Vec<String>,
    /// Image plane in patient space; `None` without position and orientation.
    pub plane: Option<Plane>,
    /// Spacing of pixel centres and what it means.
    pub spacing: PixelSpacing,
    /// Regions of an ultrasound image, each with its own scale; empty for everything else.
    pub regions: Arc<[UltrasoundRegion]>,
    /// The image's own display shutter (PS3.3 C.7.6.11).
    pub shutter: Option<Arc<Shutter>>,
    /// Lossy compression history.
    pub lossy: LossyHistory,
}

impl FrameAttributes {
    /// What values pass through on their way to the VOI.
    pub fn display_modality(&self) -> &ModalityTransform {
        if self.measured_only {
            &ModalityTransform::Identity
        } else {
            &self.modality
        }
    }

    /// A plain grey frame of unsigned 16-bit values, of which nothing else is known.
    pub fn grey(rows: u32, columns: u32) -> Self {
        Self {
            rows,
            columns,
            samples_per_pixel: 1,
            bits_stored: 16,
            photometric: Photometric::Monochrome2,
            modality: ModalityTransform::Identity,
            measured_only: false,
            unit: Unit::Unspecified,
            suv: None,
            vois: Vec::new(),
            default_voi: None,
            padding: None,
            presentation_inverse: false,
            palette: None,
            supplemental: None,
            profile: None,
            warnings: Vec::new(),
            plane: None,
            spacing: PixelSpacing {
                mm: None,
                kind: SpacingKind::None,
                aspect: 1.0,
            },
            regions: Arc::default(),
            shutter: None,
            lossy: LossyHistory::default(),
        }
    }

    /// True when display values are inverted after VOI (PS3.3 C.7.6.3.1.2 and C.11.6.1.2).
    pub fn inverts(&self) -> bool {
        self.photometric == Photometric::Monochrome1 || self.presentation_inverse
    }

    /// The VOI LUT items among `vois`, in file order.
    pub fn voi_luts(&self) -> impl Iterator<Item = &Lut> {
        self.vois.iter().filter_map(|v| match v {
            Voi::Lut(lut) => Some(lut),
            Voi::Window(_) => None,
        })
    }
}
