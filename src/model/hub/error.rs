//! What can go wrong between the hub and the cache.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::hub::Remedy;
use crate::error::Failure;

/// Why the hub or the cache did not do what was wanted.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The request itself is wrong.
    #[error("{0}")]
    Usage(String),
    /// The system does not say where a person's files are.
    #[error("The system names no home folder, so there is no place for models")]
    NoHome,
    /// The network is forbidden.
    #[error("HF_HUB_OFFLINE forbids the network")]
    Offline,
    /// A repository that is not in the cache.
    #[error("{0} is not in the local cache")]
    NotHere(String),
    /// The system refused to read or write.
    #[error("{what} could not be {done}")]
    Disk {
        /// For example `the token file`.
        what: String,
        /// `read`, `written` or `removed`.
        done: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl HubError {
    /// A file that could not be `done` (read, written, removed).
    pub fn disk(
        what: impl Into<String>,
        done: &'static str,
        path: &Path,
        source: io::Error,
    ) -> Self {
        Self::Disk {
            what: what.into(),
            done,
            path: path.to_owned(),
            source,
        }
    }

    /// What a button can offer.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Cancelled
            | Self::Usage(_)
            | Self::NoHome
            | Self::Offline
            | Self::NotHere(_)
            | Self::Disk { .. } => None,
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        let summary = capital(error.to_string());
        match error {
            HubError::Cancelled => Self::interrupted(),
            HubError::Usage(_) => Self::usage(summary),
            HubError::NoHome => {
                Self::failed(summary).hint("Set HF_HOME to a folder for downloaded models")
            }
            HubError::Offline => Self::failed(summary)
                .hint("Unset HF_HUB_OFFLINE, or use what `counterpoise models list` shows"),
            HubError::NotHere(_) => {
                Self::input(summary).hint("`counterpoise models list` shows what is there")
            }
            HubError::Disk { path, source, .. } => {
                Self::failed(summary).details(format!("{source}: {}", path.display()))
            }
        }
    }
}

fn capital(sentence: String) -> String {
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => sentence,
    }
}
