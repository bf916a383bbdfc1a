//! What a training run tells whoever watches it.

use std::path::PathBuf;

use serde::Serialize;

use super::error::TrainError;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvalReport {
    /// Steps done.
    pub step: u64,
    /// Mean loss, nats.
    pub eval_loss: f64,
    /// Share of pairs whose chosen answer is likelier; ties count half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_accuracy: Option<f64>,
    /// Mean of log π(chosen) − log π(rejected), nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_margin: Option<f64>,
    /// Pairs or texts judged.
    pub eval_examples: usize,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainEvent {
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
}

/// Whoever watches a run.
pub trait Observer {
    /// Takes an event; an error ends the run.
    ///
    /// # Errors
    /// For example a log that cannot be written.
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError>;
}

impl<F: FnMut(&TrainEvent) -> Result<(), TrainError>> Observer for F {
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError> {
        self(event)
    }
}
