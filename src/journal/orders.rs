//! What is said to the thread that keeps the history, and what it says.

use std::path::PathBuf;
use std::sync::Arc;

use super::Entry;
use super::blob::{Ending, Head};
use crate::domain::{LineupInfo, Pane, RunId};
use crate::engine::decode::GuidedStep;
use crate::error::Failure;
use crate::record::export::Format;
use crate::record::look::Look;
use crate::record::{Record, Text};

/// What is wanted of the history.
#[derive(Debug)]
pub enum Order {
    /// A run begins.
    Begin(Box<Beginning>),
    /// The models have read its prompt.
    Started {
        /// The run.
        run: RunId,
        /// The prompt as the base reads it.
        rendered: String,
        /// Its length.
        prompt_tokens: usize,
    },
    /// A word was written, or has got its rewards.
    Word {
        /// The run.
        run: RunId,
        /// Which text.
        pane: Pane,
        /// Scores, choice and numbers.
        step: Box<GuidedStep>,
        /// Its characters.
        text: String,
    },
    /// It is over.
    End {
        /// The run.
        run: RunId,
        /// How.
        ending: Box<Ending>,
    },
    /// A run that is over has other weights, which write the same text.
    Weights {
        /// The run.
        run: RunId,
        /// How long its guided text is.
        position: usize,
        /// One per objective.
        weights: Vec<f64>,
        /// How it ended.
        ending: Box<Ending>,
    },
    /// Pin a run, or let it go.
    Pin(u64, bool),
    /// Note something.
    Note(u64, String),
    /// Take runs out of the list; their files stay until the program ends.
    Delete(u64),
    /// Bring one back.
    Restore(Box<Entry>),
    /// Read a run of the history.
    Open {
        /// Its number.
        id: u64,
        /// What it is wanted for; comes back with it.
        wish: u64,
    },
    /// Read a saved run.
    OpenFile {
        /// Where it is.
        path: PathBuf,
        /// What it is wanted for; comes back with it.
        wish: u64,
    },
    /// Read the text of a saved run that comes with the program.
    OpenText {
        /// The text.
        text: Arc<str>,
        /// What it is wanted for; comes back with it.
        wish: u64,
    },
    /// Write a run to a file.
    Save {
        /// Where.
        path: PathBuf,
        /// What.
        record: Box<Record>,
        /// How.
        format: Format,
        /// How it looks, where it is a picture.
        look: Look,
    },
    /// Most bytes that the history may take.
    Cap(u64),
}

/// How a run begins.
#[derive(Debug)]
pub struct Beginning {
    /// The run.
    pub run: RunId,
    /// The run whose place it takes, where it goes on from one.
    pub parent: Option<RunId>,
    /// What is known.
    pub head: Head,
    /// The models.
    pub info: Arc<LineupInfo>,
    /// The prompt as the base reads it, where that is known already.
    pub rendered: String,
    /// Its length.
    pub prompt_tokens: usize,
    /// What is written already of the two texts.
    pub known: [Text; 2],
}

/// What is new in the history.
#[derive(Debug)]
pub enum News {
    /// All runs, the oldest first.
    All {
        /// The runs.
        entries: Vec<Entry>,
        /// Something that was cut short when the program ended is left out.
        torn: bool,
        /// Another window keeps the history: these are the runs of this one, which join it when it is opened next.
        is_beside: bool,
    },
    /// A run is new or has changed.
    Put(Box<Entry>),
    /// A run is gone.
    Gone(u64),
    /// A run was read.
    Opened {
        /// What it was wanted for.
        wish: u64,
        /// The run.
        record: Arc<Record>,
        /// The number that it has in the history.
        id: Option<u64>,
    },
    /// A run was written to this file.
    Saved(PathBuf),
    /// Bytes on the disk.
    Used(u64),
    /// Something failed.
    Failed {
        /// What to tell.
        failure: Failure,
        /// The wish that cannot be granted, where it was one.
        wish: Option<u64>,
    },
}
