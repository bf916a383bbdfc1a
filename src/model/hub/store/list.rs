//! What is in the cache, as far as it can be used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::{PARTIAL, Store};
use crate::domain::hub::{LocalFile, LocalRepo, LocalSnapshot};
use crate::model::folder::has_extension;
use crate::model::folder::stays_inside;
use crate::model::hub::error::HubError;

/// Deepest folder inside a repository that is looked into.
const DEEPEST: usize = 8;

/// Largest list of weight files that is read; those of the largest models have a few MB.
const LONGEST_INDEX: u64 = 64 << 20;

impl Store {
    /// Every model repository in the cache, by name. A cache that does not exist is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<LocalRepo>, HubError> {
        let entries = match fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(HubError::system("the cache", "read", self.folder(), error));
            }
        };
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let mut repos: Vec<LocalRepo> = names
            .filter_map(|name| {
                let repo = name.strip_prefix("models--")?.replacen("--", "/", 1);
                let place = self.repo(&repo).ok()?;
                place
                    .folder()
                    .is_dir()
                    .then(|| repo_at(&repo, place.folder()))
            })
            .collect();
        repos.sort_by(|a, b| a.repo.cmp(&b.repo));
        Ok(repos)
    }
}

fn repo_at(repo: &str, folder: &Path) -> LocalRepo {
    let mut revisions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let refs = folder.join("refs");
    for path in files_in(&refs) {
        if let Ok(commit) = fs::read_to_string(refs.join(&path)) {
            let commit = commit.trim().to_owned();
            revisions.entry(commit).or_default().push(path);
        }
    }
    let mut snapshots: Vec<LocalSnapshot> = fs::read_dir(folder.join("snapshots"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|commit| {
            let revisions = revisions.remove(&commit).unwrap_or_default();
            snapshot_at(folder, commit, revisions)
        })
        .collect();
    snapshots.sort_by(|a, b| {
        (a.revisions.is_empty(), &a.commit).cmp(&(b.revisions.is_empty(), &b.commit))
    });
    let blobs = folder.join("blobs");
    let partial_bytes = files_in(&blobs)
        .iter()
        .filter(|name| name.ends_with(PARTIAL) || name.ends_with(".incomplete"))
        .filter_map(|name| fs::metadata(blobs.join(name)).ok())
        .map(|about| about.len())
        .sum();
    LocalRepo {
        repo: repo.to_owned(),
        folder: folder.to_owned(),
        // Where links are not possible, the bytes lie in the snapshots.
        bytes: bytes_in(&blobs) + bytes_in(&folder.join("snapshots")),
        partial_bytes,
        snapshots,
    }
}

pub(super) fn snapshot_at(repo: &Path, commit: String, revisions: Vec<String>) -> LocalSnapshot {
    let folder = repo.join("snapshots").join(&commit);
    let mut files = Vec::new();
    let mut missing = BTreeSet::new();
    for path in files_in(&folder) {
        // A link to nothing has no size.
        match fs::metadata(folder.join(&path)) {
            Ok(about) => files.push(LocalFile {
                path,
                bytes: about.len(),
            }),
            Err(_) => {
                missing.insert(path);
            }
        }
    }
    let there: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for index in [
        "model.safetensors.index.json",
        "pytorch_model.bin.index.json",
    ] {
        if there.contains(index) {
            let shards = shards(&folder.join(index));
            missing.extend(
                shards
                    .into_iter()
                    .filter(|shard| !there.contains(shard.as_str())),
            );
        }
    }
    // A repository may have both formats, of which one is enough.
    let safe = |name: &str| has_extension(name, "safetensors");
    if there.iter().any(|name| safe(name)) && !missing.iter().any(|name| safe(name)) {
        missing.retain(|name| !has_extension(name, "bin"));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    LocalSnapshot {
        commit,
        revisions,
        folder,
        files,
        missing: missing.into_iter().collect(),
    }
}

/// The weight files that a list of weights names.
fn shards(index: &Path) -> BTreeSet<String> {
    let sane = fs::metadata(index).is_ok_and(|about| about.len() <= LONGEST_INDEX);
    let text = if sane { fs::read(index).ok() } else { None };
    let value: Value = text
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    value["weight_map"]
        .as_object()
        .into_iter()
        .flat_map(|map| map.values())
        .filter_map(Value::as_str)
        .filter(|name| stays_inside(name))
        .map(str::to_owned)
        .collect()
}

/// Paths of all files and links in a folder, seen from it, with `/`.
fn files_in(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    walk(folder, "", DEEPEST, &mut files);
    files
}

fn walk(folder: &Path, before: &str, depth: usize, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
            continue;
        };
        let path = format!("{before}{name}");
        if !kind.is_dir() {
            files.push(path);
        } else if depth > 0 {
            walk(&entry.path(), &format!("{path}/"), depth - 1, files);
        }
    }
}

/// Bytes of the files in a folder; links count nothing.
pub(super) fn bytes_in(folder: &Path) -> u64 {
    files_in(folder)
        .iter()
        .filter_map(|path| fs::symlink_metadata(folder.join(path)).ok())
        .filter(fs::Metadata::is_file)
        .map(|about| about.len())
        .sum()
}
