//! `overread tune lora`: progress on standard error, figures at the end.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use overread_desk::op::tune::options::{Best, ScheduleName, Target};
use overread_desk::op::tune::{TuneOptions, TuneSettings, figure_words, p_words, run};
use overread_desk::wire::tuning::{Figure, TuneDone, TuneEstimate, TuneEvent, TuneJudged};
use overread_desk::{Cancel, Desk};
use serde_json::json;

use crate::Outcome;
use crate::files::{print_json, print_text};
use crate::models::precision;
use crate::tune_arguments::LoraArguments;

/// Steps are told at most so often.
const EVERY: Duration = Duration::from_secs(2);

fn settings(a: &LoraArguments) -> TuneSettings {
    let mut s = match a.preset.as_str() {
        "published" => TuneSettings::published(),
        _ => TuneSettings::default(),
    };
    fn set<T: Clone>(to: &mut T, from: Option<&T>) {
        if let Some(from) = from {
            to.clone_from(from);
        }
    }
    set(&mut s.rank, a.rank.as_ref());
    set(&mut s.alpha, a.alpha.as_ref());
    set(&mut s.dropout, a.dropout.as_ref());
    if !a.targets.is_empty() {
        s.targets.clone_from(&a.targets);
    }
    s.rank_stabilised |= a.rank_stabilised;
    set(&mut s.epochs, a.epochs.as_ref());
    set(&mut s.steps, a.steps.as_ref());
    set(&mut s.batch, a.batch.as_ref());
    set(&mut s.part, a.part.as_ref());
    set(&mut s.rate, a.rate.as_ref());
    match a.schedule.as_deref() {
        Some("constant") => s.schedule = ScheduleName::Constant,
        Some("linear") => s.schedule = ScheduleName::Linear,
        Some(_) => s.schedule = ScheduleName::Cosine,
        None => {}
    }
    set(&mut s.warm_up, a.warm_up.as_ref());
    set(&mut s.weight_decay, a.weight_decay.as_ref());
    set(&mut s.clip, a.clip.as_ref());
    set(&mut s.judge_every, a.judge_every.as_ref());
    set(&mut s.patience, a.patience.as_ref());
    match a.best.as_deref() {
        Some("figure") => s.best = Best::Figure,
        Some(_) => s.best = Best::Loss,
        None => {}
    }
    match a.target.as_deref() {
        Some("findings") => s.target = Target::Findings,
        Some(_) => s.target = Target::Answer,
        None => {}
    }
    set(&mut s.seed, a.seed.as_ref());
    s.precision = a.dtype.map(precision).or(s.precision);
    s.recompute = !a.keep_activations;
    s
}

pub(crate) fn tune(desk: &Desk, a: &LoraArguments) -> Outcome {
    let options = TuneOptions {
        case_set: a.set.clone(),
        model: a.model.clone(),
        out: a.out.clone(),
        split: a.split.clone(),
        validation: a.validation.clone().map(|split| match split.as_str() {
            "none" => String::new(),
            _ => split,
        }),
        prompt: a.prompt.clone(),
        settings: settings(a),
        dry_run: a.dry_run,
    };
    let told = Mutex::new(None::<Instant>);
    let estimated = Mutex::new(None::<TuneEstimate>);
    let heard = |event: TuneEvent| match event {
        TuneEvent::Preparing { what, fraction } if now(&told) || fraction >= 1.0 => {
            eprintln!("{what}, {:.0} %", fraction * 100.0);
        }
        TuneEvent::Estimated(estimate) => {
            eprint!("{}", estimate_words(&estimate));
            if let Ok(mut kept) = estimated.lock() {
                *kept = Some(*estimate);
            }
        }
        TuneEvent::Resumed { steps, .. } => eprintln!("taken up after step {}", steps.len()),
        TuneEvent::Step {
            step,
            of,
            seconds_left,
        } if now(&told) || step.step == of => {
            let left = seconds_left
                .map(|s| format!(", about {} left", span(s)))
                .unwrap_or_default();
            eprintln!(
                "step {} of {of}: loss {:.4}, right {:.1} %, norm {:.3}{left}",
                step.step,
                step.loss,
                step.right * 100.0,
                step.norm
            );
        }
        TuneEvent::Judged(judged) => eprintln!("{}", judged_words(&judged)),
        _ => {}
    };
    let done = run::tune(desk, &options, &heard, &Cancel::default())?;
    if a.json {
        return match &done {
            Some(done) => {
                let mut value = json!(done);
                value["adapter"] = json!(a.out);
                print_json(&value)
            }
            None => print_json(&json!(estimated.lock().ok().and_then(|kept| kept.clone()))),
        };
    }
    match &done {
        Some(done) => print_text(&done_words(done, a)),
        None => Ok(()),
    }
}

/// True when the last line was told a while ago.
fn now(told: &Mutex<Option<Instant>>) -> bool {
    let Ok(mut last) = told.lock() else { return false };
    if last.is_some_and(|at| at.elapsed() < EVERY) {
        return false;
    }
    *last = Some(Instant::now());
    true
}

fn estimate_words(e: &TuneEstimate) -> String {
    let gib = |bytes: u64| bytes as f64 / f64::from(1_u32 << 30);
    let free = e
        .memory_free
        .map(|free| format!(" of {:.1} GiB free", gib(free)))
        .unwrap_or_default();
    let time = e
        .seconds
        .map(|s| format!(", about {} of steps", span(s)))
        .unwrap_or_default();
    let mut out = format!(
        "{} cases to learn from, {} to judge on; {} steps, {} tokens an example, {} numbers learned; weights in {}; \
         about {:.1} GiB{free}{time}\n",
        e.cases,
        e.validation,
        e.steps,
        e.tokens,
        e.learned,
        e.precision,
        gib(e.memory_bytes)
    );
    out.extend(e.remarks.iter().map(|remark| format!("  {remark}\n")));
    out
}

fn judged_words(judged: &TuneJudged) -> String {
    let when = if judged.step == 0 {
        "base model".to_owned()
    } else {
        format!("after step {}", judged.step)
    };
    let loss = judged.loss.map(|l| format!("loss {l:.4}"));
    let first = judged
        .figures
        .first()
        .map(|f| format!("{} {}", f.name, figure_words(f)));
    let best = (judged.best && judged.step > 0).then(|| "the best so far".to_owned());
    let parts: Vec<String> = [loss, first, best].into_iter().flatten().collect();
    format!("{when}: {}", parts.join(", "))
}

fn done_words(done: &TuneDone, a: &LoraArguments) -> String {
    let mut out = format!(
        "{} steps{}, the state after step {} taken\n",
        done.steps,
        if done.early {
            ", stopped because it got no better"
        } else {
            ""
        },
        done.best
    );
    if !done.tuned.is_empty() {
        out += "\nvalidation split, which the state was chosen by: base model, then tuned\n";
    }
    for tuned in &done.tuned {
        let of = |f: Option<&Figure>| f.map_or_else(|| "none".to_owned(), figure_words);
        let base = done.base.iter().find(|b| b.key == tuned.key);
        out += &format!("  {}: {}, then {}\n", tuned.name, of(base), of(Some(tuned)));
    }
    for test in done.comparison.iter().flat_map(|c| &c.tests) {
        if let Some(p) = test.p {
            out += &format!("  {}: {}\n", test.name, p_words(p));
        }
    }
    out.extend(done.remarks.iter().map(|remark| format!("  {remark}\n")));
    out + &format!("{}\n", a.out.display())
}

/// Seconds in words.
fn span(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
