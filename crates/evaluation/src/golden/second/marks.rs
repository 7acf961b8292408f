//! Boxes.

use serde_json::{Value, json};

use super::floats;
use crate::golden::input::{list, number, value};
use crate::metrics::boxes::Rectangle;
use crate::metrics::froc::{self, CPM_RATES, Image, Scored};

fn rectangle(value: &Value) -> Result<Rectangle, String> {
    let corners: [f64; 4] = floats(value)?
        .try_into()
        .map_err(|_| format!("{value} is not x0, y0, x1, y1"))?;
    Ok(Rectangle::from_corners(corners))
}

fn image(value_of: &Value) -> Result<Image<Rectangle, Rectangle>, String> {
    let said = |v: &Value| {
        Ok(Scored {
            said: rectangle(value(v, "box")?)?,
            score: number(v, "score")?,
        })
    };
    Ok(Image {
        truth: list(value_of, "truth")?
            .iter()
            .map(rectangle)
            .collect::<Result<_, _>>()?,
        said: list(value_of, "pred")?
            .iter()
            .map(said)
            .collect::<Result<_, String>>()?,
    })
}

pub(super) fn of_boxes(input: &Value) -> Result<Value, String> {
    let mut pairs = Vec::new();
    for pair in input.get("pairs").and_then(Value::as_array).into_iter().flatten() {
        let Some([a, b]) = pair.as_array().map(Vec::as_slice) else {
            return Err(format!("{pair} is not a pair"));
        };
        let (a, b) = (rectangle(a)?, rectangle(b)?);
        pairs.push(json!({"iou": a.iou(&b), "giou": a.giou(&b), "dice": a.dice(&b)}));
    }
    let images: Vec<Image<Rectangle, Rectangle>> = list(input, "images")?
        .iter()
        .map(image)
        .collect::<Result<_, _>>()?;
    let each: Vec<Option<f64>> = images.iter().map(froc::rsna_of_image).collect();
    let mut out = json!({
        "pair_iou": pairs,
        "at_0.25": froc::detections(&images, 0.25),
        "at_0.5": froc::detections(&images, 0.5),
        "rsna_per_image": each,
        "rsna_score": froc::rsna_score(&each),
    });
    if let Some(curve) = froc::froc(&images, 0.25) {
        out["froc_points_fp_per_image_sensitivity"] = curve
            .points
            .iter()
            .map(|p| json!([p.fp_per_image, p.sensitivity]))
            .collect();
        for (rate, sensitivity) in CPM_RATES.iter().zip(curve.at) {
            out["froc_sensitivity_at"][rate.to_string()] = json!(sensitivity);
        }
        out["cpm_step"] = json!(curve.cpm);
    }
    Ok(out)
}
