//! The token that decoding would choose, from approximate scores: almost all tokens are ruled out by bounds, and those that
//! are left are compared by the very arithmetic of [`crate::engine::sample::draw`].

use crate::domain::{Sampling, TokenId};
use crate::engine::mix::mix;
use crate::engine::noise::{LARGEST, PositionNoise, SMALLEST};
use crate::engine::sample::{draw, filter};

use super::kernel::{Scratch, Sums};
use super::luck::{LUCKY, Lucky};
use super::row::KeptRows;
use super::scan::{collect, largest_few, mass_above};

/// What a step chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The token.
    pub(crate) token: TokenId,
    /// Whether the rows as they were scored choose the same: always, unless they are kept rounded and it was close.
    pub(crate) sure: bool,
}

/// A token with its exact score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) token: usize,
    pub(super) score: f64,
}

impl Scored {
    /// Whether it comes before `other` in the order of the filters: higher score, then lower id.
    fn before(self, other: Self) -> bool {
        self.score > other.score || (self.score >= other.score && self.token < other.token)
    }
}

/// A mixed step, ready to be asked what it chooses.
pub(super) struct Judging<'a> {
    pub(super) rows: &'a KeptRows,
    pub(super) weights: &'a [f64],
    pub(super) scratch: &'a Scratch,
    pub(super) sums: Sums,
}

/// Largest magnitude of a best score at which f32 arithmetic is trusted at all.
const SANE: f32 = 5000.0;

impl Judging<'_> {
    /// Whether the approximate scores mean anything: rows with +∞, a negative weight on an impossible token or absurd
    /// scores are left to the plain path.
    pub(super) fn is_sane(&self) -> bool {
        let reward = |(row, &w): (&super::row::KeptRow, &f64)| {
            w == 0.0 || (row.top.is_finite() && (w > 0.0 || row.bottom.is_finite()))
        };
        self.rows.base.top.is_finite()
            && self.rows.rewards.iter().zip(self.weights).all(reward)
            && self.sums.top.abs() < SANE
    }

    /// How far an approximate score of about `level` or above may be from the exact one, nats.
    ///
    /// A sum of k + 1 products in f32 errs by at most (k + 6) half-units in the last place of the sum of its terms'
    /// magnitudes; that sum is at most twice the positive terms minus the score itself.
    pub(super) fn error(&self, level: f64) -> f64 {
        let mut positive = f64::from(self.rows.base.top.max(0.0));
        let mut terms = 8.0;
        for (row, &w) in self.rows.rewards.iter().zip(self.weights) {
            terms += 1.0;
            positive += if w >= 0.0 {
                w * f64::from(row.top.max(0.0))
            } else {
                -w * f64::from((-row.bottom).max(0.0) + row.top.abs())
            };
        }
        terms * 0.5 * f64::from(f32::EPSILON) * (2.0 * positive + level.abs()) + 1e-12
    }

    pub(super) fn exact(&self, token: usize) -> Scored {
        Scored {
            token,
            score: self.rows.score(self.weights, token),
        }
    }

    /// The best token: highest score, lowest id.
    pub(super) fn best(&self) -> Scored {
        let top = f64::from(self.sums.top);
        let mut best: Option<Scored> = None;
        collect(self.scratch, top - 3.0 * self.error(top), |token| {
            let scored = self.exact(token);
            if best.is_none_or(|best| scored.before(best)) {
                best = Some(scored);
            }
        });
        best.unwrap_or_else(|| self.exact(0))
    }

    /// The `count` likeliest tokens, best first.
    pub(super) fn likeliest(&self, count: usize) -> Vec<Scored> {
        if count == 0 {
            return Vec::new();
        }
        let level = f64::from(largest_few(self.scratch, count));
        let mut found = Vec::with_capacity(4 * count);
        collect(self.scratch, level - 3.0 * self.error(level), |token| {
            found.push(self.exact(token));
        });
        found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.token.cmp(&b.token)));
        found.truncate(count);
        found
    }

    fn plainly(&self, sampling: &Sampling, position: usize) -> Choice {
        let scores = mix(&self.rows.scores(), self.weights).scores;
        Choice {
            token: draw(&scores, sampling, position),
            sure: self.rows.error() == 0.0,
        }
    }

    /// The token that decoding would choose at `position`, whose lucky tokens are `luck`.
    pub(super) fn choose(&self, sampling: &Sampling, position: usize, luck: &[Lucky]) -> Choice {
        if !self.is_sane() {
            return self.plainly(sampling, position);
        }
        let doubt = 2.0 * self.rows.score_error(self.weights);
        if sampling.temperature == 0.0 {
            return self.greedy(doubt);
        }
        let draw = Draw {
            judging: self,
            sampling,
            noise: PositionNoise::new(sampling.seed, position),
            luck,
            doubt,
            best: self.best(),
        };
        let choice = if sampling.top_k > 0 && sampling.top_k < self.rows.vocabulary() {
            Some(draw.among_the_top_k())
        } else {
            draw.by_prefix()
        };
        choice.unwrap_or_else(|| self.plainly(sampling, position))
    }

    fn greedy(&self, doubt: f64) -> Choice {
        let best = self.best();
        let mut rivals = 0;
        if doubt > 0.0 {
            let top = f64::from(self.sums.top);
            collect(self.scratch, top - doubt - 3.0 * self.error(top), |_| {
                rivals += 1;
            });
        }
        Choice {
            token: best.token as TokenId,
            sure: rivals <= 1,
        }
    }
}

/// One draw above temperature 0.
struct Draw<'a> {
    judging: &'a Judging<'a>,
    sampling: &'a Sampling,
    noise: PositionNoise,
    luck: &'a [Lucky],
    /// How far apart the scores of two tokens must be for rounded rows to leave no doubt, nats.
    doubt: f64,
    best: Scored,
}

/// Whether a filter keeps a token.
enum Kept {
    Yes,
    No,
    Unclear,
}

impl Draw<'_> {
    fn value(&self, scored: Scored) -> f64 {
        scored.score / self.sampling.temperature + self.noise.gumbel(scored.token as TokenId)
    }

    /// Without top-k, every filter keeps a prefix of the tokens in descending order of score. So the winner of all tokens,
    /// if it is kept, is the winner of those that are kept; and if it is not, nor is any token behind it.
    /// `None` where top-p's edge is too close to call.
    fn by_prefix(&self) -> Option<Choice> {
        let mut limit = None;
        loop {
            let (winner, sure) = self.winner_before(limit);
            match self.within_top_p(winner) {
                Kept::Yes => {
                    return Some(Choice {
                        token: winner.token as TokenId,
                        sure,
                    });
                }
                Kept::No => limit = Some(winner),
                Kept::Unclear if self.doubt > 0.0 => {
                    return Some(Choice {
                        token: winner.token as TokenId,
                        sure: false,
                    });
                }
                Kept::Unclear => return None,
            }
        }
    }

    /// The winner among the tokens that min-p keeps and that come before `limit`, and whether it wins beyond doubt.
    fn winner_before(&self, limit: Option<Scored>) -> (Scored, bool) {
        let (judging, tau) = (self.judging, self.sampling.temperature);
        let top = f64::from(judging.sums.top);
        // Enough for every token that can win, whatever its luck.
        let slack = 3.0 * judging.error(top.abs() + tau * (LARGEST - SMALLEST))
            + self.doubt
            + tau * 4e-6
            + 1e-9 * tau;
        let floor = if self.sampling.min_p > 0.0 {
            self.sampling.min_p.ln() * tau
        } else {
            f64::NEG_INFINITY
        };
        let scores = judging.scratch.scores();
        let ceiling = limit.map_or(f64::INFINITY, |limit| limit.score);
        let reach = |l: &Lucky| f64::from(scores[l.token as usize]) + tau * f64::from(l.noise);

        // What the winner reaches at least, in nats: from tokens that are kept without doubt.
        let mut winning = tau * self.value(self.best);
        for lucky in self.luck {
            let score = f64::from(scores[lucky.token as usize]);
            let kept = limit.is_none() || score > ceiling + slack;
            if kept && score > top + floor + slack {
                winning = winning.max(reach(lucky));
            }
        }
        let lowest = if limit.is_some() {
            ceiling - slack
        } else {
            f64::NEG_INFINITY
        };
        let lowest = lowest.max(top + floor - slack);
        let mut candidates: Vec<usize> = self
            .luck
            .iter()
            .filter(|l| {
                f64::from(scores[l.token as usize]) >= lowest && reach(l) >= winning - slack
            })
            .map(|l| l.token as usize)
            .collect();
        let near = (winning - tau * LUCKY - slack).max(lowest);
        collect(judging.scratch, near, |token| candidates.push(token));
        candidates.sort_unstable();
        candidates.dedup();

        let mut winner = (f64::NEG_INFINITY, self.best);
        let (mut second, mut doubtful) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for token in candidates {
            let scored = judging.exact(token);
            if limit.is_some_and(|limit| !scored.before(limit)) {
                continue;
            }
            let below = scored.score - self.best.score - floor;
            let value = self.value(scored);
            if below.abs() <= self.doubt && self.doubt > 0.0 {
                doubtful = doubtful.max(value);
            }
            if below < 0.0 {
                continue;
            }
            if value > winner.0 {
                second = winner.0;
                winner = (value, scored);
            } else {
                second = second.max(value);
            }
        }
        let margin = winner.0 - second.max(doubtful);
        let sure = self.doubt == 0.0 || margin * tau > self.doubt;
        (winner.1, sure)
    }

    /// Whether the tokens before this one have less than top-p's share of the probability.
    fn within_top_p(&self, scored: Scored) -> Kept {
        let (judging, tau) = (self.judging, self.sampling.temperature);
        if self.sampling.top_p >= 1.0 || scored.token == self.best.token {
            return Kept::Yes;
        }
        let top = f64::from(judging.sums.top);
        let error = judging.error(top.abs() + 90.0 * tau);
        let [ahead, level, total] = mass_above(
            judging.scratch,
            judging.sums.top,
            (scored.score - 2.0 * error - self.doubt) as f32,
            (scored.score + 2.0 * error + self.doubt) as f32,
            (1.0 / tau) as f32,
        );
        // `ahead` surely comes before the token; `level` may, with the token itself.
        let relative = 2.0 * (2.0 * error + self.doubt) / tau + 2e-5;
        let own = ((scored.score - top) / tau).exp();
        let most = level * (1.0 + relative) - own * (1.0 - relative);
        let wanted = self.sampling.top_p * total;
        if most < wanted * (1.0 - relative) {
            Kept::Yes
        } else if ahead * (1.0 - relative) >= wanted * (1.0 + relative) {
            Kept::No
        } else {
            Kept::Unclear
        }
    }

    /// With top-k, the few tokens that can be among them are scored exactly and filtered by the plain rule.
    fn among_the_top_k(&self) -> Choice {
        let (judging, tau) = (self.judging, self.sampling.temperature);
        let level = f64::from(largest_few(judging.scratch, self.sampling.top_k));
        let slack = 3.0 * judging.error(level) + 2.0 * self.doubt;
        let mut found: Vec<Scored> = Vec::with_capacity(2 * self.sampling.top_k);
        collect(judging.scratch, level - slack, |token| {
            found.push(judging.exact(token));
        });
        let score = |token: usize| {
            let at = found.binary_search_by_key(&token, |scored| scored.token);
            at.map_or(f64::NEG_INFINITY, |at| found[at].score)
        };
        let tokens = found.iter().map(|scored| scored.token).collect();
        let kept = filter(tokens, score, self.sampling);
        let mut winner = (f64::NEG_INFINITY, self.best);
        for &token in &kept {
            let scored = Scored {
                token,
                score: score(token),
            };
            let value = self.value(scored);
            if value > winner.0 {
                winner = (value, scored);
            }
        }
        // Rounded rows blur the edge of the kept set too; with more than one filter, no attempt is made to be sure.
        let sure = self.doubt == 0.0
            || (self.sampling.top_p >= 1.0 && self.sampling.min_p <= 0.0 && {
                let edge = kept.iter().map(|&v| score(v)).fold(f64::INFINITY, f64::min);
                winner.1.score > edge + self.doubt
                    && found.iter().all(|&rival| {
                        rival.token == winner.1.token
                            || rival.score < edge - self.doubt
                            || (winner.0 - self.value(rival)) * tau > self.doubt
                    })
            });
        Choice {
            token: winner.1.token as TokenId,
            sure,
        }
    }
}
