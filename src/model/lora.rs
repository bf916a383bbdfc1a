//! Low-rank adapters (Hu et al., "LoRA", 2021) over a shared trunk, several of them in one pass.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

use super::decoder::{Block, Decoder, Projection};
use super::error::ModelError;
use super::kernels::LowRank;
use super::matrix::{Matrix, Reading};

/// One product's change: `x·A·B·scale` is added to `x·Wᵀ`.
#[derive(Debug, Clone)]
pub struct LoraPair {
    /// `[in, rank]`.
    pub a: Tensor,
    /// `[rank, out]`.
    pub b: Tensor,
    /// alpha / rank, or alpha / √rank for rank-stabilised adapters.
    pub scale: f64,
}

/// An adapter: for each block, what is added to each of its seven products.
#[derive(Debug, Clone)]
pub struct Lora {
    /// Bottom to top; in the order of [`Projection::ALL`].
    pub blocks: Vec<[Option<LoraPair>; 7]>,
}

impl Lora {
    /// A copy of `decoder` with this adapter added into its weights.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn merged_into(&self, decoder: &Decoder) -> Result<Decoder, ModelError> {
        let mut merged = decoder.clone();
        for (block, pairs) in merged.blocks.iter_mut().zip(&self.blocks) {
            for (projection, pair) in Projection::ALL.into_iter().zip(pairs) {
                if let Some(pair) = pair {
                    merge(block, projection, pair)?;
                }
            }
        }
        Ok(merged)
    }
}

fn merge(block: &mut Block, projection: Projection, pair: &LoraPair) -> Result<(), ModelError> {
    let weight = &mut block.linear_mut(projection).weight;
    let change = (pair.a.matmul(&pair.b)? * pair.scale)?;
    *weight = Matrix::Dense((weight.tensor(change.dtype())? + change.t()?.contiguous()?)?);
    Ok(())
}

/// The A and B matrices of several adapters side by side, so that one pair of products serves all rows.
#[derive(Debug)]
struct Stacked {
    /// `[Σ rank, in]`.
    a: Tensor,
    /// `[Σ rank, out]`, scaled.
    b: Tensor,
    /// Which ranks belong to each adapter.
    columns: Vec<Range<usize>>,
}

/// The adapters of one trunk.
#[derive(Debug)]
pub struct AdapterStack {
    blocks: Vec<[Option<Stacked>; 7]>,
}

impl AdapterStack {
    /// Stacks `adapters`; a segment names one by its index.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(adapters: &[Lora]) -> Result<Self, ModelError> {
        let layers = adapters.first().map_or(0, |first| first.blocks.len());
        let blocks = (0..layers)
            .map(|layer| {
                let mut block = [const { None }; 7];
                for (index, slot) in block.iter_mut().enumerate() {
                    let pairs: Vec<Option<&LoraPair>> = adapters
                        .iter()
                        .map(|adapter| adapter.blocks[layer][index].as_ref())
                        .collect();
                    *slot = stack(&pairs)?;
                }
                Ok(block)
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self { blocks })
    }
}

impl AdapterStack {
    /// The changes of one product, opened for the kernels.
    pub(super) fn open(&self, layer: usize, projection: Projection) -> Option<OpenChanges<'_>> {
        let stacked = self.blocks[layer][projection as usize].as_ref()?;
        Some(OpenChanges {
            a: Reading::new(&stacked.a),
            b: Reading::new(&stacked.b),
            columns: &stacked.columns,
        })
    }
}

/// The changes of one product while kernels read them.
pub(super) struct OpenChanges<'a> {
    a: Reading<'a>,
    b: Reading<'a>,
    columns: &'a [Range<usize>],
}

impl OpenChanges<'_> {
    /// The changes that some rows want; `rows` are those of each adapter.
    pub(super) fn of<'s>(
        &'s self,
        rows: &'s [Vec<usize>],
        (inputs, outputs): (usize, usize),
    ) -> Result<Vec<LowRank<'s>>, ModelError> {
        let (a, b) = (self.a.numbers()?, self.b.numbers()?);
        let wanted = self.columns.iter().zip(rows);
        Ok(wanted
            .filter(|(ranks, rows)| !ranks.is_empty() && !rows.is_empty())
            .map(|(ranks, rows)| LowRank {
                a: &a[ranks.start * inputs..ranks.end * inputs],
                b: &b[ranks.start * outputs..ranks.end * outputs],
                rows,
            })
            .collect())
    }
}

fn stack(pairs: &[Option<&LoraPair>]) -> Result<Option<Stacked>, ModelError> {
    let mut a = Vec::new();
    let mut b = Vec::new();
    let mut columns = Vec::with_capacity(pairs.len());
    let mut from = 0;
    for pair in pairs {
        let rank = match pair {
            None => 0,
            Some(pair) => {
                a.push(pair.a.t()?.contiguous()?);
                b.push((&pair.b * pair.scale)?);
                pair.a.dim(1)?
            }
        };
        columns.push(from..from + rank);
        from += rank;
    }
    if a.is_empty() {
        return Ok(None);
    }
    // Everything but the weights of the trunk is f32 on the processor.
    let ready = |parts: &[Tensor]| {
        let all = Tensor::cat(parts, 0)?.contiguous()?;
        if all.device().is_cpu() {
            all.to_dtype(DType::F32)
        } else {
            Ok(all)
        }
    };
    Ok(Some(Stacked {
        a: ready(&a)?,
        b: ready(&b)?,
        columns,
    }))
}

/// Which rows of a pass belong to which adapter.
#[derive(Debug)]
pub(super) struct PassMasks<'a> {
    stack: Option<&'a AdapterStack>,
    /// Adapter of each row.
    rows: Vec<Option<usize>>,
    /// Masks made so far in this pass, by their columns.
    made: std::cell::RefCell<Vec<(Vec<Range<usize>>, Tensor)>>,
}

impl<'a> PassMasks<'a> {
    /// `pieces` gives the number of rows and the adapter of each piece, top to bottom.
    pub(super) fn new(
        stack: Option<&'a AdapterStack>,
        pieces: impl Iterator<Item = (usize, Option<usize>)>,
    ) -> Self {
        let rows: Vec<Option<usize>> = pieces
            .flat_map(|(rows, adapter)| std::iter::repeat_n(adapter, rows))
            .collect();
        Self {
            stack: stack.filter(|_| rows.iter().any(Option::is_some)),
            rows,
            made: std::cell::RefCell::default(),
        }
    }

    /// `y` plus what each row's adapter makes of `x`.
    pub(super) fn add(
        &self,
        layer: usize,
        projection: Projection,
        x: &Tensor,
        y: Tensor,
    ) -> Result<Tensor, ModelError> {
        let Some(stacked) = self
            .stack
            .and_then(|stack| stack.blocks[layer][projection as usize].as_ref())
        else {
            return Ok(y);
        };
        let mask = self.mask(stacked, x)?;
        let change = (x.matmul(&stacked.a.t()?)? * mask)?.matmul(&stacked.b)?;
        Ok((y + change)?)
    }

    /// 1 where a row's own adapter has its columns, 0 elsewhere: `[rows, Σ rank]`.
    fn mask(&self, stacked: &Stacked, like: &Tensor) -> Result<Tensor, ModelError> {
        if let Some((_, mask)) = self
            .made
            .borrow()
            .iter()
            .find(|(columns, _)| *columns == stacked.columns)
        {
            return Ok(mask.clone());
        }
        let width = stacked.a.dim(0)?;
        let mut flat = vec![0f32; self.rows.len() * width];
        for (row, adapter) in flat.chunks_exact_mut(width).zip(&self.rows) {
            if let Some(adapter) = *adapter {
                row[stacked.columns[adapter].clone()].fill(1.0);
            }
        }
        let mask = Tensor::from_vec(flat, (self.rows.len(), width), &Device::Cpu)?
            .to_device(like.device())?
            .to_dtype(like.dtype())?;
        self.made
            .borrow_mut()
            .push((stacked.columns.clone(), mask.clone()));
        Ok(mask)
    }
}
