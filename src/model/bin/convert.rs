//! PyTorch's weight files as safetensors beside them, made once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, View};
use serde_json::json;

use super::BinFile;
use crate::domain::CancelToken;
use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::replace::{replace, replace_tensors};

/// A tensor that is read when it is written.
struct Lazy<'a> {
    file: &'a BinFile,
    name: &'a str,
    dtype: Dtype,
    shape: &'a [usize],
}

impl View for Lazy<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.file
            .get(self.name)
            .map_or(Cow::Borrowed(&[]), |(_, _, numbers)| numbers)
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// Makes safetensors of a folder's PyTorch files, unless there are such or the folder cannot be written to. Whether there
/// are safetensors behind it.
///
/// # Errors
/// Files that are broken, or cancellation. A disk that is full is no error: `note` is told, and the files are read as they
/// are.
pub(in crate::model) fn converted(
    folder: &Folder,
    bins: &[String],
    safe: &str,
    role: &str,
    note: &mut dyn FnMut(&str, Option<f32>),
    cancel: &CancelToken,
) -> Result<bool, ModelError> {
    let Some(home) = folder.path("") else {
        return Ok(false);
    };
    let stem = safe.trim_end_matches(".safetensors");
    let count = bins.len();
    let mut map = serde_json::Map::new();
    let mut total = 0;
    for (index, bin) in bins.iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        note(
            &format!("Converting {bin} of {role} to safetensors, once"),
            Some(index as f32 / count as f32),
        );
        let name = if count == 1 {
            safe.to_owned()
        } else {
            format!("{stem}-{:05}-of-{count:05}.safetensors", index + 1)
        };
        let file = BinFile::open(folder, bin, role)?;
        for tensor in file.names() {
            map.insert(tensor.to_owned(), json!(name));
        }
        total += file.bytes();
        let done = write(&file, &home.join(&name));
        if let Err(error) = done {
            refused(&error, role, note);
            return Ok(false);
        }
    }
    if count > 1 {
        let index = json!({"metadata": {"total_size": total}, "weight_map": map});
        // Last, so that a folder with an index has all its parts.
        let done = replace(&home.join(format!("{safe}.index.json")), |partial| {
            File::create(partial)?.write_all(index.to_string().as_bytes())
        });
        if let Err(error) = done {
            refused(&error, role, note);
            return Ok(false);
        }
    }
    Ok(true)
}

/// Why nothing was written, where a person would want to know.
fn refused(error: &std::io::Error, role: &str, note: &mut dyn FnMut(&str, Option<f32>)) {
    let expected = matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    );
    if !expected {
        note(
            &format!(
                "Note: {role} could not be saved as safetensors and is read as it is: {error}"
            ),
            None,
        );
    }
}

fn write(file: &BinFile, path: &Path) -> std::io::Result<()> {
    let views = file.names().filter_map(|name| {
        let (dtype, shape) = file.about(name)?;
        let view = Lazy {
            file,
            name,
            dtype,
            shape,
        };
        Some((name, view))
    });
    // transformers asks for the note.
    let notes = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    replace_tensors(path, views, notes)
}
