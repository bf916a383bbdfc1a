//! A trained objective on its way into the lineup in use, or out of it.

use crate::error::Failure;
use crate::train::join::{Change, Changed};

/// A lineup to be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinRequest {
    /// Number of the question; the answer carries it.
    pub serial: u64,
    /// What is to change.
    pub change: Change,
}

/// What came of a [`JoinRequest`].
#[derive(Debug, Clone)]
pub struct JoinAnswer {
    /// Number of the question.
    pub serial: u64,
    /// The changed lineup, to be loaded.
    pub result: Result<Changed, Failure>,
}

impl JoinRequest {
    /// Reads files: for a thread of its own.
    #[must_use]
    pub fn answer(self) -> JoinAnswer {
        JoinAnswer {
            serial: self.serial,
            result: self.change.make(crate::demo::embedded()),
        }
    }
}
