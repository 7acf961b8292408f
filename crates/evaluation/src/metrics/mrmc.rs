//! Several readers reading the same cases in several ways: Obuchowski and Rockette's analysis of variance of the areas
//! under the ROC curves with DeLong covariances, degrees of freedom by Hillis (2007). Readers and cases are both taken as
//! drawn from more.

use serde::Serialize;

use super::delong;
use super::special::{Z95, chi_squared_sf, f_sf, student_t_quantile};

/// Beyond so many degrees of freedom t is as good as normal, F as good as chi-squared, to nine places.
const MANY: f64 = 1e8;

/// What the analysis finds. Without two readers or two cases of each class there is no variance to speak of: `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mrmc {
    /// Area, `[modality][reader]`.
    pub auc: Vec<Vec<f64>>,
    /// Mean area of each modality.
    pub modality_mean: Vec<f64>,
    /// Mean variance of an area.
    pub var: Option<f64>,
    /// Mean covariance: same reader, two modalities.
    pub cov1: Option<f64>,
    /// Same modality, two readers.
    pub cov2: Option<f64>,
    /// Both differ.
    pub cov3: Option<f64>,
    /// Mean square of the modalities.
    pub ms_t: f64,
    /// Of modality and reader; `None` for one reader.
    pub ms_tr: Option<f64>,
    /// Test statistic; infinite when nothing else varies.
    pub f: Option<f64>,
    /// Its degrees of freedom above.
    pub df1: usize,
    /// Below, by Hillis; infinite when readers do not differ between modalities.
    pub ddf_hillis: Option<f64>,
    /// Of equal modalities.
    pub p: Option<f64>,
    /// First modality less second.
    pub difference_1_2: f64,
    /// Its 95 % interval.
    pub difference_ci: Option<[f64; 2]>,
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The analysis of `scores` as `[modality][reader][case]`. `None` unless there are two modalities, the same number of
/// readers in each, a score for each case, and cases of both classes.
pub fn mrmc(truth: &[bool], scores: &[Vec<Vec<f64>>]) -> Option<Mrmc> {
    let (t, r) = (scores.len(), scores.first()?.len());
    if t < 2 || r == 0 || scores.iter().any(|m| m.len() != r) {
        return None;
    }
    let flat: Vec<&[f64]> = scores.iter().flatten().map(Vec::as_slice).collect();
    let areas = delong::areas(truth, &flat)?;
    let auc: Vec<Vec<f64>> = areas.auc.chunks(r).map(<[f64]>::to_vec).collect();
    let mut kinds: [Vec<f64>; 4] = Default::default();
    for (i, row) in areas.covariance.iter().flatten().enumerate() {
        for (j, value) in row.iter().enumerate() {
            let kind = match (i / r == j / r, i % r == j % r) {
                (true, true) => 0,
                (false, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
            };
            kinds[kind].push(*value);
        }
    }
    let [var, cov1, cov2, cov3] = kinds.each_ref().map(|k| mean(k));
    let (tf, rf) = (t as f64, r as f64);
    let modality: Vec<f64> = auc.iter().map(|m| m.iter().sum::<f64>() / rf).collect();
    let reader: Vec<f64> = (0..r)
        .map(|j| auc.iter().map(|m| m[j]).sum::<f64>() / tf)
        .collect();
    let grand = modality.iter().sum::<f64>() / tf;
    let ms_t = rf * modality.iter().map(|m| (m - grand).powi(2)).sum::<f64>() / (tf - 1.0);
    let within = (tf - 1.0) * (rf - 1.0);
    let mut squares = 0.0;
    for (row, m) in auc.iter().zip(&modality) {
        squares += row
            .iter()
            .zip(&reader)
            .map(|(a, j)| (a - m - j + grand).powi(2))
            .sum::<f64>();
    }
    let ms_tr = (r > 1).then(|| squares / within);
    let below = ms_tr
        .zip(cov2.zip(cov3))
        .map(|(ms, (c2, c3))| ms + (rf * (c2 - c3)).max(0.0));
    let f = below.and_then(|d| {
        if d > 0.0 {
            Some(ms_t / d)
        } else {
            (ms_t > 0.0).then_some(f64::INFINITY)
        }
    });
    let df = below.zip(ms_tr).map(|(d, ms)| {
        if ms > 0.0 {
            d * d / (ms * ms / within)
        } else {
            f64::INFINITY
        }
    });
    let difference = modality[0] - modality[1];
    let half = below
        .zip(df)
        .map(|(d, df)| t_quantile_975(df) * (2.0 / rf * d).sqrt());
    Some(Mrmc {
        var,
        cov1,
        cov2,
        cov3,
        ms_t,
        ms_tr,
        f,
        df1: t - 1,
        ddf_hillis: df,
        p: f.zip(df).map(|(f, df)| f_above(f, tf - 1.0, df)),
        difference_1_2: difference,
        difference_ci: half.map(|h| [difference - h, difference + h]),
        modality_mean: modality,
        auc,
    })
}

/// P(F > f) of Fisher's F with d1 and d2 degrees of freedom.
fn f_above(f: f64, d1: f64, d2: f64) -> f64 {
    if f.is_infinite() {
        0.0
    } else if d2 > MANY {
        // F with no end of degrees of freedom below is chi-squared over d1.
        chi_squared_sf(d1 * f, d1)
    } else {
        f_sf(f, d1, d2)
    }
}

/// 0.975 quantile of Student's t.
fn t_quantile_975(df: f64) -> f64 {
    if df > MANY {
        return Z95;
    }
    student_t_quantile(0.975, df).unwrap_or(Z95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_from_the_table() {
        for (df, t) in [
            (1.0, 12.706_204_736),
            (3.0, 3.182_446_305),
            (30.0, 2.042_272_456),
            (1e6, 1.959_966_4),
        ] {
            assert!((t_quantile_975(df) - t).abs() < 1e-6, "{df}");
        }
        assert!((t_quantile_975(9e7) - Z95).abs() < 1e-6);
        // F = t² for one degree above.
        assert!((f_above(3.182_446_305_f64.powi(2), 1.0, 3.0) - 0.05).abs() < 1e-9);
        assert!((f_above(Z95 * Z95, 1.0, f64::INFINITY) - 0.05).abs() < 1e-9);
        assert!((f_above(Z95 * Z95, 1.0, 9e7) - 0.05).abs() < 1e-6);
    }

    #[test]
    fn equal_modalities_do_not_differ() {
        let truth = [true, true, true, false, false, false];
        let readers = vec![
            vec![0.9, 0.4, 0.7, 0.5, 0.2, 0.1],
            vec![0.8, 0.9, 0.3, 0.4, 0.1, 0.5],
        ];
        let found = mrmc(&truth, &[readers.clone(), readers.clone()]).expect("both classes");
        assert_eq!((found.difference_1_2, found.ms_t), (0.0, 0.0));
        // Same reader in both: Cov1 is the variance.
        assert!((found.var.expect("variance") - found.cov1.expect("variance")).abs() < 1e-15);
        assert_eq!(mrmc(&truth, std::slice::from_ref(&readers)), None);
        assert_eq!(mrmc(&[true; 6], &[readers.clone(), readers.clone()]), None);
        let one = vec![readers[0].clone()];
        let alone = mrmc(&truth, &[one.clone(), one]).expect("both classes");
        assert_eq!((alone.f, alone.p, alone.ms_tr), (None, None, None));
    }

    #[test]
    fn the_order_of_modalities_turns_the_difference() {
        let truth: Vec<bool> = (0..12).map(|i| i < 6).collect();
        let modality = |shift: usize| -> Vec<Vec<f64>> {
            (0..3)
                .map(|j| {
                    (0..12)
                        .map(|i| ((i * 7 + j * 5 + shift * i * i) % 11) as f64 - i as f64)
                        .collect()
                })
                .collect()
        };
        let (a, b) = (
            mrmc(&truth, &[modality(0), modality(1)]),
            mrmc(&truth, &[modality(1), modality(0)]),
        );
        let (a, b) = (a.expect("classes"), b.expect("classes"));
        assert!((a.difference_1_2 + b.difference_1_2).abs() < 1e-15);
        assert!(
            (a.p.expect("p") - b.p.expect("p")).abs() < 1e-12
                && (a.f.expect("f") - b.f.expect("f")).abs() < 1e-9
        );
    }
}
