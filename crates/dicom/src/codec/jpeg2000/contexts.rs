//! Which context a bit of a code-block is decoded in: T.800 Annex D.3, as tables over a neighbourhood of 3 x 3.
//!
//! A neighbourhood is nine bits, row by row from the upper left; bit 4 is the sample itself.

use super::mq::{Context, context};

/// First of the sign coding contexts less nought: contexts 9 to 13.
const SIGN: u8 = 9;
/// First of the magnitude refinement contexts, 14 to 16.
pub(super) const REFINE: usize = 14;
/// The run-length context.
pub(super) const RUN: usize = 17;
/// The uniform context.
pub(super) const UNIFORM: usize = 18;

/// All contexts at a code-block's start (T.800 Table D.7).
pub(super) const START: [Context; 32] = {
    let mut contexts = [context(0, 0); 32];
    contexts[0] = context(4, 0);
    contexts[RUN] = context(3, 0);
    contexts[UNIFORM] = context(46, 0);
    contexts
};

/// What a subband's coefficients are high-pass in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orientation {
    /// Low-pass both ways.
    Ll,
    /// High-pass along the row.
    Hl,
    /// High-pass along the column.
    Lh,
    /// High-pass both ways.
    Hh,
}

/// The zero coding contexts of an orientation by neighbourhood (T.800 Table D.1).
pub(super) fn zero_coding(orientation: Orientation) -> &'static [u8; 512] {
    static ALONG: [u8; 512] = zero_coding_table(0);
    static ACROSS: [u8; 512] = zero_coding_table(1);
    static DIAGONAL: [u8; 512] = zero_coding_table(2);
    match orientation {
        Orientation::Ll | Orientation::Lh => &ALONG,
        Orientation::Hl => &ACROSS,
        Orientation::Hh => &DIAGONAL,
    }
}

const fn zero_coding_table(kind: u8) -> [u8; 512] {
    let mut table = [0; 512];
    let mut n = 0;
    while n < 512 {
        let horizontal = ((n >> 3) & 1) + ((n >> 5) & 1);
        let vertical = ((n >> 1) & 1) + ((n >> 7) & 1);
        let diagonal = (n & 1) + ((n >> 2) & 1) + ((n >> 6) & 1) + ((n >> 8) & 1);
        table[n] = match kind {
            0 => beside(horizontal, vertical, diagonal),
            1 => beside(vertical, horizontal, diagonal),
            _ => cornered(horizontal + vertical, diagonal),
        };
        n += 1;
    }
    table
}

const fn beside(main: usize, other: usize, diagonal: usize) -> u8 {
    match (main, other, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

const fn cornered(sides: usize, diagonal: usize) -> u8 {
    match (diagonal, sides) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, 1) => 4,
        (1, 0) => 3,
        (_, 2..) => 2,
        (_, 1) => 1,
        _ => 0,
    }
}

/// The sign coding context and, in bit 7, whether the decoded bit is turned round (T.800 Tables D.2 and D.3). Index:
/// significance of upper, left, right and lower neighbour in bits 1, 3, 5, 7, its sign in the bit below each.
pub(super) static SIGN_CODING: [u8; 256] = sign_coding_table();

const fn sign_coding_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let vertical = clamp(worth(n) + worth(n >> 6));
        let horizontal = clamp(worth(n >> 2) + worth(n >> 4));
        table[n] = match (horizontal, vertical) {
            (1, 1) => SIGN + 4,
            (1, 0) => SIGN + 3,
            (1, _) => SIGN + 2,
            (0, 1) => SIGN + 1,
            (0, 0) => SIGN,
            (0, _) => (SIGN + 1) | 0x80,
            (_, 1) => (SIGN + 2) | 0x80,
            (_, 0) => (SIGN + 3) | 0x80,
            _ => (SIGN + 4) | 0x80,
        };
        n += 1;
    }
    table
}

/// What a neighbour adds: nothing where insignificant, else its sign.
const fn worth(pair: usize) -> i8 {
    match pair & 3 {
        2 => 1,
        3 => -1,
        _ => 0,
    }
}

const fn clamp(sum: i8) -> i8 {
    if sum > 1 {
        1
    } else if sum < -1 {
        -1
    } else {
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_coding_follows_table_d_1() {
        // Left and right neighbour significant.
        let row = 1 << 3 | 1 << 5;
        assert_eq!(zero_coding(Orientation::Lh)[row], 8);
        assert_eq!(zero_coding(Orientation::Hl)[row], 4);
        assert_eq!(zero_coding(Orientation::Hh)[row], 2);
        // Two corners and the one above.
        let corners = 1 | 1 << 2 | 1 << 1;
        assert_eq!(zero_coding(Orientation::Ll)[corners], 3);
        assert_eq!(zero_coding(Orientation::Hl)[corners], 6);
        assert_eq!(zero_coding(Orientation::Hh)[corners], 7);
        assert_eq!(zero_coding(Orientation::Hh)[0], 0);
    }

    #[test]
    fn sign_coding_follows_table_d_3() {
        // Both horizontal neighbours positive, both vertical negative.
        let index = 1 << 3 | 1 << 5 | 1 << 1 | 1 | 1 << 7 | 1 << 6;
        assert_eq!(SIGN_CODING[index], 11);
        // Left negative alone.
        assert_eq!(SIGN_CODING[1 << 3 | 1 << 2], 12 | 0x80);
        // Left positive and right negative cancel.
        assert_eq!(SIGN_CODING[1 << 3 | 1 << 5 | 1 << 4], 9);
    }
}
