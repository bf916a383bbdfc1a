//! The rows of a step on their way into a file and out of it.

use std::sync::Arc;

use super::{Rows, Trace, TraceStep};
use crate::domain::{ObjectiveWeights, TokenId};
use crate::engine::insight::{Candidate, TOP, TokenInsight};
use crate::engine::reweigh::bytes::{Reader, Writer};
use crate::engine::reweigh::likely::LikelyRows;
use crate::engine::reweigh::luck::LuckOf;
use crate::engine::reweigh::row::KeptRows;
use crate::engine::scorer::StepScores;

/// How exactly rows are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// As they are kept.
    AsKept,
    /// At most in 16 bits a value.
    Rounded,
    /// At most so many of the likeliest tokens, besides those that were said and the lucky ones.
    Likely(usize),
}

/// How exactly rows are kept, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// As they were scored: what is worked out from them is exact.
    Exact,
    /// In 16 bits a value.
    Rounded,
    /// Some of the likeliest tokens, with bounds on the others.
    Likely,
}

/// The rows of one step, whole or in part.
#[derive(Debug, Clone)]
pub struct StoredRows(Rows);

/// One step of a text that comes out of a file.
#[derive(Debug, Clone)]
pub struct StoredStep {
    /// The chosen token.
    pub token: TokenId,
    /// The weights that it was written with.
    pub weights: ObjectiveWeights,
    /// Its numbers under those weights.
    pub insight: TokenInsight,
    /// Its rows, where there are any.
    pub rows: Option<StoredRows>,
}

impl StoredRows {
    /// The rows that were scored at a step.
    #[must_use]
    pub fn of(scores: &StepScores) -> Self {
        Self(Rows::Whole(KeptRows::new(scores)))
    }

    /// Reads what [`Self::to_bytes`] wrote, for rows of `vocabulary` tokens and so many objectives; `None` where the bytes
    /// are not that.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], vocabulary: usize, objectives: usize) -> Option<Self> {
        let mut bytes = Reader::new(bytes);
        let rows = match bytes.u8()? {
            0 => Rows::Whole(KeptRows::read(&mut bytes, vocabulary, objectives)?),
            1 => Rows::Likely(Arc::new(LikelyRows::read(
                &mut bytes, vocabulary, objectives,
            )?)),
            _ => return None,
        };
        bytes.is_at_end().then_some(Self(rows))
    }

    /// The rows as little-endian numbers.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match &self.0 {
            Rows::Whole(rows) => {
                out.u8(0);
                rows.write(&mut out);
            }
            Rows::Likely(rows) => {
                out.u8(1);
                rows.write(&mut out);
            }
            Rows::Gone => {}
        }
        out.bytes
    }

    /// The same, no more exactly than `detail`. The likeliest tokens are found under `weights`; those that were `said`
    /// here are kept in any case, and the lucky ones of the draw, whose seed and position are its `luck`.
    #[must_use]
    pub fn reduced(
        &self,
        detail: Detail,
        weights: &[f64],
        said: &[TokenId],
        luck: (u64, usize),
    ) -> Self {
        let mut rows = self.clone();
        if let Rows::Whole(whole) = &mut rows.0 {
            match detail {
                Detail::AsKept => {}
                Detail::Rounded => whole.coarsen(),
                Detail::Likely(count) => {
                    let lucky = LuckOf::default();
                    // Few tokens are kept for small files: then the lucky ones would outnumber them.
                    if count >= whole.vocabulary() / 16 {
                        lucky.look(luck.0, luck.1, whole.vocabulary());
                    }
                    let likely = LikelyRows::new(whole, weights, said, &lucky, count);
                    if likely.bytes() < whole.bytes() {
                        rows.0 = Rows::Likely(Arc::new(likely));
                    }
                }
            }
        }
        rows
    }

    /// Bytes of the values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// How exactly they are kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        match &self.0 {
            Rows::Whole(rows) if rows.is_rounded() => Kept::Rounded,
            Rows::Whole(_) => Kept::Exact,
            Rows::Likely(_) | Rows::Gone => Kept::Likely,
        }
    }

    /// The tokens that are kept, where it is not all of them.
    #[must_use]
    pub fn tokens(&self) -> Option<&[TokenId]> {
        match &self.0 {
            Rows::Likely(rows) => Some(rows.tokens()),
            Rows::Whole(_) | Rows::Gone => None,
        }
    }

    /// Whether the numbers of a token under other weights follow from what is kept and from its own.
    #[must_use]
    pub fn knows(&self, chosen: &Candidate) -> bool {
        match &self.0 {
            Rows::Whole(_) => true,
            Rows::Likely(rows) => rows.knows(chosen),
            Rows::Gone => false,
        }
    }

    /// Rows over all tokens. Where only the likeliest are kept, the others get an equal share of their mass and their mean
    /// reward.
    #[must_use]
    pub fn scores(&self) -> Option<StepScores> {
        match &self.0 {
            Rows::Whole(rows) => Some(rows.scores()),
            Rows::Likely(rows) => Some(rows.filled()),
            Rows::Gone => None,
        }
    }

    /// The likeliest alternatives of a choice from the numbers of the chosen token, found among what is kept.
    #[must_use]
    pub fn top(&self, weights: &[f64], chosen: &Candidate) -> Arc<[Candidate]> {
        match &self.0 {
            Rows::Whole(rows) => TokenInsight::of(&rows.scores(), weights, chosen.id, TOP).top,
            Rows::Likely(rows) => {
                let objectives = chosen.objectives.iter();
                let means: Vec<f64> = objectives.map(|o| o.reward - o.advantage).collect();
                let norm = chosen.score(weights) - chosen.guided;
                rows.top(weights, norm, &means, TOP).into()
            }
            Rows::Gone => Arc::default(),
        }
    }
}

impl TraceStep {
    /// Its rows as they are kept, where they are.
    #[must_use]
    pub fn stored_rows(&self) -> Option<StoredRows> {
        match &self.rows {
            Rows::Gone => None,
            rows @ (Rows::Whole(_) | Rows::Likely(_)) => Some(StoredRows(rows.clone())),
        }
    }
}

impl Trace {
    /// A trace of steps that come out of a file.
    #[must_use]
    pub fn of_stored(steps: impl IntoIterator<Item = StoredStep>) -> Self {
        let steps = steps.into_iter().map(|step| TraceStep {
            token: step.token,
            weights: step.weights,
            insight: step.insight,
            rows: step.rows.map_or(Rows::Gone, |rows| rows.0),
            luck: LuckOf::default(),
        });
        let mut trace = Self {
            steps: steps.collect(),
            ..Self::default()
        };
        trace.bytes = trace.steps.iter().map(TraceStep::bytes).sum();
        trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sampling;
    use crate::engine::reweigh::{Question, reweigh};
    use crate::engine::trace::tests::trace;

    fn again(trace: &Trace, detail: Detail) -> Trace {
        Trace::of_stored(trace.steps().iter().enumerate().map(|(position, step)| {
            let rows = step.stored_rows().unwrap();
            let rows = rows.reduced(detail, &step.weights, &[step.token], (16, position));
            StoredStep {
                token: step.token,
                weights: step.weights.clone(),
                insight: step.insight.clone(),
                rows: StoredRows::from_bytes(&rows.to_bytes(), 64, 2),
            }
        }))
    }

    #[test]
    fn whole_rows_come_back_to_the_last_bit() {
        let live = trace(1 << 20, 12);
        let opened = again(&live, Detail::AsKept);
        let question = Question {
            weights: &[1.7, 0.1],
            sampling: &Sampling::default(),
            pinned: 0,
        };
        let see = |trace| reweigh(trace, &question, &|| false).unwrap();
        assert_eq!(see(&live), see(&opened));
        assert_eq!(live.bytes(), opened.bytes());
        assert_eq!(opened.precision(), live.precision());
    }

    #[test]
    fn rounded_rows_and_likely_tokens_stay_within_the_bound_that_they_state() {
        let live = trace(1 << 20, 12);
        let question = Question {
            weights: &[1.7, 0.1],
            sampling: &Sampling::default(),
            pinned: 0,
        };
        let see = |trace: &Trace| reweigh(trace, &question, &|| false).unwrap();
        let exact = see(&live);
        for detail in [Detail::Rounded, Detail::Likely(20)] {
            let opened = again(&live, detail);
            let seen = see(&opened);
            assert!(
                opened.bytes() < live.bytes() && seen.error > 0.0,
                "{detail:?}"
            );
            for (a, b) in exact.insights.iter().zip(&seen.insights) {
                let off = a.as_ref().unwrap().chosen.guided - b.as_ref().unwrap().chosen.guided;
                assert!(off.abs() <= seen.error + 1e-4, "{detail:?}: {off}");
            }
        }
    }

    #[test]
    fn the_numbers_of_a_choice_come_back_from_those_of_its_token() {
        for (detail, bound) in [(Detail::AsKept, 0.0), (Detail::Likely(40), 1e-6)] {
            for (position, step) in trace(1 << 20, 6).steps().iter().enumerate() {
                let rows = step.stored_rows().unwrap();
                let rows = rows.reduced(detail, &step.weights, &[step.token], (16, position));
                let insight = &step.insight;
                let again = rows.top(&step.weights, &insight.chosen);
                assert_eq!(again.len(), insight.top.len());
                for (a, b) in again.iter().zip(insight.top.iter()) {
                    assert_eq!(a.id, b.id);
                    assert!((a.guided - b.guided).abs() <= bound, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_rows_are_refused() {
        let trace = trace(1 << 20, 1);
        let bytes = trace.steps()[0].stored_rows().unwrap().to_bytes();
        assert!(StoredRows::from_bytes(&bytes, 64, 2).is_some());
        let mut longer = bytes.clone();
        longer.push(0);
        let mut not_a_number = bytes.clone();
        not_a_number[2..6].copy_from_slice(&f32::NAN.to_le_bytes());
        for (bytes, vocabulary, objectives) in [
            (&bytes[..bytes.len() - 1], 64, 2),
            (&bytes[..], 65, 2),
            (&bytes[..], 64, 1),
            (&bytes[..], usize::MAX, 2),
            (&longer[..], 64, 2),
            (&not_a_number[..], 64, 2),
            (&[], 64, 2),
            (&[9], 64, 2),
        ] {
            assert!(StoredRows::from_bytes(bytes, vocabulary, objectives).is_none());
        }
    }
}
