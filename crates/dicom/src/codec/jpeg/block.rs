//! The coefficients of a block out of the bits of a scan (T.81 annexes F and G).

use super::huffman::{Bits, Table};
use super::stream::Scan;
use super::transform::{Block, ZIGZAG};

/// What is wrong with a block.
type Fault = &'static str;

/// A sequential block, dequantised; `steps` in the order of the stream. The block comes empty.
#[inline]
pub(super) fn sequential(
    bits: &mut Bits<'_>,
    (dc, ac): (&Table, &Table),
    prediction: &mut i32,
    steps: &[f32; 64],
    block: &mut Block,
) -> Result<(), Fault> {
    let mut here = *bits;
    *prediction = prediction.wrapping_add(here.coded_difference(dc)?);
    block.put(0, *prediction as f32 * steps[0]);
    let mut k = 1;
    while k < 64 {
        let next = here.whole(ac)?;
        let (run, size) = split(next.symbol);
        if size == 0 {
            if run < 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        let (place, step) = ZIGZAG
            .get(k)
            .zip(steps.get(k))
            .ok_or("a block has too many coefficients")?;
        block.put(*place, f32::from(next.difference) * step);
        k += 1;
    }
    *bits = here;
    Ok(())
}

fn split(symbol: u8) -> (usize, u8) {
    (usize::from(symbol >> 4), symbol & 15)
}

/// Coefficients that are kept from one progressive scan to the next.
#[derive(Clone)]
pub(super) struct Kept {
    /// In natural order.
    pub(super) values: [i16; 64],
    /// A bit for each AC coefficient, in the order of the stream, that is other than 0.
    pub(super) filled: u64,
}

impl Kept {
    /// All of them 0.
    pub(super) const EMPTY: Self = Self {
        values: [0; 64],
        filled: 0,
    };

    #[inline(always)]
    fn put(&mut self, k: usize, value: i16) {
        self.values[ZIGZAG[k & 63]] = value;
        self.filled |= 1 << (k & 63);
    }

    /// One bit more of a coefficient.
    #[inline(always)]
    fn refine(&mut self, bits: &mut Bits<'_>, k: usize, bit: i16) {
        let coefficient = &mut self.values[ZIGZAG[k & 63]];
        if bits.bits(1) == 1 && coefficient.wrapping_abs() & bit == 0 {
            *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
        }
    }
}

/// DC coefficients of a progressive scan, first pass (T.81 G.1.2.1).
#[inline]
pub(super) fn first_dc(
    bits: &mut Bits<'_>,
    table: &Table,
    prediction: &mut i32,
    low: u8,
    block: &mut Kept,
) -> Result<(), Fault> {
    *prediction = prediction.wrapping_add(bits.coded_difference(table)?);
    block.values[0] = prediction.wrapping_shl(low.into()) as i16;
    Ok(())
}

/// One bit more of a DC coefficient.
#[inline]
pub(super) fn next_dc(bits: &mut Bits<'_>, low: u8, block: &mut Kept) {
    block.values[0] |= (bits.bits(1) << low) as i16;
}

/// First pass over a band of AC coefficients (T.81 G.1.2.2).
#[inline]
pub(super) fn first_pass(
    bits: &mut Bits<'_>,
    table: &Table,
    scan: &Scan,
    blocks: &mut i32,
    block: &mut Kept,
) -> Result<(), Fault> {
    if *blocks > 0 {
        *blocks -= 1;
        return Ok(());
    }
    let (mut k, end) = (usize::from(scan.start), usize::from(scan.end));
    let mut here = *bits;
    while k <= end {
        let next = here.whole(table)?;
        let (run, size) = split(next.symbol);
        if size == 0 {
            if run < 15 {
                *blocks = (1 << run) - 1 + here.bits(run as u32);
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > end {
            return Err("a block has too many coefficients");
        }
        block.put(k, next.difference << scan.low);
        k += 1;
    }
    *bits = here;
    Ok(())
}

/// A later pass, one bit more of each coefficient (T.81 G.1.2.3).
#[inline]
pub(super) fn next_pass(
    bits: &mut Bits<'_>,
    table: &Table,
    scan: &Scan,
    blocks: &mut i32,
    block: &mut Kept,
) -> Result<(), Fault> {
    let bit = 1_i16 << scan.low;
    let (mut k, end) = (usize::from(scan.start), usize::from(scan.end));
    let mut here = *bits;
    while *blocks == 0 && k <= end {
        let (mut run, size) = split(here.symbol(table)?);
        let value = match size {
            0 if run < 15 => {
                *blocks = (1 << run) + here.bits(run as u32);
                break;
            }
            0 => 0,
            1 if here.bits(1) == 1 => bit,
            1 => -bit,
            _ => return Err("a coefficient grows by more than one bit"),
        };
        while k <= end {
            let zeros = (block.filled >> k).trailing_zeros() as usize;
            if zeros > run && k + run <= end {
                k += run;
                if value != 0 {
                    block.put(k, value);
                }
                k += 1;
                break;
            }
            run = run.saturating_sub(zeros);
            k = k.saturating_add(zeros);
            if k <= end {
                block.refine(&mut here, k, bit);
                k += 1;
            }
        }
    }
    if *blocks > 0 {
        let mut left = block.filled & (u64::MAX >> (63 - end));
        left &= u64::MAX.checked_shl(k as u32).unwrap_or(0);
        while left != 0 {
            block.refine(&mut here, left.trailing_zeros() as usize, bit);
            left &= left - 1;
        }
        *blocks -= 1;
    }
    *bits = here;
    Ok(())
}
