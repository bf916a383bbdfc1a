//! What the hub says of a file's bytes: SHA-256 of large files, git's SHA-1 of small ones.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::model::load::hex;

/// A hash that a file must have; it is its name in the cache too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// SHA-256 of the bytes, lower-case hex.
    Sha256(String),
    /// SHA-1 as git computes it, over a header with the length and the bytes, lower-case hex.
    Git(String),
}

impl Checksum {
    /// Reads an `ETag`, or a hash by itself; the length tells which it is. Anything else is no hash.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        let hex = text.to_ascii_lowercase();
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match hex.len() {
            64 => Some(Self::Sha256(hex)),
            40 => Some(Self::Git(hex)),
            _ => None,
        }
    }

    /// The hash in hex.
    #[must_use]
    pub fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::Git(hex) => hex,
        }
    }

    /// SHA-256, where it is that.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        match self {
            Self::Sha256(hex) => Some(hex),
            Self::Git(_) => None,
        }
    }

    /// Begins to compute the same kind of hash for a file of so many bytes.
    #[must_use]
    pub fn begin(&self, bytes: u64) -> Running {
        match self {
            Self::Sha256(_) => Running::Sha256(Sha256::new()),
            Self::Git(_) => {
                let mut sha1 = Sha1::new();
                sha1.update(format!("blob {bytes}\0"));
                Running::Git(sha1)
            }
        }
    }
}

/// A hash of the bytes so far.
#[derive(Debug, Clone)]
pub enum Running {
    /// Of [`Checksum::Sha256`].
    Sha256(Sha256),
    /// Of [`Checksum::Git`].
    Git(Sha1),
}

impl Running {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
        }
    }

    /// The hash of all bytes, in hex.
    #[must_use]
    pub fn hex(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Git(hash) => hex(&hash.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `git hash-object` says of a file with `hello\n`.
    const GIT: &str = "ce013625030ba8dba906f756967f9e9ca394464a";
    /// As `sha256sum` says of it.
    const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    #[test]
    fn hashes_are_those_of_git_and_sha256sum() {
        for hex in [GIT, SHA256] {
            let mut running = Checksum::parse(hex).unwrap().begin(6);
            running.update(b"hel");
            running.update(b"lo\n");
            assert_eq!(running.hex(), hex);
        }
    }

    #[test]
    fn an_etag_is_told_by_its_length() {
        let git = Checksum::Git(GIT.to_owned());
        assert_eq!(Checksum::parse(&format!("W/\"{GIT}\"")), Some(git));
        let sha256 = Checksum::parse(&format!("\"{}\"", SHA256.to_uppercase())).unwrap();
        assert_eq!(sha256.sha256(), Some(SHA256));
        for strange in [
            "",
            "\"abc-12\"",
            "../../etc/passwd",
            &GIT[1..],
            &"g".repeat(40),
        ] {
            assert_eq!(Checksum::parse(strange), None, "{strange}");
        }
    }
}
