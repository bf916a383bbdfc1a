//! Training of language models and reward models.

pub mod data;
pub mod error;
