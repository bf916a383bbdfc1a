//! Every answer of a file: what is read, what is scored so far, and where it is kept.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{CancelToken, LineupInfo, ObjectiveWeights, RunId};
use crate::error::Failure;
use crate::journal::files;
use crate::record::scored::{ScoredAnswer, ScoredFile};
use crate::train::data::{Answered, read_answers};

/// Most bytes of a text that is dropped onto a box.
const LARGEST_TEXT: u64 = 1 << 20;

/// What a file dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The file with the answers.
    Answers,
    /// The file for the scores.
    Scores,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its answers.
    pub pairs: Arc<[Answered]>,
}

/// How far scoring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchPhase {
    /// It goes on.
    Scoring,
    /// A person stopped it, or the models went; what was scored stays.
    Stopped,
    /// All answers are scored.
    Done,
}

/// A file being scored, or scored.
#[derive(Debug, Clone)]
pub struct BatchRun {
    /// What scores it.
    pub info: Arc<LineupInfo>,
    /// The weights behind `guided`.
    pub weights: ObjectiveWeights,
    /// What is scored.
    pub file: BatchFile,
    /// Whether prompts are read as they are.
    pub raw: bool,
    /// Whether the end of each text is scored too.
    pub with_end: bool,
    /// Stops it.
    pub cancel: CancelToken,
    /// How far it is.
    pub phase: BatchPhase,
    /// Answers that the worker has been given, in order.
    pub given: VecDeque<RunId>,
    /// The answers scored so far, in the order of the file.
    pub rows: Vec<ScoredAnswer>,
    /// When it began, on the window's clock, seconds.
    pub began_secs: f64,
    /// When the last answer was scored, seconds.
    pub last_secs: f64,
}

impl BatchRun {
    /// Seconds until all are scored, as fast as it has gone so far.
    #[must_use]
    pub fn secs_left(&self) -> Option<f64> {
        let done = self.rows.len();
        let left = self.file.pairs.len().saturating_sub(done);
        let took = self.last_secs - self.began_secs;
        (done > 0).then(|| took / done as f64 * left as f64)
    }
}

/// What became of the scores' file.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum BatchSaved {
    /// None was asked for.
    #[default]
    Not,
    /// It is being written; its number.
    Writing(u64),
    /// It is there.
    At(PathBuf),
    /// It could not be written.
    Failed(Failure),
}

/// Every answer of a file.
#[derive(Debug, Default)]
pub struct Batch {
    /// What stands in the field for the file with the answers.
    pub path: String,
    /// What stands in the field for the scores.
    pub out: String,
    /// Whether prompts are read as they are, without the chat template.
    pub raw: bool,
    /// Whether the end of each text is scored too.
    pub with_end: bool,
    /// The file that was read last, or why it could not be.
    pub file: Option<Result<BatchFile, Failure>>,
    /// What is scored, or was.
    pub run: Option<BatchRun>,
    /// What became of the last save.
    pub saved: BatchSaved,
    /// Number of the last dialog, read or save.
    pub serial: u64,
    /// The open file dialog.
    pub dialog: Option<(u64, Wanted)>,
    /// Whether the desktop had none to offer.
    pub no_dialog: bool,
    /// What the thread for files is to do, one after the other; it does the first.
    pub wishes: VecDeque<Arc<FileRequest>>,
}

impl Batch {
    /// What is being scored.
    #[must_use]
    pub fn active(&self) -> Option<&BatchRun> {
        let run = self.run.as_ref();
        run.filter(|run| run.phase == BatchPhase::Scoring)
    }

    /// The answers of the file that was read last.
    #[must_use]
    pub fn readable(&self) -> Option<&BatchFile> {
        self.file.as_ref()?.as_ref().ok()
    }

    /// Whether a file is being read or written.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.wishes.is_empty()
    }

    /// Whether a file with answers is being read.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        let mut wishes = self.wishes.iter();
        wishes.any(|wish| matches!(**wish, FileRequest::Pairs { .. }))
    }
}

/// What the thread for files is asked.
#[derive(Debug, Clone)]
pub enum FileRequest {
    /// Read a file with answers.
    Pairs {
        /// Its number; the answer carries it.
        serial: u64,
        /// Which file.
        path: PathBuf,
    },
    /// Read a text for one of the boxes.
    Text {
        /// Its number.
        serial: u64,
        /// Which file.
        path: PathBuf,
    },
    /// Write the scores.
    Save {
        /// Its number.
        serial: u64,
        /// Where.
        path: PathBuf,
        /// What was scored.
        run: Box<BatchRun>,
    },
}

/// What came of a [`FileRequest`].
#[derive(Debug)]
pub enum FileAnswer {
    /// The answers, or why there are none.
    Pairs(u64, Result<BatchFile, Failure>),
    /// The text, or why there is none.
    Text(u64, Result<String, Failure>),
    /// Where the scores are, or why they are nowhere.
    Saved(u64, Result<PathBuf, Failure>),
}

impl FileRequest {
    /// Its number.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        match self {
            Self::Pairs { serial, .. } | Self::Text { serial, .. } | Self::Save { serial, .. } => {
                *serial
            }
        }
    }

    /// Does it: for a thread of its own.
    #[must_use]
    pub fn answer(&self) -> FileAnswer {
        match self {
            Self::Pairs { serial, path } => {
                let file = read_answers(path).map(|pairs| BatchFile {
                    path: path.clone(),
                    pairs: pairs.into(),
                });
                FileAnswer::Pairs(*serial, file.map_err(Failure::from))
            }
            Self::Text { serial, path } => FileAnswer::Text(*serial, text(path)),
            Self::Save { serial, path, run } => {
                let file = ScoredFile {
                    info: &run.info,
                    weights: &run.weights,
                    rows: &run.rows,
                    complete: run.phase == BatchPhase::Done,
                };
                let is_json = path.extension().is_some_and(|end| end == "json");
                let contents = if is_json {
                    format!("{:#}\n", file.json())
                } else {
                    file.csv()
                };
                let saved = files::write_file(path, contents.as_bytes());
                FileAnswer::Saved(*serial, saved.map(|()| path.clone()))
            }
        }
    }
}

/// The words of a file.
fn text(path: &std::path::Path) -> Result<String, Failure> {
    let unreadable = |details: String| {
        Failure::input("This file cannot be read as text")
            .details(format!("{details}, {}", path.display()))
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > LARGEST_TEXT {
        return Err(Failure::input("This file is too large for an answer")
            .hint("A text may have a megabyte")
            .details(path.display().to_string()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.trim_end().to_owned())
}
