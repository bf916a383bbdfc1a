//! One file per region of the steering page and of what frames all pages. Each builds a view of the state, which holds
//! every decision, draws it, and returns what the person did.

pub mod advanced;
pub mod announce;
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

use egui::{FocusDirection, Margin, Ui};

use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::theme::space;
use crate::app::update::Action;

/// Room for a scroll bar beside what scrolls.
pub(super) const SCROLL_BAR: Margin = Margin {
    left: 0,
    right: space::S as i8,
    top: 0,
    bottom: 0,
};

/// Gives the keyboard to the next thing drawn that can have it, where it is wanted in this part of the window.
pub(super) fn keyboard_here(ui: &Ui, state: &State, region: Region) -> Option<Action> {
    state.wants_keyboard(region).then(|| {
        ui.memory_mut(|memory| {
            if let Some(before) = memory.focused() {
                memory.surrender_focus(before);
            }
            // As with Tab where nothing has it.
            memory.move_focus(FocusDirection::Next);
        });
        Action::RegionFocused(region)
    })
}
