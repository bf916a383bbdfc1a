//! Attention of single rows over cached keys and values.

use std::ops::Range;

use super::isa::{Isa, Kernel, Lanes, exp};
use super::product::Outputs;
use super::small::capped;
use super::team::Team;
use crate::model::error::ModelError;

/// Tokens whose keys and values lie together, and whose weights are worked out together.
pub const SPAN: usize = 64;

/// Rows of a text whose attention one thread works out at a time.
const PART_ROWS: usize = 8;

/// Products of keys and queries below which a job stays on one thread.
const SPREAD_ABOVE: usize = 1 << 14;

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
