//! Counterpoise steers a language model while it writes.

#[cfg(feature = "gui")]
pub mod app;
pub mod cli;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod error;
pub mod latest;
pub mod model;
pub mod train;
pub mod worker;
