//! The whole recipe of the built-in models, from the world's texts to the files that the program embeds.
//!
//! 1. [`text`]: a tokenizer is trained on a draw of the corpus.
//! 2. The base model learns questions and answers of all trait mixes.
//! 3. A low-rank adapter for each objective learns from pairs of answers that differ in its trait.
//! 4. [`files`]: everything is written in half precision, as one lineup folder.
//! 5. [`table`], [`claims`] and [`tradeoff`]: what the models write to questions they have never seen, judged.

pub mod claims;
pub mod familiar;
pub mod files;
mod lesson;
mod report;
mod run;
mod shown;
pub mod table;
pub mod text;
pub mod tradeoff;

use std::path::{Path, PathBuf};

use super::check::WorldError;
use crate::engine::scorer::EngineError;
use crate::error::Failure;
use crate::model::ModelError;
use crate::train::{self, TrainError};

pub use run::run;

/// Seed of the shipped models.
pub const SEED: u64 = 16;
/// Optimiser steps of the shipped base model.
pub const STEPS: u64 = 48_000;
/// Questions of each sort that every row of the judge's table answers.
pub const QUESTIONS: usize = 200;
/// Answers to each of them.
pub const SEEDS: u64 = 4;

/// What to make, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Folder of the finished lineup.
    pub out: PathBuf,
    /// Folder of world files; the built-in world where nothing is said.
    pub world: Option<PathBuf>,
    /// Decides initial weights, texts and their order.
    pub seed: u64,
    /// Optimiser steps of the base model; a reward model takes a share of them.
    pub steps: u64,
    /// Goes on where an interrupted run ended.
    pub resume: bool,
    /// Trains nothing and judges what is in `out`.
    pub judge_only: bool,
    /// Questions of each sort that every row of the judge's table answers.
    pub questions: usize,
    /// Answers to each of them.
    pub seeds: u64,
    /// Where every judged text goes, one JSON object a line; nowhere where nothing is said.
    pub texts: Option<PathBuf>,
    /// Threads on the CPU; all of them where nothing is said.
    pub threads: Option<usize>,
}

/// Why the recipe stopped.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The world's files break a rule.
    #[error(transparent)]
    World(#[from] WorldError),
    /// Training failed or was interrupted.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The finished models cannot be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The finished models cannot write.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The tokenizer library failed.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(tokenizers::Error),
    /// Weights that the file format refuses.
    #[error("the weights cannot be written: {reason}: {path}", path = path.display())]
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
            RecipeError::World(inner) => inner.into(),
            RecipeError::Train(inner) => inner.into(),
            RecipeError::Model(inner) => inner.into(),
            RecipeError::Engine(inner) => inner.into(),
            RecipeError::Tokenizer(_) | RecipeError::Weights { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

/// Writes a file of the finished lineup, in one move; its folder is made where it is missing.
fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), RecipeError> {
    if let Some(folder) = path.parent() {
        train::files::make_folder(folder)?;
    }
    Ok(train::files::write_bytes(path, "the demo's files", bytes)?)
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), RecipeError> {
    write_bytes(path, format!("{value:#}\n").as_bytes())
}
