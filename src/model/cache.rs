//! Keys and values of the tokens already read, owned by the caller.

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Tensor};

use super::config::Config;
use super::error::ModelError;

/// Tokens that a fresh cache has room for; it doubles from there.
const FIRST_CAPACITY: usize = 64;

/// The keys and values of one text under one model, layer by layer.
#[derive(Debug)]
pub struct KvCache {
    /// Per layer: keys and values, each `[kv_heads, capacity, head_dim]`, filled up to `len`.
    layers: Vec<(Tensor, Tensor)>,
    len: usize,
    capacity: usize,
}

impl KvCache {
    /// An empty cache for models of this shape.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(config: &Config, dtype: DType, device: &Device) -> Result<Self, ModelError> {
        let capacity = FIRST_CAPACITY.min(config.context);
        let shape = (config.kv_heads, capacity, config.head_dim);
        let layers = (0..config.layers)
            .map(|_| {
                Ok((
                    Tensor::zeros(shape, dtype, device)?,
                    Tensor::zeros(shape, dtype, device)?,
                ))
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            layers,
            len: 0,
            capacity,
        })
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
        self.len = self.len.min(len);
    }

    /// A copy that shares no memory with this cache.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn fork(&self) -> Result<Self, ModelError> {
        self.fork_at(self.len)
    }

    /// A copy of the first `len` tokens that shares no memory with this cache; a longer `len` copies all there are.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn fork_at(&self, len: usize) -> Result<Self, ModelError> {
        let len = self.len.min(len);
        // A short beginning of a long text need not take the long text's memory; else one plain copy is the fastest.
        let capacity = self.capacity.min((2 * len).max(FIRST_CAPACITY));
        let copy = |tensor: &Tensor| {
            if capacity == self.capacity {
                Ok(tensor.copy()?)
            } else {
                resized(tensor, len, capacity)
            }
        };
        Ok(Self {
            layers: self
                .layers
                .iter()
                .map(|(keys, values)| Ok((copy(keys)?, copy(values)?)))
                .collect::<Result<_, ModelError>>()?,
            len,
            capacity,
        })
    }

    /// Bytes that keys and values take on the device, the room for further tokens included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |tensor: &Tensor| tensor.elem_count() * tensor.dtype().size_in_bytes();
        let each = self
            .layers
            .iter()
            .map(|(keys, values)| of(keys) + of(values));
        each.sum::<usize>() as u64
    }

    /// Tokens that there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Keys and values of one layer, each `[kv_heads, capacity, head_dim]`.
    pub(super) fn layer(&self, layer: usize) -> (&Tensor, &Tensor) {
        let (keys, values) = &self.layers[layer];
        (keys, values)
    }

    /// Makes room for `extra` more tokens.
    pub(super) fn reserve(&mut self, extra: usize) -> Result<(), ModelError> {
        let needed = self.len + extra;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(self.capacity * 2);
        for (keys, values) in &mut self.layers {
            *keys = resized(keys, self.len, capacity)?;
            *values = resized(values, self.len, capacity)?;
        }
        self.capacity = capacity;
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
        let (all_keys, all_values) = &self.layers[layer];
        let total = self.len + keys.dim(1)?;
        all_keys.slice_set(&keys.contiguous()?, 1, self.len)?;
        all_values.slice_set(&values.contiguous()?, 1, self.len)?;
        Ok((
            all_keys.narrow(1, 0, total)?,
            all_values.narrow(1, 0, total)?,
        ))
    }

    /// Writes the keys and values (`[kv_heads, head_dim]` each) of one token of one layer, `ahead` tokens behind those
    /// read; for caches of f32 on the processor.
    pub(super) fn put(
        &self,
        layer: usize,
        ahead: usize,
        keys: &[f32],
        values: &[f32],
    ) -> Result<(), ModelError> {
        let (all_keys, all_values) = &self.layers[layer];
        let token = self.len + ahead;
        all_keys.inplace_op1(&Put {
            token,
            numbers: keys,
        })?;
        all_values.inplace_op1(&Put {
            token,
            numbers: values,
        })?;
        Ok(())
    }

    /// Counts the tokens that every layer has appended.
    pub(super) fn commit(&mut self, new: usize) {
        self.len += new;
    }
}

/// A fresh tensor of `capacity` tokens that starts with the first `len` of `tensor`.
fn resized(tensor: &Tensor, len: usize, capacity: usize) -> Result<Tensor, ModelError> {
    let (heads, _, width) = tensor.dims3()?;
    let fresh = Tensor::zeros((heads, capacity, width), tensor.dtype(), tensor.device())?;
    if len > 0 {
        fresh.slice_set(&tensor.narrow(1, 0, len)?.contiguous()?, 1, 0)?;
    }
    Ok(fresh)
}

/// Writes one token's numbers, `[heads, width]`, into a cache `[heads, capacity, width]`.
struct Put<'a> {
    token: usize,
    numbers: &'a [f32],
}

impl InplaceOp1 for Put<'_> {
    fn name(&self) -> &'static str {
        "put-token"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (heads, capacity, width) = layout.shape().dims3()?;
        let fits = self.token < capacity && self.numbers.len() == heads * width;
        let (CpuStorage::F32(all), Some((from, to)), true) =
            (storage, layout.contiguous_offsets(), fits)
        else {
            candle_core::bail!("a token does not fit into its cache")
        };
        let heads = all[from..to].chunks_exact_mut(capacity * width);
        for (head, numbers) in heads.zip(self.numbers.chunks_exact(width)) {
            head[self.token * width..][..width].copy_from_slice(numbers);
        }
        Ok(())
    }
}
