//! Every scenario of the reference values; a printed skip where the shared folder is absent.
#![expect(clippy::print_stdout, reason = "figures and skips stand in the test's log")]

mod counts;
mod figures;

use serde_json::Value;

/// The reference values, where they are.
fn reference() -> Option<Value> {
    let file = overread_testkit::shared("golden/golden_metrics.json")?;
    let text = std::fs::read_to_string(file).expect("reference values");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Holds all scenarios of some kinds against the reference; at least one of each kind must be there.
fn hold(kinds: &[&str]) {
    let Some(reference) = reference() else {
        return;
    };
    let mut wrong = Vec::new();
    for kind in kinds {
        let mut seen = 0;
        for scenario in reference["scenarios"].as_array().expect("scenarios") {
            if scenario["kind"] != *kind {
                continue;
            }
            seen += 1;
            let id = scenario["id"].as_str().unwrap_or_default();
            match overread_evaluation::golden::compute(kind, &scenario["input"]) {
                Some(Ok(got)) => {
                    let expected = &scenario["expected"];
                    let all = overread_evaluation::golden::differences(
                        kind,
                        expected,
                        &got,
                        &reference["tolerance"],
                    );
                    wrong.extend(all.into_iter().map(|line| format!("{id}: {line}")));
                }
                Some(Err(reason)) => wrong.push(format!("{id}: {reason}")),
                None => wrong.push(format!("{id}: {kind} is an unknown kind")),
            }
        }
        assert!(seen > 0, "no scenario of {kind}");
        println!("{kind}: {seen} scenarios");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
