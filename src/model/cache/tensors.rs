//! Keys and values as tensors of the device, one pair per layer, with room to grow.

use candle_core::{DType, Device, Tensor};

use crate::model::config::Config;
use crate::model::error::ModelError;

/// Tokens that a fresh cache has room for; it doubles from there.
const FIRST_CAPACITY: usize = 64;

/// Per layer: keys and values, each `[kv_heads, capacity, head_dim]`.
#[derive(Debug)]
pub(in crate::model) struct Tensors {
    layers: Vec<(Tensor, Tensor)>,
    capacity: usize,
}

impl Tensors {
    pub(super) fn new(config: &Config, dtype: DType, device: &Device) -> Result<Self, ModelError> {
        let capacity = FIRST_CAPACITY.min(config.context);
        let shape = (config.kv_heads, capacity, config.head_dim);
        let zeros = || Tensor::zeros(shape, dtype, device);
        let layers = (0..config.layers)
            .map(|_| Ok((zeros()?, zeros()?)))
            .collect::<Result<_, ModelError>>()?;
        Ok(Self { layers, capacity })
    }

    /// A copy of the first `len` tokens.
    pub(super) fn fork(&self, len: usize) -> Result<Self, ModelError> {
        // A short beginning of a long text need not take the long text's memory; else one plain copy is the fastest.
        let capacity = self.capacity.min((2 * len).max(FIRST_CAPACITY));
        let copy = |tensor: &Tensor| {
            if capacity == self.capacity {
                Ok(tensor.copy()?)
            } else {
                resized(tensor, len, capacity)
            }
        };
        let layers = self.layers.iter();
        Ok(Self {
            layers: layers
                .map(|(keys, values)| Ok((copy(keys)?, copy(values)?)))
                .collect::<Result<_, ModelError>>()?,
            capacity,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        let of = |tensor: &Tensor| tensor.elem_count() * tensor.dtype().size_in_bytes();
        let layers = self.layers.iter();
        let each = layers.map(|(keys, values)| of(keys) + of(values));
        each.sum::<usize>() as u64
    }

    /// Makes room for `extra` tokens behind the first `len`.
    pub(super) fn reserve(&mut self, len: usize, extra: usize) -> Result<(), ModelError> {
        let needed = len + extra;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(self.capacity * 2);
        for (keys, values) in &mut self.layers {
            *keys = resized(keys, len, capacity)?;
            *values = resized(values, len, capacity)?;
        }
        self.capacity = capacity;
        Ok(())
    }

    /// Writes the keys and values (`[kv_heads, new, head_dim]`) of `new` tokens of one layer behind the first `len`, and
    /// returns all of that layer's, `[kv_heads, len + new, head_dim]`.
    pub(super) fn append(
        &self,
        layer: usize,
        len: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let (all_keys, all_values) = &self.layers[layer];
        let total = len + keys.dim(1)?;
        all_keys.slice_set(&keys.contiguous()?, 1, len)?;
        all_values.slice_set(&values.contiguous()?, 1, len)?;
        Ok((
            all_keys.narrow(1, 0, total)?,
            all_values.narrow(1, 0, total)?,
        ))
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
