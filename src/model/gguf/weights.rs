//! Tensors of a GGUF file as our decoder wants them: by the names of safetensors, rows in the order of half-split rotary
//! positions, 4 and 8 bits as they are where the processor computes with them, all else as plain numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{DType, Device, Tensor, WithDType};
use half::{bf16, f16};
use rayon::prelude::*;

use super::number_type::READABLE;
use super::{Gguf, NumberType, Stored};
use crate::domain::CancelToken;
use crate::model::decoder::TensorSource;
use crate::model::error::ModelError;
use crate::model::kernels::{Format, Packed};
use crate::model::matrix::Matrix;

/// Numbers that one thread turns into plain ones at a time.
const PIECE: usize = 1 << 15;

/// Architectures whose files turn neighbours instead of halves of a head: their rows of q and k were reordered for it.
const NEIGHBOURS: [&str; 3] = ["llama", "smollm3", "granite"];

/// How a matrix is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::model) enum Kept {
    /// The very blocks of the file.
    AsStored(Format),
    /// Blocks of 8 bits that stand for the same numbers.
    Exactly8,
    /// Plain numbers.
    Plain(Plain),
}

/// Types of plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::model) enum Plain {
    F32,
    F16,
    Bf16,
}

impl Plain {
    /// Of a dtype that weights may be computed in.
    pub(in crate::model) const fn of(dtype: DType) -> Self {
        match dtype {
            DType::F16 => Self::F16,
            DType::BF16 => Self::Bf16,
            _ => Self::F32,
        }
    }

    pub(in crate::model) const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    pub(in crate::model) const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

impl Kept {
    /// How a matrix stored in this type is kept: in `wanted` where a dtype was asked for or the device needs one, else with
    /// as few bits as the processor computes with.
    pub(in crate::model) fn of(stored: NumberType, wanted: Option<DType>) -> Self {
        match (wanted, stored.name) {
            (Some(dtype), _) => Self::Plain(Plain::of(dtype)),
            (None, "Q8_0") => Self::AsStored(Format::Q8_0),
            (None, "Q4_K") => Self::AsStored(Format::Q4K),
            (None, "Q4_0" | "Q5_0") => Self::Exactly8,
            (None, "F32") => Self::Plain(Plain::F32),
            (None, "BF16") => Self::Plain(Plain::Bf16),
            (None, _) => Self::Plain(Plain::F16),
        }
    }

    /// Bytes that a matrix of so many outputs and inputs takes.
    pub(in crate::model) fn bytes(self, outputs: usize, inputs: usize) -> u64 {
        let format = match self {
            Self::AsStored(format) => format,
            Self::Exactly8 => Format::Q8_0,
            Self::Plain(plain) => return plain.bytes() as u64 * outputs as u64 * inputs as u64,
        };
        Packed::bytes_of(format, outputs, inputs)
    }

    /// In words, behind the name of what it was in the file.
    pub(in crate::model) fn words(self, stored: NumberType) -> String {
        let name = stored.name;
        match self {
            Self::AsStored(_) => format!("{name} as in the file"),
            Self::Exactly8 => format!("{name} as Q8_0, which holds the same numbers"),
            Self::Plain(plain) if plain.name() == name.to_ascii_lowercase() => {
                format!("{name} as in the file")
            }
            Self::Plain(plain) => format!("{name} as {}", plain.name()),
        }
    }
}

/// A decoder's tensors from a GGUF file.
pub struct GgufSource<'a> {
    file: &'a Gguf,
    /// Whose they are, for example `the base model`.
    role: &'a str,
    /// What matrices are turned into; as few bits as possible where nothing is said.
    dtype: Option<DType>,
    device: &'a Device,
    /// Width of a head.
    head_dim: usize,
    progress: &'a mut dyn FnMut(f32),
    cancel: &'a CancelToken,
    /// Numbers in matrices by how they were stored and are kept.
    kept: BTreeMap<(&'static str, Kept), (NumberType, u64)>,
}

/// Rows of a tensor, in the order in which they are wanted.
#[derive(Clone)]
struct Rows<'a> {
    stored: Stored<'a>,
    name: String,
    of: Range<usize>,
    inputs: usize,
    /// Width of the heads whose halves were shuffled.
    shuffled: Option<usize>,
}

impl<'a> Rows<'a> {
    /// The bytes of a row.
    fn row(&self, row: usize) -> &'a [u8] {
        let bytes = self.stored.bytes.len() / self.stored.shape[0].max(1);
        let row = self.of.start + self.shuffled.map_or(row, |width| neighbour(row, width));
        &self.stored.bytes[row * bytes..][..bytes]
    }

    fn count(&self) -> usize {
        self.of.len()
    }
}

/// Where files that turn neighbours keep a row: within each head, the two halves stand interleaved.
fn neighbour(row: usize, width: usize) -> usize {
    let (head, place) = (row / width, row % width);
    let half = width / 2;
    head * width + 2 * (place % half) + place / half
}

impl<'a> GgufSource<'a> {
    /// The tensors of `file` for a decoder with heads of this width. With `dtype`, all matrices become plain numbers of it;
    /// without, they keep as few bits as the processor computes with.
    pub fn new(
        file: &'a Gguf,
        role: &'a str,
        (dtype, device): (Option<DType>, &'a Device),
        head_dim: usize,
        progress: &'a mut dyn FnMut(f32),
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            file,
            role,
            dtype,
            device,
            head_dim,
            progress,
            cancel,
            kept: BTreeMap::new(),
        }
    }

    /// How the matrices read so far are kept, in words, what most numbers are first.
    #[must_use]
    pub fn words(&self) -> String {
        let mut kept: Vec<_> = self.kept.iter().collect();
        kept.sort_by_key(|(_, (_, numbers))| std::cmp::Reverse(*numbers));
        let words: Vec<String> = kept
            .iter()
            .map(|((_, kept), (stored, _))| kept.words(*stored))
            .collect();
        words.join(", ")
    }

    fn missing(&self, name: &str) -> ModelError {
        ModelError::broken(
            self.file.file(),
            format!("has no tensor {name}, which {} needs", self.role),
        )
    }

    fn stored(&self, name: &str) -> Result<Stored<'a>, ModelError> {
        let stored = self.file.tensor(name).ok_or_else(|| self.missing(name))?;
        if stored.number_type.readable().is_some() {
            return Ok(stored);
        }
        Err(ModelError::unsupported(
            format!(
                "the number type {} of {} ({})",
                stored.number_type.name,
                self.file.file(),
                self.role
            ),
            READABLE,
        ))
    }

    fn misfit(&self, name: &str, shape: &[usize], wanted: &[usize]) -> ModelError {
        ModelError::misfit(
            format!(
                "the tensor {name} of {} has the shape {shape:?} where its sizes ask for {wanted:?}",
                self.role
            ),
            "The file may be damaged",
        )
    }

    /// Some rows of the matrix that safetensors call `name`, and how many rows it has in all.
    fn rows(
        &self,
        name: &str,
        outputs: &[usize],
        inputs: usize,
    ) -> Result<Vec<Rows<'a>>, ModelError> {
        let names = Names(self.file);
        let own = names.of(name);
        let stored = self.stored(&own)?;
        let total = outputs.iter().sum::<usize>();
        if stored.shape != [total, inputs] {
            return Err(self.misfit(&own, stored.shape, &[total, inputs]));
        }
        let is_turned = name.contains("q_proj") || name.contains("k_proj");
        let shuffled = (is_turned && names.turns_neighbours()).then_some(self.head_dim);
        let mut from = 0;
        let parts = outputs.iter().map(|&count| {
            from += count;
            Rows {
                stored,
                name: own.clone(),
                of: from - count..from,
                inputs,
                shuffled,
            }
        });
        Ok(parts.collect())
    }

    /// A matrix as it is kept.
    fn kept(&mut self, rows: &Rows<'_>) -> Result<Matrix, ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let stored = rows.stored.number_type;
        let kept = Kept::of(stored, self.dtype);
        let numbers = (rows.count() * rows.inputs) as u64;
        let tally = self.kept.entry((stored.name, kept)).or_insert((stored, 0));
        tally.1 += numbers;
        let (outputs, inputs) = (rows.count(), rows.inputs);
        let packed = |format, fill: &(dyn Fn(usize, &mut [u8]) + Sync)| {
            let packed = Packed::from_rows(format, outputs, inputs, fill)?;
            Ok(Matrix::Packed(Arc::new(packed)))
        };
        let copy = |row: usize, into: &mut [u8]| into.copy_from_slice(rows.row(row));
        match kept {
            Kept::AsStored(format) => packed(format, &copy),
            Kept::Exactly8 => packed(Format::Q8_0, &|row, into| {
                as_q8(stored, rows.row(row), into);
            }),
            Kept::Plain(plain) => Ok(Matrix::Dense(self.plain(rows, plain)?)),
        }
    }

    fn plain(&self, rows: &Rows<'_>, plain: Plain) -> Result<Tensor, ModelError> {
        let tensor = match plain {
            Plain::F32 => dense(rows, |number| number)?,
            Plain::F16 => dense(rows, f16::from_f32)?,
            Plain::Bf16 => dense(rows, bf16::from_f32)?,
        };
        Ok(tensor.to_device(self.device)?)
    }

    /// A tensor of one dimension as f32: a norm or a bias.
    fn line(&self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let names = Names(self.file);
        let own = names.of(name);
        let stored = self.stored(&own)?;
        if stored.shape != [width] {
            return Err(self.misfit(&own, stored.shape, &[width]));
        }
        let mut numbers = vec![0f32; width];
        unpack(stored.number_type, stored.bytes, &mut numbers)?;
        let is_turned = name.contains("q_proj") || name.contains("k_proj");
        if is_turned && names.turns_neighbours() {
            let shuffled = numbers.clone();
            for (place, number) in numbers.iter_mut().enumerate() {
                *number = shuffled[neighbour(place, self.head_dim)];
            }
        }
        Ok(Tensor::from_vec(numbers, width, &Device::Cpu)?.to_device(self.device)?)
    }
}

impl TensorSource for GgufSource<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        match *shape {
            [outputs, inputs] => {
                let rows = self.rows(name, &[outputs], inputs)?;
                let plain = Plain::of(self.dtype.unwrap_or(DType::F32));
                let [rows] = rows.as_slice() else {
                    return Err(self.missing(name));
                };
                self.plain(rows, plain)
            }
            [width] => {
                let line = self.line(name, width)?;
                Ok(line.to_dtype(self.dtype.unwrap_or(DType::F32))?)
            }
            _ => Err(self.missing(name)),
        }
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix, ModelError> {
        let rows = self.rows(name, &[outputs], inputs)?;
        match rows.as_slice() {
            [rows] => self.kept(rows),
            _ => Err(self.missing(name)),
        }
    }

    fn matrices(
        &mut self,
        name: &str,
        outputs: &[usize],
        inputs: usize,
    ) -> Result<Vec<Matrix>, ModelError> {
        let parts = self.rows(name, outputs, inputs)?;
        parts.iter().map(|rows| self.kept(rows)).collect()
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        self.line(name, width)
    }

    fn progress(&mut self, fraction: f32) -> Result<(), ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        (self.progress)(fraction);
        Ok(())
    }
}

/// The names of a file's tensors.
struct Names<'a>(&'a Gguf);

impl Names<'_> {
    fn turns_neighbours(&self) -> bool {
        NEIGHBOURS.contains(&self.0.architecture())
    }

    /// The name of what safetensors call `name`, for example `blk.3.attn_q.weight`.
    fn of(&self, name: &str) -> String {
        let Some((layer, part)) = name
            .strip_prefix("model.layers.")
            .and_then(|rest| rest.split_once('.'))
        else {
            return match name {
                "model.embed_tokens.weight" => "token_embd.weight".to_owned(),
                "model.norm.weight" => "output_norm.weight".to_owned(),
                "lm_head.weight" => "output.weight".to_owned(),
                other => other.to_owned(),
            };
        };
        let (module, kind) = part.rsplit_once('.').unwrap_or((part, "weight"));
        let module = module.rsplit('.').next().unwrap_or(module);
        let own = match module {
            "input_layernorm" => "attn_norm",
            "post_attention_layernorm" => {
                // Where norms follow the parts of a block, the one before feed-forward has a name of its own.
                let after = format!("blk.{layer}.post_attention_norm.weight");
                if self.0.tensor(&after).is_some() {
                    "post_attention_norm"
                } else {
                    "ffn_norm"
                }
            }
            "pre_feedforward_layernorm" => "ffn_norm",
            "post_feedforward_layernorm" => "post_ffw_norm",
            "q_proj" => "attn_q",
            "k_proj" => "attn_k",
            "v_proj" => "attn_v",
            "o_proj" => "attn_output",
            "q_norm" => "attn_q_norm",
            "k_norm" => "attn_k_norm",
            "qkv_proj" => "attn_qkv",
            "gate_proj" => "ffn_gate",
            "up_proj" | "gate_up_proj" => "ffn_up",
            "down_proj" => "ffn_down",
            other => other,
        };
        format!("blk.{layer}.{own}.{kind}")
    }
}

/// All numbers of some rows, each in its own type.
fn dense<T: WithDType + Send + Sync>(
    rows: &Rows<'_>,
    round: impl Fn(f32) -> T + Sync,
) -> Result<Tensor, ModelError> {
    let (outputs, inputs) = (rows.count(), rows.inputs);
    let mut numbers = vec![T::from_f64(0.0); outputs * inputs];
    let per_piece = (PIECE / inputs.max(1)).max(1);
    numbers
        .par_chunks_mut(per_piece * inputs.max(1))
        .enumerate()
        .try_for_each(|(piece, numbers)| {
            let mut plain = vec![0f32; inputs];
            for (row, numbers) in numbers.chunks_exact_mut(inputs).enumerate() {
                let bytes = rows.row(piece * per_piece + row);
                unpack(rows.stored.number_type, bytes, &mut plain)?;
                for (number, plain) in numbers.iter_mut().zip(&plain) {
                    *number = round(*plain);
                }
            }
            Ok::<_, ModelError>(())
        })
        .map_err(|error| match error {
            ModelError::Compute(inner) => ModelError::Broken {
                file: rows.name.clone(),
                why: "cannot be unpacked".to_owned(),
                details: inner.to_string(),
            },
            other => other,
        })?;
    Ok(Tensor::from_vec(numbers, (outputs, inputs), &Device::Cpu)?)
}

/// The numbers of whole blocks.
fn unpack(stored: NumberType, bytes: &[u8], into: &mut [f32]) -> Result<(), ModelError> {
    let pairs = || bytes.as_chunks::<2>().0.iter().copied();
    match stored.readable() {
        Some(GgmlDType::F32) => {
            for (into, bytes) in into.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *into = f32::from_le_bytes(*bytes);
            }
        }
        Some(GgmlDType::F16) => {
            for (into, bytes) in into.iter_mut().zip(pairs()) {
                *into = f16::from_le_bytes(bytes).to_f32();
            }
        }
        Some(GgmlDType::BF16) => {
            for (into, bytes) in into.iter_mut().zip(pairs()) {
                *into = bf16::from_le_bytes(bytes).to_f32();
            }
        }
        Some(kind) => {
            let storage = QStorage::from_data(Cow::Borrowed(bytes), &Device::Cpu, kind)?;
            let tensor = QTensor::new(storage, into.len())?.dequantize(&Device::Cpu)?;
            into.copy_from_slice(&tensor.to_vec1::<f32>()?);
        }
        None => return Err(ModelError::unsupported(stored.name, READABLE)),
    }
    Ok(())
}

/// Blocks of 32 small whole numbers with one scale as blocks of 8 bits with the same scale.
fn as_q8(stored: NumberType, bytes: &[u8], into: &mut [u8]) {
    let blocks = bytes.chunks_exact(stored.block_bytes);
    for (block, into) in blocks.zip(into.chunks_exact_mut(34)) {
        into[..2].copy_from_slice(&block[..2]);
        // Q5_0 keeps the fifth bits of all 32 numbers apart.
        let (high, low, middle) = if stored.name == "Q5_0" {
            let high = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
            (high, &block[6..], 16)
        } else {
            (0, &block[2..], 8)
        };
        for (index, byte) in into[2..].iter_mut().enumerate() {
            let nibble = (low[index % 16] >> (index / 16 * 4)) & 15;
            let bit = ((high >> index) & 1) as u8;
            *byte = (nibble | (bit << 4)).wrapping_sub(middle);
        }
    }
}

#[cfg(test)]
mod tests;
