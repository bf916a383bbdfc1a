//! What a training run tells whoever watches it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::data::BadLine;
use super::error::TrainError;
use crate::domain::CancelToken;

/// Facts that are known before the first step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Optimiser steps in all.
    pub steps: u64,
    /// Steps already done, where a run is continued.
    pub resumed: u64,
    /// Examples per epoch.
    pub examples: usize,
    /// Examples that only evaluate.
    pub eval_examples: usize,
    /// Tokens read per epoch.
    pub tokens: u64,
    /// Parameters of the model.
    pub parameters: u64,
    /// Parameters that change.
    pub trained: u64,
    /// Threads at work.
    pub threads: usize,
}

/// One optimiser step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// From 1.
    pub step: u64,
    /// Passes over the data so far.
    pub epoch: f64,
    /// Tokens read so far.
    pub tokens: u64,
    /// Mean loss of the step's batch, nats.
    pub loss: f64,
    /// Learning rate of the step.
    pub lr: f64,
    /// Length of the gradient before clipping.
    pub grad_norm: f64,
    /// Share of the batch's pairs whose chosen answer is likelier; ties count half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Mean of log π(chosen) − log π(rejected), nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Tokens read per second in this step.
    pub tokens_per_sec: f64,
    /// Seconds of training so far, those before an interruption included.
    pub secs: f64,
}

/// The model judged by examples that it does not learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvalReport {
    /// Steps done.
    pub step: u64,
    /// Mean loss, nats.
    pub eval_loss: f64,
    /// Share of pairs whose chosen answer is likelier; ties count half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_accuracy: Option<f64>,
    /// Where the accuracy on all pairs of the kind lies, with 95 % confidence ([`interval95`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_accuracy_95: Option<[f64; 2]>,
    /// Mean of log π(chosen) − log π(rejected), nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_margin: Option<f64>,
    /// Pairs or texts judged.
    pub eval_examples: usize,
}

/// What was read from a file of examples, and what had to give.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataReport {
    /// Examples that are used.
    pub examples: usize,
    /// Lines left out, those without fault behind a limit excepted.
    pub skipped: Vec<BadLine>,
    /// Prompts that lost their beginning.
    pub prompts_cut: usize,
    /// Pairs of which an answer lost its end.
    pub answers_cut: usize,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainEvent {
    /// Something that takes its time begins: a few words.
    Stage(&'static str),
    /// A file of examples was read.
    Data(DataReport),
    /// Training begins.
    Started(Plan),
    /// A step is done.
    Step(StepReport),
    /// The held-out examples were judged.
    Evaluated(EvalReport),
    /// A checkpoint is on disk.
    Saved {
        /// Steps that it holds.
        step: u64,
        /// The file.
        path: PathBuf,
    },
    /// A person let the run wait; it has written a checkpoint where it keeps any.
    Paused {
        /// Steps done.
        step: u64,
    },
    /// A run that waited goes on.
    GoesOn,
}

/// Where the true share of successes lies with 95 % confidence, when `right` of `count` were seen (halves for ties): the
/// score interval of Wilson (1927), which stays inside 0 and 1 and holds for few observations too.
#[must_use]
pub fn interval95(right: f64, count: u64) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let n = count.max(1) as f64;
    let share = right / n;
    let (z2, widened) = (Z * Z, 1.0 + Z * Z / n);
    let center = (share + z2 / (2.0 * n)) / widened;
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / widened;
    // All right or none: an end of the interval is the share itself, whatever rounding makes of it.
    [
        (center - half).clamp(0.0, share),
        (center + half).clamp(share, 1.0),
    ]
}

/// Whoever watches a run.
pub trait Observer {
    /// Takes an event; an error ends the run.
    ///
    /// # Errors
    /// For example a log that cannot be written.
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError>;

    /// Asked before each step: whether the run is to wait.
    fn wants_pause(&self) -> bool {
        false
    }

    /// Waits for as long as a person wants, at most until `cancel`; called only where a pause is wanted.
    fn wait(&mut self, _cancel: &CancelToken) {}
}

impl<F: FnMut(&TrainEvent) -> Result<(), TrainError>> Observer for F {
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError> {
        self(event)
    }
}

#[cfg(test)]
mod tests {
    use super::interval95;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe (1998), table I: 81 of 263 and 15 of 148, and 0 of 20.
        for (right, count, low, high) in [
            (81.0, 263, 0.2553, 0.3662),
            (15.0, 148, 0.0624, 0.1605),
            (0.0, 20, 0.0, 0.1611),
        ] {
            let [a, b] = interval95(right, count);
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{a} {b}");
        }
        for count in 1..300 {
            assert!((interval95(count as f64, count)[1] - 1.0).abs() < 1e-15);
            assert!(interval95(0.0, count)[0].abs() < 1e-15);
        }
    }
}
