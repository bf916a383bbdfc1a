//! The window's glue to the journal, and what happens to files that are dropped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::Context;

use super::{EVENTS_PER_FRAME, Window};
use crate::app::AppOptions;
use crate::app::dialogs::{self, Dialogs};
use crate::app::picture;
use crate::app::state::State;
use crate::app::state::library::FILE_NAME;
use crate::app::state::page::Page;
use crate::app::state::past::Painting;
pub(super) use crate::app::state::past::Purpose;
use crate::app::state::settings::Settings;
use crate::app::update::models::ModelsAction;
use crate::app::update::past::PastAction;
use crate::app::update::{
    self, Action, LibraryAction, ScoreAction, ScoresAction, TradeoffAction, TrainAction,
};
use crate::error::Failure;
use crate::journal::desk::Journal;
use crate::journal::orders::News;
use crate::record::EXTENSION;

/// Asks where runs are and go, and paints pictures of them, each on a thread of its own.
pub(super) struct RunFiles {
    dialogs: Dialogs<Purpose>,
    wake: Arc<dyn Fn() + Send + Sync>,
    tell: Sender<News>,
    told: Receiver<News>,
}

impl RunFiles {
    /// Both ways of waking the window are used.
    pub(super) fn new([wake, again]: [impl Fn() + Send + Sync + 'static; 2]) -> Self {
        let (tell, told) = channel();
        Self {
            dialogs: Dialogs::new(dialogs::for_runs, wake),
            wake: Arc::new(again),
            tell,
            told,
        }
    }

    fn paint(&self, painting: Painting) {
        let (wake, tell) = (Arc::clone(&self.wake), self.tell.clone());
        let thread = std::thread::Builder::new().name("painting".to_owned());
        let started = thread.spawn(move || {
            let Painting { path, record, look } = painting;
            let news = match picture::save(&record, &look, &path) {
                Ok(()) => News::Saved(path),
                Err(failure) => News::Failed {
                    failure,
                    wish: None,
                },
            };
            // A window that is gone needs no answer.
            let _ = tell.send(news);
            wake();
        });
        if let Err(error) = started {
            let failure = Failure::failed("The picture could not be painted")
                .hint("Close other programs and try again")
                .details(error.to_string());
            let _ = self.tell.send(News::Failed {
                failure,
                wish: None,
            });
        }
    }
}

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
        for painting in std::mem::take(&mut self.state.past.to_paint) {
            self.run_files.paint(painting);
        }
        if let Some((serial, purpose)) = &self.state.past.dialog {
            self.run_files.dialogs.show(*serial, purpose);
        }
    }

    /// Has the file dialogs of the Runs page answered by `ask` instead of the desktop, as tests do.
    pub fn set_run_dialogs(
        &mut self,
        ask: impl Fn(&Purpose) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.run_files.dialogs.set(ask);
    }

    /// Takes in what the journal has told, as much as fits before one frame.
    pub(super) fn hear_journal(&mut self, ctx: &Context) {
        for taken in 0.. {
            if taken == EVENTS_PER_FRAME {
                ctx.request_repaint();
                break;
            }
            let news = self.journal.take();
            let Some(news) = news.or_else(|| self.run_files.told.try_recv().ok()) else {
                break;
            };
            let commands = update::on_news(&mut self.state, news);
            self.send(commands);
        }
        if let Some((serial, answer)) = self.run_files.dialogs.take() {
            update::past::on_dialog(&mut self.state, serial, answer);
        }
        let commands = update::due(&mut self.state);
        self.send(commands);
        if let Some(words) = self.state.past.copied.take() {
            ctx.copy_text(words);
        }
        self.tell_journal();
    }
}

/// Whether a dropped file is one of prompts: by its name on any page, and any JSON that is neither a saved run nor part of
/// a model on the page where prompts are listed.
fn is_prompts(path: &Path, page: Page) -> bool {
    let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
    let name = name.unwrap_or_default().to_lowercase();
    if name.ends_with(FILE_NAME) {
        return true;
    }
    let of_model = name.ends_with("config.json")
        || name.ends_with(".index.json")
        || name.starts_with("tokenizer");
    let is_json = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"));
    page == Page::Steer && is_json && !name.ends_with(EXTENSION) && !of_model
}

/// Files and folders that a person dropped onto the window.
pub(super) fn dropped(ctx: &Context, state: &State) -> Vec<Action> {
    let page = state.page;
    let is_run = |path: &Path| page == Page::Runs || path.to_string_lossy().ends_with(EXTENSION);
    let is_table = |path: &Path| {
        let ending = path.extension().unwrap_or_default();
        let mut known = ["csv", "tsv", "jsonl"].iter();
        known.any(|known| ending.eq_ignore_ascii_case(known))
    };
    let open = |path: &Path| {
        if is_prompts(path, page) {
            return Action::Library(LibraryAction::ImportFile(path.to_owned()));
        }
        if is_run(path) {
            return Action::Past(PastAction::OpenFile(path.to_owned()));
        }
        if page == Page::Tradeoff && state.tradeoff.sweep.is_some() && is_table(path) {
            let drop = ScoresAction::Drop(path.to_owned());
            return Action::Tradeoff(TradeoffAction::Scores(drop));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_of_prompts_is_known_by_its_name_or_by_the_page() {
        let at = |name: &str, page| is_prompts(Path::new(name), page);
        assert!(at("/a/prompts.json", Page::Models) && at("My prompts.json", Page::Runs));
        assert!(at("class.json", Page::Steer) && !at("class.json", Page::Score));
        for name in [
            "kind.counterpoise.json",
            "config.json",
            "model.safetensors.index.json",
        ] {
            assert!(!at(name, Page::Steer), "{name}");
        }
    }
}
