//! What a person sees when something fails: a sentence, a hint, then details.
//!
//! Each room has an error enum of its own (`ModelError`, `TrainError`, …) and turns it into a [`Failure`] at its border.

use serde::{Deserialize, Serialize};

/// The kinds of failure that scripts can tell apart by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// Something went wrong while working: exit code 1.
    Failed,
    /// The request itself was wrong (option, objective, value): exit code 2.
    Usage,
    /// A file or model is missing, broken, empty or does not fit: exit code 3.
    Input,
    /// A person interrupted the work: exit code 130.
    Interrupted,
}

impl FailureKind {
    /// The process exit code of interfaces.md section 3.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Interrupted => 130,
        }
    }
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{summary}")]
pub struct Failure {
    /// What sort of failure this is.
    pub kind: FailureKind,
    /// One clear sentence without a full stop: what happened.
    pub summary: String,
    /// What a person can do about it.
    pub hint: Option<String>,
    /// The technical rest: inner errors, paths last.
    pub details: Option<String>,
}

impl Failure {
    /// A failure of the given kind with its one sentence.
    pub fn new(kind: FailureKind, summary: impl Into<String>) -> Self {
        Self {
            kind,
            summary: summary.into(),
            hint: None,
            details: None,
        }
    }

    /// Work that failed: exit code 1.
    pub fn failed(summary: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, summary)
    }

    /// A wrong request: exit code 2.
    pub fn usage(summary: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, summary)
    }

    /// A missing, broken, empty or unfitting file or model: exit code 3.
    pub fn input(summary: impl Into<String>) -> Self {
        Self::new(FailureKind::Input, summary)
    }

    /// An interruption by a person: exit code 130.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(FailureKind::Interrupted, "interrupted")
    }

    /// Adds what a person can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the technical rest.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}
