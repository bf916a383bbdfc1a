//! The window's glue to the threads behind the Trade-off page: file dialogs, and sweeps on their way into files.

use std::path::PathBuf;
use std::sync::Arc;

use super::Window;
use crate::app::dialogs::{self, Dialogs};
use crate::app::pages::tradeoff::ChartView;
use crate::app::picture::plot::{self, PlotRequest};
use crate::app::state::settings::ThemeChoice;
use crate::app::state::tradeoff::scores::{ScoresAnswer, ScoresRequest};
use crate::app::state::tradeoff::{SaveAnswer, SaveRequest, Saved, Wanted};
use crate::app::update;
use crate::latest::Latest;

/// Asks where sweeps are saved, and writes them on a thread of its own.
pub(super) struct SweepSaves {
    dialogs: Dialogs<Wanted>,
    saves: Latest<Arc<SaveRequest>, SaveAnswer>,
    plots: Latest<PlotRequest, SaveAnswer>,
    /// The number of the save that was asked for last.
    asked: u64,
    scores: Latest<Arc<ScoresRequest>, ScoresAnswer>,
    /// The number of what that thread was asked for last.
    wished: u64,
}

impl SweepSaves {
    /// Begins it; all ways of waking the window are used.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(super) fn start(
        [wake, again, once_more, last]: [impl Fn() + Send + Sync + 'static; 4],
    ) -> std::io::Result<Self> {
        Ok(Self {
            dialogs: Dialogs::new(dialogs::for_sweeps, wake),
            saves: Latest::spawn(
                "saving",
                |request: Arc<SaveRequest>| request.answer(),
                again,
            )?,
            plots: Latest::spawn("painting", PlotRequest::answer, once_more)?,
            asked: 0,
            scores: Latest::spawn(
                "independent scores",
                |request: Arc<ScoresRequest>| request.answer(),
                last,
            )?,
            wished: 0,
        })
    }
}

impl Window {
    /// Has the file dialogs of the Trade-off page answered by `ask` instead of the desktop, as tests do.
    pub fn set_sweep_dialogs(
        &mut self,
        ask: impl Fn(&Wanted) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.sweeps.dialogs.set(ask);
    }

    /// Hands over what is to be shown and written.
    pub(super) fn ask_for_saves(&mut self) {
        let page = &self.state.tradeoff;
        if let Some((serial, wanted)) = &page.dialog {
            self.sweeps.dialogs.show(*serial, wanted);
        }
        if let Some(wish) = page.scores.wishes.front()
            && wish.serial != self.sweeps.wished
        {
            self.sweeps.wished = wish.serial;
            self.sweeps.scores.request(Arc::clone(wish));
        }
        if let Saved::Writing(request) = &self.state.tradeoff.saved
            && request.serial != self.sweeps.asked
        {
            self.sweeps.asked = request.serial;
            self.sweeps.saves.request(Arc::clone(request));
        }
        if let Saved::Painting(serial, path) = &self.state.tradeoff.saved
            && *serial != self.sweeps.asked
            && let Some(view) = ChartView::build(&self.state)
            && let Some(sweep) = &self.state.tradeoff.sweep
        {
            self.sweeps.asked = *serial;
            self.sweeps.plots.request(PlotRequest {
                serial: *serial,
                path: path.clone(),
                // Where the sliders stand is no part of the sweep.
                view: ChartView {
                    handle: None,
                    ..view
                },
                caption: plot::caption(
                    &sweep.record,
                    &sweep
                        .record
                        .honesty(&self.state.tradeoff.look.looked_at(&sweep.record)),
                ),
                dark: self.state.settings.theme == ThemeChoice::Dark,
                scale: self.state.tradeoff.look.picture_scale,
            });
        }
    }

    /// Takes in what became of it.
    pub(super) fn hear_saves(&mut self) {
        if let Some((serial, answer)) = self.sweeps.dialogs.take() {
            update::on_sweep_dialog(&mut self.state, serial, answer);
        }
        if let Some(answer) = self.sweeps.scores.take() {
            update::on_scores(&mut self.state, answer);
        }
        let answers = [self.sweeps.saves.take(), self.sweeps.plots.take()];
        for answer in answers.into_iter().flatten() {
            update::on_saved(&mut self.state, answer);
        }
    }
}
