//! A display set on the screen: what to draw, the bytes to draw, what lies under the cursor.

use overread_dicom::FrameRef;
use overread_imaging::colour;
use overread_imaging::frame::Frame;
use overread_imaging::lut::Lut;
use overread_imaging::modality::ModalityTransform;
use overread_imaging::render;
use overread_imaging::samples::Samples;
use overread_imaging::view::View;
use overread_imaging::voi::Voi;

use crate::code::failure;
use crate::convert;
use crate::desk::Desk;
use crate::op::case::is_hidden;
use crate::op::pictures::png;
use crate::wire::resource::{FRAME_HEADER_BYTES, SampleKind};
use crate::wire::viewing::{DisplaySet, DisplaySetRef, PreprocessChoice, ProbeAnswer, ProbeRequest};
use crate::{Outcome, Resource};

/// The operation `display_set`.
pub(crate) fn display_set(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<DisplaySet> {
    desk.show(&arguments.display_set);
    let set = desk.set(&arguments.display_set)?;
    let header = &set.first().header;
    let hide = crate::op::app::settings(desk).hide_identity;
    let middle = set.middle();
    let mut frames: Vec<_> = set
        .frames
        .iter()
        .enumerate()
        .map(|(i, f)| convert::frame_info(u32::try_from(i).unwrap_or(u32::MAX), f))
        .collect();
    if is_hidden(desk, &set.id) {
        frames.iter_mut().for_each(|frame| frame.overlays.clear());
    }
    let auto = desk
        .frames
        .get(&set.frames[middle])
        .ok()
        .and_then(|f| overread_imaging::auto_window::auto_window(&f));
    let patient = &header.patient;
    let line = [
        patient.name.clone(),
        patient.id.clone(),
        convert::patient_details(patient),
    ];
    Ok(DisplaySet {
        id: set.id.clone(),
        modality: set.modality.clone(),
        description: crate::op::naming::title(desk, &set),
        study_line: [header.study_description.as_str(), header.study_date.as_str()]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        patient_line: if hide {
            String::new()
        } else {
            line.into_iter()
                .filter(|p| !p.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        },
        frames,
        initial_frame: u32::try_from(middle).unwrap_or(0),
        volume: set.is_volume(),
        slice_spacing: set
            .arrangement
            .as_ref()
            .filter(|a| a.even)
            .and_then(|a| a.spacing),
        tilt: set.arrangement.as_ref().map_or(0.0, |a| a.tilt),
        warnings: set.warnings.clone(),
        preprocess: crate::op::plan::recipes(&set)
            .into_iter()
            .map(|(id, description)| PreprocessChoice { id, description })
            .collect(),
        auto_window: auto.as_ref().map(convert::window_info),
        frame_rate: header.cine.rate,
        frame_times: header.cine.times.clone().unwrap_or_default(),
        presentations: crate::op::present::states(desk, &set),
    })
}

pub(crate) fn frame_at(desk: &Desk, display_set: &str, index: &str) -> Outcome<FrameRef> {
    let set = desk.set(display_set)?;
    index
        .parse::<usize>()
        .ok()
        .and_then(|i| set.frames.get(i).cloned())
        .ok_or_else(|| {
            failure(
                "desk.no_such_frame",
                format!("There is no image {index} in this series."),
                "",
            )
        })
}

/// `frame/{display_set}/{index}`.
pub(crate) fn frame_bytes(desk: &Desk, display_set: &str, index: &str) -> Outcome<Resource> {
    let frame = desk.frames.get(&frame_at(desk, display_set, index)?)?;
    let (kind, each, body) = encode(&frame);
    let mut bytes = Vec::with_capacity(FRAME_HEADER_BYTES + body.len());
    bytes.extend_from_slice(b"OVRF");
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&(kind as u16).to_le_bytes());
    bytes.extend_from_slice(&frame.attributes.rows.to_le_bytes());
    bytes.extend_from_slice(&frame.attributes.columns.to_le_bytes());
    bytes.extend_from_slice(&each.to_le_bytes());
    bytes.resize(FRAME_HEADER_BYTES, 0);
    bytes.extend(body);
    Ok(Resource {
        content_type: "application/octet-stream",
        bytes,
    })
}

/// Samples as they go to a texture: kind, bytes a pixel, bytes.
pub(crate) fn encode(frame: &Frame) -> (SampleKind, u32, Vec<u8>) {
    if let Some(rgb) = colour::shown_rgb8(frame) {
        let rgba = rgb
            .chunks_exact(3)
            .flat_map(|p| [p[0], p[1], p[2], 255])
            .collect();
        return (SampleKind::Rgba8, 4, rgba);
    }
    let kind = convert::kind_of(&frame.samples);
    match &frame.samples {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "for display only; probe and measurements use the doubles"
        )]
        Samples::F64(values) => (
            kind,
            4,
            values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect(),
        ),
        samples => {
            let bytes = samples.to_le_bytes();
            let each = u32::try_from(bytes.len() / samples.len().max(1)).unwrap_or(1);
            (kind, each, bytes)
        }
    }
}

/// `thumbnail/{display_set}`.
pub(crate) fn thumbnail(desk: &Desk, display_set: &str) -> Outcome<Resource> {
    const SIDE: u32 = 128;
    let set = desk.set(display_set)?;
    let frame = desk.frames.get(&set.frames[set.middle()])?;
    let a = &frame.attributes;
    let view = View::fit(a.columns, a.rows, a.spacing.aspect, SIDE, SIDE);
    let rgba = render::render(&frame, &render::default_voi(&frame), &view);
    Ok(Resource {
        content_type: "image/png",
        bytes: png(&rgba, SIDE, SIDE, 4)?,
    })
}

fn modality_table(modality: &ModalityTransform) -> Option<Lut> {
    match modality {
        ModalityTransform::Lut(lut) => Some(lut.clone()),
        _ => None,
    }
}

fn voi_table(voi: &Voi) -> Option<Lut> {
    match voi {
        Voi::Lut(lut) => Some(lut.clone()),
        Voi::Window(_) => None,
    }
}

/// `lut/{display_set}/{lut}`: entries as f32.
pub(crate) fn lut(desk: &Desk, display_set: &str, id: &str) -> Outcome<Resource> {
    let unknown = || failure("desk.no_such_table", format!("There is no table {id}."), "");
    let (index, which) = id.split_once('-').ok_or_else(unknown)?;
    let frame = frame_at(desk, display_set, index)?;
    let a = frame.header.attributes(frame.frame).ok_or_else(unknown)?;
    let table = match which.split('-').collect::<Vec<_>>().as_slice() {
        ["modality"] => modality_table(&a.modality),
        ["voi", i] => i
            .parse::<usize>()
            .ok()
            .and_then(|i| a.vois.get(i))
            .and_then(voi_table),
        ["state", id, which] => {
            let presented = crate::op::present::presented(desk, display_set, id, &frame)?;
            match *which {
                "modality" => modality_table(&presented.modality),
                _ => presented.voi.as_ref().and_then(voi_table),
            }
        }
        _ => None,
    }
    .ok_or_else(unknown)?;
    let bytes = table
        .entries
        .iter()
        .flat_map(|v| f32::from(*v).to_le_bytes())
        .collect();
    Ok(Resource {
        content_type: "application/octet-stream",
        bytes,
    })
}

/// The operation `probe`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie inside the picture"
)]
pub(crate) fn probe(desk: &Desk, arguments: &ProbeRequest) -> Outcome<ProbeAnswer> {
    let reference = frame_at(desk, &arguments.display_set, &arguments.frame.to_string())?;
    let frame = desk.frames.get(&reference)?;
    let a = &frame.attributes;
    let mut answer = ProbeAnswer {
        stored: Vec::new(),
        modality: None,
        unit: String::new(),
        suv: String::new(),
        suv_kind: String::new(),
        voxel: None,
        // The corner convention of points against the centre convention of planes: half a pixel apart.
        patient: a.plane.map(|p| {
            p.to_patient(glam::DVec2::new(arguments.column - 0.5, arguments.row - 0.5))
                .to_array()
        }),
        padding: false,
    };
    let inside = arguments.column >= 0.0
        && arguments.row >= 0.0
        && arguments.column < f64::from(a.columns)
        && arguments.row < f64::from(a.rows);
    if !inside {
        return Ok(answer);
    }
    let (column, row) = (arguments.column as u32, arguments.row as u32);
    answer.voxel = Some([column, row, arguments.frame]);
    let first = (row as usize * a.columns as usize + column as usize) * usize::from(a.samples_per_pixel);
    answer.stored = (first..first + usize::from(a.samples_per_pixel))
        .filter(|i| *i < frame.samples.len())
        .map(|i| frame.samples.value(i))
        .collect();
    if a.photometric.is_monochrome()
        && let Some(stored) = answer.stored.first().copied()
    {
        answer.padding = a.padding.is_some_and(|p| p.contains(stored));
        if !answer.padding {
            let value = a.modality.apply(stored);
            answer.modality = Some(value);
            if let Some((kind, factor)) = a.suv.as_ref().and_then(|suv| suv.first()) {
                answer.suv = format!("{:.2}", value * factor);
                answer.suv_kind = format!("SUV{}", kind.word());
            }
            answer.unit = a.unit.symbol().to_owned();
        }
    }
    Ok(answer)
}
