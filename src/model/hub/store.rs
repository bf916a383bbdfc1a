//! The cache of downloaded repositories, in the layout that Python's tools share: what is in it, and where things go.
//!
//! `models--owner--name/blobs/HASH` holds the bytes, `snapshots/COMMIT/path` are links to them, `refs/REVISION` holds a
//! commit.

mod list;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hf_hub::Repo;

use super::access::Places;
use super::error::HubError;
use crate::domain::hub::LocalSnapshot;
use crate::model::folder::stays_inside;

/// What the name of our own unfinished files ends with, behind the hash that they will have.
const PARTIAL: &str = ".counterpoise";

/// The folder of downloaded repositories.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The cache in this folder, which need not exist yet.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The cache of this machine, as the environment names it.
    ///
    /// # Errors
    /// The system names no home folder.
    pub fn from_env() -> Result<Self, HubError> {
        let variable = |name: &str| std::env::var_os(name);
        let places = Places::read(std::env::home_dir().as_deref(), variable);
        places.map(|places| Self::new(places.cache))
    }

    /// Where the cache is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A repository's place, whether or not anything is there.
    ///
    /// # Errors
    /// A name that is none.
    pub fn repo(&self, repo: &str) -> Result<RepoFolder, HubError> {
        check_repo(repo)?;
        let name = Repo::model(repo.to_owned()).folder_name();
        Ok(RepoFolder {
            folder: self.folder.join(&name),
            locks: self.folder.join(".locks").join(name),
        })
    }

    /// Deletes a repository, unfinished files and all; gives the bytes that were in it.
    ///
    /// # Errors
    /// It is not there, or cannot be deleted.
    pub fn remove(&self, repo: &str) -> Result<u64, HubError> {
        let place = self.repo(repo)?;
        if !place.folder.is_dir() {
            return Err(HubError::NotHere(repo.to_owned()));
        }
        let bytes = list::bytes_in(&place.folder.join("blobs"))
            + list::bytes_in(&place.folder.join("snapshots"));
        let removed = |folder: &Path| {
            fs::remove_dir_all(folder).map_err(|error| {
                HubError::system(format!("{repo} in the cache"), "removed", folder, error)
            })
        };
        removed(&place.folder)?;
        if place.locks.is_dir() {
            removed(&place.locks)?;
        }
        Ok(bytes)
    }
}

/// A repository's place in the cache.
#[derive(Debug, Clone)]
pub struct RepoFolder {
    folder: PathBuf,
    locks: PathBuf,
}

impl RepoFolder {
    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The commit that a branch or tag stands for here; a commit stands for itself.
    #[must_use]
    pub fn commit(&self, revision: &str) -> Option<String> {
        if !stays_inside(revision) {
            return None;
        }
        let commit = fs::read_to_string(self.folder.join("refs").join(revision))
            .map_or_else(|_| revision.to_owned(), |text| text.trim().to_owned());
        stays_inside(&commit).then_some(commit)
    }

    /// What is here of a revision, where anything is.
    #[must_use]
    pub fn look(&self, revision: &str) -> Option<LocalSnapshot> {
        let commit = self.commit(revision)?;
        let there = self.snapshot_of(&commit).is_dir();
        there.then(|| list::snapshot_at(&self.folder, commit, vec![revision.to_owned()]))
    }

    /// The folder of a commit's files.
    #[must_use]
    pub fn snapshot_of(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where the bytes of this hash are kept.
    #[must_use]
    pub fn blob(&self, hash: &str) -> PathBuf {
        self.folder.join("blobs").join(hash)
    }

    /// Where bytes wait until they are all there.
    #[must_use]
    pub fn partial(&self, hash: &str) -> PathBuf {
        self.folder.join("blobs").join(format!("{hash}{PARTIAL}"))
    }

    /// The lock that every program takes while it writes these bytes.
    #[must_use]
    pub fn lock(&self, hash: &str) -> PathBuf {
        self.locks.join(format!("{hash}.lock"))
    }

    /// Has a path of a commit mean the bytes of this hash: a relative link, so that the cache can be moved.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn link(&self, commit: &str, path: &str, hash: &str) -> Result<(), HubError> {
        let link = self.snapshot_of(commit).join(path);
        let up = "../".repeat(2 + path.matches('/').count());
        let target = format!("{up}blobs/{hash}");
        if fs::read_link(&link).is_ok_and(|there| there == Path::new(&target)) {
            return Ok(());
        }
        let folder = link.parent().unwrap_or(&self.folder);
        let make = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let temporary = tempfile::Builder::new().make_in(folder, |new| {
                make_link(Path::new(&target), &self.blob(hash), new)
            })?;
            temporary.into_temp_path().persist(&link)?;
            Ok(())
        };
        make().map_err(|error| HubError::system(format!("the file {path}"), "linked", &link, error))
    }

    /// Has a revision stand for a commit.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn set_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if revision == commit || !stays_inside(revision) {
            return Ok(());
        }
        let file = self.folder.join("refs").join(revision);
        let folder = file.parent().unwrap_or(&self.folder);
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut temporary = shared_file(&self.folder)?;
            temporary.write_all(commit.as_bytes())?;
            temporary.as_file().sync_all()?;
            temporary.persist(&file).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| HubError::system("the name of a revision", "written", &file, error))
    }
}

#[cfg(unix)]
fn make_link(target: &Path, _: &Path, new: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, new)
}

/// Without the right to make links, the bytes get a second name; where the disk knows none, a copy.
#[cfg(windows)]
fn make_link(target: &Path, bytes: &Path, new: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target, new)
        .or_else(|_| fs::hard_link(bytes, new))
        .or_else(|_| fs::copy(bytes, new).map(|_| ()))
}

/// A temporary file that everybody may read who may read what is beside it; those for secrets are for their owner only.
fn shared_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away what the person's mask forbids.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Demands `owner/name`, or the bare name that old repositories have.
pub(super) fn check_repo(repo: &str) -> Result<(), HubError> {
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let sound = |part: &str| {
        !part.is_empty() && part.chars().all(letters) && !part.trim_matches('.').is_empty()
    };
    let parts: Vec<&str> = repo.split('/').collect();
    if parts.len() <= 2 && parts.into_iter().all(sound) && !repo.contains("--") {
        Ok(())
    } else {
        Err(HubError::Usage(format!(
            "\"{repo}\" is no repository: write it as owner/name"
        )))
    }
}

#[cfg(test)]
mod tests;
