//! The tokens of a position that are lucky: only they can win from far behind, so the noise of the others need not be
//! worked out.

use std::sync::{Arc, OnceLock};

use crate::domain::TokenId;
use crate::engine::noise::PositionNoise;

/// Gumbel noise above which a token counts as lucky: about one in 150 does. The fewer they are, the more tokens come near
/// enough to the best score to be looked at without being lucky; here both are a few hundred at most.
pub(super) const LUCKY: f64 = 5.0;

/// A lucky token and its noise; a rounded one, for bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lucky {
    pub(super) token: TokenId,
    pub(super) noise: f32,
}

/// Every token below `vocabulary` whose noise is above [`LUCKY`] (and perhaps one that just is not), in ascending order.
pub(super) fn lucky(noise: PositionNoise, vocabulary: usize) -> Arc<[Lucky]> {
    noise
        .above(LUCKY, vocabulary)
        .map(|token| Lucky {
            token,
            noise: noise.gumbel(token) as f32,
        })
        .collect()
}

/// Remembers a step's lucky tokens for the seed that its text was drawn with.
#[derive(Debug, Clone, Default)]
pub(crate) struct LuckOf {
    known: OnceLock<(u64, Arc<[Lucky]>)>,
}

impl LuckOf {
    /// The lucky tokens that were found already.
    pub(super) fn known(&self) -> &[Lucky] {
        self.known.get().map_or(&[], |(_, tokens)| tokens)
    }

    /// Finds the lucky tokens of `position` and remembers them.
    pub(crate) fn look(&self, seed: u64, position: usize, vocabulary: usize) {
        self.get(seed, position, vocabulary);
    }

    /// The lucky tokens of `position`; found once for the first seed asked for, and each time for any other.
    pub(super) fn get(&self, seed: u64, position: usize, vocabulary: usize) -> Arc<[Lucky]> {
        let find = || lucky(PositionNoise::new(seed, position), vocabulary);
        let (known, tokens) = self.known.get_or_init(|| (seed, find()));
        if *known == seed {
            Arc::clone(tokens)
        } else {
            find()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lucky_token_is_missed() {
        for position in 0..20 {
            let noise = PositionNoise::new(7, position);
            let found: Vec<TokenId> = lucky(noise, 5000).iter().map(|l| l.token).collect();
            let plain: Vec<TokenId> = (0..5000).filter(|&v| noise.gumbel(v) > LUCKY).collect();
            assert_eq!(found, plain);
            assert!(!found.is_empty());
        }
    }

    #[test]
    fn another_seed_has_other_luck() {
        let luck = LuckOf::default();
        let first = luck.get(1, 0, 3000);
        assert_ne!(first, luck.get(2, 0, 3000));
        assert_eq!(first, luck.get(1, 0, 3000));
    }
}
