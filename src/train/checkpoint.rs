//! Checkpoints: everything that a run needs to go on as if it had never stopped.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::files;
use super::weights::NamedTensor;

const NOTE: &str = "counterpoise.training";
/// The checkpoint's file.
pub(crate) const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Where a run keeps its checkpoint.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    /// Whether an earlier checkpoint is continued.
    resume: bool,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Tells one run's settings, data and first weights from another's.
    pub(crate) fingerprint: String,
    /// Steps done.
    pub(crate) step: u64,
    /// Parts that batches are shared out to: sums depend on it.
    pub(crate) shards: usize,
    /// Tokens read.
    pub(crate) tokens: u64,
    /// Seconds of training.
    pub(crate) secs: f64,
}

/// A run's numbers: what is trained, and the optimiser's memory of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) progress: Progress,
    pub(crate) weights: Vec<f32>,
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    /// The mean over the last steps; empty as long as there is none.
    pub(crate) mean: Vec<f32>,
}

impl Store {
    /// Keeps checkpoints in `folder`. With `resume`, a run goes on from the one that is there, if one is.
    ///
    /// # Errors
    /// A folder that cannot be made; an unfinished run in it that is not to be continued.
    pub fn open(folder: &Path, resume: bool) -> Result<Self, TrainError> {
        files::make_folder(folder)?;
        let store = Self {
            folder: folder.to_owned(),
            resume,
        };
        if !resume && store.path().exists() {
            return Err(TrainError::Unfinished {
                path: folder.to_owned(),
            });
        }
        Ok(store)
    }

    /// The checkpoint's place.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(CHECKPOINT_FILE)
    }

    /// Writes a checkpoint over the one before.
    pub(crate) fn save(
        &self,
        progress: &Progress,
        weights: &[f32],
        moments: [&[f32]; 2],
        mean: &[f32],
    ) -> Result<(), TrainError> {
        let tensor = |name: &str, values: &[f32]| NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let mut tensors = vec![
            tensor("weights", weights),
            tensor("first", moments[0]),
            tensor("second", moments[1]),
        ];
        if !mean.is_empty() {
            tensors.push(tensor("mean", mean));
        }
        let note = serde_json::to_string(progress).unwrap_or_default();
        files::write_tensors(&self.path(), "the checkpoint", &tensors, &[(NOTE, note)])
    }

    /// The checkpoint to continue from, or none.
    pub(crate) fn load(&self, fingerprint: &str, len: usize) -> Result<Option<State>, TrainError> {
        let path = self.path();
        if !self.resume || !path.exists() {
            return Ok(None);
        }
        let fail = |reason: &str| TrainError::Checkpoint {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let bytes = std::fs::read(&path).map_err(|source| TrainError::Read {
            path: path.clone(),
            source,
        })?;
        let broken = |_| fail("the file is damaged");
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let progress: Progress = header
            .metadata()
            .as_ref()
            .and_then(|notes| notes.get(NOTE))
            .and_then(|note| serde_json::from_str(note).ok())
            .ok_or_else(|| fail("the file is not a checkpoint of this program"))?;
        if progress.fingerprint != fingerprint {
            return Err(fail(
                "the settings, the data or the model differ from those it began with",
            ));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let read = |name: &str| -> Result<Vec<f32>, TrainError> {
            let view = tensors.tensor(name).map_err(broken)?;
            let (numbers, _) = view.data().as_chunks::<4>();
            let numbers: Vec<f32> = numbers.iter().map(|x| f32::from_le_bytes(*x)).collect();
            if numbers.len() == len {
                Ok(numbers)
            } else {
                Err(fail("the file holds another number of weights"))
            }
        };
        let mean = match tensors.tensor("mean") {
            Ok(_) => read("mean")?,
            Err(_) => Vec::new(),
        };
        Ok(Some(State {
            progress,
            weights: read("weights")?,
            first: read("first")?,
            second: read("second")?,
            mean,
        }))
    }

    /// Removes the checkpoint of a run whose result is on the disk.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn clear(&self) -> Result<(), TrainError> {
        match std::fs::remove_file(self.path()) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(TrainError::Write {
                    what: "the checkpoint",
                    path: self.path(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress {
            fingerprint: "a".to_owned(),
            step: 7,
            shards: 2,
            tokens: 99,
            secs: 1.5,
        }
    }

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), true).unwrap();
        assert!(store.load("a", 3).unwrap().is_none());
        let weights = [1.0f32, -0.0, 1e-42];
        store
            .save(&progress(), &weights, [&[2.0; 3], &[3.0; 3]], &[])
            .unwrap();
        let state = store.load("a", 3).unwrap().unwrap();
        assert!(state.mean.is_empty());
        assert_eq!(state.progress, progress());
        let bits: Vec<u32> = state.weights.iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, weights.map(f32::to_bits));
        store
            .save(&progress(), &weights, [&[2.0; 3], &[3.0; 3]], &[4.0; 3])
            .unwrap();
        assert_eq!(store.load("a", 3).unwrap().unwrap().mean, [4.0; 3]);
        store.clear().unwrap();
        store.clear().unwrap();
        assert!(store.load("a", 3).unwrap().is_none());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), true).unwrap();
        store
            .save(&progress(), &[1.0], [&[2.0], &[3.0]], &[])
            .unwrap();
        let reason = |fingerprint, len| store.load(fingerprint, len).unwrap_err().to_string();
        assert!(reason("b", 1).contains("differ"));
        assert!(reason("a", 2).contains("another number"));
        std::fs::write(store.path(), b"rubbish").unwrap();
        assert!(reason("a", 1).contains("damaged"));
        assert!(matches!(
            Store::open(dir.path(), false),
            Err(TrainError::Unfinished { .. })
        ));
    }
}
