//! Damaged files by the thousand: each mutant is opened, indexed, listed and decoded, and nothing may crash, hang or
//! take much memory. `cargo xtask mutate` runs it and says what a finding is.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it reports to its terminal"
)]

mod memory;
mod mutation;
mod report;

use std::cell::RefCell;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use overread_dicom::file::DicomFile;
use overread_dicom::scan::{Found, examine_bytes};
use overread_dicom::{ImageHeader, Index, decode_with, objects, tags};
use overread_imaging::frame::Frame;
use overread_imaging::{colour, render};

use crate::mutation::{Random, mutate};
use crate::report::{Outcome, Report};

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;

/// A mutant that takes longer than this hangs.
const LONGEST: Duration = Duration::from_secs(10);
/// A mutant may have this much alive at once.
const MOST_MEMORY: usize = 2 << 30;

thread_local! {
    /// What the last panic on this thread said.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Options {
    seed: u64,
    numbers: Vec<u64>,
    threads: usize,
    verbose: bool,
    /// Where to put the mutant.
    write: Option<PathBuf>,
}

struct Original {
    name: String,
    bytes: Vec<u8>,
    header: Option<ImageHeader>,
}

/// What a thread is at: the mutant's number plus one, and when it began, in milliseconds since the start.
#[derive(Default)]
struct Slot {
    number: AtomicU64,
    since: AtomicU64,
}

fn main() -> ExitCode {
    let (options, folder) = match arguments() {
        Ok(found) => found,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let originals = originals(&folder);
    if originals.is_empty() {
        eprintln!("{} holds no files.", folder.display());
        return ExitCode::FAILURE;
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let fixed = payload.downcast_ref::<&str>().copied();
        let what = fixed.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = what.unwrap_or("a panic");
        SAID.set(Some(format!(
            "{} at {place}",
            what.lines().next().unwrap_or_default()
        )));
    }));
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let slots: Vec<Slot> = (0..options.threads).map(|_| Slot::default()).collect();
    let report = Mutex::new(Report::default());
    let running = AtomicU64::new(slots.len() as u64);
    std::thread::scope(|scope| {
        for (thread, slot) in slots.iter().enumerate() {
            let mut journal = Journal::new(thread);
            let (options, originals, report) = (&options, &originals, &report);
            let (next, running) = (&next, &running);
            // Deep nesting is refused by counting, not by the size of this stack: it is a usual thread's.
            scope.spawn(move || {
                while let Some(number) = options
                    .numbers
                    .get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX))
                {
                    journal.begin(*number);
                    slot.since.store(milliseconds(started), Ordering::Relaxed);
                    slot.number.store(number + 1, Ordering::Release);
                    let outcome = one(originals, options, *number);
                    slot.number.store(0, Ordering::Release);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(done) = report.add(*number, outcome) {
                        eprintln!("{done} mutants, {:.0} s", started.elapsed().as_secs_f64());
                    }
                }
                running.fetch_sub(1, Ordering::Release);
            });
        }
        watch(&slots, &running, started, options.seed);
    });
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    print!("{}", report.text(options.seed, started.elapsed()));
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What a thread is at, in a file of a folder that the caller names: for whoever finds this process dead.
struct Journal(Option<std::fs::File>);

impl Journal {
    fn new(thread: usize) -> Self {
        let folder = std::env::var_os("OVERREAD_MUTATE_JOURNAL").map(PathBuf::from);
        Self(folder.and_then(|folder| std::fs::File::create(folder.join(thread.to_string())).ok()))
    }

    fn begin(&mut self, number: u64) {
        if let Some(file) = &mut self.0 {
            // A journal that cannot be written says nothing, which is what its reader then says.
            let _ = file.rewind().and_then(|()| write!(file, "{number:<20}"));
        }
    }
}

/// Aborts with a name when a mutant hangs.
fn watch(slots: &[Slot], running: &AtomicU64, started: Instant, seed: u64) {
    while running.load(Ordering::Acquire) > 0 {
        std::thread::sleep(Duration::from_millis(20));
        for slot in slots {
            let number = slot.number.load(Ordering::Acquire);
            if number == 0 {
                continue;
            }
            let spent = milliseconds(started).saturating_sub(slot.since.load(Ordering::Relaxed));
            if u128::from(spent) > LONGEST.as_millis() {
                eprintln!(
                    "hang: mutant {} of seed {seed} runs for more than {} s",
                    number - 1,
                    LONGEST.as_secs()
                );
                std::process::abort();
            }
        }
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn arguments() -> Result<(Options, PathBuf), String> {
    let mut options = Options {
        seed: 1,
        numbers: Vec::new(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        verbose: false,
        write: None,
    };
    let (mut count, mut only, mut folder) = (1000, None, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().unwrap_or_default();
            value
                .parse::<u64>()
                .map_err(|_| format!("{word} needs a number, not {value:?}."))
        };
        match word.as_str() {
            "--n" => count = number()?,
            "--seed" => options.seed = number()?,
            "--only" => only = Some(number()?),
            "--threads" => options.threads = usize::try_from(number()?).unwrap_or(1).max(1),
            "--write" => options.write = words.next().map(PathBuf::from),
            _ => folder = Some(PathBuf::from(&word)),
        }
    }
    options.verbose = only.is_some();
    options.numbers = only.map_or_else(|| (0..count).collect(), |number| vec![number]);
    folder
        .map(|folder| (options, folder))
        .ok_or_else(|| "Name the folder whose files are mutated.".to_owned())
}

fn originals(folder: &Path) -> Vec<Original> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    // The number of a mutant must mean the same everywhere.
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let bytes = std::fs::read(&path).ok()?;
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            let header = match examine_bytes(Path::new("original"), &bytes) {
                Found::Image(header) => Some(*header),
                _ => None,
            };
            Some(Original { name, bytes, header })
        })
        .collect()
}

/// Makes one mutant and does with it what a reader does.
fn one(originals: &[Original], options: &Options, number: u64) -> Outcome {
    let mut random = Random::new(options.seed, number);
    let original = &originals[random.below(originals.len())];
    let other = &originals[random.below(originals.len())];
    let mut bytes = original.bytes.clone();
    let changes = mutate(&mut bytes, &other.bytes, &mut random);
    if options.verbose {
        println!("{}: {}; {} bytes", original.name, changes.join(", "), bytes.len());
    }
    if let Some(Err(error)) = options.write.as_ref().map(|path| std::fs::write(path, &bytes)) {
        eprintln!("the mutant cannot be written: {error}");
    }
    let alive = memory::begin();
    let begun = Instant::now();
    SAID.set(None);
    let mut outcome = Outcome::new(&original.name, &changes);
    let read = catch_unwind(AssertUnwindSafe(|| read(&bytes, original, &mut outcome)));
    outcome.time = begun.elapsed();
    outcome.memory = memory::peak_over(alive);
    let said = SAID.take();
    match read {
        Ok(()) => outcome.caught = said,
        Err(_) => outcome.finding = said.or(Some("a panic".to_owned())),
    }
    if outcome.memory > MOST_MEMORY {
        outcome.finding = Some(format!("{} MiB alive at once", outcome.memory >> 20));
    }
    if outcome.time > LONGEST {
        outcome.finding = Some(format!("{:.1} s", outcome.time.as_secs_f64()));
    }
    if options.verbose {
        println!("{outcome:?}");
    }
    outcome
}

fn read(bytes: &[u8], original: &Original, outcome: &mut Outcome) {
    let path = Path::new("mutant");
    let found = examine_bytes(path, bytes);
    let opened = DicomFile::from_bytes(bytes.to_vec(), None);
    match found {
        Found::Image(header) => {
            let mut index = Index::default();
            index.add(*header);
            if let Some(header) = &original.header {
                index.add(header.clone());
            }
            let sets = index.display_sets(None);
            if sets.iter().any(|set| set.frames.is_empty()) {
                outcome.finding = Some("a display set without frames".to_owned());
            }
        }
        Found::Unreadable(error) => outcome.refuse(&error),
        Found::NotDicom(_) => outcome.refused.push("not DICOM"),
        Found::Object(_) => outcome.refused.push("no image"),
    }
    let Ok(file) = opened else { return };
    outcome.opened = true;
    if let Ok(header) = ImageHeader::read(path, &file) {
        let frames = header.layout.frames;
        let mut asked = vec![1, frames.div_ceil(2), frames];
        asked.dedup();
        for frame in asked {
            match decode_with(&file, &header, frame) {
                Ok(frame) => {
                    outcome.decoded = true;
                    if let Some(wrong) = show(&frame) {
                        outcome.finding = Some(wrong);
                    }
                }
                Err(error) => outcome.refuse(&error),
            }
        }
    }
    read_object(path, &file, outcome);
    let _ = tags::lines_of(file);
}

/// Whatever an object may hold: what it is not is refused.
fn read_object(path: &Path, file: &DicomFile, outcome: &mut Outcome) {
    let _ = objects::ObjectHeader::read(file);
    if let Ok(report) = objects::sr::read(file) {
        let _ = objects::sr_text::lines(&report);
    }
    let _ = objects::document::read(file);
    let image = objects::ImageFrame {
        sop_uid: "",
        frame: 1,
        frame_of_reference: None,
        plane: None,
        rows: 16,
        columns: 16,
        reach_mm: [1.0; 2],
    };
    if let Ok(seg) = objects::seg::read(path, file) {
        let over = objects::ImageFrame {
            frame_of_reference: seg.frame_of_reference.as_deref(),
            plane: seg.frames.first().and_then(|f| f.plane),
            ..image.clone()
        };
        if let Err(error) = objects::mask::masks(file, &seg, &over) {
            outcome.refuse(&error);
        }
    }
    if let Ok(set) = objects::rtstruct::read(file) {
        let _ = set.on(&image, &std::collections::HashMap::new());
    }
}

/// Display values by what the file shows first; what is wrong with them.
fn show(frame: &Frame) -> Option<String> {
    let a = &frame.attributes;
    let samples = usize::from(a.samples_per_pixel);
    let pixels = a.rows as usize * a.columns as usize;
    let there = frame.samples.len();
    if there != pixels * samples {
        return Some(format!("{there} values for {pixels} pixels of {samples}"));
    }
    let (shown, expected) = if a.photometric.is_monochrome() {
        let voi = render::default_voi(frame);
        (render::shown_values(frame, &voi).len(), pixels)
    } else {
        (colour::to_rgb8(frame).map_or(0, |rgb| rgb.len()), pixels * 3)
    };
    (shown != expected).then(|| format!("{shown} display values for {pixels} pixels, {:?}", a.photometric))
}
