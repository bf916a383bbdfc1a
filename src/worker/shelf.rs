//! What front ends and the worker say to each other about the models and lineups at hand, and the thread that looks after
//! them: they are found, judged and saved while the worker writes.

pub(super) mod desk;
mod files;
mod ready;

use std::path::PathBuf;

use crate::domain::CancelToken;
use crate::error::Failure;
pub use crate::model::join::{Check, Fit};
pub use crate::model::lineup::{Base, Entry, Layout, Lineup, MAIN, Place, Source};
pub use crate::model::local::{Found, FoundModel, Origin};

/// What is wanted of the shelf. Served one after the other, beside everything else that the worker does.
#[derive(Debug, Clone)]
pub enum ShelfCommand {
    /// Look for models where they usually are and in these folders and files: [`ShelfEvent::Found`].
    Find {
        /// What a person has opened.
        opened: Vec<PathBuf>,
        /// Stops it.
        cancel: CancelToken,
    },
    /// Look at what a person named: a model, a folder of models or a lineup: [`ShelfEvent::Opened`].
    Open {
        /// Where it is.
        path: PathBuf,
    },
    /// Say which of these could join this base: [`ShelfEvent::Judged`] for each, in this order.
    Judge(JudgeRequest),
    /// Which lineups are ready-made, and which are saved in this folder: [`ShelfEvent::Lineups`].
    List {
        /// The folder; none where the system has no place for a program's data.
        folder: Option<PathBuf>,
    },
    /// Write a lineup: [`ShelfEvent::Saved`].
    Save {
        /// The folder of saved lineups.
        folder: PathBuf,
        /// The file that it takes the place of; a new one where there is none.
        file: Option<PathBuf>,
        /// All of it, with absolute paths.
        lineup: Box<Lineup>,
    },
    /// Delete a saved lineup: [`ShelfEvent::Deleted`].
    Delete {
        /// Its file.
        file: PathBuf,
    },
    /// Write a lineup where a person wants it, for others: [`ShelfEvent::Exported`].
    Export {
        /// The file.
        file: PathBuf,
        /// All of it, with absolute paths; those below the file's folder are written as seen from there.
        lineup: Box<Lineup>,
    },
}

/// Who could join a base.
#[derive(Debug, Clone)]
pub struct JudgeRequest {
    /// Number of the question; answers carry it.
    pub serial: u64,
    /// The base that is to be steered.
    pub base: Base,
    /// Who wants to join.
    pub subjects: Vec<Subject>,
    /// Stops it.
    pub cancel: CancelToken,
}

/// Who wants to join a base.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Any sentence, read by the base itself.
    Sentence,
    /// An adapter over the base.
    Adapter(Place),
    /// A whole model.
    Model(Place),
}

/// A lineup in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedLineup {
    /// Its file.
    pub file: PathBuf,
    /// Its name, or that of the file where it cannot be read.
    pub name: String,
    /// All of it with absolute paths, or why it cannot be read.
    pub lineup: Result<Lineup, Failure>,
}

/// A lineup that comes with the program.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyLineup {
    /// All of it.
    pub lineup: Lineup,
    /// What it shows, in a sentence.
    pub about: String,
    /// What has to be downloaded, bytes; 0 where nothing has.
    pub download_bytes: u64,
    /// What it takes of a processor's memory, about, bytes.
    pub memory_bytes: u64,
    /// Licences of its models, in words.
    pub licence: String,
    /// On what machine its makers ran it, or that they have not yet.
    pub tried: String,
}

/// What a person opened.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// Models: the path to look at again and what was found there.
    Models {
        /// The folder or file, absolute.
        path: PathBuf,
        /// What is there, at least one.
        models: Vec<FoundModel>,
    },
    /// A lineup, with absolute paths.
    Lineup(Box<Lineup>),
}

/// What was being done on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShelfTask {
    /// Looking for models.
    Find,
    /// Looking at what a person named.
    Open(PathBuf),
    /// Reading the base that others want to join.
    Judge(u64),
    /// Listing lineups.
    List,
    /// Writing a lineup.
    Save,
    /// Deleting one.
    Delete,
    /// Writing one for others.
    Export,
}

/// What came of a [`ShelfCommand`].
#[derive(Debug, Clone)]
pub enum ShelfEvent {
    /// Models were looked for.
    Found(Found),
    /// A person's path was looked at.
    Opened(Opened),
    /// One of those that want to join was judged.
    Judged {
        /// Number of the question.
        serial: u64,
        /// Who.
        subject: Subject,
        /// Whether it can.
        fit: Box<Fit>,
    },
    /// All lineups.
    Lineups {
        /// Those that come with the program.
        ready: Vec<ReadyLineup>,
        /// Those that a person saved, by name.
        saved: Vec<SavedLineup>,
    },
    /// A lineup was written.
    Saved(Box<SavedLineup>),
    /// A saved lineup is gone from the disk.
    Deleted(Box<SavedLineup>),
    /// A lineup was written for others.
    Exported(PathBuf),
    /// It failed.
    Failed {
        /// What.
        task: ShelfTask,
        /// What a person sees.
        failure: Failure,
    },
}
