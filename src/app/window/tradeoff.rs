//! The window's glue to the threads behind the Trade-off page: file dialogs, and sweeps on their way into files.

use std::path::PathBuf;

use super::Window;
use crate::app::state::tradeoff::Saved;
use crate::app::update;

impl Window {
    /// Has the file dialogs of the Trade-off page answered by `ask` instead of the desktop, as tests do.
    pub fn set_sweep_dialogs(&mut self, ask: impl Fn() -> Option<PathBuf> + Send + Sync + 'static) {
        self.sweep_dialogs.set(move |()| ask());
    }

    /// Hands over what is to be shown and written.
    pub(super) fn ask_for_saves(&mut self) {
        if let Some(serial) = self.state.tradeoff.dialog {
            self.sweep_dialogs.show(serial, &());
        }
        if let Saved::Writing(request) = &self.state.tradeoff.saved
            && request.serial != self.save_asked
        {
            self.save_asked = request.serial;
            self.saves.request(request.as_ref().clone());
        }
    }

    /// Takes in what became of it.
    pub(super) fn hear_saves(&mut self) {
        if let Some((serial, answer)) = self.sweep_dialogs.take() {
            update::on_sweep_dialog(&mut self.state, serial, answer);
        }
        if let Some(answer) = self.saves.take() {
            update::on_saved(&mut self.state, answer);
        }
    }
}
