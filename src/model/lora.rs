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
    let wide = |tensor: &Tensor| {
        let dtype = if tensor.device().is_cpu() {
            DType::F32
        } else {
            tensor.dtype()
        };
        tensor.to_dtype(dtype)
    };
    let change = (wide(&pair.a)?.matmul(&wide(&pair.b)?)? * pair.scale)?;
    *weight = Matrix::Dense((weight.tensor(change.dtype())? + change.t()?.contiguous()?)?);
    Ok(())
}

/// The A and B matrices of several adapters side by side, so that one pair of products serves all rows.
#[derive(Debug)]
struct Stacked {
    /// `[Σ rank, in]`.
    a: Tensor,
    /// `[Σ rank, out]`.
    b: Tensor,
    /// Which ranks belong to each adapter, and what its change is multiplied by.
    shares: Vec<(Range<usize>, f64)>,
}

/// The adapters of one trunk.
#[derive(Debug)]
pub struct AdapterStack {
    blocks: Vec<[Option<Stacked>; 7]>,
}

impl AdapterStack {
    /// Stacks `adapters`; a segment names one by its index. Numbers keep their type, the widest where types differ.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(mut adapters: Vec<Lora>) -> Result<Self, ModelError> {
        let layers = adapters.first().map_or(0, |first| first.blocks.len());
        let blocks = (0..layers)
            .map(|layer| {
                let mut block = [const { None }; 7];
                for (index, slot) in block.iter_mut().enumerate() {
                    // Taken out, so that no adapter is in memory twice.
                    let pairs = adapters
                        .iter_mut()
                        .map(|adapter| adapter.blocks[layer][index].take())
                        .collect();
                    *slot = stack(pairs)?;
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
            shares: &stacked.shares,
        })
    }
}

/// The changes of one product while kernels read them.
pub(super) struct OpenChanges<'a> {
    a: Reading<'a>,
    b: Reading<'a>,
    shares: &'a [(Range<usize>, f64)],
}

impl OpenChanges<'_> {
    /// The changes that some rows want; `rows` are those of each adapter.
    pub(super) fn of<'s>(
        &'s self,
        rows: &'s [Vec<usize>],
        (inputs, outputs): (usize, usize),
    ) -> Result<Vec<LowRank<'s>>, ModelError> {
        let (a, b) = (self.a.matrix()?, self.b.matrix()?);
        let wanted = self.shares.iter().zip(rows);
        Ok(wanted
            .filter(|((ranks, _), rows)| !ranks.is_empty() && !rows.is_empty())
            .map(|((ranks, scale), rows)| LowRank {
                rank: ranks.len(),
                a: a.rows(ranks.clone(), inputs),
                b: b.rows(ranks.clone(), outputs),
                scale: *scale as f32,
                rows,
            })
            .collect())
    }
}

fn stack(pairs: Vec<Option<LoraPair>>) -> Result<Option<Stacked>, ModelError> {
    let mut a = Vec::new();
    let mut b = Vec::new();
    let mut shares = Vec::with_capacity(pairs.len());
    let mut types = pairs
        .iter()
        .flatten()
        .flat_map(|pair| [pair.a.dtype(), pair.b.dtype()]);
    let first = types.next().unwrap_or(DType::F32);
    let kept = if types.all(|other| other == first) {
        first
    } else {
        DType::F32
    };
    let mut from = 0;
    for pair in pairs {
        let (mut rank, mut scale) = (0, 0.0);
        if let Some(pair) = pair {
            (rank, scale) = (pair.a.dim(1)?, pair.scale);
            a.push(pair.a.t()?.contiguous()?.to_dtype(kept)?);
            b.push(pair.b.to_dtype(kept)?);
        }
        shares.push((from..from + rank, scale));
        from += rank;
    }
    if a.is_empty() {
        return Ok(None);
    }
    Ok(Some(Stacked {
        a: Tensor::cat(&a, 0)?.contiguous()?,
        b: Tensor::cat(&b, 0)?.contiguous()?,
        shares,
    }))
}

/// Which rows of a pass belong to which adapter.
#[derive(Debug)]
pub(super) struct PassMasks<'a> {
    stack: Option<&'a AdapterStack>,
    /// Adapter of each row.
    rows: Vec<Option<usize>>,
    /// Masks made so far in this pass, by their columns.
    made: std::cell::RefCell<Vec<(Vec<(Range<usize>, f64)>, Tensor)>>,
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
        // On the processor they may be kept in fewer bits than they are computed in.
        let (a, b) = (
            stacked.a.to_dtype(x.dtype())?,
            stacked.b.to_dtype(x.dtype())?,
        );
        let change = (x.matmul(&a.t()?)? * mask)?.matmul(&b)?;
        Ok((y + change)?)
    }

    /// Its scale where a row's own adapter has its columns, 0 elsewhere: `[rows, Σ rank]`.
    fn mask(&self, stacked: &Stacked, like: &Tensor) -> Result<Tensor, ModelError> {
        if let Some((_, mask)) = self
            .made
            .borrow()
            .iter()
            .find(|(shares, _)| *shares == stacked.shares)
        {
            return Ok(mask.clone());
        }
        let width = stacked.a.dim(0)?;
        let mut flat = vec![0f32; self.rows.len() * width];
        for (row, adapter) in flat.chunks_exact_mut(width).zip(&self.rows) {
            if let Some(adapter) = *adapter {
                let (ranks, scale) = &stacked.shares[adapter];
                row[ranks.clone()].fill(*scale as f32);
            }
        }
        let mask = Tensor::from_vec(flat, (self.rows.len(), width), &Device::Cpu)?
            .to_device(like.device())?
            .to_dtype(like.dtype())?;
        self.made
            .borrow_mut()
            .push((stacked.shares.clone(), mask.clone()));
        Ok(mask)
    }
}
