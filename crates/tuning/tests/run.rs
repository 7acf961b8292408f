//! Runs: what is learned is learned, a stopped run goes on as if nothing had happened, and a bad one ends in words.

use std::path::Path;
use std::sync::Arc;

use overread_medgemma::config::Config;
use overread_tuning::random::Draw;
use overread_tuning::scratch::FirstValues;
use overread_tuning::train::{Ended, Judgement, Lessons, Run, RunSettings, StepReport, Watch};
use overread_tuning::{Example, Learner, OptimiserSettings, Schedule, Seen, TuningError};
use serde_json::json;

fn learner() -> Learner<f32> {
    let config = json!({
        "model_type": "gemma3", "mm_tokens_per_image": 4, "image_token_index": 40,
        "text_config": {
            "vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "query_pre_attn_scalar": 16.0,
            "sliding_window": 16, "sliding_window_pattern": 2
        },
        "vision_config": {
            "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 16, "patch_size": 4
        }
    });
    let config = Config::from_json(&config, None).expect("a config");
    Learner::build(&config, &mut FirstValues::new(4, 2)).expect("builds")
}

/// Twenty pictures of noise, each with a word of two tokens for an answer.
struct Twenty;

impl Lessons for Twenty {
    fn len(&self) -> usize {
        20
    }

    fn example(&self, index: usize, _: Draw) -> Example {
        let draw = Draw::new(77).of(index as u64);
        let picture = (0..3 * 16 * 16).map(|i| draw.normal(i) as f32).collect();
        let word = [10 + (index % 5) as u32, 20 + (index / 5) as u32];
        Example {
            ids: vec![2, 40, 40, 40, 40, 3, 4, word[0], word[1], 1],
            blocks: vec![-1, 0, 0, 0, 0, -1, -1, -1, -1, -1],
            answer: 7..10,
            seen: Seen::Pictures(vec![Arc::new(picture)]),
            weight: 1.0,
            patches: None,
        }
    }
}

fn settings(steps: usize) -> RunSettings {
    RunSettings {
        steps,
        batch: 10,
        part: 3,
        seed: 5,
        optimiser: OptimiserSettings {
            learning_rate: 4e-3,
            clip: 1.0,
            schedule: Schedule::Cosine,
            ..OptimiserSettings::default()
        },
        judge_every: 0,
        patience: 0,
        keep_every: 5,
        subject: "twenty".to_owned(),
    }
}

/// Stops after a step, and judges by a list of scores.
#[derive(Default)]
struct Watched {
    stop_after: Option<usize>,
    scores: Vec<f64>,
    last: Option<StepReport>,
}

impl Watch for Watched {
    fn step(&mut self, report: &StepReport, _: usize) -> bool {
        self.last = Some(*report);
        self.stop_after != Some(report.step)
    }

    fn judge(&mut self, _: &Learner<f32>, step: usize) -> Result<Option<Judgement>, TuningError> {
        let next = (!self.scores.is_empty()).then(|| self.scores.remove(0));
        Ok(next.map(|score| Judgement {
            step,
            score,
            figures: json!(null),
        }))
    }
}

fn values(run: &Run) -> Vec<u32> {
    let all = run.learner.parameters.iter().flat_map(|(_, p)| &p.values);
    all.map(|v| v.to_bits()).collect()
}

fn through(folder: Option<&Path>, stops: &[usize]) -> Run {
    for stop in stops {
        let mut run = Run::begin(learner(), settings(23), folder).expect("begins");
        let mut watched = Watched {
            stop_after: Some(*stop),
            ..Watched::default()
        };
        let ended = run.go(&Twenty, &mut watched);
        assert!(matches!(ended, Err(TuningError::Cancelled)), "{ended:?}");
    }
    let mut run = Run::begin(learner(), settings(23), folder).expect("begins");
    let ended = run.go(&Twenty, &mut Watched::default()).expect("runs");
    assert_eq!((ended, run.done()), (Ended::Whole, 23));
    run
}

#[test]
fn a_tiny_model_learns_twenty_cases_by_heart() {
    let mut run = Run::begin(learner(), settings(400), None).expect("begins");
    let mut watched = Watched::default();
    run.go(&Twenty, &mut watched).expect("runs");
    let last = watched.last.expect("a step");
    assert!(last.right == 1.0 && last.loss < 0.02, "{last:?}");
    assert!(run.history.steps[0].loss > 2.0, "{:?}", run.history.steps[0]);
}

#[test]
fn a_stopped_run_ends_where_an_unbroken_one_does() {
    let whole = values(&through(None, &[]));
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(values(&through(Some(folder.path()), &[3, 11, 12])), whole);
    // A killed one has what was kept last: steps 5, 10, …; a torn state is as good as none.
    let state = folder.path().join("state.bin");
    let mut bytes = std::fs::read(&state).expect("kept");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&state, bytes).expect("writes");
    assert_eq!(values(&through(Some(folder.path()), &[])), whole);
}

#[test]
fn another_runs_state_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    through(Some(folder.path()), &[]);
    let other = RunSettings {
        seed: 6,
        ..settings(23)
    };
    let refused = Run::begin(learner(), other, Some(folder.path())).expect_err("refused");
    assert!(refused.to_string().contains("another run"), "{refused}");
    let mut fewer = learner();
    fewer.learn_only(|name| name.starts_with("text."));
    let refused = Run::begin(fewer, settings(23), Some(folder.path())).expect_err("refused");
    assert!(refused.to_string().contains("other tensors"), "{refused}");
}

#[test]
fn it_stops_early_and_the_best_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let patient = RunSettings {
        judge_every: 4,
        patience: 2,
        ..settings(40)
    };
    let mut run = Run::begin(learner(), patient, Some(folder.path())).expect("begins");
    let mut watched = Watched {
        scores: vec![0.2, 0.7, 0.6, 0.7, 0.9],
        ..Watched::default()
    };
    assert_eq!(run.go(&Twenty, &mut watched).expect("runs"), Ended::Early);
    assert_eq!((run.done(), run.history.best), (16, 8));
    assert_eq!(run.best().map(|j| j.score), Some(0.7));
    let last = values(&run);
    run.take_best().expect("kept");
    assert_ne!(values(&run), last);
}

#[test]
fn a_loss_that_ran_away_is_told() {
    let wild = RunSettings {
        optimiser: OptimiserSettings {
            learning_rate: 1e30,
            clip: 0.0,
            schedule: Schedule::Constant,
            warm_up: 0.0,
            ..OptimiserSettings::default()
        },
        ..settings(20)
    };
    let mut run = Run::begin(learner(), wild, None).expect("begins");
    let error = run.go(&Twenty, &mut Watched::default()).expect_err("ran away");
    assert!(error.to_string().contains("lower the learning rate"), "{error}");
}
