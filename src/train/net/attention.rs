//! Causal attention over segments of a packed row of tokens, in blocks, with its gradient.
//!
//! A segment sees itself up to each token, and before that the whole of its prefix, if it has one: so the two answers
//! of a pair share one pass over their prompt. Nothing is padded. Probabilities are made again in the backward pass
//! from the saved logarithms of their sums, so memory grows with the tokens and not with their square.

use super::elementwise::softmax;
use super::matmul::{gemm, mat, mat_mut};
use super::simd::{dot, exp, vectorised};
use super::unit::Segment;

/// Query rows handled together: small enough for the cache, large enough for the product.
const BLOCK: usize = 64;

/// Sizes of the attention of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Query heads.
    pub(crate) queries: usize,
    /// Key and value heads.
    pub(crate) keys: usize,
    /// Numbers per head.
    pub(crate) dim: usize,
    /// How many positions back a token sees, itself included; all where `None`.
    pub(crate) window: Option<usize>,
}

impl Heads {
    /// Numbers in a row of queries, keys and values.
    pub(crate) fn row(&self) -> usize {
        (self.queries + 2 * self.keys) * self.dim
    }

    /// Where the queries, keys and values of query head `head` begin in a row.
    fn offsets(&self, head: usize) -> [usize; 3] {
        let shared = head / (self.queries / self.keys);
        [
            head * self.dim,
            (self.queries + shared) * self.dim,
            (self.queries + self.keys + shared) * self.dim,
        ]
    }

    fn scale(&self) -> f32 {
        1.0 / (self.dim as f32).sqrt()
    }

    /// First and last + 1 of the keys that the token at `position` sees.
    fn seen(&self, position: usize) -> (usize, usize) {
        let from = self
            .window
            .map_or(0, |window| (position + 1).saturating_sub(window));
        (from, position + 1)
    }
}

/// One block of query rows of one head, with everything needed to address it.
struct Block<'a> {
    heads: &'a Heads,
    segment: &'a Segment,
    /// First query row of the block within the segment, and how many.
    first: usize,
    rows: usize,
    head: usize,
}

impl Block<'_> {
    fn prefix(&self) -> usize {
        self.segment.prefix.len()
    }

    /// Keys that some row of the block sees: the prefix, then the segment up to the block's end.
    fn keys(&self) -> usize {
        self.prefix() + self.first + self.rows
    }

    /// The two runs of keys: first row in the packed tokens, how many, and their first column in the scores.
    fn runs(&self) -> [(usize, usize, usize); 2] {
        let prefix = self.prefix();
        [
            (self.segment.prefix.start, prefix, 0),
            (self.segment.own.start, self.first + self.rows, prefix),
        ]
    }

    fn query_start(&self) -> usize {
        self.segment.own.start + self.first
    }

    /// Scaled scores of the block's queries against its keys.
    fn scores(&self, qkv: &[f32], scores: &mut [f32]) {
        let (row, dim, keys) = (self.heads.row(), self.heads.dim, self.keys());
        let [q, k, _] = self.heads.offsets(self.head);
        let queries = mat(&qkv[self.query_start() * row + q..], self.rows, dim, row);
        for (start, count, column) in self.runs() {
            if count > 0 {
                let run = mat(&qkv[start * row + k..], count, dim, row);
                let out = mat_mut(&mut scores[column..], self.rows, count, keys);
                gemm(self.heads.scale(), &queries, &run.t(), 0.0, out);
            }
        }
    }
}

/// Calls `work` for each block of each segment and head.
fn each_block(heads: &Heads, segments: &[Segment], mut work: impl FnMut(&Block<'_>)) {
    for segment in segments {
        for head in 0..heads.queries {
            for first in (0..segment.own.len()).step_by(BLOCK) {
                work(&Block {
                    heads,
                    segment,
                    first,
                    rows: BLOCK.min(segment.own.len() - first),
                    head,
                });
            }
        }
    }
}

/// Room for the scores of one block.
pub(crate) fn scratch_len(segments: &[Segment]) -> usize {
    let longest = segments
        .iter()
        .map(|segment| segment.prefix.len() + segment.own.len())
        .max()
        .unwrap_or(0);
    BLOCK * longest
}

/// out = softmax(q·kᵀ / √dim)·v; `sums` keeps the logarithm of each row's sum, `[token][head]`.
pub(crate) fn attend(
    heads: &Heads,
    segments: &[Segment],
    qkv: &[f32],
    out: &mut [f32],
    sums: &mut [f32],
    scratch: &mut [f32],
) {
    let (row, dim) = (heads.row(), heads.dim);
    let width = heads.queries * dim;
    each_block(heads, segments, |block| {
        let keys = block.keys();
        let scores = &mut scratch[..block.rows * keys];
        block.scores(qkv, scores);
        vectorised(|| {
            for (i, scores) in scores.chunks_exact_mut(keys).enumerate() {
                let (from, to) = heads.seen(block.prefix() + block.first + i);
                let at = (block.query_start() + i) * heads.queries + block.head;
                sums[at] = softmax(scores, from, to);
            }
        });
        let v = heads.offsets(block.head)[2];
        let mut keep = 0.0;
        for (start, count, column) in block.runs() {
            if count > 0 {
                let shares = mat(&scores[column..], block.rows, count, keys);
                let values = mat(&qkv[start * row + v..], count, dim, row);
                let into = &mut out[block.query_start() * width + block.head * dim..];
                gemm(
                    1.0,
                    &shares,
                    &values,
                    keep,
                    mat_mut(into, block.rows, dim, width),
                );
                keep = 1.0;
            }
        }
    });
}

/// What the backward pass of attention reads.
pub(crate) struct Attended<'a> {
    pub(crate) qkv: &'a [f32],
    pub(crate) out: &'a [f32],
    pub(crate) sums: &'a [f32],
    pub(crate) dout: &'a [f32],
}

/// Writes the gradient with respect to queries, keys and values to `dqkv`.
pub(crate) fn attend_grad(
    heads: &Heads,
    segments: &[Segment],
    saved: &Attended<'_>,
    dqkv: &mut [f32],
    scratch: &mut [f32],
) {
    let (row, dim) = (heads.row(), heads.dim);
    let width = heads.queries * dim;
    dqkv.fill(0.0);
    let (shares, slopes) = scratch.split_at_mut(scratch.len() / 2);
    each_block(heads, segments, |block| {
        let keys = block.keys();
        let shares = &mut shares[..block.rows * keys];
        let slopes = &mut slopes[..block.rows * keys];
        let [q, k, v] = heads.offsets(block.head);
        let start = block.query_start();
        let at = start * width + block.head * dim;
        block.scores(saved.qkv, shares);
        let dout = mat(&saved.dout[at..], block.rows, dim, width);
        for (first, count, column) in block.runs() {
            if count > 0 {
                let values = mat(&saved.qkv[first * row + v..], count, dim, row);
                let into = mat_mut(&mut slopes[column..], block.rows, count, keys);
                gemm(1.0, &dout, &values.t(), 0.0, into);
            }
        }
        vectorised(|| {
            let rows = shares
                .chunks_exact_mut(keys)
                .zip(slopes.chunks_exact_mut(keys));
            for (i, (shares, slopes)) in rows.enumerate() {
                let at = at + i * width..at + i * width + dim;
                let mean = dot(&saved.dout[at.clone()], &saved.out[at]);
                let sum = saved.sums[(start + i) * heads.queries + block.head];
                let (from, to) = heads.seen(block.prefix() + block.first + i);
                for unseen in [0..from, to..keys] {
                    shares[unseen.clone()].fill(0.0);
                    slopes[unseen].fill(0.0);
                }
                let live = shares[from..to].iter_mut().zip(&mut slopes[from..to]);
                for (share, slope) in live {
                    *share = exp(*share - sum);
                    *slope = *share * (*slope - mean);
                }
            }
        });
        for (first, count, column) in block.runs() {
            if count == 0 {
                continue;
            }
            let shares = mat(&shares[column..], block.rows, count, keys);
            let slopes = mat(&slopes[column..], block.rows, count, keys);
            let values = &mut dqkv[first * row + v..];
            gemm(
                1.0,
                &shares.t(),
                &dout,
                1.0,
                mat_mut(values, count, dim, row),
            );
            let queries = mat(&saved.qkv[start * row + q..], block.rows, dim, row);
            let into = mat_mut(&mut dqkv[first * row + k..], count, dim, row);
            gemm(heads.scale(), &slopes.t(), &queries, 1.0, into);
            let run = mat(&saved.qkv[first * row + k..], count, dim, row);
            let into = mat_mut(&mut dqkv[start * row + q..], block.rows, dim, row);
            gemm(heads.scale(), &slopes, &run, 1.0, into);
        }
    });
}
