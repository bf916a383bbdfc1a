//! The desktop's file dialogs, beside the fields for paths.

use super::{TrainAction, apply};
use crate::app::state::State;
use crate::app::state::models::DialogAnswer;
use crate::app::state::training::{Dialog, Purpose, Training};
use crate::worker::Command;

/// Asks for a dialog.
pub(super) fn ask(page: &mut Training, purpose: Purpose) {
    page.next_dialog += 1;
    page.no_dialog = false;
    page.dialog = Some(Dialog {
        serial: page.next_dialog,
        purpose,
    });
}

/// Takes in what became of a dialog.
pub fn on_dialog(state: &mut State, serial: u64, answer: DialogAnswer) -> Vec<Command> {
    let page = &mut state.training;
    let Some(dialog) = page.dialog.take_if(|dialog| dialog.serial == serial) else {
        return Vec::new();
    };
    let path = match answer {
        DialogAnswer::Chosen(path) => path,
        DialogAnswer::Closed => return Vec::new(),
        DialogAnswer::NeverShown => {
            page.no_dialog = true;
            return Vec::new();
        }
    };
    let action = match dialog.purpose {
        Purpose::Pairs => TrainAction::PickData(path),
        Purpose::BaseFolder => TrainAction::EditBasePath(path.display().to_string()),
    };
    apply(state, action)
}
