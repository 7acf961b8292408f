//! Standardised uptake values of PET: factors from modality values, or why there are none.

/// What an uptake is set in relation to (SUV Type, PS3.3 C.8.9.1.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuvKind {
    /// Body weight.
    BodyWeight,
    /// Lean body mass.
    LeanBodyMass,
    /// Body surface area.
    BodySurface,
    /// Ideal body weight.
    IdealWeight,
}

impl SuvKind {
    /// `bw`, `lbm`, `bsa`, `ibw`.
    pub fn word(self) -> &'static str {
        match self {
            Self::BodyWeight => "bw",
            Self::LeanBodyMass => "lbm",
            Self::BodySurface => "bsa",
            Self::IdealWeight => "ibw",
        }
    }

    /// g/mL, or cm2/mL for the body's surface.
    pub fn unit(self) -> &'static str {
        match self {
            Self::BodySurface => "cm2/mL",
            _ => "g/mL",
        }
    }
}

/// Factors of one frame: SUV = modality value x factor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suv {
    /// What can be computed, body weight first.
    pub factors: Vec<(SuvKind, f64)>,
    /// Why body weight cannot be computed, e.g. `no patient weight`; empty when it can.
    pub reason: String,
    /// What went into it, for people.
    pub inputs: String,
}

impl Suv {
    /// The factor of a kind.
    pub fn factor(&self, kind: SuvKind) -> Option<f64> {
        self.factors.iter().find(|(k, _)| *k == kind).map(|(_, f)| *f)
    }

    /// The first kind with its factor: what is printed beside a value.
    pub fn first(&self) -> Option<(SuvKind, f64)> {
        self.factors.first().copied()
    }
}

/// A patient's build.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Build {
    /// kg.
    pub weight: Option<f64>,
    /// m.
    pub height: Option<f64>,
    /// `None` when the file names neither.
    pub female: Option<bool>,
}

impl Build {
    /// What the body weight is replaced by, in g, or cm2 for the surface; `None` where the file lacks something.
    ///
    /// Lean body mass by Janmahasatian (Clin Pharmacokinet 2005), surface by Du Bois, ideal weight by Devine's rule as
    /// QIBA writes it.
    pub fn measure(&self, kind: SuvKind) -> Option<f64> {
        let weight = self.weight?;
        match kind {
            SuvKind::BodyWeight => Some(weight * 1000.0),
            SuvKind::LeanBodyMass => {
                let bmi = weight / self.height?.powi(2);
                let below = if self.female? {
                    8780.0 + 244.0 * bmi
                } else {
                    6680.0 + 216.0 * bmi
                };
                Some(9270.0 * weight / below * 1000.0)
            }
            SuvKind::BodySurface => Some(weight.powf(0.425) * (self.height? * 100.0).powf(0.725) * 71.84),
            SuvKind::IdealWeight => {
                let over = self.height? * 100.0 - 152.0;
                let kg = if self.female? {
                    45.5 + 0.91 * over
                } else {
                    48.0 + 1.06 * over
                };
                (kg > 0.0).then_some(kg * 1000.0)
            }
        }
    }

    /// All kinds that can be had from a factor of one of them, body weight first.
    pub fn factors(&self, kind: SuvKind, factor: f64) -> Vec<(SuvKind, f64)> {
        let kinds = [
            SuvKind::BodyWeight,
            SuvKind::LeanBodyMass,
            SuvKind::BodySurface,
            SuvKind::IdealWeight,
        ];
        let known = self.measure(kind);
        kinds
            .into_iter()
            .filter_map(|wanted| {
                if wanted == kind {
                    return Some((wanted, factor));
                }
                Some((wanted, factor * self.measure(wanted)? / known?))
            })
            .filter(|(_, factor)| factor.is_finite() && *factor > 0.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_differ_by_what_stands_for_the_body() {
        let build = Build {
            weight: Some(80.0),
            height: Some(1.8),
            female: Some(false),
        };
        let near = |kind, expected: f64| {
            let got = build.measure(kind).expect("all is known");
            assert!(
                (got - expected).abs() < 0.05 * expected.sqrt(),
                "{kind:?}: {got} and not {expected}"
            );
        };
        // By hand: BMI 24.691; 741600 / 12013.3 = 61.731 kg; 19969 cm2; 48 + 1.06 x 28 = 77.68 kg.
        near(SuvKind::LeanBodyMass, 61_731.0);
        near(SuvKind::BodySurface, 19_964.0);
        near(SuvKind::IdealWeight, 77_680.0);
        let factors = build.factors(SuvKind::BodyWeight, 2.0);
        assert_eq!(factors.len(), 4);
        assert!((factors[3].1 - 2.0 * 77.68 / 80.0).abs() < 1e-12);
        let light = Build {
            weight: None,
            ..build
        };
        assert_eq!(
            light.factors(SuvKind::BodyWeight, 1.0),
            [(SuvKind::BodyWeight, 1.0)]
        );
    }
}
