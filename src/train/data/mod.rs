//! Data files: preference pairs and text, recognised by their content.
//!
//! A file is a JSON array or JSON Lines (told by the first byte that is not white space), plain or gzip (told by the
//! magic bytes), and `-` is standard input.

mod answers;
mod columns;
mod preferences;
mod text;

pub use answers::{Answered, read_answers, read_table};
pub use columns::{Columns, read_columns};
pub use preferences::{
    Label, Message, Pair, PairPrompt, Preferences, Survey, read_preferences, survey,
};
pub use text::{Document, Documents, read_documents};

use std::io::{BufReader, Read};
use std::path::Path;

use serde_json::Value;

use super::error::TrainError;

/// A line that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1; in a JSON array the number of the element.
    pub line: usize,
    /// What is wrong with it, in a few words.
    pub reason: String,
}

/// Reads a whole file as text: `-` is standard input, gzip is unpacked.
///
/// # Errors
/// A file that is missing, unreadable, empty or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, TrainError> {
    let fail = |source| TrainError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    }
    .map_err(fail)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::bufread::MultiGzDecoder::new(BufReader::new(bytes.as_slice()))
            .read_to_end(&mut plain)
            .map_err(fail)?;
        bytes = plain;
    }
    let text = String::from_utf8(bytes).map_err(|error| TrainError::Format {
        path: path.to_owned(),
        expected: "UTF-8 text",
        reason: error.utf8_error().to_string(),
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.trim().is_empty() {
        return Err(TrainError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// A record's number, and its content or what is wrong with it.
type Record = (usize, Result<Value, String>);

/// The records of a file with their numbers: elements of a JSON array, or lines that each hold one JSON value.
fn records(path: &Path, text: &str) -> Result<Vec<Record>, TrainError> {
    if text.trim_start().starts_with('[') {
        let values: Vec<Value> =
            serde_json::from_str(text).map_err(|error| TrainError::Format {
                path: path.to_owned(),
                expected: "a JSON array",
                reason: error.to_string(),
            })?;
        if values.is_empty() {
            return Err(TrainError::Empty {
                path: path.to_owned(),
            });
        }
        return Ok((1..).zip(values.into_iter().map(Ok)).collect());
    }
    Ok((1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let value = serde_json::from_str(line).map_err(|error| format!("not JSON ({error})"));
            (number, value)
        })
        .collect())
}

/// Sorts records into good and bad; strict reading stops at the first bad one, and all bad is a failure anyway.
fn sift<T>(
    path: &Path,
    text: &str,
    strict: bool,
    mut parse: impl FnMut(usize, &Value) -> Result<T, String>,
) -> Result<(Vec<T>, Vec<BadLine>), TrainError> {
    let fault = |bad: &BadLine, strict| TrainError::BadLine {
        path: path.to_owned(),
        line: bad.line,
        reason: bad.reason.clone(),
        strict,
    };
    let (mut good, mut skipped) = (Vec::new(), Vec::new());
    for (line, value) in records(path, text)? {
        match value.and_then(|value| parse(line, &value)) {
            Ok(item) => good.push(item),
            Err(reason) => {
                let bad = BadLine { line, reason };
                if strict {
                    return Err(fault(&bad, true));
                }
                skipped.push(bad);
            }
        }
    }
    match (good.is_empty(), skipped.first()) {
        (true, Some(first)) => Err(fault(first, false)),
        _ => Ok((good, skipped)),
    }
}

/// Whether a file holds JSON records. A text may begin with a bracket too, so the bracket must be followed by what JSON
/// demands.
fn looks_like_records(text: &str) -> bool {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix('[') {
        return rest.trim_start().starts_with(['{', ']']);
    }
    text.strip_prefix('{')
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// A field that must be a string.
fn string<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    match value.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{field}` is not a string")),
        None => Err(format!("`{field}` is missing")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn gzip_is_read_as_it_is_and_an_empty_file_is_said_to_be_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.txt.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all("grüß dich\n".as_bytes()).unwrap();
        std::fs::write(&path, packed.finish().unwrap()).unwrap();
        assert_eq!(read_text(&path).unwrap(), "grüß dich\n");

        std::fs::write(&path, " \n").unwrap();
        assert!(matches!(read_text(&path), Err(TrainError::Empty { .. })));
        let missing = read_text(&dir.path().join("nowhere"));
        assert!(matches!(missing, Err(TrainError::Read { .. })));
    }

    #[test]
    fn a_broken_gzip_file_is_a_read_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cut.gz");
        std::fs::write(&path, [0x1f, 0x8b, 8, 0, 1]).unwrap();
        assert!(matches!(read_text(&path), Err(TrainError::Read { .. })));
    }
}
