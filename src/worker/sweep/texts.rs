//! A sweep's texts for somebody who scores them, and the key by which their scores find them again.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::SweepRecord;
use crate::record::table::csv_line;

/// Hexadecimal digits of a key: enough to tell far more texts apart than a sweep can have.
const DIGITS: usize = 16;

/// What a file calls a text: `t` and the beginning of the SHA-256 of prompt and text. A letter comes first, so that no
/// spreadsheet takes it for a number. Line ends, and spaces at either end, do not count: programs change them.
#[must_use]
pub fn key(prompt: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [prompt, text] {
        let part = part.trim().replace("\r\n", "\n");
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digits: String = hash
        .finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .take(DIGITS)
        .collect();
    format!("t{digits}")
}

/// Every text once. Its weights are not told: whoever scores it should not know them.
pub(super) fn for_scorer(record: &SweepRecord, path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    let as_lines = extension.eq_ignore_ascii_case("jsonl");
    let mut out = String::new();
    if !as_lines {
        csv_line(&mut out, ["key", "prompt", "response"]);
    }
    let mut told = BTreeSet::new();
    for row in record.in_order() {
        let key = record.key(row);
        if !told.insert(key.clone()) {
            continue;
        }
        let prompt = record.prompts.get(row.prompt);
        let prompt = prompt.map_or("", |prompt| prompt.text.as_str());
        if as_lines {
            let record = json!({"key": key, "prompt": prompt, "response": row.text});
            out.push_str(&record.to_string());
            out.push('\n');
        } else {
            csv_line(&mut out, [key.as_str(), prompt, &row.text]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_prompt_and_text_alone() {
        let known = key("Why?", "Because.");
        // printf '\x04\0\0\0\0\0\0\0Why?\x08\0\0\0\0\0\0\0Because.' | sha256sum
        assert_eq!(known, "t648f14cd31ac4e15");
        assert_eq!(key(" Why?", "Because. \r\n"), known);
        assert_eq!(key("a\r\nb", "c"), key("a\nb", "c"));
        assert_ne!(key("Why?B", "ecause."), known);
        assert_ne!(key("Why?", "because."), known);
    }
}
