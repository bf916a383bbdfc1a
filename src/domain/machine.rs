//! What a machine offers, as a person is told.

use serde::Serialize;

/// A processor, and what this build uses of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// Its name, or its architecture where the system does not tell.
    pub name: String,
    /// Threads that it offers to the program.
    pub cores: usize,
    /// The vector instructions that models can be written with, the fastest first; the last ones run anywhere.
    pub vectors: Vec<&'static str>,
    /// Whether training uses its tile unit (AMX).
    pub tiles: bool,
}

/// A graphics card that this build can compute on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// What `--device` calls it, for example `cuda:0`.
    pub device: String,
    /// Its maker's name for it.
    pub name: String,
    /// Bytes of its memory that are free, where it tells.
    pub free_bytes: Option<u64>,
    /// Bytes of its memory in all, where it tells.
    pub total_bytes: Option<u64>,
}
