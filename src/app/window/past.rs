//! The window's glue to the journal, and what happens to files that are dropped.

use std::path::Path;

use egui::Context;

use super::{EVENTS_PER_FRAME, Window};
use crate::app::AppOptions;
use crate::app::state::page::Page;
use crate::app::state::settings::Settings;
use crate::app::update::models::ModelsAction;
use crate::app::update::past::PastAction;
use crate::app::update::{self, Action, ScoreAction, TrainAction};
use crate::journal::desk::Journal;
use crate::record::EXTENSION;

/// Starts the thread that keeps the history in the data folder; nothing is kept where there is none.
pub(super) fn journal(
    options: &AppOptions,
    settings: &Settings,
    wake: impl Fn() + Send + 'static,
) -> std::io::Result<Journal> {
    let folder = options.data.as_ref().map(|data| data.join("runs"));
    Journal::start(folder, settings.history_bytes, wake)
}

impl Window {
    /// Has the saved run opened that the window was started with.
    pub(super) fn open_saved(&mut self, options: &AppOptions) {
        if let Some(path) = &options.open {
            self.act(Action::Past(PastAction::OpenFile(path.clone())));
        }
    }

    /// Hands the journal what it is to do.
    pub(super) fn tell_journal(&mut self) {
        for order in std::mem::take(&mut self.state.past.outbox) {
            self.journal.send(order);
        }
    }

    /// Takes in what the journal has told, as much as fits before one frame.
    pub(super) fn hear_journal(&mut self, ctx: &Context) {
        for taken in 0.. {
            if taken == EVENTS_PER_FRAME {
                ctx.request_repaint();
                break;
            }
            let Some(news) = self.journal.take() else {
                break;
            };
            let commands = update::on_news(&mut self.state, news);
            self.send(commands);
        }
        let commands = update::due(&mut self.state);
        self.send(commands);
        if let Some(words) = self.state.past.copied.take() {
            ctx.copy_text(words);
        }
        self.tell_journal();
    }
}

/// Files and folders that a person dropped onto the window.
pub(super) fn dropped(ctx: &Context, page: Page) -> Vec<Action> {
    let is_run = |path: &Path| page == Page::Runs || path.to_string_lossy().ends_with(EXTENSION);
    let open = |path: &Path| {
        if is_run(path) {
            return Action::Past(PastAction::OpenFile(path.to_owned()));
        }
        match page {
            Page::Start | Page::Steer | Page::Models | Page::Tradeoff | Page::Runs => {
                Action::Models(ModelsAction::Open(path.to_owned()))
            }
            Page::Train => Action::Train(TrainAction::PickData(path.to_owned())),
            Page::Score => Action::Score(ScoreAction::Drop(path.to_owned())),
        }
    };
    ctx.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| open(file.path())).collect()
    })
}
