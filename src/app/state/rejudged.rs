//! A finished text seen under other weights.

use std::sync::Arc;

use crate::domain::{ObjectiveWeights, RunId, Sampling};
use crate::engine::reweigh::{Question, Reweighted, reweigh};
use crate::engine::trace::Trace;

/// A request to see a finished run under other weights.
#[derive(Debug, Clone)]
pub struct ReweightRequest {
    /// Which run.
    pub run: RunId,
    /// The weights.
    pub weights: ObjectiveWeights,
    /// How the run's tokens were drawn.
    pub sampling: Sampling,
    /// The plain text's rows.
    pub base: Arc<Trace>,
    /// The guided text's rows.
    pub guided: Arc<Trace>,
    /// How many tokens at the guided text's beginning stay whatever the weights are.
    pub given: usize,
}

impl ReweightRequest {
    /// Does the work; for the thread that answers the newest request.
    #[must_use]
    pub fn answer(&self) -> Rejudged {
        let see = |trace: &Trace, pinned| {
            let question = Question {
                weights: &self.weights,
                sampling: &self.sampling,
                pinned,
            };
            reweigh(trace, &question, &|| false).unwrap_or_default()
        };
        Rejudged {
            run: self.run,
            weights: Arc::clone(&self.weights),
            base: see(&self.base, 0),
            guided: see(&self.guided, self.given),
        }
    }
}

/// Numbers of a finished run under the weights that the sliders have now.
#[derive(Debug, Clone)]
pub struct Rejudged {
    /// Which run.
    pub run: RunId,
    /// Those weights.
    pub weights: ObjectiveWeights,
    /// The plain text (its choices do not depend on weights: only the numbers count).
    pub base: Reweighted,
    /// The guided text, with the first choice that would change.
    pub guided: Reweighted,
}
