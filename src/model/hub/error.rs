//! What can go wrong between the hub and the cache.

mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::words::locked;
use super::access::Access;
use crate::domain::hub::{Remedy, RepoAt, amount};

/// Why the hub or the cache did not do what was wanted.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The request itself is wrong.
    #[error("{0}")]
    Usage(String),
    /// The files must be named.
    #[error("{repo} holds several models: choose a file")]
    Choose {
        /// Which repository.
        repo: String,
        /// What can be chosen.
        files: Vec<String>,
    },
    /// The system does not say where a person's files are.
    #[error("The system names no home folder, so there is no place for models")]
    NoHome,
    /// The network is forbidden.
    #[error("HF_HUB_OFFLINE forbids the network")]
    Offline,
    /// A repository that is not in the cache.
    #[error("{0} is not in the local cache")]
    NotHere(String),
    /// The hub knows no such thing.
    #[error("There is no {what} on the hub")]
    NotThere {
        /// For example `repository o/n`.
        what: String,
    },
    /// The hub shows it to some people only.
    #[error("{}", locked(repo, *with_token, *gated))]
    Locked {
        /// Which repository.
        repo: String,
        /// Its page for people.
        page: String,
        /// Whether a token was sent.
        with_token: bool,
        /// Whether there are terms to accept.
        gated: bool,
        /// What the hub said.
        details: String,
    },
    /// No connection, or one that broke.
    #[error("{host} {why}")]
    Unreachable {
        /// The server.
        host: String,
        /// The rest of the sentence.
        why: &'static str,
        /// The network's own words.
        details: String,
    },
    /// The hub cannot do it now.
    #[error("{host} is busy or out of order")]
    Busy {
        /// The server.
        host: String,
        /// How long it asks to wait.
        wait: Option<Duration>,
        /// What it said.
        details: String,
    },
    /// An answer that makes no sense.
    #[error("{host} sends {what}")]
    Strange {
        /// The server.
        host: String,
        /// For example `a list that cannot be read`.
        what: String,
        /// More of it.
        details: String,
    },
    /// The bytes are not those that the hub promised.
    #[error("{path} arrived damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// For example `its SHA-256 differs`.
        why: &'static str,
        /// Expected and found.
        details: String,
    },
    /// The disk is too small.
    #[error("The disk is full: {} are needed and {} are free", amount(*needed), amount(*free))]
    Space {
        /// Bytes that are still to come.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// Where.
        folder: PathBuf,
    },
    /// The system refused to read or write.
    #[error("{what} could not be {done}")]
    System {
        /// For example `the token file`.
        what: String,
        /// `read`, `written` or `removed`.
        done: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl HubError {
    /// A file that could not be `done` (read, written, removed).
    pub fn system(
        what: impl Into<String>,
        done: &'static str,
        path: &Path,
        source: io::Error,
    ) -> Self {
        Self::System {
            what: what.into(),
            done,
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn not_there(what: &str) -> Self {
        Self::NotThere {
            what: what.to_owned(),
        }
    }

    /// Names what the hub was asked for, where it refused it.
    pub(super) fn about(self, access: &Access, at: &RepoAt, path: Option<&str>) -> Self {
        let repo = &at.repo;
        match self {
            Self::NotThere { what } => Self::NotThere {
                what: match (what.as_str(), path) {
                    ("such revision", _) => format!("revision {} of {repo}", at.revision),
                    ("such file", Some(path)) => format!("file {path} in {repo}"),
                    _ => format!("repository {repo}"),
                },
            },
            Self::Locked {
                with_token,
                gated,
                details,
                ..
            } => Self::Locked {
                repo: repo.clone(),
                page: access.page(repo),
                with_token,
                gated,
                details,
            },
            other => other,
        }
    }

    /// Whether another attempt may do better.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Busy { .. }
                | Self::Strange { .. }
                | Self::Damaged { .. }
        )
    }

    /// How long the hub asks to wait before the next attempt.
    #[must_use]
    pub const fn asked_wait(&self) -> Option<Duration> {
        if let Self::Busy { wait, .. } = self {
            *wait
        } else {
            None
        }
    }

    /// Whether the other files of a download will meet the same.
    #[must_use]
    pub const fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. } | Self::Space { .. } | Self::System { .. } | Self::Offline
        )
    }

    /// What a button can offer.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Locked {
                page,
                gated,
                with_token,
                ..
            } => Some(Remedy::Token {
                page: page.clone(),
                gated: *gated,
                with_token: *with_token,
            }),
            Self::Space { needed, free, .. } => Some(Remedy::Space {
                needed: *needed,
                free: *free,
            }),
            Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::Strange { .. }
            | Self::Damaged { .. } => Some(Remedy::Again),
            Self::Cancelled
            | Self::Usage(_)
            | Self::Choose { .. }
            | Self::NoHome
            | Self::Offline
            | Self::NotHere(_)
            | Self::NotThere { .. }
            | Self::System { .. } => None,
        }
    }
}
