//! The desktop's file dialogs, beside the fields for paths.

use std::path::PathBuf;

use super::{TrainAction, apply};
use crate::app::state::State;
use crate::app::state::dialog::{Dialog, INSTANT_SECS, Purpose};
use crate::app::state::training::Training;
use crate::worker::Command;

/// Asks for a dialog.
pub(super) fn ask(page: &mut Training, purpose: Purpose, now_secs: f64) {
    page.next_dialog += 1;
    page.no_dialog = false;
    page.dialog = Some(Dialog {
        serial: page.next_dialog,
        purpose,
        since_secs: now_secs,
    });
}

/// Takes in what became of a dialog: a path, or nothing where it was closed or never came.
pub fn on_dialog(state: &mut State, serial: u64, answer: Option<PathBuf>) -> Vec<Command> {
    let page = &mut state.training;
    let Some(dialog) = page.dialog.take_if(|dialog| dialog.serial == serial) else {
        return Vec::new();
    };
    let Some(path) = answer else {
        page.no_dialog = state.now_secs - dialog.since_secs < INSTANT_SECS;
        return Vec::new();
    };
    let action = match dialog.purpose {
        Purpose::Pairs => TrainAction::PickData(path),
        Purpose::BaseFolder => TrainAction::EditBasePath(path.display().to_string()),
    };
    apply(state, action)
}
