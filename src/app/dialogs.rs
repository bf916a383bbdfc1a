//! File dialogs of the desktop, each on a thread of its own: one that hangs must not take the window with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::app::state::dialog::{Dialog, Purpose};

type Ask = Arc<dyn Fn(Purpose) -> Option<PathBuf> + Send + Sync>;

/// Shows file dialogs and hands over what became of them.
pub struct Dialogs {
    ask: Ask,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The one that is waited for. An older one may still be open; nobody listens to it.
    open: Option<(u64, Receiver<Option<PathBuf>>)>,
}

impl Dialogs {
    /// Dialogs of the desktop; `wake` is called when one has been answered.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            ask: Arc::new(desktop),
            wake: Arc::new(wake),
            open: None,
        }
    }

    /// Has dialogs answered by `ask` instead.
    pub fn set(&mut self, ask: impl Fn(Purpose) -> Option<PathBuf> + Send + Sync + 'static) {
        self.ask = Arc::new(ask);
    }

    /// Shows a dialog, unless it is being shown.
    pub fn show(&mut self, dialog: &Dialog) {
        if self
            .open
            .as_ref()
            .is_some_and(|(serial, _)| *serial == dialog.serial)
        {
            return;
        }
        let (answer, answers) = channel();
        let (ask, wake) = (Arc::clone(&self.ask), Arc::clone(&self.wake));
        let purpose = dialog.purpose;
        let started = std::thread::Builder::new()
            .name("file dialog".to_owned())
            .spawn(move || {
                // A window that is gone needs no answer.
                let _ = answer.send(ask(purpose));
                wake();
            });
        // Without a thread the sender is gone, which reads as a dialog that never came.
        drop(started);
        self.open = Some((dialog.serial, answers));
    }

    /// The number of a dialog that has been answered, and the answer: nothing where it was closed or could not be shown.
    pub fn take(&mut self) -> Option<(u64, Option<PathBuf>)> {
        let (serial, answers) = self.open.as_ref()?;
        let serial = *serial;
        let answer = match answers.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => return None,
        };
        self.open = None;
        Some((serial, answer))
    }
}

fn desktop(purpose: Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match purpose {
        Purpose::Pairs => dialog
            .set_title("Choose preference pairs")
            .add_filter("Preference pairs", &["jsonl", "json", "gz"])
            .add_filter("All files", &["*"])
            .pick_file(),
        Purpose::BaseFolder => dialog
            .set_title("Choose the folder of the base model")
            .pick_folder(),
    }
}
