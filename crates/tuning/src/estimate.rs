//! What learning will cost before it begins: memory at the peak by counting what is held, time by counting operations
//! and one short measurement of this machine.

use std::time::Instant;

use overread_kernels::Matrix;
use overread_medgemma::Precision;
use overread_medgemma::config::Config;

use crate::error::Result;
use crate::lora::LoraSettings;
use crate::made::{Made, format};
use crate::model::{Held, Tensors};
use crate::ops::linear::{self, Linear, Weight};
use crate::ops::{Pass, loss};
use crate::parameters::Parameters;

/// What a step is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Tokens of an example's text, its answer included; the longest one's for the memory, the mean for the time.
    pub text: usize,
    /// Of them the answer.
    pub answer: usize,
    /// Pictures of an example.
    pub pictures: usize,
    /// Examples a step.
    pub batch: usize,
    /// Examples that are computed together; 0: all.
    pub part: usize,
    /// Activations within a layer are computed twice instead of held.
    pub recompute: bool,
    /// What tower and projector made of the pictures is remembered.
    pub remembered: bool,
    /// How the base's matrices are held.
    pub precision: Precision,
}

/// Bytes by what they are for, and operations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The base's weights.
    pub weights: u64,
    /// The pairs.
    pub adapter: u64,
    /// Means of gradients and of their squares.
    pub optimiser: u64,
    /// Gradients: one set for each part that runs, and their sum.
    pub gradients: u64,
    /// What is held from the way there for the way back.
    pub activations: u64,
    /// What comes and goes within a layer, or within the tower.
    pub working: u64,
    /// Logits of the answer's tokens.
    pub logits: u64,
    /// Numbers that are learned.
    pub learned: u64,
    /// Multiplications and additions of a step.
    pub operations: f64,
}

impl Estimate {
    /// Bytes at the peak. The way back through the head comes before that through the layers: the larger of the two counts.
    pub fn bytes(&self) -> u64 {
        self.weights
            + self.adapter
            + self.optimiser
            + self.gradients
            + self.activations
            + self.working.max(self.logits)
    }

    /// Seconds of a step at a speed in operations a second ([`measured_speed`], or what the first steps showed).
    pub fn seconds(&self, speed: f64) -> f64 {
        self.operations / speed.max(1.0)
    }
}

/// A map: its internal name, outputs, inputs.
type Map = (String, usize, usize);

/// The maps of each layer of the decoder.
fn decoder(config: &Config) -> Vec<Vec<Map>> {
    let c = &config.text;
    let (d, f, q, kv) = (
        c.hidden_size,
        c.intermediate_size,
        c.heads * c.head_dim,
        c.kv_heads * c.head_dim,
    );
    let maps = [
        ("self_attn.q_proj", q, d),
        ("self_attn.k_proj", kv, d),
        ("self_attn.v_proj", kv, d),
        ("self_attn.o_proj", d, q),
        ("mlp.gate_proj", f, d),
        ("mlp.up_proj", f, d),
        ("mlp.down_proj", d, f),
    ];
    let layer = |i| maps.map(|(name, out, inputs)| (format!("text.layers.{i}.{name}"), out, inputs));
    (0..c.layers.len()).map(|i| layer(i).to_vec()).collect()
}

/// The maps of each layer of the tower.
fn tower(config: &Config) -> Vec<Vec<Map>> {
    let Some(v) = &config.vision else {
        return Vec::new();
    };
    let (h, f) = (v.hidden_size, v.intermediate_size);
    let maps = [
        ("self_attn.q_proj", h, h),
        ("self_attn.k_proj", h, h),
        ("self_attn.v_proj", h, h),
        ("self_attn.out_proj", h, h),
        ("mlp.fc1", f, h),
        ("mlp.fc2", h, f),
    ];
    let layer =
        |i| maps.map(|(name, out, inputs)| (format!("vision.encoder.layers.{i}.{name}"), out, inputs));
    (0..v.layers).map(|i| layer(i).to_vec()).collect()
}

/// Bytes of all weights: packed matrices, and the vectors that are worth counting.
fn weights(config: &Config, precision: Precision) -> u64 {
    let held = |name: &str, out, inputs| Matrix::packed_bytes(format(name, precision), out, inputs);
    let matrix = |(name, out, inputs): &Map| held(&format!("{name}.weight"), *out, *inputs);
    let c = &config.text;
    let (d, vocabulary) = (c.hidden_size, c.vocab_size);
    let mut bytes: usize = decoder(config)
        .iter()
        .chain(&tower(config))
        .flatten()
        .map(matrix)
        .sum();
    bytes += held("text.embed_tokens.weight", vocabulary, d);
    if !c.tied {
        bytes += held("head.weight", vocabulary, d);
    }
    let mut vectors = c.layers.len() * (4 * d + 2 * c.head_dim) + d;
    if let Some(v) = &config.vision {
        let (h, patches) = (v.hidden_size, (v.image_size / v.patch_size).pow(2));
        bytes += held(
            "vision.embeddings.patch_embedding.weight",
            h,
            3 * v.patch_size.pow(2),
        );
        bytes += held("projector.mm_input_projection_weight", d, h);
        vectors += patches * h + v.layers * (9 * h + v.intermediate_size) + 4 * h;
    }
    (bytes + 4 * vectors) as u64
}

/// Numbers of a layer's way there that the way back needs, and that come and go in it, a token.
struct Width {
    kept: usize,
    working: usize,
}

/// What a step costs.
pub fn estimate(config: &Config, settings: &LoraSettings, work: &Workload) -> Estimate {
    let c = &config.text;
    let (d, f, q, kv) = (
        c.hidden_size,
        c.intermediate_size,
        c.heads * c.head_dim,
        c.kv_heads * c.head_dim,
    );
    let (decoder, tower) = (decoder(config), tower(config));
    let fits = |(name, ..): &&Map| settings.fits(name);
    let pair = |(_, out, inputs): &Map| settings.rank * (out + inputs);
    let learned: usize = decoder
        .iter()
        .chain(&tower)
        .flatten()
        .filter(fits)
        .map(pair)
        .sum();
    let tower_learned = tower.iter().flatten().any(|map| settings.fits(&map.0));
    let sees = work.pictures > 0 && (!work.remembered || tower_learned);

    // Parts run side by side, each with gradients of its own, which are added to the sum in order.
    let part = if work.part == 0 {
        work.batch
    } else {
        work.part.min(work.batch)
    }
    .max(1);
    let parts = work.batch.div_ceil(part).max(1);
    let at_once = parts.min(overread_kernels::threads());
    let length = work.text + work.pictures * config.tokens_per_image;
    let tokens = part * length;

    let layer = Width {
        kept: 5 * d + 3 * q + 3 * kv + 2 * f,
        working: 5 * d + 5 * f,
    };
    let layers = c.layers.len();
    let mut activations = layers * tokens * d;
    activations += if work.recompute { 1 } else { layers } * tokens * layer.kept;
    let opened = linear::ROWS * f.max(d);
    let mut working = tokens * layer.working + opened;
    if let (true, Some(v)) = (sees, &config.vision) {
        let (h, wide) = (v.hidden_size, v.intermediate_size);
        let patches = part * work.pictures * (v.image_size / v.patch_size).pow(2);
        let kept = 7 * h + wide;
        let held = if !tower_learned {
            0
        } else if work.recompute {
            v.layers * h + kept
        } else {
            v.layers * (h + kept)
        };
        activations += patches * held;
        // The tower runs before anything of the decoder is held.
        let going = patches * (2 * h + kept + wide + 3 * v.patch_size.pow(2));
        let after = layers * tokens * (d + if work.recompute { 0 } else { layer.kept });
        working = working.max(going.saturating_sub(if tower_learned { 0 } else { after }));
    }
    let rows = (part * work.answer).min(loss::ROWS);
    let logits = rows * c.vocab_size * if c.final_softcap.is_some() { 2 } else { 1 } + opened;
    let four = |numbers: usize| 4 * numbers as u64;
    Estimate {
        weights: weights(config, work.precision),
        adapter: four(learned),
        optimiser: four(2 * learned),
        gradients: four((at_once + 1) * learned),
        activations: four(at_once * activations),
        working: four(at_once * working),
        logits: four(at_once * logits),
        learned: learned as u64,
        operations: operations(config, settings, work, [&decoder, &tower], tower_learned, sees),
    }
}

fn operations(
    config: &Config,
    settings: &LoraSettings,
    work: &Workload,
    [decoder, tower]: [&[Vec<Map>]; 2],
    tower_learned: bool,
    sees: bool,
) -> f64 {
    let c = &config.text;
    let length = work.text + work.pictures * config.tokens_per_image;
    let learns = |layer: &Vec<Map>| layer.iter().any(|map| settings.fits(&map.0));
    let lowest = if tower_learned && sees {
        Some(0)
    } else {
        decoder.iter().position(learns)
    };
    let again = if work.recompute { 1.0 } else { 0.0 };
    // Products a token: the base's there and back, the pair's two there and five back; attention's two and five.
    let cost = |maps: &[Map], seen: f64, width: f64, back: bool| {
        let there = 1.0 + if back { again } else { 0.0 };
        let back = f64::from(u8::from(back));
        let base: f64 = maps.iter().map(|(_, out, inputs)| (out * inputs) as f64).sum();
        let fitting = maps.iter().filter(|map| settings.fits(&map.0));
        let pairs: f64 = fitting
            .map(|(_, out, inputs)| {
                let (out, inputs) = (*out as f64, *inputs as f64);
                settings.rank as f64 * (there * (out + inputs) + back * (2.0 * out + 3.0 * inputs))
            })
            .sum();
        2.0 * (base * (there + back) + pairs + seen * width * (2.0 * there + 5.0 * back))
    };
    let mut each = 0.0;
    for (i, maps) in decoder.iter().enumerate() {
        let width = (c.heads * c.head_dim) as f64;
        let back = lowest.is_some_and(|lowest| i >= lowest);
        each += length as f64 * cost(maps, length as f64, width, back);
    }
    each += 4.0 * work.answer as f64 * (c.vocab_size * c.hidden_size) as f64;
    if let (true, Some(v)) = (sees, &config.vision) {
        let patches = (v.image_size / v.patch_size).pow(2) as f64;
        for maps in tower {
            each += work.pictures as f64 * patches * cost(maps, patches, v.hidden_size as f64, tower_learned);
        }
    }
    each * work.batch as f64
}

/// Operations a second of this machine, on all cores, in a product as a step has it: a block of rows of a matrix held in
/// this precision is opened and multiplied. Takes about 0.2 s.
///
/// # Errors
/// None in practice: weights are made in memory.
pub fn measured_speed(precision: Precision) -> Result<f64> {
    const ROWS: usize = 320;
    const OUT: usize = 2048;
    const IN: usize = 2560;
    const SECONDS: f64 = 0.2;
    let name = "text.layers.0.mlp.up_proj";
    let Held::Packed(matrix) = Made::new(precision).matrix(&format!("{name}.weight"), OUT, IN)? else {
        return Ok(1.0);
    };
    let map = Linear {
        name: name.to_owned(),
        inputs: IN,
        outputs: OUT,
        weight: Weight::Packed(matrix),
        bias: None,
        pair: None,
    };
    let parameters = Parameters::<f32>::default();
    let pass = Pass {
        parameters: &parameters,
        threads: overread_kernels::threads(),
        draw: None,
    };
    let x: Vec<f32> = (0..ROWS * IN).map(|i| (i % 17) as f32 - 8.0).collect();
    std::hint::black_box(map.forward(pass, &x));
    // The best of several: other work only ever slows one down.
    let (begun, mut best) = (Instant::now(), f64::INFINITY);
    while begun.elapsed().as_secs_f64() < SECONDS || best.is_infinite() {
        let one = Instant::now();
        std::hint::black_box(map.forward(pass, &x));
        best = best.min(one.elapsed().as_secs_f64());
    }
    Ok(2.0 * (ROWS * OUT * IN) as f64 / best.max(1e-9))
}
