//! Mixing: `score(v) = base(v) + Σ wᵢ·rewardᵢ(v)` and its normalisation (GenARM's decoding rule, interfaces.md section 1).
//!
//! Rows are f32; sums over them are f64.

use crate::engine::lanes::log_mass;
use crate::engine::scorer::{Row, StepScores};

/// `log Σ exp(x)` in f64, exact for rows that hold −∞; −∞ for an empty row.
#[must_use]
pub fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return max;
    }
    max + values.map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// Log-softmax of raw logits, nats. The caller cuts the row to the shared vocabulary first.
///
/// ```
/// let row = counterpoise::engine::mix::log_softmax(&[0.0, 0.0]);
/// assert!((row[0] - 0.5f32.ln()).abs() < 1e-7);
/// ```
#[must_use]
pub fn log_softmax(logits: &[f32]) -> Row {
    let norm = log_mass(logits);
    logits
        .iter()
        .map(|&x| (f64::from(x) - norm) as f32)
        .collect()
}

/// The mixed distribution at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// `score(v)`, nats, not normalised.
    pub scores: Vec<f64>,
    /// `log Σ exp(score)`: subtract it from a score to get `guided(v)`.
    pub norm: f64,
}

impl Mixed {
    /// `guided(v) = score(v) − log Σ exp(score)`, nats.
    #[must_use]
    pub fn guided(&self, token: usize) -> f64 {
        self.scores[token] - self.norm
    }
}

/// Whether these weights leave the base as it is.
#[must_use]
pub fn is_plain(weights: &[f64]) -> bool {
    weights.iter().all(|&w| w == 0.0)
}

/// Mixes one step's rows. A weight of 0 skips its objective, so −∞ there cannot harm; weights beyond the rewards that a
/// step has (a base-only stream) are skipped too.
#[must_use]
pub fn mix(step: &StepScores, weights: &[f64]) -> Mixed {
    let mut scores: Vec<f64> = step.base.iter().map(|&x| f64::from(x)).collect();
    for (row, &weight) in step.rewards.iter().zip(weights) {
        if weight != 0.0 {
            for (score, &reward) in scores.iter_mut().zip(row.iter()) {
                *score += weight * f64::from(reward);
            }
        }
    }
    // Base rows are normalised already: with no weight the guided row is the base row, to the last bit.
    let norm = if is_plain(weights) || step.rewards.is_empty() {
        0.0
    } else {
        log_sum_exp(scores.iter().copied())
    };
    Mixed { scores, norm }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    pub(crate) fn scores_from(base: &[f32], rewards: &[&[f32]]) -> StepScores {
        StepScores {
            base: Arc::from(base),
            rewards: rewards.iter().map(|&row| Arc::from(row)).collect(),
        }
    }

    /// methods.md section 5: V = {A, B, C}.
    pub(crate) fn vector_of_section_5() -> StepScores {
        let ln = |p: &[f64]| p.iter().map(|x| x.ln() as f32).collect::<Vec<_>>();
        scores_from(&ln(&[0.5, 0.3, 0.2]), &[&ln(&[0.1, 0.6, 0.3])])
    }

    #[test]
    fn the_products_of_section_5_1_come_out() {
        let step = vector_of_section_5();
        for (weight, expected) in [
            (0.0, [0.500_000, 0.300_000, 0.200_000]),
            (0.5, [0.316_204, 0.464_723, 0.219_073]),
            (1.0, [0.172_414, 0.620_690, 0.206_897]),
            (2.0, [0.038_168, 0.824_427, 0.137_405]),
        ] {
            let mixed = mix(&step, &[weight]);
            for (token, want) in expected.iter().enumerate() {
                assert!(
                    (mixed.guided(token).exp() - want).abs() < 1e-6,
                    "weight {weight}, token {token}"
                );
            }
        }
    }

    #[test]
    fn the_reference_library_with_its_temperature_gives_the_same() {
        // (lb + a·lr)/(1 + a), minus logsumexp, divided by T = 1/(1 + a), softmax.
        let step = vector_of_section_5();
        for a in [0.5, 1.0, 2.0] {
            let mean: Vec<f64> = (0..3)
                .map(|v| (f64::from(step.base[v]) + a * f64::from(step.rewards[0][v])) / (1.0 + a))
                .collect();
            let norm = log_sum_exp(mean.iter().copied());
            let heated: Vec<f64> = mean.iter().map(|x| (x - norm) * (1.0 + a)).collect();
            let heated_norm = log_sum_exp(heated.iter().copied());
            let mixed = mix(&step, &[a]);
            for (v, x) in heated.iter().enumerate() {
                assert!((x - heated_norm - mixed.guided(v)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn dropping_a_pad_column_after_the_softmax_would_shift_rewards_but_not_the_mix() {
        let with_pad = log_softmax(&[0.1f32.ln() - 0.01, 0.6f32.ln(), 0.3f32.ln(), -4.0]);
        let before = log_softmax(&[0.1f32.ln() - 0.01, 0.6f32.ln(), 0.3f32.ln()]);
        let base = vector_of_section_5().base;
        let late = mix(&scores_from(&base, &[&with_pad[..3]]), &[1.0]);
        let early = mix(&scores_from(&base, &[&before]), &[1.0]);
        for v in 0..3 {
            assert!(before[v] > with_pad[v]);
            assert!((late.guided(v) - early.guided(v)).abs() < 1e-6);
        }
    }

    #[test]
    fn a_weight_of_zero_skips_even_an_impossible_token() {
        let step = scores_from(&[-0.7, -0.7], &[&[f32::NEG_INFINITY, 0.0]]);
        assert!(mix(&step, &[0.0]).scores.iter().all(|x| x.is_finite()));
    }

    pub(crate) fn any_step() -> impl Strategy<Value = StepScores> {
        (2usize..24, 0usize..4).prop_flat_map(|(vocabulary, objectives)| {
            let row = || proptest::collection::vec(-8.0f32..8.0, vocabulary);
            (row(), proptest::collection::vec(row(), objectives)).prop_map(|(base, rewards)| {
                StepScores {
                    base: log_softmax(&base),
                    rewards: rewards.iter().map(|r| log_softmax(r)).collect(),
                }
            })
        })
    }

    proptest! {
        #[test]
        fn mixed_rows_sum_to_one(step in any_step(), w in 0.0f64..3.0) {
            let weights = vec![w; step.rewards.len()];
            let mixed = mix(&step, &weights);
            let sum: f64 = (0..step.base.len()).map(|v| mixed.guided(v).exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
        }

        #[test]
        fn weights_of_zero_give_the_base(step in any_step()) {
            let mixed = mix(&step, &vec![0.0; step.rewards.len()]);
            for (v, &b) in step.base.iter().enumerate() {
                prop_assert_eq!(mixed.guided(v).to_bits(), f64::from(b).to_bits());
            }
        }

        #[test]
        fn a_constant_added_to_a_reward_row_changes_nothing(step in any_step(), shift in -5.0f32..5.0, w in 0.0f64..3.0) {
            let weights = vec![w; step.rewards.len()];
            let mut shifted = step.clone();
            for row in &mut shifted.rewards {
                *row = row.iter().map(|x| x + shift).collect();
            }
            let (a, b) = (mix(&step, &weights), mix(&shifted, &weights));
            for v in 0..step.base.len() {
                prop_assert!((a.guided(v) - b.guided(v)).abs() < 1e-4);
            }
        }

        #[test]
        fn the_order_of_objectives_is_irrelevant(step in any_step(), weights in proptest::collection::vec(0.0f64..3.0, 4)) {
            let weights = &weights[..step.rewards.len()];
            let turned = StepScores { base: step.base.clone(), rewards: step.rewards.iter().rev().cloned().collect() };
            let back: Vec<f64> = weights.iter().rev().copied().collect();
            let (a, b) = (mix(&step, weights), mix(&turned, &back));
            for v in 0..step.base.len() {
                prop_assert!((a.guided(v) - b.guided(v)).abs() < 1e-9);
            }
        }
    }
}
