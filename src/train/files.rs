//! Writing files so that a crash or a full disk leaves what was there before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, View};

use super::error::TrainError;
use super::weights::NamedTensor;
use crate::model::replace;

impl View for &NamedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

/// Writes a file beside its place, waits until it is on the disk, then moves it there.
fn replace(
    path: &Path,
    what: &'static str,
    write: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), TrainError> {
    replace::replace(path, write).map_err(unwritten(path, what))
}

fn unwritten(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> TrainError {
    let path = path.to_owned();
    move |source| TrainError::Write { what, path, source }
}

/// Writes bytes.
pub(crate) fn write_bytes(path: &Path, what: &'static str, bytes: &[u8]) -> Result<(), TrainError> {
    replace(path, what, |partial| {
        File::create(partial)?.write_all(bytes)
    })
}

/// Writes JSON for people to read.
pub(crate) fn write_json(
    path: &Path,
    what: &'static str,
    value: &impl serde::Serialize,
) -> Result<(), TrainError> {
    let bytes = serde_json::to_vec_pretty(value).map_err(std::io::Error::other);
    replace(path, what, |partial| {
        let mut bytes = bytes?;
        bytes.push(b'\n');
        File::create(partial)?.write_all(&bytes)
    })
}

/// Writes tensors, f32, with the note by which transformers and PEFT know the format, and further notes.
pub(crate) fn write_tensors(
    path: &Path,
    what: &'static str,
    tensors: &[NamedTensor],
    notes: &[(&str, String)],
) -> Result<(), TrainError> {
    let mut metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    for (key, value) in notes {
        metadata.insert((*key).to_owned(), value.clone());
    }
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    replace::replace_tensors(path, views, metadata).map_err(unwritten(path, what))
}

/// Makes a folder and all above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(path).map_err(unwritten(path, "the output folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_rubbish() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        write_bytes(&path, "the state", b"old").unwrap();
        let full = replace(&path, "the state", |partial| {
            std::fs::write(partial, b"half")?;
            Err(std::io::ErrorKind::StorageFull.into())
        });
        let message = full.unwrap_err().to_string();
        assert_eq!(
            message,
            "the disk is full, so the state could not be written"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
