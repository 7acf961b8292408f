//! How long judging takes: `cargo run --release --package overread-evaluation --example judge [ANSWERS] [LABELS]`.
#![expect(clippy::print_stdout, reason = "an example prints its figures")]

use std::time::Instant;

use overread_evaluation::matching::{Judge, Rules, Said, Task, Verdict};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>().ok());
    let answers = arguments.next().flatten().unwrap_or(50_000);
    let most = arguments.next().flatten().unwrap_or(50);
    let rows = overread_evaluation::matching::Synonyms::radiology();
    let mut labels: Vec<String> = rows.rows().iter().map(|row| row.term.clone()).collect();
    labels.dedup();
    labels.truncate(most);
    let texts: Vec<String> = (0..answers)
        .map(|i| {
            let label = labels.get(i % labels.len().max(1)).map_or("", String::as_str);
            let other = labels.get((i * 7 + 3) % labels.len().max(1)).map_or("", String::as_str);
            match i % 4 {
                0 => format!("Final Answer: {label}"),
                1 => format!(
                    "The image is an axial slice of the chest in a soft tissue window. The heart is of usual size and the \
                     mediastinum is not widened. There is no {other}. In the left lower zone there is a change of density \
                     that is best explained by {label}, without further abnormality of the bones or of the soft tissues.\n\
                     Final Answer: {label}"
                ),
                2 => format!("There is {label} on the right. No {other}."),
                _ => "The slice shows the upper abdomen. Nothing that is named here belongs to the question.".to_owned(),
            }
        })
        .collect();
    println!(
        "{answers} answers, {} labels, {} synonyms",
        labels.len(),
        rows.rows().len()
    );
    for task in [Task::Closed, Task::Open, Task::Differential, Task::Findings] {
        let begun = Instant::now();
        let judge = Judge::new(Rules::new(task, &labels));
        let ready = begun.elapsed();
        let mut right = 0_usize;
        for (i, text) in texts.iter().enumerate() {
            let truth = labels
                .get(i % labels.len().max(1))
                .map(std::slice::from_ref)
                .unwrap_or_default();
            right += usize::from(judge.judge(Said::whole(text), truth).verdict == Verdict::Right);
        }
        println!(
            "{task:?}: {right} right, {:.2} s ({:.1} ms to make ready)",
            begun.elapsed().as_secs_f64(),
            ready.as_secs_f64() * 1e3
        );
    }
}
