//! The tissue table: CT numbers in HU at about 120 kVp, without noise.

/// Air outside the body and in airways.
pub(crate) const AIR: f32 = -1000.0;
/// Air in a pleural space.
pub(crate) const PLEURAL_AIR: f32 = -995.0;
/// Lumen of trachea and bronchi.
pub(crate) const AIRWAY: f32 = -985.0;
/// Wall of trachea and bronchi.
pub(crate) const AIRWAY_WALL: f32 = 20.0;
/// Fatty tissue under the skin and between muscles.
pub(crate) const FAT: f32 = -102.0;
/// Fat of the mediastinum with its small vessels and strands.
pub(crate) const MEDIASTINAL_FAT: f32 = -88.0;
/// Skin.
pub(crate) const SKIN: f32 = 5.0;
/// Skeletal muscle.
pub(crate) const MUSCLE: f32 = 54.0;
/// Heart muscle.
pub(crate) const MYOCARDIUM: f32 = 48.0;
/// Blood without contrast medium.
pub(crate) const BLOOD: f32 = 42.0;
/// Glandular tissue of the breast.
pub(crate) const GLAND: f32 = 30.0;
/// Liver without contrast medium.
pub(crate) const LIVER: f32 = 58.0;
/// Spleen without contrast medium.
pub(crate) const SPLEEN: f32 = 48.0;
/// Stomach wall and content.
pub(crate) const STOMACH: f32 = 28.0;
/// Oesophagus.
pub(crate) const ESOPHAGUS: f32 = 36.0;
/// Cartilage of ribs.
pub(crate) const CARTILAGE: f32 = 105.0;
/// Intervertebral disc.
pub(crate) const DISC: f32 = 85.0;
/// Fluid and nerves of the spinal canal.
pub(crate) const CANAL: f32 = 22.0;
/// A clotted collection.
pub(crate) const HAEMATOMA: f32 = 52.0;
/// Foam of the table's mattress.
pub(crate) const FOAM: f32 = -930.0;
/// Carbon shell of the table.
pub(crate) const TABLE: f32 = -260.0;

/// Blends `new` over `old` with coverage 0..1.
pub(crate) fn over(old: f32, new: f32, coverage: f32) -> f32 {
    old + (new - old) * coverage
}

/// How much of a pixel of size `pixel` (mm) a shape covers whose surface is `distance` mm away (negative: inside).
pub(crate) fn coverage(distance: f32, pixel: f32) -> f32 {
    (0.5 - distance / pixel).clamp(0.0, 1.0)
}

/// 0 below `low`, 1 above `high`, smooth between (also for low > high, then falling).
pub(crate) fn smooth_step(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Maximum of two distances with a corner rounded over `k` mm.
pub(crate) fn smooth_max(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.max(b) + h * h * k * 0.25
}

/// Signed distance (first order) to an ellipse with half axes `a`, `b` (mm) at offset (x, y) from its centre.
pub(crate) fn ellipse(x: f32, y: f32, a: f32, b: f32) -> f32 {
    let (px, py) = (x / a, y / b);
    let f = (px * px + py * py).sqrt();
    let (gx, gy) = (px / a, py / b);
    let g = (gx * gx + gy * gy).sqrt();
    if g < 1e-6 { -a.min(b) } else { f * (f - 1.0) / g }
}

/// Signed distance to a box with half sides `a`, `b` and corners rounded by `r`.
pub(crate) fn rounded_box(x: f32, y: f32, a: f32, b: f32, r: f32) -> f32 {
    let (dx, dy) = (x.abs() - a + r, y.abs() - b + r);
    dx.max(dy).min(0.0) + (dx.max(0.0).powi(2) + dy.max(0.0).powi(2)).sqrt() - r
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_the_sign_and_the_zero_of_a_distance() {
        assert!(ellipse(0.0, 0.0, 10.0, 5.0) < -4.0);
        assert!(ellipse(10.0, 0.0, 10.0, 5.0).abs() < 1e-5);
        assert!((ellipse(0.0, 6.0, 10.0, 5.0) - 1.2).abs() < 0.3);
        assert!((rounded_box(7.0, 0.0, 5.0, 3.0, 1.0) - 2.0).abs() < 1e-6);
        assert!((coverage(0.0, 1.0) - 0.5).abs() < 1e-6);
        assert!(smooth_max(1.0, 1.0, 4.0) > 1.0 && (smooth_max(9.0, 1.0, 4.0) - 9.0).abs() < 1e-6);
    }
}
