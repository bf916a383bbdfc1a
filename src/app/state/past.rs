//! The history of runs on the disk, and runs that were opened from files.
//!
//! Undo and redo are something else: they go back over what was done in this window ([`super::history`]).

mod list;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::State;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::written::WrittenText;
use crate::domain::{CancelToken, Finish, LineupInfo, ObjectiveWeights, Pane, RunId};
use crate::journal::Entry;
use crate::journal::orders::Order;
use crate::record::export::Format;
use crate::record::look::Look;
use crate::record::{Record, Text, Timing};
use crate::worker::{RunEnd, StreamEnd};

pub use list::{Entries, Found, Since};

/// Bytes that the history may take unless something else is set: 1 GB.
pub const USUAL_CAP: u64 = 1_000_000_000;

/// What a run that is being read is wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To be on screen.
    Show,
    /// To be on screen as it was recorded, even where its models are loaded.
    Replay,
    /// To stand on the left of a comparison; the number of the one on the right.
    Left(u64),
    /// To stand on the right; the other has been read.
    Right,
    /// To be written to a file.
    Export(PathBuf, Format, Look),
    /// To have its command copied.
    Command,
}

/// The row for a file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Which run; the one on screen where there is none.
    pub id: Option<u64>,
    /// In which format.
    pub format: Format,
    /// How it looks, where it is a picture.
    pub look: Look,
    /// Where.
    pub path: String,
}

/// What a file dialog is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A saved run is to be opened.
    Open,
    /// A run is to be written; the name that is offered.
    Save(String),
}

/// A picture that is to be painted.
#[derive(Debug)]
pub struct Painting {
    /// Where it goes.
    pub path: PathBuf,
    /// Of what.
    pub record: Box<Record>,
    /// How it looks.
    pub look: Look,
}

/// What is said where another window keeps the history.
pub const BESIDE: &str = "Another window keeps the history: runs of this one join it when the program is opened the next time";

/// Everything that the Runs page knows.
#[derive(Debug)]
pub struct Past {
    /// Whether a history is kept at all.
    pub kept: bool,
    /// Whether another window keeps the history, and this one only its own runs.
    pub is_beside: bool,
    /// All runs by number, the oldest first.
    pub entries: Entries,
    /// Whether the program's last end cut something short.
    pub torn: bool,
    /// Bytes on the disk.
    pub used: u64,
    /// What the list is narrowed down to.
    pub search: String,
    /// The models that it is narrowed down to.
    pub lineup: Option<String>,
    /// The objective that the listed runs were steered by.
    pub objective: Option<String>,
    /// From when on runs are listed.
    pub since: Since,
    /// Whether only pinned runs are listed.
    pub pinned_only: bool,
    memory: list::Memory,
    /// The run that the next one is compared with.
    pub picked: Option<u64>,
    /// The run whose note is being written, and its words.
    pub noting: Option<(u64, String)>,
    /// Runs that were deleted in this session, the last at the end.
    pub deleted: Vec<Entry>,
    /// What happened last, in a sentence.
    pub note: Option<String>,
    /// What stands in the box for a path.
    pub path: String,
    /// The row for a file to be written.
    pub export: Option<ExportRow>,
    /// Words for the clipboard.
    pub copied: Option<String>,
    /// The run that answers in place of models.
    pub replay: Option<Arc<Record>>,
    /// A run to be shown once models have been loaded.
    pub waiting: Option<Arc<Record>>,
    /// The left run of a comparison, once it has been read.
    pub(crate) left: Option<Arc<Record>>,
    /// What runs that are being read are wanted for.
    pub(crate) wishes: BTreeMap<u64, Wish>,
    pub(crate) next_wish: u64,
    /// The file dialog that is open, with its number.
    pub dialog: Option<(u64, Purpose)>,
    /// Number of the last file dialog.
    pub(crate) next_dialog: u64,
    /// Pictures that the window's threads are still to be told of.
    pub(crate) to_paint: Vec<Painting>,
    /// What the journal's thread is still to be told.
    pub(crate) outbox: Vec<Order>,
    /// The run that the journal heard of last, and with which weights.
    pub(crate) told_weights: Option<(RunId, ObjectiveWeights)>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            kept: false,
            is_beside: false,
            entries: Entries::default(),
            torn: false,
            used: 0,
            search: String::new(),
            lineup: None,
            objective: None,
            since: Since::default(),
            pinned_only: false,
            memory: list::Memory::default(),
            picked: None,
            noting: None,
            deleted: Vec::new(),
            note: None,
            path: String::new(),
            export: None,
            copied: None,
            replay: None,
            waiting: None,
            left: None,
            wishes: BTreeMap::new(),
            next_wish: 1,
            dialog: None,
            next_dialog: 0,
            to_paint: Vec::new(),
            outbox: Vec::new(),
            told_weights: None,
        }
    }
}

/// Words of a text that has been read.
fn written(text: &Text) -> WrittenText {
    WrittenText {
        pieces: text.pieces.clone(),
        trace: Arc::clone(&text.trace),
        finish: Some(text.finish),
    }
}

/// A run on screen, from a record.
#[must_use]
pub(crate) fn run_of(record: &Record, id: RunId) -> Run {
    let mut run = Run::new(
        id,
        record.prompt.clone(),
        record.weights.clone(),
        record.sampling.clone(),
        CancelToken::default(),
    );
    let end = |text: &Text| StreamEnd {
        finish: text.finish,
        text: text.text(),
        tail: String::new(),
        tokens: text.pieces.len(),
    };
    run.phase = RunPhase::Ended(Box::new(RunEnd {
        base: record.base.as_ref().map(end),
        guided: end(&record.guided),
        divergence: record.divergence,
        timing: record.timing,
    }));
    run.rendered.clone_from(&record.rendered);
    run.prompt_tokens = record.prompt_tokens;
    run.base = record.base.as_ref().map(written).unwrap_or_default();
    run.guided = written(&record.guided);
    run.given = record.guided.given;
    run.titles.clone_from(&record.titles);
    run.left_prompt.clone_from(&record.left_prompt);
    run
}

/// The text of a run on screen as a record keeps it.
#[must_use]
pub(crate) fn text_of(run: &Run, pane: Pane) -> Text {
    let text = run.text(pane);
    let finish = text.finish.unwrap_or(Finish::Cancelled);
    Text {
        pieces: text.pieces.clone(),
        trace: Arc::clone(&text.trace),
        given: match pane {
            Pane::Base => 0,
            Pane::Guided => run.given,
        },
        finish,
    }
}

/// A run on screen as a record.
#[must_use]
pub(crate) fn record_of(run: &Run, info: &Arc<LineupInfo>, lineup_file: Option<String>) -> Record {
    let timing = match &run.phase {
        RunPhase::Ended(end) => end.timing,
        RunPhase::Reading | RunPhase::Writing | RunPhase::Failed(_) | RunPhase::Replaced => {
            Timing::default()
        }
    };
    Record {
        info: Arc::clone(info),
        prompt: run.prompt.clone(),
        rendered: run.rendered.clone(),
        prompt_tokens: run.prompt_tokens,
        sampling: run.sampling.clone(),
        weights: run.weights.clone(),
        base: (!run.base.is_empty()).then(|| text_of(run, Pane::Base)),
        guided: text_of(run, Pane::Guided),
        divergence: run.first_difference(),
        timing,
        app: env!("CARGO_PKG_VERSION").to_owned(),
        at: crate::journal::now_secs(),
        lineup_file,
        titles: run.titles.clone(),
        left_prompt: run.left_prompt.clone(),
        tree: Arc::default(),
        branches: Vec::new(),
    }
    .with_tree()
}

impl State {
    /// The prompt of a run in the history, or of the one on screen.
    #[must_use]
    pub fn prompt_of(&self, id: Option<u64>) -> &str {
        let prompt = match id {
            Some(id) => self.past.entries.get(&id).map(|entry| &entry.prompt),
            None => self.run().map(|run| &run.prompt.text),
        };
        prompt.map_or("", String::as_str)
    }

    /// Names of the objectives of a run in the history, or of the one on screen.
    #[must_use]
    pub fn objectives_of(&self, id: Option<u64>) -> Vec<String> {
        if let Some(id) = id {
            let entry = self.past.entries.get(&id);
            let weights = entry.map_or(&[][..], |entry| &entry.weights);
            return weights.iter().map(|(name, _)| name.clone()).collect();
        }
        let objectives = self.objectives().iter();
        objectives.map(|objective| objective.name.clone()).collect()
    }
}
