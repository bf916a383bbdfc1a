//! The window's glue to the threads behind the Score page: numbers under other weights, files, file dialogs.

use std::path::PathBuf;
use std::sync::Arc;

use super::Window;
use crate::app::dialogs::{self, Dialogs};
use crate::app::state::rejudged::{Rejudged, ReweightRequest};
use crate::app::state::score::{FileAnswer, FileRequest, Wanted};
use crate::app::update;
use crate::domain::{ObjectiveWeights, RunId};
use crate::latest::Latest;

/// The threads.
pub(super) struct ScoreThreads {
    rejudge: Latest<ReweightRequest, Rejudged>,
    /// What that thread was asked for last.
    asked: Option<(RunId, ObjectiveWeights)>,
    files: Latest<Arc<FileRequest>, FileAnswer>,
    /// The number of what that thread was asked for last.
    wished: u64,
    dialogs: Dialogs<Wanted>,
}

impl ScoreThreads {
    /// Begins them; each way of waking the window is used.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(super) fn start(
        [wake, again, once_more]: [impl Fn() + Send + Sync + 'static; 3],
    ) -> std::io::Result<Self> {
        Ok(Self {
            rejudge: Latest::spawn(
                "scored texts",
                |request: ReweightRequest| request.answer(),
                wake,
            )?,
            asked: None,
            files: Latest::spawn(
                "scored files",
                |request: Arc<FileRequest>| request.answer(),
                again,
            )?,
            wished: 0,
            dialogs: Dialogs::new(dialogs::for_scores, once_more),
        })
    }
}

impl Window {
    /// Has the file dialogs of the Score page answered by `ask` instead of the desktop, as tests do.
    pub fn set_score_dialogs(
        &mut self,
        ask: impl Fn(&Wanted) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.score.dialogs.set(ask);
    }

    /// Asks for what the page lacks.
    pub(super) fn ask_for_scores(&mut self) {
        if let Some(request) = self.state.scored_request() {
            let key = (request.run, Arc::clone(&request.weights));
            if self.score.asked.as_ref() != Some(&key) {
                self.score.asked = Some(key);
                self.score.rejudge.request(request);
            }
        }
        let batch = &self.state.score.batch;
        if let Some((serial, wanted)) = &batch.dialog {
            self.score.dialogs.show(*serial, wanted);
        }
        if let Some(wish) = batch.wishes.front()
            && wish.serial() != self.score.wished
        {
            self.score.wished = wish.serial();
            self.score.files.request(Arc::clone(wish));
        }
    }

    /// Takes in what came of it.
    pub(super) fn hear_scores(&mut self) {
        if let Some(rejudged) = self.score.rejudge.take() {
            update::on_scored_again(&mut self.state, rejudged);
        }
        if let Some(answer) = self.score.files.take() {
            update::on_score_file(&mut self.state, answer);
        }
        if let Some((serial, answer)) = self.score.dialogs.take() {
            update::on_score_dialog(&mut self.state, serial, answer);
        }
    }
}
