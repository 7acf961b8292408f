//! How fast this machine reads with a model: measured with every answer, kept, and used for honest estimates.

use std::collections::BTreeMap;
use std::path::Path;

use overread_medgemma::estimate;
use overread_medgemma::files::ModelFiles;
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, lock};
use crate::loaded::Key;
use crate::op::precision;
use crate::wire::reading::Estimate;

const SETTING: &str = "model_pace";

/// A kept pace is written anew when it is off by more than this share.
const NEWS: f64 = 0.2;

/// What takes less than this share of the time before was not computed.
const CACHED: f64 = 0.2;

/// Of a file's bytes as many a second are read when nothing was measured: a slow disk.
const DISK: f64 = 500e6;

/// Seconds of the parts of an answer; 0 where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pace {
    /// A picture.
    pub(crate) picture: f64,
    /// A token of the prompt.
    pub(crate) token: f64,
    /// A token that is written.
    pub(crate) written: f64,
    /// Loading.
    pub(crate) load: f64,
}

/// What was read, and how long it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) pictures: usize,
    pub(crate) prompt: usize,
    pub(crate) written: usize,
    /// Seconds: load, vision, prefill, decode.
    pub(crate) seconds: [f64; 4],
}

impl Pace {
    /// With what was measured now; parts that were not measured stay.
    fn with(self, m: &Measured) -> Self {
        let [load, vision, prefill, decode] = m.seconds;
        // What came from a cache takes next to nothing and says nothing.
        let each = |seconds: f64, n: usize, before: f64| {
            let now = if n > 0 { seconds / n as f64 } else { 0.0 };
            if seconds > 1e-4 && now > before * CACHED {
                now
            } else {
                before
            }
        };
        Self {
            picture: each(vision, m.pictures, self.picture),
            token: each(prefill, m.prompt, self.token),
            written: each(decode, m.written, self.written),
            load: if load > 0.05 { load } else { self.load },
        }
    }

    fn is_news(self, before: Self) -> bool {
        let off = |a: f64, b: f64| (a - b).abs() > NEWS * b;
        off(self.picture, before.picture)
            || off(self.token, before.token)
            || off(self.written, before.written)
            || off(self.load, before.load)
    }
}

fn name(key: &Key) -> String {
    format!(
        "{}|{}|{}",
        key.path.display(),
        precision::name(key.precision),
        key.device
    )
}

fn kept(desk: &Desk) -> BTreeMap<String, Pace> {
    let text = desk
        .store()
        .ok()
        .and_then(|store| store.setting(SETTING).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// What is known of a model on this machine.
pub(crate) fn of(desk: &Desk, key: &Key) -> Option<Pace> {
    let name = name(key);
    let now = lock(&desk.pace).get(&name).copied();
    now.or_else(|| kept(desk).remove(&name))
}

/// Remembers what was measured.
pub(crate) fn note(desk: &Desk, key: &Key, measured: &Measured) {
    let name = name(key);
    let before = of(desk, key).unwrap_or_default();
    let after = before.with(measured);
    lock(&desk.pace).insert(name.clone(), after);
    if !after.is_news(before) {
        return;
    }
    let mut all = kept(desk);
    all.insert(name, after);
    let text = serde_json::to_string(&all).unwrap_or_default();
    let now = desk.clock.now();
    if let Ok(mut store) = desk.store()
        && let Err(error) = store.set_setting(SETTING, &text, &now)
    {
        tracing::warn!("the pace was not kept: {error}");
    }
}

/// Seconds that a question will take: by what was measured here, else a guess by the model's size.
pub(crate) fn estimate(
    desk: &Desk,
    key: &Key,
    files: &ModelFiles,
    bytes: f64,
    [pictures, prompt, written]: [usize; 3],
) -> Estimate {
    let loaded = desk.models.has(key);
    let guess = |pictures, tokens| estimate::seconds(&files.config, pictures, tokens);
    let pace = of(desk, key);
    let part = |measured: f64, n: usize, guessed: f64| {
        if measured > 0.0 {
            measured * n as f64
        } else {
            guessed
        }
    };
    let p = pace.unwrap_or_default();
    Estimate {
        load: match (loaded, p.load > 0.0) {
            (true, _) => 0.0,
            (false, true) => p.load,
            (false, false) => bytes / DISK,
        },
        vision: part(p.picture, pictures, guess(pictures, 0)),
        prefill: part(p.token, prompt, guess(0, prompt)),
        decode: part(p.written, written, guess(0, written)),
        measured: pace.is_some() && (p.picture > 0.0 || pictures == 0) && p.token > 0.0,
    }
}

/// Bytes of a model's files, as far as they can be seen.
pub(crate) fn file_bytes(path: &Path) -> f64 {
    let own = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    if let Some(own) = own {
        return own.len() as f64;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len() as f64)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_a_cache_says_nothing_of_the_pace() {
        let first = Pace::default().with(&Measured {
            pictures: 2,
            prompt: 600,
            written: 10,
            seconds: [3.0, 8.0, 6.0, 1.0],
        });
        assert_eq!(
            (first.picture, first.token, first.written, first.load),
            (4.0, 0.01, 0.1, 3.0)
        );
        let cached = first.with(&Measured {
            pictures: 2,
            prompt: 0,
            written: 10,
            seconds: [0.0, 0.2, 0.0, 1.0],
        });
        assert_eq!(cached, first);
        assert!(first.is_news(Pace::default()) && !cached.is_news(first));
    }
}
