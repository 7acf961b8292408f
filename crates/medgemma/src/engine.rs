//! The engine's core: load a folder, encode pictures, read prompts, score branches, go on by a token. What a read does
//! with them stands in [`crate::reading`].
//!
//! Everything takes `&self`: what is kept for the next question lies behind locks that are held for moments only.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{DType, IndexOp, Tensor};

use crate::cancel::Cancel;
use crate::config::Config;
use crate::decoder::{Cache, Decoder, Span};
use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::linear::Adapter;
use crate::prompt::{self, Prompt};
pub use crate::question::{
    Answer, Description, LabelAnswer, LoadOptions, Precision, Question, ReadEvent, Task,
};
use crate::score::{Bodies, Branch, log_probs_at};
use crate::template::Message;
use crate::tokenizer::Tokenizer;
use crate::vision::{Projector, Tower};
use crate::weights;

/// Tokens of a prompt computed at once; never cut inside an image.
const CHUNK: usize = 512;
/// Most tokens of branches computed at once, unless a single one is longer.
const PASS: usize = 512;
/// Bytes of image embeddings kept in memory.
const EMBEDDING_BYTES: usize = 512 << 20;
/// Bytes of prefix snapshots kept in memory.
const SNAPSHOT_BYTES: usize = 1 << 30;
/// Prefix snapshots kept in memory.
const SNAPSHOTS: usize = 8;

/// A prompt read so far. A clone is a fork: it shares what was read and goes its own way from there.
#[derive(Clone, Debug)]
pub(crate) struct State {
    cache: Cache,
    last: Vec<f32>,
    reused: usize,
}

impl State {
    /// Logits after the last token read, one a row of the embedding.
    pub(crate) fn last(&self) -> &[f32] {
        &self.last
    }

    /// Tokens read.
    pub(crate) fn tokens(&self) -> usize {
        self.cache.length
    }

    /// Tokens of the prompt that came from an earlier question.
    pub(crate) fn reused(&self) -> usize {
        self.reused
    }
}

/// A picture as the decoder gets it.
#[derive(Clone, Debug)]
pub(crate) struct EncodedPicture {
    /// SHA-256 of the picture after the model's resize.
    pub(crate) sha256: String,
    /// `[tokens, D]`.
    features: Tensor,
}

/// Encoded pictures in the order of the prompt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoded {
    pub(crate) pictures: Vec<EncodedPicture>,
}

impl Encoded {
    /// All but the pictures of `range`.
    pub(crate) fn without(&self, range: &Range<usize>) -> Self {
        let kept = |(i, _): &(usize, &EncodedPicture)| !range.contains(i);
        let pictures = self.pictures.iter().enumerate().filter(kept);
        Self {
            pictures: pictures.map(|(_, picture)| picture.clone()).collect(),
        }
    }

    /// Hashes in order.
    pub(crate) fn sha256(&self) -> Vec<String> {
        self.pictures
            .iter()
            .map(|picture| picture.sha256.clone())
            .collect()
    }
}

struct Snapshot {
    ids: Vec<u32>,
    images: Vec<String>,
    cache: Cache,
    last_logits: Vec<f32>,
}

/// Image features by picture, oldest first in `order`.
#[derive(Default)]
struct Embeddings {
    kept: HashMap<String, Tensor>,
    order: Vec<String>,
}

/// A loaded model.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) tower: Option<(Tower, Projector)>,
    pub(crate) decoder: Decoder,
    description: Description,
    embeddings: Mutex<Embeddings>,
    snapshots: Mutex<Vec<Snapshot>>,
}

/// A lock whose holder panicked still guards sound data: every change is made whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Loads a model folder.
    ///
    /// # Errors
    /// Whatever is wrong with the folder, too little memory, or cancelled.
    pub fn load(
        folder: &Path,
        options: LoadOptions,
        progress: &mut dyn FnMut(f64),
        cancel: &Cancel,
    ) -> Result<Self> {
        let config = Config::read(folder)?;
        let tokenizer = Tokenizer::read(folder)?;
        let needed = crate::check::memory_needed(&config, options.precision);
        let available = options.memory_available.or_else(crate::check::memory_available);
        if let Some(available) = available.filter(|a| *a < needed) {
            let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
            return Err(EngineError::NotEnoughMemory {
                needed_gib: gib(needed),
                available_gib: gib(available),
            });
        }
        let dtype = match options.precision {
            Precision::F32 => DType::F32,
            Precision::Bf16 => DType::BF16,
        };
        let mut weights = weights::load(folder, &config, dtype, progress, cancel)?;
        let decoder = Decoder::take(&mut weights, &config.text)?;
        let tower = match &config.vision {
            Some(vision) => Some((
                Tower::take(&mut weights, vision)?,
                Projector::take(&mut weights, &config, vision)?,
            )),
            None => None,
        };
        let description = Description {
            name: folder
                .file_name()
                .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            folder: folder.to_path_buf(),
            parameters: config.parameters(),
            weights_sha256: weights.sha256,
            tokenizer_sha256: tokenizer.sha256.clone(),
            context: config.text.context,
            image_size: config.vision.as_ref().map(|v| v.image_size),
            tokens_per_image: config.tokens_per_image,
            precision: options.precision,
        };
        Ok(Self {
            config,
            tokenizer,
            tower,
            decoder,
            description,
            embeddings: Mutex::default(),
            snapshots: Mutex::default(),
        })
    }

    /// What was loaded.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The prompt as it will be tokenised.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`].
    pub fn prompt(&self, messages: &[Message], prefix: &str) -> Result<Prompt> {
        prompt::build(&self.config, &self.tokenizer, messages, prefix, false)
    }

    /// The token that ends a turn.
    pub(crate) fn end_of_turn(&self) -> Option<u32> {
        self.tokenizer
            .id("<end_of_turn>")
            .or_else(|| self.config.eos.last().copied())
    }

    /// Features and hashes of all pictures.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a broken picture or a model without a tower, [`EngineError::Cancelled`].
    pub(crate) fn encode_all(
        &self,
        pictures: &[Picture],
        _adapter: Option<&Adapter>,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        if pictures.is_empty() {
            return Ok(encoded);
        }
        let Some(side) = self.description.image_size else {
            return Err(EngineError::BadQuestion("the model reads text only".to_owned()));
        };
        for (k, picture) in pictures.iter().enumerate() {
            cancel.check()?;
            events(ReadEvent::Vision {
                k: k + 1,
                n: pictures.len(),
            });
            if !picture.is_whole() {
                return Err(EngineError::BadQuestion(format!(
                    "picture {} is empty or broken",
                    k + 1
                )));
            }
            let resized = picture.resized(side);
            let sha256 = resized.sha256();
            let known = lock(&self.embeddings).kept.get(&sha256).cloned();
            let features = match known {
                Some(features) => features,
                None => {
                    let (_, features) = self.encode(&resized, cancel)?;
                    self.remember(sha256.clone(), features.clone());
                    features
                }
            };
            encoded.pictures.push(EncodedPicture { sha256, features });
        }
        Ok(encoded)
    }

    /// Tower output and projected features of a picture of the tower's size.
    pub(crate) fn encode(&self, picture: &Picture, cancel: &Cancel) -> Result<(Tensor, Tensor)> {
        let (tower, projector) = self
            .tower
            .as_ref()
            .ok_or_else(|| EngineError::BadQuestion("the model reads text only".to_owned()))?;
        let hidden = tower.forward(picture, cancel)?;
        let features = projector.forward(&hidden)?;
        Ok((hidden, features))
    }

    fn remember(&self, sha256: String, features: Tensor) {
        let each = features.elem_count() * 4;
        let mut embeddings = lock(&self.embeddings);
        if embeddings.kept.insert(sha256.clone(), features).is_none() {
            embeddings.order.push(sha256);
        }
        while embeddings.order.len() > 1 && embeddings.order.len() * each > EMBEDDING_BYTES {
            let oldest = embeddings.order.remove(0);
            embeddings.kept.remove(&oldest);
        }
    }

    /// Reads a prompt from the longest snapshot on, and leaves snapshots after its last image and at its end.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a prompt that is empty, too long or speaks of more pictures than there are,
    /// [`EngineError::Cancelled`], arithmetic.
    pub(crate) fn prefill(
        &self,
        prompt: &Prompt,
        images: &Encoded,
        _adapter: Option<&Adapter>,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<State> {
        let total = prompt.ids.len();
        self.fits(prompt, images)?;
        let hashes = images.sha256();
        let mut state = self.nearest(prompt, &hashes);
        let parts: Vec<&Tensor> = images.pictures.iter().map(|picture| &picture.features).collect();
        let features = if parts.is_empty() {
            None
        } else {
            Some(Tensor::cat(&parts, 0)?)
        };
        events(ReadEvent::Prefill {
            done: state.reused,
            total,
        });
        // A snapshot after the last image serves every other question on the same images.
        let after_images = prompt.blocks.iter().rposition(|b| *b >= 0).map(|i| i + 1);
        let mut at = state.reused;
        while at < total {
            cancel.check()?;
            let mut end = (at + CHUNK).min(total);
            if let Some(stop) = after_images.filter(|stop| at < *stop && *stop < end) {
                end = stop;
            }
            while end < total && prompt.blocks[end] >= 0 && prompt.blocks[end] == prompt.blocks[end - 1] {
                end += 1;
            }
            let blocks = &prompt.blocks[at..end];
            let skip = prompt.blocks[..at].iter().filter(|b| **b >= 0).count();
            let own = blocks.iter().filter(|b| **b >= 0).count();
            let part = match &features {
                Some(features) if own > 0 => Some(features.narrow(0, skip, own)?),
                _ => None,
            };
            let embedded = self.decoder.embed(&prompt.ids[at..end], blocks, part.as_ref())?;
            let span = Span::trunk(at, blocks);
            let hidden = self
                .decoder
                .forward(embedded, &span, &mut state.cache, true, cancel, None)?;
            if end == total || Some(end) == after_images {
                state.last = last_logits(&self.decoder, &hidden)?;
                let seen = prompt.images_in(end).min(hashes.len());
                self.snapshot(Snapshot {
                    ids: prompt.ids[..end].to_vec(),
                    images: hashes[..seen].to_vec(),
                    cache: state.cache.clone(),
                    last_logits: state.last.clone(),
                });
            }
            at = end;
            events(ReadEvent::Prefill { done: at, total });
        }
        Ok(state)
    }

    /// A prompt must have tokens, fit the context and speak of pictures that are there.
    fn fits(&self, prompt: &Prompt, images: &Encoded) -> Result<()> {
        let (total, context) = (prompt.ids.len(), self.config.text.context);
        if total == 0 || prompt.images_in(total) > images.pictures.len() {
            return Err(EngineError::BadQuestion(format!(
                "it speaks of {} images and brings {}",
                prompt.images_in(total),
                images.pictures.len()
            )));
        }
        if total > context {
            return Err(EngineError::BadQuestion(format!(
                "it has {total} tokens and the model reads {context}: choose fewer slices"
            )));
        }
        Ok(())
    }

    /// The longest snapshot that begins this prompt on these pictures.
    ///
    /// Every picture has the same ids, so the snapshot must agree in the pictures too.
    fn nearest(&self, prompt: &Prompt, images: &[String]) -> State {
        let mut snapshots = lock(&self.snapshots);
        let found = snapshots
            .iter()
            .enumerate()
            .filter(|(_, s)| prompt.ids.starts_with(&s.ids) && images.starts_with(&s.images))
            .max_by_key(|(_, s)| s.ids.len())
            .map(|(i, _)| i);
        let Some(found) = found else {
            return State {
                cache: self.decoder.cache(),
                last: Vec::new(),
                reused: 0,
            };
        };
        // What serves goes to the end, so that many short ends never push out the pictures that they share.
        let snapshot = snapshots.remove(found);
        let state = State {
            cache: snapshot.cache.clone(),
            last: snapshot.last_logits.clone(),
            reused: snapshot.ids.len(),
        };
        snapshots.push(snapshot);
        state
    }

    fn snapshot(&self, snapshot: Snapshot) {
        let mut snapshots = lock(&self.snapshots);
        snapshots.retain(|s| s.ids != snapshot.ids || s.images != snapshot.images);
        snapshots.push(snapshot);
        while snapshots.len() > 1
            && (snapshots.len() > SNAPSHOTS
                || snapshots.iter().map(|s| s.cache.bytes()).sum::<usize>() > SNAPSHOT_BYTES)
        {
            snapshots.remove(0);
        }
    }

    /// Log-probability (natural log, over all rows of the embedding) of the tokens wanted of every branch, in as few
    /// passes as [`PASS`] allows. Branches see what `state` has read and themselves; what they share is computed once.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a branch that wants nothing, [`EngineError::Cancelled`], arithmetic.
    pub(crate) fn branch_scores(
        &self,
        state: &State,
        branches: &[Branch],
        _adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f64>>> {
        if branches.iter().any(|branch| branch.from >= branch.ids.len()) {
            return Err(EngineError::BadQuestion(
                "a label has no tokens of its own".to_owned(),
            ));
        }
        let mut scores: Vec<Vec<f64>> = branches
            .iter()
            .map(|branch| vec![f64::NEG_INFINITY; branch.ids.len() - branch.from])
            .collect();
        for (score, branch) in scores.iter_mut().zip(branches) {
            if branch.from == 0 {
                score[0] = log_probs_at(&state.last, &branch.ids[..1])[0];
            }
        }
        let plan = Bodies::of(branches);
        let wanted = plan.wanted(branches);
        let mut begin = 0;
        while begin < plan.bodies.len() {
            cancel.check()?;
            let mut span = Span::default();
            let (mut ids, mut owners) = (Vec::new(), Vec::new());
            let mut end = begin;
            while end < plan.bodies.len() && (end == begin || ids.len() + plan.bodies[end].len() <= PASS) {
                for (row, id) in plan.bodies[end].iter().enumerate() {
                    span.positions.push(state.cache.length + row);
                    span.blocks.push(-1);
                    span.branches.push(i32::try_from(end).unwrap_or(i32::MAX));
                    ids.push(*id);
                    owners.push((end, row));
                }
                end += 1;
            }
            let embedded = self.decoder.embed(&ids, &span.blocks, None)?;
            let mut scratch = state.cache.clone();
            let hidden = self
                .decoder
                .forward(embedded, &span, &mut scratch, false, cancel, None)?;
            let normed = self.decoder.finish(&hidden)?;
            for (at, owner) in owners.into_iter().enumerate() {
                let Some(targets) = wanted.get(&owner) else {
                    continue;
                };
                cancel.check()?;
                let logits: Vec<f32> = self
                    .decoder
                    .logits(&normed.i(at..at + 1)?)?
                    .flatten_all()?
                    .to_vec1()?;
                let ids: Vec<u32> = targets
                    .iter()
                    .map(|(b, depth)| branches[*b].ids[*depth])
                    .collect();
                for ((b, depth), found) in targets.iter().zip(log_probs_at(&logits, &ids)) {
                    scores[*b][depth - branches[*b].from] = found;
                }
            }
            begin = end;
        }
        Ok(scores)
    }

    /// One token further; `state.last()` are then the logits after it.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], arithmetic.
    pub(crate) fn step(
        &self,
        state: &mut State,
        id: u32,
        _adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<()> {
        // Rows past the table's strings exist in the embedding; ids past the table do not.
        let id = id.min(u32::try_from(self.config.text.vocab_size - 1).unwrap_or(u32::MAX));
        let embedded = self.decoder.embed(&[id], &[-1], None)?;
        let span = Span::trunk(state.cache.length, &[-1]);
        let hidden = self
            .decoder
            .forward(embedded, &span, &mut state.cache, true, cancel, None)?;
        state.last = last_logits(&self.decoder, &hidden)?;
        Ok(())
    }

    /// The state after a forward pass of the trace's own.
    pub(crate) fn state(&self, cache: Cache, last: Vec<f32>) -> State {
        State {
            cache,
            last,
            reused: 0,
        }
    }

    /// Forgets images and prefixes of earlier questions.
    pub fn forget(&self) {
        *lock(&self.embeddings) = Embeddings::default();
        lock(&self.snapshots).clear();
    }
}

/// The last row of hidden states `[T, D]`, normed, as logits.
pub(crate) fn last_logits(decoder: &Decoder, hidden: &Tensor) -> Result<Vec<f32>> {
    let last = hidden.narrow(0, hidden.dim(0)? - 1, 1)?;
    Ok(decoder
        .logits(&decoder.finish(&last)?)?
        .flatten_all()?
        .to_vec1()?)
}
