//! Writing files so that a crash or a full disk leaves what was there before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, View};
use safetensors::{SafeTensorError, serialize_to_file};

use super::error::TrainError;
use super::weights::NamedTensor;

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
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let done = write(&partial)
        .and_then(|()| File::open(&partial)?.sync_all())
        .and_then(|()| std::fs::rename(&partial, path));
    if let Err(source) = done {
        // Best effort: the failure to write is what matters.
        let _ = std::fs::remove_file(&partial);
        return Err(TrainError::Write {
            what,
            path: path.to_owned(),
            source,
        });
    }
    // The new name itself must reach the disk; where a folder cannot be synced, nothing more can be done.
    if let Some(parent) = path.parent() {
        let _ = File::open(parent).and_then(|folder| folder.sync_all());
    }
    Ok(())
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
    replace(path, what, |partial| {
        // The library makes a file that only its owner may read: it gets the rights of an ordinary one.
        let ordinary = File::create(partial)?.metadata()?.permissions();
        serialize_to_file(views, Some(metadata), partial).map_err(|error| match error {
            SafeTensorError::IoError(source) => source,
            other => std::io::Error::other(other.to_string()),
        })?;
        std::fs::set_permissions(partial, ordinary)
    })
}

/// Makes a folder and all above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(path).map_err(|source| TrainError::Write {
        what: "the output folder",
        path: PathBuf::from(path),
        source,
    })
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
