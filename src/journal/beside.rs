//! Two windows on one folder. The first one keeps the history in it; each further one keeps its own in a folder beside,
//! and whoever opens the history next takes that in. Nobody writes to a file that somebody else writes to, and nothing is
//! lost.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use super::Entry;
use super::files::blob_path;
use super::index::{self, Index};

/// The file whose lock stands for its folder.
const LOCK: &str = "lock";
/// What the folders of further windows are called, before their number.
const BESIDE: &str = "beside-";
/// Most windows that keep a history at a time.
const MOST: usize = 32;

/// A folder that this program alone writes to: until this is dropped, or the program ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a folder, which is made where it is not there; nothing where another window has it.
    fn take(folder: &Path) -> Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let mut options = OpenOptions::new();
        let options = options.create(true).write(true).truncate(false);
        let file = options.open(folder.join(LOCK))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // On a disk without locks nobody can be asked.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Self { _file: file })),
        }
    }
}

/// A folder to keep a history in.
#[derive(Debug)]
pub(super) struct Place {
    /// Where it is.
    pub(super) folder: PathBuf,
    /// Its list.
    pub(super) index: Index,
    /// Whether another window keeps the history, and this is a folder beside it.
    pub(super) is_beside: bool,
    /// Keeps others out.
    _lock: Lock,
}

impl Place {
    /// The history's folder with all that windows have kept beside it, or a folder beside it where another window has it.
    pub(super) fn open(folder: PathBuf) -> Result<Self> {
        if let Some(lock) = Lock::take(&folder)? {
            let mut index = Index::open(&folder)?;
            take_in(&folder, &mut index)?;
            return Ok(Self {
                index,
                folder,
                is_beside: false,
                _lock: lock,
            });
        }
        for number in 1..=MOST {
            let beside = folder.join(format!("{BESIDE}{number}"));
            if let Some(lock) = Lock::take(&beside)? {
                return Ok(Self {
                    index: Index::open(&beside)?,
                    folder: beside,
                    is_beside: true,
                    _lock: lock,
                });
            }
        }
        Err(Error::other("too many windows are open"))
    }
}

/// Takes in what windows that are closed by now have kept beside the history.
fn take_in(folder: &Path, index: &mut Index) -> Result<()> {
    for number in 1..=MOST {
        let beside = folder.join(format!("{BESIDE}{number}"));
        if !index::is_in(&beside) {
            continue;
        }
        // A window that still writes there keeps it; its turn comes later.
        let Some(_lock) = Lock::take(&beside)? else {
            continue;
        };
        let entries = std::mem::take(&mut Index::open(&beside)?.entries);
        for entry in entries.into_values() {
            let from = blob_path(&beside, entry.id);
            let mut id = entry.id;
            while index.entries.contains_key(&id) {
                id += 1;
            }
            let to = blob_path(folder, id);
            // Where it was moved already, the program was killed at this very place the last time.
            if from.exists() {
                std::fs::rename(&from, &to)?;
            } else if !to.exists() {
                continue;
            }
            index.put(Entry { id, ..entry })?;
        }
        index::remove(&beside)?;
    }
    Ok(())
}
