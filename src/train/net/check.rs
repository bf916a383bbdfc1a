//! The whole network against finite differences and against the decoder that generates.

use super::lora::{LoraShape, Noise};
use super::pass::{Network, Numbers};
use super::tape::Tape;
use super::unit::Unit;
use crate::domain::CancelToken;
use crate::model::config::{Config, Family, LlamaShape, QkNorm};
use crate::model::decoder::Projection;
use crate::model::pass::{Segment, Wanted};
use crate::model::tiny;
use crate::train::loss::{Goal, PreferenceLoss};
use crate::train::random::Random;
use crate::train::weights::Weights;

/// Configurations that between them use everything a decoder can have.
fn configs() -> Vec<Config> {
    let plain = Config::llama_like(LlamaShape {
        vocab: 40,
        hidden: 16,
        intermediate: 24,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        context: 64,
        tied: true,
    });
    let mut qwen = plain.clone();
    qwen.family = Family::Qwen3;
    qwen.tied = false;
    qwen.qk_norm = QkNorm::Heads;
    qwen.head_dim = 6;
    qwen.windows = vec![Some(3), None];
    let mut biased = plain.clone();
    (biased.qkv_bias, biased.o_bias, biased.mlp_bias) = (true, true, true);
    vec![plain, qwen, biased]
}

fn weights(config: &Config) -> Weights {
    let decoder = tiny::decoder(config.clone(), 5).unwrap();
    Weights::from_decoder(&decoder).unwrap()
}

fn tokens(seed: u64, len: usize) -> Vec<u32> {
    let mut random = Random::new(seed, 9);
    (0..len).map(|_| random.below(40) as u32).collect()
}

fn pairs() -> Unit {
    let mut unit = Unit::default();
    unit.push_pair(&tokens(1, 5), [&tokens(2, 7), &tokens(3, 4)]);
    unit.push_pair(&tokens(4, 3), [&tokens(5, 1), &tokens(6, 9)]);
    unit
}

fn texts() -> Unit {
    let mut unit = Unit::default();
    unit.push_text(&tokens(7, 12), 0);
    unit.push_text(&tokens(8, 9), 4);
    unit
}

fn preference() -> Goal {
    let loss = PreferenceLoss {
        beta: 0.4,
        gamma: 0.2,
        label_smoothing: 0.1,
    };
    Goal::Preference { loss, share: 0.5 }
}

#[test]
fn log_probabilities_equal_those_of_the_decoder_that_generates() {
    for config in configs() {
        let decoder = tiny::decoder(config.clone(), 5).unwrap();
        let weights = Weights::from_decoder(&decoder).unwrap();
        let network = Network::new(config.clone(), None, 64);
        let mut tape = Tape::default();
        let numbers = Numbers {
            base: &weights.values,
            lora: &[],
        };
        network.judge(numbers, &pairs(), &preference(), &mut tape);
        let mut found = tape.log_probs().iter();
        for (prompt, answer) in [(1, 2), (1, 3), (4, 5), (4, 6)] {
            let lens = [0, 5, 7, 4, 3, 1, 9];
            let (prompt, answer) = (
                tokens(prompt, lens[prompt as usize]),
                tokens(answer, lens[answer as usize]),
            );
            let all = [prompt.clone(), answer.clone()].concat();
            let mut cache = decoder.cache().unwrap();
            let mut segments = [Segment {
                cache: &mut cache,
                adapter: None,
                tokens: &all,
                wanted: Wanted::All,
            }];
            let mut sink = |_: usize, at: usize, row: &[f32]| {
                if at + 1 >= prompt.len() && at + 1 < all.len() {
                    let top = row.iter().copied().fold(f32::MIN, f32::max);
                    let total: f64 = row.iter().map(|x| f64::from(x - top).exp()).sum();
                    let expected = f64::from(row[all[at + 1] as usize] - top) - total.ln();
                    let found = f64::from(*found.next().unwrap());
                    assert!((found - expected).abs() < 2e-5, "{found} and {expected}");
                }
                Ok(())
            };
            decoder
                .forward(None, &mut segments, &CancelToken::default(), &mut sink)
                .unwrap();
        }
        assert!(found.next().is_none());
    }
}

/// Compares the gradient of a sample of numbers, and along a random direction, with central differences.
fn check(count: usize, gradient: &[f32], start: &[f32], mut loss: impl FnMut(&[f32]) -> f64) {
    let mut random = Random::new(77, 0);
    let step = 4e-3f32;
    let mut along = |direction: &[f32]| {
        let moved = |sign: f32| -> Vec<f32> {
            let pairs = start.iter().zip(direction);
            pairs.map(|(x, d)| x + sign * step * d).collect()
        };
        (loss(&moved(1.0)) - loss(&moved(-1.0))) / (2.0 * f64::from(step))
    };
    for _ in 0..count {
        let at = random.below(start.len());
        let mut direction = vec![0.0; start.len()];
        direction[at] = 1.0;
        let (found, expected) = (along(&direction), f64::from(gradient[at]));
        assert!(
            (found - expected).abs() < 2e-3 + 0.02 * expected.abs(),
            "number {at}: {found} and {expected}"
        );
    }
    let norm = gradient
        .iter()
        .map(|g| f64::from(g * g))
        .sum::<f64>()
        .sqrt();
    let direction: Vec<f32> = gradient.iter().map(|g| g / norm as f32).collect();
    let found = along(&direction);
    assert!(
        (found - norm).abs() < 5e-3 * norm,
        "along the gradient: {found} and {norm}"
    );
}

#[test]
fn the_gradient_of_every_weight_agrees_with_finite_differences() {
    for config in configs() {
        let weights = weights(&config);
        let network = Network::new(config, None, 64);
        let likelihood = Goal::Likelihood { share: 1.0 / 16.0 };
        for (unit, goal) in [(texts(), likelihood), (pairs(), preference())] {
            let mut tape = Tape::default();
            let mut gradient = vec![0.0; network.trained()];
            network.learn(
                Numbers {
                    base: &weights.values,
                    lora: &[],
                },
                &unit,
                &goal,
                Noise::default(),
                &mut tape,
                &mut gradient,
            );
            check(120, &gradient, &weights.values, |values| {
                let numbers = Numbers {
                    base: values,
                    lora: &[],
                };
                network.judge(numbers, &unit, &goal, &mut tape).loss
            });
        }
    }
}

#[test]
fn the_gradient_of_an_adapter_agrees_with_finite_differences() {
    for config in configs() {
        let weights = weights(&config);
        let shape = LoraShape {
            rank: 3,
            scale: 0.7,
            dropout: 0.0,
            targets: Projection::ALL.to_vec(),
        };
        for targets in [Projection::ALL.to_vec(), vec![Projection::Q, Projection::V]] {
            let shape = LoraShape {
                targets,
                ..shape.clone()
            };
            let network = Network::new(config.clone(), Some(shape), 64);
            let mut random = Random::new(6, 6);
            let start: Vec<f32> = (0..network.trained())
                .map(|_| (random.normal() * 0.3) as f32)
                .collect();
            let mut tape = Tape::default();
            let mut gradient = vec![0.0; network.trained()];
            network.learn(
                Numbers {
                    base: &weights.values,
                    lora: &start,
                },
                &pairs(),
                &preference(),
                Noise::default(),
                &mut tape,
                &mut gradient,
            );
            check(60, &gradient, &start, |lora| {
                let mut tape = Tape::default();
                let numbers = Numbers {
                    base: &weights.values,
                    lora,
                };
                network
                    .judge(numbers, &pairs(), &preference(), &mut tape)
                    .loss
            });
        }
    }
}

#[test]
fn the_gradient_holds_under_dropout() {
    let config = configs().remove(0);
    let weights = weights(&config);
    let shape = LoraShape {
        rank: 2,
        scale: 1.0,
        dropout: 0.3,
        targets: Projection::ALL.to_vec(),
    };
    let network = Network::new(config, Some(shape), 64);
    let mut random = Random::new(6, 7);
    let start: Vec<f32> = (0..network.trained())
        .map(|_| (random.normal() * 0.3) as f32)
        .collect();
    let noise = Noise { key: Some(12345) };
    let learn = |lora: &[f32]| {
        let mut gradient = vec![0.0; network.trained()];
        let numbers = Numbers {
            base: &weights.values,
            lora,
        };
        let outcome = network.learn(
            numbers,
            &pairs(),
            &preference(),
            noise,
            &mut Tape::default(),
            &mut gradient,
        );
        (outcome.loss, gradient)
    };
    let (_, gradient) = learn(&start);
    check(60, &gradient, &start, |lora| learn(lora).0);
}
