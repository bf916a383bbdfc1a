//! What crosses modules. One binary, one module per area.

#[cfg(feature = "gui")]
mod pictures;
#[cfg(feature = "gui")]
mod window;
