//! One batch: shared out over threads, passed through the network, learnt from or only judged.

use rayon::prelude::*;

use super::Job;
use crate::domain::CancelToken;
use crate::train::events::{EvalReport, interval95};
use crate::train::examples::Examples;
use crate::train::loss::{Goal, Outcome};
use crate::train::net::lora::Noise;
use crate::train::net::pass::Numbers;
use crate::train::net::tape::Tape;
use crate::train::random::mix;

/// Memory that a worker's activations may take, bytes.
pub(in crate::train) const TAPE_BUDGET: usize = 512 << 20;
/// Most tokens of a unit: enough for fast products, few enough for the cache.
const UNIT_TOKENS: usize = 1024;

/// What one step learns from.
#[derive(Clone, Copy)]
pub(super) struct Batch<'b> {
    /// Examples, by index.
    pub(super) indices: &'b [usize],
    pub(super) goal: &'b Goal,
    /// From 1.
    pub(super) step: u64,
}

/// One worker's buffers.
pub(super) struct Shard {
    pub(super) tape: Tape,
    pub(super) grad: Vec<f32>,
}

impl Job<'_> {
    /// What a set of examples is trained or judged for: the mean over its pairs or its counted tokens.
    pub(super) fn goal(&self, examples: Examples<'_>, indices: &[usize]) -> Goal {
        if let Some(loss) = self.preference {
            return Goal::Preference {
                loss,
                share: 1.0 / indices.len() as f64,
            };
        }
        let counted: usize = indices.iter().map(|&index| examples.counted(index)).sum();
        Goal::Likelihood {
            share: 1.0 / counted.max(1) as f64,
        }
    }

    fn numbers<'w>(&'w self, trained: &'w [f32]) -> Numbers<'w> {
        if self.network.lora.is_some() {
            Numbers {
                base: self.frozen,
                lora: trained,
            }
        } else {
            Numbers {
                base: trained,
                lora: &[],
            }
        }
    }

    fn unit_tokens(&self) -> usize {
        (TAPE_BUDGET / self.network.tape_bytes()).clamp(64, UNIT_TOKENS)
    }

    /// Adds the gradient of a batch up in the shards.
    pub(super) fn learn(
        &self,
        weights: &[f32],
        shards: &mut [Shard],
        batch: Batch<'_>,
        cancel: &CancelToken,
    ) -> Outcome {
        let Batch {
            indices,
            goal,
            step,
        } = batch;
        let numbers = self.numbers(weights);
        let shares = self
            .train
            .share_out(indices, shards.len(), self.unit_tokens());
        let key = mix(self.settings.seed ^ mix(step));
        let outcomes: Vec<Outcome> = shards
            .par_iter_mut()
            .zip(shares)
            .enumerate()
            .map(|(number, (shard, units))| {
                let mut total = Outcome::default();
                for (index, unit) in units.iter().enumerate() {
                    if cancel.is_cancelled() {
                        break;
                    }
                    let noise = Noise {
                        key: Some(mix(key ^ mix(((number as u64) << 32) + index as u64))),
                    };
                    let (tape, grad) = (&mut shard.tape, &mut shard.grad);
                    total.add(&self.network.learn(numbers, unit, goal, noise, tape, grad));
                }
                total
            })
            .collect();
        let mut sum = Outcome::default();
        for outcome in &outcomes {
            sum.add(outcome);
        }
        sum
    }

    /// Judges the held-out examples; nothing where there are none, or where a person stopped it.
    pub(super) fn judge(
        &self,
        weights: &[f32],
        shards: &mut [Shard],
        step: u64,
        cancel: &CancelToken,
    ) -> Option<EvalReport> {
        let count = self.eval.len();
        if count == 0 {
            return None;
        }
        let indices: Vec<usize> = (0..count).collect();
        let goal = self.goal(self.eval, &indices);
        let numbers = self.numbers(weights);
        let shares = self
            .eval
            .share_out(&indices, shards.len(), self.unit_tokens());
        let outcomes: Vec<Outcome> = shards
            .par_iter_mut()
            .zip(shares)
            .map(|(shard, units)| {
                let mut total = Outcome::default();
                for unit in &units {
                    if cancel.is_cancelled() {
                        break;
                    }
                    total.add(&self.network.judge(numbers, unit, &goal, &mut shard.tape));
                }
                total
            })
            .collect();
        if cancel.is_cancelled() {
            return None;
        }
        let mut sum = Outcome::default();
        for outcome in &outcomes {
            sum.add(outcome);
        }
        let interval = (sum.pairs > 0).then(|| interval95(sum.right, sum.pairs));
        Some(EvalReport {
            step,
            eval_loss: sum.loss,
            eval_accuracy: rate(sum.right, sum.pairs),
            eval_accuracy_95: interval,
            eval_margin: rate(sum.margin, sum.pairs),
            eval_examples: count,
        })
    }
}

/// A mean, where there is something to take it over.
pub(super) fn rate(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}
