//! What learning was said to take, beside what the allocator gave out.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use overread_medgemma::Precision;
use overread_medgemma::config::Config;
use overread_tuning::estimate::{Workload, estimate, measured_speed};
use overread_tuning::lora::LoraSettings;
use overread_tuning::made::Made;
use overread_tuning::random::Draw;
use overread_tuning::{AdamW, Example, Learner, Manner, OptimiserSettings, Seen};
use serde_json::json;

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::SeqCst) + layout.size();
        PEAK.fetch_max(now, Ordering::SeqCst);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn config() -> Config {
    let file = json!({
        "model_type": "gemma3", "mm_tokens_per_image": 16, "image_token_index": 999,
        "text_config": {
            "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 8,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 32
        },
        "vision_config": {
            "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
            "image_size": 112, "patch_size": 14
        }
    });
    Config::from_json(&file, None).expect("a config")
}

fn example(config: &Config, work: &Workload) -> Example {
    let images = config.tokens_per_image * work.pictures;
    let block = |i: usize| {
        if i < images {
            (i / config.tokens_per_image) as i32
        } else {
            -1
        }
    };
    let length = images + work.text;
    let seen = if work.remembered {
        Seen::Features(Arc::new(vec![0.1; images * config.text.hidden_size]))
    } else {
        let picture = Arc::new(vec![0.2; 3 * 112 * 112]);
        Seen::Pictures(vec![picture; work.pictures])
    };
    Example {
        ids: (0..length)
            .map(|i| if i < images { 999 } else { (i * 7 % 900) as u32 })
            .collect(),
        blocks: (0..length).map(block).collect(),
        answer: length - work.answer..length,
        seen,
        weight: 1.0,
        patches: None,
    }
}

/// What was allocated over what was said.
fn measured(settings: &LoraSettings, work: &Workload) -> f64 {
    let config = config();
    let examples: Vec<Example> = (0..work.batch).map(|_| example(&config, work)).collect();
    let batch: Vec<&Example> = examples.iter().collect();
    let before = NOW.load(Ordering::SeqCst);
    let mut learner: Learner<f32> = Learner::build(&config, &mut Made::new(work.precision)).expect("builds");
    learner.attach_pairs(settings, 1).expect("attaches");
    learner.set_recompute(work.recompute);
    let mut adam = AdamW::new(OptimiserSettings::default(), &learner.parameters);
    let said = estimate(&config, settings, work);
    let held = (NOW.load(Ordering::SeqCst) - before) as f64;
    let holds = (said.weights + said.adapter + said.optimiser) as f64;
    assert!((held / holds - 1.0).abs() < 0.05, "{held} held, {holds} said");
    assert_eq!(said.learned, learner.parameters.learned() as u64);
    PEAK.store(NOW.load(Ordering::SeqCst), Ordering::SeqCst);
    let manner = Manner {
        draw: Some(Draw::new(1)),
        part: work.part,
    };
    let (losses, mut gradients) = learner.gradients(&batch, manner);
    assert!(losses.answer.mean().is_finite());
    adam.step(&mut learner.parameters, &mut gradients, 1e-3);
    let peak = PEAK.load(Ordering::SeqCst) - before;
    peak as f64 / said.bytes() as f64
}

#[test]
fn the_peak_is_what_was_said() {
    let plain = Workload {
        text: 60,
        answer: 4,
        pictures: 1,
        batch: 1,
        part: 1,
        recompute: false,
        remembered: true,
        precision: Precision::F32,
    };
    let decoder = LoraSettings::default();
    let top = LoraSettings {
        rank: 4,
        targets: vec!["q_proj".to_owned(), "v_proj".to_owned()],
        ..LoraSettings::default()
    };
    let all = LoraSettings::published();
    // Threads and their buffers are there before anything is held to what was said.
    assert!(measured_speed(Precision::F32).expect("measures") > 1e8);
    measured(
        &all,
        &Workload {
            batch: 6,
            remembered: false,
            ..plain
        },
    );
    for (settings, work) in [
        (&decoder, plain),
        (
            &decoder,
            Workload {
                recompute: true,
                ..plain
            },
        ),
        (
            &decoder,
            Workload {
                text: 400,
                answer: 300,
                ..plain
            },
        ),
        (
            &decoder,
            Workload {
                batch: 4,
                part: 0,
                ..plain
            },
        ),
        (
            &decoder,
            Workload {
                batch: 6,
                part: 2,
                recompute: true,
                ..plain
            },
        ),
        (
            &decoder,
            Workload {
                precision: Precision::Bf16,
                ..plain
            },
        ),
        (
            &decoder,
            Workload {
                pictures: 3,
                remembered: false,
                ..plain
            },
        ),
        (&top, plain),
        (
            &top,
            Workload {
                text: 900,
                recompute: true,
                ..plain
            },
        ),
        (
            &all,
            Workload {
                remembered: false,
                ..plain
            },
        ),
        (
            &all,
            Workload {
                remembered: false,
                recompute: true,
                ..plain
            },
        ),
    ] {
        let share = measured(settings, &work);
        assert!((0.85..1.2).contains(&share), "{share}: {work:?}");
    }
}

#[test]
fn operations_are_those_counted_by_hand() {
    let work = Workload {
        text: 10,
        answer: 2,
        pictures: 0,
        batch: 3,
        part: 1,
        recompute: false,
        remembered: true,
        precision: Precision::F32,
    };
    let (tokens, layers) = (10.0, 8.0);
    // q, k, v and o: 64 x 64, 32 x 64 twice, 64 x 64; gate, up and down: 64 x 192 each.
    let base = 4096.0 + 2.0 * 2048.0 + 4096.0 + 3.0 * 12288.0;
    let attention = tokens * 64.0;
    let head = 1000.0 * 64.0;
    // Inputs and outputs of all maps; twice the outputs and three times the inputs.
    let (there, back) = (1216.0, 3008.0);
    let layer = 2.0 * base + 16.0 * (there + back) + 7.0 * attention;
    let hand = 3.0 * (2.0 * tokens * layers * layer + 4.0 * 2.0 * head);
    let decoder = LoraSettings::default();
    let found = estimate(&config(), &decoder, &work).operations;
    assert!((found / hand - 1.0).abs() < 1e-12, "{found} {hand}");
    let again = Workload {
        recompute: true,
        ..work
    };
    let more = estimate(&config(), &decoder, &again).operations - found;
    let hand = 3.0 * 2.0 * tokens * layers * (base + 16.0 * there + 2.0 * attention);
    assert!((more / hand - 1.0).abs() < 1e-9, "{more} {hand}");
    // Where only the last layer learns, nothing goes back through the others.
    let last = LoraSettings {
        targets: vec!["text.layers.7.self_attn.q_proj".to_owned()],
        ..decoder
    };
    let least = estimate(&config(), &last, &work).operations;
    assert!(least < 0.6 * found, "{least} {found}");
}
