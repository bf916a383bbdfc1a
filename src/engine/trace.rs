//! What was scored and chosen at every step, kept so that other weights can be tried without a model pass.

use crate::domain::{ObjectiveWeights, Sampling, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::TokenInsight;
use crate::engine::reweigh::luck::LuckOf;
use crate::engine::reweigh::row::KeptRows;
use crate::engine::reweigh::{Question, Reweighted, reweigh};
use crate::engine::scorer::StepScores;

/// Bytes that a trace may take for its rows unless something else is asked for: 1 GiB.
pub const DEFAULT_BUDGET_BYTES: usize = 1 << 30;

/// How exactly the rows of a trace are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// As they were scored.
    Full,
    /// Rounded to half precision: within 1/64 nat down to −32 nats.
    Half,
    /// Half precision, and the oldest steps keep only the numbers that were shown.
    Partial {
        /// Steps without rows.
        dropped: usize,
    },
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
    rows: Option<KeptRows>,
    luck: LuckOf,
}

impl TraceStep {
    /// The rows, where they are still kept, as exactly as they are kept.
    #[must_use]
    pub fn scores(&self) -> Option<StepScores> {
        self.rows.as_ref().map(KeptRows::scores)
    }

    pub(crate) const fn rows(&self) -> Option<&KeptRows> {
        self.rows.as_ref()
    }

    pub(crate) const fn luck(&self) -> &LuckOf {
        &self.luck
    }

    fn bytes(&self) -> usize {
        self.rows.as_ref().map_or(0, KeptRows::bytes)
    }
}

/// The steps of one text with their rows, under a byte budget.
#[derive(Debug, Clone)]
pub struct Trace {
    steps: Vec<TraceStep>,
    budget_bytes: usize,
    bytes: usize,
    halved: bool,
    dropped: usize,
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
            halved: false,
            dropped: 0,
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
    pub const fn precision(&self) -> Precision {
        match (self.halved, self.dropped) {
            (false, _) => Precision::Full,
            (true, 0) => Precision::Half,
            (true, dropped) => Precision::Partial { dropped },
        }
    }

    /// Gives the rows back and keeps the numbers that were shown.
    pub fn forget_rows(&mut self) {
        self.budget_bytes = 0;
        self.shrink();
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
        let mut rows = KeptRows::new(&step.scores);
        if self.halved {
            rows.coarsen();
        }
        self.bytes += rows.bytes();
        let stored = TraceStep {
            token: step.token,
            weights: step.weights.clone(),
            insight: step.insight.clone(),
            rows: Some(rows),
            luck: LuckOf::default(),
        };
        if let Some(old) = self.steps.get_mut(position) {
            self.bytes -= old.bytes();
            *old = stored;
        } else {
            self.steps.push(stored);
        }
    }

    fn shrink(&mut self) {
        if self.bytes > self.budget_bytes && !self.halved {
            self.halved = true;
            for rows in self.steps.iter_mut().filter_map(|step| step.rows.as_mut()) {
                rows.coarsen();
            }
            self.bytes = self.steps.iter().map(TraceStep::bytes).sum();
        }
        while self.bytes > self.budget_bytes {
            let Some(oldest) = self.steps.get_mut(self.dropped) else {
                break;
            };
            self.bytes -= oldest.bytes();
            oldest.rows = None;
            self.dropped += 1;
        }
    }

    /// Every number of the text under other weights, and the first choice that would change if it were written with them:
    /// no model pass.
    #[must_use]
    pub fn reweight(&self, weights: &[f64], sampling: &Sampling) -> Reweighted {
        let question = Question {
            weights,
            sampling,
            pinned: 0,
        };
        reweigh(self, &question, &|| false).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mix::{log_softmax, mix};
    use crate::engine::noise::PositionNoise;
    use crate::engine::sample::draw;
    use std::sync::Arc;

    fn guided_step(position: usize, sampling: &Sampling, weights: &[f64]) -> GuidedStep {
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

    fn trace(budget_bytes: usize, steps: usize) -> Trace {
        let mut trace = Trace::new(budget_bytes);
        for position in 0..steps {
            trace.push(&guided_step(position, &Sampling::default(), &[0.5, 1.0]));
        }
        trace
    }

    const STEP_BYTES: usize = 64 * 3 * 4;

    #[test]
    fn reweighting_with_the_recorded_weights_gives_what_was_recorded() {
        let trace = trace(DEFAULT_BUDGET_BYTES, 20);
        let again = trace.reweight(&[0.5, 1.0], &Sampling::default());
        assert_eq!(again.divergence, None);
        for (step, insight) in trace.steps().iter().zip(&again.insights) {
            assert_eq!(Some(&step.insight), insight.as_ref());
        }
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
        let found = trace
            .reweight(&other, &sampling)
            .divergence
            .map(|d| (d.position, d.to));
        assert!(found.is_some());
        assert_eq!(found, expected);
    }

    #[test]
    fn a_tight_budget_halves_the_rows_and_stays_close() {
        let full = trace(DEFAULT_BUDGET_BYTES, 20);
        let half = trace(STEP_BYTES * 15, 20);
        assert_eq!(full.precision(), Precision::Full);
        assert_eq!(half.precision(), Precision::Half);
        assert_eq!(half.bytes(), 20 * STEP_BYTES / 2);
        let (a, b) = (
            full.reweight(&[1.0, 1.0], &Sampling::default()),
            half.reweight(&[1.0, 1.0], &Sampling::default()),
        );
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
        let again = trace.reweight(&[0.0, 0.0], &Sampling::default());
        assert!(again.insights[..10].iter().all(Option::is_none));
        assert!(again.insights[10..].iter().all(Option::is_some));
        assert!(trace.steps()[0].insight.kl >= 0.0);
    }

    #[test]
    fn forgotten_rows_leave_the_numbers() {
        let mut trace = trace(DEFAULT_BUDGET_BYTES, 6);
        trace.forget_rows();
        assert_eq!(trace.bytes(), 0);
        assert_eq!(trace.precision(), Precision::Partial { dropped: 6 });
        assert!(trace.steps()[3].insight.kl >= 0.0);
        let again = trace.reweight(&[1.0, 0.0], &Sampling::default());
        assert!(again.insights.iter().all(Option::is_none));
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
