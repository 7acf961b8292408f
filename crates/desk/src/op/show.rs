//! Pixels and pictures for the command line: stored, modality, display and RGB values; PNG of a view.

use std::path::Path;
use std::sync::Arc;

use overread_dicom::presentation_state::PresentationState;
use overread_dicom::{DisplaySet, FrameRef};
use overread_imaging::attributes::FrameAttributes;
use overread_imaging::frame::Frame;
use overread_imaging::geometry::{PixelSpacing, SpacingKind};
use overread_imaging::modality::{ModalityTransform, Unit};
use overread_imaging::overlay::Veil;
use overread_imaging::presentation::Curve;
use overread_imaging::reslice::{BodyPlane, body_grid, reslice};
use overread_imaging::samples::Samples;
use overread_imaging::view::{Interpolation, View};
use overread_imaging::voi::{Voi, Window};
use overread_imaging::{colour, graphics, presets, render};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::pictures::png;
use crate::op::present;

/// Which values are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// PS3.3 C.7.6.3 stored values.
    Stored,
    /// After Modality LUT or rescale, f32.
    Modality,
    /// 0-255 grey.
    Display,
    /// 8-bit RGB.
    Rgb,
}

/// How grey is windowed.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// As the file (or the automatic window) says.
    Default,
    /// A window.
    Window(Window),
    /// An item of the VOI LUT Sequence, from 1.
    VoiLut(usize),
    /// A CT preset by name.
    Preset(String),
}

/// Raw values with what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct RawPixels {
    /// numpy type.
    pub dtype: &'static str,
    /// `[frames,] rows, columns[, samples]`.
    pub shape: Vec<usize>,
    /// Unit; empty when unknown.
    pub unit: String,
    /// Frames in it.
    pub frames: u32,
    /// What a reader of the values should know: rows that are missing, a syntax that lies.
    pub warnings: Vec<String>,
    /// Little endian, row-major, channel-last.
    pub bytes: Vec<u8>,
}

impl Look {
    /// The VOI for a frame.
    ///
    /// # Errors
    /// For a table or preset that is not there.
    pub fn voi(&self, frame: &Frame) -> Outcome<Voi> {
        match self {
            Self::Default => Ok(render::default_voi(frame)),
            Self::Window(window) => Ok(Voi::Window(window.usable())),
            Self::VoiLut(item) => {
                let count = frame.attributes.voi_luts().count();
                item.checked_sub(1)
                    .and_then(|i| frame.attributes.voi_luts().nth(i))
                    .cloned()
                    .map(Voi::Lut)
                    .ok_or_else(|| {
                        failure(
                            "view.no_voi_lut",
                            format!("There is no VOI LUT item {item}: the file has {count}."),
                            "",
                        )
                    })
            }
            Self::Preset(name) if frame.attributes.unit != Unit::Hounsfield => Err(failure(
                "view.no_hounsfield",
                format!("The preset {name} is in Hounsfield units, and this image has none."),
                "Give a window of its own: --window CENTER,WIDTH.",
            )),
            Self::Preset(name) => presets::by_name(name)
                .map(|p| Voi::Window(Window::linear(p.center, p.width)))
                .ok_or_else(|| {
                    let known: Vec<&str> = presets::CT.iter().map(|p| p.name).collect();
                    failure(
                        "view.no_preset",
                        format!("There is no preset {name}."),
                        format!("Choose one of {}.", known.join(", ")),
                    )
                }),
        }
    }
}

/// `overread pixels`: one frame (from 1) or all.
///
/// # Errors
/// Whatever is wrong with the file, or values that do not exist (display values of colour).
pub fn pixels(path: &Path, frame: Option<u32>, values: Values, look: &Look) -> Outcome<RawPixels> {
    if !path.exists() && !overread_dicom::archive::leads_into(path) {
        return Err(failure(
            "file.not_found",
            format!("{} is not there.", path.display()),
            "Check the path.",
        ));
    }
    let file = crate::op::plain::open(path)?;
    let header = overread_dicom::ImageHeader::read(path, &file)?;
    let range = frame.map_or(1..=header.layout.frames, |f| f..=f);
    let mut out: Option<RawPixels> = None;
    for number in range {
        let decoded = overread_dicom::decode_with(&file, &header, number)?;
        let one = values_of(&decoded, values, look)?;
        match &mut out {
            None => out = Some(one),
            Some(all) => all.bytes.extend(one.bytes),
        }
        let said = header.warnings.iter().chain(&decoded.attributes.warnings);
        if let Some(out) = &mut out {
            for warning in said {
                if !out.warnings.contains(warning) {
                    out.warnings.push(warning.clone());
                }
            }
        }
    }
    let mut out = out.ok_or_else(|| failure("dicom.no_such_frame", "The file has no frames.", ""))?;
    if frame.is_none() && header.layout.frames > 1 {
        out.frames = header.layout.frames;
        out.shape.insert(0, header.layout.frames as usize);
    }
    Ok(out)
}

fn values_of(frame: &Frame, values: Values, look: &Look) -> Outcome<RawPixels> {
    let a = &frame.attributes;
    let (rows, columns, samples) = (
        a.rows as usize,
        a.columns as usize,
        usize::from(a.samples_per_pixel),
    );
    let grey = vec![rows, columns];
    let make = |dtype, shape, unit: &str, bytes| RawPixels {
        dtype,
        shape,
        unit: unit.to_owned(),
        frames: 1,
        warnings: Vec::new(),
        bytes,
    };
    match values {
        Values::Stored => {
            let shape = if samples == 1 {
                grey
            } else {
                vec![rows, columns, samples]
            };
            Ok(make(
                frame.samples.dtype(),
                shape,
                "",
                frame.samples.to_le_bytes(),
            ))
        }
        Values::Modality => {
            let shape = if samples == 1 {
                grey
            } else {
                vec![rows, columns, samples]
            };
            #[expect(clippy::cast_possible_truncation, reason = "the format is f32")]
            let bytes = (0..frame.samples.len())
                .flat_map(|i| (a.modality.apply(frame.samples.value(i)) as f32).to_le_bytes())
                .collect();
            Ok(make("<f4", shape, a.unit.symbol(), bytes))
        }
        Values::Display => {
            if !a.photometric.is_monochrome() {
                return Err(failure(
                    "view.colour",
                    "A colour picture has no display values.",
                    "Ask for --as rgb.",
                ));
            }
            Ok(make(
                "<u1",
                grey,
                "",
                render::display_values(frame, &look.voi(frame)?),
            ))
        }
        Values::Rgb => {
            let bytes = match colour::to_rgb8(frame) {
                Some(rgb) => rgb,
                None => render::shown_values(frame, &look.voi(frame)?)
                    .into_iter()
                    .flat_map(|v| [v; 3])
                    .collect(),
            };
            Ok(make("<u1", vec![rows, columns, 3], "", bytes))
        }
    }
}

/// What `overread render` draws.
#[derive(Clone, Debug)]
pub enum Cut {
    /// A slice, from 1, in display order; the middle one when `None`.
    Slice(Option<usize>),
    /// A plane of the body at a position in mm; the middle when `None`.
    Plane(BodyPlane, Option<f64>),
}

/// What lies over a slice, and which state shows it.
#[derive(Clone, Debug, Default)]
pub struct Dress {
    /// All overlays of the image are drawn.
    pub overlays: bool,
    /// A presentation state is applied.
    pub state: Option<Arc<PresentationState>>,
}

/// Opens a presentation state.
///
/// # Errors
/// When it cannot be read or is not supported.
pub fn presentation_state(path: &Path) -> Outcome<Arc<PresentationState>> {
    let state = PresentationState::open(path)?;
    match &state.unsupported {
        Some(reason) => Err(failure("view.presentation", format!("{reason}."), "")),
        None => Ok(Arc::new(state)),
    }
}

/// The display set that a presentation state is for.
///
/// # Errors
/// When none of them is.
pub fn set_of(sets: &[Arc<DisplaySet>], state: &PresentationState) -> Outcome<Arc<DisplaySet>> {
    sets.iter()
        .find(|set| frame_of(set, state).is_some())
        .cloned()
        .ok_or_else(|| {
            failure(
                "view.presentation",
                "This presentation state is for other images.",
                "",
            )
        })
}

/// Index, from 0, of the first frame that a state is for.
fn frame_of(set: &DisplaySet, state: &PresentationState) -> Option<usize> {
    set.frames
        .iter()
        .position(|f| state.is_for(&f.header.sop_uid, f.frame))
}

/// A picture, and what of it could not be drawn, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// PNG.
    pub png: Vec<u8>,
    /// Texts of a state, overlays that are broken.
    pub warnings: Vec<String>,
}

/// A PNG of a slice or plane. A state chooses the slice when none is named, and the size when none is given.
///
/// # Errors
/// When nothing can be drawn.
pub fn render_png(
    desk: &Desk,
    set: &DisplaySet,
    cut: &Cut,
    look: &Look,
    dress: &Dress,
    size: Option<(u32, u32)>,
) -> Outcome<Picture> {
    match cut {
        Cut::Slice(slice) => {
            let shown_first = || {
                let state = dress.state.as_ref()?;
                frame_of(set, state)
            };
            let index = slice.map_or_else(|| shown_first().unwrap_or(set.middle()), |s| s.wrapping_sub(1));
            let wanted = set.frames.get(index).ok_or_else(|| {
                let asked = slice.unwrap_or(0);
                failure(
                    "desk.no_such_frame",
                    format!("There is no slice {asked}: the series has {}.", set.frames.len()),
                    "",
                )
            })?;
            slice_png(desk, wanted, look, dress, size)
        }
        Cut::Plane(plane, at) => {
            let frame = plane_frame(desk, set, *plane, *at)?;
            let a = &frame.attributes;
            let view = plain_view(a.columns, a.rows, a.spacing.aspect, size)?;
            let png = drawn_png(&frame, &look.voi(&frame)?, &view, &Veil::default(), &[])?;
            Ok(Picture {
                png,
                warnings: Vec::new(),
            })
        }
    }
}

fn slice_png(
    desk: &Desk,
    wanted: &FrameRef,
    look: &Look,
    dress: &Dress,
    size: Option<(u32, u32)>,
) -> Outcome<Picture> {
    let frame = desk.frames.get(wanted)?;
    let a = &frame.attributes;
    let Some(state) = &dress.state else {
        let view = plain_view(a.columns, a.rows, a.spacing.aspect, size)?;
        let (veil, warnings) = present::veil(desk, wanted, dress.overlays, None)?;
        let png = drawn_png(&frame, &look.voi(&frame)?, &view, &veil, &[])?;
        return Ok(Picture { png, warnings });
    };
    let p = state.presented(&wanted.header, wanted.frame).ok_or_else(|| {
        failure(
            "view.presentation",
            "This presentation state is for other images.",
            "",
        )
    })?;
    let zoom = present::zoom(&p);
    let seen = p.area.seen(p.turn) * zoom.unwrap_or(1.0);
    let whole = |v: f64| v.ceil().clamp(0.0, 65_536.0) as u32;
    let (width, height) = checked(size.unwrap_or((whole(seen.x), whole(seen.y))))?;
    let view = View::area(&p.area, p.turn, width, height, zoom);
    let (shown, voi) = match (look, &p.voi) {
        (Look::Default, Some(voi)) => (present::as_joined(&frame, &p), voi.clone()),
        _ => {
            let shown = present::as_presented(&frame, &p);
            let voi = look.voi(&shown)?;
            (shown, voi)
        }
    };
    let (veil, mut warnings) = present::veil(desk, wanted, dress.overlays, Some(&p))?;
    warnings.extend(undrawn(p.words.len()));
    let png = drawn_png(&shown, &voi, &view, &veil, &p.curves)?;
    Ok(Picture { png, warnings })
}

/// What is said of a state's texts, which a picture of the command line does not have.
fn undrawn(texts: usize) -> Option<String> {
    match texts {
        0 => None,
        1 => Some("1 text of the presentation state is not drawn here".to_owned()),
        n => Some(format!("{n} texts of the presentation state are not drawn here")),
    }
}

fn checked((width, height): (u32, u32)) -> Outcome<(u32, u32)> {
    if width == 0 || height == 0 || width > 16_384 || height > 16_384 {
        return Err(failure(
            "view.size",
            "A picture is 1 to 16384 px wide and high.",
            "",
        ));
    }
    Ok((width, height))
}

/// One px for each px of the image, or all of it in a size.
fn plain_view(columns: u32, rows: u32, aspect: f64, size: Option<(u32, u32)>) -> Outcome<View> {
    let (width, height) = checked(size.unwrap_or((columns, rows)))?;
    Ok(if size.is_none() {
        View::identity(width, height)
    } else {
        View::fit(columns, rows, aspect, width, height)
    })
}

fn drawn_png(frame: &Frame, voi: &Voi, view: &View, veil: &Veil, curves: &[Curve]) -> Outcome<Vec<u8>> {
    let mut rgba = overread_render::draw(frame, voi, view).rgba;
    graphics::lay_over(&mut rgba, view, veil);
    graphics::draw_curves(&mut rgba, view, curves);
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    png(&rgb, view.width, view.height, 3)
}

/// Where a point lies across a plane, mm.
fn middle_of(plane: BodyPlane, point: glam::DVec3) -> f64 {
    match plane {
        BodyPlane::Axial => point.z,
        BodyPlane::Coronal => point.y,
        BodyPlane::Sagittal => point.x,
    }
}

/// A cut through a volume as a frame of modality values.
fn plane_frame(desk: &Desk, set: &DisplaySet, plane: BodyPlane, at: Option<f64>) -> Outcome<Frame> {
    let volume = crate::op::reslice::volume(desk, set)?;
    let [c, r, s] = volume.size();
    let centre = volume
        .patient_from_index()
        .transform_point3((glam::DVec3::new(c as f64, r as f64, s as f64) - 1.0) / 2.0);
    let at = at.unwrap_or(middle_of(plane, centre));
    let grid = body_grid(&volume, plane, at, f32::NAN);
    let mut values = reslice(&volume, &grid, Interpolation::Linear);
    let first = desk.frames.get(set.first())?;
    if values.iter().all(|v| v.is_nan()) {
        return Err(failure(
            "view.outside",
            format!("The cut at {at} mm does not meet the volume."),
            format!("Its middle lies at {:.1} mm.", middle_of(plane, centre)),
        ));
    }
    let lowest = values
        .iter()
        .copied()
        .filter(|v| !v.is_nan())
        .fold(f32::INFINITY, f32::min);
    values.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = lowest);
    let attributes = FrameAttributes {
        rows: u32::try_from(grid.height).unwrap_or(0),
        columns: u32::try_from(grid.width).unwrap_or(0),
        modality: ModalityTransform::Identity,
        padding: None,
        plane: None,
        spacing: PixelSpacing {
            mm: Some([grid.step; 2]),
            kind: SpacingKind::Patient,
            aspect: 1.0,
        },
        unit: match &first.attributes.unit {
            Unit::Hounsfield => Unit::Hounsfield,
            other => other.clone(),
        },
        ..(*first.attributes).clone()
    };
    Ok(Frame {
        attributes: Arc::new(attributes),
        samples: Samples::F32(values),
    })
}

#[cfg(test)]
mod tests {
    use super::undrawn;

    #[test]
    fn texts_that_are_not_drawn_are_counted() {
        assert_eq!(undrawn(0), None);
        let expected = "1 text of the presentation state is not drawn here";
        assert_eq!(undrawn(1).as_deref(), Some(expected));
        let expected = "3 texts of the presentation state are not drawn here";
        assert_eq!(undrawn(3).as_deref(), Some(expected));
    }
}
