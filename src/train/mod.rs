//! Training of language models and reward models.

pub mod arm;
pub mod base;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod error;
pub mod events;
pub mod examples;
pub mod export;
mod files;
pub mod lm;
pub mod loss;
mod net;
mod optimiser;
mod random;
pub mod run;
pub mod tokenizer;
pub mod tokens;
pub mod weights;

pub use error::TrainError;
