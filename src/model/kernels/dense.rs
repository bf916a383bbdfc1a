//! Products with f32, f16 and bf16 matrices as they lie in files: `[outputs, inputs]`.

use std::ops::Range;

use half::{bf16, f16};

use super::isa::{Kernel, Lanes};
use super::product::Outputs;

/// Bytes of weights that are multiplied with all rows before the next ones.
const BLOCK_BYTES: usize = 20 << 10;

/// A number that weights are stored as.
pub(super) trait Element: Copy {
    /// Reads a vector of them.
    ///
    /// # Safety
    /// `L::WIDTH` of them can be read at `from`.
    unsafe fn load<L: Lanes>(l: L, from: *const Self) -> L::F;
    /// As f32.
    fn widen(self) -> f32;
}

impl Element for f32 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(l: L, from: *const Self) -> L::F {
        // SAFETY: the caller's.
        unsafe { l.load(from) }
    }

    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

impl Element for f16 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(l: L, from: *const Self) -> L::F {
        // SAFETY: the caller's; an f16 is its bits.
        unsafe { l.load_f16(from.cast()) }
    }

    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
}

impl Element for bf16 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(l: L, from: *const Self) -> L::F {
        // SAFETY: the caller's; a bf16 is its bits.
        unsafe { l.load_bf16(from.cast()) }
    }

    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
}

/// Some outputs of a product, for some rows.
pub(super) struct Dense<'a, T> {
    /// `[outputs, inputs]`.
    pub(super) weights: &'a [T],
    pub(super) inputs: usize,
    /// Each of `inputs` numbers.
    pub(super) rows: &'a [&'a [f32]],
    /// Which outputs.
    pub(super) range: Range<usize>,
    /// Where they go, row by row.
    pub(super) out: Outputs<'a>,
}

impl<T: Element> Kernel for Dense<'_, T> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        assert!(self.weights.len() >= self.range.end * self.inputs);
        assert!(self.rows.iter().all(|row| row.len() == self.inputs));
        // More rows than four take the same weights again, so those stay in the first cache meanwhile.
        let block = if self.rows.len() > 4 {
            (BLOCK_BYTES / (self.inputs * size_of::<T>()).max(1)).next_multiple_of(4)
        } else {
            self.range.len()
        };
        for start in self.range.clone().step_by(block.max(1)) {
            let range = start..(start + block).min(self.range.end);
            for (index, rows) in self.rows.chunks(4).enumerate() {
                let (range, first) = (range.clone(), index * 4);
                // More outputs at once where registers are left.
                match (rows.len(), L::ROWS) {
                    (1, _) => self.rows::<L, 1, 4>(l, range, rows, first),
                    (2, _) => self.rows::<L, 2, 4>(l, range, rows, first),
                    (3, 8) => self.rows::<L, 3, 4>(l, range, rows, first),
                    (4, 8) => self.rows::<L, 4, 4>(l, range, rows, first),
                    (3, _) => self.rows::<L, 3, 2>(l, range, rows, first),
                    (_, _) => self.rows::<L, 4, 2>(l, range, rows, first),
                }
            }
        }
    }
}

impl<T: Element> Dense<'_, T> {
    #[inline(always)]
    fn rows<L: Lanes, const M: usize, const R: usize>(
        &self,
        l: L,
        range: Range<usize>,
        rows: &[&[f32]],
        first: usize,
    ) {
        if rows.len() != M {
            return;
        }
        let x: [*const f32; M] = std::array::from_fn(|row| rows[row].as_ptr());
        let mut output = range.start;
        while output < range.end {
            // SAFETY: `run` has checked that rows have `inputs` numbers and that weights reach to the end of the range;
            // blocks of R outputs are used only where R are left.
            unsafe {
                let weights = self.weights.as_ptr().add(output * self.inputs);
                if range.end - output >= R {
                    let sums = dots::<L, T, M, R>(l, weights, self.inputs, x);
                    for (row, sums) in sums.iter().enumerate() {
                        self.out.set(first + row, output, sums);
                    }
                    output += R;
                } else {
                    let sums = dots::<L, T, M, 1>(l, weights, self.inputs, x);
                    for (row, sums) in sums.iter().enumerate() {
                        self.out.set(first + row, output, sums);
                    }
                    output += 1;
                }
            }
        }
    }
}

/// `Σ w·x` for M rows and R outputs. Each sum has a vector of its own, so its order does not depend on M and R.
///
/// # Safety
/// R·`inputs` weights and `inputs` numbers of each row can be read.
#[inline(always)]
unsafe fn dots<L: Lanes, T: Element, const M: usize, const R: usize>(
    l: L,
    weights: *const T,
    inputs: usize,
    x: [*const f32; M],
) -> [[f32; R]; M] {
    let mut sums = [[l.splat(0.0); R]; M];
    let whole = inputs - inputs % L::WIDTH;
    let mut at = 0;
    while at < whole {
        // SAFETY: at + WIDTH ≤ inputs. Prefetching reads nothing; its address may lie outside.
        unsafe {
            let w: [L::F; R] = std::array::from_fn(|output| {
                let from = weights.add(output * inputs + at);
                l.prefetch(from.wrapping_add(R * inputs).cast());
                T::load(l, from)
            });
            for (sums, x) in sums.iter_mut().zip(x) {
                let x = l.load(x.add(at));
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = l.fma(w, x, *sum);
                }
            }
        }
        at += L::WIDTH;
    }
    let mut out = [[0.0; R]; M];
    for first in (0..M * R).step_by(4) {
        // The last four of a number that is not whole are summed again in part.
        let place = |index: usize| (first + index).min(M * R - 1);
        let four = std::array::from_fn(|index| sums[place(index) / R][place(index) % R]);
        for (index, sum) in l.four_sums(four).into_iter().enumerate() {
            out[place(index) / R][place(index) % R] = sum;
        }
    }
    for at in whole..inputs {
        for (out, x) in out.iter_mut().zip(x) {
            for (output, out) in out.iter_mut().enumerate() {
                // SAFETY: at < inputs.
                let (w, x) = unsafe { (*weights.add(output * inputs + at), *x.add(at)) };
                *out = l.fma_one(w.widen(), x, *out);
            }
        }
    }
    out
}
