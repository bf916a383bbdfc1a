//! Saved runs as files.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::record::export::Format;
use crate::record::look::Look;
use crate::record::{self, LARGEST_FILE, Record};

/// Writes all of a file under another name first.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    crate::model::replace::replace(path, |partial| std::fs::write(partial, bytes))
}

/// Reads a saved run.
///
/// # Errors
/// A file that is not there, is too large, or is no saved run.
pub fn open_file(path: &Path) -> Result<Record, Failure> {
    let unreadable = |details: String| {
        Failure::input("This file cannot be read").details(format!("{details}, {}", path.display()))
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > LARGEST_FILE {
        return Err(Failure::input("This file is too large for a saved run")
            .details(format!("{size} bytes, {}", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    record::read(&text)
}

/// Writes a run to a file.
///
/// # Errors
/// A format that is no text, and what the disk says.
pub fn save_file(path: &Path, record: &Record, format: Format, look: &Look) -> Result<(), Failure> {
    write_file(path, format.write(record, look)?.as_bytes())
}

/// Writes a file whole or not at all.
///
/// # Errors
/// What the disk says.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    check_folder(path)?;
    replace(path, bytes).map_err(|error| {
        Failure::failed("The file could not be written")
            .hint("Choose another place, or make room on the disk")
            .details(format!("{error}, {}", path.display()))
    })
}

/// Refuses a path whose folder is not there: what may take hours had better notice before.
///
/// # Errors
/// The folder is not there.
pub fn check_folder(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(Failure::input("The folder for the result does not exist")
                .hint("Make the folder, or choose another place")
                .details(folder.display().to_string()))
        }
        Some(_) | None => Ok(()),
    }
}

/// The file of a run in a journal's folder.
#[must_use]
pub fn blob_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.jsonl"))
}
