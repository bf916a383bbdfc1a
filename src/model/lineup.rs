//! lineup.toml: which base, which objectives.

mod parse;
mod write;

use serde::Deserialize;

use super::error::ModelError;
use super::folder::{EmbeddedFiles, Folder};
use super::gguf::{is_gguf, parts};
use super::hub::Store;
use crate::domain::Colour;
use crate::domain::hub::RepoAt;
use crate::error::Failure;

/// The revision of a repository where nothing is said.
pub const MAIN: &str = "main";

/// A checked lineup.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineup {
    /// Its name.
    pub name: String,
    /// The model that is steered.
    pub base: Base,
    /// What it is steered by, in the order of all rows and weights.
    pub objectives: Vec<Entry>,
    /// How models are laid out in memory.
    pub layout: Layout,
    /// Prompts that surprise the base by more nats per token than this lie outside what it knows.
    pub familiar: Option<f64>,
}

/// The model that is steered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Where it is.
    pub place: Place,
    /// `auto`, `f32`, `f16` or `bf16`.
    pub dtype: Option<String>,
    /// `chat`, `raw` or a Jinja text.
    pub template: Option<String>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Unique within the lineup.
    pub name: String,
    /// One plain sentence, or nothing.
    pub about: String,
    /// The weight to start from.
    pub weight: f64,
    /// Its colour in the window, where it has one of its own.
    pub colour: Option<Colour>,
    /// Where this model's template differs from the base's.
    pub template: Option<String>,
    /// Where the reward comes from.
    pub source: Source,
}

/// Where a reward comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A PEFT adapter over the base.
    Adapter(Place),
    /// A whole model.
    Model(Place),
    /// The base read with this text and without it.
    System(String),
    /// One model against another.
    Contrast {
        /// Its log-probabilities count for a token.
        expert: Place,
        /// Its log-probabilities count against a token.
        amateur: Place,
    },
}

/// A model folder or file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Relative to the lineup.
    Path(String),
    /// Inside the program: the path among the files of the built-in demo.
    BuiltIn(String),
    /// On the Hugging Face Hub.
    Hub {
        /// `owner/name`.
        repo: String,
        /// Branch, tag or commit.
        revision: String,
        /// The one GGUF file that is meant.
        file: Option<String>,
    },
}

/// A model that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The folder that it is, or that its file is in.
    pub folder: Folder,
    /// The GGUF file that it is.
    pub gguf: Option<String>,
}

/// How the models of a lineup share memory; the scores are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Adapters and system texts read the base's own weights: one copy in memory, all rows in one pass.
    #[default]
    Shared,
    /// Each adapter becomes a whole model of its own. Takes more memory, and spares the small extra products of adapters.
    Separate,
}

/// Where the places of a lineup start.
#[derive(Debug, Clone)]
pub struct Home {
    /// The lineup's own folder.
    pub folder: Folder,
    /// The files inside the program.
    pub built_in: EmbeddedFiles,
}

impl Home {
    /// The home of a lineup inside the program.
    #[must_use]
    pub const fn built_in(files: EmbeddedFiles) -> Self {
        Self {
            folder: Folder::Embedded {
                files,
                path: String::new(),
            },
            built_in: files,
        }
    }
}

impl Place {
    /// What this place stands for, seen from a lineup.
    ///
    /// # Errors
    /// A folder or file that is not there, a folder of several GGUF files, or a Hub model that was not downloaded; `role`
    /// says whose it is.
    pub fn find(&self, home: &Home, role: &str) -> Result<Found, ModelError> {
        match self {
            Self::Path(path) => Found::at(&home.folder.join(path), role),
            Self::BuiltIn(path) => {
                let files = home.built_in;
                let path = path.clone();
                Found::at(&Folder::Embedded { files, path }, role)
            }
            Self::Hub {
                repo,
                revision,
                file,
            } => {
                let at = RepoAt {
                    repo: repo.clone(),
                    revision: revision.clone(),
                };
                let store = Store::from_env().map_err(Failure::from);
                let store = store.map_err(|failure| {
                    ModelError::misfit(failure.summary, failure.hint.unwrap_or_default())
                })?;
                Found::at(&downloaded(&store, &at, file.as_deref(), role)?, role)
            }
        }
    }

    /// The folder that this place stands for, seen from a lineup.
    ///
    /// # Errors
    /// As [`Self::find`], or a GGUF file, which is no folder.
    pub fn folder(&self, home: &Home, role: &str) -> Result<Folder, ModelError> {
        let found = self.find(home, role)?;
        match found.gguf {
            None => Ok(found.folder),
            Some(file) => Err(ModelError::unsupported(
                format!("the GGUF file {file} as {role}"),
                "Use a folder with config.json, *.safetensors and tokenizer.json",
            )),
        }
    }
}

impl Found {
    /// The model at a path: a folder, or a GGUF file by itself or as the only model in its folder.
    ///
    /// # Errors
    /// As [`Place::find`].
    pub fn at(path: &Folder, role: &str) -> Result<Self, ModelError> {
        if let Some((folder, name)) = path.as_file()
            && (is_gguf(&name) || folder.starts_with(&name, b"GGUF"))
        {
            let gguf = Some(name);
            return Ok(Self { folder, gguf });
        }
        if let Folder::Directory(missing) = path
            && !missing.exists()
            && is_gguf(&missing.to_string_lossy())
        {
            return Err(ModelError::Missing {
                what: format!("the GGUF file of {role}"),
                path: path.describe(),
            });
        }
        path.check(role)?;
        let plain = |gguf| Self {
            folder: path.clone(),
            gguf,
        };
        if path.has("config.json") || path.has("adapter_config.json") {
            return Ok(plain(None));
        }
        // Several parts of one model count once.
        let mut firsts: Vec<String> = path.names()?;
        firsts.retain(|name| is_gguf(name) && parts(name).first() == Some(name));
        match firsts.as_slice() {
            [] => Ok(plain(None)),
            [one] => Ok(plain(Some(one.clone()))),
            many => Err(ModelError::misfit(
                format!(
                    "the folder of {role} holds several models: {}",
                    many.join(", ")
                ),
                "Name one of these files instead of the folder",
            )),
        }
    }
}

/// The files of a repository in the local cache, or one of them; `role` says whose they are.
fn downloaded(
    store: &Store,
    at: &RepoAt,
    file: Option<&str>,
    role: &str,
) -> Result<Folder, ModelError> {
    let RepoAt { repo, revision } = at;
    let wanted = file.map_or_else(String::new, |file| format!(" --file {file}"));
    let fetch = |first: &str| format!("{first}: {}{wanted}", at.pull_command());
    let place = store
        .repo(repo)
        .map_err(|error| ModelError::Usage(error.to_string()))?;
    let Some(snapshot) = place.look(revision) else {
        return Err(ModelError::misfit(
            format!("{role}, {repo} at {revision}, has not been downloaded"),
            fetch("Download it first"),
        ));
    };
    // Of a repository with a model in many sizes, one file is the whole of it.
    let (folder, missing) = match file {
        None => (Folder::Directory(snapshot.folder), snapshot.missing),
        Some(file) => {
            let path = snapshot.folder.join(file);
            let missing = (!path.exists()).then(|| file.to_owned());
            (Folder::Directory(path), missing.into_iter().collect())
        }
    };
    if missing.is_empty() {
        return Ok(folder);
    }
    Err(ModelError::Incomplete {
        what: format!("{role}, {repo} at {revision},"),
        hint: fetch("Download the rest"),
        missing: missing.join(", "),
    })
}

#[cfg(test)]
mod tests;
