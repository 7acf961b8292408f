//! Padding to a square with black, as the published box notebook does before the model's own resize: the picture is
//! then not stretched, and boxes refer to the padded square.

use serde::{Deserialize, Serialize};

use crate::RgbPicture;

/// Where a picture lies in its square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Padding {
    /// Columns of black on the left, px.
    pub left: u32,
    /// Rows of black above, px.
    pub top: u32,
    /// Side of the square, px.
    pub side: u32,
}

impl Padding {
    /// For a picture of this size: half of what lacks goes before it, rounded down, the rest after it.
    pub fn of(width: u32, height: u32) -> Self {
        let side = width.max(height);
        Self {
            left: (side - width) / 2,
            top: (side - height) / 2,
            side,
        }
    }
}

/// The picture in its square.
pub fn padded(picture: &RgbPicture) -> (RgbPicture, Padding) {
    let padding = Padding::of(picture.width, picture.height);
    let (side, width) = (padding.side as usize, picture.width as usize);
    let mut rgb = vec![0; side * side * 3];
    for (y, row) in picture.rgb.chunks_exact((width * 3).max(1)).enumerate() {
        let at = ((y + padding.top as usize) * side + padding.left as usize) * 3;
        if let Some(place) = rgb.get_mut(at..at + row.len()) {
            place.copy_from_slice(row);
        }
    }
    (
        RgbPicture {
            width: padding.side,
            height: padding.side,
            rgb,
        },
        padding,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_rest_goes_below_and_to_the_right() {
        let wide = RgbPicture {
            width: 4,
            height: 1,
            rgb: (1..=12).collect(),
        };
        let (square, padding) = padded(&wide);
        assert_eq!(
            padding,
            Padding {
                left: 0,
                top: 1,
                side: 4
            }
        );
        assert_eq!(square.rgb[12..24], wide.rgb);
        assert_eq!(square.rgb.iter().filter(|b| **b == 0).count(), 36);
        assert_eq!(
            Padding::of(2, 5),
            Padding {
                left: 1,
                top: 0,
                side: 5
            }
        );
    }
}
