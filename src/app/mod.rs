//! The window: two panes, a prompt box, a library and a column of sliders.
//!
//! Panels draw a view of the state and return what a person did; [`update`] applies it and says what the worker must do.

pub mod state;
pub mod theme;
pub mod widgets;
