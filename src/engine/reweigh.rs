//! A whole text seen under other weights, from its cached rows and without a model pass: fast enough to follow a slider.
//!
//! Each step's rows are read once. `kernel` mixes them in f32 on the vector units and sums up; `choice` finds the token
//! that decoding would choose, exactly. Steps are shared out over all cores, and the work can be given up between any two.

pub(crate) mod bytes;
pub(crate) mod choice;
pub mod guidance;
mod kernel;
pub(crate) mod likely;
pub(crate) mod luck;
pub(crate) mod row;
mod scan;
pub mod stability;

use rayon::prelude::*;

use crate::domain::{Sampling, TokenId};
use crate::engine::insight::{Candidate, ObjectiveInsight, TOP, TokenInsight};
use crate::engine::mix::is_plain;
use crate::engine::trace::{Trace, TraceStep};

use choice::{Choice, Judging, Scored};
use kernel::{SCORES, SUMS, Scratch, pass};
use likely::Seen;
use row::KeptRows;

/// What is asked of a written text.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The weights to see it under, in lineup order.
    pub weights: &'a [f64],
    /// How its tokens were drawn.
    pub sampling: &'a Sampling,
    /// How many tokens at its beginning stay whatever happens: those up to a fork or a word typed by hand.
    pub pinned: usize,
}

/// A step whose choice would change under other weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// Its position in the response.
    pub position: usize,
    /// The token that stands there.
    pub from: TokenId,
    /// The token that would stand there.
    pub to: TokenId,
}

/// Where a text would begin to change under other weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirstChange {
    /// The first choice that changes beyond doubt. The text behind it is another one, so nothing can be said of it.
    pub divergence: Option<Divergence>,
    /// The position from which the text must be written again: the first that changes or, where rows are kept rounded or
    /// not at all, that may. `None`: writing from scratch gives the same text.
    pub rewrite_from: Option<usize>,
}

/// A trace seen under other weights. The numbers hold along the text as it stands; the text itself would hold only up to
/// `divergence`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reweighted {
    /// Numbers of each step; `None` where the rows are gone. Scores and rewards are exact for the rows that are kept; the
    /// normalisation behind `guided`, and `kl`, are within 1e-4 nats for weights and rewards of usual size.
    pub insights: Vec<Option<TokenInsight>>,
    /// First choice that would change.
    pub divergence: Option<Divergence>,
    /// See [`FirstChange::rewrite_from`].
    pub rewrite_from: Option<usize>,
    /// How far `guided` may be off where rows are kept rounded or in part, nats: the largest such bound.
    pub error: f64,
}

/// Says whether the work has become pointless, because a newer question waits or a person stopped it. Asked before every
/// step, from several threads.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// How many steps are looked at together while a first change is searched for.
const WAVE: usize = 16;

/// Every number of the text under other weights, and the first choice that would change; `None` if stopped.
#[must_use]
pub fn reweigh(trace: &Trace, question: &Question<'_>, stop: Stop<'_>) -> Option<Reweighted> {
    let judged = trace
        .steps()
        .par_iter()
        .enumerate()
        .map_init(Scratch::default, |scratch, (position, step)| {
            (!stop()).then(|| judge(step, position, question, scratch))
        })
        .collect::<Option<Vec<_>>>()?;
    let mut change = FirstChange::default();
    let mut insights = Vec::with_capacity(judged.len());
    let mut error = 0.0f64;
    for (position, judged) in judged.into_iter().enumerate() {
        change.consider(trace, question, position, judged.choice);
        insights.push(judged.insight);
        error = error.max(judged.error);
    }
    Some(Reweighted {
        insights,
        divergence: change.divergence,
        rewrite_from: change.rewrite_from,
        error,
    })
}

/// Where the text would begin to change under other weights, and to what: no more steps are looked at than needed. `None`
/// if stopped.
#[must_use]
pub fn first_change(trace: &Trace, question: &Question<'_>, stop: Stop<'_>) -> Option<FirstChange> {
    let mut change = FirstChange::default();
    let steps = trace.steps();
    let mut start = question.pinned.min(steps.len());
    while change.divergence.is_none() && start < steps.len() {
        let end = steps.len().min(start + WAVE);
        let choices = (start..end)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, position| {
                (!stop()).then(|| choose(&steps[position], position, question, scratch))
            })
            .collect::<Option<Vec<_>>>()?;
        for (position, choice) in (start..end).zip(choices) {
            change.consider(trace, question, position, choice);
        }
        start = end;
    }
    Some(change)
}

impl FirstChange {
    /// Takes in the choice at a position; positions come in order.
    fn consider(
        &mut self,
        trace: &Trace,
        question: &Question<'_>,
        position: usize,
        choice: Option<Choice>,
    ) {
        if position < question.pinned || self.divergence.is_some() {
            return;
        }
        let step = &trace.steps()[position];
        let Some(choice) = choice.filter(|choice| choice.sure) else {
            // Without exact rows there is one thing that is sure: the weights that a token was drawn with draw it again.
            if *step.weights != *question.weights && self.rewrite_from.is_none() {
                self.rewrite_from = Some(position);
            }
            return;
        };
        if choice.token != step.token {
            self.rewrite_from.get_or_insert(position);
            self.divergence = Some(Divergence {
                position,
                from: step.token,
                to: choice.token,
            });
        }
    }
}

/// What a step chooses; `None` without rows.
fn choose(
    step: &TraceStep,
    position: usize,
    question: &Question<'_>,
    scratch: &mut Scratch,
) -> Option<Choice> {
    let Some(rows) = step.rows() else {
        return see(step, position, question).map(|seen| seen.choice);
    };
    let sums = pass::<SCORES>(rows, question.weights, scratch);
    let judging = Judging {
        rows,
        weights: question.weights,
        scratch,
        sums,
    };
    Some(ask(&judging, step, position, question))
}

/// A step of which the likeliest tokens are kept.
fn see(step: &TraceStep, position: usize, question: &Question<'_>) -> Option<Seen> {
    let rows = step.likely()?;
    if !rows.knows(&step.insight.chosen) {
        return None;
    }
    let seed = question.sampling.seed;
    let luck = step.luck().get(seed, position, rows.vocabulary());
    Some(rows.see(
        question.weights,
        question.sampling,
        position,
        &luck,
        &step.insight,
    ))
}

fn ask(
    judging: &Judging<'_>,
    step: &TraceStep,
    position: usize,
    question: &Question<'_>,
) -> Choice {
    let seed = question.sampling.seed;
    let luck = step.luck().get(seed, position, judging.rows.vocabulary());
    judging.choose(question.sampling, position, &luck)
}

/// The numbers of a step and what it chooses; nothing without rows.
#[derive(Debug, Default)]
struct Judged {
    insight: Option<TokenInsight>,
    choice: Option<Choice>,
    error: f64,
}

fn judge(
    step: &TraceStep,
    position: usize,
    question: &Question<'_>,
    scratch: &mut Scratch,
) -> Judged {
    let Some(rows) = step.rows() else {
        let seen = see(step, position, question);
        return seen.map_or_else(Judged::default, |seen| Judged {
            insight: Some(seen.insight),
            choice: Some(seen.choice),
            error: seen.error,
        });
    };
    let weights = question.weights;
    let sums = pass::<SUMS>(rows, weights, scratch);
    let judging = Judging {
        rows,
        weights,
        scratch,
        sums,
    };
    let choice = ask(&judging, step, position, question);
    let judged = |insight| Judged {
        insight: Some(insight),
        choice: Some(choice),
        // The score and the normalisation may both be off.
        error: 2.0 * rows.score_error(weights),
    };
    if *step.weights == *weights {
        return judged(step.insight.clone());
    }
    if !judging.is_sane() {
        let insight = TokenInsight::of(&rows.scores(), weights, step.token, TOP);
        return judged(insight);
    }
    // Base rows are normalised already, as in `mix`.
    let plain = is_plain(weights) || rows.rewards.is_empty();
    let norm = if plain {
        0.0
    } else {
        f64::from(sums.top) + sums.mass.ln()
    };
    let kl = if plain {
        0.0
    } else {
        sums.pull / sums.mass - norm
    };
    // Means under the base depend on no weight: they come from the numbers found when the step was written.
    let written = &step.insight.chosen.objectives;
    let means: Vec<f64> = written.iter().map(|o| o.reward - o.advantage).collect();
    let candidate = |scored: Scored| candidate(rows, &means, scored, norm);
    let top = judging.likeliest(TOP).into_iter().map(candidate).collect();
    judged(TokenInsight {
        chosen: candidate(judging.exact(step.token as usize)),
        kl,
        // It depends on no weight.
        entropy: step.insight.entropy,
        top,
    })
}

fn candidate(rows: &KeptRows, means: &[f64], scored: Scored, norm: f64) -> Candidate {
    let reward = |(row, mean): (&row::KeptRow, &f64)| {
        let reward = row.value(scored.token);
        ObjectiveInsight {
            reward,
            advantage: reward - mean,
        }
    };
    Candidate {
        id: scored.token as TokenId,
        base: rows.base.value(scored.token),
        guided: scored.score - norm,
        objectives: rows.rewards.iter().zip(means).map(reward).collect(),
    }
}

#[cfg(test)]
mod tests;
