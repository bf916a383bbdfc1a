//! The rows of an old step reduced to its likeliest tokens, with bounds on all the others.

mod bytes;

use crate::domain::{Sampling, TokenId};
use crate::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};
use crate::engine::noise::PositionNoise;
use crate::engine::sample::argmax;

use super::choice::Choice;
use super::kernel::{SUMS, Scratch, pass};
use super::luck::{LUCKY, LuckOf, Lucky};
use super::row::KeptRows;

/// How many tokens of a step are kept, besides the lucky ones and those that were said.
pub(crate) const LIKELY: usize = 512;

/// What one objective says of the tokens that are not kept, nats.
#[derive(Debug, Clone, Copy)]
struct Others {
    lowest: f64,
    highest: f64,
    /// Mean under the base model among them.
    mean: f64,
}

/// The likeliest tokens of a step, exactly as their rows were kept, and what bounds the others.
#[derive(Debug, Clone)]
pub(crate) struct LikelyRows {
    /// In ascending order.
    tokens: Box<[TokenId]>,
    /// The base's values, then those of each objective, token by token.
    values: Box<[f32]>,
    others: Box<[Others]>,
    /// What the base gives the other tokens together, and the likeliest of them.
    others_mass: f64,
    others_top: f64,
    /// How far a kept value may be off already, nats.
    error: f64,
    vocabulary: usize,
}

/// A step seen under other weights from its likeliest tokens.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) insight: TokenInsight,
    pub(super) choice: Choice,
    /// How far `guided` may be off, nats.
    pub(super) error: f64,
}

impl LikelyRows {
    /// Keeps the `count` tokens that are likeliest under the plain model, under `weights`, or with one objective weighted 1 more;
    /// and in any case
    /// those that were `said` and the lucky ones, as far as they are known.
    pub(crate) fn new(
        rows: &KeptRows,
        weights: &[f64],
        said: &[TokenId],
        luck: &LuckOf,
        count: usize,
    ) -> Self {
        let vocabulary = rows.vocabulary();
        let mut views = vec![vec![0.0; weights.len()], weights.to_vec()];
        for objective in 0..rows.rewards.len().min(weights.len()) {
            let mut more = weights.to_vec();
            more[objective] += 1.0;
            views.push(more);
        }
        let mut best = vec![f32::NEG_INFINITY; vocabulary];
        let mut scratch = Scratch::default();
        for view in &views {
            let sums = pass::<SUMS>(rows, view, &mut scratch);
            let norm = sums.top + sums.mass.ln() as f32;
            for (best, score) in best.iter_mut().zip(scratch.scores()) {
                *best = best.max(score - norm);
            }
        }
        let mut tokens: Vec<TokenId> = (0..vocabulary as TokenId).collect();
        if vocabulary > count {
            tokens.select_nth_unstable_by(count, |&a, &b| {
                best[b as usize].total_cmp(&best[a as usize])
            });
            tokens.truncate(count);
        }
        tokens.extend(said);
        tokens.extend(luck.known().iter().map(|lucky| lucky.token));
        tokens.sort_unstable();
        tokens.dedup();

        let values = tokens
            .iter()
            .flat_map(|&token| rows.each().map(move |row| row.value(token as usize) as f32));
        let mut kept = vec![false; vocabulary];
        for &token in &tokens {
            kept[token as usize] = true;
        }
        let other = || (0..vocabulary).filter(|&token| !kept[token]);
        let base = |token: usize| rows.base.value(token);
        let others_mass: f64 = other().map(|token| base(token).exp()).sum();
        let others = rows.rewards.iter().map(|row| {
            let mut others = Others {
                lowest: f64::INFINITY,
                highest: f64::NEG_INFINITY,
                mean: 0.0,
            };
            for token in other() {
                let value = row.value(token);
                others.lowest = others.lowest.min(value);
                others.highest = others.highest.max(value);
                let p = base(token).exp() / others_mass;
                others.mean += if p > 0.0 { p * value } else { 0.0 };
            }
            if others.lowest > others.highest {
                (others.lowest, others.highest) = (0.0, 0.0); // there are no others
            }
            others
        });
        Self {
            values: values.collect(),
            others: others.collect(),
            others_mass,
            others_top: other().map(base).fold(f64::NEG_INFINITY, f64::max),
            error: rows.error(),
            vocabulary,
            tokens: tokens.into_boxed_slice(),
        }
    }

    /// How many tokens the rows had.
    pub(crate) const fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Bytes of all that is kept.
    pub(crate) fn bytes(&self) -> usize {
        4 * (self.tokens.len() + self.values.len()) + size_of_val(&*self.others)
    }

    fn values_of(&self, at: usize) -> &[f32] {
        let width = 1 + self.others.len();
        &self.values[at * width..(at + 1) * width]
    }

    fn score(&self, at: usize, weights: &[f64]) -> f64 {
        let values = self.values_of(at);
        let mut score = f64::from(values[0]);
        for (&value, &weight) in values[1..].iter().zip(weights) {
            if weight != 0.0 {
                score += weight * f64::from(value);
            }
        }
        score
    }

    /// The largest gain that any other token can have, and the least that their mean can have (Jensen), nats.
    fn gains_of_others(&self, weights: &[f64]) -> (f64, f64) {
        let pairs = || self.others.iter().zip(weights).filter(|(_, w)| **w != 0.0);
        let most = |(others, w): (&Others, &f64)| (w * others.highest).max(w * others.lowest);
        (
            pairs().map(most).sum(),
            pairs().map(|(others, w)| w * others.mean).sum(),
        )
    }

    /// Whether the numbers of a token under other weights follow from what is kept and from its own.
    pub(crate) fn knows(&self, chosen: &Candidate) -> bool {
        chosen.objectives.len() == self.others.len()
            || self.tokens.binary_search(&chosen.id).is_ok()
    }

    /// Every number under `weights`, and what the step would choose. `written` are the chosen token's numbers when it was
    /// written.
    pub(super) fn see(
        &self,
        weights: &[f64],
        sampling: &Sampling,
        position: usize,
        luck: &[Lucky],
        written: &TokenInsight,
    ) -> Seen {
        let scores: Vec<f64> = (0..self.tokens.len())
            .map(|at| self.score(at, weights))
            .collect();
        let (most, least) = self.gains_of_others(weights);
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mass: f64 = scores.iter().map(|score| (score - top).exp()).sum();
        let others = |gain: f64| {
            if self.others_mass > 0.0 {
                self.others_mass * (gain - top).exp()
            } else {
                0.0
            }
        };
        let (low, high) = ((mass + others(least)).ln(), (mass + others(most)).ln());
        let norm = top + f64::midpoint(low, high);
        let weight: f64 = weights.iter().map(|w| w.abs()).sum();
        let error = (high - low) / 2.0 + self.error * (1.0 + weight) * 2.0;

        let mut kl = 0.0;
        for (at, score) in scores.iter().enumerate() {
            let p = (score - norm).exp();
            if p > 0.0 {
                kl += p * (score - norm - f64::from(self.values_of(at)[0]));
            }
        }
        // The others as one token of their mean gain: the least that they can add.
        if self.others_mass > 0.0 && least > f64::NEG_INFINITY {
            kl += self.others_mass * (least - norm).exp() * (least - norm);
        }
        let means: Vec<f64> = written
            .chosen
            .objectives
            .iter()
            .map(|o| o.reward - o.advantage)
            .collect();
        let candidate = |at: usize| {
            let values = self.values_of(at);
            let rewards = values[1..].iter().zip(&means);
            Candidate {
                id: self.tokens[at],
                base: f64::from(values[0]),
                guided: scores[at] - norm,
                objectives: rewards
                    .map(|(&reward, mean)| ObjectiveInsight {
                        reward: f64::from(reward),
                        advantage: f64::from(reward) - mean,
                    })
                    .collect(),
            }
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(written.top.len());
        let chosen = match self.tokens.binary_search(&written.chosen.id) {
            Ok(at) => candidate(at),
            // Its own numbers are known from when it was written.
            Err(_) => Candidate {
                guided: written.chosen.score(weights) - norm,
                ..written.chosen.clone()
            },
        };
        Seen {
            insight: TokenInsight {
                chosen,
                kl,
                entropy: written.entropy,
                top: order.into_iter().map(candidate).collect(),
            },
            choice: self.choose(&scores, weights, sampling, position, luck),
            error,
        }
    }

    /// What the step chooses: for sure where no other token can win, whatever its luck, and no filter is set.
    fn choose(
        &self,
        scores: &[f64],
        weights: &[f64],
        sampling: &Sampling,
        position: usize,
        luck: &[Lucky],
    ) -> Choice {
        let tau = sampling.temperature;
        let noise = PositionNoise::new(sampling.seed, position);
        let values: Vec<f64> = if tau > 0.0 {
            let pairs = scores.iter().zip(&self.tokens);
            pairs
                .map(|(s, &token)| s / tau + noise.gumbel(token))
                .collect()
        } else {
            scores.to_vec()
        };
        let winner = argmax(&values) as usize;
        let kept = |token: TokenId| self.tokens.binary_search(&token).is_ok();
        let luckiest = luck
            .iter()
            .filter(|lucky| !kept(lucky.token))
            .map(|lucky| f64::from(lucky.noise) + 1e-5)
            .fold(LUCKY, f64::max);
        let others = self.others_top + self.gains_of_others(weights).0;
        let others = if tau > 0.0 {
            others / tau + luckiest
        } else {
            others
        };
        let rivals = values.iter().enumerate().filter(|(at, _)| *at != winner);
        let second = rivals.map(|(_, value)| *value).fold(others, f64::max);
        let weight: f64 = weights.iter().map(|w| w.abs()).sum();
        let doubt = 2.0 * self.error * (1.0 + weight) + 1e-9;
        let filters =
            tau > 0.0 && (sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.min_p > 0.0);
        Choice {
            token: self.tokens[winner],
            sure: !filters && (values[winner] - second) * if tau > 0.0 { tau } else { 1.0 } > doubt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::insight::TOP;
    use crate::engine::mix::mix;
    use crate::engine::reweigh::luck::lucky;
    use crate::engine::reweigh::tests::step;
    use crate::engine::sample::draw;
    use proptest::prelude::*;

    const VOCABULARY: usize = 4000;

    /// A step reduced, after its luck was asked for or before, and what it says under other weights.
    fn seen(
        salt: u64,
        now: &[f64],
        sampling: &Sampling,
        asked: bool,
        rounded: bool,
    ) -> (Seen, TokenInsight, TokenId) {
        let written = [0.6, 0.4];
        let scores = step(salt, VOCABULARY, 2, false);
        let token = draw(&mix(&scores, &written).scores, sampling, 5);
        let insight = TokenInsight::of(&scores, &written, token, TOP);
        let luck = LuckOf::default();
        let tokens = lucky(PositionNoise::new(sampling.seed, 5), VOCABULARY);
        if asked {
            luck.get(sampling.seed, 5, VOCABULARY);
        }
        let mut rows = KeptRows::new(&scores);
        if rounded {
            rows.coarsen();
        }
        let likely = LikelyRows::new(&rows, &written, &[token], &luck, LIKELY);
        assert!(likely.bytes() < rows.bytes());
        let mixed = mix(&scores, now);
        (
            likely.see(now, sampling, 5, &tokens, &insight),
            TokenInsight::of_mixed(&scores, &mixed, token, TOP),
            draw(&mixed.scores, sampling, 5),
        )
    }

    proptest! {
        #[test]
        fn numbers_stay_within_the_stated_error_and_sure_choices_are_right(
            salt in any::<u64>(), a in -0.5f64..3.0, b in 0.0f64..3.0, seed in 0u64..1000, asked in any::<bool>(),
            rounded in any::<bool>(), temperature in prop_oneof![Just(0.0), Just(1.0), 0.3f64..1.5],
        ) {
            let sampling = Sampling { temperature, seed, ..Sampling::default() };
            let (seen, exact, choice) = seen(salt, &[a, b], &sampling, asked, rounded);
            prop_assert!((seen.insight.chosen.guided - exact.chosen.guided).abs() <= seen.error + 1e-4);
            prop_assert!((seen.insight.chosen.base - exact.chosen.base).abs() < 1e-3);
            if seen.choice.sure {
                prop_assert_eq!(seen.choice.token, choice);
            }
        }
    }

    #[test]
    fn near_the_written_weights_little_is_lost() {
        let sampling = Sampling::default();
        let mut sure = 0;
        for salt in 0..40 {
            let (seen, exact, choice) = seen(salt, &[0.7, 0.4], &sampling, true, true);
            assert!(seen.error < 0.3, "{}", seen.error);
            assert!((seen.insight.kl - exact.kl).abs() < 0.05);
            let ids = |insight: &TokenInsight| insight.top.iter().map(|c| c.id).collect::<Vec<_>>();
            assert_eq!(ids(&seen.insight)[..3], ids(&exact)[..3]);
            assert_eq!(seen.choice.token, choice);
            sure += usize::from(seen.choice.sure);
        }
        assert!(sure > 20, "{sure}");
    }

    #[test]
    fn a_token_that_is_not_kept_is_seen_from_its_own_numbers() {
        let (written, now) = ([0.6, 0.4], [2.0, 0.0]);
        let scores = step(3, VOCABULARY, 2, false);
        let tokens = 0..VOCABULARY as TokenId;
        let token = tokens.min_by(|&a, &b| {
            let base = |token: TokenId| scores.base[token as usize];
            base(a).total_cmp(&base(b))
        });
        let insight = TokenInsight::of(&scores, &written, token.unwrap(), TOP);
        let whole = KeptRows::new(&scores);
        let rows = LikelyRows::new(&whole, &written, &[], &LuckOf::default(), LIKELY);
        assert!(rows.tokens().binary_search(&insight.chosen.id).is_err());
        let seen = rows.see(&now, &Sampling::default(), 0, &[], &insight);
        let exact = TokenInsight::of(&scores, &now, insight.chosen.id, TOP).chosen;
        assert!((seen.insight.chosen.guided - exact.guided).abs() <= seen.error + 1e-4);
        assert!(rows.knows(&insight.chosen));
        let unscored = Candidate {
            objectives: Vec::new(),
            ..insight.chosen
        };
        assert!(!rows.knows(&unscored));
    }

    #[test]
    fn a_filter_leaves_no_choice_sure() {
        let sampling = Sampling {
            top_p: 0.9,
            ..Sampling::default()
        };
        assert!(!seen(1, &[0.7, 0.4], &sampling, true, false).0.choice.sure);
    }

    #[test]
    fn a_vocabulary_that_is_kept_whole_leaves_no_doubt() {
        let scores = step(3, 200, 2, false);
        let insight = TokenInsight::of(&scores, &[1.0, 1.0], 7, TOP);
        let rows = LikelyRows::new(
            &KeptRows::new(&scores),
            &[1.0, 1.0],
            &[7],
            &LuckOf::default(),
            LIKELY,
        );
        let seen = rows.see(&[0.2, 1.5], &Sampling::default(), 0, &[], &insight);
        let exact = TokenInsight::of(&scores, &[0.2, 1.5], 7, TOP);
        assert!(seen.error < 1e-9 && seen.choice.sure);
        assert!((seen.insight.kl - exact.kl).abs() < 1e-5);
        assert!((seen.insight.chosen.guided - exact.chosen.guided).abs() < 1e-6);
    }
}
