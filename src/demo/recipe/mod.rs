//! The whole recipe of the built-in models, from the world's texts to the files that the program embeds.
//!
//! 1. [`text`]: a tokenizer is trained on a draw of the corpus.
//! 2. The base model learns questions and answers of all trait mixes.
//! 3. A low-rank adapter for each objective learns from pairs of answers that differ in its trait.
//! 4. [`files`]: everything is written in half precision, as one lineup folder.
//! 5. [`table`]: the judge reads what the models write to questions they have never seen.

pub mod files;
pub mod table;
pub mod text;

use std::path::{Path, PathBuf};

use crate::error::Failure;

/// Why the recipe stopped.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The tokenizer library failed.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(tokenizers::Error),
    /// A file cannot be written.
    #[error("cannot write the demo's files: {source}: {path}", path = path.display())]
    Write {
        /// What the system said.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read what training wrote: {source}: {path}", path = path.display())]
    Read {
        /// What the system said.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// Weights that are not what training writes.
    #[error("the weights are broken: {reason}: {path}", path = path.display())]
    Weights {
        /// What the library said.
        reason: String,
        /// Where.
        path: PathBuf,
    },
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        match error {
            RecipeError::Read { .. } | RecipeError::Weights { .. } => {
                Self::input(error.to_string()).hint("Start again without --resume")
            }
            RecipeError::Tokenizer(_) | RecipeError::Write { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), RecipeError> {
    let fail = |source| RecipeError::Write {
        source,
        path: path.to_owned(),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    // First beside its place, then moved: a full disk never leaves half a file behind.
    let beside = path.with_extension("part");
    std::fs::write(&beside, bytes).map_err(fail)?;
    std::fs::rename(&beside, path).map_err(fail)
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), RecipeError> {
    write_bytes(path, format!("{value:#}\n").as_bytes())
}
