//! What can go wrong between a model's files and its scores.

use crate::engine::scorer::EngineError;
use crate::error::Failure;

/// Why a model could not be read or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A person stopped the work.
    #[error("cancelled")]
    Cancelled,
    /// A file or folder is not there.
    #[error("{what} is missing")]
    Missing {
        /// For example `the file config.json of the base model`.
        what: String,
        /// Where it was looked for.
        path: String,
    },
    /// Some files of a model are there, and others are not.
    #[error("{what} has been downloaded in part only")]
    Incomplete {
        /// For example `the base model, o/n at main,`.
        what: String,
        /// How to get the rest.
        hint: String,
        /// The files that are not there.
        missing: String,
    },
    /// A file is there and is not what it should be.
    #[error("{file} {why}")]
    Broken {
        /// Name of the file.
        file: String,
        /// What is wrong, as the rest of a sentence that starts with the file.
        why: String,
        /// Inner errors and paths.
        details: String,
    },
    /// A sound file asks for something that this program does not do.
    #[error("{what} is not supported")]
    Unsupported {
        /// For example `the architecture GPT2LMHeadModel`.
        what: String,
        /// What is supported instead.
        hint: String,
    },
    /// Two sound files do not fit together.
    #[error("{summary}")]
    Misfit {
        /// The whole sentence.
        summary: String,
        /// What to do.
        hint: String,
    },
    /// The request itself is wrong.
    #[error("{0}")]
    Usage(String),
    /// A prompt that does not fit.
    #[error(
        "the prompt has {tokens} tokens, which is more than the {context} that the model can read"
    )]
    PromptTooLong {
        /// Length of the rendered prompt.
        tokens: usize,
        /// Length of the context.
        context: usize,
    },
    /// A response that no longer fits.
    #[error(
        "the text has {tokens} tokens, which is more than the {context} that the model can read"
    )]
    ContextFull {
        /// Length of prompt and response together.
        tokens: usize,
        /// Length of the context.
        context: usize,
    },
    /// A prompt without a single token.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// The device that was asked for is not usable.
    #[error("{summary}")]
    Device {
        /// The whole sentence.
        summary: String,
        /// What to do.
        hint: String,
    },
    /// The operating system refused to read or write.
    #[error("{what} could not be read")]
    Read {
        /// What was read.
        what: String,
        /// Inner error and path.
        details: String,
    },
    /// The arithmetic failed.
    #[error("computing failed on the device")]
    Compute(#[from] candle_core::Error),
    /// The scorer was used wrongly, or a row is not a number.
    #[error("{0}")]
    Engine(EngineError),
}

impl ModelError {
    /// A broken file without further details.
    pub fn broken(file: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Broken {
            file: file.into(),
            why: why.into(),
            details: String::new(),
        }
    }

    /// Something that this program does not do, and what it does instead.
    pub fn unsupported(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// Two files that do not fit together.
    pub fn misfit(summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Misfit {
            summary: summary.into(),
            hint: hint.into(),
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let summary = sentence_case(error.to_string());
        match error {
            ModelError::Cancelled => Self::interrupted(),
            ModelError::Missing { path, .. } => Self::input(summary).details(path),
            ModelError::Incomplete { hint, missing, .. } => Self::input(summary)
                .hint(hint)
                .details(format!("missing: {missing}")),
            ModelError::Broken { details, .. } => {
                let failure = Self::input(summary);
                if details.is_empty() {
                    failure
                } else {
                    failure.details(details)
                }
            }
            ModelError::Unsupported { hint, .. } | ModelError::Misfit { hint, .. } => {
                let failure = Self::input(summary);
                if hint.is_empty() {
                    failure
                } else {
                    failure.hint(hint)
                }
            }
            ModelError::Usage(_) => Self::usage(summary),
            ModelError::PromptTooLong { .. } => Self::input(summary)
                .hint("Shorten the prompt, or use a model with a longer context"),
            ModelError::ContextFull { .. } => {
                Self::input(summary).hint("Shorten the prompt or the response")
            }
            ModelError::EmptyPrompt => {
                Self::usage(summary).hint("Write a prompt of at least one word")
            }
            ModelError::Device { hint, .. } => Self::failed(summary).hint(hint),
            ModelError::Read { details, .. } => Self::input(summary).details(details),
            ModelError::Compute(inner) => Self::failed(summary)
                .hint("Another device or dtype may work; memory may have run out")
                .details(inner.to_string()),
            ModelError::Engine(inner) => inner.into(),
        }
    }
}

/// Starts a sentence with a capital, unless it starts with the name of a file or a number.
fn sentence_case(sentence: String) -> String {
    let word = sentence.split(' ').next().unwrap_or_default();
    if !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        format!("{}{}", word[..1].to_ascii_uppercase(), &sentence[1..])
    } else {
        sentence
    }
}

impl From<ModelError> for EngineError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => Self::Cancelled,
            ModelError::Engine(inner) => inner,
            other @ (ModelError::Missing { .. }
            | ModelError::Incomplete { .. }
            | ModelError::Broken { .. }
            | ModelError::Unsupported { .. }
            | ModelError::Misfit { .. }
            | ModelError::Usage(_)
            | ModelError::PromptTooLong { .. }
            | ModelError::ContextFull { .. }
            | ModelError::EmptyPrompt
            | ModelError::Device { .. }
            | ModelError::Read { .. }
            | ModelError::Compute(_)) => Self::Models(other.into()),
        }
    }
}

impl From<EngineError> for ModelError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Cancelled => Self::Cancelled,
            other @ (EngineError::UnknownStream(_)
            | EngineError::NotANumber { .. }
            | EngineError::Models(_)) => Self::Engine(other),
        }
    }
}
