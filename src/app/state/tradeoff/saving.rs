//! A sweep on its way into a file.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::tradeoff::{Measure, Reference};
use crate::error::Failure;
use crate::journal::files;
use crate::record::table::Kind;
use crate::worker::sweep::SweepRecord;

/// What became of the last save.
#[derive(Debug, Default)]
pub enum Saved {
    /// None was asked for.
    #[default]
    Not,
    /// It is being written.
    Writing(Arc<SaveRequest>),
    /// The picture is being painted into this file, by its number.
    Painting(u64, PathBuf),
    /// It is there.
    At(PathBuf),
    /// It could not be written.
    Failed(Failure),
}

/// A sweep to be written to a file.
#[derive(Debug, Clone)]
pub struct SaveRequest {
    /// Its number; the answer carries it.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// What it is and has written.
    pub record: SweepRecord,
    /// How texts are scored.
    pub measure: Measure,
    /// Above what the hypervolume is measured.
    pub reference: Reference,
    /// The scores that the front on screen is over.
    pub front: Vec<usize>,
}

/// What came of a [`SaveRequest`].
#[derive(Debug)]
pub struct SaveAnswer {
    /// The number of the request.
    pub serial: u64,
    /// The file, or why it is not there.
    pub result: Result<PathBuf, Failure>,
}

impl SaveRequest {
    /// Writes it: for a thread of its own.
    #[must_use]
    pub fn answer(&self) -> SaveAnswer {
        let contents = self.contents();
        SaveAnswer {
            serial: self.serial,
            result: contents
                .and_then(|contents| files::write_file(&self.path, contents.as_bytes()))
                .map(|()| self.path.clone()),
        }
    }

    fn contents(&self) -> Result<String, Failure> {
        let record = &self.record;
        // Of the rows that are written: what stands on screen may be a moment older.
        let outcome = |front: &[usize]| record.outcome_on(front, self.measure, &self.reference);
        match Kind::of(&self.path)? {
            Kind::Csv => Ok(record.csv()),
            Kind::Json => {
                let mut document = record.json(&outcome(&record.axes));
                if self.front != record.axes {
                    document["on_axes"] = record.on_axes(&outcome(&self.front));
                }
                Ok(format!("{document:#}\n"))
            }
        }
    }
}
