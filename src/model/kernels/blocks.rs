//! Products with packed matrices, and the rounding of rows to 8 bits that they want.

use std::ops::Range;

use super::isa::{Kernel, Lanes};
use super::packed::{BLOCK, Format, Packed, TILE};
use super::product::Outputs;

/// Rows that one thread rounds at a time.
const PART_ROWS: usize = 8;

/// Rows rounded to 8 bits in blocks of 32 numbers.
#[derive(Debug, Default)]
pub(super) struct Rounded {
    inputs: usize,
    /// `[rows, inputs]`.
    bytes: Vec<i8>,
    /// `[rows, inputs / 32]`: what a byte stands for.
    scales: Vec<f32>,
    /// `[rows, inputs / 32]`: the sum of a block's bytes.
    sums: Vec<i32>,
}

impl Rounded {
    /// Makes room for rows of `inputs` numbers, a multiple of 32, and cuts the work of rounding them into parts.
    pub(super) fn parts<'a>(&'a mut self, x: &'a [f32], inputs: usize) -> Vec<Rounding<'a>> {
        let (rows, blocks) = (x.len() / inputs, inputs / BLOCK);
        self.inputs = inputs;
        self.bytes.resize(rows * inputs, 0);
        self.scales.resize(rows * blocks, 0.0);
        self.sums.resize(rows * blocks, 0);
        let scales = self.scales.chunks_mut(PART_ROWS * blocks);
        let sums = self.sums.chunks_mut(PART_ROWS * blocks);
        x.chunks(PART_ROWS * inputs)
            .zip(self.bytes.chunks_mut(PART_ROWS * inputs))
            .zip(scales.zip(sums))
            .map(|((x, bytes), (scales, sums))| Rounding {
                x,
                bytes,
                scales,
                sums,
            })
            .collect()
    }
}

/// Rounds some rows. Numbers that are infinite or none make their block's scale such.
pub(super) struct Rounding<'a> {
    x: &'a [f32],
    bytes: &'a mut [i8],
    scales: &'a mut [f32],
    sums: &'a mut [i32],
}

impl Kernel for &mut Rounding<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let blocks = self.x.as_chunks::<BLOCK>().0.iter();
        let into = self.bytes.as_chunks_mut::<BLOCK>().0.iter_mut();
        let scales = self.scales.iter_mut().zip(&mut *self.sums);
        for ((x, bytes), (scale, sum)) in blocks.zip(into).zip(scales) {
            // Without a sign, numbers are ordered as their bits are, and infinity and no number lie above all.
            let most = x
                .iter()
                .fold(0, |most, x| most.max(x.to_bits() & 0x7FFF_FFFF));
            *scale = f32::from_bits(most) / 127.0;
            let inverse = if *scale > 0.0 && scale.is_finite() {
                1.0 / *scale
            } else {
                0.0
            };
            let mut total = 0;
            for (x, byte) in x.iter().zip(bytes) {
                // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
                let bits = (x * inverse + 12_582_912.0).to_bits();
                let rounded = bits
                    .wrapping_sub(0x4B40_0000)
                    .cast_signed()
                    .clamp(-127, 127);
                *byte = rounded as i8;
                total += rounded;
            }
            *sum = total;
        }
    }
}

/// Some tiles of a product, for all rows.
pub(super) struct Blocks<'a> {
    pub(super) matrix: &'a Packed,
    pub(super) x: &'a Rounded,
    pub(super) rows: usize,
    /// Which tiles.
    pub(super) tiles: Range<usize>,
    pub(super) out: Outputs<'a>,
}

impl Kernel for Blocks<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let blocks = self.matrix.inputs() / BLOCK;
        assert!(self.x.inputs == self.matrix.inputs());
        assert!(
            self.x.scales.len() == self.rows * blocks && self.x.sums.len() == self.rows * blocks
        );
        assert!(self.x.bytes.len() == self.rows * self.x.inputs);
        assert!(self.tiles.end <= self.matrix.outputs().div_ceil(TILE));
        for tile in self.tiles.clone() {
            let mut first = 0;
            while first < self.rows {
                let rows = (self.rows - first).min(L::ROWS);
                match (rows, L::ROWS) {
                    (1, _) => self.tile::<L, 1>(l, tile, first),
                    (2, _) => self.tile::<L, 2>(l, tile, first),
                    (3, _) => self.tile::<L, 3>(l, tile, first),
                    (4, _) => self.tile::<L, 4>(l, tile, first),
                    (5, 8) => self.tile::<L, 5>(l, tile, first),
                    (6, 8) => self.tile::<L, 6>(l, tile, first),
                    (7, 8) => self.tile::<L, 7>(l, tile, first),
                    (8, 8) => self.tile::<L, 8>(l, tile, first),
                    _ => {}
                }
                first += rows;
            }
        }
    }
}

impl Blocks<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const M: usize>(&self, l: L, tile: usize, first: usize) {
        let mut results = [[0f32; TILE]; M];
        for part in (0..TILE).step_by(L::WIDTH) {
            let sums = match self.matrix.format() {
                Format::Q8_0 => self.q8::<L, M>(l, tile, part, first),
                Format::Q4K => self.q4k::<L, M>(l, tile, part, first),
            };
            for (result, sum) in results.iter_mut().zip(sums) {
                // SAFETY: part + WIDTH ≤ 16, as WIDTH divides 16.
                unsafe { l.store(result.as_mut_ptr().add(part), sum) };
            }
        }
        let left = (self.matrix.outputs() - tile * TILE).min(TILE);
        for (row, result) in results.iter().enumerate() {
            // SAFETY: this call has these tiles to itself.
            unsafe { self.out.set(first + row, tile * TILE, &result[..left]) };
        }
    }

    /// `Σ scale · a_scale · Σ w·a` over the blocks of 8 bits.
    #[inline(always)]
    fn q8<L: Lanes, const M: usize>(
        &self,
        l: L,
        tile: usize,
        part: usize,
        first: usize,
    ) -> [L::F; M] {
        let blocks = self.matrix.inputs() / BLOCK;
        let lines = &self.matrix.lines[tile * blocks * 8..][..blocks * 8];
        let scales = &self.matrix.scales[tile * blocks * TILE..][..blocks * TILE];
        let mut out = [l.splat(0.0); M];
        for block in 0..blocks {
            // SAFETY: 8 lines and 16 scales belong to each block of the slices above; `run` has checked that there are
            // 32 bytes, a scale and a sum for each block and row.
            unsafe {
                let weights = lines.as_ptr().add(block * 8).cast::<i8>();
                for line in 0..8 {
                    l.prefetch(weights.wrapping_add(AHEAD + line * 64).cast());
                }
                let rows = self.row_bytes::<M>(first, block);
                let sums = rows_of::<i32, M>(&self.x.sums, first, blocks, block);
                let dots = l.dots_i8(weights.add(part * 4), rows, sums);
                let scale = l.load_f16(scales.as_ptr().add(block * TILE + part));
                let a_scales = rows_of::<f32, M>(&self.x.scales, first, blocks, block);
                for ((out, dots), a) in out.iter_mut().zip(dots).zip(a_scales) {
                    *out = l.fma(l.mul(scale, l.splat(a)), l.float(dots), *out);
                }
            }
        }
        out
    }

    /// `Σ a_scale · (scale · Σ w·a − least · Σ a)` over the blocks of 4 bits.
    #[inline(always)]
    fn q4k<L: Lanes, const M: usize>(
        &self,
        l: L,
        tile: usize,
        part: usize,
        first: usize,
    ) -> [L::F; M] {
        let blocks = self.matrix.inputs() / BLOCK;
        let lines = &self.matrix.lines[tile * blocks * 4..][..blocks * 4];
        let fine = &self.matrix.fine[tile * blocks * 2 * TILE..][..blocks * 2 * TILE];
        let coarse = &self.matrix.scales[tile * blocks / 8 * 2 * TILE..][..blocks / 8 * 2 * TILE];
        let mut out = [l.splat(0.0); M];
        for outer in 0..blocks / 8 {
            // SAFETY: 4 lines and 32 fine numbers belong to each block, 32 coarse ones to each eight; for rows as above.
            unsafe {
                let at = coarse.as_ptr().add(outer * 2 * TILE + part);
                let (scale, least) = (l.load_f16(at), l.load_f16(at.add(TILE)));
                for block in outer * 8..outer * 8 + 8 {
                    let weights = lines.as_ptr().add(block * 4).cast::<u8>();
                    l.prefetch(weights.wrapping_add(AHEAD));
                    let dots = l.dots_u4(weights.add(part * 4), self.row_bytes::<M>(first, block));
                    let at = fine.as_ptr().add(block * 2 * TILE + part);
                    let scale = l.mul(scale, l.load_u8(at));
                    let least = l.mul(least, l.load_u8(at.add(TILE)));
                    let a_scales = rows_of::<f32, M>(&self.x.scales, first, blocks, block);
                    let sums = rows_of::<i32, M>(&self.x.sums, first, blocks, block);
                    for (((out, dots), a), sum) in out.iter_mut().zip(dots).zip(a_scales).zip(sums)
                    {
                        let whole = l.fma(scale, l.mul(l.float(dots), l.splat(a)), *out);
                        *out = l.fma(least, l.splat(-a * sum as f32), whole);
                    }
                }
            }
        }
        out
    }

    /// # Safety
    /// There are M rows from `first` on, and this block.
    #[inline(always)]
    unsafe fn row_bytes<const M: usize>(&self, first: usize, block: usize) -> [*const i8; M] {
        std::array::from_fn(|row| {
            // SAFETY: the caller's.
            unsafe {
                self.x
                    .bytes
                    .as_ptr()
                    .add((first + row) * self.x.inputs + block * BLOCK)
            }
        })
    }
}

/// Bytes between the weights that are used and those that are called for.
const AHEAD: usize = 4096;

/// The numbers of one block for M rows.
///
/// # Safety
/// There are M rows of `blocks` numbers from `first` on, and `block` < `blocks`.
#[inline(always)]
unsafe fn rows_of<T: Copy, const M: usize>(
    all: &[T],
    first: usize,
    blocks: usize,
    block: usize,
) -> [T; M] {
    // SAFETY: the caller's.
    std::array::from_fn(|row| unsafe { *all.get_unchecked((first + row) * blocks + block) })
}
