//! How loud a reward model is: the unit in which sliders of differently trained reward models feel alike.
//!
//! A reward model trained with a small β speaks in larger differences than one trained with a large β, so the same weight
//! pulls harder. What a weight of 1 does to a choice is told by the standard deviation of the reward over the tokens that
//! the base would say, `sd_i = √(mean over positions of Var_{p_base}[reward_i])`, in nats; `wᵢ·sd_i` is then a slider's pull in
//! nats of spread. It is a matter of display alone: what is mixed are the weights.

use crate::engine::insight::expectation;
use crate::engine::scorer::StepScores;

/// `Var_{p_base}[row]`, nats². Tokens that the base never says count nothing, whatever the row holds there.
#[must_use]
pub fn variance(base: &[f32], row: &[f32]) -> f64 {
    let mean = expectation(base, row);
    base.iter()
        .zip(row)
        .map(|(&b, &r)| {
            let p = f64::from(b).exp();
            if p == 0.0 {
                0.0
            } else {
                p * (f64::from(r) - mean).powi(2)
            }
        })
        .sum()
}

/// The spread of every objective's reward over the positions seen so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    /// Sums of variances, nats².
    sums: Vec<f64>,
    positions: usize,
}

impl Spread {
    /// Takes in one position; one without rewards counts nothing.
    pub fn add(&mut self, step: &StepScores) {
        if step.rewards.is_empty() {
            return;
        }
        self.sums.resize(step.rewards.len(), 0.0);
        for (sum, row) in self.sums.iter_mut().zip(&step.rewards) {
            *sum += variance(&step.base, row);
        }
        self.positions += 1;
    }

    /// Positions seen.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The spread of each objective, nats for a weight of 1; empty before any position was seen.
    #[must_use]
    pub fn nats(&self) -> Vec<f64> {
        let count = self.positions.max(1) as f64;
        self.sums.iter().map(|sum| (sum / count).sqrt()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::mix::tests::{any_step, scores_from, vector_of_section_5};

    #[test]
    fn the_spread_worked_out_by_hand_comes_out() {
        let ln = |p: &[f64]| p.iter().map(|x| x.ln() as f32).collect::<Vec<_>>();
        // Base (0.5, 0.3, 0.2), reward ln (0.1, 0.6, 0.3): mean −1.545335, variance 0.5·0.757250² + 0.3·1.034509² +
        // 0.2·0.341362² = 0.631082.
        let first = vector_of_section_5();
        assert!((variance(&first.base, &first.rewards[0]) - 0.631_082).abs() < 1e-6);
        // The same base, reward ln (0.5, 0.25, 0.25): mean −1.039721, deviations ±0.346574, variance 0.120113.
        let second = scores_from(&first.base, &[&ln(&[0.5, 0.25, 0.25])]);
        let mut spread = Spread::default();
        assert!(spread.nats().is_empty());
        spread.add(&first);
        assert!((spread.nats()[0] - 0.794_407).abs() < 1e-6);
        spread.add(&second);
        // √((0.631082 + 0.120113) / 2)
        assert!((spread.nats()[0] - 0.612_860).abs() < 1e-6);
        assert_eq!(spread.positions(), 2);
    }

    #[test]
    fn what_the_base_never_says_and_positions_without_rewards_count_nothing() {
        let never = f32::NEG_INFINITY;
        let half = 0.5f32.ln();
        let step = scores_from(&[half, half, never], &[&[-1.0, -3.0, never]]);
        assert!((variance(&step.base, &step.rewards[0]) - 1.0).abs() < 1e-6);
        let mut spread = Spread::default();
        spread.add(&step);
        spread.add(&StepScores {
            rewards: Vec::new(),
            ..step
        });
        assert_eq!(spread.positions(), 1);
        assert!((spread.nats()[0] - 1.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn a_constant_changes_nothing_and_a_louder_reward_is_as_much_wider(
            step in any_step(),
            shift in -5.0f32..5.0,
        ) {
            for row in &step.rewards {
                let moved: Vec<f32> = row.iter().map(|x| x + shift).collect();
                let louder: Vec<f32> = row.iter().map(|x| 2.0 * x).collect();
                let plain = variance(&step.base, row);
                let tolerance = 1e-4 * (1.0 + plain);
                prop_assert!((variance(&step.base, &moved) - plain).abs() < tolerance);
                prop_assert!((variance(&step.base, &louder) - 4.0 * plain).abs() < tolerance);
            }
        }
    }
}
