//! What was scored and chosen at every step, kept so that other weights can be tried without a model pass.

use std::borrow::Cow;
use std::sync::Arc;

use half::f16;
use rayon::prelude::*;

use crate::domain::{ObjectiveWeights, Sampling, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::{TOP, TokenInsight};
use crate::engine::mix::mix;
use crate::engine::sample::draw;
use crate::engine::scorer::{Row, StepScores};

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

/// The rows of one step, as exactly as the budget allows.
#[derive(Debug, Clone)]
enum StoredRows {
    Full(StepScores),
    Half {
        base: Arc<[f16]>,
        rewards: Vec<Arc<[f16]>>,
    },
    Dropped,
}

impl StoredRows {
    fn bytes(&self) -> usize {
        match self {
            Self::Full(scores) => 4 * scores.base.len() * (1 + scores.rewards.len()),
            Self::Half { base, rewards } => 2 * base.len() * (1 + rewards.len()),
            Self::Dropped => 0,
        }
    }

    fn halve(&mut self) {
        if let Self::Full(scores) = self {
            let half = |row: &Row| row.iter().map(|&x| f16::from_f32(x)).collect();
            *self = Self::Half {
                base: half(&scores.base),
                rewards: scores.rewards.iter().map(half).collect(),
            };
        }
    }

    fn scores(&self) -> Option<Cow<'_, StepScores>> {
        match self {
            Self::Full(scores) => Some(Cow::Borrowed(scores)),
            Self::Half { base, rewards } => {
                let full = |row: &Arc<[f16]>| row.iter().map(|x| x.to_f32()).collect();
                Some(Cow::Owned(StepScores {
                    base: full(base),
                    rewards: rewards.iter().map(full).collect(),
                }))
            }
            Self::Dropped => None,
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
    rows: StoredRows,
}

impl TraceStep {
    /// The rows, where they are still kept.
    #[must_use]
    pub fn scores(&self) -> Option<Cow<'_, StepScores>> {
        self.rows.scores()
    }
}

/// The first step whose choice would change under other weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// Its position in the response.
    pub position: usize,
    /// The token that stands there.
    pub from: TokenId,
    /// The token that would stand there.
    pub to: TokenId,
}

/// A trace seen under other weights. Exact for the distributions along the text; the text itself holds only up to
/// `divergence`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reweighted {
    /// Numbers of each step; `None` where the rows are gone.
    pub insights: Vec<Option<TokenInsight>>,
    /// First choice that would change, among the steps whose rows are kept.
    pub divergence: Option<Divergence>,
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
        let mut rows = StoredRows::Full(step.scores.clone());
        if self.halved {
            rows.halve();
        }
        self.bytes += rows.bytes();
        let stored = TraceStep {
            token: step.token,
            weights: step.weights.clone(),
            insight: step.insight.clone(),
            rows,
        };
        if let Some(old) = self.steps.get_mut(position) {
            self.bytes -= old.rows.bytes();
            *old = stored;
        } else {
            self.steps.push(stored);
        }
    }

    fn shrink(&mut self) {
        if self.bytes > self.budget_bytes && !self.halved {
            self.halved = true;
            self.steps.iter_mut().for_each(|step| step.rows.halve());
            self.bytes = self.steps.iter().map(|step| step.rows.bytes()).sum();
        }
        while self.bytes > self.budget_bytes {
            let Some(oldest) = self.steps.get_mut(self.dropped) else {
                break;
            };
            self.bytes -= oldest.rows.bytes();
            oldest.rows = StoredRows::Dropped;
            self.dropped += 1;
        }
    }

    /// Every number of the text under other weights, and the first choice that would change if it were written with them:
    /// no model pass.
    #[must_use]
    pub fn reweight(&self, weights: &[f64], sampling: &Sampling) -> Reweighted {
        let judged: Vec<Option<(TokenInsight, TokenId)>> = self
            .steps
            .par_iter()
            .enumerate()
            .map(|(position, step)| {
                let scores = step.scores()?;
                let mixed = mix(&scores, weights);
                let choice = draw(&mixed.scores, sampling, position);
                Some((
                    TokenInsight::of_mixed(&scores, &mixed, step.token, TOP),
                    choice,
                ))
            })
            .collect();
        let divergence =
            self.steps
                .iter()
                .zip(&judged)
                .enumerate()
                .find_map(|(position, (step, judged))| {
                    let (_, to) = judged.as_ref()?;
                    (*to != step.token).then_some(Divergence {
                        position,
                        from: step.token,
                        to: *to,
                    })
                });
        Reweighted {
            insights: judged
                .into_iter()
                .map(|step| step.map(|(insight, _)| insight))
                .collect(),
            divergence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mix::log_softmax;
    use crate::engine::noise::PositionNoise;

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
