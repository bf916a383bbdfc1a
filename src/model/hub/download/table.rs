//! All files of a download, and the picture that they make together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::domain::hub::{DownloadProgress, RepoAt, TransferState};
use crate::model::hub::cell::Cell;
use crate::model::hub::patience::Patience;
use crate::model::hub::store::RepoFolder;

/// The time over which the speed is measured.
const MEASURED: Duration = Duration::from_secs(5);

/// All files of a download.
pub(super) struct Table {
    pub(super) at: RepoAt,
    pub(super) commit: String,
    pub(super) cells: Vec<Cell>,
    pub(super) meter: Meter,
    pub(super) patience: Patience,
}

impl Table {
    pub(super) fn picture(&mut self, stopped: Option<TransferState>) -> DownloadProgress {
        let cells = std::mem::take(&mut self.cells);
        let picture = self.picture_of(&cells, stopped);
        self.cells = cells;
        picture
    }

    /// How far these files are; `stopped` stands in the place of everything that is not over.
    pub(super) fn picture_of(
        &mut self,
        cells: &[Cell],
        stopped: Option<TransferState>,
    ) -> DownloadProgress {
        let files: Vec<_> = cells
            .iter()
            .map(|cell| cell.picture(&self.patience, stopped))
            .collect();
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let done: u64 = files.iter().map(|file| file.done).sum();
        let moved = cells.iter().map(Cell::moved).sum();
        let speed = match stopped {
            Some(_) => 0.0,
            None => self.meter.speed(Instant::now(), moved),
        };
        let state = stopped.unwrap_or_else(|| {
            let states: Vec<TransferState> = files.iter().map(|file| file.state).collect();
            summed_up(&states)
        });
        DownloadProgress {
            at: self.at.clone(),
            commit: self.commit.clone(),
            state,
            bytes,
            done,
            moved,
            speed,
            eta_secs: (speed > 0.0).then(|| bytes.saturating_sub(done) as f64 / speed),
            files,
        }
    }

    /// Throws away what has come of unfinished files.
    pub(super) fn discard(&self, place: &RepoFolder) {
        for cell in &self.cells {
            if let Some(checksum) = cell.checksum.get() {
                // What is not there need not be removed; what cannot be is found by the next download.
                let _ = std::fs::remove_file(place.partial(checksum.hex()));
            }
        }
    }
}

/// What files together are doing: the liveliest of them.
fn summed_up(states: &[TransferState]) -> TransferState {
    use TransferState as S;
    let order = [
        S::Downloading,
        S::Stalled,
        S::Retrying,
        S::Verifying,
        S::Paused,
        S::Queued,
        S::Failed,
        S::Cancelled,
        S::Completed,
    ];
    let liveliest = order.into_iter().find(|state| states.contains(state));
    liveliest.unwrap_or(S::Queued)
}

/// Measures a speed over the last seconds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    marks: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Bytes per second, after so many bytes in all.
    fn speed(&mut self, now: Instant, moved: u64) -> f64 {
        self.marks.push_back((now, moved));
        // One mark older than the time is kept to measure from.
        while self.marks.len() > 2 && now.duration_since(self.marks[1].0) >= MEASURED {
            self.marks.pop_front();
        }
        let Some((then, before)) = self.marks.front() else {
            return 0.0;
        };
        let secs = now.duration_since(*then).as_secs_f64();
        if secs > 0.0 {
            moved.saturating_sub(*before) as f64 / secs
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        let began = Instant::now();
        let mut at = |secs: u64, moved| meter.speed(began + Duration::from_secs(secs), moved);
        assert_eq!(at(0, 0).to_bits(), 0.0f64.to_bits());
        assert!((at(1, 1000) - 1000.0).abs() < 1e-9);
        for secs in 2..=10 {
            at(secs, 1000 * secs);
        }
        assert!((at(11, 11_000) - 1000.0).abs() < 1e-9);
        for secs in 12..=17 {
            at(secs, 11_000);
        }
        assert_eq!(at(18, 11_000).to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn a_download_does_what_its_liveliest_file_does() {
        use TransferState as S;
        for (states, expected) in [
            (&[][..], S::Queued),
            (&[S::Completed, S::Downloading, S::Stalled], S::Downloading),
            (&[S::Completed, S::Stalled, S::Queued], S::Stalled),
            (&[S::Completed, S::Failed], S::Failed),
            (&[S::Completed, S::Completed], S::Completed),
        ] {
            assert_eq!(summed_up(states), expected, "{states:?}");
        }
    }
}
