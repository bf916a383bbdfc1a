use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::choice::{Choice, Judging};
use super::kernel::{SCORES, SUMS, Scratch, pass};
use super::luck::lucky;
use super::row::KeptRows;
use super::*;
use crate::engine::decode::GuidedStep;
use crate::engine::insight::kl;
use crate::engine::mix::{log_softmax, mix};
use crate::engine::noise::PositionNoise;
use crate::engine::sample::draw;
use crate::engine::scorer::StepScores;

/// Rows with the spread of a language model's, reward models that mostly agree with the base, and now and then a token
/// that a model rules out.
pub(super) fn step(salt: u64, vocabulary: usize, rewards: usize, impossible: bool) -> StepScores {
    let noise = |model: usize| PositionNoise::new(salt, model);
    let base: Vec<f32> = (0..vocabulary as u32)
        .map(|v| 2.0 * noise(0).gumbel(v) as f32)
        .collect();
    let rewards = (1..=rewards).map(|model| {
        let mut row: Vec<f32> = base
            .iter()
            .zip(0..)
            .map(|(b, v)| b + noise(model).gumbel(v) as f32)
            .collect();
        if impossible && vocabulary > 1 {
            row[(salt % vocabulary as u64) as usize] = f32::NEG_INFINITY;
        }
        log_softmax(&row)
    });
    StepScores {
        rewards: rewards.collect(),
        base: log_softmax(&base),
    }
}

fn chosen(rows: &KeptRows, weights: &[f64], sampling: &Sampling, position: usize) -> Choice {
    let mut scratch = Scratch::default();
    let sums = pass::<SCORES>(rows, weights, &mut scratch);
    let judging = Judging {
        rows,
        weights,
        scratch: &scratch,
        sums,
    };
    let noise = PositionNoise::new(sampling.seed, position);
    judging.choose(sampling, position, &lucky(noise, rows.vocabulary()))
}

/// Samplings of every kind: greedy, plain, each filter and all of them.
fn any_sampling() -> impl Strategy<Value = Sampling> {
    let temperature = prop_oneof![Just(0.0), Just(1.0), 0.05f64..3.0];
    let top_k = prop_oneof![2 => Just(0usize), 1 => 1usize..60, 1 => 60usize..2000];
    let top_p = prop_oneof![2 => Just(1.0), 1 => 0.05f64..1.0];
    let min_p = prop_oneof![2 => Just(0.0), 1 => 0.0f64..=1.0];
    (temperature, top_k, top_p, min_p, any::<u64>()).prop_map(
        |(temperature, top_k, top_p, min_p, seed)| Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            seed,
            ..Sampling::default()
        },
    )
}

fn any_weights() -> impl Strategy<Value = Vec<f64>> {
    let weight =
        prop_oneof![1 => Just(0.0), 4 => 0.0f64..3.0, 1 => -1.0f64..0.0, 1 => 3.0f64..20.0];
    proptest::collection::vec(weight, 0..6)
}

proptest! {
    #[test]
    fn the_choice_is_the_one_that_decoding_makes(
        salt in any::<u64>(), vocabulary in 1usize..2500, weights in any_weights(), sampling in any_sampling(),
        impossible in any::<bool>(), position in 0usize..300,
    ) {
        let scores = step(salt, vocabulary, weights.len(), impossible);
        let choice = chosen(&KeptRows::new(&scores), &weights, &sampling, position);
        prop_assert!(choice.sure);
        prop_assert_eq!(choice.token, draw(&mix(&scores, &weights).scores, &sampling, position));
    }

    #[test]
    fn equal_scores_are_decided_as_decoding_does(
        levels in proptest::collection::vec(0u8..4, 1..900), weights in any_weights(), sampling in any_sampling(),
    ) {
        let row: Arc<[f32]> = levels.iter().map(|&level| -f32::from(level)).collect();
        let scores = StepScores { base: Arc::clone(&row), rewards: vec![row; weights.len()] };
        let choice = chosen(&KeptRows::new(&scores), &weights, &sampling, 3);
        prop_assert_eq!(choice.token, draw(&mix(&scores, &weights).scores, &sampling, 3));
    }

    #[test]
    fn a_choice_from_rounded_rows_that_is_called_sure_is_right(
        salt in any::<u64>(), vocabulary in 1usize..1500, weights in any_weights(), sampling in any_sampling(),
    ) {
        let scores = step(salt, vocabulary, weights.len(), false);
        let mut rows = KeptRows::new(&scores);
        rows.coarsen();
        let choice = chosen(&rows, &weights, &sampling, 0);
        if choice.sure {
            prop_assert_eq!(choice.token, draw(&mix(&scores, &weights).scores, &sampling, 0));
        }
    }

    #[test]
    fn rounded_values_stay_within_the_stated_error(salt in any::<u64>(), vocabulary in 1usize..1500) {
        let scores = step(salt, vocabulary, 2, false);
        let mut rows = KeptRows::new(&scores);
        let whole = rows.bytes();
        rows.coarsen();
        prop_assert_eq!(rows.bytes() * 2, whole);
        prop_assert!(rows.error() < 5e-4);
        for (kept, row) in [(&rows.base, &scores.base), (&rows.rewards[0], &scores.rewards[0])] {
            for (v, &exact) in row.iter().enumerate() {
                prop_assert!((kept.value(v) - f64::from(exact)).abs() <= kept.error());
            }
        }
    }

    #[test]
    fn approximate_scores_stay_within_the_stated_error(
        salt in any::<u64>(), vocabulary in 1usize..1500, weights in any_weights(), coarse in any::<bool>(),
    ) {
        let mut rows = KeptRows::new(&step(salt, vocabulary, weights.len(), false));
        if coarse {
            rows.coarsen();
        }
        let mut scratch = Scratch::default();
        let sums = pass::<SCORES>(&rows, &weights, &mut scratch);
        let judging = Judging { rows: &rows, weights: &weights, scratch: &scratch, sums };
        for (v, &score) in scratch.scores().iter().enumerate() {
            let exact = rows.score(&weights, v);
            prop_assert!((f64::from(score) - exact).abs() <= judging.error(exact));
        }
    }

    #[test]
    fn sums_agree_with_those_in_f64(
        salt in any::<u64>(), vocabulary in 1usize..2500, weights in any_weights(), impossible in any::<bool>(),
    ) {
        let weights: Vec<f64> = weights.iter().map(|w| w.abs()).collect();
        let scores = step(salt, vocabulary, weights.len(), impossible);
        let mut scratch = Scratch::default();
        let sums = pass::<SUMS>(&KeptRows::new(&scores), &weights, &mut scratch);
        let mixed = mix(&scores, &weights);
        let norm = f64::from(sums.top) + sums.mass.ln();
        let scale = 1.0 + weights.iter().sum::<f64>();
        if !is_plain(&weights) {
            prop_assert!((norm - mixed.norm).abs() < 1e-5 * scale, "{norm} {}", mixed.norm);
            prop_assert!((sums.pull / sums.mass - norm - kl(&scores, &mixed)).abs() < 2e-5 * scale);
        }
    }
}

#[test]
fn impossible_scores_are_left_to_the_plain_path() {
    let row: Arc<[f32]> = Arc::from([-1.0, f32::NEG_INFINITY, -0.5]);
    let scores = StepScores {
        base: Arc::from([-1.0, -1.0, -1.5]),
        rewards: vec![row],
    };
    let greedy = Sampling {
        temperature: 0.0,
        ..Sampling::default()
    };
    let rows = KeptRows::new(&scores);
    assert_eq!(chosen(&rows, &[1.0], &greedy, 0).token, 0);
    assert_eq!(chosen(&rows, &[3.0], &greedy, 0).token, 2);
    // A negative weight turns the impossible into the certain, as in `mix`.
    assert_eq!(chosen(&rows, &[-1.0], &greedy, 0).token, 1);
}

pub(super) const VOCABULARY: usize = 800;

pub(super) fn written(
    sampling: &Sampling,
    weights: &[f64],
    steps: usize,
    budget_bytes: usize,
) -> Trace {
    let mut trace = Trace::new(budget_bytes);
    for position in 0..steps {
        let scores = step(position as u64, VOCABULARY, weights.len(), false);
        let token = draw(&mix(&scores, weights).scores, sampling, position);
        trace.push(&GuidedStep::new(
            position,
            token,
            scores,
            Arc::from(weights),
        ));
    }
    trace
}

/// The first position whose token another writing would change, by trying.
fn tried(trace: &Trace, question: &Question<'_>) -> Option<(usize, TokenId)> {
    let steps = trace.steps().iter().enumerate().skip(question.pinned);
    steps
        .map(|(position, step)| {
            let scores = mix(&step.scores().unwrap(), question.weights).scores;
            (
                position,
                step.token,
                draw(&scores, question.sampling, position),
            )
        })
        .find(|(_, from, to)| from != to)
        .map(|(position, _, to)| (position, to))
}

#[test]
fn the_first_change_is_the_one_that_trying_finds() {
    let never = || false;
    for sampling in [
        Sampling::default(),
        Sampling {
            temperature: 0.0,
            ..Sampling::default()
        },
        Sampling {
            top_k: 20,
            ..Sampling::default()
        },
        Sampling {
            top_p: 0.8,
            min_p: 0.02,
            temperature: 1.4,
            ..Sampling::default()
        },
    ] {
        let trace = written(&sampling, &[0.5, 1.0], 60, usize::MAX);
        for weights in [[0.5, 1.0], [0.52, 1.0], [0.6, 0.9], [2.0, 0.0]] {
            for pinned in [0, 25] {
                let question = Question {
                    weights: &weights,
                    sampling: &sampling,
                    pinned,
                };
                let change = first_change(&trace, &question, &never).unwrap();
                let found = change.divergence.map(|d| (d.position, d.to));
                assert_eq!(found, tried(&trace, &question));
                assert_eq!(change.rewrite_from, found.map(|(position, _)| position));
                let whole = reweigh(&trace, &question, &never).unwrap();
                assert_eq!(
                    (whole.divergence, whole.rewrite_from),
                    (change.divergence, change.rewrite_from)
                );
            }
        }
    }
}

#[test]
fn rounded_or_forgotten_rows_make_the_rewriting_begin_earlier_never_later() {
    let sampling = Sampling::default();
    let bytes = 3 * VOCABULARY * 4 * 40;
    let full = written(&sampling, &[0.5, 1.0], 40, bytes);
    for budget in [bytes / 2, bytes / 3] {
        let kept = written(&sampling, &[0.5, 1.0], 40, budget);
        for weights in [[0.5, 1.0], [0.51, 1.0], [0.7, 1.0], [1.5, 0.2]] {
            let question = Question {
                weights: &weights,
                sampling: &sampling,
                pinned: 0,
            };
            let exact = first_change(&full, &question, &|| false)
                .unwrap()
                .rewrite_from;
            let careful = first_change(&kept, &question, &|| false)
                .unwrap()
                .rewrite_from;
            let or_never = |position: Option<usize>| position.unwrap_or(usize::MAX);
            assert!(or_never(careful) <= or_never(exact));
        }
    }
}

#[test]
fn work_that_has_become_pointless_is_given_up() {
    let trace = written(&Sampling::default(), &[0.5], 50, usize::MAX);
    let question = Question {
        weights: &[0.7],
        sampling: &Sampling::default(),
        pinned: 0,
    };
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) >= 10;
    assert_eq!(reweigh(&trace, &question, &stop), None);
    assert!(asked.load(Ordering::Relaxed) < 40);
    assert_eq!(first_change(&trace, &question, &|| true), None);
}

#[test]
fn every_number_agrees_with_the_plain_path() {
    let sampling = Sampling::default();
    for (budget, close) in [(usize::MAX, 1e-5), (3 * VOCABULARY * 4 * 10 / 2, 1e-3)] {
        let trace = written(&sampling, &[0.5, 1.0], 10, budget);
        let weights = [0.9, 0.3];
        let question = Question {
            weights: &weights,
            sampling: &sampling,
            pinned: 0,
        };
        let judged = reweigh(&trace, &question, &|| false).unwrap();
        for (position, (step, insight)) in trace.steps().iter().zip(&judged.insights).enumerate() {
            let insight = insight.as_ref().unwrap();
            let exact = super::tests::step(position as u64, VOCABULARY, 2, false);
            let exact = TokenInsight::of(&exact, &weights, step.token, TOP);
            assert!((insight.kl - exact.kl).abs() < close);
            assert_eq!(insight.top.len(), TOP);
            let pairs = insight.top.iter().zip(exact.top.iter());
            for (a, b) in pairs.chain([(&insight.chosen, &exact.chosen)]) {
                assert!((a.guided - b.guided).abs() < close);
                assert!((a.base - b.base).abs() < close);
                for (x, y) in a.objectives.iter().zip(&b.objectives) {
                    assert!((x.reward - y.reward).abs() < close);
                }
                if budget == usize::MAX {
                    assert_eq!(a.id, b.id);
                    assert!((a.objectives[1].advantage - b.objectives[1].advantage).abs() < 1e-9);
                }
            }
        }
    }
}
