//! Every gradient against the difference quotient, in float64, on a model with every part of the family.

use std::sync::Arc;

use overread_kernels::{Format, Matrix};
use overread_medgemma::config::Config;
use overread_tuning::random::Draw;
use overread_tuning::{Example, Held, Learner, Manner, Patches, Seen, Tensors};
use serde_json::{Value, json};

/// Random numbers by name; some matrices packed and frozen.
struct Made {
    draw: Draw,
    packed: fn(&str) -> bool,
}

impl Made {
    fn numbers(&self, name: &str, count: usize, middle: f64) -> Vec<f32> {
        let draw = self.draw.named(name);
        (0..count as u64)
            .map(|i| (middle + 0.2 * draw.normal(i)) as f32)
            .collect()
    }
}

impl Tensors for Made {
    fn matrix(
        &mut self,
        name: &str,
        out: usize,
        inputs: usize,
    ) -> Result<Held, overread_tuning::TuningError> {
        let values = self.numbers(name, out * inputs, 0.0);
        if !(self.packed)(name) {
            return Ok(Held::Plain(values));
        }
        let matrix = Matrix::pack(Format::F32, out, inputs, |row, into| {
            into.copy_from_slice(&values[row * inputs..][..inputs]);
        });
        Ok(Held::Packed(matrix))
    }

    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, overread_tuning::TuningError> {
        let middle = if name.contains("norm") && name.ends_with("weight") {
            1.0
        } else {
            0.0
        };
        Ok(self.numbers(name, shape.iter().product(), middle))
    }

    fn learned(&self, name: &str) -> bool {
        !(self.packed)(name)
    }
}

fn config(changes: &Value) -> Config {
    let mut file = json!({
        "model_type": "gemma3", "mm_tokens_per_image": 4, "image_token_index": 30,
        "text_config": {
            "vocab_size": 29, "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 3,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "query_pre_attn_scalar": 5.0,
            "sliding_window": 4, "sliding_window_pattern": 2, "rope_theta": 1e6, "rope_local_base_freq": 1e4,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "tie_word_embeddings": true
        },
        "vision_config": {
            "hidden_size": 8, "intermediate_size": 14, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 20, "patch_size": 4
        }
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        file["text_config"][key] = value.clone();
    }
    Config::from_json(&file, None).expect("a config")
}

/// Two examples: a picture before a text, and two pictures in one.
fn examples(draw: Draw) -> Vec<Example> {
    let picture = |i: u64| {
        let draw = draw.of(i);
        Arc::new(
            (0..3 * 20 * 20)
                .map(|i| draw.normal(i) as f32)
                .collect::<Vec<f32>>(),
        )
    };
    let one = Example {
        ids: vec![2, 30, 30, 30, 30, 5, 7, 3, 9, 11],
        blocks: vec![-1, 0, 0, 0, 0, -1, -1, -1, -1, -1],
        answer: 8..10,
        seen: Seen::Pictures(vec![picture(1)]),
        weight: 1.0,
        patches: Some(Arc::new(Patches {
            only: None,
            due: (0..25)
                .map(|i| [(i % 3, (i % 4) as f32 * 0.3), (2, 0.2)])
                .collect(),
        })),
    };
    let two = Example {
        ids: vec![2, 6, 30, 30, 30, 30, 8, 30, 30, 30, 30, 4, 3, 1],
        blocks: vec![-1, -1, 0, 0, 0, 0, -1, 1, 1, 1, 1, -1, -1, -1],
        answer: 12..14,
        seen: Seen::Pictures(vec![picture(2), picture(3)]),
        weight: 0.5,
        patches: None,
    };
    vec![one, two]
}

fn total(learner: &Learner<f64>, batch: &[&Example], manner: Manner) -> f64 {
    let (losses, _) = learner.gradients(batch, manner);
    losses.answer.sum + losses.patches.sum
}

/// Compares a sample of every learned tensor's gradient with the central difference.
fn holds(mut learner: Learner<f64>, batch: &[&Example], manner: Manner) -> usize {
    let (_, gradients) = learner.gradients(batch, manner);
    let learned: Vec<_> = learner
        .parameters
        .iter()
        .filter(|(_, p)| p.learned)
        .map(|(id, p)| (id, p.name.clone(), p.values.len()))
        .collect();
    let mut compared = 0;
    for (id, name, count) in learned {
        for k in 0..count.min(5) {
            let at = (k * 7919 + 13) % count;
            let step = 1e-5;
            let before = learner.parameters.values(id)[at];
            let mut around = [0.0; 2];
            for (value, sign) in around.iter_mut().zip([1.0, -1.0]) {
                learner.parameters.values_mut(id)[at] = before + sign * step;
                *value = total(&learner, batch, manner);
            }
            learner.parameters.values_mut(id)[at] = before;
            let numerical = (around[0] - around[1]) / (2.0 * step);
            let exact = gradients.get(id).expect("learned")[at];
            assert!(
                (numerical - exact).abs() < 2e-8 + 2e-6 * numerical.abs(),
                "{name}[{at}]: {exact} by the backward pass, {numerical} by difference"
            );
            compared += 1;
        }
    }
    compared
}

fn made(packed: fn(&str) -> bool) -> Made {
    Made {
        draw: Draw::new(5),
        packed,
    }
}

#[test]
fn every_tensor_of_the_family() {
    for changes in [
        json!({}),
        json!({"tie_word_embeddings": false, "final_logit_softcapping": 3.0}),
    ] {
        let mut learner = Learner::<f64>::build(&config(&changes), &mut made(|_| false)).expect("builds");
        learner.set_auxiliary(3, 0.3);
        let all = examples(Draw::new(9));
        let batch: Vec<&Example> = all.iter().collect();
        let compared = holds(learner, &batch, Manner::default());
        assert!(compared > 350, "{compared}");
    }
}

#[test]
fn low_rank_pairs_over_packed_weights_with_dropout() {
    let mut learner = Learner::<f64>::build(&config(&json!({})), &mut made(|_| true)).expect("builds");
    let draw = Draw::new(3);
    for (name, inputs, outputs) in learner.maps() {
        let numbers = |part: &str, n: usize| -> Vec<f64> {
            let draw = draw.named(&name).named(part);
            (0..n as u64).map(|i| 0.3 * draw.normal(i)).collect()
        };
        learner.attach(
            &name,
            3,
            2.0,
            0.25,
            numbers("a", 3 * inputs),
            numbers("b", 3 * outputs),
        );
    }
    let all = examples(Draw::new(9));
    let batch: Vec<&Example> = all.iter().collect();
    let manner = Manner {
        draw: Some(Draw::new(11)),
        part: 0,
    };
    assert!(total(&learner, &batch, manner) != total(&learner, &batch, Manner::default()));
    let compared = holds(learner, &batch, manner);
    assert!(compared > 250, "{compared}");
}

#[test]
fn some_patches_of_a_picture_without_an_answer() {
    let mut learner = Learner::<f64>::build(&config(&json!({})), &mut made(|_| false)).expect("builds");
    learner.set_auxiliary(3, 0.7);
    let some: Vec<Example> = examples(Draw::new(9))
        .into_iter()
        .enumerate()
        .map(|(i, example)| Example {
            answer: 0..0,
            patches: Some(Arc::new(Patches {
                only: Some(vec![3, 17 + i, 24, 0]),
                due: vec![
                    [(1, 1.0), (0, 0.0)],
                    [(0, 0.0); 2],
                    [(2, 0.5), (0, 0.25)],
                    [(0, 2.0), (1, 0.0)],
                ],
            })),
            ..example
        })
        .collect();
    let batch: Vec<&Example> = some.iter().collect();
    let (losses, gradients) = learner.gradients(&batch, Manner::default());
    assert_eq!((losses.answer.tokens, losses.patches.tokens), (0, 6));
    let table = learner
        .parameters
        .find("text.embed_tokens.weight")
        .expect("there");
    assert!(gradients.get(table).expect("learned").iter().all(|g| *g == 0.0));
    assert!(holds(learner, &batch, Manner::default()) > 350);
}

#[test]
fn parts_recomputation_and_kept_features_change_nothing() {
    let build = || Learner::<f64>::build(&config(&json!({})), &mut made(|_| false)).expect("builds");
    let all = examples(Draw::new(9));
    let batch: Vec<&Example> = all.iter().collect();
    let (losses, gradients) = build().gradients(&batch, Manner::default());
    let mut sparing = build();
    sparing.set_recompute(true);
    let manner = Manner { draw: None, part: 1 };
    let (same, equal) = sparing.gradients(&batch, manner);
    assert!((losses.answer.sum - same.answer.sum).abs() < 1e-12);
    assert!((gradients.norm() - equal.norm()).abs() < 1e-12 * gradients.norm());
    assert_eq!(losses.answer, build().losses(&batch, 0).answer);

    let frozen = Learner::<f64>::build(&config(&json!({})), &mut made(|name| !name.starts_with("text.")))
        .expect("builds");
    let (seen, by_seen) = frozen.gradients(&batch, Manner::default());
    for pooled in [false, true] {
        // The first is remembered, the second seen: their order is not that of the batch.
        for remembered in [&[0, 1][..], &[1]] {
            let mixed: Vec<Example> = all
                .iter()
                .enumerate()
                .map(|(i, example)| {
                    let Seen::Pictures(pictures) = &example.seen else {
                        return example.clone();
                    };
                    let short = |v: Vec<f64>| Arc::new(v.iter().map(|v| *v as f32).collect());
                    Example {
                        seen: match (remembered.contains(&i), pooled) {
                            (false, _) => example.seen.clone(),
                            (true, true) => Seen::Pooled(short(frozen.hidden(pictures))),
                            (true, false) => Seen::Features(short(frozen.features(pictures))),
                        },
                        ..example.clone()
                    }
                })
                .collect();
            let mixed: Vec<&Example> = mixed.iter().collect();
            let (losses, slopes) = frozen.gradients(&mixed, Manner::default());
            assert!((seen.answer.sum - losses.answer.sum).abs() < 1e-5);
            assert!((slopes.norm() / by_seen.norm() - 1.0).abs() < 1e-5);
        }
    }

    // A projector that learns over a frozen tower.
    let mut above = Learner::<f64>::build(&config(&json!({})), &mut made(|_| false)).expect("builds");
    above.learn_only(|name| !name.starts_with("vision."));
    let pooled: Vec<Example> = all
        .iter()
        .map(|example| match &example.seen {
            Seen::Pictures(pictures) => Example {
                seen: Seen::Pooled(Arc::new(
                    above.hidden(pictures).iter().map(|v| *v as f32).collect(),
                )),
                ..example.clone()
            },
            _ => example.clone(),
        })
        .collect();
    let pooled: Vec<&Example> = pooled.iter().collect();
    assert!(holds(above, &pooled, Manner::default()) > 150);
}
