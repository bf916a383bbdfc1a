//! A ragged pass: rows of any texts, lengths and adapters through one reading of the weights.
//!
//! 1. The tokens of all segments become one matrix `[rows, hidden]`.
//! 2. Every product with a weight of the trunk takes all rows at once; adapters add to the rows that are theirs.
//! 3. Attention alone looks at one segment at a time: its new rows against its own cache.
//! 4. Logits come out for the rows that were asked for.

mod processor;

use candle_core::{DType, Tensor};

use super::cache::KvCache;
use super::decoder::{Block, Decoder, Projection};
use super::error::ModelError;
use super::lora::{AdapterStack, PassMasks};
use super::rope;
use crate::domain::{CancelToken, TokenId};

/// Rows per pass: longer prompts are read in pieces of this many tokens, and cancelling waits for at most one piece.
const CHUNK_ROWS: usize = 256;

/// After which tokens of a segment logits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// After each.
    All,
    /// After the last.
    Last,
}

/// New tokens of one text under one model.
#[derive(Debug)]
pub struct Segment<'a> {
    /// The text so far; grows by `tokens`.
    pub cache: &'a mut KvCache,
    /// Index into the pass's [`AdapterStack`], or the plain trunk.
    pub adapter: Option<usize>,
    /// At least one id below the vocabulary's size.
    pub tokens: &'a [TokenId],
    /// Where logits are wanted.
    pub wanted: Wanted,
}

/// Takes the logits after one token: index of the segment, index of the token in it, one number per vocabulary id.
pub type RowSink<'a> = dyn FnMut(usize, usize, &[f32]) -> Result<(), ModelError> + 'a;

/// A piece of one segment that goes through in one pass.
#[derive(Debug, Clone, Copy)]
struct Piece {
    segment: usize,
    /// First token within the segment.
    from: usize,
    /// Number of tokens.
    rows: usize,
    /// First row of the pass's matrix.
    at: usize,
}

impl Decoder {
    /// Most new tokens of a text in one pass that give the very rows of reading them one by one.
    #[must_use]
    pub fn steady_rows(&self) -> usize {
        if self.device().is_cpu() {
            CHUNK_ROWS
        } else {
            1
        }
    }

    /// Reads the tokens of all segments and hands their logits to `sink`.
    ///
    /// After an error the caches hold part of the new tokens: truncate them.
    ///
    /// # Errors
    /// An id outside the vocabulary, cancellation, a failing device, or what `sink` returns.
    pub fn forward(
        &self,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        for segment in segments.iter_mut() {
            self.check_ids(segment.tokens)?;
            segment.cache.reserve(segment.tokens.len())?;
        }
        let mut done = vec![0; segments.len()];
        loop {
            let pieces = next_pieces(segments, &done);
            if pieces.is_empty() {
                return Ok(());
            }
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            self.pass(adapters, segments, &pieces, sink)?;
            for piece in &pieces {
                done[piece.segment] += piece.rows;
            }
        }
    }

    fn check_ids(&self, tokens: &[TokenId]) -> Result<(), ModelError> {
        let size = self.config.vocab_size;
        match tokens.iter().find(|&&id| id as usize >= size) {
            None => Ok(()),
            Some(id) => Err(ModelError::misfit(
                format!("token {id} lies outside the model's vocabulary of {size}"),
                "The tokenizer may belong to another model",
            )),
        }
    }

    fn pass(
        &self,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        pieces: &[Piece],
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        if self.device().is_cpu() {
            return processor::pass(self, adapters, segments, pieces, sink);
        }
        self.tensor_pass(adapters, segments, pieces, sink)
    }

    /// The same by general tensor operations, for any device.
    fn tensor_pass(
        &self,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        pieces: &[Piece],
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        let ids: Vec<u32> = pieces
            .iter()
            .flat_map(|piece| &segments[piece.segment].tokens[piece.from..][..piece.rows])
            .copied()
            .collect();
        let mut x = self.embed.rows(&ids, self.dtype())?;
        let places = Places::new(self, segments, pieces)?;
        let masks = PassMasks::new(
            adapters,
            pieces
                .iter()
                .map(|piece| (piece.rows, segments[piece.segment].adapter)),
        );
        for (layer, block) in self.blocks.iter().enumerate() {
            let apply = |projection: Projection, x: &Tensor| -> Result<Tensor, ModelError> {
                let y = block.linear(projection).forward(x)?;
                masks.add(layer, projection, x, y)
            };
            let normed = self.rms_norm(&x, &block.input_norm)?;
            let (q, k, v) = (
                apply(Projection::Q, &normed)?,
                apply(Projection::K, &normed)?,
                apply(Projection::V, &normed)?,
            );
            let mixed = self.attention(layer, block, &places, segments, pieces, (q, k, v))?;
            x = (x + apply(Projection::O, &mixed)?)?;
            let normed = self.rms_norm(&x, &block.post_norm)?;
            let gate = apply(Projection::Gate, &normed)?.silu()?;
            let up = apply(Projection::Up, &normed)?;
            x = (x + apply(Projection::Down, &(gate * up)?)?)?;
        }
        for piece in pieces {
            segments[piece.segment].cache.commit(piece.rows);
        }
        self.logits(&x, segments, pieces, sink)
    }

    /// `x / √(mean x² + ε) · weight`, in f32 whatever the dtype.
    fn rms_norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, ModelError> {
        let dtype = x.dtype();
        let normed = candle_nn::ops::rms_norm(
            &x.to_dtype(DType::F32)?.contiguous()?,
            weight,
            self.config.norm_eps as f32,
        )?;
        Ok(normed.to_dtype(dtype)?)
    }

    fn attention(
        &self,
        layer: usize,
        block: &Block,
        places: &Places,
        segments: &[Segment<'_>],
        pieces: &[Piece],
        (q, k, v): (Tensor, Tensor, Tensor),
    ) -> Result<Tensor, ModelError> {
        let rows = q.dim(0)?;
        let (heads, kv_heads, width) = (
            self.config.heads,
            self.config.kv_heads,
            self.config.head_dim,
        );
        let q = self.turned(&q, heads, block.q_norm.as_ref(), places)?;
        let k = self.turned(&k, kv_heads, block.k_norm.as_ref(), places)?;
        let v = v.reshape((rows, kv_heads, width))?;
        let mut all = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let by_head = |x: &Tensor| x.narrow(0, piece.at, piece.rows)?.transpose(0, 1);
            let cache = &segments[piece.segment].cache;
            all.push(cache.append(layer, &by_head(&k)?, &by_head(&v)?)?);
        }
        let mut outputs = Vec::with_capacity(pieces.len());
        for (index, (piece, (keys, values))) in pieces.iter().zip(all).enumerate() {
            // Query heads that share a key head stand below each other: no copies of keys and values are made.
            let group = heads / kv_heads;
            let queries = q
                .narrow(0, piece.at, piece.rows)?
                .reshape((piece.rows, kv_heads, group, width))?
                .transpose(0, 1)?
                .reshape((kv_heads, piece.rows * group, width))?;
            let mask = places.mask(index, self.config.windows[layer]);
            let mixed = attend(&queries, &keys, &values, mask, piece.rows)?;
            outputs.push(
                mixed
                    .reshape((kv_heads, piece.rows, group, width))?
                    .transpose(0, 1)?
                    .reshape((piece.rows, heads * width))?,
            );
        }
        Ok(match outputs.as_slice() {
            [one] => one.clone(),
            many => Tensor::cat(many, 0)?,
        })
    }

    /// Heads of queries or keys, normed where the model does so and turned to their positions: `[rows, heads, width]`.
    fn turned(
        &self,
        x: &Tensor,
        heads: usize,
        norm: Option<&Tensor>,
        places: &Places,
    ) -> Result<Tensor, ModelError> {
        let rows = x.dim(0)?;
        let mut x = x.reshape((rows, heads, self.config.head_dim))?;
        if let Some(norm) = norm {
            x = self.rms_norm(&x, norm)?;
        }
        let dtype = x.dtype();
        let x = x.to_dtype(DType::F32)?.contiguous()?.unsqueeze(0)?;
        let turned = candle_nn::rotary_emb::rope_thd(&x, &places.cos, &places.sin)?;
        Ok(turned.squeeze(0)?.to_dtype(dtype)?)
    }

    fn logits(
        &self,
        x: &Tensor,
        segments: &[Segment<'_>],
        pieces: &[Piece],
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        let mut wanted = Vec::new();
        for piece in pieces {
            let segment = &segments[piece.segment];
            for row in 0..piece.rows {
                let token = piece.from + row;
                if segment.wanted == Wanted::All || token + 1 == segment.tokens.len() {
                    wanted.push((piece.segment, token, (piece.at + row) as u32));
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let x = if wanted.len() == x.dim(0)? {
            x.clone()
        } else {
            let rows: Vec<u32> = wanted.iter().map(|&(_, _, row)| row).collect();
            x.index_select(&Tensor::from_vec(rows, wanted.len(), self.device())?, 0)?
        };
        let normed = self.rms_norm(&x, &self.norm)?;
        let logits = self.logit_weights().forward(&normed)?;
        let flat: Vec<f32> = logits.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let rows = flat.chunks_exact(self.config.vocab_size);
        for (&(segment, token, _), row) in wanted.iter().zip(rows) {
            sink(segment, token, row)?;
        }
        Ok(())
    }
}

/// The next pieces, at most [`CHUNK_ROWS`] rows together.
fn next_pieces(segments: &[Segment<'_>], done: &[usize]) -> Vec<Piece> {
    let mut at = 0;
    let mut pieces = Vec::with_capacity(segments.len());
    for (segment, (tokens, &from)) in segments.iter().map(|s| s.tokens).zip(done).enumerate() {
        let rows = (tokens.len() - from).min(CHUNK_ROWS - at);
        if rows > 0 {
            pieces.push(Piece {
                segment,
                from,
                rows,
                at,
            });
            at += rows;
        }
    }
    pieces
}

/// Softmax(q·kᵀ/√width + mask)·v for queries `[kv_heads, rows·group, width]`; softmax in f32.
fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    mask: Mask<'_>,
    rows: usize,
) -> Result<Tensor, ModelError> {
    let (kv_heads, stacked, width) = queries.dims3()?;
    let (keys, values) = match mask {
        Mask::Newest(window) => {
            let len = keys.dim(1)?;
            let from = len.saturating_sub(window);
            (
                keys.narrow(1, from, len - from)?,
                values.narrow(1, from, len - from)?,
            )
        }
        Mask::None | Mask::Added(_) => (keys.clone(), values.clone()),
    };
    let len = keys.dim(1)?;
    let scale = 1.0 / (width as f64).sqrt();
    let mut scores = (queries.matmul(&keys.t()?)?.to_dtype(DType::F32)? * scale)?;
    if let Mask::Added(mask) = mask {
        scores = scores
            .reshape((kv_heads, rows, stacked / rows, len))?
            .broadcast_add(mask)?
            .reshape((kv_heads, stacked, len))?;
    }
    let weights = candle_nn::ops::softmax_last_dim(&scores)?.to_dtype(values.dtype())?;
    Ok(weights.matmul(&values)?)
}

/// What a piece's rows may look at.
#[derive(Debug, Clone, Copy)]
enum Mask<'a> {
    /// Everything in the cache (a single row without a window).
    None,
    /// The newest so many tokens (a single row with a window).
    Newest(usize),
    /// 0 or −∞, `[rows, 1, len]`.
    Added(&'a Tensor),
}

/// Positions of a pass: turns, and who sees whom.
struct Places {
    cos: Tensor,
    sin: Tensor,
    /// Per piece: one mask per distinct window, for pieces of more than one row.
    masks: Vec<Vec<(Option<usize>, Tensor)>>,
}

impl Places {
    fn new(
        decoder: &Decoder,
        segments: &[Segment<'_>],
        pieces: &[Piece],
    ) -> Result<Self, ModelError> {
        let device = decoder.device();
        let config = &decoder.config;
        let positions: Vec<usize> = pieces
            .iter()
            .flat_map(|piece| {
                let from = segments[piece.segment].cache.len();
                from..from + piece.rows
            })
            .collect();
        let frequencies = config.rope.frequencies(config.head_dim);
        let (cos, sin) = rope::angles(&frequencies, &positions);
        let shape = (positions.len(), frequencies.len());
        let mut windows = config.windows.clone();
        windows.sort_unstable();
        windows.dedup();
        let masks = pieces
            .iter()
            .map(|piece| {
                if piece.rows == 1 {
                    return Ok(Vec::new());
                }
                let past = segments[piece.segment].cache.len();
                windows
                    .iter()
                    .map(|&window| Ok((window, causal_mask(past, piece.rows, window, device)?)))
                    .collect()
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            cos: Tensor::from_vec(cos, shape, device)?,
            sin: Tensor::from_vec(sin, shape, device)?,
            masks,
        })
    }

    fn mask(&self, piece: usize, window: Option<usize>) -> Mask<'_> {
        match (
            self.masks[piece].iter().find(|(found, _)| *found == window),
            window,
        ) {
            (Some((_, mask)), _) => Mask::Added(mask),
            (None, Some(window)) => Mask::Newest(window),
            (None, None) => Mask::None,
        }
    }
}

/// 0 where the row's token may look, −∞ where it may not: `[rows, 1, past + rows]`.
fn causal_mask(
    past: usize,
    rows: usize,
    window: Option<usize>,
    device: &candle_core::Device,
) -> Result<Tensor, ModelError> {
    let len = past + rows;
    let mask: Vec<f32> = (past..len)
        .flat_map(|query| {
            (0..len).map(move |key| {
                let seen = key <= query && window.is_none_or(|window| query - key < window);
                if seen { 0.0 } else { f32::NEG_INFINITY }
            })
        })
        .collect();
    Ok(Tensor::from_vec(mask, (rows, 1, len), device)?)
}

#[cfg(test)]
mod tests;
