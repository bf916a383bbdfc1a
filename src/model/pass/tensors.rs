//! A pass by general tensor operations, for any device.

use candle_core::{DType, Tensor};

use super::{Piece, RowSink, Segment, Wanted};
use crate::model::config::{Activation, Config};
use crate::model::decoder::{Block, Decoder, Projection};
use crate::model::error::ModelError;
use crate::model::lora::{AdapterStack, PassMasks};

/// Takes the pieces through the decoder and hands the logits that are wanted to `sink`.
pub(super) fn pass(
    decoder: &Decoder,
    adapters: Option<&AdapterStack>,
    segments: &mut [Segment<'_>],
    pieces: &[Piece],
    sink: &mut RowSink<'_>,
) -> Result<(), ModelError> {
    let config = &decoder.config;
    let ids: Vec<u32> = pieces
        .iter()
        .flat_map(|piece| &segments[piece.segment].tokens[piece.from..][..piece.rows])
        .copied()
        .collect();
    let mut x = scaled(
        decoder.embed.rows(&ids, decoder.dtype())?,
        config.scales.embedding,
    )?;
    let places = Places::new(decoder, segments, pieces)?;
    let masks = PassMasks::new(
        adapters,
        pieces
            .iter()
            .map(|piece| (piece.rows, segments[piece.segment].adapter)),
    );
    for (layer, block) in decoder.blocks.iter().enumerate() {
        let apply = |projection: Projection, x: &Tensor| -> Result<Tensor, ModelError> {
            let y = block.linear(projection).forward(x)?;
            masks.add(layer, projection, x, y)
        };
        let (attention_norms, mlp_norms) = (&block.attention_norms, &block.mlp_norms);
        let input = decoder.norm_if(x.clone(), attention_norms.before.as_ref())?;
        let (q, k, v) = (
            apply(Projection::Q, &input)?,
            apply(Projection::K, &input)?,
            apply(Projection::V, &input)?,
        );
        let mixed = decoder.attention(layer, block, &places, segments, pieces, (q, k, v))?;
        let change = apply(Projection::O, &mixed)?;
        let change = decoder.norm_if(change, attention_norms.after.as_ref())?;
        x = (x + scaled(change, config.scales.residual)?)?;
        let input = decoder.norm_if(x.clone(), mlp_norms.before.as_ref())?;
        let gate = apply(Projection::Gate, &input)?;
        let gate = match config.activation {
            Activation::Silu => gate.silu()?,
            // candle's GELU is the approximation by tanh.
            Activation::GeluTanh => gate.gelu()?,
        };
        let up = apply(Projection::Up, &input)?;
        let change = apply(Projection::Down, &(gate * up)?)?;
        let change = decoder.norm_if(change, mlp_norms.after.as_ref())?;
        x = (x + scaled(change, config.scales.residual)?)?;
    }
    for piece in pieces {
        segments[piece.segment].cache.commit(piece.rows);
    }
    decoder.logits(&x, segments, pieces, sink)
}

/// `x · scale`; `x` itself where that is all.
fn scaled(x: Tensor, scale: f64) -> Result<Tensor, ModelError> {
    if (scale - 1.0).abs() < f64::EPSILON {
        return Ok(x);
    }
    Ok((x * scale)?)
}

/// `cap · tanh(x / cap)` where there is a cap.
fn capped(x: Tensor, cap: Option<f64>) -> Result<Tensor, ModelError> {
    match cap {
        None => Ok(x),
        Some(cap) => Ok(((x * (1.0 / cap))?.tanh()? * cap)?),
    }
}

impl Decoder {
    fn norm_if(&self, x: Tensor, norm: Option<&Tensor>) -> Result<Tensor, ModelError> {
        match norm {
            Some(norm) => self.rms_norm(&x, norm),
            None => Ok(x),
        }
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
        let turn = places.turn(self.config.rope_of(layer));
        let q = self.turned(&q, heads, block.q_norm.as_ref(), turn)?;
        let k = self.turned(&k, kv_heads, block.k_norm.as_ref(), turn)?;
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
            let mixed = attend(&self.config, &queries, (&keys, &values), mask, piece.rows)?;
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
        turn: Option<&(Tensor, Tensor)>,
    ) -> Result<Tensor, ModelError> {
        let (rows, width) = (x.dim(0)?, self.config.head_dim);
        let mut x = x.clone();
        if let Some(norm) = norm {
            // A norm of single heads or of all together, as its weights say.
            let of_one = norm.dim(0)?;
            x = self.rms_norm(&x.reshape(((), of_one))?, norm)?;
        }
        let x = x.reshape((rows, heads, width))?;
        let Some((cos, sin)) = turn else {
            return Ok(x);
        };
        let dtype = x.dtype();
        let x = x.to_dtype(DType::F32)?;
        let part = 2 * cos.dim(1)?;
        let turned = candle_nn::rotary_emb::rope_thd(
            &x.narrow(2, 0, part)?.contiguous()?.unsqueeze(0)?,
            cos,
            sin,
        )?;
        let mut turned = turned.squeeze(0)?;
        if part < width {
            turned = Tensor::cat(&[turned, x.narrow(2, part, width - part)?], 2)?;
        }
        Ok(turned.to_dtype(dtype)?)
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
        let normed = scaled(self.rms_norm(&x, &self.norm)?, self.config.scales.logits)?;
        let logits = self.logit_weights().forward(&normed)?;
        let logits = capped(logits.to_dtype(DType::F32)?, self.config.logit_cap)?;
        let flat: Vec<f32> = logits.flatten_all()?.to_vec1()?;
        let rows = flat.chunks_exact(self.config.vocab_size);
        for (&(segment, token, _), row) in wanted.iter().zip(rows) {
            sink(segment, token, row)?;
        }
        Ok(())
    }
}

/// Softmax(q·kᵀ·scale + mask)·v for queries `[kv_heads, rows·group, width]`; softmax in f32.
fn attend(
    config: &Config,
    queries: &Tensor,
    (keys, values): (&Tensor, &Tensor),
    mask: Mask<'_>,
    rows: usize,
) -> Result<Tensor, ModelError> {
    let (kv_heads, stacked, _) = queries.dims3()?;
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
    let products = queries.matmul(&keys.t()?)?.to_dtype(DType::F32)?;
    let mut scores = capped((products * config.attention_scale())?, config.attention_cap)?;
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
    /// Cosines and sines, `[rows, pairs]`, of each kind of rotary positions.
    turns: Vec<(Tensor, Tensor)>,
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
        let positions: Vec<(usize, bool)> = pieces
            .iter()
            .flat_map(|piece| {
                let cache = &segments[piece.segment].cache;
                (0..piece.rows).map(|ahead| cache.position(ahead))
            })
            .collect();
        let turns = config
            .ropes()
            .map(|rope| {
                let turns = rope.turns(config.head_dim, &positions);
                let shape = (positions.len(), turns.pairs);
                let cos = Tensor::from_vec(turns.cos, shape, device)?;
                Ok((cos, Tensor::from_vec(turns.sin, shape, device)?))
            })
            .collect::<Result<_, ModelError>>()?;
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
        Ok(Self { turns, masks })
    }

    fn turn(&self, rope: Option<usize>) -> Option<&(Tensor, Tensor)> {
        rope.map(|rope| &self.turns[rope])
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
