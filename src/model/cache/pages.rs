//! Keys and values on the processor, in pages that texts with the same beginning share.

use std::sync::Arc;

use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::kernels::{SPAN, Span};

/// Pages of [`SPAN`] tokens, the last one filled in part.
#[derive(Debug, Clone)]
pub(in crate::model) struct Pages {
    layers: usize,
    kv_heads: usize,
    /// Width of a head.
    width: usize,
    /// Each `[layers, 2, kv_heads, SPAN, width]`: keys, then values. One that another text has too is copied before it is
    /// written to.
    held: Vec<Arc<Vec<f32>>>,
}

impl Pages {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            layers: config.layers,
            kv_heads: config.kv_heads,
            width: config.head_dim,
            held: Vec::new(),
        }
    }

    /// Numbers of one head's keys in a page.
    const fn head_len(&self) -> usize {
        SPAN * self.width
    }

    /// Keeps what the first `len` tokens lie in.
    pub(super) fn truncate(&mut self, len: usize) {
        self.held.truncate(len.div_ceil(SPAN));
    }

    /// Bytes of all pages; what is shared counts in equal parts for each text that has it.
    pub(super) fn bytes(&self) -> u64 {
        let of =
            |page: &Arc<Vec<f32>>| size_of_val(page.as_slice()) / Arc::strong_count(page).max(1);
        self.held.iter().map(of).sum::<usize>() as u64
    }

    /// Makes room for `extra` tokens behind the first `len`, shared with no other text.
    pub(super) fn reserve(&mut self, len: usize, extra: usize) {
        let size = self.layers * 2 * self.kv_heads * self.head_len();
        let count = (len + extra).div_ceil(SPAN);
        while self.held.len() < count {
            self.held.push(Arc::new(vec![0.0; size]));
        }
        for page in &mut self.held[len / SPAN..count] {
            Arc::make_mut(page);
        }
    }

    /// Writes the keys and values (`[kv_heads, width]` each) of a token of one layer.
    pub(super) fn put(
        &mut self,
        layer: usize,
        token: usize,
        keys: &[f32],
        values: &[f32],
    ) -> Result<(), ModelError> {
        let (heads, width, head_len) = (self.kv_heads, self.width, self.head_len());
        let page = self.held.get_mut(token / SPAN).and_then(Arc::get_mut);
        let (Some(page), true) = (
            page,
            keys.len() == heads * width && values.len() == keys.len(),
        ) else {
            return Err(candle_core::Error::Msg("no room was made for a token".to_owned()).into());
        };
        for (kind, numbers) in [keys, values].into_iter().enumerate() {
            let first = (layer * 2 + kind) * heads * head_len;
            let heads = page[first..][..heads * head_len].chunks_exact_mut(head_len);
            for (head, numbers) in heads.zip(numbers.chunks_exact(width)) {
                head[token % SPAN * width..][..width].copy_from_slice(numbers);
            }
        }
        Ok(())
    }

    /// Keys and values of one layer, page by page.
    pub(super) fn spans(&self, layer: usize) -> impl Iterator<Item = Span<'_>> {
        let len = self.kv_heads * self.head_len();
        self.held.iter().map(move |page| Span {
            keys: &page[layer * 2 * len..][..len],
            values: &page[(layer * 2 + 1) * len..][..len],
        })
    }
}
