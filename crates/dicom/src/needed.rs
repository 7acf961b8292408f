//! The top-level attributes that an image's header is read from: a scan parses no others, which makes it several
//! times faster on files full of private elements and long sequences.

use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

static NEEDED: LazyLock<Vec<(u16, u16)>> = LazyLock::new(|| {
    let mut all: Vec<(u16, u16)> = ALL.iter().map(|tag| (tag.0, tag.1)).collect();
    all.sort_unstable();
    all
});

/// True for a top-level attribute that [`crate::header::ImageHeader`] reads.
pub(crate) fn is_needed(group: u16, number: u16) -> bool {
    NEEDED.binary_search(&(group, number)).is_ok()
        || crate::overlay::is_described_by(group, number)
        || is_needed_private(group, number)
}

/// Private elements that b-values, directions and mosaics are read from, in whichever block, and the names of the blocks.
fn is_needed_private(group: u16, number: u16) -> bool {
    let wanted: &[u16] = match group {
        0x0019 => &[0x0A, 0x0C, 0x0E],
        0x0029 => &[0x10],
        0x0043 => &[0x39],
        0x2001 => &[0x03],
        _ => return false,
    };
    (0x10..=0xFF).contains(&number) || number >= 0x1000 && wanted.contains(&(number & 0xFF))
}

const ALL: &[Tag] = &[
    tags::ACQUISITION_NUMBER,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BODY_PART_EXAMINED,
    tags::CENTER_OF_CIRCULAR_SHUTTER,
    tags::CINE_RATE,
    tags::COLUMNS,
    tags::COMPLEX_IMAGE_COMPONENT,
    tags::CONVOLUTION_KERNEL,
    tags::DETECTOR_INFORMATION_SEQUENCE,
    tags::DETECTOR_VECTOR,
    tags::DIFFUSION_B_VALUE,
    tags::DIFFUSION_GRADIENT_ORIENTATION,
    tags::DIMENSION_INDEX_SEQUENCE,
    tags::ECHO_NUMBERS,
    tags::ECHO_TIME,
    tags::EFFECTIVE_ECHO_TIME,
    tags::ENERGY_WINDOW_VECTOR,
    tags::FLIP_ANGLE,
    tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
    tags::FRAME_OF_REFERENCE_UID,
    tags::FRAME_REFERENCE_TIME,
    tags::FRAME_TIME,
    tags::FRAME_TIME_VECTOR,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GRID_FRAME_OFFSET_VECTOR,
    tags::HIGH_BIT,
    tags::ICC_PROFILE,
    tags::IMAGER_PIXEL_SPACING,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::IMAGE_POSITION_PATIENT,
    tags::IMAGE_TYPE,
    tags::INSTANCE_NUMBER,
    tags::INVERSION_TIME,
    tags::KVP,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::MODALITY,
    tags::MODALITY_LUT_SEQUENCE,
    tags::MR_ECHO_SEQUENCE,
    tags::NOMINAL_SCANNED_PIXEL_SPACING,
    tags::NUMBER_OF_FRAMES,
    tags::PATIENT_AGE,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_ID,
    tags::PATIENT_NAME,
    tags::PATIENT_SEX,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PIXEL_ASPECT_RATIO,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_REPRESENTATION,
    tags::PIXEL_SPACING,
    tags::PIXEL_SPACING_CALIBRATION_TYPE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::PLANAR_CONFIGURATION,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PRESENTATION_LUT_SHAPE,
    tags::RADIUS_OF_CIRCULAR_SHUTTER,
    tags::RECOMMENDED_DISPLAY_FRAME_RATE,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::RESCALE_TYPE,
    tags::ROWS,
    tags::SAMPLES_PER_PIXEL,
    tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENT_SEQUENCE,
    tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
    tags::SERIES_DESCRIPTION,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::SHUTTER_LEFT_VERTICAL_EDGE,
    tags::SHUTTER_LOWER_HORIZONTAL_EDGE,
    tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE,
    tags::SHUTTER_PRESENTATION_VALUE,
    tags::SHUTTER_RIGHT_VERTICAL_EDGE,
    tags::SHUTTER_SHAPE,
    tags::SHUTTER_UPPER_HORIZONTAL_EDGE,
    tags::SLICE_THICKNESS,
    tags::SLICE_VECTOR,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::SPACING_BETWEEN_SLICES,
    tags::SPECIFIC_CHARACTER_SET,
    tags::STUDY_DATE,
    tags::STUDY_DESCRIPTION,
    tags::STUDY_INSTANCE_UID,
    tags::TEMPORAL_POSITION_IDENTIFIER,
    tags::TIME_SLOT_VECTOR,
    tags::TRIGGER_TIME,
    tags::UNITS,
    tags::VERTICES_OF_THE_POLYGONAL_SHUTTER,
    tags::VOILUT_FUNCTION,
    tags::VOILUT_SEQUENCE,
    tags::WINDOW_CENTER,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
    tags::WINDOW_WIDTH,
];
