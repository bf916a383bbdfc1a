//! How far each slider can move before the guided text changes.

use std::sync::Arc;

use crate::app::state::draft::LARGEST_WEIGHT;
use crate::app::state::run::Run;
use crate::domain::{CancelToken, ObjectiveWeights, RunId, Sampling};
use crate::engine::reweigh::Question;
use crate::engine::reweigh::stability::{Stability, stability};
use crate::engine::trace::Trace;

/// A request to find out how far each slider can move before a finished text changes.
#[derive(Debug, Clone)]
pub struct SteadinessRequest {
    /// Which run.
    pub run: RunId,
    /// Where the sliders stand.
    pub weights: ObjectiveWeights,
    /// How the run's tokens were drawn.
    pub sampling: Sampling,
    /// The guided text's rows.
    pub guided: Arc<Trace>,
    /// How many tokens at its beginning stay whatever the weights are.
    pub given: usize,
    /// Stops the search when a newer one is wanted.
    pub cancel: CancelToken,
}

/// How far each slider can move before a text changes, the others standing where they stand.
#[derive(Debug, Clone)]
pub struct Steadiness {
    /// Which run.
    pub run: RunId,
    /// Where the sliders stood.
    pub weights: ObjectiveWeights,
    /// Length of the text, tokens.
    pub length: usize,
    /// One per objective; none where no weight of this objective gives the text.
    pub strips: Vec<Option<Stability>>,
}

impl SteadinessRequest {
    /// What to ask for a run and sliders; nothing while it writes, or where it is known already.
    pub(crate) fn new(run: &Run, weights: &ObjectiveWeights) -> Option<Self> {
        let is_known = run
            .steadiness
            .as_ref()
            .is_some_and(|known| known.weights == *weights && known.length == run.guided.len());
        if run.is_active() || run.guided.is_empty() || is_known {
            return None;
        }
        Some(Self {
            run: run.id,
            weights: Arc::clone(weights),
            sampling: run.sampling.clone(),
            guided: Arc::clone(&run.guided.trace),
            given: run.given,
            cancel: CancelToken::default(),
        })
    }

    /// Does the work; nothing if it was stopped.
    #[must_use]
    pub fn answer(&self) -> Option<Steadiness> {
        let question = Question {
            weights: &self.weights,
            sampling: &self.sampling,
            pinned: self.given,
        };
        let stop = || self.cancel.is_cancelled();
        Some(Steadiness {
            run: self.run,
            weights: Arc::clone(&self.weights),
            length: self.guided.steps().len(),
            strips: stability(&self.guided, &question, (0.0, LARGEST_WEIGHT), &stop)?,
        })
    }
}
