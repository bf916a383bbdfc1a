//! A ragged pass: rows of any texts, lengths and adapters through one reading of the weights.
//!
//! 1. The tokens of all segments become one matrix `[rows, hidden]`.
//! 2. Every product with a weight of the trunk takes all rows at once; adapters add to the rows that are theirs.
//! 3. Attention alone looks at one segment at a time: its new rows against its own cache.
//! 4. Logits come out for the rows that were asked for.

mod lengths;
mod processor;
mod tensors;

use super::cache::KvCache;
use super::decoder::Decoder;
use super::error::ModelError;
use super::lora::AdapterStack;
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
        for segment in segments.iter() {
            check_ids(segment.tokens, self.config.vocab_size)?;
        }
        match self.config.rope.switches_behind() {
            None => self.read(adapters, segments, cancel, sink),
            Some(limit) => self.read_by_length(limit, adapters, segments, cancel, sink),
        }
    }

    /// The same, for tokens that are in the vocabulary and texts that keep their positions.
    fn read(
        &self,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        for segment in segments.iter_mut() {
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
        tensors::pass(self, adapters, segments, pieces, sink)
    }
}

/// Whether all ids lie in a vocabulary of this size.
pub(super) fn check_ids(tokens: &[TokenId], size: usize) -> Result<(), ModelError> {
    match tokens.iter().find(|&&id| id as usize >= size) {
        None => Ok(()),
        Some(id) => Err(ModelError::misfit(
            format!("token {id} lies outside the model's vocabulary of {size}"),
            "The tokenizer may belong to another model",
        )),
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

#[cfg(test)]
mod tests;
