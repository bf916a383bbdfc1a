//! What front ends and the worker say to each other about the Hugging Face Hub, and the threads that do it: downloads go
//! on while the worker writes.

pub(super) mod desk;

use std::path::PathBuf;

pub use crate::domain::hub::*;
use crate::error::Failure;

/// What is wanted of the hub or of the local cache. Served at once and beside everything else: none waits for another.
#[derive(Debug, Clone)]
pub enum HubCommand {
    /// Repositories whose name holds these words: [`HubEvent::Found`].
    Search {
        /// Its name.
        task: HubTask,
        /// The words.
        text: String,
        /// Most repositories wanted.
        limit: usize,
    },
    /// A repository's files: [`HubEvent::Info`].
    Info {
        /// Its name.
        task: HubTask,
        /// Which repository.
        at: RepoAt,
    },
    /// What is in the local cache: [`HubEvent::Local`].
    Local {
        /// Its name.
        task: HubTask,
    },
    /// Fetch files into the local cache, going on where an earlier download stopped: [`HubEvent::Progress`] several times a
    /// second, then [`HubEvent::Downloaded`], [`HubEvent::Cancelled`] or [`HubEvent::Failed`].
    Download(DownloadRequest),
    /// Stop a download for now; it keeps what has come.
    Pause(HubTask),
    /// Go on with a download that was paused.
    Resume(HubTask),
    /// Stop a search, a list or a download for good: [`HubEvent::Cancelled`].
    Cancel {
        /// Which.
        task: HubTask,
        /// Whether what has come of unfinished files is thrown away; kept, a later download goes on with it.
        discard: bool,
    },
    /// Delete a repository from the local cache: [`HubEvent::Removed`].
    Remove {
        /// Its name.
        task: HubTask,
        /// `owner/name`.
        repo: String,
    },
    /// How this machine speaks to the hub: [`HubEvent::Access`].
    Access {
        /// Its name.
        task: HubTask,
    },
    /// Keep a token in the usual file: [`HubEvent::Access`].
    SaveToken {
        /// Its name.
        task: HubTask,
        /// The token.
        token: Token,
    },
}

/// A download of some files of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// Its name.
    pub task: HubTask,
    /// Which repository.
    pub at: RepoAt,
    /// Paths inside it, `*` standing for any characters; where it is empty, the usual files.
    pub files: Vec<String>,
    /// Most files at once, at least 1.
    pub at_once: usize,
}

/// What came of a [`HubCommand`].
#[derive(Debug, Clone)]
pub enum HubEvent {
    /// A search is over.
    Found {
        /// Which.
        task: HubTask,
        /// What it found, the most downloaded first.
        repos: Vec<FoundRepo>,
    },
    /// The files of a repository.
    Info {
        /// Which request.
        task: HubTask,
        /// All about it.
        info: Box<RepoInfo>,
    },
    /// The local cache.
    Local {
        /// Which request.
        task: HubTask,
        /// Its repositories, by name.
        repos: Vec<LocalRepo>,
    },
    /// How far a download is.
    Progress {
        /// Which.
        task: HubTask,
        /// The whole picture.
        progress: Box<DownloadProgress>,
    },
    /// A download is complete and verified; its last event.
    Downloaded {
        /// Which.
        task: HubTask,
        /// The folder that the model can be read from.
        folder: PathBuf,
        /// The last picture.
        progress: Box<DownloadProgress>,
    },
    /// A person stopped it; its last event.
    Cancelled(HubTask),
    /// A repository is no longer in the local cache.
    Removed {
        /// Which request.
        task: HubTask,
        /// `owner/name`.
        repo: String,
        /// Bytes that are free again.
        bytes: u64,
    },
    /// How this machine speaks to the hub.
    Access {
        /// Which request.
        task: HubTask,
        /// The facts.
        access: Box<HubAccess>,
    },
    /// It failed; its last event.
    Failed {
        /// Which.
        task: HubTask,
        /// What a person sees.
        failure: Failure,
        /// What a button can offer.
        remedy: Option<Remedy>,
    },
}
