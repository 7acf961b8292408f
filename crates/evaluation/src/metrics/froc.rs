//! Marks held against marks: greedy matching, counts, the score of the RSNA pneumonia challenge, FROC and CPM.

use serde::Serialize;

use super::boxes::Fits;

/// Something said, with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<Said> {
    /// Box or point.
    pub said: Said,
    /// Larger is surer.
    pub score: f64,
}

/// A picture or scan: what is there and what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Image<True, Said> {
    /// Truth.
    pub truth: Vec<True>,
    /// Answers.
    pub said: Vec<Scored<Said>>,
}

/// How an image's marks were matched.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matched {
    /// From the highest score down: its index, its score, and the index of the truth that it hit.
    pub marks: Vec<MatchedMark>,
    /// Truths that nothing hit.
    pub missed: usize,
}

/// One mark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MatchedMark {
    /// Index among what was said.
    pub said: usize,
    /// Its score.
    pub score: f64,
    /// Index of the truth that it hit.
    pub hit: Option<usize>,
}

impl Matched {
    /// Marks that hit.
    pub fn hits(&self) -> usize {
        self.marks.iter().filter(|m| m.hit.is_some()).count()
    }
}

/// Matches marks from the highest score down, equal ones in their own order: each takes the free truth that it fits best,
/// the first of equally good ones, if the fit is above `threshold` (strictly).
pub fn matched<True: Fits<Said>, Said>(image: &Image<True, Said>, threshold: f64) -> Matched {
    let scores: Vec<f64> = image.said.iter().map(|s| s.score).collect();
    let mut free = vec![true; image.truth.len()];
    let mut marks = Vec::with_capacity(scores.len());
    for said in super::roc::descending(&scores) {
        let (mut best, mut hit) = (threshold, None);
        for (i, truth) in image.truth.iter().enumerate().filter(|(i, _)| free[*i]) {
            let fit = truth.fit(&image.said[said].said);
            if fit > best {
                (best, hit) = (fit, Some(i));
            }
        }
        if let Some(i) = hit {
            free[i] = false;
        }
        marks.push(MatchedMark {
            said,
            score: scores[said],
            hit,
        });
    }
    Matched {
        marks,
        missed: free.iter().filter(|f| **f).count(),
    }
}

/// Counts over images at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Detections {
    /// Truths that were hit.
    pub tp: usize,
    /// Marks that hit nothing.
    pub fp: usize,
    /// Truths that were missed.
    #[serde(rename = "fn")]
    pub fn_: usize,
    /// TP / (TP + FP), 0 for 0 / 0.
    pub precision: f64,
    /// TP / (TP + FN), 0 for 0 / 0.
    pub recall: f64,
    /// 2 TP / (2 TP + FP + FN), 0 for 0 / 0.
    pub f1: f64,
}

fn share(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// Counts over all images.
pub fn detections<True: Fits<Said>, Said>(images: &[Image<True, Said>], threshold: f64) -> Detections {
    let (mut tp, mut fp, mut fn_) = (0, 0, 0);
    for image in images {
        let found = matched(image, threshold);
        tp += found.hits();
        fp += found.marks.len() - found.hits();
        fn_ += found.missed;
    }
    Detections {
        tp,
        fp,
        fn_,
        precision: share(tp, tp + fp),
        recall: share(tp, tp + fn_),
        f1: share(2 * tp, 2 * tp + fp + fn_),
    }
}

/// Overlaps at which the RSNA pneumonia challenge (2018) counts.
pub const RSNA_OVERLAPS: [f64; 8] = [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75];

/// An image's RSNA score: the mean over [`RSNA_OVERLAPS`] of TP / (TP + FP + FN). 0 for marks where nothing is; `None`
/// where nothing is and nothing was said, which leaves the image out.
pub fn rsna_of_image<True: Fits<Said>, Said>(image: &Image<True, Said>) -> Option<f64> {
    if image.truth.is_empty() && image.said.is_empty() {
        return None;
    }
    let at = |overlap: &f64| {
        let found = matched(image, *overlap);
        share(found.hits(), found.marks.len() + found.missed)
    };
    Some(RSNA_OVERLAPS.iter().map(at).sum::<f64>() / RSNA_OVERLAPS.len() as f64)
}

/// Mean of the images' scores. `None` when all are left out.
pub fn rsna_score(of_images: &[Option<f64>]) -> Option<f64> {
    let left: Vec<f64> = of_images.iter().flatten().copied().collect();
    (!left.is_empty()).then(|| left.iter().sum::<f64>() / left.len() as f64)
}

/// False marks for each image at which the competition metric is read (Setio and others 2017).
pub const CPM_RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A point of the free-response curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrocPoint {
    /// False marks for each image, images without truth among them.
    pub fp_per_image: f64,
    /// Share of the truths that were hit.
    pub sensitivity: f64,
    /// Marks at or above it count; infinity for the first point.
    pub threshold: f64,
}

/// The free-response ROC curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Froc {
    /// From no mark on.
    pub points: Vec<FrocPoint>,
    /// Sensitivity at [`CPM_RATES`]: the best of the points that have no more false marks.
    pub at: [f64; 7],
    /// Their mean, the competition performance metric.
    pub cpm: f64,
}

/// The free-response curve at a fit above `threshold`. `None` without truths.
pub fn froc<True: Fits<Said>, Said>(images: &[Image<True, Said>], threshold: f64) -> Option<Froc> {
    let truths: usize = images.iter().map(|i| i.truth.len()).sum();
    if truths == 0 {
        return None;
    }
    let marks: Vec<MatchedMark> = images.iter().flat_map(|i| matched(i, threshold).marks).collect();
    let scores: Vec<f64> = marks.iter().map(|m| m.score).collect();
    let mut points = vec![FrocPoint {
        fp_per_image: 0.0,
        sensitivity: 0.0,
        threshold: f64::INFINITY,
    }];
    let (mut hits, mut false_marks) = (0, 0);
    for i in super::roc::descending(&scores) {
        if marks[i].hit.is_some() {
            hits += 1;
        } else {
            false_marks += 1;
        }
        let now = FrocPoint {
            fp_per_image: share(false_marks, images.len()),
            sensitivity: share(hits, truths),
            threshold: scores[i],
        };
        match points.last_mut() {
            Some(last) if last.threshold == scores[i] => *last = now,
            _ => points.push(now),
        }
    }
    let at = CPM_RATES.map(|rate| {
        let left = points.iter().filter(|p| p.fp_per_image <= rate + 1e-12);
        left.map(|p| p.sensitivity).fold(0.0, f64::max)
    });
    Some(Froc {
        points,
        at,
        cpm: at.iter().sum::<f64>() / at.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::boxes::{Ball, Rectangle};

    fn said(corners: [f64; 4], score: f64) -> Scored<Rectangle> {
        Scored {
            said: Rectangle::from_corners(corners),
            score,
        }
    }

    #[test]
    fn the_surest_mark_takes_the_truth() {
        let truth = Rectangle::from_corners([0.0, 0.0, 10.0, 10.0]);
        let image = Image {
            truth: vec![truth],
            said: vec![
                said([0.0, 0.0, 10.0, 10.0], 0.3),
                said([0.0, 0.0, 10.0, 6.0], 0.9),
            ],
        };
        let found = matched(&image, 0.5);
        assert_eq!(
            found.marks.iter().map(|m| (m.said, m.hit)).collect::<Vec<_>>(),
            [(1, Some(0)), (0, None)]
        );
        assert_eq!(detections(std::slice::from_ref(&image), 0.6).tp, 1);
        // 0.6 is not above 0.6: the better box, less sure, hits instead.
        assert_eq!(matched(&image, 0.6).marks[0].hit, None);
        let nothing: Image<Rectangle, Rectangle> = Image {
            truth: vec![],
            said: vec![],
        };
        assert_eq!(rsna_of_image(&nothing), None);
        assert_eq!(rsna_score(&[None, Some(0.5), Some(0.0)]), Some(0.25));
        assert_eq!(froc(&[nothing], 0.2), None);
    }

    #[test]
    fn centres_in_nodules() {
        let ball = |x: f64| Ball {
            centre: [x, 0.0, 0.0],
            radius: 5.0,
        };
        let mark = |x: f64, score: f64| Scored {
            said: [x, 0.0, 0.0],
            score,
        };
        let scan = Image {
            truth: vec![ball(0.0), ball(50.0)],
            said: vec![mark(1.0, 0.9), mark(20.0, 0.8), mark(54.0, 0.7)],
        };
        let curve = froc(
            &[
                scan,
                Image {
                    truth: vec![],
                    said: vec![],
                },
            ],
            0.0,
        )
        .expect("truths");
        assert_eq!(curve.at, [0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert!((curve.cpm - 6.0 / 7.0).abs() < 1e-15);
    }

    fn image() -> impl Strategy<Value = Image<Rectangle, Rectangle>> {
        let corner = || (0_u8..6).prop_map(f64::from);
        let rectangle = move || {
            (corner(), corner(), 1_u8..4, 1_u8..4)
                .prop_map(|(x, y, w, h)| Rectangle::from_corners([x, y, x + f64::from(w), y + f64::from(h)]))
        };
        let mark = (rectangle(), 0_u8..5).prop_map(|(said, score)| Scored {
            said,
            score: f64::from(score),
        });
        (
            prop::collection::vec(rectangle(), 0..4),
            prop::collection::vec(mark, 0..6),
        )
            .prop_map(|(truth, said)| Image { truth, said })
    }

    proptest! {
        #[test]
        fn the_curve_rises(images in prop::collection::vec(image(), 1..6)) {
            let counts = detections(&images, 0.25);
            let truths: usize = images.iter().map(|i| i.truth.len()).sum();
            prop_assert_eq!(counts.tp + counts.fn_, truths);
            if let Some(curve) = froc(&images, 0.25) {
                for two in curve.points.windows(2) {
                    prop_assert!(two[0].fp_per_image <= two[1].fp_per_image && two[0].sensitivity <= two[1].sensitivity);
                }
                prop_assert!(curve.at.windows(2).all(|w| w[0] <= w[1]) && (0.0..=1.0).contains(&curve.cpm));
                prop_assert!((curve.points[curve.points.len() - 1].sensitivity - counts.recall).abs() < 1e-12);
            }
            for image in &images {
                prop_assert!(rsna_of_image(image).is_none_or(|s| (0.0..=1.0).contains(&s)));
            }
        }
    }
}
