//! Weight matrices as they lie in memory, and the numbers of tensors without copies.

use std::sync::Arc;

use candle_core::{CpuStorage, DType, Device, Layout, Storage, Tensor};
use parking_lot::RwLockReadGuard;
use rayon::prelude::*;

use super::error::ModelError;
use super::kernels::{Format, MatrixView, Packed};

/// A weight matrix, `[outputs, inputs]`.
#[derive(Debug, Clone)]
pub enum Matrix {
    /// Numbers one by one.
    Dense(Tensor),
    /// Blocks of 4 or 8 bits; on the processor only.
    Packed(Arc<Packed>),
}

impl Matrix {
    /// Outputs and inputs.
    ///
    /// # Errors
    /// A tensor that is not a matrix.
    pub fn sizes(&self) -> Result<(usize, usize), ModelError> {
        match self {
            Self::Dense(tensor) => Ok(tensor.dims2()?),
            Self::Packed(packed) => Ok((packed.outputs(), packed.inputs())),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn device(&self) -> &Device {
        match self {
            Self::Dense(tensor) => tensor.device(),
            Self::Packed(_) => &Device::Cpu,
        }
    }

    /// As a tensor of this dtype: the matrix itself where it is one already.
    ///
    /// # Errors
    /// No memory.
    pub fn tensor(&self, dtype: DType) -> Result<Tensor, ModelError> {
        match self {
            Self::Dense(tensor) => Ok(tensor.to_dtype(dtype)?),
            Self::Packed(packed) => {
                let (outputs, inputs) = (packed.outputs(), packed.inputs());
                let mut flat = vec![0f32; outputs * inputs];
                flat.par_chunks_exact_mut(inputs)
                    .enumerate()
                    .for_each(|(output, row)| packed.unpack(output, row));
                Ok(Tensor::from_vec(flat, (outputs, inputs), &Device::Cpu)?.to_dtype(dtype)?)
            }
        }
    }

    /// The same matrix in blocks of this format; of 8 bits where its inputs are no whole blocks of 4 bits, and as it is
    /// where they are no whole blocks at all.
    ///
    /// # Errors
    /// No memory.
    pub fn packed(&self, format: Format) -> Result<Self, ModelError> {
        let (outputs, inputs) = self.sizes()?;
        let fits = |format: &Format| inputs % format.block_len() == 0;
        let Some(format) = [format, Format::Q8_0].into_iter().find(fits) else {
            return Ok(self.clone());
        };
        let tensor = self
            .tensor(DType::F32)?
            .to_device(&Device::Cpu)?
            .contiguous()?;
        let packed = Packed::quantise(format, Reading::new(&tensor).numbers()?, outputs, inputs)?;
        Ok(Self::Packed(Arc::new(packed)))
    }

    /// `x·Wᵀ` for any number of rows, `[rows, inputs]` to `[rows, outputs]`, in the dtype of `x`.
    ///
    /// # Errors
    /// Shapes that do not fit, or a failing device.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        Ok(x.matmul(&self.tensor(x.dtype())?.t()?)?)
    }

    /// The weights of the outputs `ids`, `[ids, inputs]`, in this dtype: what a matrix of embeddings is asked for.
    ///
    /// # Errors
    /// An output that is not there, or a failing device.
    pub fn rows(&self, ids: &[u32], dtype: DType) -> Result<Tensor, ModelError> {
        match self {
            Self::Dense(tensor) => {
                let ids = Tensor::from_slice(ids, ids.len(), tensor.device())?;
                Ok(tensor.index_select(&ids, 0)?.to_dtype(dtype)?)
            }
            Self::Packed(packed) => {
                let mut flat = vec![0f32; ids.len() * packed.inputs()];
                for (&id, row) in ids.iter().zip(flat.chunks_exact_mut(packed.inputs())) {
                    packed.unpack(id as usize, row);
                }
                let shape = (ids.len(), packed.inputs());
                Ok(Tensor::from_vec(flat, shape, &Device::Cpu)?.to_dtype(dtype)?)
            }
        }
    }

    /// Opens the matrix for the kernels.
    pub(super) fn open(&self) -> OpenMatrix<'_> {
        match self {
            Self::Dense(tensor) => OpenMatrix::Dense(Reading::new(tensor)),
            Self::Packed(packed) => OpenMatrix::Packed(packed),
        }
    }
}

/// A matrix while kernels read it.
pub(super) enum OpenMatrix<'a> {
    Dense(Reading<'a>),
    Packed(&'a Packed),
}

impl OpenMatrix<'_> {
    pub(super) fn view(&self) -> Result<MatrixView<'_>, ModelError> {
        match self {
            Self::Dense(reading) => reading.matrix(),
            Self::Packed(packed) => Ok(MatrixView::Packed(packed)),
        }
    }
}

/// A tensor in this machine's memory while its numbers are read.
pub(super) struct Reading<'a> {
    storage: RwLockReadGuard<'a, Storage>,
    layout: &'a Layout,
}

impl<'a> Reading<'a> {
    pub(super) fn new(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self { storage, layout }
    }

    /// Its numbers, row-major.
    pub(super) fn numbers(&self) -> Result<&[f32], ModelError> {
        match self.matrix()? {
            MatrixView::F32(numbers) => Ok(numbers),
            MatrixView::F16(_) | MatrixView::Bf16(_) | MatrixView::Packed(_) => Err(elsewhere()),
        }
    }

    /// Its numbers, row-major, whatever their type.
    pub(super) fn matrix(&self) -> Result<MatrixView<'_>, ModelError> {
        let Some((from, to)) = self.layout.contiguous_offsets() else {
            return Err(elsewhere());
        };
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(all)) => Ok(MatrixView::F32(&all[from..to])),
            Storage::Cpu(CpuStorage::F16(all)) => Ok(MatrixView::F16(&all[from..to])),
            Storage::Cpu(CpuStorage::BF16(all)) => Ok(MatrixView::Bf16(&all[from..to])),
            _ => Err(elsewhere()),
        }
    }
}

fn elsewhere() -> ModelError {
    candle_core::Error::Msg("numbers are not in order in this machine's memory".to_owned()).into()
}
