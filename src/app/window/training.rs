//! The window's glue to the threads behind the Train page: the trainer, previews, lineups put together, file dialogs.

use std::path::PathBuf;

use egui::Context;

use super::{EVENTS_PER_FRAME, Window};
pub(super) use crate::app::state::training::Purpose;
use crate::app::state::training::RemovalRequest;
use crate::app::update;
use crate::train::removal::Removal;

impl Window {
    /// Has the file dialogs of the Train page answered by `ask` instead of the desktop, as tests do.
    pub fn set_train_dialogs(
        &mut self,
        ask: impl Fn(&Purpose) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.train_dialogs.set(ask);
    }

    /// Deletes for good what an earlier window did not come to delete.
    pub(super) fn forget_removed(&self) {
        if let Some(root) = self.state.training.root.clone() {
            self.removals.request(RemovalRequest {
                serial: 0,
                removal: Removal::Forget(root),
            });
        }
    }

    /// Hands the trainer and the other threads of its page what they are to do.
    pub(super) fn tell_trainer(&mut self) {
        for command in std::mem::take(&mut self.state.training.outbox) {
            if !self.trainer.send(command) {
                update::on_trainer_lost(&mut self.state);
            }
        }
        if let Some(request) = self.state.training.preview_request()
            && request.serial != self.previewed
        {
            self.previewed = request.serial;
            self.previews.request(request.clone());
        }
        if let Some(request) = &self.state.training.joining
            && request.serial != self.joined
        {
            self.joined = request.serial;
            self.joins.request(request.clone());
        }
        if let Some(request) = &self.state.training.removing
            && request.serial != self.removed
        {
            self.removed = request.serial;
            self.removals.request(request.clone());
        }
        if let Some(dialog) = &self.state.training.dialog {
            self.train_dialogs.show(dialog.serial, &dialog.purpose);
        }
    }

    /// Takes in what the trainer and the other threads of its page have told, as much as fits before one frame.
    pub(super) fn hear_trainer(&mut self, ctx: &Context) {
        for taken in 0.. {
            if taken == EVENTS_PER_FRAME {
                ctx.request_repaint();
                break;
            }
            let Some(event) = self.trainer.next() else {
                break;
            };
            update::on_trainer(&mut self.state, event);
        }
        if let Some(answer) = self.previews.take() {
            update::on_preview(&mut self.state, answer);
        }
        if let Some(answer) = self.joins.take() {
            let commands = update::on_joined(&mut self.state, answer);
            self.send(commands);
        }
        if let Some((serial, done)) = self.removals.take() {
            update::on_removed(&mut self.state, serial, done);
        }
        if let Some((serial, answer)) = self.train_dialogs.take() {
            let commands = update::on_dialog(&mut self.state, serial, answer);
            self.send(commands);
        }
        self.tell_trainer();
    }
}
