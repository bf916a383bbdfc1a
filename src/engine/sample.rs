//! Temperature, top-k, top-p and min-p on softmax(score/τ), in this order, and the draw.

use crate::domain::{Sampling, TokenId};
use crate::engine::noise::{LARGEST, PositionNoise, SMALLEST};

/// Chooses the next token: argmax of score/τ + Gumbel noise over the tokens that the filters keep; at τ = 0 the argmax of
/// the scores, the lowest id winning a tie. `scores` need no normalisation; `position` counts response tokens from 0.
#[must_use]
pub fn draw(scores: &[f64], sampling: &Sampling, position: usize) -> TokenId {
    if sampling.temperature == 0.0 {
        return argmax(scores);
    }
    let noise = PositionNoise::new(sampling.seed, position);
    let tau = sampling.temperature;
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max) / tau;
    let mut winner = (f64::NEG_INFINITY, 0);
    let mut consider = |token: usize| {
        let scaled = scores[token] / tau;
        // Most of a large vocabulary cannot win whatever its luck: two logarithms saved for each.
        if scaled + LARGEST < best + SMALLEST || scaled + LARGEST < winner.0 {
            return;
        }
        let value = scaled + noise.gumbel(token as TokenId);
        if value > winner.0 {
            winner = (value, token);
        }
    };
    match kept(scores, sampling) {
        Some(tokens) => tokens.into_iter().for_each(&mut consider),
        None => (0..scores.len()).for_each(&mut consider),
    }
    winner.1 as TokenId
}

/// The token with the highest score; the lowest id wins a tie.
#[must_use]
pub fn argmax(scores: &[f64]) -> TokenId {
    let mut best = 0;
    for (token, &score) in scores.iter().enumerate() {
        if score > scores[best] {
            best = token;
        }
    }
    best as TokenId
}

/// The tokens that top-k, then top-p, then min-p keep, in ascending id order, or `None` where no filter is set. At least
/// one token always remains. As in the field's reference samplers, top-p counts probabilities among those that top-k kept.
#[must_use]
pub fn kept(scores: &[f64], sampling: &Sampling) -> Option<Vec<usize>> {
    let all = scores.len();
    let by_count = sampling.top_k > 0 && sampling.top_k < all;
    if !by_count && sampling.top_p >= 1.0 && sampling.min_p <= 0.0 {
        return None;
    }
    Some(filter((0..all).collect(), |v| scores[v], sampling))
}

/// As [`kept`], of the tokens in `order` with their scores: all tokens, or at least those that top-k keeps.
pub(crate) fn filter(
    mut order: Vec<usize>,
    score: impl Fn(usize) -> f64,
    sampling: &Sampling,
) -> Vec<usize> {
    let tau = sampling.temperature;
    let descending = |a: &usize, b: &usize| score(*b).total_cmp(&score(*a)).then(a.cmp(b));
    if sampling.top_k > 0 && sampling.top_k < order.len() {
        order.select_nth_unstable_by(sampling.top_k - 1, descending);
        order.truncate(sampling.top_k);
    }
    order.sort_unstable_by(descending);
    let first = order[0];
    let best = score(first);
    if sampling.top_p < 1.0 {
        let weights: Vec<f64> = order
            .iter()
            .map(|&v| ((score(v) - best) / tau).exp())
            .collect();
        let wanted = sampling.top_p * weights.iter().sum::<f64>();
        let mut mass = 0.0;
        let enough = weights.iter().position(|w| {
            mass += w;
            mass >= wanted
        });
        order.truncate(enough.map_or(order.len(), |last| last + 1));
    }
    if sampling.min_p > 0.0 {
        let floor = sampling.min_p.ln() * tau;
        order.retain(|&v| score(v) - best >= floor);
        if order.is_empty() {
            order.push(first);
        }
    }
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sampling(temperature: f64, top_k: usize, top_p: f64, min_p: f64) -> Sampling {
        Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            ..Sampling::default()
        }
    }

    #[test]
    fn greedy_takes_the_best_and_the_lowest_id_on_a_tie() {
        assert_eq!(draw(&[0.0, 2.0, 2.0], &sampling(0.0, 0, 1.0, 0.0), 0), 1);
    }

    #[test]
    fn greedy_flips_where_section_5_1_says() {
        let step = crate::engine::mix::tests::vector_of_section_5();
        let choice = |a: f64| argmax(&crate::engine::mix::mix(&step, &[a]).scores);
        assert_eq!(choice(0.285_090), 0);
        assert_eq!(choice(0.285_104), 1);
    }

    #[test]
    fn filters_act_in_their_order() {
        let scores: Vec<f64> = [0.5f64, 0.25, 0.15, 0.1].iter().map(|p| p.ln()).collect();
        assert_eq!(kept(&scores, &sampling(1.0, 0, 1.0, 0.0)), None);
        assert_eq!(
            kept(&scores, &sampling(1.0, 3, 1.0, 0.0)),
            Some(vec![0, 1, 2])
        );
        assert_eq!(kept(&scores, &sampling(1.0, 0, 0.7, 0.0)), Some(vec![0, 1]));
        // Of the two that top-k keeps, the first has 2/3 of the mass, which is enough for 0.6.
        assert_eq!(kept(&scores, &sampling(1.0, 2, 0.6, 0.0)), Some(vec![0]));
        assert_eq!(
            kept(&scores, &sampling(1.0, 0, 1.0, 0.3)),
            Some(vec![0, 1, 2])
        );
        // Temperature comes first: at τ = 2 the ratios are square roots.
        assert_eq!(
            kept(&scores, &sampling(2.0, 0, 1.0, 0.5)),
            Some(vec![0, 1, 2])
        );
    }

    #[test]
    fn ties_at_the_edge_of_top_k_keep_the_lowest_ids() {
        assert_eq!(
            kept(&[1.0, 1.0, 1.0, 1.0], &sampling(1.0, 2, 1.0, 0.0)),
            Some(vec![0, 1])
        );
    }

    /// Pearson's chi-square of the draws over many seeds against softmax(score/τ) on the kept tokens.
    fn chi_square_of_draws(settings: &Sampling) {
        let scores: Vec<f64> = [0.30f64, 0.22, 0.16, 0.12, 0.09, 0.06, 0.03, 0.02]
            .iter()
            .map(|p| p.ln())
            .collect();
        let kept = kept(&scores, settings).unwrap_or_else(|| (0..scores.len()).collect());
        let weight = |v: usize| (scores[v] / settings.temperature).exp();
        let total: f64 = kept.iter().map(|&v| weight(v)).sum();
        let draws = 40_000usize;
        let mut counts = vec![0usize; scores.len()];
        for seed in 0..draws {
            let settings = Sampling {
                seed: seed as u64,
                ..settings.clone()
            };
            counts[draw(&scores, &settings, seed % 7) as usize] += 1;
        }
        let mut chi = 0.0;
        for (v, &count) in counts.iter().enumerate() {
            if kept.contains(&v) {
                let expected = draws as f64 * weight(v) / total;
                chi += (count as f64 - expected).powi(2) / expected;
            } else {
                assert_eq!(count, 0, "a filtered token was drawn");
            }
        }
        // The 99.9 % point of chi-square with 7 degrees of freedom is 24.3; fewer degrees have lower ones.
        assert!(chi < 24.3, "chi-square {chi} with {} tokens", kept.len());
    }

    #[test]
    fn draws_over_many_seeds_follow_the_distribution() {
        chi_square_of_draws(&sampling(1.0, 0, 1.0, 0.0));
        chi_square_of_draws(&sampling(0.7, 0, 1.0, 0.0));
        chi_square_of_draws(&sampling(1.0, 4, 1.0, 0.0));
        chi_square_of_draws(&sampling(1.3, 0, 0.8, 0.0));
        chi_square_of_draws(&sampling(1.0, 0, 1.0, 0.25));
        chi_square_of_draws(&sampling(0.9, 6, 0.9, 0.1));
    }

    #[test]
    fn draws_at_neighbouring_positions_of_one_seed_are_independent() {
        let scores = [0.5f64.ln(), 0.5f64.ln()];
        let n = 40_000;
        let mut same = 0;
        for seed in 0..n {
            let settings = Sampling {
                seed,
                ..Sampling::default()
            };
            same += u32::from(draw(&scores, &settings, 0) == draw(&scores, &settings, 1));
        }
        let share = f64::from(same) / n as f64;
        assert!((share - 0.5).abs() < 0.01, "{share}");
    }

    proptest! {
        #[test]
        fn skipping_hopeless_tokens_never_changes_the_draw(
            scores in proptest::collection::vec(-60.0f64..5.0, 1..40), seed in any::<u64>(), tau in 0.05f64..3.0,
        ) {
            let settings = Sampling { temperature: tau, seed, ..Sampling::default() };
            let noise = PositionNoise::new(seed, 5);
            let plain: Vec<f64> = scores.iter().enumerate().map(|(v, s)| s / tau + noise.gumbel(v as TokenId)).collect();
            prop_assert_eq!(draw(&scores, &settings, 5), argmax(&plain));
        }

        #[test]
        fn some_token_is_always_kept(
            scores in proptest::collection::vec(-60.0f64..5.0, 1..40), k in 0usize..50, p in 0.01f64..1.0, m in 0.0f64..=1.0,
        ) {
            let settings = sampling(1.0, k, p, m);
            if let Some(kept) = kept(&scores, &settings) {
                prop_assert!(!kept.is_empty());
                prop_assert!(kept.contains(&(argmax(&scores) as usize)));
            }
        }
    }
}
