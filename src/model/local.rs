//! Models on this computer: where programs keep them, and what is there.

mod look;
mod walk;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::folder::{EmbeddedFiles, Folder};
use super::hub::Access;
use super::lineup::{Home, MAIN, Place};
use crate::domain::hub::{LocalRepo, LocalSnapshot};
use crate::domain::{CancelToken, LineupSource, ModelFacts, ModelKind};
use look::look;
use walk::Walk;

/// A model or an adapter on this computer.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundModel {
    /// How a lineup names it.
    pub place: Place,
    /// Who keeps it there.
    pub origin: Origin,
    /// What it is, by its headers.
    pub facts: ModelFacts,
    /// Files that it names and does not have: a download that was not finished.
    pub missing: Vec<String>,
}

/// Who keeps a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// This program itself.
    BuiltIn,
    /// The person, who opened its folder or file.
    Opened,
    /// The cache that all programs share which fetch from the Hugging Face Hub.
    HuggingFace,
    /// LM Studio.
    LmStudio,
    /// llama.cpp.
    LlamaCpp,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The models, by origin and name.
    pub models: Vec<FoundModel>,
    /// What could not be looked at, a sentence each.
    pub notes: Vec<String>,
}

/// Where programs keep models.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whereabouts {
    /// The shared cache of the Hugging Face Hub.
    pub hugging_face: Option<PathBuf>,
    /// LM Studio's folders.
    pub lm_studio: Vec<PathBuf>,
    /// llama.cpp's folders.
    pub llama_cpp: Vec<PathBuf>,
}

impl FoundModel {
    /// Whether it is an adapter rather than a whole model.
    #[must_use]
    pub fn is_adapter(&self) -> bool {
        matches!(self.facts.kind, ModelKind::Adapter(_))
    }
}

impl Whereabouts {
    /// What the environment says.
    #[must_use]
    pub fn from_env() -> Self {
        let cache = Access::from_env().ok().map(|access| access.cache);
        Self::read(cache, std::env::home_dir().as_deref(), |name| {
            std::env::var_os(name)
        })
    }

    /// As [`Self::from_env`], with the shared cache, the home folder and the variables handed in.
    #[must_use]
    pub fn read(
        hugging_face: Option<PathBuf>,
        home: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let variable = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let caches = [
            variable("XDG_CACHE_HOME").or_else(|| in_home(".cache")),
            in_home("Library/Caches"),
            variable("LOCALAPPDATA"),
        ];
        let llama_cpp = match variable("LLAMA_CACHE") {
            Some(folder) => vec![folder],
            None => caches
                .into_iter()
                .flatten()
                .map(|cache| cache.join("llama.cpp"))
                .collect(),
        };
        Self {
            hugging_face,
            lm_studio: [".lmstudio/models", ".cache/lm-studio/models"]
                .into_iter()
                .filter_map(in_home)
                .collect(),
            llama_cpp,
        }
    }
}

/// Looks for models in all these places, for those that a person opened, and inside the program.
#[must_use]
pub fn find(
    places: &Whereabouts,
    opened: &[PathBuf],
    built_in: EmbeddedFiles,
    cancel: &CancelToken,
) -> Found {
    let mut found = Found::default();
    found.models.extend(inside(built_in));
    for path in opened {
        if path.exists() {
            found.add(path, Origin::Opened, cancel);
        } else {
            let note = format!("{} is no longer there", path.display());
            found.notes.push(note);
        }
    }
    if let Some(cache) = &places.hugging_face {
        match super::hub::Store::new(cache.clone()).list() {
            Ok(repos) => found
                .models
                .extend(repos.iter().flat_map(|repo| from_hub(repo, cancel))),
            Err(error) => found.notes.push(error.to_string()),
        }
    }
    for (folders, origin) in [
        (&places.lm_studio, Origin::LmStudio),
        (&places.llama_cpp, Origin::LlamaCpp),
    ] {
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            found.add(folder, origin, cancel);
        }
    }
    found.tidy();
    found
}

/// The models at a path: the one that it is, or those in the folder.
#[must_use]
pub fn at(path: &Path, cancel: &CancelToken) -> Found {
    let mut found = Found::default();
    found.add(path, Origin::Opened, cancel);
    found.tidy();
    found
}

impl Found {
    fn add(&mut self, path: &Path, origin: Origin, cancel: &CancelToken) {
        let mut walk = Walk::new(cancel);
        walk.go(path);
        self.notes.extend(walk.notes);
        for path in walk.models {
            self.models.push(FoundModel {
                place: Place::Path(path.display().to_string()),
                origin,
                facts: look(&Folder::Directory(path)),
                missing: Vec::new(),
            });
        }
    }

    /// In the order of the list, each once: what a person opened may lie where programs keep theirs.
    fn tidy(&mut self) {
        self.models.sort_by(|a, b| {
            let key = |model: &FoundModel| (model.origin, model.facts.name.to_lowercase());
            key(a).cmp(&key(b)).then_with(|| a.place.cmp(&b.place))
        });
        let mut seen = std::collections::HashSet::new();
        self.models.retain(|model| seen.insert(model.place.clone()));
    }
}

/// The built-in base and its adapters.
fn inside(files: EmbeddedFiles) -> Vec<FoundModel> {
    let Ok((lineup, home)) = super::assemble::read(&LineupSource::Demo, files) else {
        return Vec::new();
    };
    let lineup = lineup.absolute(&home.folder);
    let model = |place: &Place| {
        let folder = place
            .folder(&Home::built_in(files), "the built-in model")
            .ok()?;
        Some(FoundModel {
            place: place.clone(),
            origin: Origin::BuiltIn,
            facts: look(&folder),
            missing: Vec::new(),
        })
    };
    lineup.places().filter_map(model).collect()
}

/// The models of a downloaded repository, at the revision that people mean by its name: one, or each GGUF file.
fn from_hub(repo: &LocalRepo, cancel: &CancelToken) -> Vec<FoundModel> {
    let has_main = |snapshot: &&LocalSnapshot| snapshot.revisions.iter().any(|name| name == MAIN);
    let Some(snapshot) = repo
        .snapshots
        .iter()
        .find(has_main)
        .or_else(|| repo.snapshots.first())
    else {
        return Vec::new();
    };
    let revision = if has_main(&snapshot) {
        MAIN.to_owned()
    } else {
        snapshot.commit.clone()
    };
    let folder = Folder::Directory(snapshot.folder.clone());
    let model = |file: Option<String>| {
        let at = match &file {
            Some(file) => folder.join(file),
            None => folder.clone(),
        };
        let mut facts = look(&at);
        facts.name = match &file {
            Some(file) => format!("{}: {file}", repo.repo),
            None => repo.repo.clone(),
        };
        FoundModel {
            missing: match file {
                Some(_) => Vec::new(),
                None => snapshot.missing.clone(),
            },
            place: Place::Hub {
                repo: repo.repo.clone(),
                revision: revision.clone(),
                file,
            },
            origin: Origin::HuggingFace,
            facts,
        }
    };
    if folder.has("config.json") || folder.has(super::peft::SETTINGS_FILE) {
        return vec![model(None)];
    }
    let mut walk = Walk::new(cancel);
    walk.go(&snapshot.folder);
    let files = walk.models.iter().filter_map(|path| {
        let inside = path.strip_prefix(&snapshot.folder).ok()?;
        Some(inside.to_str()?.replace('\\', "/"))
    });
    let models: Vec<FoundModel> = files.map(|file| model(Some(file))).collect();
    // A download that has just begun has nothing yet that could be looked at.
    if models.is_empty() {
        vec![model(None)]
    } else {
        models
    }
}

#[cfg(test)]
mod tests;
