//! Low-rank changes of products: adapters (Hu et al., "LoRA", 2021) beside the weights that they change.

use std::ops::Range;

use super::dense::Element;
use super::isa::{Isa, Kernel, Lanes};
use super::product::{MatrixView, Outputs};

/// A low-rank change of a product for some of its rows: `scale·(x·Aᵀ)·B` is added.
#[derive(Debug, Clone, Copy)]
pub struct LowRank<'a> {
    /// Width between A and B.
    pub rank: usize,
    /// `[rank, inputs]`, number by number.
    pub a: MatrixView<'a>,
    /// `[rank, outputs]`, number by number.
    pub b: MatrixView<'a>,
    /// What the change is multiplied by.
    pub scale: f32,
    /// The rows that it is for.
    pub rows: &'a [usize],
}

/// Calls for a change's share of B while the trunk's weights are multiplied: it lies in short pieces, one of each rank, and
/// waiting for each would cost more than the bytes.
pub(super) fn fetch(isa: Isa, change: &LowRank<'_>, range: &Range<usize>, outputs: usize) {
    let (start, size) = match change.b {
        MatrixView::F32(b) => (b.as_ptr().cast::<u8>(), 4),
        MatrixView::F16(b) => (b.as_ptr().cast(), 2),
        MatrixView::Bf16(b) => (b.as_ptr().cast(), 2),
        MatrixView::Packed(_) => return,
    };
    isa.run(Fetch {
        start: start.wrapping_add(range.start * size),
        pieces: change.rank,
        between: outputs * size,
        len: range.len() * size,
    });
}

struct Fetch {
    start: *const u8,
    pieces: usize,
    /// Bytes from one piece to the next.
    between: usize,
    /// Bytes of a piece.
    len: usize,
}

impl Kernel for Fetch {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for piece in 0..self.pieces {
            let from = self.start.wrapping_add(piece * self.between);
            for at in (0..self.len).step_by(LINE) {
                l.prefetch(from.wrapping_add(at));
            }
        }
    }
}

/// Bytes that come from memory together.
const LINE: usize = 64;

/// Adds a low-rank change to some outputs: `y += scale·low·B`.
pub(super) fn widen(
    isa: Isa,
    change: &LowRank<'_>,
    low: &[f32],
    range: Range<usize>,
    out: Outputs<'_>,
) {
    match change.b {
        MatrixView::F32(b) => isa.run(Widening {
            b,
            change,
            low,
            range,
            out,
        }),
        MatrixView::F16(b) => isa.run(Widening {
            b,
            change,
            low,
            range,
            out,
        }),
        MatrixView::Bf16(b) => isa.run(Widening {
            b,
            change,
            low,
            range,
            out,
        }),
        // Refused by `check`.
        MatrixView::Packed(_) => {}
    }
}

struct Widening<'a, T> {
    b: &'a [T],
    change: &'a LowRank<'a>,
    /// `x·Aᵀ`, `[rows, rank]`.
    low: &'a [f32],
    range: Range<usize>,
    out: Outputs<'a>,
}

/// Vectors of outputs that are widened side by side, so that their sums do not wait for each other.
const SIDE_BY_SIDE: usize = 8;

impl<T: Element> Kernel for Widening<'_, T> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let outputs = self.out.width;
        assert!(
            self.low.len() == self.change.rank * self.change.rows.len()
                && self.range.end <= outputs
        );
        assert!(self.b.len() == self.change.rank * outputs && self.change.rank > 0);
        let from = &self.b[self.range.start..];
        for (low, &row) in self
            .low
            .chunks_exact(self.change.rank)
            .zip(self.change.rows)
        {
            // SAFETY: the caller's part has its range to itself.
            let y = unsafe { self.out.get(row, self.range.clone()) };
            let whole = y.len() - y.len() % L::WIDTH;
            let mut at = 0;
            while at < whole {
                let vectors = ((whole - at) / L::WIDTH).min(SIDE_BY_SIDE);
                let (y, from) = (&mut y[at..], &from[at..]);
                match vectors {
                    SIDE_BY_SIDE => self.some::<L, SIDE_BY_SIDE>(l, low, from, y),
                    4..SIDE_BY_SIDE => self.some::<L, 4>(l, low, from, y),
                    2 | 3 => self.some::<L, 2>(l, low, from, y),
                    _ => self.some::<L, 1>(l, low, from, y),
                }
                at += L::WIDTH
                    * match vectors {
                        SIDE_BY_SIDE => SIDE_BY_SIDE,
                        4..SIDE_BY_SIDE => 4,
                        2 | 3 => 2,
                        _ => 1,
                    };
            }
            for (at, y) in y.iter_mut().enumerate().skip(whole) {
                let mut sum = 0.0;
                for (j, &t) in low.iter().enumerate() {
                    sum = l.fma_one(t, from[j * outputs + at].widen(), sum);
                }
                *y = l.fma_one(sum, self.change.scale, *y);
            }
        }
    }
}

impl<T: Element> Widening<'_, T> {
    /// The first N vectors of `y`, from the same columns of B.
    #[inline(always)]
    fn some<L: Lanes, const N: usize>(&self, l: L, low: &[f32], from: &[T], y: &mut [f32]) {
        let outputs = self.out.width;
        assert!(
            y.len() >= N * L::WIDTH
                && from.len() >= (self.change.rank - 1) * outputs + N * L::WIDTH
        );
        // SAFETY: as just checked, N vectors lie in `y` and in each of the ranks' rows.
        unsafe {
            let mut sums = [l.splat(0.0); N];
            for (j, &t) in low.iter().enumerate() {
                let (t, from) = (l.splat(t), from.as_ptr().add(j * outputs));
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = l.fma(t, T::load(l, from.add(i * L::WIDTH)), *sum);
                }
            }
            for (i, sum) in sums.into_iter().enumerate() {
                let to = y.as_mut_ptr().add(i * L::WIDTH);
                l.store(to, l.fma(sum, l.splat(self.change.scale), l.load(to)));
            }
        }
    }
}
