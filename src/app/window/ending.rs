//! What happens to unfinished work when the window is closed.

use super::Window;
use crate::train::removal;
use crate::worker::Command;

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(run) = self.state.active_run() {
            run.cancel.cancel();
        }
        // What was deleted in this window cannot be brought back without it.
        if let Some(root) = &self.state.training.root
            && !self.state.training.removed.is_empty()
        {
            removal::forget(root);
        }
        if let Some(sweep) = self.state.tradeoff.active() {
            sweep.cancel.cancel();
        }
        self.state.score.stop_all();
        if let Some(worker) = &self.worker {
            // A worker that is gone has nothing left to end.
            let _ = worker.commands.send(Command::Shutdown);
        }
    }
}
