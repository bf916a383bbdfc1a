//! Rotary positions (Su et al., 2021), with the frequency scalings that the Llama family and its relatives use.

use std::f32::consts::TAU;

/// Base frequency and scaling of the rotary positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// θ: pair i of a head turns by `position · θ^(−2i/head_dim)`.
    pub theta: f64,
    /// What is done to those frequencies to reach longer contexts.
    pub scaling: RopeScaling,
    /// Share of each head that is turned, its first numbers: 1 for all.
    pub share: f64,
}

/// How frequencies are changed to reach longer contexts.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// All divided by `factor`.
    Linear {
        /// 1 and up.
        factor: f64,
    },
    /// Llama 3: slow ones divided by `factor`, fast ones kept, those between blended.
    Llama3 {
        /// 1 and up.
        factor: f64,
        /// Wavelengths above `original_context / low_freq_factor` tokens are divided in full.
        low_freq_factor: f64,
        /// Wavelengths below `original_context / high_freq_factor` tokens are kept.
        high_freq_factor: f64,
        /// Context, in tokens, that the model was first trained on.
        original_context: usize,
    },
    /// Each divided by a factor of its own (Ding et al., "`LongRoPE`", 2024); other factors for texts that are longer than
    /// the original context.
    Long {
        /// One per pair.
        short: Vec<f64>,
        /// One per pair.
        long: Vec<f64>,
        /// Context, in tokens, that the model was first trained on.
        original_context: usize,
        /// What turned queries and keys are multiplied by.
        amplitude: f64,
    },
}

/// Cosines and sines of some positions.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    /// `[positions, pairs]`
    pub cos: Vec<f32>,
    /// `[positions, pairs]`
    pub sin: Vec<f32>,
    /// Pairs of each head that are turned.
    pub pairs: usize,
}

impl Turns {
    /// Those of the positions one after the other.
    pub fn rows(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let pairs = self.pairs.max(1);
        self.cos
            .chunks_exact(pairs)
            .zip(self.sin.chunks_exact(pairs))
    }
}

impl Rope {
    /// Pairs of each head that are turned.
    #[must_use]
    pub fn pairs(&self, head_dim: usize) -> usize {
        (head_dim as f64 * self.share) as usize / 2
    }

    /// Texts of more tokens than this have other frequencies, at all of their positions.
    #[must_use]
    pub fn switches_behind(&self) -> Option<usize> {
        match self.scaling {
            RopeScaling::Long {
                original_context, ..
            } => Some(original_context),
            RopeScaling::None | RopeScaling::Linear { .. } | RopeScaling::Llama3 { .. } => None,
        }
    }

    /// Radians per position of each pair; `long` for texts behind [`Self::switches_behind`].
    #[must_use]
    pub fn frequencies(&self, head_dim: usize, long: bool) -> Vec<f32> {
        let pairs = self.pairs(head_dim);
        (0..pairs)
            .map(|pair| {
                let exponent = f64::from(pair as f32 / pairs as f32);
                let power = self.theta.powf(exponent);
                self.scaling.apply(pair, power, long)
            })
            .collect()
    }

    /// The turns of the given positions, each with whether its text is a long one.
    #[must_use]
    pub fn turns(&self, head_dim: usize, positions: &[(usize, bool)]) -> Turns {
        let of_length = |long: bool| {
            let asked = positions.iter().any(|&(_, text)| text == long);
            if asked {
                self.frequencies(head_dim, long)
            } else {
                Vec::default()
            }
        };
        let by_length = [false, true].map(of_length);
        let amplitude = match self.scaling {
            RopeScaling::Long { amplitude, .. } => amplitude as f32,
            RopeScaling::None | RopeScaling::Linear { .. } | RopeScaling::Llama3 { .. } => 1.0,
        };
        let angles = positions.iter().flat_map(|&(position, long)| {
            let frequencies = by_length[usize::from(long)].iter();
            frequencies.map(move |frequency| (position as f32 * frequency).sin_cos())
        });
        let (cos, sin) = angles
            .map(|(sin, cos)| (cos * amplitude, sin * amplitude))
            .unzip();
        Turns {
            cos,
            sin,
            pairs: self.pairs(head_dim),
        }
    }
}

impl RopeScaling {
    /// The frequency of a pair, 1 / `power` before scaling.
    fn apply(&self, pair: usize, power: f64, long: bool) -> f32 {
        let plain = 1.0 / power as f32;
        match self {
            Self::None => plain,
            Self::Linear { factor } => plain / *factor as f32,
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            } => {
                // In f32, like the reference: a last bit of a frequency becomes visible after some hundred positions.
                let (factor, low, high) = (
                    *factor as f32,
                    *low_freq_factor as f32,
                    *high_freq_factor as f32,
                );
                let context = *original_context as f32;
                let wavelength = TAU / plain;
                if wavelength < context / high {
                    plain
                } else if wavelength > context / low {
                    plain / factor
                } else {
                    let keep = (context / wavelength - low) / (high - low);
                    (1.0 - keep) * plain / factor + keep * plain
                }
            }
            Self::Long {
                short,
                long: factors,
                ..
            } => {
                let factors = if long { factors } else { short };
                let factor = factors.get(pair).map_or(1.0, |factor| *factor as f32);
                1.0 / (factor * power as f32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_frequencies_fall_from_one_by_powers_of_theta() {
        let rope = Rope {
            theta: 10_000.0,
            scaling: RopeScaling::None,
            share: 1.0,
        };
        let frequencies = rope.frequencies(8, false);
        for (found, expected) in frequencies.iter().zip([1.0, 0.1, 0.01, 0.001]) {
            assert!((found - expected).abs() < 1e-7, "{frequencies:?}");
        }
    }

    #[test]
    fn llama3_scaling_keeps_fast_pairs_and_divides_slow_ones() {
        let plain = Rope {
            theta: 500_000.0,
            scaling: RopeScaling::None,
            share: 1.0,
        };
        let scaled = Rope {
            theta: 500_000.0,
            scaling: RopeScaling::Llama3 {
                factor: 8.0,
                low_freq_factor: 1.0,
                high_freq_factor: 4.0,
                original_context: 8192,
            },
            share: 1.0,
        };
        let (a, b) = (
            plain.frequencies(128, false),
            scaled.frequencies(128, false),
        );
        assert!((a[0] - b[0]).abs() < f32::EPSILON);
        assert!((a[63] / b[63] - 8.0).abs() < 1e-4);
        assert!(a.iter().zip(&b).all(|(a, b)| b <= a && *b * 8.001 >= *a));
        assert!(b.windows(2).all(|pair| pair[1] < pair[0]));
    }
    #[test]
    fn long_texts_have_their_own_factors_and_a_part_of_a_head_is_turned() {
        let rope = Rope {
            theta: 100.0,
            scaling: RopeScaling::Long {
                short: vec![1.0, 2.0],
                long: vec![4.0, 8.0],
                original_context: 16,
                amplitude: 3.0,
            },
            share: 0.5,
        };
        assert_eq!((rope.pairs(8), rope.switches_behind()), (2, Some(16)));
        for (long, expected) in [(false, [1.0, 0.05]), (true, [0.25, 0.0125])] {
            for (found, expected) in rope.frequencies(8, long).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-7, "{long}: {found}");
            }
        }
        let turns = rope.turns(8, &[(0, false), (20, true)]);
        let rows: Vec<_> = turns.rows().collect();
        assert_eq!(rows.len(), 2);
        assert!((rows[0].0[1] - 3.0).abs() < 1e-6 && rows[0].1[1].abs() < 1e-6);
        assert!((rows[1].0[1] - 3.0 * 0.25f32.cos()).abs() < 1e-6);
    }
}
