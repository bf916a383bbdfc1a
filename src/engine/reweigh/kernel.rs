//! One pass over a step's rows: mixed scores in f32 with a bound on their error, their maximum, and the sums of which the
//! distribution's numbers are made. Loops are compiled for the vector units found at run time.
#![expect(
    clippy::inline_always,
    reason = "helpers must end up inside the function that is compiled for the vector unit"
)]

use std::f32::consts::LOG2_E;

use pulp::{Simd, WithSimd};

use super::row::{KeptRow, KeptRows, Values};
use crate::engine::lanes::{exp2, run};

/// Tokens worked on at a time: what a block needs stays in the first-level cache.
pub(super) const BLOCK: usize = 512;

/// Numbers that plain loops work on side by side.
pub(super) const LANES: usize = 16;

/// Room for one step's work, to be used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Mixed scores, nats, one per token; then −∞ up to a whole number of blocks.
    pub(super) scores: Vec<f32>,
    /// The largest score of each block.
    pub(super) tops: Vec<f32>,
    pub(super) vocabulary: usize,
}

impl Scratch {
    /// The mixed scores, nats.
    pub(super) fn scores(&self) -> &[f32] {
        &self.scores[..self.vocabulary]
    }
}

/// Sums over a step, relative to its best score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sums {
    /// The best score.
    pub(super) top: f32,
    /// Σ exp(score − top).
    pub(super) mass: f64,
    /// Σ exp(score − top)·gain, where gain = Σ wᵢ·rewardᵢ.
    pub(super) pull: f64,
    /// Σ exp(score − top)·gain².
    pub(super) square: f64,
}

/// What a pass works out: the scores and their maximum.
pub(super) const SCORES: u8 = 0;
/// Also `mass` and `pull`.
pub(super) const SUMS: u8 = 1;
/// Also `square`.
pub(super) const SQUARES: u8 = 2;

/// A block of a row as f32: where it lies, or unpacked and padded into `room`.
#[inline(always)]
pub(super) fn block_of<'a>(
    row: &'a KeptRow,
    start: usize,
    padding: f32,
    room: &'a mut [f32; BLOCK],
) -> &'a [f32; BLOCK] {
    match &row.values {
        Values::Full(values) => {
            if let Some(whole) = values[start..].first_chunk::<BLOCK>() {
                return whole;
            }
            let rest = &values[start..];
            room[..rest.len()].copy_from_slice(rest);
            room[rest.len()..].fill(padding);
        }
        Values::Coarse(coarse) => {
            let (top, step) = (coarse.top, coarse.step);
            let codes = &coarse.codes[start..];
            let codes = &codes[..codes.len().min(BLOCK)];
            for (into, &code) in room.iter_mut().zip(codes) {
                *into = top - step * f32::from(code);
            }
            room[codes.len()..].fill(padding);
        }
    }
    room
}

/// Most rewards that are mixed in one go.
const TOGETHER: usize = 3;

/// Adds weight·row of `N` rows to `gains`, or sets them.
#[inline(always)]
fn gain<S: Simd, const N: usize>(
    simd: S,
    rows: [&[S::f32s]; N],
    weights: [S::f32s; N],
    gains: &mut [S::f32s],
    set: bool,
) {
    for (i, gain) in gains.iter_mut().enumerate() {
        let mut sum = if set { simd.splat_f32s(0.0) } else { *gain };
        for (row, weight) in rows.iter().zip(weights) {
            sum = simd.mul_add_e_f32s(weight, row[i], sum);
        }
        *gain = sum;
    }
}

struct Pass<'a, const WANTED: u8> {
    base: &'a KeptRow,
    rewards: &'a [(&'a KeptRow, f32)],
    scratch: &'a mut Scratch,
}

impl<const WANTED: u8> WithSimd for Pass<'_, WANTED> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let mut sums = Sums {
            top: f32::NEG_INFINITY,
            mass: 0.0,
            pull: 0.0,
            square: 0.0,
        };
        let mut gains = [0f32; BLOCK];
        let mut rooms = [[0f32; BLOCK]; TOGETHER];
        let mut base_room = [0f32; BLOCK];
        let zero = simd.splat_f32s(0.0);
        let (blocks, _) = self.scratch.scores.as_chunks_mut::<BLOCK>();
        for (block, (scores, block_top)) in
            blocks.iter_mut().zip(&mut self.scratch.tops).enumerate()
        {
            let start = block * BLOCK;
            let (gains, _) = S::as_mut_simd_f32s(&mut gains);
            for (turn, group) in self.rewards.chunks(TOGETHER).enumerate() {
                let set = turn == 0;
                let [a, b, c] = &mut rooms;
                let weight = |i: usize| simd.splat_f32s(group[i].1);
                let row =
                    |i: usize, room| S::as_simd_f32s(block_of(group[i].0, start, 0.0, room)).0;
                match group.len() {
                    1 => gain(simd, [row(0, a)], [weight(0)], gains, set),
                    2 => gain(
                        simd,
                        [row(0, a), row(1, b)],
                        [weight(0), weight(1)],
                        gains,
                        set,
                    ),
                    _ => gain(
                        simd,
                        [row(0, a), row(1, b), row(2, c)],
                        [weight(0), weight(1), weight(2)],
                        gains,
                        set,
                    ),
                }
            }
            let base = block_of(self.base, start, f32::NEG_INFINITY, &mut base_room);
            let (base, _) = S::as_simd_f32s(base);
            let (scores, _) = S::as_mut_simd_f32s(scores);
            let mut tops = simd.splat_f32s(f32::NEG_INFINITY);
            for ((score, base), gain) in scores.iter_mut().zip(base).zip(gains.iter()) {
                *score = simd.add_f32s(*base, *gain);
                tops = simd.max_f32s(tops, *score);
            }
            let top = simd.reduce_max_f32s(tops);
            *block_top = top;
            if WANTED == SCORES {
                sums.top = sums.top.max(top);
                continue;
            }
            if top > sums.top {
                let shrink = f64::from(sums.top - top).exp();
                sums.mass *= shrink;
                sums.pull *= shrink;
                sums.square *= shrink;
                sums.top = top;
            }
            // e^(score − top) = 2^(score·log₂e − top·log₂e).
            let scale = simd.splat_f32s(LOG2_E);
            let offset = simd.splat_f32s(-sums.top * LOG2_E);
            // An impossible token weighs nothing, but 0·∞ would.
            let least = simd.splat_f32s(-1e4);
            let (mut mass, mut pull, mut square) = ([zero; 2], [zero; 2], [zero; 2]);
            // Two of each sum, so that one addition need not wait for the other.
            let (pairs, _) = scores.as_chunks::<2>();
            for (scores, gains) in pairs.iter().zip(gains.as_chunks::<2>().0) {
                for i in 0..2 {
                    let e = exp2(simd, simd.mul_add_e_f32s(scores[i], scale, offset));
                    let gain = simd.max_f32s(gains[i], least);
                    mass[i] = simd.add_f32s(mass[i], e);
                    let pulled = simd.mul_f32s(e, gain);
                    pull[i] = simd.add_f32s(pull[i], pulled);
                    if WANTED == SQUARES {
                        square[i] = simd.mul_add_e_f32s(pulled, gain, square[i]);
                    }
                }
            }
            let total = |[a, b]: [S::f32s; 2]| f64::from(simd.reduce_sum_f32s(simd.add_f32s(a, b)));
            sums.mass += total(mass);
            sums.pull += total(pull);
            if WANTED == SQUARES {
                sums.square += total(square);
            }
        }
        sums
    }
}

/// Mixes a step into `scratch` and gives the sums that `WANTED` names; the others are 0.
pub(super) fn pass<const WANTED: u8>(
    rows: &KeptRows,
    weights: &[f64],
    scratch: &mut Scratch,
) -> Sums {
    scratch.vocabulary = rows.vocabulary();
    let blocks = scratch.vocabulary.div_ceil(BLOCK);
    scratch.scores.resize(blocks * BLOCK, 0.0);
    scratch.tops.resize(blocks, 0.0);
    let rewards: Vec<(&KeptRow, f32)> = rows
        .rewards
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight != 0.0)
        .map(|(row, &weight)| (row, weight as f32))
        .collect();
    run(Pass::<WANTED> {
        base: &rows.base,
        rewards: &rewards,
        scratch,
    })
}

#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (best, &value) in lanes.iter_mut().zip(chunk) {
            *best = if value > *best { value } else { *best };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |best, &value| best.max(value))
}

struct Extremes<'a>(&'a [f32]);

impl WithSimd for Extremes<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (f32, f32) {
        let mut lows = [f32::INFINITY; LANES];
        let (whole, rest) = self.0.as_chunks::<LANES>();
        for chunk in whole {
            for (low, &value) in lows.iter_mut().zip(chunk) {
                *low = if value < *low { value } else { *low };
            }
        }
        let lows = lows.iter().chain(rest);
        (
            largest(self.0),
            lows.fold(f32::INFINITY, |best, &value| best.min(value)),
        )
    }
}

/// The largest and the smallest value of a row.
pub(super) fn extremes(row: &[f32]) -> (f32, f32) {
    run(Extremes(row))
}
