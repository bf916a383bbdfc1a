//! Searches among a step's mixed scores, on the vector units.
#![expect(
    clippy::inline_always,
    reason = "helpers must end up inside the function that is compiled for the vector unit"
)]

use std::f32::consts::LOG2_E;

use pulp::{Simd, WithSimd};

use super::kernel::{BLOCK, LANES, Scratch, block_of, largest};
use super::row::KeptRow;
use crate::engine::lanes::{exp2, run};

struct Collect<'a, F> {
    scratch: &'a Scratch,
    least: f32,
    visit: F,
}

impl<F: FnMut(usize)> WithSimd for Collect<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let blocks = self.scratch.scores().chunks(BLOCK).zip(&self.scratch.tops);
        for (block, (scores, &top)) in blocks.enumerate() {
            if top < self.least {
                continue;
            }
            for (i, chunk) in scores.chunks(LANES).enumerate() {
                if largest(chunk) >= self.least {
                    for (lane, &score) in chunk.iter().enumerate() {
                        if score >= self.least {
                            (self.visit)(block * BLOCK + i * LANES + lane);
                        }
                    }
                }
            }
        }
    }
}

/// Calls `visit` for every token whose approximate score is at least `least`, in ascending order.
pub(super) fn collect(scratch: &Scratch, least: f64, visit: impl FnMut(usize)) {
    // Down to the next f32, so that rounding rules out nothing.
    let least = (least as f32).next_down();
    run(Collect {
        scratch,
        least,
        visit,
    });
}

/// A score that at least `count` approximate scores reach: the `count`-th largest of the blocks' tops, or the very score
/// where there are fewer blocks; −∞ where there are fewer tokens.
pub(super) fn largest_few(scratch: &Scratch, count: usize) -> f32 {
    let mut values = if count <= scratch.tops.len() {
        scratch.tops.clone()
    } else if count <= scratch.vocabulary {
        scratch.scores().to_vec()
    } else {
        return f32::NEG_INFINITY;
    };
    let (_, nth, _) = values.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
    *nth
}

/// One end of an interval of weights: how far it is from the weight of the scores, and the least score there that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) shift: f32,
    pub(super) least: f32,
}

struct Beyond<'a, F> {
    scores: &'a [f32; BLOCK],
    row: &'a KeptRow,
    start: usize,
    ends: [Ends; 2],
    visit: F,
}

impl<F: FnMut(usize)> WithSimd for Beyond<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut room = [0f32; BLOCK];
        let row = block_of(self.row, self.start, 0.0, &mut room);
        let [a, b] = self.ends;
        let (shift_a, shift_b) = (simd.splat_f32s(a.shift), simd.splat_f32s(b.shift));
        let (least_a, least_b) = (simd.splat_f32s(a.least), simd.splat_f32s(b.least));
        let (scores, _) = S::as_simd_f32s(self.scores);
        let (values, _) = S::as_simd_f32s(row);
        // Above 0 where a token counts at either end.
        let mut most = simd.splat_f32s(f32::NEG_INFINITY);
        for (&score, &value) in scores.iter().zip(values) {
            let at_a = simd.sub_f32s(simd.mul_add_e_f32s(shift_a, value, score), least_a);
            let at_b = simd.sub_f32s(simd.mul_add_e_f32s(shift_b, value, score), least_b);
            most = simd.max_f32s(most, simd.max_f32s(at_a, at_b));
        }
        if simd.reduce_max_f32s(most) < 0.0 {
            return;
        }
        for (i, (&score, &value)) in self.scores.iter().zip(row).enumerate() {
            if self
                .ends
                .iter()
                .any(|end| score + end.shift * value >= end.least)
            {
                (self.visit)(self.start + i);
            }
        }
    }
}

/// Number of blocks.
pub(super) fn blocks(scratch: &Scratch) -> usize {
    scratch.tops.len()
}

/// Calls `visit` for every token of a block whose score, moved along `row` by the shift of either end, is at least that
/// end's least.
pub(super) fn beyond(
    scratch: &Scratch,
    row: &KeptRow,
    block: usize,
    ends: [Ends; 2],
    visit: impl FnMut(usize),
) {
    let ends = ends.map(|end| Ends {
        shift: end.shift,
        least: end.least.next_down(),
    });
    run(Beyond {
        scores: &scratch.scores.as_chunks().0[block],
        row,
        start: block * BLOCK,
        ends,
        visit,
    });
}

struct MassAbove<'a> {
    scratch: &'a Scratch,
    top: f32,
    low: f32,
    high: f32,
    inverse: f32,
}

impl WithSimd for MassAbove<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 3] {
        let mut sums = [0f64; 3];
        let zero = simd.splat_f32s(0.0);
        let (low, high) = (simd.splat_f32s(self.low), simd.splat_f32s(self.high));
        let (top, scale) = (
            simd.splat_f32s(self.top),
            simd.splat_f32s(self.inverse * LOG2_E),
        );
        for scores in self.scratch.scores.as_chunks::<BLOCK>().0 {
            let mut parts = [zero; 3];
            for &score in S::as_simd_f32s(scores).0 {
                let e = exp2(simd, simd.mul_f32s(simd.sub_f32s(score, top), scale));
                let above = simd.greater_than_f32s(score, high);
                let from_low = simd.greater_than_or_equal_f32s(score, low);
                parts[0] = simd.add_f32s(parts[0], simd.select_f32s(above, e, zero));
                parts[1] = simd.add_f32s(parts[1], simd.select_f32s(from_low, e, zero));
                parts[2] = simd.add_f32s(parts[2], e);
            }
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum += f64::from(simd.reduce_sum_f32s(part));
            }
        }
        sums
    }
}

/// Σ exp((score − top)·inverse) of the scores above `high`, of those from `low` up, and of all; within 2e-5 of each.
pub(super) fn mass_above(
    scratch: &Scratch,
    top: f32,
    low: f32,
    high: f32,
    inverse: f32,
) -> [f64; 3] {
    run(MassAbove {
        scratch,
        top,
        low,
        high,
        inverse,
    })
}
