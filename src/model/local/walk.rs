//! Goes through folders that may be large, deep or somebody else's.

use std::path::{Path, PathBuf};

use crate::domain::CancelToken;
use crate::model::folder::has_extension;
use crate::model::peft;

/// Deepest folder that is looked into, seen from where a person pointed.
const DEEPEST: usize = 5;
/// Most files and folders that are looked at: a whole disk that was opened by mistake must not keep anybody waiting.
const MOST_ENTRIES: usize = 50_000;

/// What has been seen on the way.
pub(super) struct Walk<'a> {
    cancel: &'a CancelToken,
    left: usize,
    /// Folders and files that look like models, in the order of their names.
    pub(super) models: Vec<PathBuf>,
    /// What could not be looked at, a sentence each.
    pub(super) notes: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(cancel: &'a CancelToken) -> Self {
        Self {
            cancel,
            left: MOST_ENTRIES,
            models: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Looks at a file, or at a folder and what is in it.
    pub(super) fn go(&mut self, path: &Path) {
        if path.is_file() {
            // tokenizer.json, a shard or the like: its folder is what is meant.
            if is_gguf(path) {
                self.models.push(path.to_owned());
            } else if let Some(folder) = path.parent().filter(|folder| is_model(folder)) {
                self.models.push(folder.to_owned());
            }
            return;
        }
        self.enter(path, 0);
        if self.left == 0 {
            self.notes.push(format!(
                "{} holds very many files; open a folder further in if a model is missing here",
                path.display()
            ));
        }
    }

    fn enter(&mut self, folder: &Path, depth: usize) {
        let is_model = is_model(folder);
        if is_model {
            self.models.push(folder.to_owned());
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if depth == 0 {
                    let note = format!("{} cannot be read: {error}", folder.display());
                    self.notes.push(note);
                }
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .take(self.left)
            .collect();
        self.left -= paths.len();
        paths.sort();
        for path in paths {
            if self.cancel.is_cancelled() || self.left == 0 {
                return;
            }
            if path.is_dir() {
                let hidden = path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with('.'));
                // What lies in a model's folder belongs to it, except for adapters that training put there.
                if !hidden && depth < DEEPEST {
                    self.enter(&path, depth + 1);
                }
            } else if is_gguf(&path) && !is_model {
                self.models.push(path);
            }
        }
    }
}

/// Whether a folder holds a model or an adapter.
fn is_model(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    has(peft::SETTINGS_FILE) || (has("config.json") && has_weights(folder))
}

fn has_weights(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            has_extension(&name, "safetensors")
                || (has_extension(&name, "bin") && name.to_ascii_lowercase().contains("model"))
        })
    })
}

/// Whether a file is a model by itself: of one in several parts, the first.
fn is_gguf(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(".gguf") else {
        return false;
    };
    let later_part = stem.rsplit_once("-of-").is_some_and(|(before, count)| {
        let number = before.rsplit('-').next().unwrap_or_default();
        count.parse::<u32>().is_ok() && number.parse::<u32>().is_ok_and(|number| number > 1)
    });
    // Eyes for other models; they write no text.
    !later_part && !stem.starts_with("mmproj")
}
