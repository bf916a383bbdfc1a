//! PyTorch's weight files: a zip archive of numbers and a pickle that says which are which. No code in it is run.

mod archive;
mod convert;
mod unfold;

use std::borrow::Cow;
use std::collections::BTreeMap;

use candle_core::DType;
use candle_core::pickle::{TensorInfo, read_pth_tensor_info};
use safetensors::Dtype;

pub(super) use self::convert::converted;
use super::error::ModelError;
use super::folder::{Folder, Mapped, stays_inside};

/// Longest pickle: those of real models stay below 10 MB.
const MOST_PICKLE: usize = 64 << 20;

/// Most dimensions of a tensor.
const MOST_DIMS: usize = 8;

/// One file with its checked table of contents.
#[derive(Debug)]
pub(super) struct BinFile {
    data: Mapped,
    tensors: BTreeMap<String, Entry>,
}

/// Where a tensor's numbers lie.
#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Numbers from one to the next, for each dimension.
    strides: Vec<usize>,
    /// First byte of its first number.
    from: usize,
}

/// The weight files of PyTorch in a model folder, in a fixed order; none where it has no such.
///
/// # Errors
/// An index that is broken or points outside the folder.
pub(super) fn bin_files(folder: &Folder) -> Result<Vec<String>, ModelError> {
    const SINGLE: &str = "pytorch_model.bin";
    if folder.has(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    super::load::indexed(folder, "pytorch_model.bin.index.json")
}

/// A tensor's type, sizes and numbers in order.
type Numbers<'a> = (Dtype, &'a [usize], Cow<'a, [u8]>);

impl BinFile {
    /// Maps a file and checks its table of contents against its length.
    pub(super) fn open(folder: &Folder, name: &str, role: &str) -> Result<Self, ModelError> {
        let data = folder.map(name, role)?;
        let broken = |why: String| ModelError::Broken {
            file: name.to_owned(),
            why,
            details: folder.describe(),
        };
        let Some(path) = folder.path(name) else {
            return Err(ModelError::unsupported(
                "a PyTorch file inside the program",
                "Use safetensors",
            ));
        };
        if !data.starts_with(b"PK") {
            return Err(if data.is_empty() {
                broken("is empty".to_owned())
            } else {
                ModelError::unsupported(
                    format!("{name} of {role}, which is no PyTorch file of version 1.6 or newer,"),
                    "Save it as safetensors",
                )
            });
        }
        let places = archive::entries(&data).map_err(&broken)?;
        for (entry, place) in &places {
            if entry.ends_with("data.pkl") {
                if place.len() > MOST_PICKLE {
                    return Err(broken("has a table of contents that cannot be".to_owned()));
                }
                unfold::check(&data[place.clone()]).map_err(&broken)?;
            }
        }
        // The reader expects what PyTorch writes and panics where something else stands.
        let read = std::panic::catch_unwind(|| read_pth_tensor_info(&path, false, None));
        let infos = match read {
            Ok(Ok(infos)) => infos,
            Ok(Err(error)) => {
                return Err(ModelError::Broken {
                    file: name.to_owned(),
                    why: "has a table of contents that cannot be read".to_owned(),
                    details: error.to_string(),
                });
            }
            Err(_) => {
                return Err(broken(
                    "has a table of contents that cannot be read".to_owned(),
                ));
            }
        };
        let mut tensors = BTreeMap::new();
        for info in infos {
            let place = places
                .get(&info.path)
                .filter(|_| stays_inside(&info.path))
                .ok_or_else(|| {
                    broken(format!(
                        "names numbers that it does not hold: {}",
                        info.path
                    ))
                })?;
            let entry = entry(&info, place.len()).map_err(&broken)?;
            tensors.insert(
                info.name,
                Entry {
                    from: place.start + entry.from,
                    ..entry
                },
            );
        }
        if tensors.is_empty() {
            return Err(broken("holds no tensor".to_owned()));
        }
        Ok(Self { data, tensors })
    }

    /// Names of all tensors, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.data.len() as u64
    }

    /// A tensor's type, sizes and numbers in order.
    pub(super) fn get(&self, name: &str) -> Option<Numbers<'_>> {
        let entry = self.tensors.get(name)?;
        Some((entry.dtype, &entry.shape, entry.numbers(&self.data)?))
    }

    /// A tensor's type and sizes.
    pub(super) fn about(&self, name: &str) -> Option<(Dtype, &[usize])> {
        let entry = self.tensors.get(name)?;
        Some((entry.dtype, &entry.shape))
    }
}

/// Checks a tensor against the `len` bytes of its numbers; its place is counted from the first of them.
fn entry(info: &TensorInfo, len: usize) -> Result<Entry, String> {
    let dtype = match info.dtype {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        other => return Err(format!("has the tensor {} of {other:?}", info.name)),
    };
    let (shape, strides) = (info.layout.dims(), info.layout.stride());
    let cut = || format!("is cut short: the tensor {} is not all there", info.name);
    if shape.len() != strides.len() || shape.len() > MOST_DIMS {
        return Err(cut());
    }
    let from = info.layout.start_offset();
    let size = info.dtype.size_in_bytes();
    let last = shape
        .iter()
        .zip(strides)
        .try_fold(0usize, |last, (&dim, &stride)| {
            last.checked_add(dim.saturating_sub(1).checked_mul(stride)?)
        });
    let count = shape
        .iter()
        .try_fold(1usize, |all, &dim| all.checked_mul(dim));
    let end = last.and_then(|last| {
        (last + usize::from(count? > 0))
            .checked_mul(size)?
            .checked_add(from)
    });
    // Numbers that are read again and again would make much of little.
    let total = count.and_then(|count| count.checked_mul(size));
    if end.is_none_or(|end| end > len) || total.is_none_or(|total| total > len) {
        return Err(cut());
    }
    Ok(Entry {
        dtype,
        shape: shape.to_vec(),
        strides: strides.to_vec(),
        from,
    })
}

impl Entry {
    fn numbers<'d>(&self, data: &'d [u8]) -> Option<Cow<'d, [u8]>> {
        let size = self.dtype.bitsize() / 8;
        let count: usize = self.shape.iter().product();
        let mut expected = 1;
        let mut in_order = true;
        for (&dim, &stride) in self.shape.iter().zip(&self.strides).rev() {
            in_order &= dim <= 1 || stride == expected;
            expected *= dim;
        }
        if in_order {
            return Some(Cow::Borrowed(
                data.get(self.from..self.from + count * size)?,
            ));
        }
        let mut out = Vec::with_capacity(count * size);
        let mut place = vec![0; self.shape.len()];
        for _ in 0..count {
            let index: usize = place.iter().zip(&self.strides).map(|(p, s)| p * s).sum();
            out.extend_from_slice(data.get(self.from + index * size..)?.get(..size)?);
            for (place, &dim) in place.iter_mut().zip(&self.shape).rev() {
                *place += 1;
                if *place < dim {
                    break;
                }
                *place = 0;
            }
        }
        Some(Cow::Owned(out))
    }
}
