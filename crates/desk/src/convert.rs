//! From the crates' own types to the wire's.

use overread_dicom::header::Patient;
use overread_dicom::{DisplaySet, FrameRef, ImageHeader};
use overread_imaging::attributes::FrameAttributes;
use overread_imaging::lut::Lut;
use overread_imaging::modality::ModalityTransform;
use overread_imaging::orientation;
use overread_imaging::samples::Samples;
use overread_imaging::suv::Suv;
use overread_imaging::voi::{Voi, VoiFunction, Window};

use crate::wire::resource::SampleKind;
use crate::wire::studies::DisplaySetTile;
use crate::wire::viewing::{FrameInfo, LutInfo, VoiChoice, VoiFunctionName, WindowInfo};

/// Eight bytes of a text, in hex: for handles, not for security.
pub fn short_hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// `F 62 y`, what is known.
pub(crate) fn patient_details(patient: &Patient) -> String {
    [patient.sex.as_str(), patient.age.as_str()]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn tile(set: &DisplaySet) -> DisplaySetTile {
    DisplaySetTile {
        id: set.id.clone(),
        modality: set.modality.clone(),
        description: set.description.clone(),
        number: set
            .first()
            .header
            .series_number
            .map(|n| n.to_string())
            .unwrap_or_default(),
        frames: u32::try_from(set.frames.len()).unwrap_or(u32::MAX),
        volume: set.is_volume(),
        alert: alert(set),
        warnings: set.warnings.clone(),
        has_truth: false,
        readings: 0,
    }
}

fn alert(set: &DisplaySet) -> String {
    let Some(a) = &set.arrangement else {
        return String::new();
    };
    if let Some(gap) = a.gaps.first() {
        return format!("gap after {}", gap.after + 1);
    }
    if a.duplicates > 0 {
        return format!("{} at the same place", a.duplicates);
    }
    if !a.even && a.spacing.is_some() {
        return "uneven spacing".to_owned();
    }
    if a.tilt > 0.0 {
        format!("tilt {:.1}°", a.tilt)
    } else {
        String::new()
    }
}

pub(crate) fn function_name(function: VoiFunction) -> VoiFunctionName {
    match function {
        VoiFunction::Linear => VoiFunctionName::Linear,
        VoiFunction::LinearExact => VoiFunctionName::LinearExact,
        VoiFunction::Sigmoid => VoiFunctionName::Sigmoid,
    }
}

pub(crate) fn window_info(window: &Window) -> WindowInfo {
    let window = window.usable();
    WindowInfo {
        center: window.center,
        width: window.width,
        function: function_name(window.function),
        explanation: window.explanation.unwrap_or_default(),
    }
}

/// A wire window as one to compute with.
pub fn window(info: &WindowInfo) -> Window {
    Window {
        center: info.center,
        width: info.width,
        function: match info.function {
            VoiFunctionName::Linear => VoiFunction::Linear,
            VoiFunctionName::LinearExact => VoiFunction::LinearExact,
            VoiFunctionName::Sigmoid => VoiFunction::Sigmoid,
        },
        explanation: (!info.explanation.is_empty()).then(|| info.explanation.clone()),
    }
    .usable()
}

pub(crate) fn lut_info(id: String, lut: &Lut) -> LutInfo {
    LutInfo {
        id,
        first_mapped: lut.first_mapped,
        bits: lut.bits,
        length: u32::try_from(lut.entries.len()).unwrap_or(u32::MAX),
    }
}

/// How the page gets a frame's samples. A guess from the header; the bytes themselves say for certain.
pub(crate) fn sample_kind(header: &ImageHeader) -> SampleKind {
    use overread_dicom::walk::PixelKind;
    let layout = &header.layout;
    if layout.samples == 3 || layout.photometric == "PALETTE COLOR" {
        return SampleKind::Rgba8;
    }
    match (layout.location.kind, layout.bits_allocated, layout.signed) {
        (PixelKind::Float | PixelKind::Double, ..) => SampleKind::F32,
        (_, 0..=8, false) => SampleKind::U8,
        (_, 0..=8, true) => SampleKind::I8,
        (_, 9..=16, false) => SampleKind::U16,
        (_, 9..=16, true) => SampleKind::I16,
        (_, _, false) => SampleKind::U32,
        (_, _, true) => SampleKind::I32,
    }
}

/// The kind of samples as they are sent.
pub(crate) fn kind_of(samples: &Samples) -> SampleKind {
    match samples {
        Samples::U8(_) => SampleKind::U8,
        Samples::I8(_) => SampleKind::I8,
        Samples::U16(_) => SampleKind::U16,
        Samples::I16(_) => SampleKind::I16,
        Samples::U32(_) => SampleKind::U32,
        Samples::I32(_) => SampleKind::I32,
        Samples::F32(_) | Samples::F64(_) => SampleKind::F32,
    }
}

/// Slope, intercept and table of a modality transform; slope 1 and intercept 0 beside a table.
pub(crate) fn modality_parts(modality: &ModalityTransform) -> (f64, f64, Option<&Lut>) {
    match modality {
        ModalityTransform::Identity => (1.0, 0.0, None),
        ModalityTransform::Rescale { slope, intercept } => (*slope, *intercept, None),
        ModalityTransform::Lut(lut) => (1.0, 0.0, Some(lut)),
    }
}

/// A VOI as the page takes it; a table lies at `id`.
pub(crate) fn voi_choice_of(id: String, voi: &Voi) -> VoiChoice {
    match voi {
        Voi::Window(window) => VoiChoice::Window(window_info(window)),
        Voi::Lut(lut) => VoiChoice::Lut {
            lut: lut_info(id, lut),
            explanation: lut.explanation.clone().unwrap_or_default(),
        },
    }
}

pub(crate) fn frame_info(index: u32, frame: &FrameRef) -> FrameInfo {
    let header = &frame.header;
    let fallback = || {
        header
            .frames
            .first()
            .map(|c| std::sync::Arc::clone(&c.attributes))
    };
    let Some(a) = header.attributes(frame.frame).cloned().or_else(fallback) else {
        return empty_frame(index, frame);
    };
    let (slope, intercept, modality_lut) = modality_parts(a.display_modality());
    FrameInfo {
        rows: a.rows,
        columns: a.columns,
        kind: sample_kind(header),
        slope,
        intercept,
        modality_lut: modality_lut.map(|lut| lut_info(format!("{index}-modality"), lut)),
        unit: a.unit.symbol().to_owned(),
        windows: a
            .vois
            .iter()
            .enumerate()
            .map(|(i, voi)| voi_choice_of(format!("{index}-voi-{i}"), voi))
            .collect(),
        default_window: a.default_voi.and_then(|i| u32::try_from(i).ok()),
        padding: a.padding.map(|p| [p.low as f64, p.high as f64]),
        inverted: a.inverts(),
        colour: !a.photometric.is_monochrome(),
        spacing: a.spacing.mm,
        spacing_kind: a.spacing.kind.word().to_owned(),
        aspect: a.spacing.aspect,
        position: a.plane.map(|p| p.position.to_array()),
        orientation: a.plane.map(|p| {
            let (r, c) = (p.row_direction, p.column_direction);
            [r.x, r.y, r.z, c.x, c.y, c.z]
        }),
        letters: a.plane.map_or_else(Default::default, |p| {
            orientation::edges(p.row_direction, p.column_direction)
        }),
        slice_position: a.plane.map(|p| p.distance()),
        thickness: header.thickness,
        lossy: lossy(&a),
        shutter: a.shutter.is_some(),
        coloured: a.supplemental.is_some(),
        suv: a.suv.as_deref().map(suv_line).unwrap_or_default(),
        ..empty_frame(index, frame)
    }
}

/// What an uptake was computed from, or why it was not.
fn suv_line(suv: &Suv) -> String {
    match suv.first() {
        Some((kind, _)) => format!("SUV{}: {}", kind.word(), suv.inputs),
        None => format!("no SUV: {}", suv.reason),
    }
}

fn empty_frame(index: u32, frame: &FrameRef) -> FrameInfo {
    FrameInfo {
        index,
        sop_instance_uid: frame.header.sop_uid.clone(),
        frame_number: frame.frame,
        instance_number: frame
            .header
            .instance_number
            .map(|n| n.to_string())
            .unwrap_or_default(),
        rows: 0,
        columns: 0,
        kind: SampleKind::U8,
        slope: 1.0,
        intercept: 0.0,
        modality_lut: None,
        unit: String::new(),
        windows: Vec::new(),
        default_window: None,
        padding: None,
        inverted: false,
        colour: false,
        spacing: None,
        spacing_kind: "none".to_owned(),
        aspect: 1.0,
        position: None,
        orientation: None,
        letters: Default::default(),
        slice_position: None,
        thickness: None,
        lossy: String::new(),
        overlays: frame
            .header
            .overlays
            .iter()
            .map(|overlay| match overlay.label.as_str() {
                "" => format!("{:04X}", overlay.group),
                label => label.to_owned(),
            })
            .collect(),
        shutter: false,
        coloured: false,
        suv: String::new(),
        problem: String::new(),
    }
}

fn lossy(a: &FrameAttributes) -> String {
    if !a.lossy.lossy {
        return String::new();
    }
    let ratio = a.lossy.ratio.map(|r| format!(" {r:.0}:1")).unwrap_or_default();
    let method = a
        .lossy
        .method
        .as_ref()
        .map(|m| format!(" {m}"))
        .unwrap_or_default();
    format!("lossy{ratio}{method}")
}
