//! Low-rank adapters (Hu et al., "LoRA", 2021) over a shared trunk, several of them in one pass.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

use super::decoder::{Block, Decoder, Projection};
use super::error::ModelError;
use super::kernels::LowRank;
use super::matrix::{Matrix, Reading};

/// One product's change: `x·Aᵀ·B·scale` is added to `x·Wᵀ`.
#[derive(Debug, Clone)]
pub struct LoraPair {
    /// `[rank, in]`.
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
    /// What its numbers are kept in; nothing for an adapter that changes nothing.
    #[must_use]
    pub fn dtype(&self) -> Option<DType> {
        let mut pairs = self.blocks.iter().flatten().flatten();
        pairs.next().map(|pair| pair.a.dtype())
    }

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
    let change = (wide(&pair.a)?.t()?.matmul(&wide(&pair.b)?)? * pair.scale)?;
    *weight = Matrix::Dense((weight.tensor(change.dtype())? + change.t()?.contiguous()?)?);
    Ok(())
}

/// The changes of one product, in pieces: on the processor one of each adapter, elsewhere all side by side in a single one,
/// so that one pair of products serves all rows.
type Stacked = Vec<Side>;

/// A and B matrices of adapters side by side.
#[derive(Debug)]
struct Side {
    /// `[Σ rank, in]`.
    a: Tensor,
    /// `[Σ rank, out]`.
    b: Tensor,
    shares: Vec<Share>,
}

/// What belongs to one adapter.
#[derive(Debug, Clone, PartialEq)]
struct Share {
    adapter: usize,
    ranks: Range<usize>,
    scale: f64,
}

/// The adapters of one trunk.
#[derive(Debug)]
pub struct AdapterStack {
    blocks: Vec<[Stacked; 7]>,
}

impl AdapterStack {
    /// Stacks `adapters`; a segment names one by its index. Numbers keep their types.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(mut adapters: Vec<Lora>) -> Result<Self, ModelError> {
        let layers = adapters.first().map_or(0, |first| first.blocks.len());
        let blocks = (0..layers)
            .map(|layer| {
                let mut block = [const { Vec::new() }; 7];
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
    pub(super) fn open(&self, layer: usize, projection: Projection) -> OpenChanges<'_> {
        let sides = self.blocks[layer][projection as usize].iter();
        OpenChanges(
            sides
                .map(|side| OpenSide {
                    a: Reading::new(&side.a),
                    b: Reading::new(&side.b),
                    shares: &side.shares,
                })
                .collect(),
        )
    }
}

/// The changes of one product while kernels read them.
#[derive(Default)]
pub(super) struct OpenChanges<'a>(Vec<OpenSide<'a>>);

struct OpenSide<'a> {
    a: Reading<'a>,
    b: Reading<'a>,
    shares: &'a [Share],
}

impl OpenChanges<'_> {
    /// The changes that some rows want; `rows` are those of each adapter.
    pub(super) fn of<'s>(
        &'s self,
        rows: &'s [Vec<usize>],
        (inputs, outputs): (usize, usize),
    ) -> Result<Vec<LowRank<'s>>, ModelError> {
        let mut changes = Vec::new();
        for side in &self.0 {
            let (a, b) = (side.a.matrix()?, side.b.matrix()?);
            for share in side.shares {
                let rows = rows.get(share.adapter).map_or(&[][..], Vec::as_slice);
                if !rows.is_empty() {
                    changes.push(LowRank {
                        rank: share.ranks.len(),
                        a: a.rows(share.ranks.clone(), inputs),
                        b: b.rows(share.ranks.clone(), outputs),
                        scale: share.scale as f32,
                        rows,
                    });
                }
            }
        }
        Ok(changes)
    }
}

fn stack(pairs: Vec<Option<LoraPair>>) -> Result<Stacked, ModelError> {
    let mut sides = Vec::new();
    for (adapter, pair) in pairs.into_iter().enumerate() {
        if let Some(LoraPair { a, b, scale }) = pair {
            let ranks = 0..a.dim(0)?;
            let share = Share {
                adapter,
                ranks,
                scale,
            };
            sides.push(Side {
                a: a.contiguous()?,
                b: b.contiguous()?,
                shares: vec![share],
            });
        }
    }
    match sides.first() {
        Some(first) if !first.a.device().is_cpu() => Ok(vec![joined(sides)?]),
        Some(_) | None => Ok(sides),
    }
}

fn joined(sides: Vec<Side>) -> Result<Side, ModelError> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let mut shares = Vec::new();
    let mut from = 0;
    for side in sides {
        for share in side.shares {
            shares.push(Share {
                ranks: share.ranks.start + from..share.ranks.end + from,
                ..share
            });
        }
        from += side.a.dim(0)?;
        a.push(side.a);
        b.push(side.b);
    }
    Ok(Side {
        a: Tensor::cat(&a, 0)?,
        b: Tensor::cat(&b, 0)?,
        shares,
    })
}

/// Which rows of a pass belong to which adapter.
#[derive(Debug)]
pub(super) struct PassMasks<'a> {
    stack: Option<&'a AdapterStack>,
    /// Adapter of each row.
    rows: Vec<Option<usize>>,
    /// Masks made so far in this pass, by their shares.
    made: std::cell::RefCell<Vec<(Vec<Share>, Tensor)>>,
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
        let mut y = y;
        let stacked = self
            .stack
            .map(|stack| &stack.blocks[layer][projection as usize]);
        for side in stacked.into_iter().flatten() {
            let mask = self.mask(side, x)?;
            // On the processor they may be kept in fewer bits than they are computed in.
            let (a, b) = (side.a.to_dtype(x.dtype())?, side.b.to_dtype(x.dtype())?);
            y = (y + (x.matmul(&a.t()?)? * mask)?.matmul(&b)?)?;
        }
        Ok(y)
    }

    /// Its scale where a row's own adapter has its ranks, 0 elsewhere: `[rows, Σ rank]`.
    fn mask(&self, side: &Side, like: &Tensor) -> Result<Tensor, ModelError> {
        if let Some((_, mask)) = self
            .made
            .borrow()
            .iter()
            .find(|(shares, _)| *shares == side.shares)
        {
            return Ok(mask.clone());
        }
        let width = side.a.dim(0)?;
        let mut flat = vec![0f32; self.rows.len() * width];
        for (row, adapter) in flat.chunks_exact_mut(width).zip(&self.rows) {
            let own = side
                .shares
                .iter()
                .find(|share| Some(share.adapter) == *adapter);
            if let Some(share) = own {
                row[share.ranks.clone()].fill(share.scale as f32);
            }
        }
        let mask = Tensor::from_vec(flat, (self.rows.len(), width), &Device::Cpu)?
            .to_device(like.device())?
            .to_dtype(like.dtype())?;
        self.made
            .borrow_mut()
            .push((side.shares.clone(), mask.clone()));
        Ok(mask)
    }
}
