//! The memory-bound parts of a decoder, fused, with their gradients: norms, rotary positions, SwiGLU, dropout.

use super::simd::{dot, exp, sigmoid, sum, vectorised};

/// y = x / rms(x) · w, row by row; keeps 1 / rms(x) of each row for the gradient.
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32], scales: &mut [f32]) {
    let width = weight.len();
    vectorised(|| {
        let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
        for ((x, y), scale) in rows.zip(scales) {
            *scale = 1.0 / (dot(x, x) / width as f32 + eps).sqrt();
            for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
                *y = x * *scale * w;
            }
        }
    });
}

/// Adds the gradient with respect to x to `dx`, and to the weight to `dw` where one is wanted.
pub(crate) fn rms_norm_grad(
    x: &[f32],
    weight: &[f32],
    scales: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    mut dw: Option<&mut [f32]>,
) {
    let width = weight.len();
    vectorised(|| {
        let rows = x
            .chunks_exact(width)
            .zip(dy.chunks_exact(width))
            .zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), &scale) in rows.zip(scales) {
            let along = sum(width, |i| dy[i] * weight[i] * x[i]) / width as f32;
            let pull = along * scale * scale * scale;
            for (((dx, dy), x), w) in dx.iter_mut().zip(dy).zip(x).zip(weight) {
                *dx += dy * w * scale - x * pull;
            }
            if let Some(dw) = dw.as_deref_mut() {
                for ((dw, dy), x) in dw.iter_mut().zip(dy).zip(x) {
                    *dw += dy * x * scale;
                }
            }
        }
    });
}

/// Cosines and sines of the rotary embedding, one row of `head_dim / 2` per position.
#[derive(Debug, Clone)]
pub(crate) struct Rotary {
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
}

impl Rotary {
    /// `frequencies`: radians per position, `head_dim / 2` of them.
    pub(crate) fn new(frequencies: &[f32], positions: usize) -> Self {
        let angles = (0..positions)
            .flat_map(|position| frequencies.iter().map(move |f| position as f32 * f));
        let (sin, cos) = angles.map(f32::sin_cos).unzip();
        Self {
            cos,
            sin,
            half: frequencies.len(),
        }
    }

    /// Turns one head's vector to its position; `back` turns it the other way, which is the gradient.
    pub(crate) fn turn(&self, head: &mut [f32], position: usize, back: bool) {
        let at = position * self.half..(position + 1) * self.half;
        let (first, second) = head.split_at_mut(self.half);
        let (cos, sin) = (&self.cos[at.clone()], &self.sin[at]);
        let sign = if back { -1.0 } else { 1.0 };
        for (((a, b), c), s) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            let s = s * sign;
            (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
        }
    }
}

/// out = silu(gate) · up, where each row of `gate_up` holds the gates, then the ups.
pub(crate) fn swiglu(gate_up: &[f32], inner: usize, out: &mut [f32]) {
    vectorised(|| {
        let rows = gate_up.chunks_exact(2 * inner);
        for (row, out) in rows.zip(out.chunks_exact_mut(inner)) {
            let (gates, ups) = row.split_at(inner);
            for ((out, gate), up) in out.iter_mut().zip(gates).zip(ups) {
                *out = gate * sigmoid(*gate) * up;
            }
        }
    });
}

/// Replaces `gate_up` by the gradient with respect to it.
pub(crate) fn swiglu_grad(gate_up: &mut [f32], inner: usize, dout: &[f32]) {
    let rows = gate_up.chunks_exact_mut(2 * inner);
    for (row, dout) in rows.zip(dout.chunks_exact(inner)) {
        let (gates, ups) = row.split_at_mut(inner);
        pulp::Arch::new().dispatch(SwigluGrad { gates, ups, dout });
    }
}

/// One row of [`swiglu_grad`]. A closure would be too long for the compiler to take into the function that it compiles for
/// the vector unit, so this says that it must.
struct SwigluGrad<'a> {
    gates: &'a mut [f32],
    ups: &'a mut [f32],
    dout: &'a [f32],
}

impl pulp::WithSimd for SwigluGrad<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "part of a vectorised loop")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for ((gate, up), d) in self.gates.iter_mut().zip(self.ups).zip(self.dout) {
            let s = sigmoid(*gate);
            let silu = *gate * s;
            let slope = s + silu * (1.0 - s);
            (*gate, *up) = (d * *up * slope, d * silu);
        }
    }
}

/// Softmax of the first `keep` numbers of a row in place, the rest set to 0; returns the log of the sum.
pub(crate) fn softmax(row: &mut [f32], from: usize, keep: usize) -> f32 {
    row[..from].fill(0.0);
    row[keep..].fill(0.0);
    let live = &mut row[from..keep];
    let top = super::simd::max(live);
    for value in live.iter_mut() {
        *value = exp(*value - top);
    }
    let live = &*live;
    let total = sum(live.len(), |i| live[i]);
    let share = 1.0 / total;
    for value in &mut row[from..keep] {
        *value *= share;
    }
    top + total.ln()
}

/// Zeroes a share `rate` of the numbers and scales the others by 1 / (1 − rate), by a noise that depends on `key` and
/// the index alone, so that the gradient can draw the same again.
pub(crate) fn dropout(x: &[f32], rate: f32, key: u64, out: &mut [f32]) {
    let keep = 1.0 / (1.0 - rate);
    let bar = (f64::from(rate) * 4_294_967_296.0) as u32;
    let (low, high) = (key as u32, (key >> 32) as u32);
    vectorised(|| {
        for ((i, x), out) in (0u32..).zip(x).zip(out) {
            let dropped = noise(i, low, high) < bar;
            *out = if dropped { 0.0 } else { x * keep };
        }
    });
}

/// A 32-bit mixing function (multiply and shift, three rounds) over an index and a key.
#[expect(clippy::inline_always, reason = "part of a vectorised loop")]
#[inline(always)]
fn noise(index: u32, low: u32, high: u32) -> u32 {
    let mut x = index.wrapping_mul(0x9E37_79B1) ^ low;
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13) ^ high).wrapping_mul(0xC2B2_AE35);
    x = (x ^ (x >> 16)).wrapping_mul(0x27D4_EB2F);
    x ^ (x >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(len: usize, phase: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * 0.7 + phase).sin()).collect()
    }

    /// Compares a gradient with central differences of Σ c·f(x).
    fn check(x: &[f32], grad: &[f32], value: impl Fn(&[f32]) -> f64) {
        for i in 0..x.len() {
            let mut moved = x.to_vec();
            moved[i] = x[i] + 1e-2;
            let above = value(&moved);
            moved[i] = x[i] - 1e-2;
            let slope = (above - value(&moved)) / 2e-2;
            assert!(
                (slope - f64::from(grad[i])).abs() < 1e-3,
                "{i}: {slope} and {}",
                grad[i]
            );
        }
    }

    fn weighed(y: &[f32], c: &[f32]) -> f64 {
        y.iter().zip(c).map(|(y, c)| f64::from(y * c)).sum()
    }

    #[test]
    fn the_norms_gradient_agrees_with_finite_differences() {
        let (x, w, c) = (wave(10, 0.3), wave(5, 1.0), wave(10, 2.0));
        let norm = |x: &[f32], w: &[f32]| {
            let (mut y, mut scales) = (vec![0.0; 10], vec![0.0; 2]);
            rms_norm(x, w, 1e-5, &mut y, &mut scales);
            (y, scales)
        };
        let (_, scales) = norm(&x, &w);
        let (mut dx, mut dw) = (vec![0.0; 10], vec![0.0; 5]);
        rms_norm_grad(&x, &w, &scales, &c, &mut dx, Some(&mut dw));
        check(&x, &dx, |x| weighed(&norm(x, &w).0, &c));
        check(&w, &dw, |w| weighed(&norm(&x, w).0, &c));
    }

    #[test]
    fn the_gated_units_gradient_agrees_with_finite_differences() {
        let (x, c) = (wave(12, 0.5), wave(6, 1.5));
        let forward = |x: &[f32]| {
            let mut out = vec![0.0; 6];
            swiglu(x, 3, &mut out);
            out
        };
        let mut grad = x.clone();
        swiglu_grad(&mut grad, 3, &c);
        check(&x, &grad, |x| weighed(&forward(x), &c));
    }

    #[test]
    fn turning_back_undoes_turning() {
        let rotary = Rotary::new(&[1.0, 0.1], 9);
        let before = wave(4, 0.2);
        let mut head = before.clone();
        rotary.turn(&mut head, 8, false);
        assert!((head[0] - before[0]).abs() > 1e-3);
        rotary.turn(&mut head, 8, true);
        for (a, b) in head.iter().zip(&before) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn dropout_keeps_the_mean_and_draws_the_same_again() {
        let x = vec![1.0; 100_000];
        let (mut one, mut two, mut other) = (x.clone(), x.clone(), x.clone());
        dropout(&x, 0.2, 7, &mut one);
        dropout(&x, 0.2, 7, &mut two);
        dropout(&x, 0.2, 8, &mut other);
        let mean = one.iter().map(|v| f64::from(*v)).sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert_eq!(one, two);
        let same = one
            .iter()
            .zip(&other)
            .filter(|(a, b)| (*a - *b).abs() < 1e-6)
            .count();
        assert!((66_000..70_000).contains(&same), "{same}");
    }
}
