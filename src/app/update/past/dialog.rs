//! The desktop's file dialogs, beside the fields for paths.

use super::{Wish, ask, export};
use crate::app::state::State;
use crate::app::state::models::DialogAnswer;
use crate::app::state::page::Page;
use crate::app::state::past::Purpose;
use crate::app::update::looking::go_to;
use crate::journal::orders::Order;

/// Asks for a dialog, unless one is open.
pub(super) fn ask_for(state: &mut State, purpose: Purpose) {
    let past = &mut state.past;
    if past.dialog.is_some() {
        return;
    }
    past.next_dialog += 1;
    past.dialog = Some((past.next_dialog, purpose));
}

/// Takes in what became of a dialog.
pub fn on_dialog(state: &mut State, serial: u64, answer: DialogAnswer) {
    let past = &mut state.past;
    let Some((_, purpose)) = past.dialog.take_if(|(open, _)| *open == serial) else {
        return;
    };
    match (answer, purpose) {
        (DialogAnswer::Chosen(path), Purpose::Open) => {
            ask(state, Wish::Show, |wish| Order::OpenFile { path, wish });
        }
        (DialogAnswer::Chosen(path), Purpose::Save(_)) => {
            if let Some(row) = &mut past.export {
                row.path = path.display().to_string();
                export(state);
            }
        }
        (DialogAnswer::Closed, Purpose::Open | Purpose::Save(_)) => {}
        (DialogAnswer::NeverShown, Purpose::Open | Purpose::Save(_)) => {
            past.note = Some(
                "Your desktop has no file dialog to offer: type the path, or drop the file onto the window"
                    .to_owned(),
            );
            go_to(state, Page::Runs);
        }
    }
}
