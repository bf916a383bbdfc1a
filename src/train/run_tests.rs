//! Whole runs on tiny models: learning, resuming, diverging.

use super::*;
use crate::model::config::{Config, LlamaShape};
use crate::model::tiny;
use crate::train::arm::{Adapter, Session};
use crate::train::config::{AdapterSettings, Products};
use crate::train::examples::{PairExample, TextExample};
use crate::train::lm;
use crate::train::weights::Weights;

/// Texts that count upwards: easy to learn.
fn texts() -> Vec<TextExample> {
    (0..24u32)
        .map(|i| TextExample {
            tokens: (0..6 + i % 5).map(|at| 3 + (i * 7 + at) % 40).collect(),
            first: 0,
        })
        .collect()
}

/// Pairs whose chosen answers count upwards.
fn pairs() -> Vec<PairExample> {
    (0..20u32)
        .map(|i| {
            let run = |sign: u32| (0..4 + i % 3).map(|at| 20 + i + sign * at).collect();
            PairExample {
                prompt: vec![1, 3 + i],
                chosen: run(1),
                rejected: run(0),
            }
        })
        .collect()
}

fn settings() -> Settings {
    Settings {
        epochs: 3,
        batch: 4,
        lr: 1e-2,
        warmup: 2,
        save_every: 5,
        threads: Some(2),
        ..Settings::default()
    }
}

/// A base whose attention already moves its logits.
fn base() -> Weights {
    Weights::from_decoder(&tiny::decoder(tiny::config(), 8).unwrap()).unwrap()
}

/// A loss that a few steps can lower.
fn loss() -> PreferenceLoss {
    PreferenceLoss {
        beta: 0.5,
        ..PreferenceLoss::default()
    }
}

fn silent() -> impl FnMut(&TrainEvent) -> Result<(), TrainError> {
    |_| Ok(())
}

/// Cancels after the given step.
fn stopping(cancel: &CancelToken, at: u64) -> impl FnMut(&TrainEvent) -> Result<(), TrainError> {
    let cancel = cancel.clone();
    move |event| {
        if matches!(event, TrainEvent::Step(report) if report.step == at) {
            cancel.cancel();
        }
        Ok(())
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_language_model_learns_and_a_resumed_run_ends_in_the_same_bits() {
    let texts = texts();
    let weights = || Weights::random(tiny::config(), 4);
    let train = |store: Option<&Store>, observer: &mut dyn Observer, cancel: &CancelToken| {
        lm::train(
            &settings(),
            weights(),
            &texts,
            &texts[..3],
            store,
            observer,
            cancel,
        )
    };
    let mut losses = Vec::new();
    let mut watch = |event: &TrainEvent| {
        if let TrainEvent::Step(report) = event {
            losses.push(report.loss);
        }
        Ok(())
    };
    let (whole, summary) = train(None, &mut watch, &CancelToken::default()).unwrap();
    assert_eq!((losses.len(), summary.steps), (18, 18));
    assert!(losses[17] < losses[0] - 0.7, "{losses:?}");
    assert!(summary.eval.unwrap().eval_loss < losses[0]);

    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), false).unwrap();
    let cancel = CancelToken::default();
    let stopped = train(Some(&store), &mut stopping(&cancel, 8), &cancel);
    let saved = matches!(
        stopped,
        Err(TrainError::Interrupted {
            step: 8,
            saved: true
        })
    );
    assert!(saved, "{stopped:?}");
    let store = Store::open(dir.path(), true).unwrap();
    let (resumed, _) = train(Some(&store), &mut silent(), &CancelToken::default()).unwrap();
    assert_eq!(bits(&whole.values), bits(&resumed.values));
}

#[test]
fn a_reward_model_learns_its_pairs_and_resumes_with_its_dropout() {
    let pairs = pairs();
    let base = base();
    let settings = settings();
    let train = |store: Option<&Store>, observer: &mut dyn Observer, cancel: &CancelToken| {
        let session = Session {
            settings: &settings,
            loss: loss(),
            pairs: &pairs,
            eval: &pairs,
            store,
        };
        session.train_adapter(&AdapterSettings::default(), &base, observer, cancel)
    };
    let (whole, summary): (Adapter, _) =
        train(None, &mut silent(), &CancelToken::default()).unwrap();
    let eval = summary.eval.unwrap();
    assert!(eval.eval_accuracy.unwrap() > 0.7, "{eval:?}");
    assert!(eval.eval_margin.unwrap() > 0.0);

    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), false).unwrap();
    let cancel = CancelToken::default();
    train(Some(&store), &mut stopping(&cancel, 7), &cancel).unwrap_err();
    let store = Store::open(dir.path(), true).unwrap();
    let (resumed, _) = train(Some(&store), &mut silent(), &CancelToken::default()).unwrap();
    for (a, b) in whole.named().iter().zip(&resumed.named()) {
        assert_eq!(bits(&a.values), bits(&b.values), "{}", a.name);
    }
}

#[test]
fn a_run_ends_with_the_mean_of_its_last_steps_and_so_does_a_resumed_one() {
    let texts = texts();
    let train = |settings: &Settings,
                 weights: Weights,
                 store: Option<&Store>,
                 observer: &mut dyn Observer,
                 cancel: &CancelToken| {
        let eval = &texts[..3];
        lm::train(settings, weights, &texts, eval, store, observer, cancel)
    };
    let settings = |averaged: f64| Settings {
        epochs: 1,
        averaged,
        save_every: 1,
        ..settings()
    };
    let beginning = || Weights::random(tiny::config(), 4);
    let go_on = CancelToken::default();
    // What each step left, and how many numbers each checkpoint held.
    let watched = |averaged: f64| {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), false).unwrap();
        let mut left: Vec<Vec<f32>> = Vec::new();
        let mut tensors = Vec::new();
        let mut watch = |event: &TrainEvent| {
            if let TrainEvent::Saved { path, .. } = event {
                let bytes = std::fs::read(path).unwrap();
                let found = safetensors::SafeTensors::deserialize(&bytes).unwrap();
                let view = found.tensor("weights").unwrap();
                let (numbers, _) = view.data().as_chunks::<4>();
                left.push(numbers.iter().map(|x| f32::from_le_bytes(*x)).collect());
                tensors.push(found.len());
            }
            Ok(())
        };
        let run = settings(averaged);
        let (weights, summary) =
            train(&run, beginning(), Some(&store), &mut watch, &go_on).unwrap();
        (weights, summary.eval.unwrap(), left, tensors)
    };
    let (plain, _, left, tensors) = watched(0.0);
    assert_eq!(bits(&plain.values), bits(&left[5]));
    assert_eq!(tensors, [3; 6]);

    let (mean, eval, steps, tensors) = watched(0.5);
    assert_eq!(bits(&steps[5]), bits(&left[5]), "averaging changes no step");
    assert_eq!(tensors, [3, 3, 3, 4, 4, 4]);
    for (at, mean) in mean.values.iter().enumerate() {
        let expected = (steps[3][at] + steps[4][at] + steps[5][at]) / 3.0;
        assert!((mean - expected).abs() < 1e-6, "{mean} and {expected}");
    }
    assert_ne!(bits(&mean.values), bits(&left[5]));
    let still = Settings {
        lr: 0.0,
        ..settings(0.0)
    };
    let (_, judged) = train(&still, mean.clone(), None, &mut silent(), &go_on).unwrap();
    assert_eq!(
        judged.eval.unwrap().eval_loss.to_bits(),
        eval.eval_loss.to_bits()
    );

    for at in [2, 5] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), false).unwrap();
        let cancel = CancelToken::default();
        let run = settings(0.5);
        let mut stop = stopping(&cancel, at);
        train(&run, beginning(), Some(&store), &mut stop, &cancel).unwrap_err();
        let store = Store::open(dir.path(), true).unwrap();
        for _ in 0..2 {
            // The second time nothing is left to be done.
            let (resumed, again) =
                train(&run, beginning(), Some(&store), &mut silent(), &go_on).unwrap();
            assert_eq!(bits(&mean.values), bits(&resumed.values));
            assert_eq!(
                again.eval.unwrap().eval_loss.to_bits(),
                eval.eval_loss.to_bits()
            );
        }
    }
}

#[test]
fn an_adapter_begins_as_the_base_and_a_whole_model_learns_too() {
    let pairs = pairs();
    let base = base();
    let settings = Settings {
        epochs: 1,
        ..settings()
    };
    let session = Session {
        settings: &settings,
        loss: loss(),
        pairs: &pairs,
        eval: &pairs,
        store: None,
    };
    let mut first = None;
    let mut watch = |event: &TrainEvent| {
        if let TrainEvent::Step(report) = event {
            first.get_or_insert((report.loss, report.margin));
        }
        Ok(())
    };
    let cancel = CancelToken::default();
    let (adapter, _) = session
        .train_adapter(&AdapterSettings::default(), &base, &mut watch, &cancel)
        .unwrap();
    let (adapter_first, names) = (first.take(), adapter.named());
    assert_eq!(names.len(), 2 * 2 * 3);
    assert_eq!(
        names[0].name,
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    );
    assert_eq!(names[1].shape, [16, 8]);
    let mut watch = |event: &TrainEvent| {
        if let TrainEvent::Step(report) = event {
            first.get_or_insert((report.loss, report.margin));
        }
        Ok(())
    };
    let (_, summary) = session
        .train_model(base.clone(), &mut watch, &cancel)
        .unwrap();
    let eval = summary.eval.unwrap();
    assert!(eval.eval_loss < first.unwrap().0, "{eval:?} {first:?}");
    let (a, b) = (adapter_first.unwrap(), first.unwrap());
    assert!((a.0 - b.0).abs() < 1e-6, "{a:?} {b:?}");
}

#[test]
fn a_rate_far_too_high_is_called_divergence() {
    let settings = Settings {
        lr: 1e30,
        warmup: 0,
        ..settings()
    };
    let weights = Weights::random(tiny::config(), 4);
    let texts = texts();
    let cancel = CancelToken::default();
    let failed = lm::train(
        &settings,
        weights,
        &texts,
        &[],
        None,
        &mut silent(),
        &cancel,
    );
    assert!(
        matches!(failed, Err(TrainError::Diverged { .. })),
        "{failed:?}"
    );
}

#[test]
fn rounded_products_learn_as_exact_ones_do() {
    // Large enough for rounded products to be used; without a unit for them both trainings are the same.
    let config = Config::llama_like(LlamaShape {
        vocab: 96,
        hidden: 64,
        intermediate: 128,
        layers: 2,
        heads: 2,
        kv_heads: 2,
        context: 64,
        tied: true,
    });
    let texts: Vec<TextExample> = (0..64u32)
        .map(|i| TextExample {
            tokens: (0..30).map(|at| 3 + (i * 7 + at) % 80).collect(),
            first: 0,
        })
        .collect();
    let losses = |products: Products| {
        let mut losses = Vec::new();
        let settings = Settings {
            products,
            batch: 8,
            lr: 4e-3,
            ..settings()
        };
        let mut observer = |event: &TrainEvent| {
            if let TrainEvent::Step(report) = event {
                losses.push(report.loss);
            }
            Ok(())
        };
        let (weights, cancel) = (Weights::random(config.clone(), 3), CancelToken::default());
        lm::train(
            &settings,
            weights,
            &texts,
            &[],
            None,
            &mut observer,
            &cancel,
        )
        .unwrap();
        losses
    };
    let (full, half) = (losses(Products::Full), losses(Products::Half));
    assert!(full.len() > 20 && full[full.len() - 1] < 0.7 * full[0]);
    for (full, half) in full.iter().zip(&half) {
        assert!((full - half).abs() < 0.03 * full, "{full} and {half}");
    }
    let same = full
        .iter()
        .zip(&half)
        .all(|(full, half)| full.to_bits() == half.to_bits());
    assert_eq!(same, Products::best() == Products::Full);
}
