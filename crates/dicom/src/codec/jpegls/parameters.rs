//! Coding parameters of JPEG-LS (T.87 C.2.4.1, A.2).

/// Coding parameters of an LSE marker; zero means the default.
#[derive(Default)]
pub(super) struct Preset {
    values: [i32; 5],
}

impl Preset {
    pub(super) fn read(&mut self, s: &[u8]) -> Result<(), String> {
        match s.first() {
            Some(1) if s.len() >= 11 => {
                for (value, pair) in self.values.iter_mut().zip(s[1..].chunks_exact(2)) {
                    *value = i32::from(u16::from_be_bytes([pair[0], pair[1]]));
                }
                Ok(())
            }
            Some(2 | 3) => Err("it uses mapping tables, which are not supported".to_owned()),
            _ => Err("its coding parameters make no sense".to_owned()),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Parameters {
    pub(super) maxval: i32,
    pub(super) near: i32,
    thresholds: [i32; 3],
    pub(super) reset: i32,
    pub(super) range: i32,
    pub(super) qbpp: u32,
    pub(super) limit: u32,
}

impl Parameters {
    /// Defaults of T.87 C.2.4.1.1.
    pub(super) fn new(precision: u8, near: i32, preset: &Preset) -> Result<Self, String> {
        let [maxval, t1, t2, t3, reset] = preset.values;
        let maxval = if maxval == 0 { (1 << precision) - 1 } else { maxval };
        if near > maxval / 2 || near > 255 {
            return Err("its error bound makes no sense".to_owned());
        }
        let clamp = |value: i32, low: i32| if value > maxval || value < low { low } else { value };
        let defaults = if maxval >= 128 {
            let factor = (maxval.min(4095) + 128) / 256;
            let a = clamp(factor + 2 + 3 * near, near + 1);
            let b = clamp(factor * 4 + 3 + 5 * near, a);
            [a, b, clamp(factor * 17 + 4 + 7 * near, b)]
        } else {
            let factor = 256 / (maxval + 1);
            let a = clamp(2.max(3 / factor + 3 * near), near + 1);
            let b = clamp(3.max(7 / factor + 5 * near), a);
            [a, b, clamp(4.max(21 / factor + 7 * near), b)]
        };
        let pick = |given: i32, default: i32| if given == 0 { default } else { given };
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bits = |n: i32| 32 - (n - 1).max(0).leading_zeros();
        let qbpp = bits(range);
        let bpp = 2.max(bits(maxval + 1));
        let [t1, t2, t3] = [
            pick(t1, defaults[0]),
            pick(t2, defaults[1]),
            pick(t3, defaults[2]),
        ];
        if !(near < t1 && t1 <= t2 && t2 <= t3) {
            return Err("its coding parameters make no sense".to_owned());
        }
        Ok(Self {
            maxval,
            near,
            thresholds: [t1, t2, t3],
            reset: pick(reset, 64),
            range,
            qbpp,
            limit: 2 * (bpp + 8.max(bpp)),
        })
    }

    /// The level of a gradient, -4 to 4 (T.87 A.3.3).
    #[inline]
    pub(super) fn quantize(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = d.abs();
        // The thresholds ascend: counted without a branch.
        let level = i32::from(size > self.near)
            + i32::from(size >= t1)
            + i32::from(size >= t2)
            + i32::from(size >= t3);
        let sign = d >> 31;
        (level ^ sign) - sign
    }

    /// A prediction with its (quantised) error, brought back into range (T.87 A.4.4, A.8).
    #[inline]
    pub(super) fn reconstruct(&self, px: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut rx = px + error * step;
        if rx < -self.near {
            rx += self.range * step;
        } else if rx > self.maxval + self.near {
            rx -= self.range * step;
        }
        rx.clamp(0, self.maxval)
    }
}
