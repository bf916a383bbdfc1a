//! What crosses modules. One binary, one module per area.

mod bad_input;
mod common;
mod golden;
mod house;
#[cfg(feature = "gui")]
mod pictures;
#[cfg(feature = "gui")]
mod window;
