//! Veils and curves over a picture of the reference renderer.

use glam::{DAffine2, DVec2};

use crate::overlay::Veil;
use crate::presentation::Curve;
use crate::view::View;

/// Width of a line and of its dark border, px of the output.
const LINE: f64 = 1.5;
const BORDER: f64 = 3.6;
const BORDER_STRENGTH: f64 = 0.7;
/// Arm of the cross that a point is drawn as, px of the output.
const ARM: f64 = 4.0;

/// Lays a veil over RGBA that was drawn as `view`: at each output pixel the colour of the image pixel under its centre.
pub fn lay_over(rgba: &mut [u8], view: &View, veil: &Veil) {
    if veil.is_empty() || view.width == 0 {
        return;
    }
    // What is outside of the image is background already.
    for (i, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i % view.width as usize, i / view.width as usize);
        let at = view
            .image_from_output
            .transform_point2(DVec2::new(x as f64 + 0.5, y as f64 + 0.5));
        if let Some([r, g, b]) = veil.at(at) {
            pixel.copy_from_slice(&[r, g, b, 255]);
        }
    }
}

/// Draws curves over RGBA that was drawn as `view`.
pub fn draw_curves(rgba: &mut [u8], view: &View, curves: &[Curve]) {
    let output_from_image = view.image_from_output.inverse();
    if !output_from_image.is_finite() {
        return;
    }
    for curve in curves {
        let points = on_output(curve, &output_from_image);
        if points.iter().any(|p| !p.is_finite()) {
            continue;
        }
        if curve.filled && curve.points.len() > 2 {
            fill(rgba, view, &points, curve.colour);
        }
        stroke(rgba, view, &points, BORDER, [0; 3], BORDER_STRENGTH);
        stroke(rgba, view, &points, LINE, curve.colour, 1.0);
    }
}

fn on_output(curve: &Curve, map: &DAffine2) -> Vec<DVec2> {
    let points: Vec<DVec2> = curve.points.iter().map(|p| map.transform_point2(*p)).collect();
    match points.as_slice() {
        &[at] => {
            let (x, y) = (DVec2::new(ARM, 0.0), DVec2::new(0.0, ARM));
            vec![at - x, at + x, at, at - y, at + y]
        }
        _ => points,
    }
}

/// Columns and rows of the output that a box touches.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the output"
)]
fn touched(view: &View, low: DVec2, high: DVec2) -> [std::ops::Range<usize>; 2] {
    let range = |low: f64, high: f64, n: u32| {
        let most = f64::from(n);
        (low.floor().clamp(0.0, most) as usize)..(high.ceil().clamp(0.0, most) as usize)
    };
    [
        range(low.x, high.x, view.width),
        range(low.y, high.y, view.height),
    ]
}

fn blend(rgba: &mut [u8], view: &View, x: usize, y: usize, colour: [u8; 3], strength: f64) {
    let at = (y * view.width as usize + x) * 4;
    let Some(pixel) = rgba.get_mut(at..at + 3) else {
        return;
    };
    for (old, new) in pixel.iter_mut().zip(colour) {
        let mixed = f64::from(*old) + (f64::from(new) - f64::from(*old)) * strength;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two bytes"
        )]
        {
            *old = (mixed + 0.5).floor() as u8;
        }
    }
}

/// A line of some width along points; each output pixel is covered once, as far as the line reaches into it.
fn stroke(rgba: &mut [u8], view: &View, points: &[DVec2], width: f64, colour: [u8; 3], strength: f64) {
    let reach = width / 2.0 + 0.5;
    let mut covered = std::collections::BTreeMap::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let [columns, rows] = touched(view, a.min(b) - reach, a.max(b) + reach);
        let edge = b - a;
        for y in rows {
            for x in columns.clone() {
                let at = DVec2::new(x as f64 + 0.5, y as f64 + 0.5);
                let along = ((at - a).dot(edge) / edge.length_squared().max(1e-12)).clamp(0.0, 1.0);
                let cover = (reach - at.distance(a + edge * along)).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let most = covered.entry((y, x)).or_insert(0.0_f64);
                    *most = most.max(cover);
                }
            }
        }
    }
    for ((y, x), cover) in covered {
        blend(rgba, view, x, y, colour, cover * strength);
    }
}

fn fill(rgba: &mut [u8], view: &View, points: &[DVec2], colour: [u8; 3]) {
    let low = points.iter().copied().fold(DVec2::INFINITY, DVec2::min);
    let high = points.iter().copied().fold(DVec2::NEG_INFINITY, DVec2::max);
    let [columns, rows] = touched(view, low, high);
    for y in rows {
        for x in columns.clone() {
            let at = DVec2::new(x as f64 + 0.5, y as f64 + 0.5);
            if crate::shutter::inside(points, at) {
                blend(rgba, view, x, y, colour, 1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::shutter::{Shutter, ShutterShape};

    #[test]
    fn a_veil_stays_sharp_when_the_picture_is_enlarged() {
        let view = View {
            image_from_output: DAffine2::from_scale(DVec2::splat(0.5)),
            ..View::identity(4, 4)
        };
        let veil = Veil {
            colours: None,
            shutter: Some(Arc::new(Shutter {
                shapes: vec![ShutterShape::Rectangular([1.0, 1.0, 1.0, 2.0])],
                colour: [7; 3],
            })),
            planes: Vec::new(),
        };
        let mut rgba = [200, 200, 200, 255].repeat(16);
        lay_over(&mut rgba, &view, &veil);
        let reds: Vec<u8> = rgba.chunks_exact(4).map(|p| p[0]).collect();
        assert_eq!(reds, [200, 200, 7, 7].repeat(4));
    }

    #[test]
    fn a_line_is_drawn_where_it_lies() {
        let view = View::identity(9, 9);
        let mut rgba = [100, 100, 100, 255].repeat(81);
        let curve = Curve {
            points: vec![DVec2::new(2.5, 4.5), DVec2::new(6.5, 4.5)],
            filled: false,
            colour: [255, 0, 0],
        };
        draw_curves(&mut rgba, &view, &[curve]);
        let at = |x: usize, y: usize| &rgba[(y * 9 + x) * 4..][..3];
        assert_eq!(at(4, 4), [255, 0, 0]);
        assert_eq!(at(4, 8), [100, 100, 100]);
        assert!(at(4, 6)[0] < 100, "a dark border keeps it readable on white");
    }
}
