//! Kinds about scores, probabilities, calibration, texts, boxes and readers.

use super::hold;

#[test]
fn scores_and_readers() {
    hold(&["scores", "delong_pair", "mrmc"]);
}

#[test]
fn probabilities_and_calibration() {
    hold(&[
        "probabilities",
        "confidence",
        "temperature",
        "platt",
        "isotonic",
        "conformal",
    ]);
}

#[test]
fn texts_lists_and_boxes() {
    hold(&["vqa", "ranked", "multilabel", "boxes"]);
}
