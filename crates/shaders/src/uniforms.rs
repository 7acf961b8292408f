//! The uniform block of the presentation shader as bytes.

/// Values of the block, named as in the shader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PresentUniforms {
    /// Row of the view for image x; w: 1 = linear interpolation.
    pub view_x: [f32; 4],
    /// Row of the view for image y; w: 1 = inverted.
    pub view_y: [f32; 4],
    /// Columns, rows, sample kind, 0.
    pub image: [i32; 4],
    /// Slope, intercept, output width, output height.
    pub modality: [f32; 4],
    /// Centre, width, function, highest LUT entry.
    pub voi: [f32; 4],
    /// First input and length of the modality LUT, then of the VOI LUT.
    pub luts: [i32; 4],
    /// Lowest and highest padding value, 1 = there is padding, 0.
    pub padding: [f32; 4],
}

/// Length of the block.
pub const BYTES: usize = 112;

/// Names and byte offsets of the members, in order.
pub const OFFSETS: [(&str, usize); 7] = [
    ("view_x", 0),
    ("view_y", 16),
    ("image", 32),
    ("modality", 48),
    ("voi", 64),
    ("luts", 80),
    ("padding", 96),
];

impl PresentUniforms {
    /// True when the shader's `fs_window` draws this: whole numbers that fit a signed 32-bit integer, no tables, LINEAR
    /// wider than 1 or LINEAR_EXACT.
    pub fn is_window(&self) -> bool {
        let [.., kind, _] = self.image;
        let [_, width, function, _] = self.voi;
        let known = matches!(kind, 0..=3 | 5) && self.luts[1] == 0;
        known && ((function == 0.0 && width > 1.0) || (function == 1.0 && width > 0.0))
    }

    /// The block, little endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        let f = |v: &[f32; 4], out: &mut Vec<u8>| out.extend(v.iter().flat_map(|x| x.to_le_bytes()));
        let i = |v: &[i32; 4], out: &mut Vec<u8>| out.extend(v.iter().flat_map(|x| x.to_le_bytes()));
        f(&self.view_x, &mut out);
        f(&self.view_y, &mut out);
        i(&self.image, &mut out);
        f(&self.modality, &mut out);
        f(&self.voi, &mut out);
        i(&self.luts, &mut out);
        f(&self.padding, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use naga::TypeInner;

    /// The offsets here are the shader's.
    #[test]
    fn the_layout_is_the_shaders() {
        let (module, _) = crate::glsl::parse(crate::PRESENT_WGSL).expect("valid");
        let (members, span) = module
            .types
            .iter()
            .find_map(|(_, t)| match &t.inner {
                TypeInner::Struct { members, span } if t.name.as_deref() == Some("Present") => {
                    Some((members, *span))
                }
                _ => None,
            })
            .expect("the block is there");
        let found: Vec<(&str, usize)> = members
            .iter()
            .map(|m| (m.name.as_deref().unwrap_or(""), m.offset as usize))
            .collect();
        assert_eq!(found, OFFSETS);
        assert_eq!(span as usize, BYTES);
    }
}
