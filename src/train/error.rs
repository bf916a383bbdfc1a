//! What can go wrong while training, each in one sentence.

use std::path::PathBuf;

use crate::error::Failure;
use crate::model::error::ModelError;

/// A failure of data, settings, files or models in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A file could not be read.
    #[error("the data file could not be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file has no content.
    #[error("the data file is empty")]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// The file as a whole is not what it should be.
    #[error("the data file is not readable as {expected}")]
    Format {
        /// Which.
        path: PathBuf,
        /// For example `a JSON array`.
        expected: &'static str,
        /// The parser's words.
        reason: String,
    },
    /// Strict reading met a bad line, or no line was good.
    #[error("{} at line {line}: {reason}", if *.strict { "bad data" } else { "no usable line, the first fault is" })]
    BadLine {
        /// Which file.
        path: PathBuf,
        /// From 1; in a JSON array the number of the element.
        line: usize,
        /// What is wrong with it.
        reason: String,
        /// Whether `--strict` stopped here.
        strict: bool,
    },
    /// Preference data with two judgements per pair and none chosen.
    #[error("this data judges each pair twice, so one label must be chosen")]
    LabelNeeded {
        /// Which file.
        path: PathBuf,
    },
    /// A setting is out of its range.
    #[error("{0}")]
    Setting(String),
    /// A model or tokenizer that training cannot start from.
    #[error("{summary}")]
    Model {
        /// One sentence.
        summary: String,
        /// The rest.
        details: String,
    },
    /// Nothing in the data is short enough to train on.
    #[error("{0}")]
    NoExamples(String),
    /// There is not enough memory.
    #[error("training over this base takes about {:.1} GB of memory, and {:.1} GB are free", *.need as f64 / 1e9, *.free as f64 / 1e9)]
    Memory {
        /// Bytes that it takes.
        need: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// A checkpoint that does not belong to this run, or is broken.
    #[error("the checkpoint cannot be continued: {reason}")]
    Checkpoint {
        /// Which folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Writing failed; what was there before is intact.
    #[error("{}", write_sentence(.source, .what))]
    Write {
        /// What was being written.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The numbers stopped being numbers.
    #[error("training diverged: the loss is not a number at step {step}")]
    Diverged {
        /// Step at which it was seen, from 1.
        step: u64,
    },
    /// A person stopped it.
    #[error("training was interrupted at step {step}")]
    Interrupted {
        /// Optimiser steps done.
        step: u64,
        /// Whether a checkpoint of that step is on the disk.
        saved: bool,
    },
    /// The output folder holds an unfinished run.
    #[error("the output folder holds an unfinished run")]
    Unfinished {
        /// Which folder.
        path: PathBuf,
    },
    /// A failure that another room has put into words already.
    #[error("{0}")]
    Elsewhere(#[from] Failure),
}

impl From<ModelError> for TrainError {
    fn from(error: ModelError) -> Self {
        Self::Elsewhere(error.into())
    }
}

fn write_sentence(source: &std::io::Error, what: &str) -> String {
    match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            format!("the disk is full, so {what} could not be written")
        }
        _ => format!("{what} could not be written"),
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let summary = error.to_string();
        match error {
            TrainError::Read { path, source } => {
                Self::input(summary).details(format!("{source}: {}", path.display()))
            }
            TrainError::Empty { path } => Self::input(summary)
                .hint("Give a file with at least one line of data")
                .details(path.display().to_string()),
            TrainError::Format { path, reason, .. } => {
                Self::input(summary).details(format!("{reason}: {}", path.display()))
            }
            TrainError::BadLine { path, .. } => {
                Self::input(summary).details(path.display().to_string())
            }
            TrainError::LabelNeeded { path } => Self::usage(summary)
                .hint("Choose one of the two: helpful or harmless")
                .details(path.display().to_string()),
            TrainError::Setting(_) => Self::usage(summary),
            TrainError::Model { details, .. } => Self::input(summary).details(details),
            TrainError::NoExamples(_) => Self::input(summary),
            TrainError::Memory { .. } => Self::failed(summary)
                .hint("Close other programs, use fewer threads, or train over a smaller base"),
            TrainError::Checkpoint { path, .. } => Self::input(summary)
                .hint("Start anew under another name or folder, or go on with the settings that it began with")
                .details(path.display().to_string()),
            TrainError::Write { path, source, .. } => Self::failed(summary)
                .hint(
                    "What was complete before is still there: make room, then go on from the checkpoint (--resume on the command line)",
                )
                .details(format!("{source}: {}", path.display())),
            TrainError::Diverged { .. } => {
                Self::failed(summary).hint("A lower learning rate or a longer warm-up usually helps")
            }
            TrainError::Interrupted { saved, .. } => {
                let mut failure = Self::interrupted();
                failure.summary = summary;
                failure.hint = saved
                    .then(|| "Run the same command with --resume to go on from there".to_owned());
                failure
            }
            TrainError::Unfinished { path } => Self::usage(summary)
                .hint("Go on with it (--resume on the command line), or choose another folder")
                .details(path.display().to_string()),
            TrainError::Elsewhere(failure) => failure,
        }
    }
}
