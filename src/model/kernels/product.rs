//! Products of a few rows with weight matrices, and with low-rank changes of those: the safe way in.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Mutex;

use half::{bf16, f16};

use super::blocks::{Blocks, Rounded, Rounding};
use super::dense::{Dense, Element};
use super::isa::Isa;
use super::low_rank::{LowRank, fetch, widen};
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

    /// Some of the outputs of a matrix that lies number by number, each of `width`; a packed one whole.
    #[must_use]
    pub fn rows(self, range: Range<usize>, width: usize) -> Self {
        let range = range.start * width..range.end * width;
        match self {
            Self::F32(weights) => Self::F32(&weights[range]),
            Self::F16(weights) => Self::F16(&weights[range]),
            Self::Bf16(weights) => Self::Bf16(&weights[range]),
            Self::Packed(_) => self,
        }
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
        for change in changes {
            fetch(isa, change, &range, out.width);
        }
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
            widen(isa, change, low, range.clone(), out);
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
    let sizes = |change: &LowRank<'_>| change.rows.len() * change.rank;
    low.resize(changes.iter().map(|change| sizes(change)).sum(), 0.0);
    {
        let mut rest = &mut **low;
        let mut places = Vec::with_capacity(changes.len());
        for change in &changes {
            let (place, others) = rest.split_at_mut(sizes(change));
            places.push(Outputs::new(place, change.rank));
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
            let (ranks, place) = (0..change.rank, places[part - first]);
            match change.a {
                MatrixView::F32(a) => dense(isa, a, inputs, &rows, ranks, place),
                MatrixView::F16(a) => dense(isa, a, inputs, &rows, ranks, place),
                MatrixView::Bf16(a) => dense(isa, a, inputs, &rows, ranks, place),
                // Refused by `check`.
                MatrixView::Packed(_) => {}
            }
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
            !matches!(
                (change.a, change.b),
                (MatrixView::Packed(_), _) | (_, MatrixView::Packed(_))
            ) && change.a.fits(change.rank, inputs)
                && change.b.fits(change.rank, outputs)
                && change.rows.iter().all(|&row| row < rows)
        });
        let fits = product.weights.fits(outputs, inputs) && product.y.len() == rows * outputs;
        if !(bias && changes && fits) {
            return misfit();
        }
    }
    Ok(rows)
}

/// Rows of outputs that several threads write, each its own part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs<'a> {
    start: *mut f32,
    rows: usize,
    pub(super) width: usize,
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
