//! File dialogs of the desktop, each on a thread of its own: one that hangs must not take the window with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use crate::app::state::models::{DialogAnswer, Purpose};
use crate::app::state::score::Wanted;
use crate::app::state::{library, past, tradeoff, training};

/// A dialog that ends sooner than a person can have closed it was never shown.
const INSTANT: Duration = Duration::from_millis(400);

type Ask<P> = Arc<dyn Fn(&P) -> Option<PathBuf> + Send + Sync>;

/// Shows file dialogs for purposes `P` and hands over what became of them.
pub struct Dialogs<P> {
    ask: Ask<P>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The one that is waited for. An older one may still be open; nobody listens to it.
    open: Option<(u64, Receiver<DialogAnswer>)>,
}

impl<P: Clone + Send + 'static> Dialogs<P> {
    /// Dialogs that `ask` shows and waits for; `wake` is called when one has been answered.
    #[must_use]
    pub fn new(
        ask: impl Fn(&P) -> Option<PathBuf> + Send + Sync + 'static,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            ask: Arc::new(ask),
            wake: Arc::new(wake),
            open: None,
        }
    }

    /// Has dialogs answered by `ask` instead.
    pub fn set(&mut self, ask: impl Fn(&P) -> Option<PathBuf> + Send + Sync + 'static) {
        self.ask = Arc::new(ask);
    }

    /// Shows the dialog of this number, unless it is being shown.
    pub fn show(&mut self, serial: u64, purpose: &P) {
        if self.open.as_ref().is_some_and(|(open, _)| *open == serial) {
            return;
        }
        let (answer, answers) = channel();
        let (ask, wake) = (Arc::clone(&self.ask), Arc::clone(&self.wake));
        let purpose = purpose.clone();
        let started = std::thread::Builder::new()
            .name("file dialog".to_owned())
            .spawn(move || {
                let began = Instant::now();
                let became = match ask(&purpose) {
                    Some(path) => DialogAnswer::Chosen(path),
                    None if began.elapsed() < INSTANT => DialogAnswer::NeverShown,
                    None => DialogAnswer::Closed,
                };
                // A window that is gone needs no answer.
                let _ = answer.send(became);
                wake();
            });
        // Without a thread the sender is gone, which reads as a dialog that never came.
        drop(started);
        self.open = Some((serial, answers));
    }

    /// The number of a dialog that has ended, and what became of it.
    pub fn take(&mut self) -> Option<(u64, DialogAnswer)> {
        let (serial, answers) = self.open.as_ref()?;
        let serial = *serial;
        let answer = match answers.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Disconnected) => DialogAnswer::NeverShown,
            Err(TryRecvError::Empty) => return None,
        };
        self.open = None;
        Some((serial, answer))
    }
}

/// The desktop's dialogs of the Models page; waits for the person.
pub fn for_models(purpose: &Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match purpose {
        Purpose::ModelFolder => dialog.set_title("Open a folder with models").pick_folder(),
        Purpose::ModelFile => dialog
            .set_title("Open a model or a lineup")
            .add_filter("Models and lineups", &["gguf", "toml", "json"])
            .pick_file(),
        Purpose::Import => dialog
            .set_title("Import a lineup")
            .add_filter("Lineups", &["toml"])
            .pick_file(),
        Purpose::Export(name) => dialog
            .set_title("Export the lineup")
            .set_file_name(name)
            .add_filter("Lineups", &["toml"])
            .save_file(),
    }
}

/// The desktop's dialogs of the Train page; waits for the person.
pub fn for_training(purpose: &training::Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match purpose {
        training::Purpose::Pairs => dialog
            .set_title("Choose preference pairs")
            .add_filter("Preference pairs", &["jsonl", "json", "gz"])
            .add_filter("All files", &["*"])
            .pick_file(),
        training::Purpose::BaseFolder => dialog
            .set_title("Choose the folder of the base model")
            .pick_folder(),
    }
}

/// The desktop's dialogs of the Score page; waits for the person.
pub fn for_scores(wanted: &Wanted) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match wanted {
        Wanted::Answers => dialog
            .set_title("Choose prompts and answers")
            .add_filter("Tables and records", &["csv", "jsonl", "json", "gz"])
            .add_filter("All files", &["*"])
            .pick_file(),
        Wanted::Scores => dialog
            .set_title("Save the scores")
            .set_file_name("scores.csv")
            .add_filter("Table", &["csv"])
            .add_filter("Everything", &["json"])
            .save_file(),
    }
}

/// The desktop's dialogs of the Runs page; waits for the person.
pub fn for_runs(purpose: &past::Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match purpose {
        past::Purpose::Open => dialog
            .set_title("Open a saved run")
            .add_filter("Saved runs", &["json"])
            .add_filter("All files", &["*"])
            .pick_file(),
        past::Purpose::Save(name) => dialog
            .set_title("Export the run")
            .set_file_name(name)
            .save_file(),
    }
}

/// The desktop's dialogs for prompts; waits for the person.
pub fn for_prompts(purpose: &library::Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new().add_filter("Prompts", &["json"]);
    match purpose {
        library::Purpose::Import => dialog.set_title("Import prompts").pick_file(),
        library::Purpose::Export => dialog
            .set_title("Export prompts")
            .set_file_name(library::FILE_NAME)
            .save_file(),
    }
}

/// The desktop's dialogs of the Trade-off page; waits for the person.
pub fn for_sweeps(wanted: &tradeoff::Wanted) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match wanted {
        tradeoff::Wanted::Sweep => dialog
            .set_title("Save the sweep")
            .set_file_name("sweep.csv")
            .add_filter("Table of all texts", &["csv"])
            .add_filter("Everything", &["json"])
            .add_filter("The picture", &["png"])
            .add_filter("The picture for papers", &["svg"])
            .save_file(),
        tradeoff::Wanted::Texts => dialog
            .set_title("Save the texts for a scorer")
            .set_file_name("texts.csv")
            .add_filter("Table", &["csv"])
            .add_filter("Records", &["jsonl"])
            .save_file(),
        tradeoff::Wanted::Scores => dialog
            .set_title("Choose a file with scores of the texts")
            .add_filter("Tables and records", &["csv", "jsonl", "json", "gz"])
            .add_filter("All files", &["*"])
            .pick_file(),
    }
}
