//! One file of a download as everybody may look at it while it is fetched.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::checksum::Checksum;
use super::patience::Patience;
use crate::domain::hub::{FileProgress, TransferState};

/// One file: what it must become, and how far it is.
#[derive(Debug)]
pub(super) struct Cell {
    /// Path inside the repository.
    pub(super) path: String,
    /// Its size.
    pub(super) bytes: u64,
    /// Its hash, once the hub has said it.
    pub(super) checksum: OnceLock<Checksum>,
    now: Mutex<Now>,
    moved: AtomicU64,
}

#[derive(Debug)]
struct Now {
    state: TransferState,
    done: u64,
    attempt: u32,
    problem: Option<String>,
    /// When a byte came last, or was asked for.
    heard: Instant,
}

impl Cell {
    pub(super) fn new(path: &str, bytes: u64, checksum: Option<Checksum>) -> Self {
        Self {
            path: path.to_owned(),
            bytes,
            checksum: checksum.map_or_else(OnceLock::new, OnceLock::from),
            now: Mutex::new(Now {
                state: TransferState::Queued,
                done: 0,
                attempt: 1,
                problem: None,
                heard: Instant::now(),
            }),
            moved: AtomicU64::new(0),
        }
    }

    /// It does something else now.
    pub(super) fn becomes(&self, state: TransferState) {
        let mut now = self.now();
        now.state = state;
        now.heard = Instant::now();
    }

    /// It waits for something other than the hub.
    pub(super) fn waits(&self, problem: &str) {
        let mut now = self.now();
        now.state = TransferState::Queued;
        now.problem = Some(problem.to_owned());
    }

    /// So much of it is here, having been here before.
    pub(super) fn has(&self, done: u64) {
        self.now().done = done;
    }

    /// Bytes came over the network, after which so much of it is here.
    pub(super) fn received(&self, count: usize, done: u64) {
        self.moved.fetch_add(count as u64, Ordering::Relaxed);
        let mut now = self.now();
        now.heard = Instant::now();
        now.state = TransferState::Downloading;
        if done > now.done {
            now.done = done;
            now.attempt = 1;
            now.problem = None;
        }
    }

    /// An attempt came to nothing; which one it was.
    pub(super) fn attempt(&self) -> u32 {
        self.now().attempt
    }

    /// It waits for its next attempt.
    pub(super) fn retries(&self, problem: String) {
        let mut now = self.now();
        now.state = TransferState::Retrying;
        now.attempt += 1;
        now.problem = Some(problem);
    }

    /// All of it is here.
    pub(super) fn completes(&self) {
        let mut now = self.now();
        now.state = TransferState::Completed;
        now.done = self.bytes;
        now.problem = None;
    }

    /// It cannot go on.
    pub(super) fn fails(&self, problem: String) {
        let mut now = self.now();
        now.state = TransferState::Failed;
        now.problem = Some(problem);
    }

    /// Waits for its turn again, unless it is complete.
    pub(super) fn queues(&self) {
        let mut now = self.now();
        if now.state != TransferState::Completed {
            now.state = TransferState::Queued;
            now.attempt = 1;
            now.problem = None;
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.now().state == TransferState::Completed
    }

    /// Bytes that came over the network.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// How far it is; `stopped` stands in the place of everything that is not over.
    pub(super) fn picture(
        &self,
        patience: &Patience,
        stopped: Option<TransferState>,
    ) -> FileProgress {
        let now = self.now();
        let is_over = matches!(now.state, TransferState::Completed | TransferState::Failed);
        let state = match stopped {
            Some(stopped) if !is_over => stopped,
            Some(_) | None if is_stalled(&now, patience.stall) => TransferState::Stalled,
            Some(_) | None => now.state,
        };
        FileProgress {
            path: self.path.clone(),
            bytes: self.bytes,
            done: now.done,
            state,
            attempt: now.attempt,
            attempts: patience.attempts,
            problem: now.problem.clone(),
        }
    }

    /// Plain values, each of them right by itself.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_stalled(now: &Now, stall: Duration) -> bool {
    now.state == TransferState::Downloading && now.heard.elapsed() > stall
}

/// Whether a file is there with so many bytes.
pub(super) fn is_there(path: &Path, bytes: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == bytes)
}
