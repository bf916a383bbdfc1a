//! Gumbel noise that depends on nothing but (seed, position in the response, token id).
//!
//! Two streams with the same seed have the same luck, so their texts differ only where their distributions do; the choice
//! argmax(score/τ + noise) is an exact draw from softmax(score/τ) for each of them (the Gumbel-max trick).

use crate::domain::TokenId;

/// The noise of one position of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionNoise {
    key: u64,
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): a bijection of u64 whose output bits pass for independent.
const fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl PositionNoise {
    /// Noise for `position`, counted in response tokens from 0, so that prompts of different length do not matter.
    #[must_use]
    pub const fn new(seed: u64, position: usize) -> Self {
        let seed_key = scramble(seed.wrapping_add(GOLDEN));
        Self {
            key: scramble(seed_key ^ (position as u64).wrapping_mul(GOLDEN)),
        }
    }

    /// 52 bits that pass for random.
    const fn bits(self, token: TokenId) -> u64 {
        scramble(
            self.key
                .wrapping_add((token as u64 + 1).wrapping_mul(GOLDEN)),
        ) >> 12
    }

    /// A standard Gumbel value for `token`: mean 0.577, between −3.61 and +36.8.
    #[must_use]
    pub fn gumbel(self, token: TokenId) -> f64 {
        // Centred in their cell: exact in f64, never 0, never 1.
        let uniform = (self.bits(token) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64);
        -(-uniform.ln()).ln()
    }

    /// Every token below `vocabulary` whose value is above `level`, in ascending order, and perhaps one within 1e-9 below
    /// it. Takes no logarithm.
    pub(crate) fn above(self, level: f64, vocabulary: usize) -> impl Iterator<Item = TokenId> {
        // The bits grow with the value; a few cells of slack for the rounding of the level's own.
        let least = ((-(-level).exp()).exp() * (1u64 << 52) as f64) as u64;
        let least = least.saturating_sub(64);
        (0..vocabulary as TokenId).filter(move |&token| self.bits(token) >= least)
    }
}

/// No Gumbel value of [`PositionNoise`] is larger: −ln(−ln(1 − 2⁻⁵³)).
pub(crate) const LARGEST: f64 = 36.8;
/// No Gumbel value of [`PositionNoise`] is smaller: −ln(−ln(2⁻⁵³)).
pub(crate) const SMALLEST: f64 = -3.61;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_noise_and_another_key_another() {
        let a = PositionNoise::new(16, 3);
        assert_eq!(
            a.gumbel(7).to_bits(),
            PositionNoise::new(16, 3).gumbel(7).to_bits()
        );
        assert_ne!(a.gumbel(7).to_bits(), a.gumbel(8).to_bits());
        assert_ne!(
            a.gumbel(7).to_bits(),
            PositionNoise::new(16, 4).gumbel(7).to_bits()
        );
        assert_ne!(
            a.gumbel(7).to_bits(),
            PositionNoise::new(17, 3).gumbel(7).to_bits()
        );
    }

    #[test]
    fn the_noise_is_pinned_so_that_saved_runs_replay_on_every_machine() {
        let noise = PositionNoise::new(16, 0);
        let values: Vec<f64> = (0..3).map(|token| noise.gumbel(token)).collect();
        for (value, want) in values.iter().zip(PINNED) {
            assert!((value - want).abs() < 1e-12, "{values:?}");
        }
    }

    const PINNED: [f64; 3] = [
        4.088_249_130_869_455,
        0.626_476_826_919_418_5,
        0.693_711_535_592_012_5,
    ];

    #[test]
    fn mean_and_variance_are_those_of_a_gumbel() {
        let n = 200_000u32;
        let values: Vec<f64> = (0..n)
            .map(|i| PositionNoise::new((i / 500) as u64, (i % 500) as usize).gumbel(i % 97))
            .collect();
        let mean = values.iter().sum::<f64>() / f64::from(n);
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!((mean - 0.577_216).abs() < 0.01, "{mean}");
        assert!((variance - 1.644_934).abs() < 0.03, "{variance}");
    }

    #[test]
    fn no_value_leaves_the_stated_bounds() {
        let extreme = |uniform: f64| -(-uniform.ln()).ln();
        assert!(extreme(0.5 / (1u64 << 52) as f64) >= SMALLEST);
        assert!(extreme(1.0 - 0.5 / (1u64 << 52) as f64) <= LARGEST);
    }
}
