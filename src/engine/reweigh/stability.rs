//! How far a slider can move before the text changes, and which word changes first on either side.
//!
//! Along one weight every token's score is a straight line, so a step keeps its token on an interval, in closed form
//! (methods: exact line search by upper envelopes, Och 2003), and the text on the intersection of all. A token is worked out
//! only if it reaches the chosen one at an end of the interval found so far; a line that does not is below it in between.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::domain::{Sampling, TokenId};
use crate::engine::noise::PositionNoise;
use crate::engine::trace::{Trace, TraceStep};

use super::choice::Judging;
use super::kernel::{SCORES, Scratch, pass};
use super::luck::LUCKY;
use super::scan::{Ends, beyond, blocks};
use super::{Divergence, Question, Stop, first_change};

/// How an interval was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// In closed form: exact but for the last digits of f64. For the argmax and for draws from the whole vocabulary.
    Exact,
    /// In closed form from rows that are kept rounded: the true interval reaches at least as far.
    Careful,
    /// By trying weight after weight, [`SEARCH_STEP`] apart, then halving: with top-k, top-p or min-p, where the choice
    /// need not change once and for all. A change that is taken back within one step can be missed.
    Searched,
}

/// How far apart weights are tried where there is no closed form.
pub const SEARCH_STEP: f64 = 0.02;

/// How closely an end is found by trying.
const SEARCH_END: f64 = 1e-4;

/// Steps judged between two looks at what other threads have found.
const CHUNK: usize = 8;

/// The weights of one objective for which a text stays as it is, all other weights fixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// Smallest such weight within the range asked for.
    pub low: f64,
    /// Largest such weight within the range asked for.
    pub high: f64,
    /// What changes first below `low`; `None` where the range ends before anything does.
    pub below: Option<Divergence>,
    /// What changes first above `high`.
    pub above: Option<Divergence>,
    /// How this was found.
    pub method: Method,
    /// Steps of which nothing is known, because their rows are no longer kept; the interval leaves them out.
    pub unseen: usize,
}

impl Stability {
    /// Takes in that `rival` leads the chosen token by `lead` nats at weight `at`, and by `slope` more for each unit above.
    fn narrow(&mut self, at: f64, lead: f64, slope: f64, change: Divergence) {
        let meet = at - lead / slope;
        if slope > 0.0 {
            if meet < self.high {
                self.high = meet;
                self.above = Some(change);
            }
        } else if slope < 0.0 {
            if meet > self.low {
                self.low = meet;
                self.below = Some(change);
            }
        } else if lead > 0.0 || (lead >= 0.0 && change.to < change.from) {
            self.high = f64::NEG_INFINITY;
        }
    }

    /// The intersection with what another thread found.
    fn meet(&mut self, other: &Self) {
        let first = |a: Option<Divergence>, b: Option<Divergence>| match (a, b) {
            (Some(a), Some(b)) if b.position < a.position => Some(b),
            (None, b) => b,
            (a, _) => a,
        };
        if other.low > self.low {
            (self.low, self.below) = (other.low, other.below);
        } else if other.low >= self.low {
            self.below = first(self.below, other.below);
        }
        if other.high < self.high {
            (self.high, self.above) = (other.high, other.above);
        } else if other.high <= self.high {
            self.above = first(self.above, other.above);
        }
    }

    fn is_empty(&self) -> bool {
        self.low > self.high
    }

    fn unless_empty(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }
}

/// For each objective, the weights within `range` for which the text stays as it is while the others have the question's
/// weights; `None` in the place of an objective whose slider cannot reach the text. `None` altogether if stopped.
#[must_use]
pub fn stability(
    trace: &Trace,
    question: &Question<'_>,
    range: (f64, f64),
    stop: Stop<'_>,
) -> Option<Vec<Option<Stability>>> {
    if filters(question.sampling) || !trace.steps().iter().all(|step| is_linear(step, range)) {
        return (0..question.weights.len())
            .map(|objective| search(trace, question, objective, range, stop))
            .map(|found| Some(found?.unless_empty()))
            .collect();
    }
    let steps = &trace.steps()[question.pinned.min(trace.steps().len())..];
    let unseen = steps.iter().filter(|step| step.rows().is_none()).count();
    let rounded = |step: &TraceStep| step.rows().is_some_and(|rows| rows.error() > 0.0);
    let method = if steps.iter().any(rounded) {
        Method::Careful
    } else {
        Method::Exact
    };
    let whole = Stability {
        low: range.0,
        high: range.1,
        below: None,
        above: None,
        method,
        unseen,
    };
    let found = Mutex::new(vec![whole; question.weights.len()]);
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    steps
        .par_chunks(CHUNK)
        .enumerate()
        .map_init(Scratch::default, |scratch, (chunk, steps)| {
            let mut known = lock().clone();
            for (i, step) in steps.iter().enumerate() {
                if stop() {
                    return None;
                }
                let position = question.pinned + chunk * CHUNK + i;
                narrow(step, position, question, scratch, &mut known);
            }
            for (all, own) in lock().iter_mut().zip(&known) {
                all.meet(own);
            }
            Some(())
        })
        .collect::<Option<()>>()?;
    let found = lock().clone();
    Some(found.into_iter().map(Stability::unless_empty).collect())
}

fn filters(sampling: &Sampling) -> bool {
    sampling.temperature > 0.0
        && (sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.min_p > 0.0)
}

/// Whether scores are straight lines all along the range: an impossible token is not, at a weight of 0.
fn is_linear(step: &TraceStep, range: (f64, f64)) -> bool {
    let finite = |row: &super::row::KeptRow| row.top.is_finite() && row.bottom.is_finite();
    range.0.is_finite()
        && range.1.is_finite()
        && step
            .rows()
            .is_none_or(|rows| finite(&rows.base) && rows.rewards.iter().all(finite))
}

/// Narrows the interval of every objective by what one step allows.
fn narrow(
    step: &TraceStep,
    position: usize,
    question: &Question<'_>,
    scratch: &mut Scratch,
    known: &mut [Stability],
) {
    let Some(rows) = step.rows() else {
        return;
    };
    let tau = question.sampling.temperature;
    let sums = pass::<SCORES>(rows, question.weights, scratch);
    let judging = Judging {
        rows,
        weights: question.weights,
        scratch,
        sums,
    };
    let noise = PositionNoise::new(question.sampling.seed, position);
    let luck = (tau > 0.0).then(|| {
        step.luck()
            .get(question.sampling.seed, position, rows.vocabulary())
    });
    let luck = luck.as_deref().unwrap_or_default();
    let gumbel = |token: usize| {
        if tau > 0.0 {
            tau * noise.gumbel(token as TokenId)
        } else {
            0.0
        }
    };
    // How far above its score a token that is not lucky can be lifted.
    let lift = if tau > 0.0 { tau * LUCKY } else { 0.0 };
    let own = judging.exact(step.token as usize).score + gumbel(step.token as usize);
    let scores = judging.scratch.scores();

    for (objective, (row, known)) in rows.rewards.iter().zip(known).enumerate() {
        let at = question.weights[objective];
        let own_reward = row.value(step.token as usize);
        let widest = (known.low - at).abs().max((known.high - at).abs());
        let spread = widest * f64::from(row.top.abs().max(row.bottom.abs()));
        // Rounded rows: the chosen token may be lower and the rival higher than they seem, at any weight of the interval.
        let doubt = 2.0 * (rows.score_error(question.weights) + widest * row.error());
        let slack = 3.0 * judging.error(own.abs() + lift + spread)
            + doubt
            + tau * 4e-6
            + spread * 4.0 * f64::from(f32::EPSILON);
        let consider = |known: &mut Stability, token: usize| {
            if token == step.token as usize {
                return;
            }
            let lead = judging.exact(token).score + gumbel(token) - own + doubt;
            let change = Divergence {
                position,
                from: step.token,
                to: token as TokenId,
            };
            known.narrow(at, lead, row.value(token) - own_reward, change);
        };
        for lucky in luck {
            let token = lucky.token as usize;
            let lifted = f64::from(scores[token]) + tau * f64::from(lucky.noise);
            let gain = row.value(token) - own_reward;
            let reaches = |end: f64| lifted + (end - at) * gain >= own - slack;
            if reaches(known.low) || reaches(known.high) {
                consider(known, token);
            }
        }
        for block in 0..blocks(judging.scratch) {
            if known.is_empty() {
                // Nothing more to learn of this objective; the next may still have an interval.
                break;
            }
            let ends = [known.low, known.high].map(|end| Ends {
                shift: (end - at) as f32,
                least: (own + (end - at) * own_reward - lift - slack) as f32,
            });
            beyond(judging.scratch, row, block, ends, |token| {
                consider(known, token);
            });
        }
    }
}

/// Finds an interval by trying; an empty one where the text changes at the question's weights already.
fn search(
    trace: &Trace,
    question: &Question<'_>,
    objective: usize,
    range: (f64, f64),
    stop: Stop<'_>,
) -> Option<Stability> {
    let mut found = Stability {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        below: None,
        above: None,
        method: Method::Searched,
        unseen: 0,
    };
    let mut weights = question.weights.to_vec();
    let at = weights[objective];
    let mut change_at = |weight: f64| {
        weights[objective] = weight;
        let question = Question {
            weights: &weights,
            ..*question
        };
        first_change(trace, &question, stop)
    };
    if change_at(at)?.rewrite_from.is_some() {
        return Some(found);
    }
    let mut sides = [(at, None); 2];
    for (side, end) in sides.iter_mut().zip([range.0, range.1]) {
        let mut kept = at;
        let outward = (end - at).signum() * SEARCH_STEP;
        while (end - kept) * outward > 0.0 {
            let next = if (end - kept).abs() <= SEARCH_STEP {
                end
            } else {
                kept + outward
            };
            let change = change_at(next)?;
            if change.rewrite_from.is_none() {
                kept = next;
                continue;
            }
            let (mut lost, mut first) = (next, change);
            while (lost - kept).abs() > SEARCH_END {
                let middle = f64::midpoint(kept, lost);
                let change = change_at(middle)?;
                if change.rewrite_from.is_none() {
                    kept = middle;
                } else {
                    (lost, first) = (middle, change);
                }
            }
            side.1 = first.divergence;
            break;
        }
        side.0 = kept;
    }
    [(found.low, found.below), (found.high, found.above)] = sides;
    Some(found)
}

#[cfg(test)]
mod tests;
