//! A folder of model files: a directory on disk, or files inside the program.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};

use memmap2::Mmap;

use super::error::ModelError;

/// Largest file other than weights that is read: tokenizers of 256,000 tokens stay below 40 MB.
const MOST_BYTES: u64 = 256 << 20;

/// Names and bytes of files inside the program, with `/` between folders.
pub type EmbeddedFiles = &'static [(&'static str, &'static [u8])];

/// A folder of model files.
#[derive(Debug, Clone)]
pub enum Folder {
    /// On disk.
    Directory(PathBuf),
    /// Inside the program.
    Embedded {
        /// Every embedded file.
        files: EmbeddedFiles,
        /// This folder's path among them, without a slash at the end; empty for the top.
        path: String,
    },
}

/// The bytes of a weight file.
#[derive(Debug)]
pub enum Mapped {
    /// Read from disk as they are needed.
    File(Mmap),
    /// Inside the program.
    Static(&'static [u8]),
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::File(map) => map,
            Self::Static(bytes) => bytes,
        }
    }
}

impl Folder {
    /// Where the folder is, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Embedded { .. } => "built-in".to_owned(),
        }
    }

    /// What people call what is in it: its own name, or that of the repository which it is a download of.
    #[must_use]
    pub fn name(&self) -> String {
        let path = match self {
            Self::Embedded { path, .. } => {
                return path.rsplit('/').next().unwrap_or_default().to_owned();
            }
            Self::Directory(path) => std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
        };
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        // The Hugging Face cache: models--owner--name/snapshots/commit.
        if let [.., repo, "snapshots", _] = parts.as_slice()
            && let Some(repo) = repo.strip_prefix("models--")
        {
            return repo.replace("--", "/");
        }
        parts
            .last()
            .map_or_else(|| self.describe(), |name| (*name).to_owned())
    }

    /// The same for all ways to name this folder.
    #[must_use]
    pub(super) fn key(&self) -> String {
        match self {
            Self::Directory(path) => std::fs::canonicalize(path)
                .unwrap_or_else(|_| path.clone())
                .display()
                .to_string(),
            Self::Embedded { path, .. } => format!("built-in:{path}"),
        }
    }

    /// The folder at `path` seen from this one; an absolute path stands for itself.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        match self {
            Self::Directory(here) => Self::Directory(here.join(path)),
            Self::Embedded { .. } if Path::new(path).is_absolute() => Self::Directory(path.into()),
            Self::Embedded { files, .. } => Self::Embedded {
                files,
                path: self.embedded_name(path),
            },
        }
    }

    /// Checks that the folder is there.
    ///
    /// # Errors
    /// No folder of this name; `role` says whose it is, for example `the base model`.
    pub fn check(&self, role: &str) -> Result<(), ModelError> {
        let there = match self {
            Self::Directory(path) => path.is_dir(),
            Self::Embedded { files, path } => files
                .iter()
                .any(|(name, _)| name.strip_prefix(path).is_some_and(|r| r.starts_with('/'))),
        };
        if there {
            return Ok(());
        }
        if let Self::Directory(path) = self
            && path.is_file()
        {
            let details = self.describe();
            let why = "is a file where a GGUF file or a model folder belongs (config.json, *.safetensors, tokenizer.json)";
            return Err(ModelError::Broken {
                file: format!("the path of {role}"),
                why: why.to_owned(),
                details,
            });
        }
        Err(ModelError::Missing {
            what: format!("the folder of {role}"),
            path: self.describe(),
        })
    }

    /// The folder and the name, where this is a file instead of a folder.
    #[must_use]
    pub fn as_file(&self) -> Option<(Self, String)> {
        let Self::Directory(path) = self else {
            return None;
        };
        if !path.is_file() {
            return None;
        }
        let name = path.file_name()?.to_str()?.to_owned();
        let parent = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Some((Self::Directory(parent), name))
    }

    /// Names of the files in the folder, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ModelError> {
        let mut names: Vec<String> = match self {
            Self::Directory(path) => std::fs::read_dir(path)
                .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
                .map_err(|error| unreadable("list", path, &error))?
                .into_iter()
                .filter(|entry| entry.path().is_file())
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect(),
            Self::Embedded { files, path } => files
                .iter()
                .filter_map(|(name, _)| match path.as_str() {
                    "" => Some(*name),
                    path => name.strip_prefix(path)?.strip_prefix('/'),
                })
                .filter(|name| !name.contains('/'))
                .map(str::to_owned)
                .collect(),
        };
        names.sort_unstable();
        Ok(names)
    }

    /// Where a file of this folder is, for libraries that open files themselves; none inside the program.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Directory(folder) => Some(folder.join(name)),
            Self::Embedded { .. } => None,
        }
    }

    /// Bytes of some files together; those that are not there count nothing.
    #[must_use]
    pub fn bytes_of(&self, names: &[String]) -> u64 {
        let of = |name: &String| match self {
            Self::Directory(folder) => {
                std::fs::metadata(folder.join(name)).map_or(0, |about| about.len())
            }
            Self::Embedded { .. } => self.embedded(name).map_or(0, |all| all.len() as u64),
        };
        names.iter().map(of).sum()
    }

    /// Whether a file starts with these bytes.
    #[must_use]
    pub fn starts_with(&self, name: &str, bytes: &[u8]) -> bool {
        let mut start = vec![0; bytes.len()];
        match self {
            Self::Directory(folder) => {
                let read = File::open(folder.join(name))
                    .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
                read.is_ok() && start == bytes
            }
            Self::Embedded { .. } => self
                .embedded(name)
                .is_some_and(|all| all.starts_with(bytes)),
        }
    }

    /// Whether a file of this name is in the folder.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Directory(path) => path.join(name).is_file(),
            Self::Embedded { .. } => self.embedded(name).is_some(),
        }
    }

    /// The bytes of a small file, or nothing where there is none.
    ///
    /// # Errors
    /// A file that cannot be read or is far too large.
    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, ModelError> {
        let Self::Directory(folder) = self else {
            return Ok(self.embedded(name).map(<[u8]>::to_vec));
        };
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(name, &path, &error)),
            Ok(about) if about.len() > MOST_BYTES => {
                return Err(ModelError::Broken {
                    file: name.to_owned(),
                    why: format!("is {} MB large, which cannot be", about.len() >> 20),
                    details: path.display().to_string(),
                });
            }
            Ok(_) => {}
        }
        std::fs::read(&path)
            .map(Some)
            .map_err(|error| unreadable(name, &path, &error))
    }

    /// The bytes of a small file that must be there.
    ///
    /// # Errors
    /// As [`Self::bytes`], or no such file.
    pub fn needed(&self, name: &str, role: &str) -> Result<Vec<u8>, ModelError> {
        self.bytes(name)?.ok_or_else(|| ModelError::Missing {
            what: format!("the file {name} of {role}"),
            path: self.describe(),
        })
    }

    /// The bytes of a weight file, mapped rather than read.
    ///
    /// # Errors
    /// No such file, or one that cannot be read.
    pub fn map(&self, name: &str, role: &str) -> Result<Mapped, ModelError> {
        let missing = || ModelError::Missing {
            what: format!("the weight file {name} of {role}"),
            path: self.describe(),
        };
        let Self::Directory(folder) = self else {
            return self.embedded(name).map(Mapped::Static).ok_or_else(missing);
        };
        let path = folder.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(unreadable(name, &path, &error)),
            Ok(file) => file,
        };
        map_file(&file)
            .map(Mapped::File)
            .map_err(|error| unreadable(name, &path, &error))
    }

    fn embedded(&self, name: &str) -> Option<&'static [u8]> {
        let Self::Embedded { files, .. } = self else {
            return None;
        };
        let wanted = self.embedded_name(name);
        files
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, bytes)| *bytes)
    }

    fn embedded_name(&self, name: &str) -> String {
        match self {
            Self::Embedded { path, .. } if !path.is_empty() => format!("{path}/{name}"),
            Self::Embedded { .. } | Self::Directory(_) => name.to_owned(),
        }
    }
}

#[expect(unsafe_code, reason = "a memory map has no safe form")]
fn map_file(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the map is only read, and model files are not changed while they are loaded: nothing here writes to them,
    // and a program that did would break every reader. Weights of many gigabytes cannot be read into memory instead.
    unsafe { Mmap::map(file) }
}

fn unreadable(name: &str, path: &Path, error: &std::io::Error) -> ModelError {
    ModelError::Read {
        what: format!("the file {name}"),
        details: format!("{error}: {}", path.display()),
    }
}

/// Whether a file's name ends in this extension, for example `bin`.
#[must_use]
pub fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Whether a file name from inside a file stays in its folder.
#[must_use]
pub(super) fn stays_inside(name: &str) -> bool {
    !name.is_empty()
        && !name.contains('\\')
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_found_out() {
        for name in ["../x", "/etc/passwd", "a/../../x", "", "..\\x", "."] {
            assert!(!stays_inside(name), "{name}");
        }
        for name in ["x.safetensors", "a/x.safetensors"] {
            assert!(stays_inside(name), "{name}");
        }
    }

    #[test]
    fn embedded_files_are_found_by_their_path() {
        let files: EmbeddedFiles = &[("base/config.json", b"{}")];
        let top = Folder::Embedded {
            files,
            path: String::new(),
        };
        let base = top.join("base");
        assert!(base.check("the base model").is_ok());
        assert!(top.join("bas").check("the base model").is_err());
        assert_eq!(base.bytes("config.json").unwrap().unwrap(), b"{}");
        assert!(!base.has("tokenizer.json"));
    }

    #[test]
    fn a_missing_folder_is_named_by_its_role() {
        let error = Folder::Directory(PathBuf::from("/nowhere/at/all"))
            .check("the base model")
            .unwrap_err();
        assert_eq!(error.to_string(), "the folder of the base model is missing");
    }
}
