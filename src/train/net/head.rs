//! From hidden states to log-probabilities and back, a few rows at a time, so that logits stay in the cache.

use super::matmul::{mat, mat_mut, product};
use super::simd::{exp, max, sum, vectorised};
use crate::domain::TokenId;
use crate::train::config::Products;
use ndarray::ArrayView2;

/// Rows of logits that exist at a time.
fn rows_at_a_time(products: Products) -> usize {
    match products {
        Products::Full => 128,
        // Faster products wait for the weights and their gradient, which each piece goes through once.
        Products::Half => 512,
    }
}

/// What the gradient of the head needs.
pub(crate) struct HeadGrad<'a> {
    /// Per row: how much the loss grows with −log p of its target.
    pub(crate) pull: &'a [f32],
    /// Gradient with respect to the hidden states, written.
    pub(crate) dx: &'a mut [f32],
    /// Gradient with respect to the weights, added to, in the layout of `turned`.
    pub(crate) dw: Option<&'a mut [f32]>,
}

/// The head's weights: `[hidden, vocab]`, or the embedding `[vocab, hidden]` that is read turned round.
#[derive(Clone, Copy)]
pub(crate) struct HeadWeights<'a> {
    pub(crate) weights: &'a [f32],
    pub(crate) hidden: usize,
    pub(crate) vocab: usize,
    /// Whether `weights` is the embedding.
    pub(crate) tied: bool,
    /// How exact the products are.
    pub(crate) products: Products,
}

impl HeadWeights<'_> {
    fn view(&self) -> ArrayView2<'_, f32> {
        if self.tied {
            mat(self.weights, self.vocab, self.hidden, self.hidden).reversed_axes()
        } else {
            mat(self.weights, self.hidden, self.vocab, self.vocab)
        }
    }
}

/// Log-probability (nats) of each row's target, written to `log_probs`; with `grad`, the gradient as well.
pub(crate) fn head(
    weights: HeadWeights<'_>,
    x: &[f32],
    targets: impl Fn(usize) -> TokenId,
    log_probs: &mut [f32],
    mut grad: Option<HeadGrad<'_>>,
    logits: &mut Vec<f32>,
) {
    let (hidden, vocab) = (weights.hidden, weights.vocab);
    let count = log_probs.len();
    let most = rows_at_a_time(weights.products);
    logits.resize(most.min(count) * vocab, 0.0);
    for first in (0..count).step_by(most) {
        let rows = most.min(count - first);
        let logits = &mut logits[..rows * vocab];
        let hidden_rows = mat(&x[first * hidden..], rows, hidden, hidden);
        let into = mat_mut(logits, rows, vocab, vocab);
        product(weights.products, &hidden_rows, &weights.view(), false, into);
        let pull = grad.as_ref().map(|grad| &grad.pull[first..first + rows]);
        for (row, logits) in logits.chunks_exact_mut(vocab).enumerate() {
            let target = targets(first + row) as usize;
            log_probs[first + row] = row_loss(logits, target, pull.map(|pull| pull[row]));
        }
        let Some(grad) = grad.as_mut() else {
            continue;
        };
        let slopes = mat(logits, rows, vocab, vocab);
        let dx = mat_mut(&mut grad.dx[first * hidden..], rows, hidden, hidden);
        product(weights.products, &slopes, &weights.view().t(), false, dx);
        if let Some(dw) = grad.dw.as_deref_mut() {
            if weights.tied {
                product(
                    weights.products,
                    &slopes.t(),
                    &hidden_rows,
                    true,
                    mat_mut(dw, vocab, hidden, hidden),
                );
            } else {
                product(
                    weights.products,
                    &hidden_rows.t(),
                    &slopes,
                    true,
                    mat_mut(dw, hidden, vocab, vocab),
                );
            }
        }
    }
}

/// log p of the target; with `pull`, the row becomes the gradient of −pull·log p.
fn row_loss(logits: &mut [f32], target: usize, pull: Option<f32>) -> f32 {
    let score = logits[target];
    vectorised(|| {
        let top = max(logits);
        for value in logits.iter_mut() {
            *value = exp(*value - top);
        }
        let total = {
            let row = &*logits;
            sum(row.len(), |i| row[i])
        };
        if let Some(pull) = pull {
            let share = pull / total;
            for value in logits.iter_mut() {
                *value *= share;
            }
            logits[target] -= pull;
        }
        score - top - total.ln()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_of_the_head_agrees_with_finite_differences() {
        let weights: Vec<f32> = (0..15).map(|i| (i as f32 * 1.3).sin()).collect();
        let x: Vec<f32> = (0..6).map(|i| (i as f32 * 0.9).cos()).collect();
        let pull = [0.5, -1.5];
        let loss = |w: &[f32], x: &[f32], tied: bool| {
            let weights = HeadWeights {
                weights: w,
                hidden: 3,
                vocab: 5,
                tied,
                products: Products::Full,
            };
            let mut out = [0.0; 2];
            head(
                weights,
                x,
                |row| row as u32 + 2,
                &mut out,
                None,
                &mut Vec::new(),
            );
            -f64::from(pull[0] * out[0] + pull[1] * out[1])
        };
        for tied in [false, true] {
            let (mut dx, mut dw) = (vec![0.0; 6], vec![0.0; 15]);
            let grad = HeadGrad {
                pull: &pull,
                dx: &mut dx,
                dw: Some(&mut dw),
            };
            let head_weights = HeadWeights {
                weights: &weights,
                hidden: 3,
                vocab: 5,
                tied,
                products: Products::Full,
            };
            head(
                head_weights,
                &x,
                |row| row as u32 + 2,
                &mut [0.0; 2],
                Some(grad),
                &mut Vec::new(),
            );
            for (i, slope) in dx.iter().enumerate() {
                let mut moved = x.clone();
                moved[i] += 1e-2;
                let above = loss(&weights, &moved, tied);
                moved[i] -= 2e-2;
                let found = (above - loss(&weights, &moved, tied)) / 2e-2;
                assert!((found - f64::from(*slope)).abs() < 1e-3, "{found} {slope}");
            }
            for (i, slope) in dw.iter().enumerate() {
                let mut moved = weights.clone();
                moved[i] += 1e-2;
                let above = loss(&moved, &x, tied);
                moved[i] -= 2e-2;
                let found = (above - loss(&moved, &x, tied)) / 2e-2;
                assert!((found - f64::from(*slope)).abs() < 1e-3, "{found} {slope}");
            }
        }
    }
}
