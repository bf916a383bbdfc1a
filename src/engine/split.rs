//! The exact split of a choice: how much the plain model and each objective spoke for the word that was chosen and against
//! its strongest rival.
//!
//! `log p_guided(y) − log p_guided(r) = base(y) − base(r) + Σ wᵢ·(rewardᵢ(y) − rewardᵢ(r))`: the normalisation cancels.

use crate::engine::insight::{Candidate, TokenInsight};

/// The split of a choice against a rival: all parts in nats, positive in favour of the word that was chosen. They sum to
/// the log odds of the two under guidance.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Index of the rival among the alternatives of the insight.
    pub rival: usize,
    /// `base(chosen) − base(rival)`.
    pub base: f64,
    /// `wᵢ·(rewardᵢ(chosen) − rewardᵢ(rival))`, one per objective.
    pub pulls: Vec<f64>,
}

impl Split {
    /// Against the alternative that the plain model likes best; nothing where there is none.
    #[must_use]
    pub fn of(insight: &TokenInsight, weights: &[f64]) -> Option<Self> {
        let chosen = &insight.chosen;
        let others = insight.top.iter().enumerate();
        let (rival, other) = others
            .filter(|(_, other)| other.id != chosen.id)
            .max_by(|(_, a), (_, b)| a.base.total_cmp(&b.base))?;
        Some(Self {
            rival,
            base: chosen.base - other.base,
            pulls: pulls(chosen, other, weights),
        })
    }

    /// The log odds of the chosen word against its rival under guidance, nats.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.base + self.pulls.iter().sum::<f64>()
    }
}

fn pulls(chosen: &Candidate, rival: &Candidate, weights: &[f64]) -> Vec<f64> {
    let both = chosen.objectives.iter().zip(&rival.objectives);
    both.zip(weights)
        .map(|((a, b), weight)| {
            // A weight of 0 skips its objective, also where its reward is infinite.
            if *weight == 0.0 {
                0.0
            } else {
                weight * (a.reward - b.reward)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::insight::TOP;
    use crate::engine::mix::log_softmax;
    use crate::engine::scorer::StepScores;
    use proptest::prelude::*;

    #[test]
    fn a_weight_of_0_skips_its_objective_even_where_that_forbids_the_word() {
        let base = log_softmax(&[0.0, 1.0]);
        let reward: crate::engine::scorer::Row = vec![f32::NEG_INFINITY, 0.0].into();
        let step = StepScores {
            base,
            rewards: vec![reward],
        };
        let insight = TokenInsight::of(&step, &[0.0], 0, TOP);
        let split = Split::of(&insight, &[0.0]).unwrap();
        assert!((split.total() + 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_word_without_rivals_has_no_split() {
        let step = StepScores {
            base: log_softmax(&[0.0]),
            rewards: Vec::new(),
        };
        assert_eq!(Split::of(&TokenInsight::of(&step, &[], 0, TOP), &[]), None);
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_guided_log_odds(
            base in prop::collection::vec(-4.0f32..4.0, 8),
            reward in prop::collection::vec(-4.0f32..4.0, 8),
            weight in 0.0f64..3.0,
            token in 0u32..8,
        ) {
            let step = StepScores { base: log_softmax(&base), rewards: vec![log_softmax(&reward)] };
            let insight = TokenInsight::of(&step, &[weight], token, TOP);
            let split = Split::of(&insight, &[weight]).unwrap();
            let rival = &insight.top[split.rival];
            prop_assert!((split.total() - (insight.chosen.guided - rival.guided)).abs() < 1e-4);
        }
    }
}
