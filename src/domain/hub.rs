//! Plain words for models on the Hugging Face Hub: what is there, what is here, how far a download is.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Names one request to the hub: a search, a list of files, a download. Events carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HubTask(pub u64);

/// A repository at a branch, tag or commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepoAt {
    /// `owner/name`.
    pub repo: String,
    /// Branch, tag or commit; `main` where a person says nothing.
    pub revision: String,
}

impl RepoAt {
    /// The repository's main branch.
    pub fn main(repo: impl Into<String>) -> Self {
        Self {
            repo: repo.into(),
            revision: "main".to_owned(),
        }
    }

    /// The command that fetches it, as a person types it.
    #[must_use]
    pub fn pull_command(&self) -> String {
        if self.revision == "main" {
            format!("counterpoise models pull {}", self.repo)
        } else {
            format!(
                "counterpoise models pull {} --revision {}",
                self.repo, self.revision
            )
        }
    }
}

/// A repository that a search has found. What the hub does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FoundRepo {
    /// `owner/name`.
    pub repo: String,
    /// Downloads of the last month.
    pub downloads: Option<u64>,
    /// People who like it.
    pub likes: Option<u64>,
    /// Day of the last change, for example `2026-03-01`.
    pub updated: Option<String>,
    /// What it is for, for example `text-generation`.
    pub task: Option<String>,
    /// Short name of its licence, for example `apache-2.0`.
    pub licence: Option<String>,
    /// Whether its owners ask people to accept terms first.
    pub gated: bool,
}

/// A repository and its files, pinned to a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepoInfo {
    /// What was asked for.
    pub at: RepoAt,
    /// The commit that the revision stands for now: 40 hex digits.
    pub commit: String,
    /// Its page for people, where terms are accepted.
    pub page: String,
    /// Short name of its licence.
    pub licence: Option<String>,
    /// Whether its owners ask people to accept terms first.
    pub gated: bool,
    /// Day of the last change.
    pub updated: Option<String>,
    /// Parameters, where the hub has counted them.
    pub parameters: Option<u64>,
    /// All files, by path.
    pub files: Vec<RepoFile>,
}

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepoFile {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hex, of files large enough to have one.
    pub sha256: Option<String>,
    /// Whether a download that names no files takes it: weights once, in the best format there is, and what describes them.
    pub usual: bool,
    /// Whether it is in the local cache already.
    pub here: bool,
}

/// A repository in the local cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalRepo {
    /// `owner/name`.
    pub repo: String,
    /// Its folder in the cache.
    pub folder: PathBuf,
    /// Bytes on disk, each file counted once.
    pub bytes: u64,
    /// Bytes among them of downloads that have not been finished.
    pub partial_bytes: u64,
    /// Its commits.
    pub snapshots: Vec<LocalSnapshot>,
}

/// One commit of a repository in the local cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalSnapshot {
    /// 40 hex digits.
    pub commit: String,
    /// Branches and tags that stand for it here.
    pub revisions: Vec<String>,
    /// The folder that models are read from.
    pub folder: PathBuf,
    /// Its files, by path.
    pub files: Vec<LocalFile>,
    /// Files that it names and does not have: parts of sharded weights, links to nothing. Empty where it can be used.
    pub missing: Vec<String>,
}

/// One file of a local snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalFile {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a download, or one file of it, is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TransferState {
    /// Waits for its turn.
    Queued,
    /// Bytes are coming.
    Downloading,
    /// Connected, and no byte has come for five seconds.
    Stalled,
    /// The connection failed; waits before the next attempt.
    Retrying,
    /// A person stopped it for now.
    Paused,
    /// What has come is read again to see that it is sound.
    Verifying,
    /// All of it is in the cache, and is what the hub said it would be.
    Completed,
    /// It cannot go on.
    Failed,
    /// A person stopped it for good.
    Cancelled,
}

/// How far one file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileProgress {
    /// Path inside the repository.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that are here.
    pub done: u64,
    /// What it is doing.
    pub state: TransferState,
    /// Which attempt this is since bytes came last, from 1.
    pub attempt: u32,
    /// How many attempts without a byte there will be.
    pub attempts: u32,
    /// What went wrong last, in a sentence; none once bytes come again.
    pub problem: Option<String>,
}

/// How far a download is: a whole picture each time, that replaces the one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DownloadProgress {
    /// What is downloaded.
    pub at: RepoAt,
    /// The commit that it is pinned to; empty until the hub has said it.
    pub commit: String,
    /// What it is doing.
    pub state: TransferState,
    /// Size of all its files in bytes.
    pub bytes: u64,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that came over the network in this download.
    pub moved: u64,
    /// Bytes per second, smoothed; 0 while nothing comes.
    pub speed: f64,
    /// Seconds left at this speed; none where nobody can know.
    pub eta_secs: Option<f64>,
    /// Its files.
    pub files: Vec<FileProgress>,
}

/// How this machine speaks to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HubAccess {
    /// The hub's address; `HF_ENDPOINT` changes it.
    pub endpoint: String,
    /// The folder of downloaded repositories; `HF_HUB_CACHE` and `HF_HOME` change it.
    pub cache: PathBuf,
    /// Whether `HF_HUB_OFFLINE` forbids the network.
    pub offline: bool,
    /// Where the token comes from, for example `HF_TOKEN`; none where there is no token. The token itself stays unsaid.
    pub token_from: Option<String>,
    /// The file in which a token is kept.
    pub token_file: PathBuf,
}

/// What would help against a failure, beside the words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// Accept the terms on this page where there are any, and give a token of the person who did.
    Token {
        /// Address of the page.
        page: String,
        /// Whether there are terms to accept; else it is private, if it is there at all.
        gated: bool,
        /// Whether a token was sent, and was not enough.
        with_token: bool,
    },
    /// Make room on the disk.
    Space {
        /// Bytes that are still to come.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Try again: what has come is kept.
    Again,
}

/// A number of bytes for people, in the units of the hub's pages: thousands of bytes are a kB.
#[must_use]
pub fn amount(bytes: u64) -> String {
    let (unit, name) = match bytes {
        1_000_000_000.. => (1e9, "GB"),
        1_000_000.. => (1e6, "MB"),
        1_000.. => (1e3, "kB"),
        _ => return format!("{bytes} bytes"),
    };
    format!("{:.1} {name}", bytes as f64 / unit)
}

/// A person's key to the hub; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as typed, without the space around it.
    ///
    /// # Errors
    /// A sentence where it cannot be a token: it is empty, or has characters that no token has.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("The token is empty".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("A token has letters, digits and signs only, without spaces".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The token, for the one request or file that it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trimmed_checked_and_never_printed() {
        let token = Token::new(" hf_abc\n").unwrap();
        assert_eq!(token.reveal(), "hf_abc");
        assert!(!format!("{token:?}").contains("abc"));
        for wrong in ["", " \n", "two words", "line\nline", "smörgås"] {
            assert!(Token::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_said_in_the_unit_that_fits() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (2_345_678, "2.3 MB"),
            (14_200_000_000, "14.2 GB"),
        ] {
            assert_eq!(amount(bytes), said);
        }
    }

    #[test]
    fn the_command_names_the_revision_where_it_matters() {
        let main = RepoAt::main("owner/name");
        assert_eq!(main.pull_command(), "counterpoise models pull owner/name");
        let tag = RepoAt {
            revision: "v1".to_owned(),
            ..main
        };
        assert!(tag.pull_command().ends_with("owner/name --revision v1"));
    }
}
