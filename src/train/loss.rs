//! What training makes small.

use serde::{Deserialize, Serialize};

use super::net::unit::Unit;

/// Settings of GenARM's loss for autoregressive reward models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PreferenceLoss {
    /// β: how strongly a difference in log-likelihood counts. Above 0.
    pub beta: f64,
    /// γ: the margin by which the preferred answer should lead, in units of β·nats. 0 and up.
    pub gamma: f64,
    /// Share of pairs that are taken to be labelled the wrong way round. From 0 to below 0.5.
    pub label_smoothing: f64,
}

impl Default for PreferenceLoss {
    fn default() -> Self {
        Self {
            beta: 0.05,
            gamma: 0.0,
            label_smoothing: 0.0,
        }
    }
}

impl PreferenceLoss {
    /// Loss of a pair and its slope with respect to Δ = log π(chosen) − log π(rejected), sums over the answers' tokens.
    ///
    /// L = −(1 − ls)·log σ(z) − ls·log σ(−z) with z = β·Δ − γ (GenARM, arXiv 2410.08193, as its trainer computes it).
    #[must_use]
    pub fn of(&self, delta: f64) -> (f64, f64) {
        let z = self.beta * delta - self.gamma;
        let smoothing = self.label_smoothing;
        let loss = (1.0 - smoothing) * softplus(-z) + smoothing * softplus(z);
        let slope = smoothing * sigmoid(z) - (1.0 - smoothing) * sigmoid(-z);
        (loss, self.beta * slope)
    }
}

/// log(1 + e^x) = −log σ(−x)
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What a unit is trained for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// −log p of the counted tokens, each weighing `share`.
    Likelihood { share: f64 },
    /// The loss of each pair (sequences 2i and 2i + 1), each weighing `share`.
    Preference { loss: PreferenceLoss, share: f64 },
}

/// What a goal makes of one or more units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Outcome {
    /// Sum of the losses, each by its share.
    pub(crate) loss: f64,
    /// Tokens that counted.
    pub(crate) counted: u64,
    /// Tokens that were read.
    pub(crate) read: u64,
    /// Pairs; one half for each tie among them in `right`.
    pub(crate) pairs: u64,
    /// Pairs whose chosen answer is likelier, ties half.
    pub(crate) right: f64,
    /// Sum of Δ over the pairs, nats.
    pub(crate) margin: f64,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.counted += other.counted;
        self.read += other.read;
        self.pairs += other.pairs;
        self.right += other.right;
        self.margin += other.margin;
    }
}

impl Goal {
    /// The pull of every target where it is the same for all and known beforehand.
    pub(crate) fn even_pull(&self) -> Option<f32> {
        match self {
            Self::Likelihood { share } => Some(*share as f32),
            Self::Preference { .. } => None,
        }
    }

    /// The outcome of a unit, and for each sequence how much the loss grows with −log p of its tokens.
    pub(crate) fn measure(&self, unit: &Unit, log_probs: &[f32]) -> (Outcome, Vec<f32>) {
        let mut sums = vec![0f64; unit.sequences];
        for (target, log_prob) in unit.targets.iter().zip(log_probs) {
            sums[target.sequence] += f64::from(*log_prob);
        }
        let mut outcome = Outcome {
            counted: unit.targets.len() as u64,
            read: unit.tokens.len() as u64,
            ..Outcome::default()
        };
        match self {
            Self::Likelihood { share } => {
                outcome.loss = -sums.iter().sum::<f64>() * share;
                (outcome, vec![*share as f32; unit.sequences])
            }
            Self::Preference { loss, share } => {
                let mut pulls = Vec::with_capacity(unit.sequences);
                for pair in sums.as_chunks::<2>().0 {
                    let delta = pair[0] - pair[1];
                    let (value, slope) = loss.of(delta);
                    outcome.loss += value * share;
                    outcome.pairs += 1;
                    outcome.right += right(delta);
                    outcome.margin += delta;
                    pulls.extend([(-slope * share) as f32, (slope * share) as f32]);
                }
                (outcome, pulls)
            }
        }
    }
}

/// 1 where the chosen answer leads, one half for a tie.
pub(crate) fn right(delta: f64) -> f64 {
    if delta > 0.0 {
        1.0
    } else if delta < 0.0 {
        0.0
    } else {
        0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_has_the_values_worked_out_by_hand() {
        // methods.md 5.3: log p = −40 for the chosen answer and −46 for the rejected one.
        let rows = [
            (0.05, 0.0, 0.0, 0.554_355),
            (0.05, 0.1, 0.1, 0.618_139),
            (1.0, 0.5, 0.0, 0.004_078),
        ];
        for (beta, gamma, label_smoothing, expected) in rows {
            let loss = PreferenceLoss {
                beta,
                gamma,
                label_smoothing,
            };
            let (found, slope) = loss.of(6.0);
            assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
            let near = (loss.of(6.0 + 1e-5).0 - loss.of(6.0 - 1e-5).0) / 2e-5;
            assert!((near - slope).abs() < 1e-8, "{near} and {slope}");
        }
    }

    #[test]
    fn far_apart_answers_neither_overflow_nor_vanish() {
        let loss = PreferenceLoss {
            beta: 1.0,
            ..PreferenceLoss::default()
        };
        assert!((loss.of(-1e4).0 - 1e4).abs() < 1e-6);
        assert!(loss.of(1e4).0.abs() < 1e-12 && loss.of(1e4).1.abs() < 1e-12);
    }

    #[test]
    fn a_tie_counts_half() {
        let mut unit = Unit::default();
        unit.push_pair(&[1], [&[2], &[2]]);
        unit.push_pair(&[1], [&[2], &[3]]);
        let goal = Goal::Preference {
            loss: PreferenceLoss::default(),
            share: 0.5,
        };
        let (outcome, pulls) = goal.measure(&unit, &[-1.0, -1.0, -1.0, -3.0]);
        assert!((outcome.right - 1.5).abs() < 1e-12 && outcome.pairs == 2);
        assert!((outcome.margin - 2.0).abs() < 1e-9);
        assert!(pulls[0] > 0.0 && pulls[1] < 0.0);
    }
}
