//! Models on the Hugging Face Hub: what was searched for, what is being fetched.

use std::collections::BTreeSet;

use crate::error::Failure;
use crate::worker::hub::{
    DownloadProgress, FoundRepo, HubAccess, HubTask, Remedy, RepoAt, RepoInfo, TransferState,
};

/// What the page knows of the hub.
#[derive(Debug, Default)]
pub struct Hub {
    /// What stands in the search box.
    pub query: String,
    /// The search that is going on.
    pub searching: Option<HubTask>,
    /// What the last search found; nothing before the first.
    pub results: Option<Vec<FoundRepo>>,
    /// The list of files that is being asked for.
    pub asking: Option<HubTask>,
    /// The repository whose files are shown.
    pub shown: Option<Shown>,
    /// Downloads, the newest last.
    pub downloads: Vec<Download>,
    /// How this machine speaks to the hub.
    pub access: Option<HubAccess>,
    /// What stands in the box for a token.
    pub token: String,
    /// Why a search or a list failed.
    pub problem: Option<(Failure, Option<Remedy>)>,
    /// Number of the last request.
    pub(crate) last_task: u64,
}

/// A repository, and which of its files are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// All about it.
    pub info: RepoInfo,
    /// Paths of the wanted files.
    pub wanted: BTreeSet<String>,
}

/// A download.
#[derive(Debug, Clone, PartialEq)]
pub struct Download {
    /// Its name.
    pub task: HubTask,
    /// What is fetched.
    pub at: RepoAt,
    /// Which files; empty for the usual ones.
    pub files: Vec<String>,
    /// How far it is.
    pub progress: Option<DownloadProgress>,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// What became of a download.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is here.
    Done,
    /// A person stopped it; what has come is kept.
    Cancelled,
    /// It failed; what would help.
    Failed(Failure, Option<Remedy>),
}

impl Hub {
    /// The name of the next request.
    pub(crate) fn task(&mut self) -> HubTask {
        self.last_task += 1;
        HubTask(self.last_task)
    }

    /// The download of this name.
    pub(crate) fn download(&mut self, task: HubTask) -> Option<&mut Download> {
        self.downloads.iter_mut().find(|one| one.task == task)
    }

    /// Downloads that have not ended.
    #[must_use]
    pub fn running(&self) -> usize {
        let running = |one: &&Download| one.outcome.is_none();
        self.downloads.iter().filter(running).count()
    }

    /// Whether this repository is being fetched.
    #[must_use]
    pub fn is_fetching(&self, at: &RepoAt) -> bool {
        self.downloads
            .iter()
            .any(|one| one.at == *at && one.outcome.is_none())
    }
}

impl Shown {
    /// A repository with its usual files wanted.
    #[must_use]
    pub fn of(info: RepoInfo) -> Self {
        let usual = info.files.iter().filter(|file| file.usual);
        Self {
            wanted: usual.map(|file| file.path.clone()).collect(),
            info,
        }
    }

    /// Bytes of the wanted files that are not here yet.
    #[must_use]
    pub fn bytes_to_come(&self) -> u64 {
        let files = self.info.files.iter();
        files
            .filter(|file| !file.here && self.wanted.contains(&file.path))
            .map(|file| file.bytes)
            .sum()
    }
}

impl Download {
    /// Whether a person has stopped it for now.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.progress
            .as_ref()
            .is_some_and(|progress| progress.state == TransferState::Paused)
    }
}
