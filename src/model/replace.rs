//! Files that take the place of others, or stay what they were.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use safetensors::tensor::View;
use safetensors::{SafeTensorError, serialize_to_file};

/// Has `write` fill a file beside `path`, waits until it is on the disk, then moves it there.
///
/// # Errors
/// What the disk says; the old file, if there was one, is then as it was, and nothing is left beside it.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let done = write(&partial)
        .and_then(|()| File::open(&partial)?.sync_all())
        .and_then(|()| std::fs::rename(&partial, path));
    if done.is_err() {
        // Best effort: the failure to write is what matters.
        let _ = std::fs::remove_file(&partial);
    } else if let Some(parent) = path.parent() {
        // The new name itself must reach the disk; where a folder cannot be synced, nothing more can be done.
        let _ = File::open(parent).and_then(|folder| folder.sync_all());
    }
    done
}

/// The same for tensors and notes, as safetensors.
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_tensors<S: AsRef<str> + Ord + Display, V: View>(
    path: &Path,
    tensors: impl IntoIterator<Item = (S, V)>,
    notes: HashMap<String, String>,
) -> std::io::Result<()> {
    replace(path, |partial| {
        // The library makes a file that only its owner may read: it gets the rights of an ordinary one.
        let ordinary = File::create(partial)?.metadata()?.permissions();
        serialize_to_file(tensors, Some(notes), partial).map_err(|error| match error {
            SafeTensorError::IoError(source) => source,
            other => std::io::Error::other(other.to_string()),
        })?;
        std::fs::set_permissions(partial, ordinary)
    })
}
