//! What stands between the products of a step, but for attention: norms, gates, caps, positions.

use super::isa::{Isa, Kernel, Lanes, exp};
use super::product::Outputs;
use super::team::Team;

/// Gates, or numbers to be capped, that one thread computes at a time; whole vectors.
const GATE_PART: usize = 8192;

/// `x / √(mean x² + ε) · weight` for each row of `x`, which is as long as `weight`.
pub fn rms_norm(isa: Isa, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    isa.run(Norm {
        x,
        weight,
        eps,
        out,
    });
}

/// The same in place, for heads of queries and keys.
pub fn rms_norm_in_place(isa: Isa, x: &mut [f32], weight: &[f32], eps: f32) {
    isa.run(NormInPlace { x, weight, eps });
}

struct NormInPlace<'a> {
    x: &'a mut [f32],
    weight: &'a [f32],
    eps: f32,
}

impl Kernel for NormInPlace<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let width = self.weight.len().max(1);
        for row in self.x.chunks_exact_mut(width) {
            let scale = 1.0 / (dot(l, row, row) / width as f32 + self.eps).sqrt();
            for (x, weight) in row.iter_mut().zip(self.weight) {
                *x = *x * scale * weight;
            }
        }
    }
}

struct Norm<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl Kernel for Norm<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let width = self.weight.len().max(1);
        let rows = self.x.chunks_exact(width);
        for (x, out) in rows.zip(self.out.chunks_exact_mut(width)) {
            let scale = 1.0 / (dot(l, x, x) / width as f32 + self.eps).sqrt();
            for ((out, x), weight) in out.iter_mut().zip(x).zip(self.weight) {
                *out = x * scale * weight;
            }
        }
    }
}

/// What the gate of a feed-forward part goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x / (1 + e⁻ˣ)`
    Silu,
    /// GELU in its approximation by tanh.
    GeluTanh,
}

/// `activation(gate) · up`, into `gate`.
pub fn gate(team: &Team, isa: Isa, activation: Activation, gate: &mut [f32], up: &[f32]) {
    let len = gate.len().min(up.len());
    let out = Outputs::new(&mut gate[..len], len);
    team.run(len.div_ceil(GATE_PART), &|part| {
        let range = part * GATE_PART..((part + 1) * GATE_PART).min(len);
        // SAFETY: each part has its range to itself.
        let gate = unsafe { out.get(0, range.clone()) };
        let up = &up[range];
        match activation {
            Activation::Silu => isa.run(Gate::<false> { gate, up }),
            Activation::GeluTanh => isa.run(Gate::<true> { gate, up }),
        }
    });
}

/// Both activations are `x / (1 + e⁻ᶻ)`: with z = x for silu, and with z = √(8/π)·(x + 0.044715·x³) for GELU, since
/// (1 + tanh y) / 2 = 1 / (1 + e⁻²ʸ).
struct Gate<'a, const GELU: bool> {
    gate: &'a mut [f32],
    up: &'a [f32],
}

impl<const GELU: bool> Kernel for Gate<'_, GELU> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut gates = self.gate.chunks_exact_mut(L::WIDTH);
        let mut ups = self.up.chunks_exact(L::WIDTH);
        for (gate, up) in gates.by_ref().zip(ups.by_ref()) {
            gated::<L, GELU>(l, gate, up);
        }
        let (mut last, mut last_up) = ([0f32; 16], [0f32; 16]);
        let (gate, up) = (gates.into_remainder(), ups.remainder());
        let left = gate.len().min(up.len());
        last[..left].copy_from_slice(&gate[..left]);
        last_up[..left].copy_from_slice(&up[..left]);
        gated::<L, GELU>(l, &mut last[..L::WIDTH], &last_up[..L::WIDTH]);
        gate[..left].copy_from_slice(&last[..left]);
    }
}

/// One vector of gates. No closure: those do not take part in the set of instructions that their function is compiled for.
#[inline(always)]
fn gated<L: Lanes, const GELU: bool>(l: L, gate: &mut [f32], up: &[f32]) {
    assert!(gate.len() == L::WIDTH && up.len() == L::WIDTH);
    // SAFETY: both slices have WIDTH numbers.
    unsafe {
        let x = l.load(gate.as_ptr());
        let minus_z = if GELU {
            let cubic = l.fma(l.mul(x, x), l.splat(-0.071_354_816), l.splat(-1.595_769));
            l.mul(x, cubic)
        } else {
            l.mul(x, l.splat(-1.0))
        };
        let e = exp(l, minus_z);
        let active = l.div(x, l.add(e, l.splat(1.0)));
        l.store(gate.as_mut_ptr(), l.mul(active, l.load(up.as_ptr())));
    }
}

/// `cap · tanh(x / cap)`, in place.
pub fn soft_cap(team: &Team, isa: Isa, cap: f32, x: &mut [f32]) {
    let len = x.len();
    let out = Outputs::new(x, len);
    team.run(len.div_ceil(GATE_PART), &|part| {
        let range = part * GATE_PART..((part + 1) * GATE_PART).min(len);
        // SAFETY: each part has its range to itself.
        let x = unsafe { out.get(0, range) };
        isa.run(SoftCap { cap, x });
    });
}

struct SoftCap<'a> {
    cap: f32,
    x: &'a mut [f32],
}

impl Kernel for SoftCap<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut chunks = self.x.chunks_exact_mut(L::WIDTH);
        for chunk in chunks.by_ref() {
            capped(l, self.cap, chunk);
        }
        let rest = chunks.into_remainder();
        let mut last = [0f32; 16];
        last[..rest.len()].copy_from_slice(rest);
        capped(l, self.cap, &mut last[..L::WIDTH]);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// One vector of `cap · tanh(x / cap)`. The hyperbolic tangent is a quotient of polynomials (Eigen's coefficients), right
/// to some 5 units of the last place also near 0, where a formula with exponentials would not be.
#[inline(always)]
pub(super) fn capped<L: Lanes>(l: L, cap: f32, x: &mut [f32]) {
    assert!(x.len() == L::WIDTH);
    // SAFETY: the slice has WIDTH numbers.
    unsafe {
        let y = l.mul(l.load(x.as_ptr()), l.splat(1.0 / cap));
        // From here on it is 1. In this order, what is not a number stays so.
        let y = l.min(l.splat(7.905_311), l.max(l.splat(-7.905_311), y));
        let square = l.mul(y, y);
        let mut above = l.splat(-2.760_768_5e-16);
        for c in [
            2.000_188e-13,
            -8.604_672e-11,
            5.122_297e-8,
            1.485_722_4e-5,
            6.372_619e-4,
            4.893_524_6e-3,
        ] {
            above = l.fma(above, square, l.splat(c));
        }
        let mut below = l.splat(1.198_258_4e-6);
        for c in [1.185_347e-4, 2.268_434_6e-3, 4.893_525e-3] {
            below = l.fma(below, square, l.splat(c));
        }
        let tanh = l.div(l.mul(y, above), below);
        l.store(x.as_mut_ptr(), l.mul(tanh, l.splat(cap)));
    }
}

/// Turns each head of a row to its position: the pairs (i, i + n), of which there are n, by the n angles whose cosines and
/// sines are given.
pub fn turn(row: &mut [f32], width: usize, cos: &[f32], sin: &[f32]) {
    for head in row.chunks_exact_mut(width.max(1)) {
        let (left, right) = head.split_at_mut(cos.len().min(width / 2));
        for (((a, b), cos), sin) in left.iter_mut().zip(right).zip(cos).zip(sin) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

/// `Σ a·b`
#[inline(always)]
fn dot<L: Lanes>(l: L, a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let mut sums = [l.splat(0.0); 4];
    let mut at = 0;
    while at + L::WIDTH <= len {
        for sum in &mut sums {
            if at + L::WIDTH <= len {
                // SAFETY: as just checked.
                unsafe {
                    *sum = l.fma(l.load(a.as_ptr().add(at)), l.load(b.as_ptr().add(at)), *sum);
                };
                at += L::WIDTH;
            }
        }
    }
    let sum = l.add(l.add(sums[0], sums[2]), l.add(sums[1], sums[3]));
    let mut sum = l.sum(sum);
    for (a, b) in a[at..len].iter().zip(&b[at..len]) {
        sum = l.fma_one(*a, *b, sum);
    }
    sum
}
