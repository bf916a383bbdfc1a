//! One file: asked for from where it broke off, hashed while it comes, verified, put in its place.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::access::Access;
use super::cell::{Cell, is_there};
use super::checksum::{Checksum, Running};
use super::control::Control;
use super::error::HubError;
use super::info;
use super::patience::Patience;
use super::space;
use super::store::RepoFolder;
use super::wire::{Answer, Wire};
use crate::domain::hub::{RepoAt, TransferState};

/// Bytes that are read and written at once.
const PIECE: usize = 256 << 10;

/// How often to look whether another program has let go of a file.
const LOOK: Duration = Duration::from_millis(200);

/// What all files of a download share.
pub(super) struct Fetch<'a> {
    pub(super) access: &'a Access,
    pub(super) wire: &'a Wire,
    pub(super) control: &'a Control,
    pub(super) patience: &'a Patience,
    pub(super) place: &'a RepoFolder,
    pub(super) at: &'a RepoAt,
    pub(super) commit: &'a str,
}

/// The bytes of a file that are here so far, and nobody else's as long as this lives.
struct Partial {
    file: File,
    path: PathBuf,
    len: u64,
    hash: Running,
    /// Whether some of it is from an earlier run of the program, which nobody vouches for.
    is_resumed: bool,
    /// Tells other programs to wait.
    _lock: File,
}

impl Fetch<'_> {
    /// Fetches a file, trying again where that may help.
    ///
    /// # Errors
    /// What the last attempt said, or [`HubError::Cancelled`].
    pub(super) fn run(&self, cell: &Cell) -> Result<(), HubError> {
        let mut partial = None;
        let mut strange = 0;
        loop {
            let Err(error) = self.attempt(cell, &mut partial) else {
                cell.completes();
                return Ok(());
            };
            self.wire.check()?;
            let again = match &error {
                // What was resumed may have been damaged on the disk; what came in one piece will come so again.
                HubError::Damaged { .. } => {
                    partial.take().is_some_and(|partial| partial.is_resumed)
                }
                HubError::Strange { .. } => {
                    strange += 1;
                    strange < self.patience.first_attempts
                }
                other => other.is_passing() && cell.attempt() < self.patience.attempts,
            };
            if !again {
                return Err(error);
            }
            let wait = self
                .patience
                .before_next(cell.attempt(), error.asked_wait());
            cell.retries(error.to_string());
            self.control.rest(self.wire, wait, || false)?;
        }
    }

    fn attempt(&self, cell: &Cell, partial: &mut Option<Partial>) -> Result<(), HubError> {
        let checksum = self.checksum(cell)?;
        let blob = self.place.blob(checksum.hex());
        let mut mine = match partial.take() {
            Some(mine) => mine,
            None if is_there(&blob, cell.bytes) => return self.link(cell, checksum),
            None => {
                let lock = self.lock(cell, &self.place.lock(checksum.hex()))?;
                // Whoever had the lock before may have fetched it.
                if is_there(&blob, cell.bytes) {
                    return self.link(cell, checksum);
                }
                self.open(cell, checksum, lock)?
            }
        };
        if mine.len < cell.bytes
            && let Err(error) = self.pour(cell, &mut mine)
        {
            *partial = Some(mine);
            return Err(error);
        }
        cell.becomes(TransferState::Verifying);
        let found = mine.hash.clone().hex();
        if found != checksum.hex() {
            // Nothing of it is kept, or it would be resumed.
            let removed = mine
                .file
                .set_len(0)
                .and_then(|()| fs::remove_file(&mine.path));
            removed.map_err(|error| unwritable(&cell.path, &mine.path, error))?;
            cell.has(0);
            *partial = Some(mine);
            return Err(HubError::Damaged {
                path: cell.path.clone(),
                why: "its hash is not the one that the hub names",
                details: format!("expected {}, found {found}", checksum.hex()),
            });
        }
        let placed = mine
            .file
            .sync_all()
            .and_then(|()| fs::rename(&mine.path, &blob));
        placed.map_err(|error| unwritable(&cell.path, &blob, error))?;
        self.link(cell, checksum)
    }

    /// The hash that the file must have; asked for where the list of files did not name it.
    fn checksum<'c>(&self, cell: &'c Cell) -> Result<&'c Checksum, HubError> {
        if let Some(known) = cell.checksum.get() {
            return Ok(known);
        }
        let url = info::address(self.access, &self.at.repo, self.commit, &cell.path);
        let said = self.wire.head(&url);
        let said = said.map_err(|error| error.about(self.access, self.at, Some(&cell.path)))?;
        if let Some(bytes) = said.bytes.filter(|bytes| *bytes != cell.bytes) {
            return Err(self.contradiction(cell, &format!("{bytes} bytes")));
        }
        match said.checksum {
            Some(checksum) => Ok(cell.checksum.get_or_init(|| checksum)),
            None => Err(HubError::Strange {
                host: self.access.host().to_owned(),
                what: format!("no hash for {}, so nobody could verify it", cell.path),
                details: url,
            }),
        }
    }

    /// Looks at what is there of a file, which is hashed anew: nobody vouches for it.
    fn open(&self, cell: &Cell, checksum: &Checksum, lock: File) -> Result<Partial, HubError> {
        let path = self.place.partial(checksum.hex());
        let refused = |error| unwritable(&cell.path, &path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(refused)?;
        }
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(refused)?;
        let there = file.metadata().map_err(refused)?.len();
        if there > cell.bytes {
            file.set_len(0).map_err(refused)?;
        }
        let mut hash = checksum.begin(cell.bytes);
        let mut len = 0;
        cell.becomes(TransferState::Verifying);
        let mut piece = vec![0; PIECE];
        loop {
            self.wire.check()?;
            let count = file.read(&mut piece).map_err(refused)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            len += count as u64;
            cell.has(len);
        }
        Ok(Partial {
            file,
            path,
            len,
            hash,
            is_resumed: len > 0,
            _lock: lock,
        })
    }

    /// The lock that Python's tools take too.
    fn lock(&self, cell: &Cell, path: &Path) -> Result<File, HubError> {
        let refused = |error| unwritable(&cell.path, path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(refused)?;
        }
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(refused)?;
        loop {
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    cell.waits("Another download has this file in hand");
                    self.control.rest(self.wire, LOOK, || false)?;
                }
                // Some network disks know no locks; what two programs spoil there together, the hash finds out.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(lock),
            }
        }
    }

    /// Asks for the bytes that are missing and writes them behind the others.
    fn pour(&self, cell: &Cell, mine: &mut Partial) -> Result<(), HubError> {
        cell.becomes(TransferState::Downloading);
        let url = info::address(self.access, &self.at.repo, self.commit, &cell.path);
        let answer = self.wire.get(&url, mine.len);
        let answer = answer.map_err(|error| error.about(self.access, self.at, Some(&cell.path)))?;
        let from = self.fitting(cell, mine, &answer)?;
        let host = answer.host.clone();
        let mut body = answer.into_reader();
        // A server that knows no ranges begins at the beginning.
        let mut skip = mine.len - from;
        let mut piece = vec![0; PIECE];
        while mine.len < cell.bytes {
            let count = self.wire.read(&host, &mut body, &mut piece)?;
            if count == 0 {
                return Err(HubError::Unreachable {
                    host,
                    why: "broke off",
                    details: format!(
                        "after {} of {} bytes of {}",
                        mine.len, cell.bytes, cell.path
                    ),
                });
            }
            let known = skip.min(count as u64);
            skip -= known;
            let fresh = &piece[known as usize..count];
            if mine.len + fresh.len() as u64 > cell.bytes {
                return Err(self.contradiction(cell, "more bytes than it has"));
            }
            mine.file
                .write_all(fresh)
                .map_err(|error| self.unwritable(cell, mine, error))?;
            mine.hash.update(fresh);
            mine.len += fresh.len() as u64;
            cell.received(count, mine.len);
        }
        Ok(())
    }

    /// Where the bytes of an answer begin, if it can be an answer to what was asked.
    fn fitting(&self, cell: &Cell, mine: &Partial, answer: &Answer) -> Result<u64, HubError> {
        let said = &answer.said;
        if let Some(bytes) = said.bytes.filter(|bytes| *bytes != cell.bytes) {
            return Err(self.contradiction(cell, &format!("{bytes} bytes")));
        }
        let other = |known: &&Checksum| cell.checksum.get() != Some(*known);
        if let Some(checksum) = said.checksum.as_ref().filter(other) {
            return Err(self.contradiction(cell, &format!("the hash {}", checksum.hex())));
        }
        let extent = answer.extent();
        if let Some(whole) = extent.whole.filter(|whole| *whole != cell.bytes) {
            return Err(self.contradiction(cell, &format!("{whole} bytes")));
        }
        match (extent.from, extent.length) {
            (Some(from), length)
                if from <= mine.len && length.is_none_or(|length| from + length <= cell.bytes) =>
            {
                Ok(from)
            }
            _ => Err(self.contradiction(cell, "another part than was asked for")),
        }
    }

    fn contradiction(&self, cell: &Cell, said: &str) -> HubError {
        HubError::Strange {
            host: self.access.host().to_owned(),
            what: format!("something else for {}: {said}", cell.path),
            details: format!("expected {} bytes of commit {}", cell.bytes, self.commit),
        }
    }

    fn link(&self, cell: &Cell, checksum: &Checksum) -> Result<(), HubError> {
        self.place.link(self.commit, &cell.path, checksum.hex())
    }

    fn unwritable(&self, cell: &Cell, mine: &Partial, error: std::io::Error) -> HubError {
        if error.kind() == ErrorKind::StorageFull {
            return HubError::Space {
                needed: cell.bytes - mine.len,
                free: space::free(&self.access.cache).unwrap_or_default(),
                folder: self.access.cache.clone(),
            };
        }
        unwritable(&cell.path, &mine.path, error)
    }
}

fn unwritable(name: &str, path: &Path, error: std::io::Error) -> HubError {
    HubError::system(format!("the file {name}"), "written", path, error)
}
