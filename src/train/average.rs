//! The mean of the weights along the last part of a run (Polyak and Juditsky, 1992): the noise of single steps cancels out.

use rayon::prelude::*;

use super::net::simd::vectorised;

/// Numbers handled together.
const PIECE: usize = 1 << 14;

/// The mean of what is trained, taken after each of the last steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Average {
    /// Steps that do not count, before those that do.
    skipped: u64,
    /// Empty as long as no step has counted.
    pub(crate) mean: Vec<f32>,
}

impl Average {
    /// Over the last `share` of `steps`, from 0 (none of them) to 1 (all).
    pub(crate) fn over(share: f64, steps: u64) -> Self {
        let counted = (share * steps as f64).round() as u64;
        Self {
            skipped: steps - counted.min(steps),
            mean: Vec::new(),
        }
    }

    /// Whether a step (from 1) counts.
    pub(crate) fn counts(&self, step: u64) -> bool {
        step > self.skipped
    }

    /// Takes the weights in that a step has left. Every step that counts has to come, in order.
    pub(crate) fn add(&mut self, step: u64, weights: &[f32]) {
        if !self.counts(step) {
            return;
        }
        if self.mean.is_empty() {
            self.mean = weights.to_vec();
            return;
        }
        let count = (step - self.skipped) as f32;
        let pieces = self.mean.par_chunks_mut(PIECE);
        pieces
            .zip(weights.par_chunks(PIECE))
            .for_each(|(mean, weights)| {
                vectorised(|| {
                    for (mean, weight) in mean.iter_mut().zip(weights) {
                        *mean += (weight - *mean) / count;
                    }
                });
            });
    }

    /// What a run has learnt so far: the mean, or the weights as they are where no step has counted.
    pub(crate) fn result<'a>(&'a self, weights: &'a [f32]) -> &'a [f32] {
        if self.mean.is_empty() {
            weights
        } else {
            &self.mean
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_the_last_steps() {
        let mut average = Average::over(0.5, 6);
        for (step, weight) in (1..).zip([9.0, 9.0, 9.0, 1.0, 2.0]) {
            average.add(step, &[weight, -weight]);
        }
        assert_eq!(average.result(&[2.0, -2.0]), [1.5, -1.5]);
        average.add(6, &[6.0, -6.0]);
        assert_eq!(average.result(&[6.0, -6.0]), [3.0, -3.0]);
    }

    #[test]
    fn without_a_share_the_weights_stay_as_they_are() {
        let mut average = Average::over(0.0, 2);
        average.add(1, &[1.0]);
        average.add(2, &[2.0]);
        assert_eq!(average.result(&[2.0]), [2.0]);
        assert!(average.mean.is_empty());
        let mut whole = Average::over(1.0, 2);
        whole.add(1, &[1.0]);
        whole.add(2, &[2.0]);
        assert_eq!(whole.result(&[2.0]), [1.5]);
    }
}
