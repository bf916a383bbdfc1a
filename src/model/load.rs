//! Weight files in, tensors out: safetensors or what PyTorch writes, one file or shards, mapped from disk, widened on the
//! way.

use std::borrow::Cow;
use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::Metadata};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bin::{self, BinFile};
use super::decoder::TensorSource;
use super::error::ModelError;
use super::folder::{Folder, Mapped, has_extension, stays_inside};
use crate::domain::{CancelToken, StoredAs};

/// One weight file.
#[derive(Debug)]
struct Shard {
    name: String,
    contents: Contents,
}

/// Its numbers and its checked table of contents.
#[derive(Debug)]
enum Contents {
    Safetensors {
        data: Mapped,
        /// Bytes before the first tensor.
        start: usize,
        table: Metadata,
    },
    PyTorch(BinFile),
}

/// All weight files of a folder.
#[derive(Debug)]
pub struct Weights {
    shards: Vec<Shard>,
    /// Shard of each tensor.
    index: HashMap<String, usize>,
}

/// The bytes of one tensor as they are in the file.
#[derive(Debug, Clone)]
pub struct RawTensor<'a> {
    /// The file it is in.
    pub file: &'a str,
    /// Little-endian numbers.
    pub bytes: Cow<'a, [u8]>,
    /// What they are.
    pub dtype: Dtype,
    /// Row-major sizes.
    pub shape: &'a [usize],
}

/// The weight file of a folder that has only one.
pub(super) const SINGLE: &str = "model.safetensors";

/// Names of the weight files in a model folder, in a fixed order: safetensors where there are such, else PyTorch's.
///
/// # Errors
/// None at all, or an index that is broken or points outside the folder.
pub fn weight_files(folder: &Folder, role: &str) -> Result<Vec<String>, ModelError> {
    if folder.has(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    let safe = indexed(folder, "model.safetensors.index.json")?;
    let files = if safe.is_empty() {
        bin::bin_files(folder)?
    } else {
        safe
    };
    if files.is_empty() {
        return Err(ModelError::Missing {
            what: format!("the weight file {SINGLE} of {role}"),
            path: folder.describe(),
        });
    }
    Ok(files)
}

/// The files that an index names, sorted; none where there is no index.
pub(super) fn indexed(folder: &Folder, index_name: &str) -> Result<Vec<String>, ModelError> {
    let Some(bytes) = folder.bytes(index_name)? else {
        return Ok(Vec::new());
    };
    let index: Value = serde_json::from_slice(&bytes).map_err(|error| ModelError::Broken {
        file: index_name.to_owned(),
        why: "is not valid JSON".to_owned(),
        details: error.to_string(),
    })?;
    let mut names: Vec<String> = index["weight_map"]
        .as_object()
        .into_iter()
        .flat_map(|map| map.values())
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(ModelError::broken(index_name, "names no weight file"));
    }
    match names.iter().find(|name| !stays_inside(name)) {
        Some(name) => Err(ModelError::broken(
            index_name,
            format!("points outside its folder: {name}"),
        )),
        None => Ok(names),
    }
}

/// Makes safetensors of a folder's PyTorch files where it has nothing else and can be written to.
///
/// # Errors
/// Files that are broken, or cancellation.
pub fn convert(
    folder: &Folder,
    role: &str,
    note: &mut dyn FnMut(&str, Option<f32>),
    cancel: &CancelToken,
) -> Result<(), ModelError> {
    let files = weight_files(folder, role)?;
    if files.iter().all(|name| has_extension(name, "bin")) {
        bin::converted(folder, &files, SINGLE, role, note, cancel)?;
    }
    Ok(())
}

/// SHA-256 over the bytes of the files, one after the other, in lower-case hex.
///
/// # Errors
/// A file that cannot be read, or cancellation.
pub fn sha256(
    folder: &Folder,
    files: &[String],
    role: &str,
    cancel: &CancelToken,
) -> Result<String, ModelError> {
    let mut hash = Sha256::new();
    for file in files {
        for piece in folder.map(file, role)?.chunks(16 << 20) {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            hash.update(piece);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Bytes in lower-case hex, as hashes are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| b"0123456789abcdef"[half as usize]);
    bytes.iter().flat_map(digits).map(char::from).collect()
}

impl Weights {
    /// Maps the files and checks their tables of contents against their lengths.
    ///
    /// # Errors
    /// A file that is missing, cut short or neither safetensors nor, where its name ends so, PyTorch's `.bin`.
    pub fn open(folder: &Folder, files: &[String], role: &str) -> Result<Self, ModelError> {
        let mut shards = Vec::with_capacity(files.len());
        let mut index = HashMap::new();
        for name in files {
            let contents = if has_extension(name, "bin") {
                let file = BinFile::open(folder, name, role)?;
                for tensor in file.names() {
                    index.insert(tensor.to_owned(), shards.len());
                }
                Contents::PyTorch(file)
            } else {
                let data = folder.map(name, role)?;
                let (header, table) = SafeTensors::read_metadata(&data)
                    .map_err(|error| broken_file(name, folder, &data, &error))?;
                for tensor in table.offset_keys() {
                    index.insert(tensor, shards.len());
                }
                Contents::Safetensors {
                    data,
                    start: header + 8,
                    table,
                }
            };
            shards.push(Shard {
                name: name.clone(),
                contents,
            });
        }
        Ok(Self { shards, index })
    }

    /// Names of all tensors, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.index.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The tensor of this name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<RawTensor<'_>> {
        let shard = &self.shards[*self.index.get(name)?];
        let (dtype, shape, bytes) = match &shard.contents {
            Contents::Safetensors { data, start, table } => {
                let info = table.info(name)?;
                let (from, to) = info.data_offsets;
                let bytes = data.get(start + from..start + to)?;
                (info.dtype, info.shape.as_slice(), Cow::Borrowed(bytes))
            }
            Contents::PyTorch(file) => file.get(name)?,
        };
        Some(RawTensor {
            file: &shard.name,
            bytes,
            dtype,
            shape,
        })
    }

    /// A tensor's number type and sizes, without its numbers.
    #[must_use]
    pub fn about(&self, name: &str) -> Option<(Dtype, &[usize])> {
        match &self.shards[*self.index.get(name)?].contents {
            Contents::Safetensors { table, .. } => {
                let info = table.info(name)?;
                Some((info.dtype, &info.shape))
            }
            Contents::PyTorch(file) => file.about(name),
        }
    }

    /// The tensors by number type, the one with most bytes first.
    #[must_use]
    pub fn stored(&self) -> Vec<StoredAs> {
        let mut tally = Tally::default();
        for (dtype, shape) in self.index.keys().filter_map(|name| self.about(name)) {
            let numbers = shape.iter().product::<usize>() as u64;
            let bytes = numbers * dtype.bitsize() as u64 / 8;
            tally.count(&format!("{dtype:?}").to_ascii_uppercase(), numbers, bytes);
        }
        tally.sorted()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| match &shard.contents {
                Contents::Safetensors { data, .. } => data.len() as u64,
                Contents::PyTorch(file) => file.bytes(),
            })
            .sum()
    }
}

/// Counts tensors by number type.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<StoredAs>);

impl Tally {
    pub(super) fn count(&mut self, number_type: &str, numbers: u64, bytes: u64) {
        let known = self.0.iter().position(|s| s.number_type == number_type);
        let index = known.unwrap_or_else(|| {
            self.0.push(StoredAs {
                number_type: number_type.to_owned(),
                tensors: 0,
                numbers: 0,
                bytes: 0,
            });
            self.0.len() - 1
        });
        let stored = &mut self.0[index];
        stored.tensors += 1;
        stored.numbers += numbers;
        stored.bytes += bytes;
    }

    /// The one with most bytes first.
    pub(super) fn sorted(mut self) -> Vec<StoredAs> {
        let name = |stored: &StoredAs| stored.number_type.clone();
        self.0
            .sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| name(a).cmp(&name(b))));
        self.0
    }
}

/// What the numbers of the tensor `name` are computed from.
pub(super) fn number_type(stored: Dtype, name: &str) -> Result<DType, ModelError> {
    match stored {
        Dtype::F16 => Ok(DType::F16),
        Dtype::BF16 => Ok(DType::BF16),
        Dtype::F32 => Ok(DType::F32),
        Dtype::F64 => Ok(DType::F64),
        other => Err(ModelError::unsupported(
            format!("the number type {other:?} of the tensor {name}"),
            "Supported are f16, bf16, f32 and f64",
        )),
    }
}

fn broken_file(name: &str, folder: &Folder, data: &[u8], error: &SafeTensorError) -> ModelError {
    let why = match error {
        SafeTensorError::HeaderTooSmall
        | SafeTensorError::InvalidHeaderLength
        | SafeTensorError::MetadataIncompleteBuffer => {
            "is cut short: it is not as long as its table of contents says"
        }
        _ => "is not a safetensors file",
    };
    let why = if data.is_empty() { "is empty" } else { why };
    ModelError::Broken {
        file: name.to_owned(),
        why: why.to_owned(),
        details: format!("{error}: {}", folder.describe()),
    }
}

impl RawTensor<'_> {
    /// The type of its numbers.
    ///
    /// # Errors
    /// A number type that weights do not have.
    pub fn number_type(&self, name: &str) -> Result<DType, ModelError> {
        number_type(self.dtype, name)
    }

    /// The numbers as f32, in the order of the file.
    fn widened(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(match self.number_type(name)? {
            DType::F16 => widen(&self.bytes, |b: [u8; 2]| f16::from_le_bytes(b).to_f32()),
            DType::BF16 => widen(&self.bytes, |b: [u8; 2]| bf16::from_le_bytes(b).to_f32()),
            DType::F64 => widen(&self.bytes, |b: [u8; 8]| f64::from_le_bytes(b) as f32),
            _ => widen(&self.bytes, f32::from_le_bytes),
        })
    }

    /// The tensor in this dtype on this device.
    ///
    /// # Errors
    /// A number type that weights do not have, or no memory.
    pub fn tensor(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor, ModelError> {
        if device.is_cpu() && dtype == DType::F32 {
            return Ok(Tensor::from_vec(self.widened(name)?, self.shape, device)?);
        }
        let own = self.number_type(name)?;
        Ok(Tensor::from_raw_buffer(&self.bytes, own, self.shape, device)?.to_dtype(dtype)?)
    }
}

fn number<const N: usize>(bytes: &[u8], index: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[index * N..][..N]);
    out
}

fn widen<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32 + Sync) -> Vec<f32> {
    let mut out = vec![0f32; bytes.len() / N];
    out.par_chunks_mut(1 << 16)
        .zip(bytes.par_chunks(N << 16))
        .for_each(|(out, bytes)| {
            for (index, out) in out.iter_mut().enumerate() {
                *out = read(number(bytes, index));
            }
        });
    out
}

/// A decoder's tensors from weight files.
pub struct FileSource<'a> {
    /// The files.
    pub weights: &'a Weights,
    /// Whose they are, for example `the base model`.
    pub role: &'a str,
    /// What to compute in.
    pub dtype: DType,
    /// Where to compute.
    pub device: &'a Device,
    /// Told how far the reading is, 0 to 1.
    pub progress: &'a mut dyn FnMut(f32),
    /// Stops the reading.
    pub cancel: &'a CancelToken,
}

impl FileSource<'_> {
    fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'_>, ModelError> {
        // Files of a bare trunk leave the first word out; those of a model that sees too have one more.
        let bare = name.strip_prefix("model.").unwrap_or(name);
        let raw = [
            name.to_owned(),
            bare.to_owned(),
            format!("language_model.{name}"),
            format!("model.language_model.{bare}"),
        ]
        .iter()
        .find_map(|name| self.weights.get(name))
        .ok_or_else(|| {
            ModelError::broken(
                format!("the weight files of {}", self.role),
                format!("have no tensor {name}, which config.json asks for"),
            )
        })?;
        if raw.shape == shape {
            return Ok(raw);
        }
        Err(ModelError::misfit(
            format!(
                "the tensor {name} of {} has the shape {:?} where config.json asks for {shape:?}",
                self.role, raw.shape
            ),
            "The weight files and config.json belong to different models",
        ))
    }
}

impl TensorSource for FileSource<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.raw(name, shape)?.tensor(name, self.dtype, self.device)
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        self.raw(name, &[width])?
            .tensor(name, DType::F32, self.device)
    }

    fn progress(&mut self, fraction: f32) -> Result<(), ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        (self.progress)(fraction);
        Ok(())
    }
}
