//! How many cases a question needs, and what a number of cases can show.

use serde::Serialize;

use super::paired::mcnemar;
use super::proportion::{LEVEL, clopper_pearson, wilson, wilson_of_share};
use super::special::{normal_quantile, two_sided_z};

/// What `n` cases can show, whatever comes out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// Cases.
    pub n: usize,
    /// Half the width of the Wilson interval at one half, where it is widest.
    pub widest_half_width: Option<f64>,
    /// Wilson interval if all cases are right: what even a perfect result leaves possible.
    pub all_right: Option<[f64; 2]>,
    /// Exact interval if no case is right.
    pub none_right: Option<[f64; 2]>,
    /// The smallest one-sided split (one reader right, the other wrong, never the reverse) with exact p below 0.05.
    pub one_sided_split: usize,
    /// Whether a paired test of so few cases can reach 0.05 at all.
    pub can_reach: bool,
}

/// Cases so that McNemar's test finds two discordant probabilities with `power` at level `alpha` (Connor's normal
/// formula). `None` where they are equal or a share is out of 0…1.
pub fn mcnemar_cases(p_a_only: f64, p_b_only: f64, alpha: f64, power: f64) -> Option<f64> {
    let (sum, apart) = (p_a_only + p_b_only, p_a_only - p_b_only);
    let shares = [p_a_only, p_b_only, sum].iter().all(|p| (0.0..=1.0).contains(p));
    if !shares || apart == 0.0 || !(alpha > 0.0 && alpha < 1.0 && power > 0.0 && power < 1.0) {
        return None;
    }
    let (level, strength) = (-normal_quantile(alpha / 2.0)?, normal_quantile(power)?);
    let root = level * sum.sqrt() + strength * (sum - apart * apart).max(0.0).sqrt();
    Some(root * root / (apart * apart))
}

/// Half the width of the Wilson interval of a share `p` of `n` cases, before it is cut at 0 and 1.
pub fn wilson_half_width(p: f64, n: usize, level: f64) -> Option<f64> {
    let z = two_sided_z(level)?;
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let m = n as f64;
    Some(z * (p * (1.0 - p) / m + z * z / (4.0 * m * m)).sqrt() / (1.0 + z * z / m))
}

/// The fewest cases (at most ten million) whose Wilson half width at the share `p` is no more than `half_width`.
pub fn wilson_cases(p: f64, half_width: f64, level: f64) -> Option<usize> {
    let (mut low, mut high) = (1_usize, 10_000_000_usize);
    wilson_half_width(p, low, level)?;
    while low < high {
        let middle = usize::midpoint(low, high);
        if wilson_half_width(p, middle, level)? <= half_width {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

/// The fewest discordant cases, all one way, whose exact p is below `alpha`; 6 for 0.05.
pub fn one_sided_split(alpha: f64) -> Option<usize> {
    (1..=1100).find(|d| mcnemar(*d, 0)[0] < alpha)
}

/// What `n` cases can show, at 95 %.
pub fn reach(n: usize) -> Reach {
    let split = one_sided_split(1.0 - LEVEL).unwrap_or(6);
    Reach {
        n,
        widest_half_width: wilson_of_share(0.5, n as f64, LEVEL).map(|[low, high]| (high - low) / 2.0),
        all_right: wilson(n, n),
        none_right: clopper_pearson(0, n),
        one_sided_split: split,
        can_reach: n >= split,
    }
}

/// The same in sentences, for the screen and the report.
pub fn words(n: usize) -> Vec<String> {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let cases = if n == 1 {
        "1 case".to_owned()
    } else {
        format!("{n} cases")
    };
    let reach = reach(n);
    let (Some(half), Some([low, _]), Some([_, high])) =
        (reach.widest_half_width, reach.all_right, reach.none_right)
    else {
        return vec!["There are no cases, so there is nothing to say.".to_owned()];
    };
    let mut out = vec![
        format!(
            "With {cases} a share near one half is known to ± {:.0} points.",
            half * 100.0
        ),
        format!(
            "If all are right, the true share may still be as low as {}.",
            percent(low)
        ),
        format!("If none is right, it may still be as high as {}.", percent(high)),
    ];
    let split = reach.one_sided_split;
    out.push(if reach.can_reach {
        format!(
            "Two readers differ at p < 0.05 only if one alone is right in {split} cases or more, and more still for \
             each case that the other alone has right."
        )
    } else {
        format!("No comparison of two readers can reach p < 0.05: that takes {split} cases that one alone has right.")
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five cases one way give exactly 1/16, six give 1/32.
    #[test]
    fn six_are_the_fewest() {
        assert_eq!(one_sided_split(0.05), Some(6));
        assert!(!reach(5).can_reach && reach(6).can_reach);
    }

    #[test]
    fn ten_cases_say_little() {
        let ten = reach(10);
        let [low, _] = ten.all_right.expect("cases");
        assert!((low - 0.7225).abs() < 1e-4, "{low}");
        assert!((ten.widest_half_width.expect("cases") - 0.2634).abs() < 1e-4);
        assert_eq!(reach(0).all_right, None);
    }

    #[test]
    fn in_words() {
        let ten = words(10).join(" ");
        assert!(
            ten.contains("± 26 points") && ten.contains("as low as 72 %") && ten.contains("as high as 31 %")
        );
        assert!(ten.contains("right in 6 cases or more"), "{ten}");
        assert!(words(5).iter().any(|w| w.starts_with("No comparison")));
        assert_eq!(words(0).len(), 1);
    }

    #[test]
    fn widths_and_numbers_fit() {
        assert_eq!(wilson_cases(0.8, 0.05, 0.95), Some(245));
        assert_eq!(wilson_cases(1.5, 0.05, 0.95), None);
        assert_eq!(mcnemar_cases(0.1, 0.1, 0.05, 0.8), None);
    }
}
