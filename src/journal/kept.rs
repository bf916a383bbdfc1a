//! The history on the disk, as the thread that keeps it sees it.

use super::beside::Place;
use super::blob;
use super::files::blob_path;
use super::summary::Summary;
use crate::error::Failure;
use crate::record::Record;

/// The history on the disk.
pub(super) struct Kept {
    /// Where it is, with its list.
    pub(super) place: Place,
    /// Files whose runs are deleted for this session.
    pub(super) deleted: Vec<u64>,
}

impl Kept {
    pub(super) fn read(&self, id: u64) -> Result<(Record, bool), Failure> {
        blob::read(&blob_path(&self.place.folder, id))
    }

    /// Bytes of all runs in the list.
    pub(super) fn used(&self) -> u64 {
        self.place
            .index
            .entries
            .values()
            .map(|entry| entry.bytes)
            .sum()
    }

    pub(super) fn remove_blob(&self, id: u64) {
        // One that is gone already is what is wanted.
        let _ = std::fs::remove_file(blob_path(&self.place.folder, id));
    }

    /// Brings a run's line in the list up to what its file says; tells whether the file's end was cut short.
    pub(super) fn read_again(&mut self, id: u64) -> bool {
        let bytes = std::fs::metadata(blob_path(&self.place.folder, id));
        let bytes = bytes.map_or(0, |about| about.len());
        let read = self.read(id);
        let summary = read.as_ref().map(|(record, _)| Summary::of(record)).ok();
        self.sum_up(id, summary.as_ref(), bytes);
        read.map_or(true, |(_, torn)| torn)
    }

    /// Brings a run's line in the list up to what is known of it: no longer written, and so many bytes long.
    pub(super) fn sum_up(&mut self, id: u64, summary: Option<&Summary>, bytes: u64) {
        let Some(mut entry) = self.place.index.entries.get(&id).cloned() else {
            return;
        };
        if let Some(summary) = summary {
            entry.sum_up(summary);
        }
        entry.open = false;
        entry.bytes = bytes;
        // A list that cannot be written is said by the next order.
        let _ = self.place.index.put(entry);
    }
}
