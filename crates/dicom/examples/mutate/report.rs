//! What became of the mutants, counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use overread_dicom::DicomError;

/// What became of one mutant.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The file it was made from, and how.
    pub(crate) from: String,
    pub(crate) opened: bool,
    pub(crate) decoded: bool,
    /// Kinds of errors, one for each refusal.
    pub(crate) refused: Vec<&'static str>,
    pub(crate) time: Duration,
    pub(crate) memory: usize,
    /// A panic that became an error of the file or frame.
    pub(crate) caught: Option<String>,
    /// What must not happen.
    pub(crate) finding: Option<String>,
}

impl Outcome {
    pub(crate) fn new(name: &str, changes: &[&str]) -> Self {
        Self {
            from: format!("{name} ({})", changes.join(", ")),
            opened: false,
            decoded: false,
            refused: Vec::new(),
            time: Duration::ZERO,
            memory: 0,
            caught: None,
            finding: None,
        }
    }

    pub(crate) fn refuse(&mut self, error: &DicomError) {
        self.refused.push(match error {
            DicomError::Io(_) => "cannot be read",
            DicomError::NotDicom(_) => "not DICOM",
            DicomError::Damaged(_) => "damaged data set",
            DicomError::Missing(_) => "incomplete header",
            DicomError::Truncated { .. } => "pixel data cut short",
            DicomError::UnsupportedSyntax(_) => "transfer syntax not supported",
            DicomError::UnsupportedPixels(_) => "form of pixels not supported",
            DicomError::Codec { .. } => "codec error",
            DicomError::Overlay(_) => "overlay",
            DicomError::NoSuchFrame { .. } => "no such frame",
            DicomError::NoImage(_) => "no image",
            DicomError::Archive(_) => "zip not readable",
            DicomError::Changed => "changed",
            DicomError::Video(_) => "video",
            DicomError::UnsupportedObject { .. } => "another object",
            DicomError::TooLarge(_) => "too large",
            DicomError::Picture(_) => "picture not readable",
            DicomError::NotFound(_) => "not found",
        });
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    mutants: u64,
    opened: u64,
    decoded: u64,
    refused: BTreeMap<&'static str, u64>,
    /// By time, the slowest first.
    slowest: Vec<(Duration, u64, String)>,
    most_memory: (usize, u64, String),
    caught: BTreeMap<String, (u64, u64)>,
    findings: Vec<(u64, String, String)>,
}

impl Report {
    /// Adds one; gives the count when it is a round one.
    pub(crate) fn add(&mut self, number: u64, outcome: Outcome) -> Option<u64> {
        self.mutants += 1;
        self.opened += u64::from(outcome.opened);
        self.decoded += u64::from(outcome.decoded);
        let mut kinds = outcome.refused;
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.refused.entry(kind).or_default() += 1;
        }
        self.slowest.push((outcome.time, number, outcome.from.clone()));
        self.slowest.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        self.slowest.truncate(3);
        if outcome.memory > self.most_memory.0 {
            self.most_memory = (outcome.memory, number, outcome.from.clone());
        }
        if let Some(caught) = outcome.caught {
            let entry = self.caught.entry(caught).or_insert((0, number));
            *entry = (entry.0 + 1, entry.1.min(number));
        }
        if let Some(finding) = outcome.finding {
            self.findings.push((number, outcome.from, finding));
        }
        self.mutants.is_multiple_of(10_000).then_some(self.mutants)
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// For people.
    pub(crate) fn text(&self, seed: u64, time: Duration) -> String {
        let mut out = String::new();
        let seconds = time.as_secs_f64();
        let _ = writeln!(out, "{} mutants of seed {seed} in {seconds:.0} s", self.mutants);
        let _ = writeln!(out, "opened   {}", self.opened);
        let _ = writeln!(out, "decoded  {}", self.decoded);
        let _ = writeln!(out, "refused, by kind (a mutant may have several):");
        for (kind, n) in &self.refused {
            let _ = writeln!(out, "  {n:>8}  {kind}");
        }
        for (time, number, from) in &self.slowest {
            let _ = writeln!(out, "slowest  {} ms: mutant {number}, {from}", time.as_millis());
        }
        let (bytes, number, from) = &self.most_memory;
        let _ = writeln!(
            out,
            "memory   {} MiB at most: mutant {number}, {from}",
            bytes >> 20
        );
        if let Some(peak) = high_water() {
            let _ = writeln!(out, "process  {} MiB at most", peak >> 10);
        }
        let panics: u64 = self.caught.values().map(|(n, _)| n).sum();
        let _ = writeln!(out, "panics of parser or codecs that became errors: {panics}");
        for (what, (n, first)) in &self.caught {
            let _ = writeln!(out, "  {n:>8}  {what} (first: mutant {first})");
        }
        let _ = writeln!(out, "findings {}", self.findings.len());
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort();
        for (number, from, what) in findings {
            let _ = writeln!(out, "  --seed {seed} --only {number}: {what}; {from}");
        }
        out
    }
}

/// Most memory that this process ever held, KiB, where the system tells.
fn high_water() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
