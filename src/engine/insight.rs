//! Every number about one token choice (interfaces.md section 1), from the cached rows alone.

use std::sync::Arc;

use crate::domain::TokenId;
use crate::engine::mix::{Mixed, mix};
use crate::engine::scorer::StepScores;

/// How many alternatives an insight lists unless something else is asked for.
pub const TOP: usize = 10;

/// What one objective says of a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveInsight {
    /// `reward_i(v)`, nats.
    pub reward: f64,
    /// `reward_i(v) − Σ_u p_base(u)·reward_i(u)`, nats: better or worse than what the plain model would have said on average.
    pub advantage: f64,
}

/// One token that could stand at a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: TokenId,
    /// `base(v)`, nats.
    pub base: f64,
    /// `guided(v)` under the weights of the insight, nats.
    pub guided: f64,
    /// One per objective, in lineup order; empty where the step has no rewards.
    pub objectives: Vec<ObjectiveInsight>,
}

impl Candidate {
    /// `guided(v) − base(v)`, nats: how much guidance raised this token.
    #[must_use]
    pub fn influence(&self) -> f64 {
        self.guided - self.base
    }

    /// `score(v)` under `weights`, nats, from its own numbers; a weight of 0 skips its objective.
    #[must_use]
    pub fn score(&self, weights: &[f64]) -> f64 {
        let pulls = self.objectives.iter().zip(weights);
        let pulls = pulls.filter(|(_, weight)| **weight != 0.0);
        let pulls = pulls.map(|(said, weight)| weight * said.reward);
        self.base + pulls.sum::<f64>()
    }
}

/// Every number about the token that was chosen at one position.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenInsight {
    /// The chosen token with its scores.
    pub chosen: Candidate,
    /// `Σ_v p_guided(v)·(guided(v) − base(v))`, nats.
    pub kl: f64,
    /// `−Σ_v p_base(v)·base(v)`, nats: how open the plain model found the choice. Files of earlier versions do not tell it.
    pub entropy: Option<f64>,
    /// The likeliest tokens under guidance, best first; the lowest id wins a tie.
    pub top: Arc<[Candidate]>,
}

impl TokenInsight {
    /// The numbers of `token` at a step under `weights`, with the `top` likeliest alternatives.
    #[must_use]
    pub fn of(step: &StepScores, weights: &[f64], token: TokenId, top: usize) -> Self {
        Self::of_mixed(step, &mix(step, weights), token, top)
    }

    /// As [`TokenInsight::of`], for rows that are mixed already.
    #[must_use]
    pub fn of_mixed(step: &StepScores, mixed: &Mixed, token: TokenId, top: usize) -> Self {
        let rewards = step.rewards.iter().map(|row| &row[..]);
        let rows: Vec<&[f32]> = rewards.chain([&step.base[..]]).collect();
        let mut means = expectations(&step.base, &rows);
        let entropy = means.pop().map(|mean| -mean);
        let candidate = |v: usize| Candidate {
            id: v as TokenId,
            base: f64::from(step.base[v]),
            guided: mixed.guided(v),
            objectives: step
                .rewards
                .iter()
                .zip(&means)
                .map(|(row, mean)| {
                    let reward = f64::from(row[v]);
                    ObjectiveInsight {
                        reward,
                        advantage: reward - mean,
                    }
                })
                .collect(),
        };
        Self {
            chosen: candidate(token as usize),
            kl: kl(step, mixed),
            entropy,
            top: best(&mixed.scores, top)
                .into_iter()
                .map(candidate)
                .collect(),
        }
    }
}

/// [`expectation`] of several rows, for which each of the base's probabilities is worked out once.
#[must_use]
pub fn expectations(base: &[f32], rows: &[impl AsRef<[f32]>]) -> Vec<f64> {
    let mut sums = vec![0.0; rows.len()];
    for (v, &b) in base.iter().enumerate() {
        let p = f64::from(b).exp();
        if p == 0.0 {
            continue;
        }
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum += row.as_ref().get(v).map_or(0.0, |&r| p * f64::from(r));
        }
    }
    sums
}

/// `Σ_u p_base(u)·row(u)`, nats. Tokens that the base never says count nothing, whatever the row holds there.
#[must_use]
pub fn expectation(base: &[f32], row: &[f32]) -> f64 {
    base.iter()
        .zip(row)
        .map(|(&b, &r)| {
            let p = f64::from(b).exp();
            if p == 0.0 { 0.0 } else { p * f64::from(r) }
        })
        .sum()
}

/// `Σ_v p_guided(v)·(guided(v) − base(v))`, nats, never below 0 but for rounding.
#[must_use]
pub fn kl(step: &StepScores, mixed: &Mixed) -> f64 {
    step.base
        .iter()
        .enumerate()
        .map(|(v, &b)| {
            let guided = mixed.guided(v);
            let p = guided.exp();
            if p == 0.0 {
                0.0
            } else {
                p * (guided - f64::from(b))
            }
        })
        .sum()
}

/// Ids of the `count` highest scores, best first; the lowest id wins a tie.
fn best(scores: &[f64], count: usize) -> Vec<usize> {
    let count = count.min(scores.len());
    if count == 0 {
        return Vec::new();
    }
    let descending = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    let mut order: Vec<usize> = (0..scores.len()).collect();
    if count < order.len() {
        order.select_nth_unstable_by(count - 1, descending);
        order.truncate(count);
    }
    order.sort_unstable_by(descending);
    order
}

/// The weights of `objective` between which the argmax of a step stays `token`, all else fixed: closed form of
/// methods.md 4.1, for greedy choice and full vocabulary. `None` where no weight of 0 or more chooses the token.
#[must_use]
pub fn stability_interval(
    step: &StepScores,
    weights: &[f64],
    objective: usize,
    token: TokenId,
) -> Option<(f64, f64)> {
    let slope = step.rewards.get(objective)?;
    let mut rest = weights.to_vec();
    if let Some(weight) = rest.get_mut(objective) {
        *weight = 0.0;
    }
    let rest = mix(step, &rest).scores;
    let y = token as usize;
    let (mut low, mut high) = (0.0f64, f64::INFINITY);
    for (v, &offset) in rest.iter().enumerate() {
        let steeper = f64::from(slope[v]) - f64::from(slope[y]);
        let behind = rest[y] - offset;
        if steeper > 0.0 {
            high = high.min(behind / steeper);
        } else if steeper < 0.0 {
            low = low.max(behind / steeper);
        } else if behind < 0.0 {
            return None;
        }
    }
    (low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mix::tests::{any_step, vector_of_section_5};
    use proptest::prelude::*;

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 2e-6, "{value} is not {expected}");
    }

    proptest! {
        #[test]
        fn means_of_all_rows_are_those_of_each(step in any_step()) {
            let means = expectations(&step.base, &step.rewards);
            prop_assert_eq!(means.len(), step.rewards.len());
            for (mean, row) in means.iter().zip(&step.rewards) {
                prop_assert_eq!(mean.to_bits(), (expectation(&step.base, row) + 0.0).to_bits());
            }
        }
    }

    #[test]
    fn the_rewards_of_section_5_2_come_out() {
        let step = vector_of_section_5();
        close(expectation(&step.base, &step.rewards[0]), -1.545_335);
        for (token, advantage) in [(0, -0.757_250), (1, 1.034_509), (2, 0.341_362)] {
            close(
                TokenInsight::of(&step, &[1.0], token, 3).chosen.objectives[0].advantage,
                advantage,
            );
        }
        let b = TokenInsight::of(&step, &[1.0], 1, 3);
        close(b.chosen.influence(), 0.727_049);
        close(b.kl, 0.274_716);
        assert_eq!(b.top.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 2, 0]);
    }

    #[test]
    fn the_influence_is_the_weighted_advantage_plus_one_residual() {
        let step = vector_of_section_5();
        let residual = -0.307_460;
        for token in 0..3 {
            let insight = TokenInsight::of(&step, &[1.0], token, 0);
            close(
                insight.chosen.influence(),
                insight.chosen.objectives[0].advantage + residual,
            );
        }
    }

    #[test]
    fn the_stability_interval_of_section_5_1_comes_out() {
        let step = vector_of_section_5();
        let (low, high) = stability_interval(&step, &[0.1], 0, 0).unwrap();
        close(low, 0.0);
        close(high, 0.285_097);
        assert_eq!(stability_interval(&step, &[0.1], 0, 2), None);
    }

    #[test]
    fn a_step_without_rewards_has_no_influence() {
        let mut step = vector_of_section_5();
        step.rewards.clear();
        let insight = TokenInsight::of(&step, &[1.0], 1, 2);
        assert!(insight.chosen.objectives.is_empty());
        close(insight.chosen.influence(), 0.0);
        close(insight.kl, 0.0);
    }

    proptest! {
        #[test]
        fn advantages_average_to_zero_under_the_base(step in any_step()) {
            for i in 0..step.rewards.len() {
                let mean: f64 = (0..step.base.len())
                    .map(|v| {
                        let insight = TokenInsight::of(&step, &vec![1.0; step.rewards.len()], v as TokenId, 0);
                        insight.chosen.base.exp() * insight.chosen.objectives[i].advantage
                    })
                    .sum();
                prop_assert!(mean.abs() < 1e-5);
            }
        }

        #[test]
        fn a_constant_added_to_a_reward_changes_only_the_raw_reward(step in any_step(), shift in -5.0f32..5.0) {
            let weights = vec![0.8; step.rewards.len()];
            let mut shifted = step.clone();
            for row in &mut shifted.rewards {
                *row = row.iter().map(|x| x + shift).collect();
            }
            let (a, b) = (TokenInsight::of(&step, &weights, 0, 1), TokenInsight::of(&shifted, &weights, 0, 1));
            prop_assert!((a.kl - b.kl).abs() < 1e-4);
            prop_assert!((a.chosen.influence() - b.chosen.influence()).abs() < 1e-4);
            for (x, y) in a.chosen.objectives.iter().zip(&b.chosen.objectives) {
                prop_assert!((x.advantage - y.advantage).abs() < 1e-4);
                prop_assert!((x.reward + f64::from(shift) - y.reward).abs() < 1e-4);
            }
        }

        #[test]
        fn kl_is_never_negative(step in any_step(), w in 0.0f64..3.0) {
            let weights = vec![w; step.rewards.len()];
            prop_assert!(TokenInsight::of(&step, &weights, 0, 0).kl > -1e-6);
        }

        #[test]
        fn the_stability_interval_agrees_with_trying(step in any_step(), w in 0.0f64..3.0, other in 0.0f64..3.0) {
            prop_assume!(!step.rewards.is_empty());
            let mut weights = vec![other; step.rewards.len()];
            weights[0] = w;
            let chosen = crate::engine::sample::argmax(&mix(&step, &weights).scores);
            let (low, high) = stability_interval(&step, &weights, 0, chosen).unwrap();
            prop_assert!(low <= w + 1e-9 && w <= high + 1e-9);
            for (edge, outward) in [(low, -1e-4), (high, 1e-4)] {
                let beyond = edge + outward;
                if beyond.is_finite() && beyond > 0.0 {
                    weights[0] = beyond;
                    prop_assert_ne!(crate::engine::sample::argmax(&mix(&step, &weights).scores), chosen);
                }
            }
        }
    }
}
