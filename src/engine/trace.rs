//! What was scored and chosen at every step, kept so that other weights can be tried without a model pass.

mod shared;
mod stored;

pub use shared::{bytes_together, share_budget};
pub use stored::{Detail, Kept, StoredRows, StoredStep};

use std::sync::Arc;

use crate::domain::{ObjectiveWeights, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::TokenInsight;
use crate::engine::reweigh::likely::{LIKELY, LikelyRows};
use crate::engine::reweigh::luck::LuckOf;
use crate::engine::reweigh::row::KeptRows;
use crate::engine::scorer::StepScores;

/// Most bytes that traces take for their rows unless something else is asked for: 1 GiB.
pub const DEFAULT_BUDGET_BYTES: usize = 1 << 30;

/// Bytes for the rows of all traces on a machine with so much free memory: a quarter of it, but at most
/// [`DEFAULT_BUDGET_BYTES`].
#[must_use]
pub fn default_budget(free_bytes: Option<u64>) -> usize {
    free_bytes.map_or(DEFAULT_BUDGET_BYTES, |free| {
        usize::try_from(free / 4).map_or(DEFAULT_BUDGET_BYTES, |share| {
            share.min(DEFAULT_BUDGET_BYTES)
        })
    })
}

/// How exactly the rows of a trace are kept. What is less than [`Precision::Full`] costs the oldest steps first; the bound
/// that holds under given weights comes with [`crate::engine::reweigh::Reweighted::error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// As they were scored.
    Full,
    /// Some are rounded to 16 bits: within a 131,070th of what the row spans, 0.0002 nats for 30.
    Half,
    /// The oldest steps keep their likeliest tokens only, all others are rounded.
    Likely {
        /// How many.
        steps: usize,
    },
    /// The oldest steps keep nothing but the numbers that were shown.
    Partial {
        /// How many.
        dropped: usize,
    },
}

/// The rows of a step, as exactly as the budget allows.
#[derive(Debug, Clone)]
enum Rows {
    /// All tokens, as scored or rounded.
    Whole(KeptRows),
    /// The likeliest tokens.
    Likely(Arc<LikelyRows>),
    Gone,
}

impl Rows {
    fn bytes(&self) -> usize {
        match self {
            Self::Whole(rows) => rows.bytes(),
            Self::Likely(rows) => rows.bytes(),
            Self::Gone => 0,
        }
    }
}

/// One step of a trace.
#[derive(Debug, Clone)]
pub struct TraceStep {
    /// The chosen token.
    pub token: TokenId,
    /// The weights that it was written with.
    pub weights: ObjectiveWeights,
    /// Its numbers under those weights.
    pub insight: TokenInsight,
    rows: Rows,
    luck: LuckOf,
}

impl TraceStep {
    /// The rows, where all their tokens are still kept, as exactly as they are kept.
    #[must_use]
    pub fn scores(&self) -> Option<StepScores> {
        self.rows().map(KeptRows::scores)
    }

    pub(crate) const fn rows(&self) -> Option<&KeptRows> {
        match &self.rows {
            Rows::Whole(rows) => Some(rows),
            Rows::Likely(_) | Rows::Gone => None,
        }
    }

    pub(crate) fn likely(&self) -> Option<&LikelyRows> {
        match &self.rows {
            Rows::Likely(rows) => Some(rows),
            Rows::Whole(_) | Rows::Gone => None,
        }
    }

    pub(crate) const fn luck(&self) -> &LuckOf {
        &self.luck
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn round(&mut self) {
        if let Rows::Whole(rows) = &mut self.rows {
            rows.coarsen();
        }
    }

    /// Keeps the likeliest tokens, where that saves anything.
    fn reduce(&mut self) {
        if let Rows::Whole(rows) = &self.rows {
            let likely = LikelyRows::new(rows, &self.weights, &[self.token], &self.luck, LIKELY);
            if likely.bytes() < rows.bytes() {
                self.rows = Rows::Likely(Arc::new(likely));
            }
        }
    }
}

/// The ways to save memory, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saving {
    Round,
    Reduce,
    Drop,
}

impl Saving {
    const ALL: [Self; 3] = [Self::Round, Self::Reduce, Self::Drop];

    fn apply(self, step: &mut TraceStep) {
        match self {
            Self::Round => step.round(),
            Self::Reduce => step.reduce(),
            Self::Drop => step.rows = Rows::Gone,
        }
    }
}

/// The steps of one text with their rows, under a byte budget.
#[derive(Debug, Clone)]
pub struct Trace {
    steps: Vec<TraceStep>,
    budget_bytes: usize,
    bytes: usize,
    /// How many steps from the first on each [`Saving`] has been applied to.
    saved: [usize; 3],
}

impl Default for Trace {
    fn default() -> Self {
        Self::new(DEFAULT_BUDGET_BYTES)
    }
}

impl Trace {
    /// An empty trace whose rows may take `budget_bytes`.
    #[must_use]
    pub const fn new(budget_bytes: usize) -> Self {
        Self {
            steps: Vec::new(),
            budget_bytes,
            bytes: 0,
            saved: [0; 3],
        }
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[TraceStep] {
        &self.steps
    }

    /// Bytes that the rows take.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that the rows may take.
    #[must_use]
    pub const fn budget_bytes(&self) -> usize {
        self.budget_bytes
    }

    /// How exactly the rows are kept: anything but [`Precision::Full`] must be told to the person.
    #[must_use]
    pub fn precision(&self) -> Precision {
        let count = |is: fn(&Rows) -> bool| {
            let steps = self.steps.iter();
            steps.filter(|step| is(&step.rows)).count()
        };
        let dropped = count(|rows| matches!(rows, Rows::Gone));
        let likely = count(|rows| matches!(rows, Rows::Likely(_)));
        let rounded = count(|rows| matches!(rows, Rows::Whole(rows) if rows.is_rounded()));
        match (rounded, likely, dropped) {
            (0, 0, 0) => Precision::Full,
            (_, 0, 0) => Precision::Half,
            (_, steps, 0) => Precision::Likely { steps },
            (_, _, dropped) => Precision::Partial { dropped },
        }
    }

    /// Forgets all steps from position `len` on: the text goes on otherwise from there.
    pub fn truncate(&mut self, len: usize) {
        self.steps.truncate(len);
        self.bytes = self.steps.iter().map(TraceStep::bytes).sum();
        self.saved = self.saved.map(|steps| steps.min(len));
    }

    /// Adds the next step.
    pub fn push(&mut self, step: &GuidedStep) {
        self.store(self.steps.len(), step);
        self.shrink();
    }

    /// Puts `step` in the place of the recorded one at its position (a plain step that has got its rewards), or adds it
    /// where it comes next. A step beyond that is ignored.
    pub fn replace(&mut self, step: &GuidedStep) {
        if step.position <= self.steps.len() {
            self.store(step.position, step);
            self.shrink();
        }
    }

    fn store(&mut self, position: usize, step: &GuidedStep) {
        let mut stored = TraceStep {
            token: step.token,
            weights: step.weights.clone(),
            insight: step.insight.clone(),
            rows: Rows::Whole(KeptRows::new(&step.scores)),
            luck: LuckOf::default(),
        };
        // It comes under what its place has been put to.
        for (saving, steps) in Saving::ALL.into_iter().zip(self.saved) {
            if position < steps {
                saving.apply(&mut stored);
            }
        }
        self.bytes += stored.bytes();
        if let Some(old) = self.steps.get_mut(position) {
            self.bytes -= old.bytes();
            *old = stored;
        } else {
            self.steps.push(stored);
        }
    }

    /// Saves memory in one way, from the oldest step on, until no more than `bytes` are taken or nothing is left to save.
    fn save(&mut self, saving: Saving, bytes: usize) {
        let done = &mut self.saved[saving as usize];
        while self.bytes > bytes {
            let Some(step) = self.steps.get_mut(*done) else {
                break;
            };
            self.bytes -= step.bytes();
            saving.apply(step);
            self.bytes += step.bytes();
            *done += 1;
        }
    }

    fn shrink(&mut self) {
        for saving in Saving::ALL {
            self.save(saving, self.budget_bytes);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::Sampling;
    use crate::engine::mix::{log_softmax, mix};
    use crate::engine::noise::PositionNoise;
    use crate::engine::reweigh::{Question, Reweighted, reweigh};
    use crate::engine::sample::draw;

    pub(crate) fn guided_step(position: usize, sampling: &Sampling, weights: &[f64]) -> GuidedStep {
        let row = |salt: u64| {
            let noise = PositionNoise::new(salt, position);
            log_softmax(&(0..64).map(|v| noise.gumbel(v) as f32).collect::<Vec<_>>())
        };
        let scores = StepScores {
            base: row(1),
            rewards: vec![row(2), row(3)],
        };
        let token = draw(&mix(&scores, weights).scores, sampling, position);
        GuidedStep::new(position, token, scores, Arc::from(weights))
    }

    pub(crate) fn trace(budget_bytes: usize, steps: usize) -> Trace {
        let mut trace = Trace::new(budget_bytes);
        for position in 0..steps {
            trace.push(&guided_step(position, &Sampling::default(), &[0.5, 1.0]));
        }
        trace
    }

    pub(super) const STEP_BYTES: usize = 64 * 3 * 4;

    fn under(trace: &Trace, weights: &[f64]) -> Reweighted {
        let question = Question {
            weights,
            sampling: &Sampling::default(),
            pinned: 0,
        };
        reweigh(trace, &question, &|| false).unwrap()
    }

    #[test]
    fn reweighting_with_the_recorded_weights_gives_what_was_recorded() {
        let trace = trace(DEFAULT_BUDGET_BYTES, 20);
        let again = under(&trace, &[0.5, 1.0]);
        assert_eq!(again.divergence, None);
        for (step, insight) in trace.steps().iter().zip(&again.insights) {
            assert_eq!(Some(&step.insight), insight.as_ref());
        }
    }

    #[test]
    fn a_truncated_trace_is_as_if_it_had_never_been_longer() {
        let mut short = trace(STEP_BYTES * 15, 20);
        short.truncate(5);
        assert_eq!(short.steps().len(), 5);
        let held: usize = short.steps().iter().map(TraceStep::bytes).sum();
        assert_eq!(short.bytes(), held);
        short.push(&guided_step(5, &Sampling::default(), &[0.5, 1.0]));
        assert_eq!(short.steps().len(), 6);
        assert!(short.steps()[5].scores().is_some());
    }

    #[test]
    fn the_first_change_is_the_first_token_that_writing_anew_would_change() {
        let trace = trace(DEFAULT_BUDGET_BYTES, 40);
        let sampling = Sampling::default();
        let other = [2.5, 0.0];
        let expected = trace
            .steps()
            .iter()
            .enumerate()
            .find_map(|(position, step)| {
                let scores = step.scores().unwrap();
                let to = draw(&mix(&scores, &other).scores, &sampling, position);
                (to != step.token).then_some((position, to))
            });
        let found = under(&trace, &other).divergence.map(|d| (d.position, d.to));
        assert!(found.is_some());
        assert_eq!(found, expected);
    }

    #[test]
    fn a_tight_budget_halves_the_rows_and_stays_close() {
        let full = trace(DEFAULT_BUDGET_BYTES, 20);
        let half = trace(STEP_BYTES * 15, 20);
        assert_eq!(full.precision(), Precision::Full);
        assert_eq!(half.precision(), Precision::Half);
        assert_eq!(half.bytes(), 15 * STEP_BYTES);
        let (a, b) = (under(&full, &[1.0, 1.0]), under(&half, &[1.0, 1.0]));
        for (x, y) in a.insights.iter().zip(&b.insights) {
            let (x, y) = (x.as_ref().unwrap(), y.as_ref().unwrap());
            assert!((x.chosen.guided - y.chosen.guided).abs() < 0.03);
            assert!((x.kl - y.kl).abs() < 0.03);
        }
    }

    #[test]
    fn a_tighter_budget_drops_the_oldest_rows_and_keeps_their_numbers() {
        let trace = trace(STEP_BYTES * 5, 20);
        assert_eq!(trace.precision(), Precision::Partial { dropped: 10 });
        assert!(trace.bytes() <= trace.budget_bytes());
        let again = under(&trace, &[0.0, 0.0]);
        assert!(again.insights[..10].iter().all(Option::is_none));
        assert!(again.insights[10..].iter().all(Option::is_some));
        assert!(trace.steps()[0].insight.kl >= 0.0);
    }

    #[test]
    fn a_quarter_of_the_free_memory_is_taken_and_never_more_than_a_gibibyte() {
        assert_eq!(default_budget(Some(1 << 20)), 1 << 18);
        assert_eq!(default_budget(Some(1 << 40)), DEFAULT_BUDGET_BYTES);
        assert_eq!(default_budget(None), DEFAULT_BUDGET_BYTES);
    }

    #[test]
    fn a_step_that_gets_its_rewards_late_takes_the_place_of_the_plain_one() {
        let mut trace = Trace::default();
        let whole = guided_step(0, &Sampling::default(), &[1.0, 1.0]);
        let mut plain = whole.clone();
        plain.scores.rewards.clear();
        trace.push(&plain);
        assert_eq!(trace.bytes(), 64 * 4);
        trace.replace(&whole);
        assert_eq!(trace.steps().len(), 1);
        assert_eq!(trace.bytes(), STEP_BYTES);
    }
}
