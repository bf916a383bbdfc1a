//! A file as named columns, whatever they are: a table (CSV, also with semicolons or tabs) or JSON records.

use std::path::Path;

use serde_json::Value;

use super::answers::read_cells;
use super::{looks_like_records, read_text, sift};
use crate::train::error::TrainError;

/// Most bytes of such a file: far more than the texts of the largest sweep have.
const LARGEST: u64 = 256 << 20;

/// Named columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Their names, without white space at either end; some may be empty.
    pub heads: Vec<String>,
    /// The rows, each with the line (of a JSON array: the element) that it begins at, from 1, and a cell for each column.
    pub rows: Vec<(usize, Vec<String>)>,
    /// Whether numbers may have a comma where others have a point: where commas do not part the cells.
    pub decimal_commas: bool,
}

/// Reads a table whose first line names its columns, or JSON records with the fields of the first ones as columns.
///
/// # Errors
/// A file that is missing, empty, too large or neither, and the first row that does not fit the first line, by its number.
pub fn read_columns(path: &Path) -> Result<Columns, TrainError> {
    let size = std::fs::metadata(path).map(|data| data.len());
    if size.is_ok_and(|size| size > LARGEST) {
        return Err(TrainError::Format {
            path: path.to_owned(),
            expected: "a table",
            reason: format!("it is larger than {} MB", LARGEST >> 20),
        });
    }
    let text = read_text(path)?;
    let columns = if looks_like_records(&text) {
        records(path, &text)?
    } else {
        table(path, &text)?
    };
    if columns.rows.is_empty() {
        return Err(TrainError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(columns)
}

fn table(path: &Path, text: &str) -> Result<Columns, TrainError> {
    let first = text.lines().next().unwrap_or_default();
    // Spreadsheets of some countries part cells by semicolons, and numbers by commas.
    let between = *b",;\t"
        .iter()
        .max_by_key(|sign| {
            let signs = first.bytes().filter(|byte| byte == *sign).count();
            (signs, **sign == b',')
        })
        .unwrap_or(&b',');
    let mut rows = read_cells(text, between);
    let heads: Vec<String> = if rows.is_empty() {
        Vec::new()
    } else {
        let (_, heads) = rows.remove(0);
        heads.iter().map(|head| head.trim().to_owned()).collect()
    };
    if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != heads.len()) {
        return Err(TrainError::BadLine {
            path: path.to_owned(),
            line: *line,
            reason: format!("it has {} cells, the first line {}", row.len(), heads.len()),
            strict: true,
        });
    }
    Ok(Columns {
        heads,
        rows,
        decimal_commas: between != b',',
    })
}

fn records(path: &Path, text: &str) -> Result<Columns, TrainError> {
    let mut heads: Vec<String> = Vec::new();
    let mut sparse = Vec::new();
    let parse = |line: usize, value: &Value| {
        let Value::Object(fields) = value else {
            return Err("not a JSON object".to_owned());
        };
        let mut cells = Vec::new();
        for (name, value) in fields {
            let cell = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                // Lists and objects are no score, and no text.
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            let place = heads.iter().position(|head| head == name.trim());
            let place = place.unwrap_or_else(|| {
                heads.push(name.trim().to_owned());
                heads.len() - 1
            });
            cells.push((place, cell));
        }
        sparse.push((line, cells));
        Ok(())
    };
    sift(path, text, true, parse)?;
    let rows = sparse
        .into_iter()
        .map(|(line, cells)| {
            let mut row = vec![String::new(); heads.len()];
            for (place, cell) in cells {
                row[place] = cell;
            }
            (line, row)
        })
        .collect();
    Ok(Columns {
        heads,
        rows,
        decimal_commas: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Columns, TrainError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("columns");
        std::fs::write(&path, text).unwrap();
        read_columns(&path)
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn tables_are_read_whatever_parts_their_cells() {
        for (text, decimal_commas) in [
            ("\u{feff}key, polite\nt1,0.5\n\nt2,\"a,b\"\n", false),
            ("key;polite\r\nt1;0.5\r\n\r\nt2;\"a,b\"\r\n", true),
            ("key\tpolite\nt1\t0.5\n\nt2\ta,b\n", true),
        ] {
            let found = read(text).unwrap();
            assert_eq!(found.heads, cells(&["key", "polite"]));
            let rows = [(2, cells(&["t1", "0.5"])), (4, cells(&["t2", "a,b"]))];
            assert_eq!(found.rows, rows);
            assert_eq!(found.decimal_commas, decimal_commas);
        }
    }

    #[test]
    fn records_have_a_column_for_each_field() {
        let text =
            "{\"key\": \"t1\", \"polite\": 0.5, \"list\": [1]}\n{\"key\": \"t2\", \"brief\": -2}\n";
        let found = read(text).unwrap();
        assert_eq!(found.heads, cells(&["key", "polite", "brief"]));
        let rows = [
            (1, cells(&["t1", "0.5", ""])),
            (2, cells(&["t2", "", "-2"])),
        ];
        assert_eq!(found.rows, rows);
        let array = read("[{\"key\": \"t1\", \"polite\": 1}]").unwrap();
        assert_eq!(array.rows, [(1, cells(&["t1", "1"]))]);
    }

    #[test]
    fn bad_files_name_their_fault() {
        let told = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            told("key,polite\nt1,0.5\nt2\n"),
            "bad data at line 3: it has 1 cells, the first line 2"
        );
        assert_eq!(told("key,polite\n"), "the data file is empty");
        assert_eq!(told(""), "the data file is empty");
        assert_eq!(
            told("{\"key\": 1}\n[]\n"),
            "bad data at line 2: not a JSON object"
        );
        assert!(read_columns(Path::new("/no/such/file")).is_err());
    }
}
