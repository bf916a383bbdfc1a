//! The window's glue to files of prompts: their dialogs, and the thread that reads and writes them.

use std::path::PathBuf;
use std::sync::Arc;

use super::Window;
use crate::app::dialogs::{self, Dialogs};
use crate::app::state::library::{FileDone, FileWish, Purpose};
use crate::app::update;
use crate::latest::Latest;

/// The thread and the dialogs.
pub(super) struct PromptFiles {
    dialogs: Dialogs<Purpose>,
    files: Latest<Arc<FileWish>, FileDone>,
    /// The number of what the thread was asked for last.
    wished: u64,
}

impl PromptFiles {
    /// Begins them; both ways of waking the window are used.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(super) fn start(
        [wake, again]: [impl Fn() + Send + Sync + 'static; 2],
    ) -> std::io::Result<Self> {
        Ok(Self {
            dialogs: Dialogs::new(dialogs::for_prompts, wake),
            files: Latest::spawn("prompts", |wish: Arc<FileWish>| wish.grant(), again)?,
            wished: 0,
        })
    }
}

impl Window {
    /// Has the file dialogs for prompts answered by `ask` instead of the desktop, as tests do.
    pub fn set_prompt_dialogs(
        &mut self,
        ask: impl Fn(&Purpose) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.prompts.dialogs.set(ask);
    }

    /// Asks for dialogs and files, and takes in what came of them.
    pub(super) fn tend_prompts(&mut self) {
        if let Some((serial, answer)) = self.prompts.dialogs.take() {
            update::on_prompts_dialog(&mut self.state, serial, answer);
        }
        if let Some(done) = self.prompts.files.take() {
            update::on_prompts_file(&mut self.state, done);
        }
        let library = &self.state.library;
        if let Some((serial, purpose)) = &library.dialog {
            self.prompts.dialogs.show(*serial, purpose);
        }
        if let Some(wish) = &library.wish
            && wish.serial != self.prompts.wished
        {
            self.prompts.wished = wish.serial;
            self.prompts.files.request(Arc::clone(wish));
        }
    }
}
