//! Products of a few rows with weight matrices, and with low-rank changes of those: the safe way in.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Mutex;

use half::{bf16, f16};

use super::blocks::{Blocks, Rounded, Rounding};
use super::dense::{Dense, Element};
use super::isa::{Isa, Kernel, Lanes};
use super::packed::{Packed, TILE};
use super::team::Team;
use crate::model::error::ModelError;

/// Bytes of weights that one part of a job reads: long enough to pay for taking it, short enough to share evenly.
const PART_BYTES: usize = 96 << 10;

/// A weight matrix, `[outputs, inputs]`.
#[derive(Debug, Clone, Copy)]
pub enum MatrixView<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision.
    F16(&'a [f16]),
    /// Brain floats.
    Bf16(&'a [bf16]),
    /// Blocks of 4 or 8 bits.
    Packed(&'a Packed),
}

impl MatrixView<'_> {
    fn fits(&self, outputs: usize, inputs: usize) -> bool {
        let len = match self {
            Self::F32(weights) => weights.len(),
            Self::F16(weights) => weights.len(),
            Self::Bf16(weights) => weights.len(),
            Self::Packed(packed) => {
                return packed.outputs() == outputs && packed.inputs() == inputs;
            }
        };
        Some(len) == outputs.checked_mul(inputs)
    }

    /// Bytes that a product reads per output.
    fn output_bytes(&self, inputs: usize) -> usize {
        match self {
            Self::F32(_) => inputs * 4,
            Self::F16(_) | Self::Bf16(_) => inputs * 2,
            Self::Packed(packed) => packed.bytes() / packed.outputs(),
        }
    }
}

/// A low-rank change of a product for some of its rows: `(x·Aᵀ)·B` is added.
#[derive(Debug, Clone, Copy)]
pub struct LowRank<'a> {
    /// `[rank, inputs]`.
    pub a: &'a [f32],
    /// `[rank, outputs]`, scaled.
    pub b: &'a [f32],
    /// The rows that it is for.
    pub rows: &'a [usize],
}

/// One product: `y = x·Wᵀ + bias`, and its changes.
#[derive(Debug)]
pub struct Product<'a> {
    /// `W`.
    pub weights: MatrixView<'a>,
    /// `[outputs]`.
    pub bias: Option<&'a [f32]>,
    /// Changes of rank 1 and up.
    pub changes: Vec<LowRank<'a>>,
    /// Numbers that come out per row.
    pub outputs: usize,
    /// `[rows, outputs]`: overwritten.
    pub y: &'a mut [f32],
}

/// Memory that products use on their way; kept, so that no step asks for it again.
#[derive(Debug, Default)]
pub struct Scratch {
    rounded: Rounded,
    low: Vec<f32>,
}

/// Computes several products of the same rows `x`, `[rows, inputs]`, reading each weight once.
///
/// # Errors
/// Lengths that do not fit each other.
pub fn products(
    team: &Team,
    isa: Isa,
    x: &[f32],
    inputs: usize,
    list: &mut [Product<'_>],
    scratch: &mut Scratch,
) -> Result<(), ModelError> {
    let rows = check(x, inputs, list)?;
    if rows == 0 {
        return Ok(());
    }
    let packed = list
        .iter()
        .any(|product| matches!(product.weights, MatrixView::Packed(_)));
    let Scratch { rounded, low } = scratch;
    let low = low_products(
        team,
        isa,
        (x, inputs),
        list,
        packed.then_some(&mut *rounded),
        low,
    );
    let rounded = &*rounded;
    let x: Vec<&[f32]> = x.chunks_exact(inputs).collect();
    let mut parts = Vec::new();
    let jobs: Vec<Job<'_>> = list
        .iter_mut()
        .enumerate()
        .map(|(index, product)| {
            let share = PART_BYTES / product.weights.output_bytes(inputs).max(1);
            let share = share.max(1).next_multiple_of(TILE);
            for from in (0..product.outputs).step_by(share) {
                parts.push((index, from..(from + share).min(product.outputs)));
            }
            let out = Outputs::new(product.y, product.outputs);
            Job {
                weights: product.weights,
                bias: product.bias,
                changes: &product.changes,
                out,
            }
        })
        .collect();
    team.run(parts.len(), &|part| {
        let (index, ref range) = parts[part];
        let Job {
            weights,
            bias,
            changes,
            out,
        } = jobs[index];
        let range = range.clone();
        match weights {
            MatrixView::F32(weights) => dense(isa, weights, inputs, &x, range.clone(), out),
            MatrixView::F16(weights) => dense(isa, weights, inputs, &x, range.clone(), out),
            MatrixView::Bf16(weights) => dense(isa, weights, inputs, &x, range.clone(), out),
            MatrixView::Packed(matrix) => isa.run(Blocks {
                matrix,
                x: rounded,
                rows,
                tiles: range.start / TILE..range.end.div_ceil(TILE),
                out,
            }),
        }
        if let Some(bias) = bias {
            for row in 0..rows {
                // SAFETY: each part has its range to itself.
                let y = unsafe { out.get(row, range.clone()) };
                for (y, bias) in y.iter_mut().zip(&bias[range.clone()]) {
                    *y += bias;
                }
            }
        }
        for (change, low) in changes.iter().zip(&low[index]) {
            isa.run(Widening {
                change,
                low,
                range: range.clone(),
                out,
            });
        }
    });
    Ok(())
}

/// What the parts of one product share.
#[derive(Clone, Copy)]
struct Job<'a> {
    weights: MatrixView<'a>,
    bias: Option<&'a [f32]>,
    changes: &'a [LowRank<'a>],
    out: Outputs<'a>,
}

/// Rounds the rows where a product wants that, and brings them to the low ranks: one part of a job each.
fn low_products<'s>(
    team: &Team,
    isa: Isa,
    (x, inputs): (&[f32], usize),
    list: &[Product<'_>],
    rounded: Option<&mut Rounded>,
    low: &'s mut Vec<f32>,
) -> Vec<Vec<&'s [f32]>> {
    let changes: Vec<&LowRank<'_>> = list.iter().flat_map(|p| &p.changes).collect();
    let sizes = |change: &LowRank<'_>| change.rows.len() * (change.a.len() / inputs);
    low.resize(changes.iter().map(|change| sizes(change)).sum(), 0.0);
    {
        let mut rest = &mut **low;
        let mut places = Vec::with_capacity(changes.len());
        for change in &changes {
            let (place, others) = rest.split_at_mut(sizes(change));
            places.push(Outputs::new(place, change.a.len() / inputs));
            rest = others;
        }
        let rounding: Vec<Mutex<Rounding<'_>>> = rounded
            .map(|rounded| rounded.parts(x, inputs))
            .into_iter()
            .flatten()
            .map(Mutex::new)
            .collect();
        let first = rounding.len();
        team.run(first + changes.len(), &|part| {
            if let Some(rounding) = rounding.get(part) {
                // Nobody else takes this part.
                if let Ok(mut rounding) = rounding.lock() {
                    isa.run(&mut *rounding);
                }
                return;
            }
            let change = changes[part - first];
            let rows: Vec<&[f32]> = change
                .rows
                .iter()
                .map(|row| &x[row * inputs..][..inputs])
                .collect();
            let rank = change.a.len() / inputs;
            dense(isa, change.a, inputs, &rows, 0..rank, places[part - first]);
        });
    }
    let mut rest = &**low;
    list.iter()
        .map(|product| {
            let mut own = Vec::with_capacity(product.changes.len());
            for change in &product.changes {
                let (place, others) = rest.split_at(sizes(change));
                own.push(place);
                rest = others;
            }
            own
        })
        .collect()
}

fn dense<T: Element>(
    isa: Isa,
    weights: &[T],
    inputs: usize,
    rows: &[&[f32]],
    range: Range<usize>,
    out: Outputs<'_>,
) {
    isa.run(Dense {
        weights,
        inputs,
        rows,
        range,
        out,
    });
}

/// Checks all lengths and returns the number of rows.
fn check(x: &[f32], inputs: usize, list: &[Product<'_>]) -> Result<usize, ModelError> {
    let misfit = || {
        Err(ModelError::misfit(
            "a product was asked for with lengths that do not fit each other".to_owned(),
            "The model's files may belong to different models",
        ))
    };
    if inputs == 0 || !x.len().is_multiple_of(inputs) {
        return misfit();
    }
    let rows = x.len() / inputs;
    for product in list {
        let outputs = product.outputs;
        let bias = product.bias.is_none_or(|bias| bias.len() == outputs);
        let changes = product.changes.iter().all(|change| {
            change.a.len() % inputs == 0
                && change.b.len() == change.a.len() / inputs * outputs
                && change.rows.iter().all(|&row| row < rows)
        });
        let fits = product.weights.fits(outputs, inputs) && product.y.len() == rows * outputs;
        if !(bias && changes && fits) {
            return misfit();
        }
    }
    Ok(rows)
}

/// Adds a low-rank change to some outputs: `y += low·B`.
struct Widening<'a> {
    change: &'a LowRank<'a>,
    /// `x·Aᵀ`, `[rows, rank]`.
    low: &'a [f32],
    range: Range<usize>,
    out: Outputs<'a>,
}

impl Kernel for Widening<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let outputs = self.out.width;
        let rank = self.change.b.len() / outputs;
        assert!(self.low.len() == rank * self.change.rows.len() && self.range.end <= outputs);
        for (low, &row) in self.low.chunks_exact(rank.max(1)).zip(self.change.rows) {
            // SAFETY: the caller's part has its range to itself.
            let y = unsafe { self.out.get(row, self.range.clone()) };
            let from = &self.change.b[self.range.start..];
            let whole = y.len() - y.len() % L::WIDTH;
            for at in (0..whole).step_by(L::WIDTH) {
                // SAFETY: at + WIDTH ≤ length of the range, within row `j` of B for each j < rank.
                unsafe {
                    let mut sum = l.load(y.as_ptr().add(at));
                    for (j, &t) in low.iter().enumerate() {
                        let b = l.load(from.as_ptr().add(j * outputs + at));
                        sum = l.fma(l.splat(t), b, sum);
                    }
                    l.store(y.as_mut_ptr().add(at), sum);
                }
            }
            for (at, y) in y.iter_mut().enumerate().skip(whole) {
                for (j, &t) in low.iter().enumerate() {
                    *y = l.fma_one(t, from[j * outputs + at], *y);
                }
            }
        }
    }
}

/// Rows of outputs that several threads write, each its own part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs<'a> {
    start: *mut f32,
    rows: usize,
    width: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: whoever writes through it promises to have that place alone.
unsafe impl Send for Outputs<'_> {}
// SAFETY: as above.
unsafe impl Sync for Outputs<'_> {}

impl<'a> Outputs<'a> {
    pub(super) fn new(all: &'a mut [f32], width: usize) -> Self {
        Self {
            start: all.as_mut_ptr(),
            rows: all.len() / width.max(1),
            width,
            of: PhantomData,
        }
    }

    /// Writes some outputs of a row.
    ///
    /// # Safety
    /// No other thread has these places at this time.
    #[inline(always)]
    pub(super) unsafe fn set(&self, row: usize, at: usize, values: &[f32]) {
        assert!(row < self.rows && at + values.len() <= self.width);
        // SAFETY: inside, as just checked; alone, as the caller says.
        unsafe {
            let to = self.start.add(row * self.width + at);
            to.copy_from_nonoverlapping(values.as_ptr(), values.len());
        }
    }

    /// Some outputs of a row.
    ///
    /// # Safety
    /// No one else has these places while the slice lives.
    #[expect(
        clippy::mut_from_ref,
        reason = "parts are handed to threads from one place"
    )]
    pub(super) unsafe fn get(&self, row: usize, range: Range<usize>) -> &mut [f32] {
        assert!(row < self.rows && range.start <= range.end && range.end <= self.width);
        // SAFETY: inside, as just checked; alone, as the caller says.
        unsafe {
            let from = self.start.add(row * self.width + range.start);
            std::slice::from_raw_parts_mut(from, range.len())
        }
    }
}
