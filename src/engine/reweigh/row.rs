//! Rows as a trace keeps them: as they were scored, or in 16 bits with a stated error.

mod bytes;

use std::sync::Arc;

use crate::engine::scorer::{Row, StepScores};

/// Widest row, in nats, that is kept in 16 bits. Wider ones, and those with a −∞, stay as they are: a floor under an
/// impossible token would make it possible at small weights.
const WIDEST: f32 = 128.0;

/// A row in 16 bits a token: `top − step·code`. Evenly spaced, because what matters in a row of log-probabilities is a
/// difference of so many nats wherever it lies; half a step is the error, 0.0002 nats for a row that spans 30 nats, where
/// an f16 would be wrong by 0.008 beyond −16.
#[derive(Debug)]
pub(super) struct Coarse {
    pub(super) codes: Box<[u16]>,
    pub(super) top: f32,
    pub(super) step: f32,
}

impl Coarse {
    fn value(&self, token: usize) -> f64 {
        f64::from(self.top) - f64::from(self.step) * f64::from(self.codes[token])
    }
}

#[derive(Debug, Clone)]
pub(super) enum Values {
    Full(Row),
    Coarse(Arc<Coarse>),
}

/// One kept row with its extremes, from which the error bounds of sums follow.
#[derive(Debug, Clone)]
pub(crate) struct KeptRow {
    pub(super) values: Values,
    /// Largest value, nats.
    pub(super) top: f32,
    /// Smallest value, nats; −∞ where a token is impossible.
    pub(super) bottom: f32,
}

impl KeptRow {
    pub(crate) fn new(row: &Row) -> Self {
        let (top, bottom) = super::kernel::extremes(row);
        Self {
            values: Values::Full(Arc::clone(row)),
            top,
            bottom,
        }
    }

    fn coarsen(&mut self) {
        let Values::Full(row) = &self.values else {
            return;
        };
        let span = self.top - self.bottom;
        if !span.is_finite() || span > WIDEST {
            return;
        }
        // The smallest step that cannot overflow; a row of one value needs none.
        let step = (span / f32::from(u16::MAX)) * (1.0 + f32::EPSILON);
        let (top, inverse) = (self.top, if step > 0.0 { 1.0 / step } else { 0.0 });
        let codes = row
            .iter()
            .map(|&x| ((top - x) * inverse + 0.5) as u16)
            .collect();
        self.values = Values::Coarse(Arc::new(Coarse { codes, top, step }));
    }

    pub(crate) fn len(&self) -> usize {
        match &self.values {
            Values::Full(row) => row.len(),
            Values::Coarse(coarse) => coarse.codes.len(),
        }
    }

    /// Bytes of the values.
    fn bytes(&self) -> usize {
        match &self.values {
            Values::Full(row) => 4 * row.len(),
            Values::Coarse(coarse) => 2 * coarse.codes.len(),
        }
    }

    /// Where its values lie in memory: rows that have them in common have the same.
    fn place(&self) -> usize {
        match &self.values {
            Values::Full(row) => row.as_ptr() as usize,
            Values::Coarse(coarse) => Arc::as_ptr(coarse) as usize,
        }
    }

    /// How far a value may be from the one that was scored, nats. One step per 65,535 plus the roundings of f32.
    pub(crate) fn error(&self) -> f64 {
        match &self.values {
            Values::Full(_) => 0.0,
            Values::Coarse(coarse) => {
                let magnitude = self.top.abs().max(self.bottom.abs());
                f64::from(coarse.step) * 0.5 + 4.0 * f64::from(f32::EPSILON) * f64::from(magnitude)
            }
        }
    }

    /// The value of one token, nats.
    pub(crate) fn value(&self, token: usize) -> f64 {
        match &self.values {
            Values::Full(row) => f64::from(row[token]),
            Values::Coarse(coarse) => coarse.value(token),
        }
    }

    fn row(&self) -> Row {
        match &self.values {
            Values::Full(row) => Arc::clone(row),
            Values::Coarse(coarse) => (0..coarse.codes.len())
                .map(|token| coarse.value(token) as f32)
                .collect(),
        }
    }
}

/// The rows of one step.
#[derive(Debug, Clone)]
pub(crate) struct KeptRows {
    pub(super) base: KeptRow,
    pub(super) rewards: Vec<KeptRow>,
}

impl KeptRows {
    pub(crate) fn new(scores: &StepScores) -> Self {
        Self {
            base: KeptRow::new(&scores.base),
            rewards: scores.rewards.iter().map(KeptRow::new).collect(),
        }
    }

    /// The base's row and those of the objectives.
    pub(super) fn each(&self) -> impl Iterator<Item = &KeptRow> {
        std::iter::once(&self.base).chain(&self.rewards)
    }

    /// Rounds to 16 bits what can be rounded.
    pub(crate) fn coarsen(&mut self) {
        self.base.coarsen();
        self.rewards.iter_mut().for_each(KeptRow::coarsen);
    }

    /// Length of every row.
    pub(crate) fn vocabulary(&self) -> usize {
        self.base.len()
    }

    /// Bytes of all values.
    pub(crate) fn bytes(&self) -> usize {
        self.each().map(KeptRow::bytes).sum()
    }

    /// Where they lie in memory, and how many they are: the same for steps that have them in common.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.base.place(), self.rewards.len())
    }

    /// The largest error of a value, nats.
    pub(crate) fn error(&self) -> f64 {
        self.each().map(KeptRow::error).fold(0.0, f64::max)
    }

    /// The rows, rounded where they are kept rounded.
    pub(crate) fn scores(&self) -> StepScores {
        StepScores {
            base: self.base.row(),
            rewards: self.rewards.iter().map(KeptRow::row).collect(),
        }
    }

    /// `score(v)` of one token as [`crate::engine::mix::mix`] works it out, to the last bit where the rows are whole.
    pub(crate) fn score(&self, weights: &[f64], token: usize) -> f64 {
        let mut score = self.base.value(token);
        for (row, &weight) in self.rewards.iter().zip(weights) {
            if weight != 0.0 {
                score += weight * row.value(token);
            }
        }
        score
    }

    /// How far a score may be from the one of the rows as they were scored, nats.
    pub(crate) fn score_error(&self, weights: &[f64]) -> f64 {
        let rewards = self.rewards.iter().zip(weights);
        self.base.error() + rewards.map(|(row, w)| w.abs() * row.error()).sum::<f64>()
    }
}
