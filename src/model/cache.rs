//! Keys and values of the tokens already read, owned by the caller.

mod pages;
mod tensors;

use candle_core::{DType, Device, Tensor};

use self::pages::Pages;
use self::tensors::Tensors;
use super::config::Config;
use super::error::ModelError;
use super::foreign::Reading;
use super::kernels::Span;
use crate::domain::TokenId;

/// The keys and values of one text under one model, layer by layer.
#[derive(Debug)]
pub struct KvCache {
    len: usize,
    store: Store,
    /// Whether the positions are those of long texts, where a model has such.
    pub(super) long: bool,
    /// The text itself, for models that may have to read it again.
    told: Vec<TokenId>,
}

/// Where they lie.
#[derive(Debug)]
enum Store {
    /// For the kernels of the processor, in f32.
    Pages(Pages),
    /// For tensor operations, in the models' dtype.
    Tensors(Tensors),
    /// In a model of another library that has read the text; nothing where it has to read it again.
    Foreign {
        reading: Option<Box<dyn Reading>>,
        token_bytes: u64,
    },
}

impl KvCache {
    /// An empty cache for models of this shape.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(config: &Config, dtype: DType, device: &Device) -> Result<Self, ModelError> {
        if device.is_cpu() {
            return Ok(Self::empty(Store::Pages(Pages::new(config))));
        }
        Self::of_tensors(config, dtype, device)
    }

    /// An empty cache for tensor operations.
    pub(super) fn of_tensors(
        config: &Config,
        dtype: DType,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let tensors = Tensors::new(config, dtype, device)?;
        Ok(Self::empty(Store::Tensors(tensors)))
    }

    /// An empty cache for a model of another library, which keeps so many bytes per token.
    pub(super) fn foreign(token_bytes: u64) -> Self {
        Self::empty(Store::Foreign {
            reading: None,
            token_bytes,
        })
    }

    fn empty(store: Store) -> Self {
        Self {
            len: 0,
            store,
            long: false,
            told: Vec::new(),
        }
    }

    /// Tokens read so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets everything after the first `len` tokens; a longer `len` changes nothing.
    pub fn truncate(&mut self, len: usize) {
        let shorter = len < self.len;
        self.len = self.len.min(len);
        self.told.truncate(len);
        match &mut self.store {
            Store::Pages(pages) => pages.truncate(self.len),
            Store::Foreign { reading, .. } if shorter => *reading = None,
            Store::Tensors(_) | Store::Foreign { .. } => {}
        }
    }

    /// A cache of the same tokens that goes its own way.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn fork(&self) -> Result<Self, ModelError> {
        self.fork_at(self.len)
    }

    /// A cache of the first `len` tokens that goes its own way; a longer `len` takes all there are. On the processor the
    /// two share their memory up to where either writes on.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn fork_at(&self, len: usize) -> Result<Self, ModelError> {
        let len = self.len.min(len);
        let store = match &self.store {
            Store::Pages(pages) => {
                let mut pages = pages.clone();
                pages.truncate(len);
                Store::Pages(pages)
            }
            Store::Tensors(tensors) => Store::Tensors(tensors.fork(len)?),
            Store::Foreign {
                reading,
                token_bytes,
            } => Store::Foreign {
                reading: reading
                    .as_ref()
                    .filter(|_| len == self.len)
                    .and_then(|reading| reading.copy()),
                token_bytes: *token_bytes,
            },
        };
        Ok(Self {
            len,
            store,
            long: self.long,
            told: self.told.iter().take(len).copied().collect(),
        })
    }

    /// Bytes that keys and values take on the device, the room for further tokens included; memory that texts share is
    /// split evenly between them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.store {
            Store::Pages(pages) => pages.bytes(),
            Store::Tensors(tensors) => tensors.bytes(),
            Store::Foreign { token_bytes, .. } => token_bytes * self.len as u64,
        }
    }

    /// Position of a token, `ahead` tokens behind those read, and whether it is one of a long text.
    pub(super) const fn position(&self, ahead: usize) -> (usize, bool) {
        (self.len + ahead, self.long)
    }

    /// The text, as far as [`Self::remember`] was told of it.
    pub(super) fn told(&self) -> &[TokenId] {
        &self.told
    }

    /// Writes down tokens that were read.
    pub(super) fn remember(&mut self, tokens: &[TokenId]) {
        self.told.extend_from_slice(tokens);
    }

    /// Makes room for `extra` more tokens.
    pub(super) fn reserve(&mut self, extra: usize) -> Result<(), ModelError> {
        match &mut self.store {
            Store::Pages(pages) => pages.reserve(self.len, extra),
            Store::Tensors(tensors) => tensors.reserve(self.len, extra)?,
            Store::Foreign { .. } => return Err(wrong_store()),
        }
        Ok(())
    }

    /// Writes the keys and values (`[kv_heads, new, head_dim]`) of `new` tokens of one layer behind the tokens read, and
    /// returns all of that layer's, `[kv_heads, len + new, head_dim]`. [`Self::commit`] ends the pass.
    pub(super) fn append(
        &self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelError> {
        match &self.store {
            Store::Tensors(tensors) => tensors.append(layer, self.len, keys, values),
            Store::Pages(_) | Store::Foreign { .. } => Err(wrong_store()),
        }
    }

    /// Writes the keys and values (`[kv_heads, head_dim]` each) of one token of one layer, `ahead` tokens behind those
    /// read. [`Self::commit`] ends the pass.
    pub(super) fn put(
        &mut self,
        layer: usize,
        ahead: usize,
        keys: &[f32],
        values: &[f32],
    ) -> Result<(), ModelError> {
        match &mut self.store {
            Store::Pages(pages) => pages.put(layer, self.len + ahead, keys, values),
            Store::Tensors(_) | Store::Foreign { .. } => Err(wrong_store()),
        }
    }

    /// Keys and values of one layer for the kernels, those of a pass that has not ended included.
    pub(super) fn spans(&self, layer: usize) -> Result<Vec<Span<'_>>, ModelError> {
        match &self.store {
            Store::Pages(pages) => Ok(pages.spans(layer).collect()),
            Store::Tensors(_) | Store::Foreign { .. } => Err(wrong_store()),
        }
    }

    /// The model of another library that has read the text, to read on; nothing where it has to read it again.
    pub(super) fn take_reading(&mut self) -> Result<Option<Box<dyn Reading>>, ModelError> {
        match &mut self.store {
            Store::Foreign { reading, .. } => Ok(reading.take()),
            Store::Pages(_) | Store::Tensors(_) => Err(wrong_store()),
        }
    }

    /// Gives it back after it has read these tokens.
    pub(super) fn put_reading(&mut self, read: Box<dyn Reading>, tokens: &[TokenId]) {
        if let Store::Foreign { reading, .. } = &mut self.store {
            *reading = Some(read);
            self.remember(tokens);
            self.commit(tokens.len());
        }
    }

    /// Counts the tokens that every layer has appended.
    pub(super) fn commit(&mut self, new: usize) {
        self.len += new;
    }
}

/// A pass that meets the cache of another kind of device or model.
fn wrong_store() -> ModelError {
    candle_core::Error::Msg("the cache belongs to another device or model".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::super::tiny;
    use super::*;

    #[test]
    fn forks_share_memory_until_one_of_them_writes() {
        let config = tiny::config();
        let width = config.kv_heads * config.head_dim;
        let mut origin = KvCache::new(&config, DType::F32, &Device::Cpu).unwrap();
        let write = |cache: &mut KvCache, count: usize, number: f32| {
            cache.reserve(count).unwrap();
            for ahead in 0..count {
                for layer in 0..config.layers {
                    let numbers = vec![number; width];
                    cache.put(layer, ahead, &numbers, &numbers).unwrap();
                }
            }
            cache.commit(count);
        };
        write(&mut origin, 100, 1.0);
        let alone = origin.bytes();
        let mut fork = origin.fork_at(80).unwrap();
        assert_eq!((fork.len(), origin.bytes()), (80, alone / 2));
        write(&mut fork, 1, 2.0);
        // Of two pages each, the first is still shared.
        assert_eq!(origin.bytes(), alone / 4 + alone / 2);
        let at = |cache: &KvCache, token: usize| {
            cache.spans(1).unwrap()[token / 64].keys[token % 64 * config.head_dim]
        };
        assert_eq!(
            [at(&fork, 79), at(&fork, 80)].map(f32::to_bits),
            [1.0, 2.0].map(f32::to_bits)
        );
        assert_eq!(at(&origin, 80).to_bits(), 1f32.to_bits());
    }
}
