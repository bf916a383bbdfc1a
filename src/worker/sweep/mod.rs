//! Many settings of the weights, tried on the same prompts with the same luck: what front ends ask for and are told.
//!
//! A sweep is written a little at a time whenever the worker has nothing else to do, so a person who presses Run, or moves
//! a slider, waits for one token of it at most.

pub(super) mod desk;
mod document;
mod record;
#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of event among all"
)]
mod tests;
mod texts;

use std::sync::Arc;

use crate::domain::{CancelToken, ObjectiveWeights, Prompt, RunId, Sampling};
use crate::engine::scorer::Scorer;
use crate::engine::tradeoff::Row;
use crate::error::Failure;

pub use record::SweepRecord;
pub use texts::key;

/// Most texts of one sweep.
pub const MOST_TEXTS: usize = 100_000;

/// What to write.
#[derive(Debug, Clone)]
pub struct SweepRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it within a token.
    pub cancel: CancelToken,
    /// What the models read.
    pub prompts: Arc<[Arc<Prompt>]>,
    /// The settings, each with one weight per objective of the lineup.
    pub settings: Arc<[ObjectiveWeights]>,
    /// Texts of each setting for each prompt. Their seeds count up from that of `sampling`.
    pub samples: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
}

impl SweepRequest {
    /// How many texts it asks for.
    #[must_use]
    pub fn texts(&self) -> usize {
        let per_sample = self.prompts.len().saturating_mul(self.settings.len());
        per_sample.saturating_mul(self.samples)
    }

    /// Which setting, prompt and sample the text at `index` belongs to. All settings come before the next prompt, and all
    /// prompts before the next sample, so that a sweep that ends early has tried every setting on the same texts.
    #[must_use]
    pub fn place(&self, index: usize) -> [usize; 3] {
        let (rest, setting) = (index / self.settings.len(), index % self.settings.len());
        [
            setting,
            rest % self.prompts.len(),
            rest / self.prompts.len(),
        ]
    }

    /// Checks it against the models.
    fn check(&self, scorer: &dyn Scorer) -> Result<(), Failure> {
        if self.prompts.is_empty() || self.settings.is_empty() || self.samples == 0 {
            return Err(Failure::usage(
                "A sweep needs a prompt, a setting of the weights and a sample",
            ));
        }
        if self.texts() > MOST_TEXTS {
            return Err(Failure::usage(format!(
                "A sweep writes at most {MOST_TEXTS} texts, and these would be {}",
                self.texts()
            ))
            .hint("Take fewer prompts, settings or samples"));
        }
        self.sampling.check().map_err(Failure::usage)?;
        for weights in self.settings.iter() {
            super::serve::check_weights(scorer, weights)?;
        }
        for (number, prompt) in (1..).zip(self.prompts.iter()) {
            let room = scorer.room(prompt).map_err(|error| {
                let failure = Failure::from(error);
                Failure {
                    summary: format!("Prompt {number} cannot be read: {}", failure.summary),
                    ..failure
                }
            })?;
            if room == 0 {
                return Err(Failure::input(format!(
                    "Prompt {number} leaves no room for an answer"
                ))
                .hint(format!(
                    "Prompt and answer together have {} tokens",
                    scorer.context_len()
                )));
            }
        }
        Ok(())
    }
}

/// What a front end wants of sweeps.
#[derive(Debug, Clone)]
pub enum SweepCommand {
    /// Begin one. There is one at a time.
    Start(Box<SweepRequest>),
    /// Let it wait, or go on.
    Pause {
        /// The sweep.
        run: RunId,
        /// Whether it waits.
        paused: bool,
    },
    /// End it. Its cancel token ends it even while it reads a long prompt; this wakes one that waits.
    Stop(RunId),
}

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// Texts that have ended.
    pub texts: usize,
    /// Texts in all.
    pub of: usize,
    /// Tokens written so far.
    pub tokens: usize,
    /// Seconds of work so far; waiting and other work do not count.
    pub secs: f64,
}

impl Pace {
    /// Tokens written per second of work; nothing before the first.
    #[must_use]
    pub fn tokens_per_sec(&self) -> Option<f64> {
        (self.tokens > 0 && self.secs > 0.0).then(|| self.tokens as f64 / self.secs)
    }

    /// Seconds of work left, if texts go on to take as long as those so far.
    #[must_use]
    pub fn secs_left(&self) -> Option<f64> {
        let left = self.of.saturating_sub(self.texts) as f64;
        (self.texts > 0).then(|| self.secs / self.texts as f64 * left)
    }
}

/// What happened in a sweep.
#[derive(Debug, Clone)]
pub enum SweepEvent {
    /// It was found possible and has begun.
    Began {
        /// The sweep.
        run: RunId,
        /// How far it is: nothing yet.
        pace: Pace,
    },
    /// A text has ended and was scored.
    Row {
        /// The sweep.
        run: RunId,
        /// The text.
        row: Box<Row>,
        /// How far the sweep is with it.
        pace: Pace,
    },
    /// It is over; all its rows were told.
    Ended {
        /// The sweep.
        run: RunId,
        /// Whether it was stopped before its last text.
        cancelled: bool,
        /// How far it came.
        pace: Pace,
    },
}
