//! Several files of a repository at once, watched, paused, cancelled, gone on with.

mod table;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use self::table::{Meter, Table};
use super::access::Access;
use super::cell::{Cell, is_there};
use super::choose;
use super::control::{Control, Wish};
use super::error::HubError;
use super::fetch::Fetch;
use super::info;
use super::patience::Patience;
use super::space;
use super::store::RepoFolder;
use super::wire::Wire;
use crate::domain::hub::{DownloadProgress, RepoAt, TransferState};

/// Most files at once that anybody may ask for.
const MOST_AT_ONCE: usize = 16;

/// What is to be fetched.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which repository.
    pub at: RepoAt,
    /// Paths inside it, `*` standing for any characters; where it is empty, the usual files.
    pub files: Vec<String>,
    /// Most files at once.
    pub at_once: usize,
}

/// Fetches files into the cache. `tell` hears how far it is, several times a second, and at once when it is stopped.
/// Returns when everything is there, or stopped; gives the folder of the files and the last picture.
///
/// # Errors
/// What the hub, the network or the disk refused; [`HubError::Cancelled`].
pub fn download(
    access: &Access,
    wanted: &Wanted,
    patience: &Patience,
    control: &Control,
    tell: &mut dyn FnMut(DownloadProgress),
) -> Result<(PathBuf, DownloadProgress), HubError> {
    let place = access.store().repo(&wanted.at.repo)?;
    if access.offline {
        return already_here(access, wanted);
    }
    let mut table = Table {
        at: wanted.at.clone(),
        commit: String::new(),
        cells: Vec::new(),
        meter: Meter::default(),
        patience: *patience,
    };
    let task = Task {
        access,
        wanted,
        patience,
        control,
        place: &place,
    };
    loop {
        let error = match task.run(&mut table, tell) {
            Ok(folder) => {
                let last = table.picture(None);
                return Ok((folder, last));
            }
            Err(error) => error,
        };
        let mut wish = control.wish();
        if matches!(error, HubError::Cancelled) && wish == Wish::Pause {
            tell(table.picture(Some(TransferState::Paused)));
            wish = control.wait_while_paused();
        }
        match (error, wish) {
            // Paused, and gone on with.
            (HubError::Cancelled, Wish::Go | Wish::Pause) => {}
            (_, Wish::Cancel { discard }) => {
                tell(table.picture(Some(TransferState::Cancelled)));
                if discard {
                    table.discard(&place);
                }
                return Err(HubError::Cancelled);
            }
            (error, Wish::Go | Wish::Pause) => return Err(error),
        }
    }
}

/// Without the network, what is there must do.
fn already_here(access: &Access, wanted: &Wanted) -> Result<(PathBuf, DownloadProgress), HubError> {
    let repos = access.store().list()?;
    let place = access.store().repo(&wanted.at.repo)?;
    let commit = place.commit(&wanted.at.revision);
    let here = repos
        .into_iter()
        .filter(|repo| repo.repo == wanted.at.repo)
        .flat_map(|repo| repo.snapshots)
        .find(|snapshot| Some(&snapshot.commit) == commit.as_ref() && snapshot.missing.is_empty())
        .filter(|snapshot| {
            let fits = |pattern: &String| {
                let mut files = snapshot.files.iter();
                files.any(|file| choose::fits(pattern, &file.path))
            };
            wanted.files.iter().all(fits)
        })
        .ok_or(HubError::Offline)?;
    let cells: Vec<Cell> = here
        .files
        .iter()
        .map(|file| Cell::new(&file.path, file.bytes, None))
        .collect();
    cells.iter().for_each(Cell::completes);
    let mut table = Table {
        at: wanted.at.clone(),
        commit: here.commit,
        cells,
        meter: Meter::default(),
        patience: Patience::default(),
    };
    Ok((here.folder, table.picture(None)))
}

struct Task<'a> {
    access: &'a Access,
    wanted: &'a Wanted,
    patience: &'a Patience,
    control: &'a Control,
    place: &'a RepoFolder,
}

impl Task<'_> {
    /// Fetches until all is here or something stops it. The table keeps what is known for the next time.
    fn run(
        &self,
        table: &mut Table,
        tell: &mut dyn FnMut(DownloadProgress),
    ) -> Result<PathBuf, HubError> {
        let wire = Wire::new(self.access, self.patience)?;
        self.control.tie(&wire)?;
        table.cells.iter().for_each(Cell::queues);
        table.meter = Meter::default();
        tell(table.picture(None));
        if table.commit.is_empty() {
            self.look(&wire, table, tell)?;
        }
        self.check_space(table)?;
        self.fetch(&wire, table, tell)?;
        let revision = &self.wanted.at.revision;
        self.place.set_commit(revision, &table.commit)?;
        Ok(self.place.snapshot_of(&table.commit))
    }

    /// Asks which files there are. A person waits for it: few attempts.
    fn look(
        &self,
        wire: &Wire,
        table: &mut Table,
        tell: &mut dyn FnMut(DownloadProgress),
    ) -> Result<(), HubError> {
        let mut attempt = 1;
        let listing = loop {
            match info::listing(wire, self.access, &self.wanted.at) {
                Ok(listing) => break listing,
                Err(error) if error.is_passing() && attempt < self.patience.first_attempts => {
                    tell(table.picture(Some(TransferState::Retrying)));
                    let wait = self.patience.before_next(attempt, error.asked_wait());
                    self.control.rest(wire, wait, || false)?;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        };
        let files = &listing.info.files;
        let chosen = choose::wanted(&self.wanted.at.repo, files, &self.wanted.files)?;
        let chosen: HashSet<&str> = chosen.iter().map(|file| file.path.as_str()).collect();
        table.cells = files
            .iter()
            .zip(listing.checksums)
            .filter(|(file, _)| chosen.contains(file.path.as_str()))
            .map(|(file, checksum)| Cell::new(&file.path, file.bytes, checksum))
            .collect();
        table.commit = listing.info.commit;
        for cell in &table.cells {
            cell.has(self.here(cell));
        }
        Ok(())
    }

    /// Bytes of a file that need not come.
    fn here(&self, cell: &Cell) -> u64 {
        let Some(checksum) = cell.checksum.get() else {
            return 0;
        };
        if is_there(&self.place.blob(checksum.hex()), cell.bytes) {
            return cell.bytes;
        }
        let partial = std::fs::metadata(self.place.partial(checksum.hex()));
        let there = partial.map_or(0, |about| about.len());
        if there > cell.bytes { 0 } else { there }
    }

    fn check_space(&self, table: &Table) -> Result<(), HubError> {
        let mut counted = HashSet::new();
        let needed = table
            .cells
            .iter()
            .filter(|cell| {
                let hash = cell.checksum.get();
                hash.is_none_or(|hash| counted.insert(hash.hex()))
            })
            .map(|cell| cell.bytes - self.here(cell))
            .sum();
        let cache = &self.access.cache;
        match space::free(cache) {
            Some(free) if needed > free => Err(HubError::Space {
                needed,
                free,
                folder: cache.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Has some threads take one file after the other, and tells how far they are.
    fn fetch(
        &self,
        wire: &Wire,
        table: &mut Table,
        tell: &mut dyn FnMut(DownloadProgress),
    ) -> Result<(), HubError> {
        let cells = std::mem::take(&mut table.cells);
        let commit = table.commit.clone();
        let fetch = Fetch {
            access: self.access,
            wire,
            control: self.control,
            patience: self.patience,
            place: self.place,
            at: &self.wanted.at,
            commit: &commit,
        };
        let (next, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (problems, found) = channel();
        let work = |problems: std::sync::mpsc::Sender<HubError>| {
            while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                if cell.is_complete() {
                    continue;
                }
                let Err(error) = fetch.run(cell) else {
                    continue;
                };
                if !matches!(error, HubError::Cancelled) {
                    cell.fails(error.to_string());
                }
                if error.concerns_all() {
                    wire.stop();
                }
                // The supervisor waits for all threads, so it is there to hear.
                let _ = problems.send(error);
            }
            busy.fetch_sub(1, Ordering::Release);
            self.control.nudge();
        };
        let count = self.wanted.at_once.clamp(1, MOST_AT_ONCE).min(cells.len());
        let mut started = Ok(());
        std::thread::scope(|scope| {
            for _ in 0..count {
                let problems = problems.clone();
                busy.fetch_add(1, Ordering::Release);
                let thread = std::thread::Builder::new().name("download".to_owned());
                if let Err(error) = thread.spawn_scoped(scope, || work(problems)) {
                    busy.fetch_sub(1, Ordering::Release);
                    wire.stop();
                    started = Err(error);
                    break;
                }
            }
            let is_done = || busy.load(Ordering::Acquire) == 0;
            while !is_done() {
                tell(table.picture_of(&cells, None));
                if self
                    .control
                    .rest(wire, self.patience.tick, is_done)
                    .is_err()
                {
                    // Told before the threads have ended: a connection in the making cannot be cut.
                    let stopped = match self.control.wish() {
                        Wish::Go => None,
                        Wish::Pause => Some(TransferState::Paused),
                        Wish::Cancel { .. } => Some(TransferState::Cancelled),
                    };
                    tell(table.picture_of(&cells, stopped));
                    break;
                }
            }
        });
        drop(problems);
        table.cells = cells;
        started
            .map_err(|error| HubError::system("a thread", "started", &self.access.cache, error))?;
        // What went wrong by itself says more than that the others were stopped for it.
        let problems: Vec<HubError> = found.iter().collect();
        let is_stop = |error: &HubError| matches!(error, HubError::Cancelled);
        let (stops, problems): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_stop);
        match problems.into_iter().chain(stops).next() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
