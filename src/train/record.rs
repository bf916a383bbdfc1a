//! What a training's folder says of it: the order, and how it ended. By this a training is found again after a restart.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::CHECKPOINT_FILE;
use super::error::TrainError;
use super::export::ADAPTER_FILE;
use super::files;
use super::order::ArmOrder;
use super::run::Summary;

/// The record's file.
const FILE: &str = "training.json";
/// Names the format.
const SCHEMA: &str = "counterpoise.training/1";
/// Largest record that is read: 1 MiB.
const MOST_BYTES: u64 = 1 << 20;
/// Most folders that are looked through.
const MOST_FOLDERS: usize = 1000;

/// An order and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    schema: String,
    /// What was ordered. Where it was found, [`ArmOrder::out`] is the folder that it was found in.
    pub order: ArmOrder,
    /// How it ended; none while it is unfinished.
    pub result: Option<Summary>,
}

/// A training that was found in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The folder's name.
    pub name: String,
    /// What it says of itself.
    pub record: Record,
    /// Whether it is unfinished and there is a checkpoint to go on from.
    pub can_go_on: bool,
    /// Bytes of its files.
    pub bytes: u64,
}

impl Record {
    /// The record of an order that is being carried out.
    pub(super) fn begun(order: &ArmOrder) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            order: order.clone(),
            result: None,
        }
    }

    /// The record of an order that was carried out.
    pub(super) fn done(order: &ArmOrder, result: Summary) -> Self {
        Self {
            result: Some(result),
            ..Self::begun(order)
        }
    }

    /// Writes it to the order's folder.
    pub(super) fn write(&self) -> Result<(), TrainError> {
        let path = self.order.out.join(FILE);
        files::write_json(&path, "the record of the training", self)
    }

    /// The record in a folder; nothing where there is none that can be read.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        let size = std::fs::metadata(&path).ok()?.len();
        if size > MOST_BYTES {
            return None;
        }
        let mut record: Self = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        // A folder that was moved or copied is itself, not the one it was made as.
        folder.clone_into(&mut record.order.out);
        (record.schema == SCHEMA).then_some(record)
    }
}

/// The trainings in the folders of `root`, by name; those that are neither finished nor can go on are left out.
#[must_use]
pub fn find(root: &Path) -> Vec<Found> {
    let folders: Vec<PathBuf> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .take(MOST_FOLDERS)
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    let mut found: Vec<Found> = folders
        .iter()
        .filter_map(|folder| {
            let record = Record::read(folder)?;
            let has = |name: &str| folder.join(name).is_file();
            let finished = record.result.is_some() && (record.order.full || has(ADAPTER_FILE));
            let can_go_on = record.result.is_none() && has(CHECKPOINT_FILE);
            (finished || can_go_on).then(|| Found {
                name: folder
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                record,
                can_go_on,
                bytes: bytes_in(folder),
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Bytes of the files in a folder.
fn bytes_in(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::config::{AdapterSettings, Projection, Settings};

    fn order(out: &Path) -> ArmOrder {
        ArmOrder {
            base: "demo".to_owned(),
            out: out.to_owned(),
            settings: Settings {
                epochs: 7,
                ..Settings::default()
            },
            adapter: AdapterSettings {
                targets: vec![Projection::Q, Projection::Down],
                ..AdapterSettings::default()
            },
            ..ArmOrder::default()
        }
    }

    fn summary() -> Summary {
        Summary {
            steps: 3,
            tokens: 100,
            secs: 1.5,
            eval: None,
        }
    }

    #[test]
    fn what_was_ordered_is_found_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = root.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (kind, brief, lost) = (folder("kind"), folder("brief"), folder("lost"));
        std::fs::write(folder("other").join("training.json"), "{}").unwrap();
        Record::begun(&order(&lost)).write().unwrap();
        Record::begun(&order(&kind)).write().unwrap();
        std::fs::write(kind.join(CHECKPOINT_FILE), "x").unwrap();
        Record::done(&order(&brief), summary()).write().unwrap();
        std::fs::write(brief.join(ADAPTER_FILE), "x").unwrap();
        let found = find(root.path());
        let names: Vec<(&str, bool)> = found
            .iter()
            .map(|one| (one.name.as_str(), one.can_go_on))
            .collect();
        assert_eq!(names, [("brief", false), ("kind", true)]);
        assert_eq!(found[1].record.order, order(&kind));
        let record = std::fs::metadata(kind.join(FILE)).unwrap();
        assert_eq!(found[1].bytes, 1 + record.len());
        assert_eq!(found[0].record.result, Some(summary()));
        let moved = root.path().join("moved");
        std::fs::rename(&kind, &moved).unwrap();
        assert_eq!(Record::read(&moved).unwrap().order.out, moved);
        assert!(find(&root.path().join("nowhere")).is_empty());
    }
}
