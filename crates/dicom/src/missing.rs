//! Rows that a file should hold and does not: what stands in their place.

use overread_imaging::attributes::FrameAttributes;
use overread_imaging::samples::Samples;
use overread_imaging::voi::Padding;

use crate::pixels::PixelLayout;
use crate::walk::PixelKind;

/// Says in a frame's attributes that only its first `rows` rows are there. The others are padding, where the cells have
/// a value to spare for it.
pub(crate) fn mark(attributes: &mut FrameAttributes, layout: &PixelLayout, rows: u32) {
    attributes.padding = attributes.padding.or_else(|| spare(layout));
    attributes.warnings.push(format!(
        "the pixel data are cut short: {rows} of {} rows are there, the others are shown black",
        layout.rows
    ));
}

/// A stored value that no cell can hold, for padding.
fn spare(layout: &PixelLayout) -> Option<Padding> {
    let grey = layout.samples == 1 && layout.photometric.starts_with("MONOCHROME");
    let room = matches!(layout.bits_allocated, 8 | 12 | 16 | 32) && layout.bits_stored < 32;
    let full = layout.bits_stored == layout.bits_allocated.next_multiple_of(8);
    if !grey || !room || full || layout.location.kind != PixelKind::Integer {
        return None;
    }
    let value = if layout.signed {
        -(1_i64 << (layout.bits_stored - 1)) - 1
    } else {
        1_i64 << layout.bits_stored
    };
    Some(Padding {
        low: value,
        high: value,
    })
}

/// The samples with what is missing of a frame of `all`: padding, else black, and no number at all where the samples are
/// no integers.
pub(crate) fn fill(
    samples: Samples,
    all: usize,
    layout: &PixelLayout,
    attributes: &FrameAttributes,
) -> Samples {
    let middle = 1_i64 << (layout.bits_stored.clamp(1, 32) - 1);
    let pixel: [i64; 3] = match (&attributes.padding, layout.samples) {
        (Some(padding), 1) => [padding.low; 3],
        (None, 1) => [darkest(layout); 3],
        _ if layout.photometric.starts_with("YBR_FULL") => [0, middle, middle],
        _ => [0; 3],
    };
    let step = usize::from(layout.samples.clamp(1, 3));
    macro_rules! extended {
        ($values:expr, $kind:ident, $type:ty) => {{
            let mut values = $values;
            let from = values.len();
            values.extend((from..all).map(|i| <$type>::try_from(pixel[i % step]).unwrap_or_default()));
            Samples::$kind(values)
        }};
    }
    match samples {
        Samples::U8(v) => extended!(v, U8, u8),
        Samples::I8(v) => extended!(v, I8, i8),
        Samples::U16(v) => extended!(v, U16, u16),
        Samples::I16(v) => extended!(v, I16, i16),
        Samples::U32(v) => extended!(v, U32, u32),
        Samples::I32(v) => extended!(v, I32, i32),
        Samples::F32(mut v) => {
            v.resize(all.max(v.len()), f32::NAN);
            Samples::F32(v)
        }
        Samples::F64(mut v) => {
            v.resize(all.max(v.len()), f64::NAN);
            Samples::F64(v)
        }
    }
}

/// The stored value that is shown black, or nearly so.
fn darkest(layout: &PixelLayout) -> i64 {
    let bits = layout.bits_stored.clamp(1, 32);
    let (low, high) = if layout.signed {
        (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
    } else {
        (0, (1_i64 << bits) - 1)
    };
    if layout.photometric == "MONOCHROME1" {
        high
    } else {
        low
    }
}
