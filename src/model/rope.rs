//! Rotary positions (Su et al., 2021), with the frequency scalings that the Llama family uses.

use std::f32::consts::TAU;

/// Base frequency and scaling of the rotary positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// θ: pair i of a head turns by `position · θ^(−2i/head_dim)`.
    pub theta: f64,
    /// What is done to those frequencies to reach longer contexts.
    pub scaling: RopeScaling,
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
}

impl Rope {
    /// Radians per position of each of the `head_dim / 2` pairs.
    #[must_use]
    pub fn frequencies(&self, head_dim: usize) -> Vec<f32> {
        (0..head_dim / 2)
            .map(|pair| {
                let exponent = f64::from((2 * pair) as f32 / head_dim as f32);
                self.scaling.apply(1.0 / self.theta.powf(exponent) as f32)
            })
            .collect()
    }
}

impl RopeScaling {
    fn apply(&self, plain: f32) -> f32 {
        match *self {
            Self::None => plain,
            Self::Linear { factor } => plain / factor as f32,
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            } => {
                // In f32, like the reference: a last bit of a frequency becomes visible after some hundred positions.
                let (factor, low, high) = (
                    factor as f32,
                    low_freq_factor as f32,
                    high_freq_factor as f32,
                );
                let context = original_context as f32;
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
        }
    }
}

/// Cosines and sines, row by row (`[positions, pairs]`), for the given positions.
#[must_use]
pub fn angles(frequencies: &[f32], positions: &[usize]) -> (Vec<f32>, Vec<f32>) {
    positions
        .iter()
        .flat_map(|&position| {
            frequencies
                .iter()
                .map(move |frequency| (position as f32 * frequency).sin_cos())
        })
        .map(|(sin, cos)| (cos, sin))
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_frequencies_fall_from_one_by_powers_of_theta() {
        let rope = Rope {
            theta: 10_000.0,
            scaling: RopeScaling::None,
        };
        let frequencies = rope.frequencies(8);
        for (found, expected) in frequencies.iter().zip([1.0, 0.1, 0.01, 0.001]) {
            assert!((found - expected).abs() < 1e-7, "{frequencies:?}");
        }
    }

    #[test]
    fn llama3_scaling_keeps_fast_pairs_and_divides_slow_ones() {
        let plain = Rope {
            theta: 500_000.0,
            scaling: RopeScaling::None,
        };
        let scaled = Rope {
            theta: 500_000.0,
            scaling: RopeScaling::Llama3 {
                factor: 8.0,
                low_freq_factor: 1.0,
                high_freq_factor: 4.0,
                original_context: 8192,
            },
        };
        let (a, b) = (plain.frequencies(128), scaled.frequencies(128));
        assert!((a[0] - b[0]).abs() < f32::EPSILON);
        assert!((a[63] / b[63] - 8.0).abs() < 1e-4);
        assert!(a.iter().zip(&b).all(|(a, b)| b <= a && *b * 8.001 >= *a));
        assert!(b.windows(2).all(|pair| pair[1] < pair[0]));
    }
}
