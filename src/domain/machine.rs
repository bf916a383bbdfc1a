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

/// The memory that models are to lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// The machine's own: bytes of it that are free, where the system tells.
    Machine(Option<u64>),
    /// That of a graphics card, with bytes that are free of the machine's own beside it.
    Card(Card, Option<u64>),
}

impl Room {
    /// Bytes that are free of it, where that is known.
    #[must_use]
    pub const fn free_bytes(&self) -> Option<u64> {
        match self {
            Self::Machine(free) => *free,
            Self::Card(card, _) => card.free_bytes,
        }
    }

    /// The card, where it is one's.
    #[must_use]
    pub const fn card(&self) -> Option<&Card> {
        match self {
            Self::Machine(_) => None,
            Self::Card(card, _) => Some(card),
        }
    }
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
