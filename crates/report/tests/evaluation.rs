//! The report of an evaluation: self-contained, harmless whatever the texts say, and complete.

use overread_evaluation::case_set::{Arm, Blank, ReaderKind, Task, Tuning, Uncertain};
use overread_evaluation::evaluated::cases::{CaseAnswer, CaseRow, Verdict};
use overread_evaluation::evaluated::figures::*;
use overread_evaluation::evaluated::filter::Filter;
use overread_report::{EvaluationReport, SourceFile};

fn figure(key: &str, words: &str, unit: Unit, value: Option<f64>) -> Figure {
    Figure {
        key: key.to_owned(),
        name: words.to_owned(),
        unit,
        value,
        low: value.map(|v| v - 0.1),
        high: value.map(|v| v + 0.05),
        interval: "Wilson".to_owned(),
        beside: vec![OtherInterval {
            method: "Clopper-Pearson".to_owned(),
            low: 0.1,
            high: 0.9,
        }],
        n: 10,
        note: words.to_owned(),
    }
}

fn test(words: &str) -> Test {
    Test {
        key: "mcnemar_exact".to_owned(),
        name: words.to_owned(),
        statistic: None,
        df: None,
        p: Some(0.0625),
        p_adjusted: Some(1.0),
        note: words.to_owned(),
    }
}

/// Every text of the report is `t`, except ids of readers.
fn report(t: &str) -> EvaluationReport {
    let s = || t.to_owned();
    let accuracy = || figure("accuracy", t, Unit::Share, Some(0.7));
    let remark = Remark {
        key: "few_cases".to_owned(),
        weight: Weight::Warning,
        text: s(),
        readers: vec![],
    };
    let reader = |id: &str| ReaderFigures {
        id: id.to_owned(),
        name: s(),
        kind: ReaderKind::Local,
        tuning: Tuning::Untuned,
        described: vec![(s(), s())],
        n: 10,
        missing: 0,
        answered: 9,
        undecided: 0,
        invalid: vec![InvalidCount { kind: s(), count: 1 }],
        headline: vec![
            accuracy(),
            figure("invalid_rate", t, Unit::Share, Some(0.1)),
            figure("kappa", t, Unit::Score, None),
        ],
        per_label: vec![LabelFigures {
            label: s(),
            support: 5,
            figures: vec![accuracy()],
        }],
        confusion: Some(ConfusionTable {
            rows: vec![s(), "normal".to_owned()],
            columns: vec![s(), "normal".to_owned(), "invalid".to_owned()],
            cells: vec![vec![4, 1, 0], vec![1, 3, 1]],
        }),
        curves: vec![Curve {
            kind: CurveKind::Roc,
            label: s(),
            points: vec![[0.0, 0.0], [0.2, 0.8], [1.0, 1.0]],
            figure: figure("roc_auc", t, Unit::Score, Some(0.8)),
        }],
        calibration: Some(CalibrationFigures {
            kind: s(),
            n: 9,
            figures: vec![figure("ece_equal_width_10", t, Unit::Score, Some(0.07))],
            bins: vec![ReliabilityBin {
                low: 0.8,
                high: 0.9,
                n: 9,
                confidence: Some(0.85),
                right: Some(0.7),
                right_low: Some(0.4),
                right_high: Some(0.89),
            }],
            fitted: vec![FittedCalibrator {
                kind: s(),
                split: s(),
                n: 4,
                parameters: s(),
                ece_before: Some(0.1),
                ece_after: Some(0.05),
                log_loss_before: None,
                log_loss_after: None,
                can_be_used: true,
                note: s(),
            }],
            abstain: vec![AbstainLine {
                risk: 0.1,
                confidence: Some(0.9),
                coverage: Some(0.5),
                found: Some(0.04),
                note: s(),
            }],
            conformal: vec![ConformalFigures {
                method: s(),
                alpha: 0.1,
                split: s(),
                n: 12,
                coverage: accuracy(),
                mean_size: Some(1.4),
                per_label: vec![],
            }],
        }),
        subgroups: vec![SubgroupFigures {
            key: s(),
            value: s(),
            figure: accuracy(),
            p_adjusted: Some(0.5),
        }],
        arms: vec![ArmFigures {
            arm: Arm::Own,
            figure: accuracy(),
            gain: Some(figure("gain", t, Unit::Points, Some(-0.16))),
        }],
        effort: vec![figure("seconds", t, Unit::Seconds, Some(1.5))],
    };
    let figures = Figures {
        name: s(),
        task: Task::Closed,
        question: s(),
        labels: vec![s(), "normal".to_owned()],
        cases: 10,
        cases_in_set: 10,
        patients: 10,
        truth: vec![s()],
        uncertain: Uncertain::Ignore,
        blank: Blank::Negative,
        filter: Filter {
            splits: vec![s()],
            ..Filter::default()
        },
        facets: vec![],
        resampling: Resampling {
            resamples: 10_000,
            seed: 1,
            unit: "patients".to_owned(),
        },
        remarks: vec![remark.clone()],
        readers: vec![reader("a"), reader("b")],
        comparison: Some(Comparisons {
            omnibus: Some(test(t)),
            n_common: 10,
            pairs: vec![Comparison {
                a: "a".to_owned(),
                b: "b".to_owned(),
                n: 10,
                both: 2,
                a_only: 0,
                b_only: 5,
                neither: 3,
                figures: vec![figure("difference", t, Unit::Points, Some(-0.5))],
                tests: vec![test(t)],
                remarks: vec![remark],
            }],
        }),
        agreement: vec![AgreementFigures {
            between: vec!["a".to_owned(), "b".to_owned()],
            n: 10,
            figures: vec![figure("cohen", t, Unit::Score, Some(0.4))],
        }],
        reveal: vec![RevealFigures {
            reader: "a".to_owned(),
            n: 10,
            rescued: accuracy(),
            misled: accuracy(),
            unmoved: accuracy(),
            before: accuracy(),
            after: accuracy(),
            change: accuracy(),
        }],
        policies: vec![],
        published: vec![PublishedRow {
            id: s(),
            reader: s(),
            metric: s(),
            value: 0.8037,
            unit: Unit::Share,
            n: None,
            task: s(),
            tuning: Tuning::Tuned,
            conditions: vec![(s(), s())],
            source: s(),
            caution: s(),
        }],
        command: s(),
    };
    EvaluationReport {
        figures,
        cases: vec![
            CaseRow {
                number: 1,
                case: s(),
                patient: s(),
                split: s(),
                modality: s(),
                hidden: false,
                truth: s(),
                answers: vec![CaseAnswer {
                    reader: "a".to_owned(),
                    said: s(),
                    verdict: Verdict::Wrong,
                    confidence: Some(0.97),
                }],
                has_images: true,
            },
            CaseRow {
                number: 2,
                case: "withheld-case".to_owned(),
                patient: "withheld-patient".to_owned(),
                split: String::new(),
                modality: String::new(),
                hidden: true,
                truth: "withheld-truth".to_owned(),
                answers: vec![],
                has_images: true,
            },
        ],
        sources: vec![SourceFile {
            name: s(),
            sha256: "00ff".to_owned(),
        }],
        made_by: s(),
    }
}

#[test]
fn hostile_texts_stay_texts_and_nothing_is_fetched() {
    let bad = "<script>x</script>\" onload='x' </svg> & http://example.com";
    let page = report(bad).to_html().expect("a page");
    for sign in [
        "<script",
        "onload='",
        "\" onload",
        "src=\"http",
        "href=",
        "url(",
        "@import",
        "<link",
        "<iframe",
    ] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("default-src 'none'"));
    // As many elements close as open.
    for tag in ["table", "tr", "figure", "section", "div", "svg", "td", "p"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn figures_stand_with_interval_method_and_what_is_not_defined() {
    let page = report("word").to_html().expect("a page");
    for expected in [
        "70.0 % (60.0 to 75.0)",
        "Wilson; Clopper-Pearson: 10.0 to 90.0",
        "not defined",
        "−16.0 points",
        "p = 0.062, p = 1.000 after Holm",
        "both right 2, only word 0, only word 5, neither 3",
        "10000 resamples over patients, seed 1",
        "Measured by others on other cases",
        "not given",
        "SHA-256 00ff",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("withheld"));
}

#[test]
fn tables_have_one_header_and_full_numbers() {
    let tables = report("a,\"b\"").to_csv().expect("tables");
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "readers.csv",
            "labels.csv",
            "confusion.csv",
            "calibration.csv",
            "curves.csv",
            "pairs.csv",
            "tests.csv",
            "more.csv",
            "published.csv",
            "cases.csv"
        ]
    );
    for (name, text) in &tables {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        assert!(reader.headers().expect("a header").len() >= 4, "{name}");
        assert!(reader.records().count() >= 1, "{name}");
        assert!(!text.contains("withheld"), "{name}");
    }
    assert!(tables[0].1.contains("0.6,0.75"));
    let formula = report("=1+1").to_csv().expect("tables");
    assert!(formula.iter().all(|(_, text)| !text.contains(",=1+1")));
}

#[test]
fn json_holds_every_figure_and_no_hidden_case() {
    let text = report("word").to_json().expect("json");
    let value: serde_json::Value = serde_json::from_str(&text).expect("json");
    assert_eq!(value["format"], "overread.evaluation/1");
    assert_eq!(value["figures"]["readers"][0]["headline"][0]["value"], 0.7);
    assert_eq!(value["cases"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_number_that_is_none_is_refused() {
    let mut bad = report("word");
    bad.figures.readers[0].headline[0].value = Some(f64::NAN);
    assert!(bad.to_html().is_err());
}
