//! One file per region of the steering page and of what frames all pages. Each builds a view of the state, which holds
//! every decision, draws it, and returns what the person did.

pub mod advanced;
pub mod blend;
pub mod branches;
pub mod card;
pub mod colours;
pub(super) mod disk;
pub mod formula;
pub mod help;
pub mod library;
mod message;
pub mod meter;
pub(in crate::app) mod naming;
pub mod notice;
pub mod objectives;
pub mod palette;
pub mod panes;
pub mod problem;
pub mod prompt;
pub mod recorded;
pub mod sheet;
pub mod side;
pub mod snapshots;
pub mod status;
pub mod steering;
pub mod tokens;
pub mod top_bar;
pub mod tour;
pub mod units;
mod why;

use egui::Margin;

use crate::app::theme::space;

/// Room for a scroll bar beside what scrolls.
pub(super) const SCROLL_BAR: Margin = Margin {
    left: 0,
    right: space::S as i8,
    top: 0,
    bottom: 0,
};
