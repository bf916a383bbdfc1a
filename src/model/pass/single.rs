//! Attention of single new rows on the processor: writing one token per text.
//!
//! A step's texts have one new row each, and general tensor operations spend more time on bookkeeping than on such rows.
//! These loops read each text's cache in place.

use candle_core::{CpuStorage, DType, Storage, Tensor};
use rayon::prelude::*;

use super::{Piece, Segment};
use crate::model::config::Config;
use crate::model::error::ModelError;

/// Products of a layer above which the heads are spread over threads.
const SPREAD_ABOVE: usize = 1 << 19;

/// The cached keys and values that one row looks at.
struct Seen<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    /// Tokens that each head has room for.
    capacity: usize,
    /// First token that may be seen.
    from: usize,
    /// One past the last.
    to: usize,
}

/// Whether [`attend`] can do these pieces.
pub(super) fn fits(queries: &Tensor, pieces: &[Piece]) -> bool {
    queries.device().is_cpu()
        && queries.dtype() == DType::F32
        && pieces.iter().all(|piece| piece.rows == 1)
}

/// Softmax(q·kᵀ/√width)·v for one row per piece: queries `[rows, heads, width]` to `[rows, heads·width]`. The new keys
/// and values are in the caches already.
pub(super) fn attend(
    layer: usize,
    config: &Config,
    queries: &Tensor,
    segments: &[Segment<'_>],
    pieces: &[Piece],
) -> Result<Tensor, ModelError> {
    let (kv_heads, width) = (config.kv_heads, config.head_dim);
    let group = config.heads / kv_heads;
    let queries = queries.contiguous()?;
    let row_guard = queries.storage_and_layout();
    let rows = slice(&row_guard)?;
    let tensors: Vec<(&Tensor, &Tensor)> = pieces
        .iter()
        .map(|piece| segments[piece.segment].cache.layer(layer))
        .collect();
    let guards: Vec<_> = tensors
        .iter()
        .map(|(keys, values)| (keys.storage_and_layout(), values.storage_and_layout()))
        .collect();
    let mut seen = Vec::with_capacity(pieces.len());
    for (piece, (keys, values)) in pieces.iter().zip(&guards) {
        let cache = &segments[piece.segment].cache;
        let to = cache.len() + 1;
        seen.push(Seen {
            keys: slice(keys)?,
            values: slice(values)?,
            capacity: cache.capacity(),
            from: config.windows[layer].map_or(0, |window| to.saturating_sub(window)),
            to,
        });
    }
    let part = group * width;
    let mut out = vec![0f32; pieces.len() * kv_heads * part];
    let work: usize = seen.iter().map(|seen| seen.to * kv_heads * part).sum();
    let one = |(index, out): (usize, &mut [f32])| {
        let seen = &seen[index / kv_heads];
        one_head(
            seen,
            index % kv_heads,
            width,
            &rows[index * part..][..part],
            out,
        );
    };
    if work > SPREAD_ABOVE {
        out.par_chunks_mut(part).enumerate().for_each(one);
    } else {
        out.chunks_mut(part).enumerate().for_each(one);
    }
    let shape = (pieces.len(), config.heads * width);
    Ok(Tensor::from_vec(out, shape, queries.device())?)
}

/// The query heads that share one key head.
fn one_head(seen: &Seen<'_>, head: usize, width: usize, queries: &[f32], out: &mut [f32]) {
    let tokens = |all: &'_ [f32]| {
        let start = (head * seen.capacity + seen.from) * width;
        start..(start + (seen.to - seen.from) * width).min(all.len())
    };
    let keys = &seen.keys[tokens(seen.keys)];
    let values = &seen.values[tokens(seen.values)];
    let scale = 1.0 / (width as f32).sqrt();
    let mut weights = Vec::with_capacity(seen.to - seen.from);
    for (query, out) in queries.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        weights.clear();
        weights.extend(keys.chunks_exact(width).map(|key| dot(query, key) * scale));
        let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for weight in &mut weights {
            *weight = (*weight - most).exp();
            sum += *weight;
        }
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            let share = weight / sum;
            for (out, value) in out.iter_mut().zip(value) {
                *out += share * value;
            }
        }
    }
}

/// Eight sums side by side, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// The numbers of a contiguous f32 tensor in this machine's memory.
fn slice<'a, G>(guard: &'a (G, &candle_core::Layout)) -> Result<&'a [f32], ModelError>
where
    G: std::ops::Deref<Target = Storage>,
{
    match (&*guard.0, guard.1.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(all)), Some((from, to))) => Ok(&all[from..to]),
        _ => Err(candle_core::Error::Msg("rows are not f32 on the processor".to_owned()).into()),
    }
}
