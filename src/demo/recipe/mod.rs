//! The whole recipe of the built-in models, from the world's texts to the files that the program embeds.

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
    #[error("cannot write {what}: {source}: {path}", path = path.display())]
    Write {
        /// Which file, in words.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Self::failed(error.to_string())
    }
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), RecipeError> {
    let text = format!("{value:#}\n");
    std::fs::write(path, text).map_err(|source| RecipeError::Write {
        what: "a settings file",
        source,
        path: path.to_owned(),
    })
}
