//! The image processor: Pillow's bilinear resize to the square, byte for byte, then (b/255 - 0.5)/0.5.

use sha2::{Digest, Sha256};

use crate::words::hex;

/// The resize rule, as records name it: antialiased, 8 bit, two passes. torchvision's rule differs by one grey level in about a sixth of the bytes.
pub const RESIZE: &str = "Pillow bilinear, stretched to the square";

/// An RGB picture, 8 bit, row-major, interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// px.
    pub width: usize,
    /// px.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// True when there is a pixel and a byte for every channel of every pixel.
    pub fn is_whole(&self) -> bool {
        let bytes = self.width.checked_mul(self.height).and_then(|n| n.checked_mul(3));
        bytes == Some(self.rgb.len()) && !self.rgb.is_empty()
    }

    /// SHA-256 of the bytes, in hex.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.rgb))
    }

    /// Stretched to `side` x `side` as Pillow's `Image.resize((side, side), Resampling.BILINEAR)` does: two passes,
    /// horizontal first, 22-bit fixed point, each rounded to 8 bit; a pass that changes nothing is skipped.
    pub fn resized(&self, side: usize) -> Self {
        let across = (self.width != side).then(|| self.pass(side, true));
        match across {
            Some(across) if across.height == side => across,
            Some(across) => across.pass(side, false),
            None if self.height == side => self.clone(),
            None => self.pass(side, false),
        }
    }

    fn pass(&self, side: usize, horizontal: bool) -> Self {
        let size = if horizontal { self.width } else { self.height };
        let kernels = kernels(size, side);
        let (width, height) = if horizontal {
            (side, self.height)
        } else {
            (self.width, side)
        };
        let mut rgb = vec![0_u8; width * height * 3];
        for y in 0..height {
            for x in 0..width {
                let (low, weights) = &kernels[if horizontal { x } else { y }];
                let mut sums = [1_i64 << 21; 3];
                for (j, weight) in weights.iter().enumerate() {
                    let (sx, sy) = if horizontal { (low + j, y) } else { (x, low + j) };
                    let at = (sy * self.width + sx) * 3;
                    for (sum, byte) in sums.iter_mut().zip(&self.rgb[at..at + 3]) {
                        *sum += weight * i64::from(*byte);
                    }
                }
                let at = (y * width + x) * 3;
                for (byte, sum) in rgb[at..at + 3].iter_mut().zip(sums) {
                    *byte = (sum >> 22).clamp(0, 255) as u8;
                }
            }
        }
        Self { width, height, rgb }
    }

    /// Values for the tower, planar `[3, H, W]`: rescaled in double, then normalised with mean and deviation 0.5.
    pub fn normalised(&self) -> Vec<f32> {
        let pixels = self.width * self.height;
        let value = |b: u8| {
            let rescaled = (f64::from(b) * 0.003_921_568_627_450_98) as f32;
            (rescaled - 0.5) / 0.5
        };
        (0..3)
            .flat_map(|c| (0..pixels).map(move |i| i * 3 + c))
            .map(|i| value(self.rgb[i]))
            .collect()
    }
}

/// First source index and fixed-point weights of every output index.
fn kernels(size: usize, side: usize) -> Vec<(usize, Vec<i64>)> {
    let scale = size as f64 / side as f64;
    let stretch = scale.max(1.0);
    (0..side)
        .map(|o| {
            let centre = (o as f64 + 0.5) * scale;
            let low = (centre - stretch + 0.5).trunc().max(0.0) as usize;
            let high = ((centre + stretch + 0.5).trunc() as usize).min(size);
            let weights: Vec<f64> = (low..high)
                .map(|j| (1.0 - ((j as f64 - centre + 0.5) / stretch).abs()).max(0.0))
                .collect();
            let sum: f64 = weights.iter().sum();
            let fixed = weights
                .iter()
                .map(|w| (0.5 + w / sum * f64::from(1 << 22)).trunc() as i64)
                .collect();
            (low, fixed)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = Picture {
            width: 2,
            height: 2,
            rgb: (0..12).collect(),
        };
        assert_eq!(picture.resized(2), picture);
        // One pass alone, either way.
        let flat = |width: usize, height: usize| Picture {
            width,
            height,
            rgb: vec![7; width * height * 3],
        };
        for (width, height) in [(2, 5), (5, 2), (5, 5)] {
            assert_eq!(flat(width, height).resized(2), flat(2, 2));
        }
    }

    #[test]
    fn halving_averages_with_a_triangle() {
        let grey = [0_u8, 80, 160, 240];
        let picture = Picture {
            width: 4,
            height: 1,
            rgb: grey.iter().flat_map(|g| [*g; 3]).collect(),
        };
        let half = picture.pass(2, true);
        // Weights 0.75, 0.75, 0.25 of what lies in reach: (0*0.75 + 80*0.75 + 160*0.25) / 1.75.
        assert_eq!(half.rgb[0], 57);
        assert_eq!(half.rgb[3], 183);
    }
}
