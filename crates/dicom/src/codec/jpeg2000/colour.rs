//! The multiple component transforms (T.800 Annex G) and the way out: level shift, rounding, limits.

use super::header::Component;
use super::tile::{Samples, Values};

/// Undoes the transform of components 0 to 2.
pub(super) fn undo(samples: &mut [Samples]) -> Result<(), String> {
    let [first, second, third, ..] = samples else {
        return Err("its colour transform has no three components".to_owned());
    };
    if first.rect != second.rect || first.rect != third.rect {
        return Err("its colour transform has components of several sizes".to_owned());
    }
    match (&mut first.values, &mut second.values, &mut third.values) {
        (Values::Whole(a), Values::Whole(b), Values::Whole(c)) => {
            for ((a, b), c) in a.cells.iter_mut().zip(&mut b.cells).zip(&mut c.cells) {
                let (y, u, v) = (*a, *b, *c);
                let green = y.wrapping_sub(u.wrapping_add(v) >> 2);
                (*a, *b, *c) = (v.wrapping_add(green), green, u.wrapping_add(green));
            }
        }
        (Values::Real(a), Values::Real(b), Values::Real(c)) => {
            for ((a, b), c) in a.cells.iter_mut().zip(&mut b.cells).zip(&mut c.cells) {
                let (y, u, v) = (*a, *b, *c);
                *a = y + 1.402 * v;
                *b = y - 0.344_13 * u - 0.714_14 * v;
                *c = y + 1.772 * u;
            }
        }
        _ => return Err("its colour transform has components of both filters".to_owned()),
    }
    Ok(())
}

/// A component's way to cells: level shift (T.800 G.1), nearest whole value, limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    shift: i32,
    low: i32,
    high: i32,
}

impl Way {
    pub(super) fn new(component: &Component) -> Self {
        let half = 1_i32 << (component.precision - 1);
        if component.signed {
            Self {
                shift: 0,
                low: -half,
                high: half - 1,
            }
        } else {
            Self {
                shift: half,
                low: 0,
                high: half - 1 + half,
            }
        }
    }

    pub(super) fn whole(&self, value: i32) -> u32 {
        value
            .saturating_add(self.shift)
            .clamp(self.low, self.high)
            .cast_unsigned()
    }

    /// Ties go to the even neighbour.
    pub(super) fn real(&self, value: f32) -> u32 {
        // Below 2^22 the sum has no room for a fraction and rounds as the processor does.
        const ROOM: f32 = 12_582_912.0;
        let whole = if value.abs() < 4_194_304.0 {
            (value + ROOM) - ROOM
        } else {
            value
        };
        self.whole(whole as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_shifted_rounded_and_limited() {
        let way = |precision, signed| {
            Way::new(&Component {
                precision,
                signed,
                step: (1, 1),
            })
        };
        assert_eq!(way(8, false).whole(-128), 0);
        assert_eq!(way(8, false).whole(200), 255);
        assert_eq!(way(12, true).whole(-5000).cast_signed(), -2048);
        assert_eq!(way(8, false).real(0.5), 128);
        assert_eq!(way(8, false).real(1.5), 130);
        assert_eq!(way(28, true).real(1e30), (1 << 27) - 1);
        assert_eq!(way(16, true).real(f32::NAN), 0);
    }
}
