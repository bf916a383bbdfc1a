//! Results as tables and documents for other programs.

use std::path::Path;

use crate::error::Failure;

/// What results are kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A table of lines.
    Csv,
    /// A document with everything.
    Json,
}

impl Kind {
    /// What a file of this name holds.
    ///
    /// # Errors
    /// A name that ends in neither `.csv` nor `.json`.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(Failure::usage("Results are kept as .csv or .json")
                .hint("Give the file a name with one of these endings")
                .details(path.display().to_string())),
        }
    }
}

/// Adds a line to a table (RFC 4180). Cells are quoted where they must be, and where they begin or end with a space, of
/// which programs make different things.
pub fn csv_line<C: AsRef<str>>(out: &mut String, cells: impl IntoIterator<Item = C>) {
    for (index, cell) in cells.into_iter().enumerate() {
        let cell = cell.as_ref();
        if index > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut out = String::new();
        csv_line(&mut out, ["kind", " a \"b\",\n", "mean reward", ""]);
        csv_line(&mut out, ["1,5"]);
        assert_eq!(out, "kind,\" a \"\"b\"\",\n\",mean reward,\r\n\"1,5\"\r\n");
    }

    #[test]
    fn the_name_of_a_file_says_what_it_holds() {
        assert_eq!(Kind::of(Path::new("a.JSON")).unwrap(), Kind::Json);
        assert_eq!(Kind::of(Path::new("a/b.csv")).unwrap(), Kind::Csv);
        assert!(Kind::of(Path::new("csv")).is_err());
    }
}
