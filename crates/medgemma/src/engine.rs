//! The engine's core: load a folder, encode pictures, read prompts, score branches, go on by a token. What a read does
//! with them stands in [`crate::reading`].
//!
//! Everything takes `&self`: what is kept for the next question lies behind locks that are held for moments only.

mod branches;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::adapted::Adapter;
use crate::adapter::AdapterWeights;
use crate::cancel::Cancel;
use crate::config::Config;
use crate::decoder::{Span, Wanted};
use crate::embeddings::Embeddings;
use crate::error::{EngineError, Result};
use crate::files::ModelFiles;
use crate::image::Picture;
use crate::linear::Pass;
use crate::model::{Cache, Model, Tokens};
use crate::prompt::{self, Prompt};
pub use crate::question::{
    Answer, Description, LabelAnswer, LoadOptions, Precision, Question, ReadEvent, Task,
};
use crate::snapshots::{Snapshot, Snapshots};
use crate::template::Message;
use crate::tokenizer::Tokenizer;
use crate::weights::{self, Weights};

/// Tokens of a prompt computed at once; never cut inside an image.
const CHUNK: usize = 512;
/// Tokens that are read in so little time that waking threads counts.
const FEW: usize = 8;

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

    /// Says how many tokens will come.
    pub(crate) fn expect(&mut self, tokens: usize) {
        self.cache.expect(tokens);
    }

    /// Tokens read.
    pub(crate) fn tokens(&self) -> usize {
        self.cache.length()
    }

    /// Bytes of keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.cache.bytes(&mut BTreeSet::new())
    }

    /// The cache alone.
    pub(crate) fn into_cache(self) -> Cache {
        self.cache
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
    features: Arc<Vec<f32>>,
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

/// A loaded model.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) model: Model,
    description: Description,
    /// Precision, device and instructions: what else decides how products are rounded.
    arithmetic: String,
    embeddings: Mutex<Embeddings>,
    snapshots: Mutex<Snapshots>,
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
        Self::load_beside(folder, options, progress, cancel, &mut |_| {})
    }

    /// As [`Engine::load`]; `beside` gets a look at the weights before the engine takes them. What it clones shares the
    /// engine's memory.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_beside(
        folder: &Path,
        options: LoadOptions,
        progress: &mut dyn FnMut(f64),
        cancel: &Cancel,
        beside: &mut dyn FnMut(&Weights),
    ) -> Result<Self> {
        let files = ModelFiles::open(folder)?;
        // Adapters are held whole while they are merged.
        let adapters = options.merge.iter().map(|folder| crate::adapter::needed(folder));
        let needed = adapters.fold(
            crate::memory::needed(&files, options.precision),
            u64::saturating_add,
        );
        crate::memory::check(needed, options.memory_available)?;
        let adapters = options
            .merge
            .iter()
            .map(|folder| AdapterWeights::read(folder, &files.config, cancel))
            .collect::<Result<Vec<_>>>()?;
        let mut weights = weights::load(&files, &options, &adapters, progress, cancel)?;
        let ModelFiles {
            config,
            tokenizer,
            mut notes,
            ..
        } = files;
        notes.append(&mut weights.notes);
        beside(&weights);
        let model = Model::take(&mut weights, &config, options.precision, &options.device)?;
        let arithmetic = [options.precision.name(), &options.device, crate::level()].join(" ");
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
            notes,
        };
        Ok(Self {
            config,
            tokenizer,
            model,
            description,
            arithmetic,
            embeddings: Mutex::new(Embeddings::new(
                options.cache.map(|folder| folder.join("embeddings")),
            )),
            snapshots: Mutex::default(),
        })
    }

    /// What was loaded.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Reads an adapter's folder and makes it ready: it is passed beside a question, the base stays as it is.
    ///
    /// # Errors
    /// Whatever does not fit the model, named; too little memory.
    pub fn adapter(&self, folder: &Path, cancel: &Cancel) -> Result<Adapter> {
        // As it is read, and packed beside it.
        crate::memory::check(crate::adapter::needed(folder).saturating_mul(2), None)?;
        self.ready(&AdapterWeights::read(folder, &self.config, cancel)?)
    }

    /// Makes an adapter, or several that were stacked, ready for this model.
    ///
    /// # Errors
    /// [`EngineError::BadAdapter`].
    pub fn ready(&self, weights: &AdapterWeights) -> Result<Adapter> {
        Adapter::build(weights, &|name| self.model.linear(name))
    }

    /// The prompt as it will be tokenised.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`].
    pub fn prompt(&self, messages: &[Message], prefix: &str) -> Result<Prompt> {
        prompt::build(&self.config, &self.tokenizer, messages, prefix, false)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What tower and projector make of a picture, `[tokens, D]`: the rows that stand in its places in a prompt.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a broken picture or a model without a tower, [`EngineError::Cancelled`].
    pub fn features(&self, picture: &Picture, cancel: &Cancel) -> Result<Arc<Vec<f32>>> {
        let encoded = self.encode_all(std::slice::from_ref(picture), None, &mut |_| {}, cancel)?;
        let first = encoded.pictures.into_iter().next();
        first.map_or_else(
            || Err(EngineError::BadQuestion("there is no picture".to_owned())),
            |picture| Ok(picture.features),
        )
    }

    /// The token that ends a turn.
    pub fn end_of_turn(&self) -> Option<u32> {
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
        adapter: Option<&Adapter>,
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
            let key = Embeddings::key(
                &sha256,
                &self.description.weights_sha256,
                &self.arithmetic,
                adapter.filter(|a| a.changes_vision()).map(|a| a.sha256.as_str()),
            );
            let count = self.config.tokens_per_image * self.config.text.hidden_size;
            let known = lock(&self.embeddings).get(&key, count);
            let features = match known {
                Some(features) => features,
                None => {
                    let pass = Pass::new(cancel, adapter);
                    let (_, features) = self.model.encode(pass, &resized)?;
                    let features = Arc::new(features);
                    Embeddings::put(&self.embeddings, &key, Arc::clone(&features));
                    features
                }
            };
            encoded.pictures.push(EncodedPicture { sha256, features });
        }
        Ok(encoded)
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
        adapter: Option<&Adapter>,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<State> {
        let total = prompt.ids.len();
        self.fits(prompt, images)?;
        let hashes = images.sha256();
        let adapter_hash = adapter.map(|a| a.sha256.clone());
        let known = lock(&self.snapshots).nearest(&prompt.ids, &hashes, adapter_hash.as_deref());
        let mut state = known.map_or_else(
            || self.empty_state(),
            |s| State {
                reused: s.ids.len(),
                cache: s.cache,
                last: s.last,
            },
        );
        events(ReadEvent::Prefill {
            done: state.reused,
            total,
        });
        // A snapshot after the last image serves every other question on the same images.
        let after_images = prompt.blocks.iter().rposition(|b| *b >= 0).map(|i| i + 1);
        let pass = Pass::new(cancel, adapter);
        let mut at = state.reused;
        state.cache.expect(total - at);
        while at < total {
            cancel.check()?;
            let mut end = (at + CHUNK).min(total);
            if let Some(stop) = after_images.filter(|stop| at < *stop && *stop < end) {
                end = stop;
            }
            while end < total && prompt.blocks[end] >= 0 && prompt.blocks[end] == prompt.blocks[end - 1] {
                end += 1;
            }
            let features = self.features_between(prompt, images, at, end);
            let blocks = &prompt.blocks[at..end];
            let tokens = Tokens {
                ids: &prompt.ids[at..end],
                blocks,
                features: &features,
            };
            let wanted = Wanted::Keep(usize::from(end == total));
            self.read_on(pass, &mut state, tokens, &Span::trunk(at, blocks), wanted)?;
            if end == total || Some(end) == after_images {
                state.cache.freeze();
                let seen = prompt.images_in(end).min(hashes.len());
                lock(&self.snapshots).keep(Snapshot {
                    ids: prompt.ids[..end].to_vec(),
                    images: hashes[..seen].to_vec(),
                    adapter: adapter_hash.clone(),
                    cache: state.cache.clone(),
                    last: state.last.clone(),
                });
            }
            at = end;
            events(ReadEvent::Prefill { done: at, total });
        }
        Ok(state)
    }

    /// Nothing read yet.
    pub(crate) fn empty_state(&self) -> State {
        State {
            cache: self.model.cache(),
            last: Vec::new(),
            reused: 0,
        }
    }

    /// Features of the image tokens among `ids[from..to]`, in order.
    fn features_between(&self, prompt: &Prompt, images: &Encoded, from: usize, to: usize) -> Vec<f32> {
        let width = self.config.text.hidden_size;
        let count = |range: &[i32]| range.iter().filter(|b| **b >= 0).count();
        let (skip, own) = (count(&prompt.blocks[..from]), count(&prompt.blocks[from..to]));
        let tokens = self.config.tokens_per_image;
        let mut out = Vec::with_capacity(own * width);
        for token in skip..skip + own {
            let row = token % tokens * width;
            if let Some(picture) = images.pictures.get(token / tokens) {
                out.extend_from_slice(&picture.features[row..row + width]);
            }
        }
        out
    }

    /// A prompt must have tokens, fit the context and speak of pictures that are there.
    fn fits(&self, prompt: &Prompt, images: &Encoded) -> Result<()> {
        let (total, context) = (prompt.ids.len(), self.config.text.context);
        if total == 0 {
            return Err(EngineError::BadQuestion("it has no tokens".to_owned()));
        }
        if prompt.images_in(total) > images.pictures.len() {
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

    /// One token further; `state.last()` are then the logits after it.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], arithmetic.
    pub(crate) fn step(
        &self,
        state: &mut State,
        id: u32,
        adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<()> {
        let pass = Pass::new(cancel, adapter);
        let tokens = Tokens {
            ids: &[id],
            blocks: &[-1],
            features: &[],
        };
        let span = Span::trunk(state.cache.length(), &[-1]);
        self.read_on(pass, state, tokens, &span, Wanted::Keep(1))
    }

    /// Reads a span of the trunk; the logits after its last token are computed when a hidden state is wanted.
    pub(crate) fn read_on(
        &self,
        pass: Pass<'_>,
        state: &mut State,
        tokens: Tokens<'_>,
        span: &Span,
        wanted: Wanted,
    ) -> Result<()> {
        let read = || {
            let hidden = self
                .model
                .forward(pass, tokens, span, &mut state.cache, wanted, None)?;
            state.last.clear();
            if !hidden.is_empty() {
                self.last_logits(pass, &hidden, &mut state.last)?;
            }
            Ok(())
        };
        if span.len() > FEW {
            return read();
        }
        // Hundreds of short products: their threads stay awake when the work begins on one of them.
        rayon::scope(|_| read())
    }

    /// Logits after the last row of hidden states `[n, D]`.
    pub(crate) fn last_logits(&self, pass: Pass<'_>, hidden: &[f32], into: &mut Vec<f32>) -> Result<()> {
        let last = &hidden[hidden.len() - self.config.text.hidden_size..];
        self.model.logits(pass, last, &mut |_, row| {
            into.clear();
            into.extend_from_slice(row);
        })
    }

    /// The state after a forward pass of the trace's own.
    pub(crate) fn state(&self, cache: Cache, last: Vec<f32>) -> State {
        State {
            cache,
            last,
            reused: 0,
        }
    }

    /// Forgets images and prefixes of earlier questions; what lies on disk stays.
    pub fn forget(&self) {
        lock(&self.embeddings).forget();
        lock(&self.snapshots).clear();
    }
}
