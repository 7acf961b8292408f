//! The store on a real file: durability, versions, append-only tables, refusals.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use overread_review::{Mark, MarkKind, Review, View};
use overread_store::{OwnAnswer, Store, StoreError, Truth, TruthKey};

const NOW: &str = "2026-01-02T03:04:05.000Z";

fn review(id: &str, version: u32) -> Review {
    Review {
        id: id.to_owned(),
        version,
        case: "case".to_owned(),
        reading: String::new(),
        study_uid: "1.2".to_owned(),
        series_uid: "1.2.3".to_owned(),
        title: "CT chest".to_owned(),
        folder: "/tmp/x".to_owned(),
        answers: Default::default(),
        scale: "radpeer-2016".to_owned(),
        score: "2a".to_owned(),
        classes: vec!["perception".to_owned()],
        comment: String::new(),
        marks_as_filed: Vec::new(),
        marks: Vec::new(),
        view: View {
            sop_instance_uid: "1".to_owned(),
            frame_number: 1,
            presentation: serde_json::Value::Null,
        },
        state: "open".to_owned(),
        at: NOW.to_owned(),
        reader: "r".to_owned(),
    }
}

fn mark(id: &str, x: f64) -> Mark {
    Mark {
        id: id.to_owned(),
        case: "case".to_owned(),
        sop_instance_uid: "1".to_owned(),
        frame_number: 1,
        kind: MarkKind::Length,
        points: vec![[x, 0.0], [1.0, 1.0]],
        patient_points: Vec::new(),
        text: String::new(),
        measured: Vec::new(),
        at: NOW.to_owned(),
        reader: "r".to_owned(),
    }
}

#[test]
fn versions_are_kept_and_the_newest_counts() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(home.path(), NOW).expect("opens");
    store.file_review(&review("a", 1)).expect("kept");
    store
        .file_review(&Review {
            comment: "later".to_owned(),
            ..review("a", 2)
        })
        .expect("kept");
    assert!(
        store.file_review(&review("a", 2)).is_err(),
        "a version is written once"
    );
    let reviews = store.reviews().expect("read");
    assert_eq!(
        (reviews.len(), reviews[0].version, reviews[0].comment.as_str()),
        (1, 2, "later")
    );
    assert_eq!(store.audit().expect("read"), (2, None));
}

#[test]
fn marks_are_undone_one_change_at_a_time() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(home.path(), NOW).expect("opens");
    store.save_mark(&mark("m", 0.0)).expect("kept");
    store.save_mark(&mark("m", 5.0)).expect("kept");
    store.delete_mark("m", "r", NOW).expect("gone");
    assert!(store.marks("case").expect("read").is_empty());
    assert!(store.undo_mark("case", "", "r", NOW).expect("undone"));
    assert_eq!(store.marks("case").expect("read")[0].points[0][0], 5.0);
    assert!(store.undo_mark("case", "", "r", NOW).expect("undone"));
    assert_eq!(store.marks("case").expect("read")[0].points[0][0], 0.0);
    assert!(store.undo_mark("case", "", "r", NOW).expect("undone"));
    assert!(!store.undo_mark("case", "", "r", NOW).expect("nothing left"));
}

#[test]
fn the_closest_truth_counts_and_an_empty_one_takes_it_away() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(home.path(), NOW).expect("opens");
    let truth = |label: &str| Truth {
        labels: vec![label.to_owned()],
        source: "t".to_owned(),
        at: NOW.to_owned(),
    };
    store
        .add_truths(
            &[
                (TruthKey::Study("s"), truth("a")),
                (TruthKey::Series("q"), truth("b")),
            ],
            "r",
            NOW,
        )
        .expect("kept");
    let keys = [TruthKey::Case("c"), TruthKey::Series("q"), TruthKey::Study("s")];
    assert_eq!(
        store.truth(&keys).expect("read").map(|t| t.labels),
        Some(vec!["b".to_owned()])
    );
    let nothing = Truth {
        labels: Vec::new(),
        ..truth("")
    };
    store
        .add_truths(&[(TruthKey::Case("c"), nothing)], "r", NOW)
        .expect("kept");
    assert_eq!(store.truth(&keys).expect("read"), None);
}

#[test]
fn the_order_of_answers_and_reveals_is_kept() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(home.path(), NOW).expect("opens");
    let answer = OwnAnswer {
        label: "x".to_owned(),
        confidence: Some(0.7),
        at: NOW.to_owned(),
        before_reveal: true,
    };
    store.add_answer("c", &answer, "r").expect("kept");
    store.record_seen("c", "model", "r", NOW).expect("kept");
    store
        .record_seen("c", "model", "r", "later")
        .expect("the first counts");
    assert_eq!(store.answers("c").expect("read"), [answer]);
    assert_eq!(
        store.seen("c").expect("read"),
        [("model".to_owned(), NOW.to_owned())]
    );
}

#[test]
fn a_changed_audit_row_shows() {
    let home = tempfile::tempdir().expect("a folder");
    Store::open(home.path(), NOW)
        .expect("opens")
        .set_setting("a", "b", NOW)
        .expect("kept");
    let raw = rusqlite::Connection::open(home.path().join("overread.sqlite")).expect("opens");
    assert!(
        raw.execute("UPDATE audit SET who = 'x'", []).is_err(),
        "the log is append-only"
    );
    raw.execute_batch("DROP TRIGGER audit_keep; UPDATE audit SET who = 'x'")
        .expect("forced");
    drop(raw);
    let (rows, fault) = Store::open(home.path(), NOW)
        .expect("opens")
        .audit()
        .expect("read");
    assert_eq!((rows, fault.as_deref()), (1, Some("row 1 was changed")));
}

#[test]
fn a_locked_a_damaged_and_a_newer_file_are_refused_in_words() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open_with_patience(home.path(), NOW, Duration::from_millis(20)).expect("opens");
    let raw = rusqlite::Connection::open(home.path().join("overread.sqlite")).expect("opens");
    raw.execute_batch("BEGIN EXCLUSIVE").expect("locks");
    assert!(matches!(
        store.set_setting("a", "b", NOW),
        Err(StoreError::Locked)
    ));
    raw.execute_batch("ROLLBACK; PRAGMA user_version = 99")
        .expect("frees");
    drop((raw, store));
    assert!(matches!(
        Store::open(home.path(), NOW),
        Err(StoreError::Newer { found: 99, .. })
    ));
    std::fs::write(home.path().join("overread.sqlite"), vec![7_u8; 8192]).expect("written");
    assert!(matches!(
        Store::open(home.path(), NOW),
        Err(StoreError::Damaged(_))
    ));
}

/// Not a test of its own: the writer that the next test kills.
#[test]
fn writer_for_the_kill_test() {
    let Some(home) = std::env::var_os("OVERREAD_TEST_WRITER") else {
        return;
    };
    let mut store = Store::open(std::path::Path::new(&home), NOW).expect("opens");
    for i in 0..100_000 {
        let id = format!("review-{i}");
        store.file_review(&review(&id, 1)).expect("kept");
        // Said only after it is saved.
        println!("saved {id}");
    }
}

#[test]
fn a_kill_loses_nothing_that_was_called_saved() {
    let home = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "writer_for_the_kill_test", "--nocapture"])
        .env("OVERREAD_TEST_WRITER", home.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut saved = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("text");
        if let Some(at) = line.find("saved review-") {
            saved.push(line[at + 6..].trim().to_owned());
        }
        if saved.len() >= 40 {
            break;
        }
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let store = Store::open(home.path(), NOW).expect("opens again");
    let kept: Vec<String> = store.reviews().expect("read").into_iter().map(|r| r.id).collect();
    assert!(saved.len() >= 40);
    for id in saved {
        assert!(kept.contains(&id), "{id} was called saved and is gone");
    }
    assert_eq!(store.audit().expect("read").1, None);
}
