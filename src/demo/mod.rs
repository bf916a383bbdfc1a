//! The built-in demo: a world of everyday scenarios, and the small models that are trained on it.

pub mod check;
pub mod judge;
mod library;
pub mod recipe;
pub mod sample;
pub mod world;

pub use library::{LibraryPrompt, library};
