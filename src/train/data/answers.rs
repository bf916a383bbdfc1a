//! Prompts with answers to be scored: a table (CSV) with a column for each, or JSON records.

use std::path::Path;

use csv_core::ReadFieldResult;
use serde_json::Value;

use super::{looks_like_records, read_text, sift, string};
use crate::train::error::TrainError;

/// A prompt with an answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Where it begins in its file, from 1; in a JSON array the number of the element.
    pub line: usize,
    /// What was asked.
    pub prompt: String,
    /// What was answered.
    pub response: String,
}

/// Names of the answers' column or field, the first that is there.
const RESPONSE: [&str; 2] = ["response", "answer"];

/// Reads pairs of `prompt` and `response` (or `answer`): the columns of a table whose first line names them, or the fields
/// of JSON records. Other columns and fields are passed over.
///
/// # Errors
/// A file that is missing, empty or no such table, and the first bad line, by its number.
pub fn read_answers(path: &Path) -> Result<Vec<Answered>, TrainError> {
    let text = read_text(path)?;
    if looks_like_records(&text) {
        let parse = |line, value: &Value| {
            if !value.is_object() {
                return Err("not a JSON object".to_owned());
            }
            let field = RESPONSE.into_iter().find(|name| value.get(name).is_some());
            Ok(Answered {
                line,
                prompt: string(value, "prompt")?.to_owned(),
                response: string(value, field.unwrap_or(RESPONSE[0]))?.to_owned(),
            })
        };
        return Ok(sift(path, &text, true, parse)?.0);
    }
    table(path, &text)
}

fn table(path: &Path, text: &str) -> Result<Vec<Answered>, TrainError> {
    let bad = |line, reason: String| TrainError::BadLine {
        path: path.to_owned(),
        line,
        reason,
        strict: true,
    };
    let mut rows = read_table(text).into_iter();
    let (first, heads) = rows.next().unwrap_or_default();
    let column = |names: &[&str]| {
        let at = |name: &str| {
            let mut heads = heads.iter();
            heads.position(|head| head.trim().eq_ignore_ascii_case(name))
        };
        names.iter().find_map(|name| at(name)).ok_or_else(|| {
            let heads: Vec<&str> = heads.iter().map(|head| head.trim()).collect();
            let reason = format!(
                "there is no column `{}`; its columns are: {}",
                names[0],
                heads.join(", ")
            );
            bad(first, reason)
        })
    };
    let (prompts, responses) = (column(&["prompt"])?, column(&RESPONSE)?);
    let mut pairs = Vec::new();
    for (line, mut row) in rows {
        if row.len() != heads.len() {
            let reason = format!("it has {} cells, the first line {}", row.len(), heads.len());
            return Err(bad(line, reason));
        }
        pairs.push(Answered {
            line,
            prompt: std::mem::take(&mut row[prompts]),
            response: std::mem::take(&mut row[responses]),
        });
    }
    if pairs.is_empty() {
        return Err(TrainError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(pairs)
}

/// The rows of a table (CSV, RFC 4180), each with the line that it begins at, from 1. Empty lines are passed over.
#[must_use]
pub fn read_table(text: &str) -> Vec<(usize, Vec<String>)> {
    read_cells(text, b',')
}

/// The same with another sign between cells.
pub(super) fn read_cells(text: &str, between: u8) -> Vec<(usize, Vec<String>)> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(between).build();
    let mut rest = text.as_bytes();
    let mut line = 1;
    let mut rows = Vec::new();
    // No cell is longer than the table.
    let mut cell = vec![0; rest.len()];
    loop {
        // A row begins behind the ends of those before it.
        while let Some((&end @ (b'\r' | b'\n'), behind)) = rest.split_first() {
            line += usize::from(end == b'\n');
            rest = behind;
        }
        if rest.is_empty() {
            return rows;
        }
        let (begins, mut cells, mut filled) = (line, Vec::new(), 0);
        loop {
            let (read, used, written) = reader.read_field(rest, &mut cell[filled..]);
            line += newlines(&rest[..used]);
            rest = &rest[used..];
            filled += written;
            match read {
                // Without any more input, the next call ends the cell.
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::End => break,
                ReadFieldResult::Field { record_end } => {
                    // What is cut out of UTF-8 at quotes and commas is UTF-8.
                    cells.push(String::from_utf8_lossy(&cell[..filled]).into_owned());
                    filled = 0;
                    if record_end {
                        break;
                    }
                }
            }
        }
        rows.push((begins, cells));
    }
}

/// How many lines end in this.
fn newlines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Answered>, TrainError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pairs");
        std::fs::write(&path, text).unwrap();
        read_answers(&path)
    }

    fn pair(line: usize, prompt: &str, response: &str) -> Answered {
        Answered {
            line,
            prompt: prompt.to_owned(),
            response: response.to_owned(),
        }
    }

    #[test]
    fn a_table_with_quotes_and_line_breaks_is_read() {
        let text = "id,Prompt,answer\r\n1,\"Why, oh why?\",\"Because of\nthis\"\r\n2,How?,\"Say \"\"no\"\"\"\r\n";
        assert_eq!(
            read(text).unwrap(),
            [
                pair(2, "Why, oh why?", "Because of\nthis"),
                pair(4, "How?", "Say \"no\"")
            ]
        );
    }

    #[test]
    fn rows_are_counted_by_their_lines() {
        let told = |text| -> Vec<(usize, String)> {
            let rows = read_table(text).into_iter();
            rows.map(|(line, cells)| (line, cells.join("|"))).collect()
        };
        let row = |line, cells: &str| (line, cells.to_owned());
        let rows = [row(1, "a|b"), row(3, "c\nd|"), row(5, "|\u{e9}\"")];
        assert_eq!(told("a,b\n\n\"c\nd\",\n,\"\u{e9}\"\"\"\n"), rows);
        assert_eq!(told("a,b\r\n\r\n\"c\nd\",\r\n,\"\u{e9}\"\"\""), rows);
        // A quotation mark that is never closed reaches to the end.
        assert_eq!(told("a\n\"b,c\n"), [row(1, "a"), row(2, "b,c\n")]);
        assert_eq!(told(""), []);
    }

    #[test]
    fn records_are_read_with_either_name() {
        let text = "{\"prompt\": \"a\", \"response\": \"b\", \"n\": 1}\n\n{\"prompt\": \"c\", \"answer\": \"d\"}\n";
        assert_eq!(read(text).unwrap(), [pair(1, "a", "b"), pair(3, "c", "d")]);
    }

    #[test]
    fn faults_name_their_line() {
        let told = |text| match read(text) {
            Err(TrainError::BadLine { line, reason, .. }) => (line, reason),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            told("prompt,response\na,b\nc\n"),
            (3, "it has 1 cells, the first line 2".to_owned())
        );
        assert_eq!(
            told("question,response\na,b\n"),
            (
                1,
                "there is no column `prompt`; its columns are: question, response".to_owned()
            )
        );
        assert_eq!(
            told("{\"prompt\": \"a\", \"response\": \"b\"}\n{\"prompt\": \"a\"}\n"),
            (2, "`response` is missing".to_owned())
        );
        assert!(
            told("{\"prompt\": \"a\", \"response\": \"b\"}\nx\n")
                .1
                .starts_with("not JSON")
        );
        assert!(matches!(
            read("prompt,response\n"),
            Err(TrainError::Empty { .. })
        ));
    }
}
