//! Trainings that a person deletes: put aside where they lie, so that they can be brought back until the window closes.

use std::path::{Path, PathBuf};

use super::files;
use super::record::Found;
use crate::error::Failure;

/// The folder beside the trainings in which deleted ones wait.
const ASIDE: &str = ".deleted";
/// Most trainings of one name that wait there.
const MOST_OF_A_NAME: usize = 1000;

/// A training that was deleted and can be brought back.
#[derive(Debug, Clone, PartialEq)]
pub struct Removed {
    /// What it was, and where.
    pub found: Found,
    /// Where it waits.
    aside: PathBuf,
}

/// What is to be done with trainings of before.
#[derive(Debug, Clone, PartialEq)]
pub enum Removal {
    /// One is deleted.
    Delete(Box<Found>),
    /// One that was deleted comes back.
    BringBack(Box<Removed>),
    /// What still waits in this folder of trainings from another time goes for good.
    Forget(PathBuf),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum RemovalDone {
    /// It is deleted.
    Deleted(Box<Removed>),
    /// It is back.
    Back(Box<Removed>),
    /// Nothing waits any more.
    Forgotten,
    /// It could not be done.
    Failed(Failure),
}

impl Removal {
    /// Does it: moves folders, for a thread that may wait for a disk.
    #[must_use]
    pub fn carry_out(self) -> RemovalDone {
        match self {
            Self::Delete(found) => match delete(&found) {
                Ok(removed) => RemovalDone::Deleted(Box::new(removed)),
                Err(failure) => RemovalDone::Failed(failure),
            },
            Self::BringBack(removed) => match bring_back(&removed) {
                Ok(()) => RemovalDone::Back(removed),
                Err(failure) => RemovalDone::Failed(failure),
            },
            Self::Forget(root) => {
                forget(&root);
                RemovalDone::Forgotten
            }
        }
    }
}

/// Puts a training aside.
fn delete(found: &Found) -> Result<Removed, Failure> {
    let folder = &found.record.order.out;
    let failed = |error: &dyn ToString| {
        Failure::failed(format!("{} could not be deleted", found.name))
            .hint(format!("Check that {} may be changed", folder.display()))
            .details(error.to_string())
    };
    let root = folder
        .parent()
        .ok_or_else(|| failed(&"it lies in no folder"))?;
    let aside = root.join(ASIDE);
    files::make_folder(&aside).map_err(|error| failed(&error))?;
    let free = (0..MOST_OF_A_NAME)
        .map(|number| aside.join(format!("{}-{number}", found.name)))
        .find(|place| !place.exists())
        .ok_or_else(|| failed(&"too many of that name are deleted"))?;
    std::fs::rename(folder, &free).map_err(|error| failed(&error))?;
    Ok(Removed {
        found: found.clone(),
        aside: free,
    })
}

/// Puts it back where it was; what has taken its place since then stays.
fn bring_back(removed: &Removed) -> Result<(), Failure> {
    let (name, folder) = (&removed.found.name, &removed.found.record.order.out);
    if folder.exists() {
        return Err(
            Failure::failed(format!("There is another objective called {name} now"))
                .hint(format!("Delete that one first, then bring {name} back")),
        );
    }
    std::fs::rename(&removed.aside, folder).map_err(|error| {
        Failure::failed(format!("{name} could not be brought back"))
            .hint(format!("Its files were in {}", removed.aside.display()))
            .details(error.to_string())
    })
}

/// Deletes for good what waits beside the trainings in `root`.
pub fn forget(root: &Path) {
    // What cannot be deleted now is deleted the next time.
    let _ = std::fs::remove_dir_all(root.join(ASIDE));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::checkpoint::CHECKPOINT_FILE;
    use crate::train::order::ArmOrder;
    use crate::train::record::{Record, find};

    fn training(root: &Path, name: &str, content: &str) -> Found {
        let out = root.join(name);
        std::fs::create_dir(&out).unwrap();
        let order = ArmOrder {
            out: out.clone(),
            ..ArmOrder::default()
        };
        Record::begun(&order).write().unwrap();
        std::fs::write(out.join(CHECKPOINT_FILE), content).unwrap();
        let mut all = find(root).into_iter();
        all.find(|found| found.name == name).unwrap()
    }

    fn deleted(found: Found) -> Box<Removed> {
        match Removal::Delete(Box::new(found)).carry_out() {
            RemovalDone::Deleted(removed) => removed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_deleted_comes_back_whole_until_it_is_forgotten() {
        let root = tempfile::tempdir().unwrap();
        let kind = training(root.path(), "kind", "twelve bytes");
        let record = std::fs::metadata(root.path().join("kind/training.json")).unwrap();
        assert_eq!(kind.bytes, 12 + record.len());
        let first = deleted(kind.clone());
        assert!(find(root.path()).is_empty());
        assert_eq!(first.found, kind);
        assert_eq!(
            Removal::BringBack(first.clone()).carry_out(),
            RemovalDone::Back(first)
        );
        assert_eq!(find(root.path()), std::slice::from_ref(&kind));

        // Another of the same name does not push the first one out of its place, nor is it overwritten by it.
        let first = deleted(kind);
        let other = training(root.path(), "kind", "another");
        match Removal::BringBack(first.clone()).carry_out() {
            RemovalDone::Failed(failure) => {
                assert_eq!(
                    failure.summary,
                    "There is another objective called kind now"
                );
            }
            other => panic!("{other:?}"),
        }
        let second = deleted(other);
        assert_ne!(first.aside, second.aside);
        let back = Removal::BringBack(first).carry_out();
        assert!(matches!(back, RemovalDone::Back(_)), "{back:?}");
        let content = std::fs::read(root.path().join("kind").join(CHECKPOINT_FILE)).unwrap();
        assert_eq!(content, b"twelve bytes");

        let root = root.path().to_owned();
        assert_eq!(
            Removal::Forget(root.clone()).carry_out(),
            RemovalDone::Forgotten
        );
        assert!(!root.join(ASIDE).exists() && root.join("kind").exists());
        let gone = Removal::BringBack(second).carry_out();
        assert!(matches!(gone, RemovalDone::Failed(_)), "{gone:?}");
    }

    #[test]
    fn what_is_not_there_cannot_be_deleted() {
        let root = tempfile::tempdir().unwrap();
        let kind = training(root.path(), "kind", "x");
        std::fs::remove_dir_all(root.path().join("kind")).unwrap();
        match Removal::Delete(Box::new(kind)).carry_out() {
            RemovalDone::Failed(failure) => {
                assert_eq!(failure.summary, "kind could not be deleted");
                assert!(failure.hint.is_some() && failure.details.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}
