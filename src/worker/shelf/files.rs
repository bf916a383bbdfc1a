//! Lineups as files: saved ones in the program's own folder, those of others anywhere.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::SavedLineup;
use crate::domain::LineupSource;
use crate::error::Failure;
use crate::model::assemble;
use crate::model::lineup::Lineup;
use crate::model::replace::replace;

/// Longest name of a file that is made of a lineup's name, letters.
const LONGEST_STEM: usize = 60;

/// All lineups in a folder, by name. A folder that does not exist holds none.
pub(super) fn list(folder: &Path) -> Result<Vec<SavedLineup>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let failure = Failure::failed("The folder of saved lineups cannot be read");
            return Err(failure.details(format!("{error}: {}", folder.display())));
        }
    };
    let mut found: Vec<SavedLineup> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml") && path.is_file())
        .map(saved)
        .collect();
    found.sort_by_key(|one| (one.name.to_lowercase(), one.file.clone()));
    Ok(found)
}

fn saved(file: PathBuf) -> SavedLineup {
    let lineup = read(&file);
    let name = match &lineup {
        Ok(lineup) => lineup.name.clone(),
        Err(_) => file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    SavedLineup { file, name, lineup }
}

/// The lineup file that a person means by a path: the file itself, or the one in the folder.
pub(super) fn lineup_at(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        let file = path.join("lineup.toml");
        return file.is_file().then_some(file);
    }
    let toml = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    toml.then(|| path.to_owned())
}

/// A lineup file, with absolute paths.
pub(super) fn read(file: &Path) -> Result<Lineup, Failure> {
    let source = LineupSource::File(file.to_owned());
    let (lineup, home) = assemble::read(&source, crate::demo::embedded())?;
    Ok(lineup.absolute(&home.folder))
}

/// Writes a lineup into the folder of saved ones, over `file` where one is given.
pub(super) fn save(
    folder: &Path,
    file: Option<PathBuf>,
    lineup: &Lineup,
) -> Result<SavedLineup, Failure> {
    let text = lineup.to_toml()?;
    let file = file.unwrap_or_else(|| free_name(folder, &stem(&lineup.name)));
    write(&file, &text)?;
    Ok(saved(file))
}

/// Deletes a saved lineup; what it was comes back.
pub(super) fn delete(file: &Path) -> Result<SavedLineup, Failure> {
    let before = saved(file.to_owned());
    fs::remove_file(file).map_err(|error| {
        Failure::failed("The lineup cannot be deleted")
            .details(format!("{error}: {}", file.display()))
    })?;
    Ok(before)
}

/// Writes a lineup where a person wants it; gives the file that it became.
pub(super) fn export(file: &Path, lineup: &Lineup) -> Result<PathBuf, Failure> {
    let mut file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    if file.is_dir() {
        file = free_name(&file, &stem(&lineup.name));
    } else if file.extension().is_none() {
        file.set_extension("toml");
    }
    let folder = file.parent().unwrap_or(Path::new("/"));
    write(&file, &lineup.relative(folder).to_toml()?)?;
    Ok(file)
}

/// Writes a file beside its place, waits until it is on the disk, then moves it there.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let done =
        fs::create_dir_all(folder).and_then(|()| replace(file, |partial| fs::write(partial, text)));
    done.map_err(|error| {
        Failure::failed("The lineup cannot be written")
            .hint("Choose another folder, or free some space on the disk")
            .details(format!("{error}: {}", file.display()))
    })
}

/// What a lineup of this name is called as a file, without its end.
fn stem(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = name.chars().map(plain).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let stem: String = words.join("-").chars().take(LONGEST_STEM).collect();
    if stem.is_empty() {
        "lineup".to_owned()
    } else {
        stem
    }
}

fn free_name(folder: &Path, stem: &str) -> PathBuf {
    let numbered = |number: u32| match number {
        1 => folder.join(format!("{stem}.toml")),
        number => folder.join(format!("{stem}-{number}.toml")),
    };
    let mut free = (1..u32::MAX).map(numbered).filter(|file| !file.exists());
    free.next().unwrap_or_else(|| numbered(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lineup::{Place, Source};

    fn demo() -> Lineup {
        super::super::ready::lineups().unwrap().remove(0).lineup
    }

    #[test]
    fn what_is_saved_is_listed_renamed_in_place_and_deleted() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("lineups");
        assert_eq!(list(&folder).unwrap(), []);
        let mut lineup = demo();
        lineup.name = "Übung: a/b".to_owned();
        let first = save(&folder, None, &lineup).unwrap();
        assert_eq!(first.file, folder.join("bung-a-b.toml"));
        let second = save(&folder, None, &lineup).unwrap();
        assert_eq!(second.file, folder.join("bung-a-b-2.toml"));
        lineup.name = "Another".to_owned();
        save(&folder, Some(second.file.clone()), &lineup).unwrap();
        let names = |list: Vec<SavedLineup>| -> Vec<String> {
            list.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(names(list(&folder).unwrap()), ["Another", "Übung: a/b"]);
        let gone = delete(&second.file).unwrap();
        assert_eq!(gone.lineup.unwrap(), lineup);
        assert_eq!(names(list(&folder).unwrap()), ["Übung: a/b"]);
        assert!(delete(&second.file).is_err());
    }

    #[test]
    fn a_broken_file_is_listed_with_the_reason() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("odd.toml"), "schema = 9").unwrap();
        fs::write(home.path().join("other.txt"), "").unwrap();
        let found = list(home.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "odd");
        assert!(found[0].lineup.is_err());
    }

    #[test]
    fn an_exported_lineup_names_what_lies_beside_it_by_relative_paths() {
        let home = tempfile::tempdir().unwrap();
        let mut lineup = demo();
        let inside = home.path().join("adapters/mine").display().to_string();
        lineup.objectives[0].source = Source::Adapter(Place::Path(inside.clone()));
        let file = export(&home.path().join("shared"), &lineup).unwrap();
        assert_eq!(file, home.path().join("shared.toml"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("\"adapters/mine\"") && !text.contains(&inside),
            "{text}"
        );
        assert_eq!(read(&file).unwrap(), lineup);
    }
}
