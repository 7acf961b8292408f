//! Progress on standard error: a line now and then.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Tells at most this often.
const EVERY: Duration = Duration::from_secs(2);

/// Counts things that are done.
pub(crate) struct Counted {
    what: &'static str,
    told: Mutex<(Instant, bool)>,
}

impl Counted {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            told: Mutex::new((Instant::now(), false)),
        }
    }

    /// `done` of `of`, when the last line was a while ago.
    pub(crate) fn tell(&self, done: usize, of: Option<usize>) {
        let Ok(mut told) = self.told.try_lock() else {
            return;
        };
        if told.0.elapsed() < EVERY {
            return;
        }
        *told = (Instant::now(), true);
        let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
        eprint!("\r{done}{of} {}", self.what);
    }

    /// Ends the line.
    pub(crate) fn done(&self) {
        if self.told.lock().is_ok_and(|told| told.1) {
            eprintln!();
        }
    }
}
