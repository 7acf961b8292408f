//! What a presentation state makes of one frame (PS3.3 C.11, PS3.4 annex N): transforms, place on the screen, graphics.
//!
//! All points are image coordinates (column, row), corner convention, whatever units the state used; curves are
//! polylines. The veil and the graphics lie over the picture; values that are measured stay those of the image.

use std::f64::consts::TAU;
use std::sync::Arc;

use glam::{DVec2, Vec2Swizzles as _};

use crate::lut::Lut;
use crate::modality::ModalityTransform;
use crate::overlay::OverlayPlane;
use crate::shutter::Shutter;
use crate::voi::{Voi, VoiFunction, Window};

/// Most entries of a table that a presentation LUT and a VOI are joined in.
const MOST_ENTRIES: i64 = 1 << 20;
/// Straight pieces of a circle or ellipse.
const PIECES: u32 = 96;

/// Presentation Size Mode (0070,0100).
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum SizeMode {
    /// The displayed area as large as it fits.
    #[default]
    ScaleToFit,
    /// As large as what was imaged: [row, column] mm a px.
    TrueSize([f64; 2]),
    /// This many screen px for an image px.
    Magnify(f64),
}

/// The displayed area of an image (PS3.3 C.10.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayedArea {
    /// Its corner with the smallest column and row.
    pub low: DVec2,
    /// Its corner with the largest.
    pub high: DVec2,
    /// How large it is shown.
    pub mode: SizeMode,
    /// Pixel height over width.
    pub aspect: f64,
}

/// How a picture is turned: clockwise by quarters first, then mirrored left to right (PS3.3 C.10.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Turn {
    /// 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// Mirrored left to right after rotation.
    pub flipped: bool,
}

/// A curve over the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// One point is a point; the last is joined to the first only where it repeats it.
    pub points: Vec<DVec2>,
    /// The inside is filled.
    pub filled: bool,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Horizontal justification in a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Justification {
    /// To the left.
    #[default]
    Left,
    /// Centred.
    Center,
    /// To the right.
    Right,
}

/// Words over the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// Lines are parted by line feeds.
    pub text: String,
    /// Upper left and lower right corner as seen on the screen.
    pub bounds: Option<[DVec2; 2]>,
    /// Where the words sit in their box.
    pub justification: Justification,
    /// What the words speak of.
    pub anchor: Option<DVec2>,
    /// A line leads from the words to the anchor.
    pub anchor_shown: bool,
    /// sRGB.
    pub colour: [u8; 3],
}

/// A presentation state applied to one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Presented {
    /// Instead of the frame's own, for display only.
    pub modality: ModalityTransform,
    /// Instead of the frame's own, presentation LUT included; `None` for colour.
    pub voi: Option<Voi>,
    /// Instead of `modality` as long as `voi` is what is shown by: the inputs of a table that joins a presentation LUT.
    pub inputs: Option<ModalityTransform>,
    /// Inverted after the VOI, whatever the photometric interpretation says.
    pub inverted: bool,
    /// What part is shown and how large.
    pub area: DisplayedArea,
    /// How it is turned.
    pub turn: Turn,
    /// Instead of the frame's own.
    pub shutter: Option<Arc<Shutter>>,
    /// Overlays of the image that are shown, by group, with their colours; the topmost last.
    pub image_overlays: Vec<(u16, [u8; 3])>,
    /// Overlays of the state itself, likewise.
    pub own_overlays: Vec<(Arc<OverlayPlane>, [u8; 3])>,
    /// By layer, the topmost last.
    pub curves: Vec<Curve>,
    /// By layer, the topmost last.
    pub words: Vec<Words>,
}

impl DisplayedArea {
    /// The whole image.
    pub fn whole(columns: u32, rows: u32, aspect: f64) -> Self {
        Self {
            low: DVec2::ZERO,
            high: DVec2::new(f64::from(columns), f64::from(rows)),
            mode: SizeMode::ScaleToFit,
            aspect,
        }
    }

    /// Width and height on the screen for a zoom of 1, px.
    pub fn seen(&self, turn: Turn) -> DVec2 {
        let size = (self.high - self.low) * DVec2::new(1.0, self.aspect);
        if turn.rotation.is_multiple_of(180) {
            size
        } else {
            size.yx()
        }
    }

    /// Image point of a fraction of the displayed area as seen on the screen (units DISPLAY, PS3.3 C.10.5.1.2).
    pub fn from_display(&self, turn: Turn, at: DVec2) -> DVec2 {
        let u = if turn.flipped { 1.0 - at.x } else { at.x };
        let part = match turn.rotation {
            90 => DVec2::new(at.y, 1.0 - u),
            180 => DVec2::new(1.0 - u, 1.0 - at.y),
            270 => DVec2::new(1.0 - at.y, u),
            _ => DVec2::new(u, at.y),
        };
        self.low + part * (self.high - self.low)
    }
}

/// The points of a circle of a centre and a point on it.
pub fn circle(centre: DVec2, on: DVec2) -> Vec<DVec2> {
    let arm = on - centre;
    let across = DVec2::new(-arm.y, arm.x);
    (0..=PIECES).map(|k| around(centre, arm, across, k)).collect()
}

/// The points of an ellipse of the ends of its axes: two of the one, two of the other.
pub fn ellipse(ends: [DVec2; 4]) -> Vec<DVec2> {
    let centre = (ends[0] + ends[1]) / 2.0;
    let (major, minor) = ((ends[1] - ends[0]) / 2.0, (ends[3] - ends[2]) / 2.0);
    (0..=PIECES).map(|k| around(centre, major, minor, k)).collect()
}

fn around(centre: DVec2, a: DVec2, b: DVec2, k: u32) -> DVec2 {
    let angle = TAU * f64::from(k % PIECES) / f64::from(PIECES);
    centre + a * angle.cos() + b * angle.sin()
}

/// A smooth curve through points (INTERPOLATED): cubic pieces, closed where the last point repeats the first.
pub fn smooth(points: &[DVec2]) -> Vec<DVec2> {
    const STEPS: u32 = 12;
    let n = points.len();
    if n < 3 {
        return points.to_vec();
    }
    let closed = points[0] == points[n - 1];
    let neighbour = |i: isize| {
        let last = n as isize - 1;
        let k = if closed {
            i.rem_euclid(last)
        } else {
            i.clamp(0, last)
        };
        points[usize::try_from(k).unwrap_or(0)]
    };
    let mut out = vec![points[0]];
    for i in 0..n - 1 {
        let at = isize::try_from(i).unwrap_or(0);
        let [p, a, b, q] = [at - 1, at, at + 1, at + 2].map(neighbour);
        for step in 1..=STEPS {
            let t = f64::from(step) / f64::from(STEPS);
            let (t2, t3) = (t * t, t * t * t);
            let sum = a * 2.0
                + (b - p) * t
                + (p * 2.0 - a * 5.0 + b * 4.0 - q) * t2
                + (a * 3.0 - p - b * 3.0 + q) * t3;
            out.push(sum / 2.0);
        }
    }
    out
}

/// Smallest and largest modality value that stored values of some bits can have.
pub fn modality_range(modality: &ModalityTransform, bits_stored: u8, signed: bool) -> [f64; 2] {
    let bits = i32::from(bits_stored.clamp(1, 32));
    let span = 2.0_f64.powi(bits);
    let (low, high) = if signed {
        (-span / 2.0, span / 2.0 - 1.0)
    } else {
        (0.0, span - 1.0)
    };
    match modality {
        ModalityTransform::Lut(lut) => [0.0, f64::from((1_u32 << lut.bits.clamp(1, 16)) - 1)],
        other => {
            let (a, b) = (other.apply(low), other.apply(high));
            [a.min(b), a.max(b)]
        }
    }
}

/// The VOI that changes nothing: all of the range from black to white.
pub fn identity_voi([low, high]: [f64; 2]) -> Voi {
    Voi::Window(Window::linear((low + high + 1.0) / 2.0, high - low + 1.0))
}

/// A VOI and a table of the Presentation LUT Sequence, joined in one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The table.
    pub voi: Voi,
    /// What makes the table's inputs of stored values; `None` where they are the modality values themselves.
    pub inputs: Option<ModalityTransform>,
}

/// A VOI followed by a table of the Presentation LUT Sequence (PS3.3 C.11.6), as one table for all stored values of some
/// bits. Its inputs are modality values where those are whole numbers, else stored values; where there are too many of
/// either, steps of what the VOI tells apart.
pub fn through_presentation_lut(
    voi: &Voi,
    presentation: &Lut,
    modality: &ModalityTransform,
    bits_stored: u8,
    signed: bool,
) -> Joined {
    let is_whole = match modality {
        ModalityTransform::Rescale { slope, intercept } => slope.fract() == 0.0 && intercept.fract() == 0.0,
        ModalityTransform::Identity | ModalityTransform::Lut(_) => true,
    };
    let values = modality_range(modality, bits_stored, signed);
    let stored = modality_range(&ModalityTransform::Identity, bits_stored, signed);
    let fits = |[low, high]: [f64; 2]| high - low < MOST_ENTRIES as f64;
    if is_whole && fits(values) {
        return Joined {
            voi: table(voi, presentation, values, |x| x),
            inputs: None,
        };
    }
    if fits(stored) {
        return Joined {
            voi: table(voi, presentation, stored, |x| modality.apply(x)),
            inputs: Some(ModalityTransform::Identity),
        };
    }
    let [low, high] = told_apart(voi, values);
    let last = (MOST_ENTRIES - 1) as f64;
    let step = (high - low).max(f64::MIN_POSITIVE) / last;
    let (slope, intercept) = match modality {
        ModalityTransform::Rescale { slope, intercept } => (*slope, *intercept),
        ModalityTransform::Identity | ModalityTransform::Lut(_) => (1.0, 0.0),
    };
    Joined {
        voi: table(voi, presentation, [0.0, last], |x| low + x * step),
        // Halves go up: a table takes the whole number below its input.
        inputs: Some(ModalityTransform::Rescale {
            slope: slope / step,
            intercept: (intercept - low) / step + 0.5,
        }),
    }
}

/// The part of a range outside of which a VOI changes nothing.
fn told_apart(voi: &Voi, [low, high]: [f64; 2]) -> [f64; 2] {
    let [from, to] = match voi {
        Voi::Window(w) => {
            // A sigmoid is within half a grey of its ends at twice its width.
            let reach = match w.function {
                VoiFunction::Linear | VoiFunction::LinearExact => w.width / 2.0 + 1.0,
                VoiFunction::Sigmoid => w.width * 2.0,
            };
            [w.center - reach, w.center + reach]
        }
        Voi::Lut(lut) => {
            let first = f64::from(lut.first_mapped);
            [first, first + lut.entries.len() as f64]
        }
    };
    let (from, to) = (from.max(low), to.min(high));
    if from < to { [from, to] } else { [low, high] }
}

/// The table of the whole numbers of a range, each of which means a modality value.
fn table(voi: &Voi, presentation: &Lut, [low, high]: [f64; 2], meant: impl Fn(f64) -> f64) -> Voi {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of tables")]
    let bound = |v: f64| v.clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i64;
    let first = bound(low.floor());
    let last = bound(high.ceil()).min(first.saturating_add(MOST_ENTRIES - 1));
    let highest = presentation.entries.len().saturating_sub(1) as f64;
    let entries: Arc<[u16]> = (first..=last)
        .map(|x| {
            let part = (voi.apply(meant(x as f64)) / 255.0).clamp(0.0, 1.0);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "between 0 and the length of a table"
            )]
            let index = (part * highest + 0.5).floor() as i64;
            presentation.look_up(index + i64::from(presentation.first_mapped))
        })
        .collect();
    Voi::Lut(Lut {
        first_mapped: i32::try_from(first).unwrap_or(i32::MIN),
        bits: presentation.bits,
        entries,
        explanation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lut(bits: u8, entries: &[u16]) -> Lut {
        Lut {
            first_mapped: 0,
            bits,
            entries: entries.into(),
            explanation: None,
        }
    }

    #[test]
    fn a_presentation_lut_keeps_all_greys_of_fractions_and_of_wide_values() {
        let ramp: Vec<u16> = (0..256).collect();
        let same = |slope: f64, intercept: f64, bits: u8, window: Option<Window>, of: &[f64]| {
            let modality = ModalityTransform::Rescale { slope, intercept };
            let plain = window.map_or_else(
                || identity_voi(modality_range(&modality, bits, false)),
                Voi::Window,
            );
            let joined = through_presentation_lut(&plain, &lut(8, &ramp), &modality, bits, false);
            let inputs = joined.inputs.expect("other inputs than modality values");
            for stored in of {
                let shown = joined.voi.apply(inputs.apply(*stored));
                let expected = plain.apply(modality.apply(*stored));
                assert!(
                    (shown - expected).abs() < 0.51,
                    "{slope} {stored}: {shown} {expected}"
                );
            }
        };
        let twelve_bits: Vec<f64> = (0..4096).map(f64::from).collect();
        same(0.001, 0.25, 12, None, &twelve_bits);
        same(-0.001, 0.0, 12, None, &twelve_bits);
        // Modality values above the most entries of a table, and stored values above them.
        same(1000.0, 0.0, 12, None, &twelve_bits);
        let thirty_two: Vec<f64> = twelve_bits.iter().map(|v| v * 1_048_576.0).collect();
        same(1.0, 0.0, 32, None, &thirty_two);
        let narrow = Window::linear(2_000_000.0, 4096.0);
        let about: Vec<f64> = twelve_bits.iter().map(|v| v * 2.0 + 1_996_000.0).collect();
        same(1.0, 0.0, 32, Some(narrow), &about);
    }

    #[test]
    fn display_units_follow_the_turned_picture() {
        let area = DisplayedArea {
            low: DVec2::new(10.0, 20.0),
            high: DVec2::new(30.0, 60.0),
            mode: SizeMode::ScaleToFit,
            aspect: 1.0,
        };
        let corner = |rotation, flipped| {
            let turn = Turn { rotation, flipped };
            area.from_display(turn, DVec2::ZERO).to_array()
        };
        assert_eq!(corner(0, false), [10.0, 20.0]);
        assert_eq!(corner(0, true), [30.0, 20.0]);
        // Turned clockwise by a quarter, the lower left corner comes to the upper left.
        assert_eq!(corner(90, false), [10.0, 60.0]);
        assert_eq!(corner(180, false), [30.0, 60.0]);
        assert_eq!(corner(270, false), [30.0, 20.0]);
        assert_eq!(corner(90, true), [10.0, 20.0]);
        let turn = Turn {
            rotation: 90,
            flipped: false,
        };
        assert_eq!(area.seen(turn), DVec2::new(40.0, 20.0));
    }

    #[test]
    fn curves_close_and_pass_through_their_points() {
        let points = circle(DVec2::new(1.0, 1.0), DVec2::new(3.0, 1.0));
        assert_eq!(points.first(), points.last());
        assert!(points.iter().all(|p| (p.distance(DVec2::ONE) - 2.0).abs() < 1e-9));
        let ends = [[0.0, 2.0], [8.0, 2.0], [4.0, 0.0], [4.0, 4.0]].map(DVec2::from);
        let oval = ellipse(ends);
        assert!(oval.iter().all(|p| {
            let d = (*p - DVec2::new(4.0, 2.0)) / DVec2::new(4.0, 2.0);
            (d.length() - 1.0).abs() < 1e-9
        }));
        let through = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]].map(DVec2::from);
        let drawn = smooth(&through);
        assert!(
            through
                .iter()
                .all(|p| drawn.iter().any(|d| d.distance(*p) < 1e-9))
        );
    }

    #[test]
    fn a_presentation_lut_follows_the_voi() {
        let voi = Voi::Lut(lut(8, &[0, 255, 85]));
        // Four P-values: entry round(voi * 3 / 255).
        let p = lut(8, &[255, 10, 20, 0]);
        let joined = through_presentation_lut(&voi, &p, &ModalityTransform::Identity, 2, false);
        let shown: Vec<f64> = (0..3).map(|x| joined.voi.apply(f64::from(x))).collect();
        assert_eq!((shown, joined.inputs), (vec![255.0, 0.0, 10.0], None));
        assert_eq!(
            modality_range(&ModalityTransform::Identity, 8, true),
            [-128.0, 127.0]
        );
        let falling = ModalityTransform::Rescale {
            slope: -1.0,
            intercept: 5.0,
        };
        assert_eq!(modality_range(&falling, 4, false), [-10.0, 5.0]);
        let identity = identity_voi([0.0, 255.0]);
        assert!((0..256).all(|x| (identity.apply(f64::from(x)) - f64::from(x)).abs() < 1e-9));
    }
}
