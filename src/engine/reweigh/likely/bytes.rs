//! The likeliest tokens of a step as bytes, and as rows with the others filled in.

use std::sync::Arc;

use super::{LikelyRows, Others};
use crate::domain::TokenId;
use crate::engine::insight::{Candidate, ObjectiveInsight};
use crate::engine::reweigh::bytes::{Reader, Writer};
use crate::engine::scorer::StepScores;

impl LikelyRows {
    /// All of it.
    pub(crate) fn write(&self, out: &mut Writer) {
        out.count(self.tokens.len());
        self.tokens
            .iter()
            .for_each(|&token| out.count(token as usize));
        self.values.iter().for_each(|&value| out.f32(value));
        for others in &self.others {
            for value in [others.lowest, others.highest, others.mean] {
                out.f64(value);
            }
        }
        for value in [self.others_mass, self.others_top, self.error] {
            out.f64(value);
        }
    }

    /// What [`Self::write`] wrote; `None` where the bytes are not that.
    pub(crate) fn read(
        bytes: &mut Reader<'_>,
        vocabulary: usize,
        objectives: usize,
    ) -> Option<Self> {
        let count = bytes
            .count()
            .filter(|&count| count > 0 && count <= vocabulary)?;
        let tokens = bytes.u32s(count)?;
        let ascending = tokens.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || tokens.iter().any(|&token| token as usize >= vocabulary) {
            return None;
        }
        let values = bytes.f32s(count.checked_mul(1 + objectives)?)?;
        let others = (0..objectives).map(|_| {
            Some(Others {
                lowest: bytes.f64()?,
                highest: bytes.f64()?,
                mean: bytes.f64()?,
            })
        });
        let others = others.collect::<Option<_>>()?;
        let (others_mass, others_top, error) = (bytes.f64()?, bytes.f64()?, bytes.f64()?);
        (others_mass >= 0.0 && error >= 0.0).then_some(Self {
            tokens,
            values,
            others,
            others_mass,
            others_top,
            error,
            vocabulary,
        })
    }

    /// The tokens that are kept, in ascending order.
    pub(crate) fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// Rows over all tokens: those that are kept as they were, the others alike, with their mass and mean.
    pub(crate) fn filled(&self) -> StepScores {
        let others = self.vocabulary.saturating_sub(self.tokens.len()).max(1);
        let each = ((self.others_mass / others as f64).ln()).min(self.others_top) as f32;
        let row = |column: usize, usual: f32| {
            let mut row = vec![usual; self.vocabulary];
            for (at, &token) in self.tokens.iter().enumerate() {
                row[token as usize] = self.values_of(at)[column];
            }
            Arc::from(row)
        };
        StepScores {
            base: row(0, each),
            rewards: self
                .others
                .iter()
                .enumerate()
                .map(|(objective, others)| row(objective + 1, others.mean as f32))
                .collect(),
        }
    }

    /// The `count` likeliest tokens under `weights`, where the scores' normalisation `norm` and the rewards' means under
    /// the base are known.
    pub(crate) fn top(
        &self,
        weights: &[f64],
        norm: f64,
        means: &[f64],
        count: usize,
    ) -> Vec<Candidate> {
        let scores: Vec<f64> = (0..self.tokens.len())
            .map(|at| self.score(at, weights))
            .collect();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(count);
        let candidate = |at: usize| {
            let values = self.values_of(at);
            Candidate {
                id: self.tokens[at],
                base: f64::from(values[0]),
                guided: scores[at] - norm,
                objectives: values[1..]
                    .iter()
                    .zip(means)
                    .map(|(&reward, mean)| ObjectiveInsight {
                        reward: f64::from(reward),
                        advantage: f64::from(reward) - mean,
                    })
                    .collect(),
            }
        };
        order.into_iter().map(candidate).collect()
    }
}
