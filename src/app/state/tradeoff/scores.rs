//! Scores of a sweep's texts from elsewhere: their way out to whoever scores them, and back.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::matching::{Matched, matched};
use crate::domain::{CancelToken, LineupInfo, Prompt, RunId};
use crate::engine::tradeoff::{Given, Independent, Place};
use crate::error::Failure;
use crate::journal::files;
use crate::train::data::read_columns;
use crate::worker::sweep::SweepRecord;

/// What the page knows of them.
#[derive(Debug, Default)]
pub struct Scores {
    /// Whether the part of the page for them is unfolded.
    pub open: bool,
    /// What stands in the field for the texts' file.
    pub texts_path: String,
    /// What stands in the field for the file with scores.
    pub path: String,
    /// What the thread for files is to do, one after the other; it does the first.
    pub wishes: VecDeque<Arc<ScoresRequest>>,
    /// What became of the last save, reading or scoring.
    pub note: Option<Result<String, Failure>>,
    /// The scores before the last change of them: the way back.
    pub before: Option<Vec<Independent>>,
    /// The texts as the models in use score them.
    pub judging: Option<Judging>,
}

/// The texts of a sweep on their way through models that did not steer it.
#[derive(Debug)]
pub struct Judging {
    /// The models.
    pub info: Arc<LineupInfo>,
    /// Their objectives that did not steer.
    pub objectives: Vec<usize>,
    /// Stops it.
    pub cancel: CancelToken,
    /// Texts, each with all places where it stands.
    pub texts: Vec<Judged>,
    /// The next of them for the worker.
    pub next: usize,
    /// Those that the worker has.
    pub given: VecDeque<(RunId, usize)>,
    /// How many are scored, or could not be.
    pub done: usize,
    /// How many could not be, and why the first could not.
    pub failed: Option<(usize, Failure)>,
    /// What they score, one map per objective of `objectives`.
    pub scores: Vec<BTreeMap<Place, Given>>,
    /// When it began, on the window's clock, seconds.
    pub began_secs: f64,
    /// When the last text was scored, seconds.
    pub last_secs: f64,
}

/// A text to be scored.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What it answers.
    pub prompt: Arc<Prompt>,
    /// The text.
    pub text: String,
    /// Whether it ended by itself, so that its end is scored too.
    pub with_end: bool,
    /// Where it stands.
    pub places: Vec<Place>,
}

impl Judging {
    /// Seconds until all are scored, as fast as it has gone so far.
    #[must_use]
    pub fn secs_left(&self) -> Option<f64> {
        let left = self.texts.len().saturating_sub(self.done);
        let took = self.last_secs - self.began_secs;
        (self.done > 0).then(|| took / self.done as f64 * left as f64)
    }
}

/// What the thread for files is asked.
#[derive(Debug, Clone)]
pub struct ScoresRequest {
    /// Its number; the answer carries it.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// The sweep.
    pub record: SweepRecord,
    /// Whether scores are read from the file; else the texts are written to it.
    pub is_read: bool,
}

/// What came of a [`ScoresRequest`].
#[derive(Debug)]
pub struct ScoresAnswer {
    /// The number of the request.
    pub serial: u64,
    /// What came of it.
    pub result: Result<ScoresCame, Failure>,
}

/// What came of it.
#[derive(Debug)]
pub enum ScoresCame {
    /// The texts are in this file.
    Written(PathBuf),
    /// Scores were read.
    Read(Matched),
}

impl ScoresRequest {
    /// Does it: for a thread of its own.
    #[must_use]
    pub fn answer(&self) -> ScoresAnswer {
        let result = if self.is_read {
            self.read().map(ScoresCame::Read)
        } else {
            let texts = self.record.texts(&self.path);
            files::write_file(&self.path, texts.as_bytes())
                .map(|()| ScoresCame::Written(self.path.clone()))
        };
        ScoresAnswer {
            serial: self.serial,
            result,
        }
    }

    fn read(&self) -> Result<Matched, Failure> {
        let columns = read_columns(&self.path)?;
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        matched(&columns, &self.record, &name.to_string_lossy())
            .map_err(|failure| failure.details(self.path.display().to_string()))
    }
}
