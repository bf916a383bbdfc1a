//! What stands between the products of a step: norms, gates, positions, and attention of single rows.

use std::ops::Range;

use super::isa::{Isa, Kernel, Lanes, exp};
use super::product::Outputs;
use super::team::Team;
use crate::model::error::ModelError;

/// Tokens whose keys and values lie together, and whose weights are worked out together.
pub const SPAN: usize = 64;

/// Gates, or numbers to be capped, that one thread computes at a time; whole vectors.
const GATE_PART: usize = 8192;

/// Rows of a text whose attention one thread works out at a time.
const PART_ROWS: usize = 8;

/// Products of keys and queries below which a job stays on one thread.
const SPREAD_ABOVE: usize = 1 << 14;

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
            let cubic = l.fma(l.mul(x, x), l.splat(-0.071_354_816), l.splat(-1.595_769_1));
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
fn capped<L: Lanes>(l: L, cap: f32, x: &mut [f32]) {
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

/// The sizes of attention.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Query heads; a multiple of `kv_heads`.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub width: usize,
    /// What products of queries and keys are multiplied by, usually 1/√width.
    pub scale: f32,
    /// Scores s become `cap · tanh(s / cap)` where there is one.
    pub cap: Option<f32>,
}

/// The cached keys and values of [`SPAN`] tokens, each `[kv_heads, SPAN, width]`.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// Keys.
    pub keys: &'a [f32],
    /// Values.
    pub values: &'a [f32],
}

/// The cache of one text, and what its new rows see of it.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Keys and values from the first token on.
    pub spans: &'a [Span<'a>],
    /// Tokens that each of its rows sees: at least one.
    pub rows: &'a [Range<usize>],
}

/// Softmax(q·kᵀ·scale)·v: queries `[rows, heads, width]` into `out` of the same shape, text by text.
///
/// # Errors
/// Lengths that do not fit each other.
pub fn attend(
    team: &Team,
    isa: Isa,
    sizes: Heads,
    queries: &[f32],
    texts: &[Attention<'_>],
    out: &mut [f32],
) -> Result<(), ModelError> {
    check(sizes, queries, texts, out)?;
    let row_width = sizes.heads * sizes.width;
    let group = sizes.heads / sizes.kv_heads;
    let mut parts = Vec::new();
    let (mut row, mut work) = (0, 0);
    for text in texts {
        for rows in text.rows.chunks(PART_ROWS) {
            parts.extend((0..sizes.kv_heads).map(|head| (text, rows, row, head)));
            row += rows.len();
            work += rows.iter().map(Range::len).sum::<usize>() * row_width;
        }
    }
    let outputs = Outputs::new(out, row_width);
    let one = |part: usize| {
        let (text, rows, first, head) = parts[part];
        isa.run(OneHead {
            spans: text.spans,
            head,
            sizes,
            rows,
            queries: &queries[first * row_width..],
            row_width,
            columns: head * group * sizes.width..(head + 1) * group * sizes.width,
            first,
            out: outputs,
        });
    };
    if work < SPREAD_ABOVE {
        (0..parts.len()).for_each(one);
    } else {
        team.run(parts.len(), &one);
    }
    Ok(())
}

fn check(
    sizes: Heads,
    queries: &[f32],
    texts: &[Attention<'_>],
    out: &[f32],
) -> Result<(), ModelError> {
    let Heads {
        heads,
        kv_heads,
        width,
        ..
    } = sizes;
    let cache_fits = |text: &Attention<'_>| {
        let len = kv_heads * SPAN * width;
        let whole = |span: &Span<'_>| span.keys.len() == len && span.values.len() == len;
        let known = text.spans.len() * SPAN;
        let seen = |seen: &Range<usize>| seen.start < seen.end && seen.end <= known;
        text.spans.iter().all(whole) && text.rows.iter().all(seen)
    };
    let rows: usize = texts.iter().map(|text| text.rows.len()).sum();
    let rows_fit = queries.len() == rows * heads * width && out.len() == queries.len();
    if width > 0
        && kv_heads > 0
        && heads.is_multiple_of(kv_heads)
        && rows_fit
        && texts.iter().all(cache_fits)
    {
        return Ok(());
    }
    Err(ModelError::misfit(
        "attention was asked for with lengths that do not fit each other".to_owned(),
        "The model's files may belong to different models",
    ))
}

/// The query heads that share one key head, for some rows of a text.
struct OneHead<'a> {
    spans: &'a [Span<'a>],
    /// Which key head.
    head: usize,
    sizes: Heads,
    /// What each row sees.
    rows: &'a [Range<usize>],
    /// From the first row on, `[rows, row_width]`.
    queries: &'a [f32],
    row_width: usize,
    /// Of these query heads, within a row.
    columns: Range<usize>,
    /// Which row of `out` is the first.
    first: usize,
    out: Outputs<'a>,
}

impl Kernel for OneHead<'_> {
    /// Goes over the tokens once, in spans; what was summed before shrinks when a larger score turns up (Milakov and
    /// Gimelshein, "Online normalizer calculation for softmax", 2018). Spans begin at fixed tokens, so that a row's sums
    /// do not depend on the rows beside it.
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Heads {
            width, scale, cap, ..
        } = self.sizes;
        let group = self.columns.len() / width;
        let mut states = vec![(f32::NEG_INFINITY, 0f32); self.rows.len() * group];
        let begin = self.rows.iter().map(|row| row.start).min().unwrap_or(0);
        let end = self.rows.iter().map(|row| row.end).max().unwrap_or(0);
        for span in begin / SPAN..end.div_ceil(SPAN) {
            for (index, seen) in self.rows.iter().enumerate() {
                let from = seen.start.max(span * SPAN);
                let to = seen.end.min((span + 1) * SPAN);
                if from >= to {
                    continue;
                }
                let first = (self.head * SPAN + from - span * SPAN) * width;
                let keys = &self.spans[span].keys[first..][..(to - from) * width];
                let values = &self.spans[span].values[first..][..(to - from) * width];
                let queries = &self.queries[index * self.row_width..][self.columns.clone()];
                // SAFETY: these heads of these rows belong to this part alone.
                let out = unsafe { self.out.get(self.first + index, self.columns.clone()) };
                let heads = queries.chunks_exact(width).zip(out.chunks_exact_mut(width));
                let states = &mut states[index * group..][..group];
                for ((query, out), (most, total)) in heads.zip(states) {
                    let mut weights = [f32::NEG_INFINITY; SPAN];
                    scores(l, query, keys, scale, &mut weights);
                    if let Some(cap) = cap {
                        for chunk in weights.chunks_exact_mut(L::WIDTH) {
                            capped(l, cap, chunk);
                        }
                    }
                    let before = *most;
                    for weight in &weights[..to - from] {
                        *most = if *weight > *most { *weight } else { *most };
                    }
                    let shrink = shares(l, &mut weights, to - from, before, *most);
                    *total = *total * shrink + weights.iter().sum::<f32>();
                    if before == f32::NEG_INFINITY {
                        out.fill(0.0);
                    }
                    gather(l, shrink, &weights[..to - from], values, out);
                }
            }
        }
        for (index, states) in states.chunks_exact(group).enumerate() {
            // SAFETY: as above.
            let out = unsafe { self.out.get(self.first + index, self.columns.clone()) };
            for (out, (_, total)) in out.chunks_exact_mut(width).zip(states) {
                for out in out {
                    *out /= total;
                }
            }
        }
    }
}

/// `q·k · scale` for up to [`SPAN`] keys.
#[inline(always)]
fn scores<L: Lanes>(l: L, query: &[f32], keys: &[f32], scale: f32, out: &mut [f32; SPAN]) {
    let width = query.len();
    let count = (keys.len() / width).min(SPAN);
    let whole = width - width % L::WIDTH;
    for first in (0..count).step_by(4) {
        // The last keys of a number that is not whole are multiplied again.
        let key = |index: usize| (first + index).min(count - 1);
        let mut sums = [l.splat(0.0); 4];
        for at in (0..whole).step_by(L::WIDTH) {
            // SAFETY: at + WIDTH ≤ width, and keys below `count` lie in the slice.
            unsafe {
                let q = l.load(query.as_ptr().add(at));
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = l.fma(q, l.load(keys.as_ptr().add(key(index) * width + at)), *sum);
                }
            }
        }
        for (index, mut sum) in l.four_sums(sums).into_iter().enumerate() {
            for at in whole..width {
                sum = l.fma_one(query[at], keys[key(index) * width + at], sum);
            }
            out[key(index)] = sum * scale;
        }
    }
}

/// Scores to e^(score − most), 0 behind the first `len`; returns e^(before − most).
#[inline(always)]
fn shares<L: Lanes>(l: L, weights: &mut [f32; SPAN], len: usize, before: f32, most: f32) -> f32 {
    for chunk in weights.chunks_exact_mut(L::WIDTH) {
        // SAFETY: the chunk has WIDTH numbers.
        unsafe {
            let x = l.add(l.load(chunk.as_ptr()), l.splat(-most));
            l.store(chunk.as_mut_ptr(), exp(l, x));
        }
    }
    weights[len..].fill(0.0);
    let mut one = [before - most; 16];
    // SAFETY: 16 ≥ WIDTH numbers.
    unsafe { l.store(one.as_mut_ptr(), exp(l, l.load(one.as_ptr()))) };
    one[0]
}

/// `out · shrink + Σ weight · value`.
#[inline(always)]
fn gather<L: Lanes>(l: L, shrink: f32, weights: &[f32], values: &[f32], out: &mut [f32]) {
    let width = out.len();
    let whole = width - width % L::WIDTH;
    let mut at = 0;
    while at < whole {
        // As many vectors at once as there are independent sums to keep the processor busy.
        let vectors = ((whole - at) / L::WIDTH).min(4);
        match vectors {
            1 => gather_some::<L, 1>(l, shrink, weights, values, out, at),
            2 => gather_some::<L, 2>(l, shrink, weights, values, out, at),
            3 => gather_some::<L, 3>(l, shrink, weights, values, out, at),
            _ => gather_some::<L, 4>(l, shrink, weights, values, out, at),
        }
        at += vectors * L::WIDTH;
    }
    for at in whole..width {
        let mut sum = out[at] * shrink;
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            sum = l.fma_one(*weight, value[at], sum);
        }
        out[at] = sum;
    }
}

#[inline(always)]
fn gather_some<L: Lanes, const N: usize>(
    l: L,
    shrink: f32,
    weights: &[f32],
    values: &[f32],
    out: &mut [f32],
    at: usize,
) {
    let width = out.len();
    assert!(at + N * L::WIDTH <= width && values.len() >= weights.len() * width);
    // SAFETY: as just checked, N vectors fit behind `at` in `out` and in each token's values.
    unsafe {
        let shrink = l.splat(shrink);
        let mut sums: [L::F; N] =
            std::array::from_fn(|i| l.mul(l.load(out.as_ptr().add(at + i * L::WIDTH)), shrink));
        for (token, &weight) in weights.iter().enumerate() {
            let (weight, from) = (l.splat(weight), values.as_ptr().add(token * width + at));
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = l.fma(weight, l.load(from.add(i * L::WIDTH)), *sum);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            l.store(out.as_mut_ptr().add(at + i * L::WIDTH), sum);
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
