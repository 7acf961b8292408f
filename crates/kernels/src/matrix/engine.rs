//! Which kernel multiplies what, and in what steps.

#[cfg(target_arch = "x86_64")]
use super::product::MANY;
use super::{Format, Wanted, plain, unpack};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::level::Level;

/// A tile of activations times a part of some strips.
pub(super) struct Tile {
    /// Strips side by side.
    pub(super) strips: usize,
    /// Rows of activations.
    pub(super) rows: usize,
    /// The weights of the part; a strip begins `stride` bytes after the one before. Unpacked weights are interleaved
    /// by strips instead.
    pub(super) weights: *const u8,
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "the scalar twin takes one strip")
    )]
    pub(super) stride: usize,
    /// The activations of the part, in the order of [`crate::panel`].
    pub(super) x: *const u32,
    /// Steps of the part.
    pub(super) steps: usize,
    /// Sums `[rows][strips][16]`, aligned to 64 bytes.
    pub(super) sums: *mut f32,
    /// The first part: the sums begin at zero.
    pub(super) first: bool,
}

/// A kernel and the shape of its work.
#[derive(Clone, Copy)]
pub(super) struct Engine {
    /// The most strips at once.
    pub(super) strips: usize,
    /// Columns of a step.
    pub(super) columns: usize,
    /// Words of a row of activations to a step.
    pub(super) words: usize,
    /// Steps that the weights hold together, and their bytes.
    pub(super) whole: usize,
    pub(super) whole_bytes: usize,
    /// Steps to a part of the columns, a multiple of what activations hold together; 0 for all.
    pub(super) part: usize,
    /// Unpacks a part of strip `s` of `count`, and the bytes of a strip that it writes for a step.
    pub(super) unpack: Option<fn(part: &[u8], out: &mut [u8], s: usize, count: usize)>,
    pub(super) unpacked: usize,
    /// Multiplies; the pointers must hold what the tile says, and the machine the engine's instructions.
    pub(super) multiply: unsafe fn(&Tile),
}

/// Most rows of activations in a tile.
pub(crate) fn tile(level: Level, wanted: Wanted) -> usize {
    #[cfg(target_arch = "x86_64")]
    return match (level, wanted) {
        (Level::Plain, _) => plain::ROWS,
        (Level::Avx2, Wanted::F32 | Wanted::Bf16) => avx2::F32_ROWS,
        (Level::Avx2 | Level::Avx512, Wanted::Int8) => avx2::BYTES_ROWS,
        _ => avx512::ROWS,
    };
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (level, wanted);
        plain::ROWS
    }
}

/// The engine for `m` rows.
pub(super) fn of(format: Format, level: Level, m: usize) -> Engine {
    #[cfg(target_arch = "x86_64")]
    if let Some(engine) = for_avx512(format, level, m).or_else(|| for_avx2(format, level, m)) {
        return engine;
    }
    let _ = (level, m);
    let base = base(format);
    let bytes = |multiply, unpack| Engine {
        multiply,
        unpack: Some(unpack),
        unpacked: plain::COLUMNS_BYTES,
        ..base
    };
    match format {
        Format::F32 | Format::Bf16 => base,
        Format::Q8_0 => bytes(
            plain::bytes_tile::<{ unpack::Q8 }>,
            plain::unpack::<{ unpack::Q8 }>,
        ),
        Format::Q4K => bytes(
            plain::bytes_tile::<{ unpack::Q4 }>,
            plain::unpack::<{ unpack::Q4 }>,
        ),
        Format::Q6K => bytes(
            plain::bytes_tile::<{ unpack::Q6 }>,
            plain::unpack::<{ unpack::Q6 }>,
        ),
    }
}

#[cfg(target_arch = "x86_64")]
fn for_avx2(format: Format, level: Level, m: usize) -> Option<Engine> {
    if level >= Level::Avx2 && format == Format::Bf16 && m <= avx2::floats::FEW {
        return Some(widening(base(format), avx2::floats::few));
    }
    let multiply = match format {
        Format::F32 | Format::Bf16 => avx2::floats::tile,
        Format::Q8_0 => avx2::bytes::tile::<{ unpack::Q8 }>,
        Format::Q4K => avx2::bytes::tile::<{ unpack::Q4 }>,
        Format::Q6K => avx2::bytes::tile::<{ unpack::Q6 }>,
    };
    (level >= Level::Avx2).then(|| Engine {
        multiply,
        ..base(format)
    })
}

#[cfg(target_arch = "x86_64")]
fn for_avx512(format: Format, level: Level, m: usize) -> Option<Engine> {
    use avx512::{bytes, floats};
    let needed = match format {
        Format::F32 | Format::Bf16 => Level::Avx512,
        Format::Q8_0 | Format::Q4K | Format::Q6K => Level::Avx512Vnni,
    };
    if level < needed {
        return None;
    }
    let float = Engine {
        strips: 2,
        multiply: floats::f32_tile,
        ..base(format)
    };
    // Many rows pass over a part of a few strips while it is in the nearest cache; few rows over a strip from end to
    // end.
    let byte = |multiply| Engine {
        strips: if m > MANY { 4 } else { 1 },
        part: if m > MANY { 16 } else { 0 },
        unpack: None,
        multiply,
        ..base(format)
    };
    Some(match format {
        Format::F32 => Engine {
            part: if m > MANY { 256 } else { 0 },
            ..float
        },
        Format::Bf16 if level >= Level::Avx512Bf16 => Engine {
            columns: 2,
            whole: 1,
            part: if m > MANY { 256 } else { 0 },
            unpack: None,
            multiply: floats::bf16_tile,
            ..float
        },
        Format::Bf16 if m <= floats::FEW => widening(float, floats::few),
        Format::Bf16 => float,
        Format::Q8_0 => byte(bytes::tile::<{ unpack::Q8 }>),
        Format::Q4K => byte(bytes::tile::<{ unpack::Q4 }>),
        Format::Q6K => byte(bytes::tile::<{ unpack::Q6 }>),
    })
}

/// bfloat16 weights widened by the kernel itself, a strip from end to end.
#[cfg(target_arch = "x86_64")]
fn widening(engine: Engine, multiply: unsafe fn(&Tile)) -> Engine {
    Engine {
        strips: 1,
        part: 0,
        unpack: None,
        multiply,
        ..engine
    }
}

/// The steps of a format with the activations in float32 or bytes.
fn base(format: Format) -> Engine {
    let single = Engine {
        strips: 1,
        columns: 1,
        words: 1,
        whole: 1,
        whole_bytes: format.strip_block_bytes(),
        part: 0,
        unpack: None,
        unpacked: 0,
        multiply: plain::f32_tile,
    };
    let bytes = Engine {
        columns: 32,
        words: crate::panel::BLOCK_WORDS,
        whole: format.block() / 32,
        part: 16,
        unpacked: unpack::SPAN_BYTES,
        ..single
    };
    match format {
        Format::F32 => Engine { part: 512, ..single },
        Format::Bf16 => Engine {
            whole: 2,
            part: 512,
            unpack: Some(unpack::bf16),
            unpacked: 64,
            ..single
        },
        Format::Q8_0 => Engine {
            unpack: Some(unpack::q8),
            ..bytes
        },
        Format::Q4K => Engine {
            unpack: Some(unpack::q4),
            ..bytes
        },
        Format::Q6K => Engine {
            unpack: Some(unpack::q6),
            ..bytes
        },
    }
}
