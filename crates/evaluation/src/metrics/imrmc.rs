//! The exchange file of iMRMC, the regulator's own tool for studies of many readers and many cases.
//!
//! ```text
//! front matter in free words, then N0, N1, NR, NM: cases without, cases with, readers, modalities
//! BEGIN DATA:
//! truth,CASE,truth,0|1           one for each case; the reader `-1` means the same
//! READER,CASE,MODALITY,SCORE     one for each observation; what was not read has no row
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::error::{InputError, trim, without_mark};

/// A reader's score of a case in a reading mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Reader.
    pub reader: String,
    /// Case.
    pub case: String,
    /// Reading mode: unaided or aided, a model's variant, a prompt.
    pub modality: String,
    /// Higher speaks for positive.
    pub score: f64,
}

/// Truth and observations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Study {
    /// Whether each case is positive.
    pub truth: BTreeMap<String, bool>,
    /// In the file's order.
    pub observations: Vec<Observation>,
}

/// Why a study cannot be written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImrmcError {
    /// The format has no quoting.
    #[error(
        "the {what} \"{name}\" cannot stand in an iMRMC file: it is empty, reserved, or holds a comma or a line end"
    )]
    Name {
        /// Reader, case or modality.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A score that is not finite.
    #[error("the score of reader {reader} for case {case} is no number")]
    Score {
        /// Reader.
        reader: String,
        /// Case.
        case: String,
    },
    /// A case without truth.
    #[error("case {0} has a score and no truth")]
    NoTruth(String),
    /// Two scores of one case.
    #[error("reader {reader} scores case {case} twice as {modality}")]
    Twice {
        /// Reader.
        reader: String,
        /// Case.
        case: String,
        /// Mode.
        modality: String,
    },
}

const BEGIN: &str = "BEGIN DATA:";

fn is_truth(reader: &str) -> bool {
    reader == "-1" || reader.eq_ignore_ascii_case("truth")
}

fn name<'a>(what: &'static str, name: &'a str) -> Result<&'a str, ImrmcError> {
    let reserved = what == "reader" && is_truth(name);
    if trim(name) != name || name.is_empty() || reserved || name.contains([',', '\n', '\r', '"']) {
        return Err(ImrmcError::Name {
            what,
            name: name.to_owned(),
        });
    }
    Ok(name)
}

impl Study {
    /// The file's text, with a title line in front. Truth by case, observations in their order.
    ///
    /// # Errors
    /// See [`ImrmcError`].
    pub fn write(&self, title: &str) -> Result<String, ImrmcError> {
        let (mut readers, mut modalities) = (BTreeSet::new(), BTreeSet::new());
        let (mut seen, mut rows) = (BTreeSet::new(), String::new());
        for case in self.truth.keys() {
            name("case", case)?;
        }
        for Observation {
            reader,
            case,
            modality,
            score,
        } in &self.observations
        {
            if !self.truth.contains_key(case) {
                return Err(ImrmcError::NoTruth(case.clone()));
            }
            if !score.is_finite() {
                return Err(ImrmcError::Score {
                    reader: reader.clone(),
                    case: case.clone(),
                });
            }
            readers.insert(name("reader", reader)?);
            modalities.insert(name("modality", modality)?);
            if !seen.insert((reader, case, modality)) {
                return Err(ImrmcError::Twice {
                    reader: reader.clone(),
                    case: case.clone(),
                    modality: modality.clone(),
                });
            }
            let _ = writeln!(rows, "{reader},{case},{modality},{score}");
        }
        let positives = self.truth.values().filter(|t| **t).count();
        // A line end in the title could begin the data.
        let title = title.replace(['\r', '\n'], " ");
        let mut out = format!(
            "{title}\n\nN0: {}\nN1: {positives}\nNR: {}\nNM: {}\n\n{BEGIN}\n",
            self.truth.len() - positives,
            readers.len(),
            modalities.len(),
        );
        for (case, positive) in &self.truth {
            let _ = writeln!(out, "truth,{case},truth,{}", u8::from(*positive));
        }
        out.push_str(&rows);
        Ok(out)
    }

    /// Reads a file. What stands before `BEGIN DATA:` is not looked at.
    ///
    /// # Errors
    /// [`InputError`] with file and line: no data, a row that is not four fields, a score that is no number, a truth
    /// that is not 0 or 1, a case without truth, anything given twice.
    pub fn read(file: &str, text: &str) -> Result<Self, InputError> {
        let lines = || (1_u64..).zip(without_mark(text).lines().map(trim));
        let begin = lines()
            .find(|(_, line)| line.eq_ignore_ascii_case(BEGIN))
            .ok_or_else(|| InputError::new(file, 1, format!("no line says {BEGIN}")))?
            .0;
        let mut out = Self::default();
        let mut seen = BTreeSet::new();
        let mut first_line: BTreeMap<String, u64> = BTreeMap::new();
        for (number, line) in lines().filter(|(number, line)| *number > begin && !line.is_empty()) {
            let error = |reason: String| InputError::new(file, number, reason);
            let fields: Vec<&str> = line.split(',').map(trim).collect();
            let [reader, case, modality, score] = fields[..] else {
                return Err(error(format!(
                    "{} fields, not reader, case, modality, score",
                    fields.len()
                )));
            };
            if reader.is_empty() || case.is_empty() || modality.is_empty() {
                return Err(error("a name is empty".to_owned()));
            }
            let value: f64 = score
                .parse()
                .ok()
                .filter(|v: &f64| v.is_finite())
                .ok_or_else(|| error(format!("score {score} is no number")))?;
            if is_truth(reader) {
                if value != 0.0 && value != 1.0 {
                    return Err(error(format!("truth {score} is neither 0 nor 1")));
                }
                if out.truth.insert(case.to_owned(), value == 1.0).is_some() {
                    return Err(error(format!("case {case} has its truth a second time")));
                }
                continue;
            }
            if !seen.insert((reader.to_owned(), case.to_owned(), modality.to_owned())) {
                return Err(error(format!(
                    "reader {reader} scores case {case} a second time as {modality}"
                )));
            }
            first_line.entry(case.to_owned()).or_insert(number);
            out.observations.push(Observation {
                reader: reader.to_owned(),
                case: case.to_owned(),
                modality: modality.to_owned(),
                score: value,
            });
        }
        if let Some((case, line)) = first_line
            .iter()
            .filter(|(case, _)| !out.truth.contains_key(*case))
            .min_by_key(|(_, line)| **line)
        {
            return Err(InputError::new(
                file,
                *line,
                format!("case {case} has no truth row"),
            ));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study() -> Study {
        let observation = |reader: &str, case: &str, modality: &str, score: f64| Observation {
            reader: reader.to_owned(),
            case: case.to_owned(),
            modality: modality.to_owned(),
            score,
        };
        let mut out = Study {
            truth: BTreeMap::from([("c1".to_owned(), false), ("c2".to_owned(), true)]),
            ..Study::default()
        };
        for (i, reader) in ["r1", "r2"].into_iter().enumerate() {
            for (j, case) in ["c1", "c2"].into_iter().enumerate() {
                for (k, mode) in ["aided", "alone"].into_iter().enumerate() {
                    out.observations.push(observation(
                        reader,
                        case,
                        mode,
                        0.5 + i as f64 + 0.25 * j as f64 - k as f64,
                    ));
                }
            }
        }
        out
    }

    #[test]
    fn there_and_back() {
        let text = study().write("Made readers").expect("written");
        assert!(
            text.starts_with("Made readers\n\nN0: 1\nN1: 1\nNR: 2\nNM: 2\n\nBEGIN DATA:\ntruth,c1,truth,0\n")
        );
        assert!(text.ends_with("r2,c2,aided,1.75\nr2,c2,alone,0.75\n"), "{text}");
        assert_eq!(Study::read("a.imrmc", &text), Ok(study()));
        let windows = format!("\u{FEFF}{}", text.replace('\n', "\r\n"));
        assert_eq!(Study::read("a.imrmc", &windows), Ok(study()));
    }

    #[test]
    fn older_files_call_the_truth_minus_one() {
        let old = "words\nBEGIN DATA:\n-1, 1, 0, 0\n-1, 2, 0, 1\n\n 7, 2, 1, 3.5 \n";
        let study = Study::read("old", old).expect("read");
        assert_eq!((study.truth.len(), study.observations[0].score), (2, 3.5));
    }

    #[test]
    fn faults_have_a_line() {
        let fault = |rows: &str| {
            let text = format!("x\nBEGIN DATA:\ntruth,a,truth,1\n{rows}");
            Study::read("f", &text).expect_err("refused").to_string()
        };
        assert_eq!(
            fault("truth,a,truth,1"),
            "f, line 4: case a has its truth a second time"
        );
        assert_eq!(
            fault("r,a,m,1\nr,a,m,2"),
            "f, line 5: reader r scores case a a second time as m"
        );
        assert_eq!(fault("r,b,m,1"), "f, line 4: case b has no truth row");
        assert_eq!(
            fault("r,a,m"),
            "f, line 4: 3 fields, not reader, case, modality, score"
        );
        assert_eq!(fault("r,a,m,inf"), "f, line 4: score inf is no number");
        assert_eq!(fault("truth,b,truth,2"), "f, line 4: truth 2 is neither 0 nor 1");
        assert!(Study::read("f", "nothing").is_err());
    }

    #[test]
    fn names_that_the_format_cannot_hold() {
        for bad in ["a,b", "truth", "-1", "", " r", "r\n"] {
            let mut s = study();
            bad.clone_into(&mut s.observations[0].reader);
            assert!(
                matches!(s.write("t"), Err(ImrmcError::Name { what: "reader", .. })),
                "{bad:?}"
            );
        }
        let mut s = study();
        s.observations[0].score = f64::NAN;
        assert!(matches!(s.write("t"), Err(ImrmcError::Score { .. })));
        let mut s = study();
        s.observations[1] = s.observations[0].clone();
        assert!(matches!(s.write("t"), Err(ImrmcError::Twice { .. })));
        s.truth.clear();
        assert_eq!(s.write("t"), Err(ImrmcError::NoTruth("c1".to_owned())));
        // A title cannot begin the data.
        assert!(
            study()
                .write("t\nBEGIN DATA:")
                .is_ok_and(|text| Study::read("f", &text).is_ok())
        );
    }
}
