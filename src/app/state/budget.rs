//! A guidance budget: how many nats of guidance a person asks for, and the factor on all weights that gives them.

use std::sync::Arc;

use crate::app::state::State;
use crate::app::state::draft::LARGEST_WEIGHT;
use crate::domain::{CancelToken, ObjectiveWeights, RunId, Sampling};
use crate::engine::reweigh::Question;
use crate::engine::reweigh::guidance::{Guidance, Target, guidance_factor};
use crate::engine::trace::Trace;

/// What a person asked for last.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Which question it is: answers to older ones are dropped.
    pub serial: u64,
    /// How much guidance.
    pub target: Target,
    /// The text that it was asked about.
    pub run: RunId,
    /// The weights that are multiplied: those that stood when the first of several askings began.
    pub direction: ObjectiveWeights,
    /// Where the sliders stand for it: at first as they were found, then as the answer has put them.
    pub weights: ObjectiveWeights,
    /// Whether the hand that asks has let go.
    pub done: bool,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// What came of a question for guidance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// All sliders that count stand at 0.
    NothingToScale,
    /// The text's numbers are no longer kept.
    NoRows,
    /// The sliders were multiplied; the guidance asked for is reached, or this is the most that there is.
    Scaled(Guidance),
}

/// The question for the thread that answers it.
#[derive(Debug, Clone)]
pub struct BudgetRequest {
    /// Which question it is.
    pub serial: u64,
    /// How much guidance.
    pub target: Target,
    /// The weights that are to be multiplied.
    pub direction: ObjectiveWeights,
    /// How the text's tokens were drawn.
    pub sampling: Sampling,
    /// The text's rows.
    pub guided: Arc<Trace>,
    /// Stops the search when a newer one is wanted.
    pub cancel: CancelToken,
}

/// Its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetAnswer {
    /// To which question.
    pub serial: u64,
    /// What came of it.
    pub outcome: Outcome,
}

impl BudgetRequest {
    /// Does the work; nothing if it was stopped.
    #[must_use]
    pub fn answer(&self) -> Option<BudgetAnswer> {
        let largest = self.direction.iter().fold(0.0, |a: f64, b| a.max(*b));
        let outcome = if largest <= 0.0 {
            Outcome::NothingToScale
        } else {
            let question = Question {
                weights: &self.direction,
                sampling: &self.sampling,
                // The meter counts every word, also those that stay whatever the weights are.
                pinned: 0,
            };
            let stop = || self.cancel.is_cancelled();
            let most = LARGEST_WEIGHT / largest;
            let found = guidance_factor(&self.guided, &question, self.target, most, &stop)?;
            if found.steps == 0 {
                Outcome::NoRows
            } else {
                Outcome::Scaled(found)
            }
        };
        Some(BudgetAnswer {
            serial: self.serial,
            outcome,
        })
    }
}

impl State {
    /// What to ask the thread that knows how far the weights must be multiplied.
    #[must_use]
    pub fn budget_request(&self) -> Option<BudgetRequest> {
        let budget = self.budget.as_ref().filter(|b| b.outcome.is_none())?;
        let run = self.runs.get(&budget.run)?;
        Some(BudgetRequest {
            serial: budget.serial,
            target: budget.target,
            direction: Arc::clone(&budget.direction),
            sampling: run.sampling.clone(),
            guided: Arc::clone(&run.guided.trace),
            cancel: CancelToken::default(),
        })
    }
}
