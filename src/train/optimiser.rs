//! `AdamW` (Loshchilov and Hutter, 2019) over one vector, with the gradients of all shards added on the way.

use std::ops::Range;

use rayon::prelude::*;

use super::net::simd::vectorised;

/// Numbers handled together: fixed, so that sums do not depend on the number of threads.
const PIECE: usize = 1 << 14;
const EPSILON: f32 = 1e-8;

/// The optimiser's memory.
#[derive(Debug, Clone)]
pub(crate) struct AdamW {
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    /// Lengths of the pieces of the vector, and whether weight decay applies to them.
    pieces: Vec<(usize, bool)>,
}

/// One step's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride {
    /// From 1.
    pub(crate) step: u64,
    pub(crate) lr: f64,
    pub(crate) weight_decay: f64,
    pub(crate) betas: [f64; 2],
    pub(crate) clip: f64,
}

impl AdamW {
    /// `decayed`: ascending ranges to which weight decay applies.
    pub(crate) fn new(len: usize, decayed: &[Range<usize>]) -> Self {
        let mut pieces = Vec::new();
        let mut push = |range: Range<usize>, decay: bool| {
            for from in range.clone().step_by(PIECE) {
                pieces.push((PIECE.min(range.end - from), decay));
            }
        };
        let mut at = 0;
        for range in decayed {
            push(at..range.start, false);
            push(range.clone(), true);
            at = range.end;
        }
        push(at..len, false);
        Self {
            first: vec![0.0; len],
            second: vec![0.0; len],
            pieces,
        }
    }

    /// Adds the gradients together, shortens them to `clip`, moves the weights and zeroes the gradients.
    /// Returns the gradient's length before clipping.
    pub(crate) fn step(
        &mut self,
        weights: &mut [f32],
        grads: &mut [Vec<f32>],
        stride: Stride,
    ) -> f64 {
        let Some((total, others)) = grads.split_first_mut() else {
            return 0.0;
        };
        let others: &[Vec<f32>] = others;
        let squares: Vec<f64> = total
            .par_chunks_mut(PIECE)
            .enumerate()
            .map(|(piece, total)| {
                let at = piece * PIECE;
                vectorised(|| {
                    for other in others {
                        for (sum, value) in total.iter_mut().zip(&other[at..]) {
                            *sum += value;
                        }
                    }
                    let mut lanes = [0f64; 8];
                    let (whole, rest) = total.as_chunks::<8>();
                    for chunk in whole {
                        for (lane, value) in lanes.iter_mut().zip(chunk) {
                            *lane += f64::from(value * value);
                        }
                    }
                    let rest: f64 = rest.iter().map(|value| f64::from(value * value)).sum();
                    lanes.iter().sum::<f64>() + rest
                })
            })
            .collect();
        let norm = squares.iter().sum::<f64>().sqrt();
        let shrink = if norm > stride.clip {
            stride.clip / norm
        } else {
            1.0
        };
        self.apply(weights, total, shrink as f32, stride);
        grads.par_iter_mut().for_each(|grad| grad.fill(0.0));
        norm
    }

    fn apply(&mut self, weights: &mut [f32], grad: &[f32], shrink: f32, stride: Stride) {
        let [b1, b2] = stride.betas;
        let power = |beta: f64| 1.0 - beta.powf(stride.step as f64);
        let rate = (stride.lr / power(b1)) as f32;
        let correction = (1.0 / power(b2).sqrt()) as f32;
        let decay = (1.0 - stride.lr * stride.weight_decay) as f32;
        let [b1, b2] = [b1 as f32, b2 as f32];
        let mut tasks = Vec::with_capacity(self.pieces.len());
        let (mut weights, mut grad) = (weights, grad);
        let (mut first, mut second) = (self.first.as_mut_slice(), self.second.as_mut_slice());
        for &(len, decayed) in &self.pieces {
            let (w, g, m, v);
            (w, weights) = weights.split_at_mut(len);
            (g, grad) = grad.split_at(len);
            (m, first) = first.split_at_mut(len);
            (v, second) = second.split_at_mut(len);
            tasks.push((w, g, m, v, if decayed { decay } else { 1.0 }));
        }
        tasks.into_par_iter().for_each(|(w, g, m, v, decay)| {
            vectorised(|| {
                let numbers = w.iter_mut().zip(g).zip(m.iter_mut().zip(v));
                for ((w, g), (m, v)) in numbers {
                    let g = g * shrink;
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    *w = *w * decay - rate * *m / (v.sqrt() * correction + EPSILON);
                }
            });
        });
    }
}

/// Learning rate of a step (from 1): rises evenly over `warmup` steps, then falls along a cosine to `end` times its peak after
/// the last.
pub(crate) fn learning_rate(peak: f64, end: f64, step: u64, warmup: u64, steps: u64) -> f64 {
    if step <= warmup {
        return peak * step as f64 / warmup as f64;
    }
    let span = (steps.saturating_sub(warmup)).max(1) as f64;
    let done = ((step - 1 - warmup) as f64 / span).min(1.0);
    let cosine = peak * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    peak * end + (1.0 - end) * cosine
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIDE: Stride = Stride {
        step: 1,
        lr: 0.1,
        weight_decay: 0.5,
        betas: [0.9, 0.999],
        clip: 100.0,
    };

    #[test]
    fn the_first_steps_are_those_worked_out_by_hand() {
        // Step 1: m/(1−β1) = g and √(v/(1−β2)) = |g|, so the move is lr·sign(g) after decay by 1 − 0.1·0.5.
        let mut adam = AdamW::new(2, std::slice::from_ref(&(0..1)));
        let mut weights = vec![1.0, 1.0];
        let norm = adam.step(
            &mut weights,
            &mut [vec![0.5, -0.25], vec![0.5, -0.25]],
            STRIDE,
        );
        assert!((norm - 1.25f64.sqrt()).abs() < 1e-6);
        assert!((weights[0] - (0.95 - 0.1)).abs() < 1e-6, "{weights:?}");
        assert!((weights[1] - 1.1).abs() < 1e-6, "{weights:?}");
        // Step 2 with gradient 0: m = 0.09, v = 0.000999; hats 0.09/0.19 and 0.000999/0.001999.
        let second = Stride { step: 2, ..STRIDE };
        adam.step(&mut weights, &mut [vec![0.0, 0.0]], second);
        let expected = 0.85 * 0.95 - 0.1 * (0.09 / 0.19) / (0.000_999f64 / 0.001_999).sqrt();
        assert!(
            (f64::from(weights[0]) - expected).abs() < 1e-5,
            "{weights:?}"
        );
    }

    #[test]
    fn a_long_gradient_is_shortened_and_all_are_zeroed() {
        let clipped = Stride {
            clip: 1e-9,
            ..STRIDE
        };
        let mut adam = AdamW::new(40_000, &[]);
        let mut grads = [vec![3.0; 40_000]];
        let norm = adam.step(&mut vec![0.0; 40_000], &mut grads, clipped);
        assert!((norm - 600.0).abs() < 1e-3, "{norm}");
        assert!(adam.first.iter().all(|m| (m - 5e-13).abs() < 1e-15));
        assert!(grads[0].iter().all(|g| g.abs() < 1e-30));
    }

    #[test]
    fn the_rate_rises_to_its_peak_and_falls_to_its_end() {
        let rate = |step| learning_rate(2.0, 0.0, step, 10, 110);
        assert!((rate(1) - 0.2).abs() < 1e-12 && (rate(10) - 2.0).abs() < 1e-12);
        assert!((rate(11) - 2.0).abs() < 1e-12 && (rate(61) - 1.0).abs() < 1e-12);
        assert!(rate(110) < 1e-3 && rate(110) > 0.0);
        assert!((learning_rate(2.0, 0.0, 1, 0, 5) - 2.0).abs() < 1e-12);
        let held = |step| learning_rate(2.0, 0.25, step, 10, 110);
        assert!((held(5) - 1.0).abs() < 1e-12 && (held(11) - 2.0).abs() < 1e-12);
        assert!((held(61) - 1.25).abs() < 1e-12 && (held(110) - 0.5).abs() < 1e-3);
    }
}
