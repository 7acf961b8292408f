//! Presentation states and overlays: which there are, what they make of a frame, and the veil over it.

use std::sync::Arc;

use overread_dicom::file::DicomFile;
use overread_dicom::overlay::overlays;
use overread_dicom::presentation_state::PresentationState;
use overread_dicom::{DisplaySet as Images, FrameRef};
use overread_imaging::colour::rgb_from_palette;
use overread_imaging::frame::Frame;
use overread_imaging::overlay::{OVERLAY_COLOUR, Veil};
use overread_imaging::presentation::{Justification, Presented, SizeMode};

use crate::code::failure;
use crate::convert::{lut_info, modality_parts, short_hash, voi_choice_of};
use crate::desk::{Desk, lock};
use crate::op::blind;
use crate::op::case::is_hidden;
use crate::op::pictures::png;
use crate::op::view::frame_at;
use crate::wire::presentation::{
    CurveInfo, PresentationInfo, PresentationRequest, PresentedFrame, PresentedSet, WordsInfo,
};
use crate::{Outcome, Resource};

/// mm of a CSS px: what TRUE SIZE is drawn by, as no screen tells its own.
const SCREEN_PIXEL: f64 = 25.4 / 96.0;

/// Handle of a state.
pub(crate) fn id(state: &PresentationState) -> String {
    short_hash(&format!("{}{}", state.sop_uid, state.path.display()))
}

/// States that speak of a display set, by label.
pub(crate) fn states(desk: &Desk, set: &Images) -> Vec<PresentationInfo> {
    // Somebody drew on them.
    if is_hidden(desk, &set.id) {
        return Vec::new();
    }
    let mut found: Vec<PresentationInfo> = lock(&desk.opened)
        .states
        .values()
        .filter(|state| {
            set.frames
                .iter()
                .any(|f| state.is_for(&f.header.sop_uid, f.frame))
        })
        .map(|state| PresentationInfo {
            id: id(state),
            label: label(state),
            description: [state.description.as_str(), state.created.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            unsupported: state.unsupported.clone().unwrap_or_default(),
        })
        .collect();
    found.sort_by(|a, b| (&a.label, &a.id).cmp(&(&b.label, &b.id)));
    found
}

fn label(state: &PresentationState) -> String {
    if state.label.is_empty() {
        "Presentation state".to_owned()
    } else {
        state.label.clone()
    }
}

fn state(desk: &Desk, id: &str) -> Outcome<Arc<PresentationState>> {
    lock(&desk.opened).states.get(id).cloned().ok_or_else(|| {
        failure(
            "desk.unknown_presentation",
            "This presentation state is not open.",
            "Open its folder again.",
        )
    })
}

/// What a state makes of a frame of a display set.
///
/// # Errors
/// For a state that is not open, that says nothing of the frame, or that is withheld.
pub(crate) fn presented(desk: &Desk, set: &str, id: &str, frame: &FrameRef) -> Outcome<Presented> {
    if is_hidden(desk, set) {
        return Err(blind::withheld("presentation state"));
    }
    let state = state(desk, id)?;
    applied(&state, frame)
}

fn applied(state: &PresentationState, frame: &FrameRef) -> Outcome<Presented> {
    if let Some(reason) = &state.unsupported {
        return Err(failure("view.presentation", format!("{reason}."), ""));
    }
    state.presented(&frame.header, frame.frame).ok_or_else(|| {
        failure(
            "view.presentation",
            "This presentation state is for other images.",
            "",
        )
    })
}

/// The operation `presentation`.
pub(crate) fn presentation(desk: &Desk, arguments: &PresentationRequest) -> Outcome<PresentedSet> {
    let set = desk.set(&arguments.display_set)?;
    if is_hidden(desk, &set.id) {
        return Err(blind::withheld("presentation state"));
    }
    let state = state(desk, &arguments.presentation)?;
    if let Some(reason) = &state.unsupported {
        return Err(failure("view.presentation", format!("{reason}."), ""));
    }
    let frames = set
        .frames
        .iter()
        .enumerate()
        .filter_map(|(index, frame)| {
            let presented = state.presented(&frame.header, frame.frame)?;
            let index = u32::try_from(index).ok()?;
            Some(wire_frame(index, &arguments.presentation, &presented))
        })
        .collect();
    Ok(PresentedSet {
        id: arguments.presentation.clone(),
        label: label(&state),
        warnings: state.warnings.clone(),
        frames,
    })
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn wire_frame(index: u32, id: &str, p: &Presented) -> PresentedFrame {
    let table = |which: &str| format!("{index}-state-{id}-{which}");
    let (slope, intercept, modality_lut) = modality_parts(&p.modality);
    let inputs = p.inputs.as_ref().map(modality_parts);
    PresentedFrame {
        index,
        inputs: inputs.map(|(slope, intercept, _)| [slope, intercept]),
        slope,
        intercept,
        modality_lut: modality_lut.map(|lut| lut_info(table("modality"), lut)),
        voi: p.voi.as_ref().map(|voi| voi_choice_of(table("voi"), voi)),
        inverted: p.inverted,
        area: [p.area.low.x, p.area.low.y, p.area.high.x, p.area.high.y],
        zoom: zoom(p),
        aspect: p.area.aspect,
        rotation: p.turn.rotation,
        flipped: p.turn.flipped,
        curves: p
            .curves
            .iter()
            .map(|curve| CurveInfo {
                points: curve.points.iter().map(|at| at.to_array()).collect(),
                filled: curve.filled,
                colour: hex(curve.colour),
            })
            .collect(),
        words: p
            .words
            .iter()
            .map(|words| WordsInfo {
                text: words.text.clone(),
                bounds: words.bounds.map(|corners| corners.map(|c| c.to_array())),
                justification: match words.justification {
                    Justification::Left => "start",
                    Justification::Center => "middle",
                    Justification::Right => "end",
                }
                .to_owned(),
                anchor: words.anchor.map(|at| at.to_array()),
                anchor_shown: words.anchor_shown,
                colour: hex(words.colour),
            })
            .collect(),
        veiled: p.shutter.is_some() || !p.image_overlays.is_empty() || !p.own_overlays.is_empty(),
    }
}

/// Output px for an image column, where the state says; `None` as large as it fits.
pub(crate) fn zoom(p: &Presented) -> Option<f64> {
    match p.area.mode {
        SizeMode::ScaleToFit => None,
        SizeMode::TrueSize([_, column]) => Some(column / SCREEN_PIXEL),
        SizeMode::Magnify(ratio) => Some(ratio),
    }
}

/// What lies over a frame: the shutter of the image or of a state, overlays that a state activates, and, when they are
/// asked for, all overlays of the image; and what is wrong with overlays that are left out.
///
/// # Errors
/// When the file cannot be opened any more.
pub(crate) fn veil(
    desk: &Desk,
    frame: &FrameRef,
    all_overlays: bool,
    state: Option<&Presented>,
) -> Outcome<(Veil, Vec<String>)> {
    let mut warnings = Vec::new();
    let own = frame
        .header
        .attributes(frame.frame)
        .and_then(|a| a.shutter.clone());
    let mut veil = Veil {
        colours: supplement(desk, frame)?,
        shutter: state.map_or(own, |p| p.shutter.clone()),
        planes: Vec::new(),
    };
    let activated = state.map(|p| p.image_overlays.as_slice()).unwrap_or_default();
    if (all_overlays || !activated.is_empty()) && !frame.header.overlays.is_empty() {
        let file = DicomFile::open(&frame.header.path)?;
        let found = overlays(&file, &frame.header, frame.frame);
        warnings = found.problems;
        for plane in found.planes {
            let chosen = activated.iter().find(|(group, _)| *group == plane.group);
            match chosen {
                Some((_, colour)) => veil.planes.push((plane, *colour)),
                None if all_overlays => veil.planes.push((plane, OVERLAY_COLOUR)),
                None => {}
            }
        }
        // Those of a state in its order, over the others.
        veil.planes.sort_by_key(|(plane, _)| {
            activated
                .iter()
                .position(|(group, _)| *group == plane.group)
                .map_or(0, |place| place + 1)
        });
    }
    veil.planes
        .extend(state.into_iter().flat_map(|p| p.own_overlays.iter().cloned()));
    Ok((veil, warnings))
}

type Colours = (u32, Arc<[Option<[u8; 3]>]>);

/// Colours of a supplemental palette (PS3.3 C.7.6.19): stored values from its first on.
fn supplement(desk: &Desk, frame: &FrameRef) -> Outcome<Option<Colours>> {
    let palette = frame
        .header
        .attributes(frame.frame)
        .and_then(|a| a.supplemental.clone());
    let Some(palette) = palette else {
        return Ok(None);
    };
    let decoded = desk.frames.get(frame)?;
    let colour = |i| {
        let stored = decoded.samples.value(i);
        (stored >= f64::from(palette.first_mapped)).then(|| rgb_from_palette(&palette, stored))
    };
    let colours = (0..decoded.samples.len()).map(colour).collect();
    Ok(Some((decoded.attributes.columns, colours)))
}

/// `veil/{display_set}/{index}/{0|1}/{state|none}`: PNG, one px for each px of the image.
pub(crate) fn veil_png(desk: &Desk, set: &str, index: &str, all: &str, id: &str) -> Outcome<Resource> {
    let frame = frame_at(desk, set, index)?;
    let state = if id == "none" {
        None
    } else {
        Some(presented(desk, set, id, &frame)?)
    };
    // What was drawn over the image waits for the reader's own answer; its shutter and palette are the picture's own.
    let all = all == "1" && !is_hidden(desk, set);
    let (veil, _) = veil(desk, &frame, all, state.as_ref())?;
    let (rows, columns) = (frame.header.layout.rows, frame.header.layout.columns);
    Ok(Resource {
        content_type: "image/png",
        bytes: png(&veil.rgba(rows, columns), columns, rows, 4)?,
    })
}

/// A frame as [`as_presented`], with the inputs that the state's own VOI takes.
pub(crate) fn as_joined(frame: &Frame, p: &Presented) -> Frame {
    let mut shown = as_presented(frame, p);
    if let Some(inputs) = &p.inputs {
        Arc::make_mut(&mut shown.attributes).modality = inputs.clone();
    }
    shown
}

/// A frame with a state's modality transform and polarity instead of its own: for drawing, never for measuring.
pub(crate) fn as_presented(frame: &Frame, p: &Presented) -> Frame {
    let mut shown = frame.clone();
    let a = Arc::make_mut(&mut shown.attributes);
    if a.photometric.is_monochrome() {
        a.photometric = overread_imaging::attributes::Photometric::Monochrome2;
        a.presentation_inverse = p.inverted;
        a.modality = p.modality.clone();
        a.measured_only = false;
    }
    shown
}
