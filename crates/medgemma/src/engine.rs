//! The engine: load a folder, read a question, keep what the next question can use.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use candle_core::Tensor;

use crate::cancel::Cancel;
use crate::config::Config;
use crate::decoder::{Cache, Decoder, Span};
use crate::error::{EngineError, Result};
use crate::generate::{Sampler, Sampling, greedy};
use crate::image::Picture;
use crate::prompt::{self, Prompt};
pub use crate::question::{
    Answer, Description, LabelAnswer, LoadOptions, Precision, Question, ReadEvent, Task,
};
use crate::score::{self, LabelScore};
use crate::template::Message;
use crate::thought::split_thought;
use crate::tokenizer::Tokenizer;
use crate::vision::{Projector, Tower};
use crate::weights;

/// Tokens of a prompt computed at once; never cut inside an image.
const CHUNK: usize = 512;
/// Bytes of image embeddings kept in memory.
const EMBEDDING_BYTES: usize = 512 << 20;
/// Bytes of prefix snapshots kept in memory.
const SNAPSHOT_BYTES: usize = 1 << 30;

struct Snapshot {
    ids: Vec<u32>,
    images: Vec<String>,
    cache: Cache,
    last_logits: Vec<f32>,
}

/// A loaded model.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) tower: Option<(Tower, Projector)>,
    pub(crate) decoder: Decoder,
    description: Description,
    embeddings: HashMap<String, Tensor>,
    /// Keys of `embeddings`, oldest first.
    embedding_order: Vec<String>,
    snapshots: Vec<Snapshot>,
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
        let mut weights = weights::load(folder, &config, options.precision, progress, cancel)?;
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
            embeddings: HashMap::new(),
            embedding_order: Vec::new(),
            snapshots: Vec::new(),
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

    /// Answers a question.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], [`EngineError::Cancelled`], arithmetic.
    pub fn read(
        &mut self,
        question: &Question,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<Answer> {
        let prompt = self.prompt(&question.messages, &question.prefix)?;
        if prompt.images != question.images.len() {
            return Err(EngineError::BadQuestion(format!(
                "it speaks of {} images and brings {}",
                prompt.images,
                question.images.len()
            )));
        }
        if prompt.ids.len() > self.config.text.context {
            return Err(EngineError::BadQuestion(format!(
                "it has {} tokens and the model reads {}: choose fewer slices",
                prompt.ids.len(),
                self.config.text.context
            )));
        }
        let begun = Instant::now();
        let (features, image_sha256) = self.features(&question.images, events, cancel)?;
        let vision = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let (cache, last, reused_tokens) =
            self.prefill(&prompt, &image_sha256, features.as_ref(), events, cancel)?;
        let prefill = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let mut answer = Answer {
            labels: Vec::new(),
            text: String::new(),
            thought: None,
            generated: Vec::new(),
            complete: true,
            rendered_prompt: prompt.rendered.clone(),
            prompt_tokens: prompt.ids.len(),
            image_sha256,
            seconds: [vision, prefill, 0.0],
            reused_tokens,
        };
        match &question.task {
            Task::Score(labels) => {
                let scores = self.score(&prompt, &answer.image_sha256, &cache, &last, labels, cancel)?;
                events(ReadEvent::Scoring {
                    done: labels.len(),
                    total: labels.len(),
                });
                let probabilities = score::softmax(&scores.iter().map(LabelScore::sum).collect::<Vec<_>>());
                answer.labels = scores
                    .into_iter()
                    .zip(probabilities)
                    .map(|(s, probability)| LabelAnswer {
                        probability,
                        sum: s.sum(),
                        mean: s.mean(),
                        label: s.label,
                        ids: s.ids,
                    })
                    .collect();
            }
            Task::YesNo(labels) => {
                for (i, label) in labels.iter().enumerate() {
                    answer.labels.push(self.yes_no(
                        question,
                        label,
                        &answer.image_sha256,
                        features.as_ref(),
                        cancel,
                    )?);
                    events(ReadEvent::Scoring {
                        done: i + 1,
                        total: labels.len(),
                    });
                }
            }
            Task::Open {
                max_new_tokens,
                sampling,
            } => {
                self.generate(
                    &mut answer,
                    cache,
                    last,
                    *max_new_tokens,
                    *sampling,
                    events,
                    cancel,
                )?;
            }
        }
        answer.seconds[2] = begun.elapsed().as_secs_f64();
        Ok(answer)
    }

    /// Features of all pictures, `[images * tokens, D]`, and the hashes of the resized pictures.
    fn features(
        &mut self,
        images: &[Picture],
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<(Option<Tensor>, Vec<String>)> {
        if images.is_empty() {
            return Ok((None, Vec::new()));
        }
        let Some(side) = self.description.image_size else {
            return Err(EngineError::BadQuestion("the model reads text only".to_owned()));
        };
        let mut parts = Vec::new();
        let mut hashes = Vec::new();
        for (k, image) in images.iter().enumerate() {
            cancel.check()?;
            events(ReadEvent::Vision {
                k: k + 1,
                n: images.len(),
            });
            if image.width == 0 || image.height == 0 || image.rgb.len() != image.width * image.height * 3 {
                return Err(EngineError::BadQuestion(format!(
                    "picture {} is empty or broken",
                    k + 1
                )));
            }
            let resized = image.resized(side);
            let hash = resized.sha256();
            let part = match self.embeddings.get(&hash) {
                Some(part) => part.clone(),
                None => {
                    let (_, features) = self.encode(&resized, cancel)?;
                    self.remember(hash.clone(), features.clone());
                    features
                }
            };
            parts.push(part);
            hashes.push(hash);
        }
        Ok((Some(Tensor::cat(&parts, 0)?), hashes))
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

    fn remember(&mut self, hash: String, features: Tensor) {
        let each = features.elem_count() * 4;
        self.embeddings.insert(hash.clone(), features);
        self.embedding_order.push(hash);
        while self.embedding_order.len() > 1 && self.embedding_order.len() * each > EMBEDDING_BYTES {
            let oldest = self.embedding_order.remove(0);
            self.embeddings.remove(&oldest);
        }
    }

    /// Reads the prompt from the longest snapshot on; gives the cache and the logits after the last token.
    fn prefill(
        &mut self,
        prompt: &Prompt,
        images: &[String],
        features: Option<&Tensor>,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<(Cache, Vec<f32>, usize)> {
        let total = prompt.ids.len();
        let best = self
            .snapshots
            .iter()
            .filter(|s| {
                s.ids.len() <= total && prompt.ids.starts_with(&s.ids) && images.starts_with(&s.images)
            })
            .max_by_key(|s| s.ids.len());
        let (mut cache, mut last) = best.map_or_else(
            || (self.decoder.cache(), Vec::new()),
            |s| (s.cache.clone(), s.last_logits.clone()),
        );
        let reused = cache.length;
        events(ReadEvent::Prefill { done: reused, total });
        // A snapshot after the last image serves every other question on the same images.
        let after_images = prompt.blocks.iter().rposition(|b| *b >= 0).map(|i| i + 1);
        let mut at = reused;
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
            let part = match features {
                Some(features) if own > 0 => Some(features.narrow(0, skip, own)?),
                _ => None,
            };
            let embedded = self.decoder.embed(&prompt.ids[at..end], blocks, part.as_ref())?;
            let span = Span::trunk(at, blocks);
            let hidden = self
                .decoder
                .forward(embedded, &span, &mut cache, true, cancel, None)?;
            if end == total || Some(end) == after_images {
                last = score::last_logits(&self.decoder, &hidden)?;
                let seen = prompt.blocks[..end]
                    .iter()
                    .copied()
                    .max()
                    .map_or(0, |b| usize::try_from(b + 1).unwrap_or(0));
                self.snapshot(Snapshot {
                    ids: prompt.ids[..end].to_vec(),
                    images: images[..seen].to_vec(),
                    cache: cache.clone(),
                    last_logits: last.clone(),
                });
            }
            at = end;
            events(ReadEvent::Prefill { done: at, total });
        }
        Ok((cache, last, reused))
    }

    fn snapshot(&mut self, snapshot: Snapshot) {
        self.snapshots
            .retain(|s| s.ids != snapshot.ids || s.images != snapshot.images);
        self.snapshots.push(snapshot);
        while self.snapshots.len() > 1
            && (self.snapshots.len() > 8
                || self.snapshots.iter().map(|s| s.cache.bytes()).sum::<usize>() > SNAPSHOT_BYTES)
        {
            self.snapshots.remove(0);
        }
    }

    /// Scores labels, tokenised together with the prompt so that merges across the border are right.
    fn score(
        &self,
        prompt: &Prompt,
        images: &[String],
        cache: &Cache,
        last: &[f32],
        labels: &[String],
        cancel: &Cancel,
    ) -> Result<Vec<LabelScore>> {
        if labels.is_empty() {
            return Err(EngineError::BadQuestion("it has no labels".to_owned()));
        }
        let mut ids = Vec::new();
        for label in labels {
            let joint = self
                .tokenizer
                .encode(&(prompt.expanded.clone() + &self.tokenizer.defuse(label)))?;
            let shared = prompt.ids.iter().zip(&joint).take_while(|(a, b)| a == b).count();
            ids.push((shared, joint[shared..].to_vec()));
        }
        // Where a label swallows the prompt's last tokens its branch starts earlier: read from that point anew.
        let mut scores = vec![Vec::new(); labels.len()];
        let mut starts: Vec<usize> = ids.iter().map(|(shared, _)| *shared).collect();
        starts.sort_unstable();
        starts.dedup();
        for start in starts {
            let group: Vec<usize> = (0..labels.len()).filter(|i| ids[*i].0 == start).collect();
            let branches: Vec<Vec<u32>> = group.iter().map(|i| ids[*i].1.clone()).collect();
            let found = if start == prompt.ids.len() {
                score::branches(&self.decoder, cache, last, &branches, cancel)?
            } else {
                let (earlier, logits) = self.read_to(prompt, images, start, cancel)?;
                score::branches(&self.decoder, &earlier, &logits, &branches, cancel)?
            };
            for (i, log_probs) in group.into_iter().zip(found) {
                scores[i] = log_probs;
            }
        }
        Ok(labels
            .iter()
            .zip(ids)
            .zip(scores)
            .map(|((label, (_, ids)), log_probs)| LabelScore {
                label: label.clone(),
                ids,
                log_probs,
            })
            .collect())
    }

    /// The cache and logits after the first `length` tokens of a prompt that was read before.
    ///
    /// Every picture has the same ids, so the snapshot must agree in the pictures too.
    fn read_to(
        &self,
        prompt: &Prompt,
        images: &[String],
        length: usize,
        cancel: &Cancel,
    ) -> Result<(Cache, Vec<f32>)> {
        let best = self
            .snapshots
            .iter()
            .filter(|s| {
                s.ids.len() <= length && prompt.ids.starts_with(&s.ids) && images.starts_with(&s.images)
            })
            .max_by_key(|s| s.ids.len());
        let (mut cache, mut last) = best.map_or_else(
            || (self.decoder.cache(), Vec::new()),
            |s| (s.cache.clone(), s.last_logits.clone()),
        );
        let at = cache.length;
        if at < length {
            let blocks = &prompt.blocks[at..length];
            if blocks.iter().any(|b| *b >= 0) {
                return Err(EngineError::BadQuestion(
                    "a label changes how the images are read; put text after them".to_owned(),
                ));
            }
            let embedded = self.decoder.embed(&prompt.ids[at..length], blocks, None)?;
            let hidden =
                self.decoder
                    .forward(embedded, &Span::trunk(at, blocks), &mut cache, true, cancel, None)?;
            last = score::last_logits(&self.decoder, &hidden)?;
        }
        Ok((cache, last))
    }

    /// Probability of yes for one label, over yes and no in both capitalisations.
    fn yes_no(
        &mut self,
        question: &Question,
        label: &str,
        images: &[String],
        features: Option<&Tensor>,
        cancel: &Cancel,
    ) -> Result<LabelAnswer> {
        let mut messages = question.messages.clone();
        if let Some(last) = messages.last_mut() {
            last.parts.push(crate::template::Part::Text(format!(
                "Is there {label}? Answer yes or no."
            )));
        }
        let prompt = self.prompt(&messages, &question.prefix)?;
        let (cache, last, _) = self.prefill(&prompt, images, features, &mut |_| {}, cancel)?;
        let words = ["yes", "Yes", "no", "No"].map(str::to_owned);
        let scores = self.score(&prompt, images, &cache, &last, &words, cancel)?;
        let shares = score::softmax(&scores.iter().map(LabelScore::sum).collect::<Vec<_>>());
        let best = if scores[0].sum() >= scores[1].sum() {
            &scores[0]
        } else {
            &scores[1]
        };
        Ok(LabelAnswer {
            label: label.to_owned(),
            probability: shares[0] + shares[1],
            sum: best.sum(),
            mean: best.mean(),
            ids: best.ids.clone(),
        })
    }

    fn generate(
        &self,
        answer: &mut Answer,
        mut cache: Cache,
        mut last: Vec<f32>,
        max_new_tokens: usize,
        sampling: Sampling,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<()> {
        let mut sampler = Sampler::new(sampling);
        let mut shown = String::new();
        answer.complete = false;
        for _ in 0..max_new_tokens {
            cancel.check()?;
            let id = sampler.next(&last);
            answer.generated.push(id);
            if self.config.eos.contains(&id) {
                answer.complete = true;
                break;
            }
            let text = self.tokenizer.decode(&answer.generated, false);
            // An unfinished character decodes to a replacement mark: wait for its last byte.
            if let Some(new) = text
                .strip_prefix(&shown)
                .filter(|new| !new.is_empty() && !new.ends_with('\u{FFFD}'))
            {
                events(ReadEvent::Token(new.to_owned()));
                shown.clone_from(&text);
            }
            last = self.step(id, &mut cache, cancel)?;
        }
        let (thought, rest) = split_thought(&answer.generated, &self.config.eos, &self.tokenizer);
        answer.thought = thought;
        answer.text = self.tokenizer.decode(rest, false).trim().to_owned();
        Ok(())
    }

    /// One token further.
    pub(crate) fn step(&self, id: u32, cache: &mut Cache, cancel: &Cancel) -> Result<Vec<f32>> {
        // Rows past the table's strings exist in the embedding; ids past the table do not.
        let id = id.min(u32::try_from(self.config.text.vocab_size - 1).unwrap_or(u32::MAX));
        let embedded = self.decoder.embed(&[id], &[-1], None)?;
        let span = Span::trunk(cache.length, &[-1]);
        let hidden = self.decoder.forward(embedded, &span, cache, true, cancel, None)?;
        score::last_logits(&self.decoder, &hidden)
    }

    /// Greedy ids after a prompt, for traces.
    pub(crate) fn greedy(
        &self,
        mut cache: Cache,
        mut last: Vec<f32>,
        most: usize,
    ) -> Result<(Vec<u32>, Vec<f64>)> {
        let (mut ids, mut margins) = (Vec::new(), Vec::new());
        let cancel = Cancel::default();
        for _ in 0..most {
            let id = greedy(&last);
            let best = last[id as usize];
            let second = last
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != id as usize)
                .map(|(_, v)| *v)
                .fold(f32::NEG_INFINITY, f32::max);
            margins.push(f64::from(best - second));
            ids.push(id);
            if self.config.eos.contains(&id) {
                break;
            }
            last = self.step(id, &mut cache, &cancel)?;
        }
        Ok((ids, margins))
    }

    /// Forgets images and prefixes of earlier questions.
    pub fn forget(&mut self) {
        self.embeddings.clear();
        self.embedding_order.clear();
        self.snapshots.clear();
    }
}
