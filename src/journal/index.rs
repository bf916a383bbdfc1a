//! The list of all runs: a file of lines, each of which puts a run into the list, changes it or takes it out.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Entry;

/// Names the file and its version.
const SCHEMA: &str = "counterpoise.journal/1";
const FILE: &str = "journal.jsonl";
/// Longest file that is read, bytes.
const LARGEST: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Schema(String),
    Put(Box<Entry>),
    Deleted(u64),
}

/// Whether a folder has a list.
pub(super) fn is_in(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Takes the list of a folder away.
pub(super) fn remove(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join(FILE))
}

/// The list in memory, and its file.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    file: File,
    /// Runs by number.
    pub entries: BTreeMap<u64, Entry>,
    lines: usize,
    /// Whether the last line was cut short and is left out.
    pub torn: bool,
}

impl Index {
    /// Opens the list in a folder, or begins one.
    ///
    /// # Errors
    /// What the disk says, or a file that another version of the program wrote.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)?;
        let (entries, lines, torn, broken) = read(&mut file)?;
        let mut index = Self {
            folder: folder.to_owned(),
            file,
            entries,
            lines,
            torn: torn || broken > 0,
        };
        if lines == 0 && !torn {
            index.append(&Line::Schema(SCHEMA.to_owned()))?;
        } else if torn || broken > 0 || index.lines > 2 * index.entries.len() + 64 {
            index.rewrite()?;
        }
        Ok(index)
    }

    /// Puts a run into the list, or changes it there.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put(&mut self, entry: Entry) -> std::io::Result<()> {
        self.append(&Line::Put(Box::new(entry.clone())))?;
        self.entries.insert(entry.id, entry);
        Ok(())
    }

    /// Takes a run out of the list.
    ///
    /// # Errors
    /// What the disk says.
    pub fn delete(&mut self, id: u64) -> std::io::Result<()> {
        self.append(&Line::Deleted(id))?;
        self.entries.remove(&id);
        Ok(())
    }

    fn append(&mut self, line: &Line) -> std::io::Result<()> {
        self.lines += 1;
        self.file.write_all(&bytes(line)?)
    }

    /// Writes the file anew, with one line for each run.
    fn rewrite(&mut self) -> std::io::Result<()> {
        let path = self.folder.join(FILE);
        let mut text = bytes(&Line::Schema(SCHEMA.to_owned()))?;
        for entry in self.entries.values() {
            text.extend(bytes(&Line::Put(Box::new(entry.clone())))?);
        }
        super::files::replace(&path, &text)?;
        self.file = OpenOptions::new().append(true).open(&path)?;
        self.lines = 1 + self.entries.len();
        Ok(())
    }
}

fn bytes(line: &Line) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

type Lines = (BTreeMap<u64, Entry>, usize, bool, usize);

/// The list, how many lines it has, whether the last was cut short, and how many others could not be read.
fn read(file: &mut File) -> std::io::Result<Lines> {
    let (mut entries, mut lines, mut broken) = (BTreeMap::new(), 0, 0);
    let mut reader = BufReader::with_capacity(1 << 18, file.take(LARGEST));
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok((entries, lines, false, broken));
        }
        if line.last() != Some(&b'\n') {
            return Ok((entries, lines, true, broken));
        }
        lines += 1;
        match serde_json::from_slice(&line) {
            Ok(Line::Schema(schema)) if schema == SCHEMA => {}
            Ok(Line::Schema(_)) => {
                return Err(std::io::Error::other(
                    "the journal was written by a newer version of the program",
                ));
            }
            Ok(Line::Put(entry)) => {
                entries.insert(entry.id, *entry);
            }
            Ok(Line::Deleted(id)) => {
                entries.remove(&id);
            }
            Err(_) => broken += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64) -> Entry {
        Entry {
            id,
            prompt: format!("Prompt {id}"),
            text: "Kind words ".repeat(20),
            lineup: "Demo".to_owned(),
            weights: vec![("helpful".to_owned(), 0.5), ("harmless".to_owned(), 1.0)],
            scores: vec![0.123, -0.5],
            strip_of: 1,
            strip: vec![0.125; 32],
            tokens: 80,
            bytes: 300_000,
            open: false,
            pinned: false,
            note: String::new(),
        }
    }

    #[test]
    fn what_was_put_changed_and_deleted_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path()).unwrap();
        for id in 1..=3 {
            index.put(entry(id)).unwrap();
        }
        let starred = Entry {
            pinned: true,
            note: "Good".to_owned(),
            ..entry(2)
        };
        index.put(starred.clone()).unwrap();
        index.delete(3).unwrap();
        let again = Index::open(folder.path()).unwrap();
        assert!(!again.torn);
        assert_eq!(again.entries.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(again.entries[&2], starred);
    }

    #[test]
    fn a_line_that_was_cut_short_is_left_out_and_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path()).unwrap();
        index.put(entry(1)).unwrap();
        index.put(entry(2)).unwrap();
        drop(index);
        let path = folder.path().join(FILE);
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        let again = Index::open(folder.path()).unwrap();
        assert!(again.torn);
        assert_eq!(again.entries.len(), 1);
        let mut third = Index::open(folder.path()).unwrap();
        assert!(!third.torn);
        third.put(entry(5)).unwrap();
        assert_eq!(Index::open(folder.path()).unwrap().entries.len(), 2);
    }

    #[test]
    fn a_file_that_grew_by_changes_is_made_small_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path()).unwrap();
        for _ in 0..200 {
            index.put(entry(1)).unwrap();
        }
        drop(index);
        let size = || std::fs::metadata(folder.path().join(FILE)).unwrap().len();
        let before = size();
        assert_eq!(Index::open(folder.path()).unwrap().entries.len(), 1);
        assert!(size() * 50 < before);
    }

    #[test]
    #[ignore = "a measurement: how long ten thousand runs take to open"]
    fn ten_thousand_runs_open() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path()).unwrap();
        for id in 0..10_000 {
            index.put(entry(id)).unwrap();
        }
        drop(index);
        let began = std::time::Instant::now();
        let again = Index::open(folder.path()).unwrap();
        println!("{} runs in {:?}", again.entries.len(), began.elapsed());
        assert_eq!(again.entries.len(), 10_000);
    }
}
