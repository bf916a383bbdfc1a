//! The history of runs on the disk: an index with a line for each run, and a file for each run that grows word by word.
//!
//! Both are only ever appended to, line by line and without a buffer of our own: what a killed program had told the
//! journal is on the disk, and a last line that was cut short is left out and said. [`desk`] is the thread that writes. One
//! program writes to a folder at a time; a second one keeps what it writes beside, for the next to take in.

#![deny(clippy::wildcard_enum_match_arm)]

mod beside;
pub mod blob;
pub mod desk;
pub mod files;
pub mod index;
mod kept;
pub mod orders;
mod summary;

use serde::{Deserialize, Serialize};

/// Parts of a text that a strip shows at most.
const STRIP: usize = 32;
/// Characters of a text that the index keeps, for the list and its search.
const SHOWN: usize = 400;

/// One run in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: when it began, milliseconds since 1970.
    pub id: u64,
    /// The prompt.
    pub prompt: String,
    /// The beginning of the guided text.
    #[serde(default)]
    pub text: String,
    /// Name of the models.
    pub lineup: String,
    /// Objectives with their weights.
    pub weights: Vec<(String, f64)>,
    /// Mean advantage per token of the guided text for each objective, nats.
    #[serde(default)]
    pub scores: Vec<f64>,
    /// Which objective the strip shows: the one that weighed most.
    #[serde(default)]
    pub strip_of: usize,
    /// Mean advantage of each part of the guided text, nats.
    #[serde(default)]
    pub strip: Vec<f32>,
    /// Tokens of the guided text.
    #[serde(default)]
    pub tokens: usize,
    /// Bytes on the disk.
    #[serde(default)]
    pub bytes: u64,
    /// Whether it is being written, or was when the program ended.
    #[serde(default)]
    pub open: bool,
    /// Whether it is never pruned.
    #[serde(default)]
    pub pinned: bool,
    /// What a person noted.
    #[serde(default)]
    pub note: String,
}

impl Entry {
    /// Seconds since 1970.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.id / 1000
    }

    /// Whether all these words are in its prompt, text or note; `words` in lower case.
    #[must_use]
    pub fn has(&self, words: &[String]) -> bool {
        let fits = |text: &str| {
            let text = text.to_lowercase();
            move |word: &String| text.contains(word.as_str())
        };
        if words.is_empty() {
            return true;
        }
        let (prompt, text, note) = (fits(&self.prompt), fits(&self.text), fits(&self.note));
        words
            .iter()
            .all(|word| prompt(word) || text(word) || note(word))
    }
}

/// Seconds since 1970 in UTC.
#[must_use]
pub fn now_secs() -> u64 {
    now_millis() / 1000
}

/// The same in thousandths.
fn now_millis() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Means of at most [`STRIP`] parts of equal length.
fn strip(values: &[f64]) -> Vec<f32> {
    let parts = values.len().min(STRIP);
    (0..parts)
        .map(|part| {
            let part = &values[part * values.len() / parts..(part + 1) * values.len() / parts];
            rounded(part.iter().sum::<f64>() / part.len() as f64) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_is_as_long_as_its_text_or_shows_means_of_parts() {
        assert_eq!(strip(&[1.0, -1.0]), [1.0, -1.0]);
        let long: Vec<f64> = (0..64).map(f64::from).collect();
        let means = strip(&long);
        assert_eq!(means.len(), STRIP);
        assert_eq!((means[0], means[31]), (0.5, 62.5));
    }
}
