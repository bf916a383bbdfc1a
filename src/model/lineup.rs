//! lineup.toml: which base, which objectives.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::error::ModelError;
use super::folder::Folder;

/// The only version of the format so far.
const SCHEMA: u32 = 1;

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

/// A model folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Relative to the lineup.
    Path(String),
    /// On the Hugging Face Hub.
    Hub {
        /// `owner/name`.
        repo: String,
        /// Branch, tag or commit.
        revision: String,
    },
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    schema: Spanned<u32>,
    name: String,
    #[serde(default)]
    layout: Layout,
    base: Spanned<BaseForm>,
    #[serde(default)]
    objective: Vec<Spanned<EntryForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseForm {
    path: Option<String>,
    hub: Option<String>,
    revision: Option<String>,
    file: Option<String>,
    dtype: Option<String>,
    template: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryForm {
    name: String,
    about: Option<String>,
    weight: Option<f64>,
    template: Option<String>,
    adapter: Option<PlaceForm>,
    model: Option<PlaceForm>,
    system: Option<String>,
    expert: Option<PlaceForm>,
    amateur: Option<PlaceForm>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceTable {
    path: Option<String>,
    hub: Option<String>,
    revision: Option<String>,
    file: Option<String>,
}

/// A path, or a table with `path` or `hub`.
struct PlaceForm(PlaceTable);

impl<'de> Deserialize<'de> for PlaceForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = PlaceForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a table such as { hub = \"owner/name\" }")
            }

            fn visit_str<E>(self, path: &str) -> Result<PlaceForm, E> {
                Ok(PlaceForm(PlaceTable {
                    path: Some(path.to_owned()),
                    ..PlaceTable::default()
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PlaceForm, A::Error> {
                PlaceTable::deserialize(MapAccessDeserializer::new(map)).map(PlaceForm)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Says what is wrong at a place of the file.
struct Complaints<'a> {
    file: &'a str,
    text: &'a str,
}

impl Complaints<'_> {
    fn at(&self, position: Option<usize>, why: &str) -> ModelError {
        let line = position.map(|at| 1 + self.text[..at].matches('\n').count());
        let place = line.map_or_else(String::new, |line| format!(" line {line}"));
        ModelError::Broken {
            file: format!("the lineup{place}"),
            why: why.to_owned(),
            details: self.file.to_owned(),
        }
    }

    fn place(&self, at: usize, form: PlaceTable, what: &str) -> Result<Place, ModelError> {
        if let Some(file) = form
            .file
            .as_deref()
            .or(form.path.as_deref())
            .filter(|file| file.to_ascii_lowercase().ends_with(".gguf"))
        {
            return Err(ModelError::unsupported(
                format!("the GGUF file {file}"),
                "Use a folder with config.json, *.safetensors and tokenizer.json",
            ));
        }
        match (form.path, form.hub) {
            (Some(path), None) if form.revision.is_none() && form.file.is_none() => {
                if path.trim().is_empty() {
                    return Err(self.at(Some(at), &format!("has an empty path for {what}")));
                }
                Ok(Place::Path(path))
            }
            (None, Some(repo)) => {
                let ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let parts: Vec<&str> = repo.split('/').collect();
                let sound = |part: &&str| {
                    !part.is_empty() && part.chars().all(ok) && part.trim_matches('.') != ""
                };
                if parts.len() != 2 || !parts.iter().all(sound) {
                    return Err(self.at(
                        Some(at),
                        &format!("has hub = \"{repo}\" for {what} where \"owner/name\" belongs"),
                    ));
                }
                Ok(Place::Hub {
                    repo,
                    revision: form.revision.unwrap_or_else(|| "main".to_owned()),
                })
            }
            (Some(_), None) => Err(self.at(
                Some(at),
                &format!("has revision or file beside path for {what}; they belong to hub"),
            )),
            (Some(_), Some(_)) => {
                Err(self.at(Some(at), &format!("has both path and hub for {what}")))
            }
            (None, None) => Err(self.at(Some(at), &format!("has neither path nor hub for {what}"))),
        }
    }

    fn entry(&self, at: usize, form: EntryForm) -> Result<Entry, ModelError> {
        let complain = |why: String| self.at(Some(at), &why);
        let name = form.name;
        if name.trim().is_empty() || name.trim() != name {
            return Err(complain(
                "has an objective without a proper name".to_owned(),
            ));
        }
        if name.contains('=') {
            return Err(complain(format!(
                "has an objective name with an equals sign: {name}"
            )));
        }
        let weight = form.weight.unwrap_or(1.0);
        if !weight.is_finite() {
            return Err(complain(format!(
                "gives objective {name} the weight {weight}, which is not a finite number"
            )));
        }
        let place = |form: PlaceForm| self.place(at, form.0, &format!("objective {name}"));
        let given = [
            ("adapter", form.adapter.is_some()),
            ("model", form.model.is_some()),
            ("system", form.system.is_some()),
            ("expert", form.expert.is_some()),
            ("amateur", form.amateur.is_some()),
        ];
        let source = match (
            form.adapter,
            form.model,
            form.system,
            form.expert,
            form.amateur,
        ) {
            (Some(adapter), None, None, None, None) => Source::Adapter(place(adapter)?),
            (None, Some(model), None, None, None) => Source::Model(place(model)?),
            (None, None, Some(system), None, None) => {
                if system.trim().is_empty() {
                    return Err(complain(format!(
                        "gives objective {name} an empty system text"
                    )));
                }
                Source::System(system)
            }
            (None, None, None, Some(expert), Some(amateur)) => Source::Contrast {
                expert: place(expert)?,
                amateur: place(amateur)?,
            },
            _ => {
                let found: Vec<&str> = given
                    .iter()
                    .filter_map(|(key, there)| there.then_some(*key))
                    .collect();
                let found = if found.is_empty() {
                    "none".to_owned()
                } else {
                    found.join(" and ")
                };
                return Err(complain(format!(
                    "gives objective {name} {found}, where exactly one source belongs: adapter, model, system, or expert with amateur"
                )));
            }
        };
        Ok(Entry {
            name,
            about: form.about.unwrap_or_default(),
            weight,
            template: form.template,
            source,
        })
    }
}

impl Lineup {
    /// Reads and checks the text of a lineup; `file` is named in errors.
    ///
    /// # Errors
    /// Whatever is wrong first, with its line.
    pub fn parse(text: &str, file: &str) -> Result<Self, ModelError> {
        let complaints = Complaints { file, text };
        let form: FileForm = toml::from_str(text).map_err(|error| {
            let why = error.message().replace('\n', " ").replace('`', "\"");
            complaints.at(
                error.span().map(|span| span.start),
                &format!("cannot be read: {why}"),
            )
        })?;
        if *form.schema.get_ref() != SCHEMA {
            return Err(complaints.at(
                Some(form.schema.span().start),
                &format!(
                    "has schema {}; this program reads schema {SCHEMA}",
                    form.schema.get_ref()
                ),
            ));
        }
        let at = form.base.span().start;
        let base = form.base.into_inner();
        let place = PlaceTable {
            path: base.path,
            hub: base.hub,
            revision: base.revision,
            file: base.file,
        };
        let base = Base {
            place: complaints.place(at, place, "the base model")?,
            dtype: base.dtype,
            template: base.template,
        };
        let mut names = HashSet::new();
        let mut objectives = Vec::with_capacity(form.objective.len());
        for form in form.objective {
            let at = form.span().start;
            let entry = complaints.entry(at, form.into_inner())?;
            if !names.insert(entry.name.clone()) {
                return Err(complaints.at(
                    Some(at),
                    &format!("has two objectives of the name {}", entry.name),
                ));
            }
            objectives.push(entry);
        }
        Ok(Self {
            name: form.name,
            base,
            objectives,
            layout: form.layout,
        })
    }
}

impl Place {
    /// The folder that this place stands for, seen from the lineup's folder.
    ///
    /// # Errors
    /// A folder that is not there, or a Hub model that was not downloaded; `role` says whose it is.
    pub fn folder(&self, lineup: &Folder, role: &str) -> Result<Folder, ModelError> {
        let folder = match self {
            Self::Path(path) => lineup.join(path),
            Self::Hub { repo, revision } => cached(repo, revision).ok_or_else(|| {
                ModelError::misfit(
                    format!("{role}, {repo} at {revision}, has not been downloaded"),
                    format!("Download it first, for example with: hf download {repo} --revision {revision}"),
                )
            })?,
        };
        folder.check(role)?;
        Ok(folder)
    }
}

/// A snapshot in the Hugging Face cache.
fn cached(repo: &str, revision: &str) -> Option<Folder> {
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let hub = from_env("HF_HUB_CACHE")
        .or_else(|| from_env("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| from_env("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
        .or_else(|| from_env("HOME").map(|home| home.join(".cache/huggingface/hub")))?;
    snapshot(
        &hub.join(format!("models--{}", repo.replace('/', "--"))),
        revision,
    )
}

fn snapshot(model: &std::path::Path, revision: &str) -> Option<Folder> {
    if !super::folder::stays_inside(revision) {
        return None;
    }
    let commit = std::fs::read_to_string(model.join("refs").join(revision))
        .map_or_else(|_| revision.to_owned(), |text| text.trim().to_owned());
    let snapshot = model.join("snapshots").join(commit);
    snapshot.is_dir().then_some(Folder::Directory(snapshot))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const START: &str = "schema = 1\nname = \"Test\"\n[base]\npath = \"base\"\n";

    fn complaint(text: &str) -> String {
        Lineup::parse(text, "lineup.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_lineup_of_every_kind_is_read() {
        let text = format!(
            "{START}dtype = \"f16\"\ntemplate = \"raw\"\n\
             [[objective]]\nname = \"a\"\nadapter = \"adapters/a\"\n\
             [[objective]]\nname = \"b\"\nmodel = {{ hub = \"owner/name\", revision = \"v1\" }}\nweight = 0.5\n\
             [[objective]]\nname = \"c\"\nsystem = \"Be kind.\"\nabout = \"Kinder\"\n\
             [[objective]]\nname = \"d\"\nexpert = \"x\"\namateur = {{ path = \"y\" }}\ntemplate = \"chat\"\n"
        );
        let lineup = Lineup::parse(&text, "lineup.toml").unwrap();
        assert_eq!(lineup.base.dtype.as_deref(), Some("f16"));
        let sources: Vec<&Source> = lineup
            .objectives
            .iter()
            .map(|entry| &entry.source)
            .collect();
        assert_eq!(
            sources,
            [
                &Source::Adapter(Place::Path("adapters/a".to_owned())),
                &Source::Model(Place::Hub {
                    repo: "owner/name".to_owned(),
                    revision: "v1".to_owned()
                }),
                &Source::System("Be kind.".to_owned()),
                &Source::Contrast {
                    expert: Place::Path("x".to_owned()),
                    amateur: Place::Path("y".to_owned())
                },
            ]
        );
        let weights: Vec<f64> = lineup.objectives.iter().map(|entry| entry.weight).collect();
        assert_eq!(weights, [1.0, 0.5, 1.0, 1.0]);
        assert_eq!(lineup.layout, Layout::Shared);
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        let objective = |rest: &str| format!("{START}[[objective]]\nname = \"a\"\n{rest}");
        let cases = [
            (
                "schema = 2\nname = \"x\"\n[base]\npath = \"b\"".to_owned(),
                "the lineup line 1 has schema 2",
            ),
            (
                "schema = 1\n[base]\npath = \"b\"".to_owned(),
                "missing field \"name\"",
            ),
            (
                format!("{START}speed = 3\n"),
                "the lineup line 5 cannot be read: unknown field \"speed\"",
            ),
            (
                "schema = 1\nname = \"x\"\n[base]\n".to_owned(),
                "line 3 has neither path nor hub for the base model",
            ),
            (
                objective(""),
                "line 5 gives objective a none, where exactly one source",
            ),
            (
                objective("adapter = \"x\"\nmodel = \"y\""),
                "gives objective a adapter and model, where",
            ),
            (
                objective("expert = \"x\""),
                "gives objective a expert, where",
            ),
            (
                objective("adapter = \"x\"\nweight = nan"),
                "gives objective a the weight NaN",
            ),
            (
                objective("adapter = \"x\"\nweight = inf"),
                "gives objective a the weight inf",
            ),
            (objective("adapter = 3"), "expected a path, or a table"),
            (
                objective("adapter = { hub = \"../x\" }"),
                "where \"owner/name\" belongs",
            ),
            (
                objective("adapter = \"x\"\n[[objective]]\nname = \"a\"\nmodel = \"y\""),
                "line 8 has two objectives of the name a",
            ),
            (objective("system = \" \""), "an empty system text"),
            (
                START.replace("base\"", "m.gguf\""),
                "the GGUF file m.gguf is not supported",
            ),
            ("schema = ".to_owned(), "the lineup line 1 cannot be read"),
        ];
        for (text, expected) in cases {
            let found = complaint(&text);
            assert!(
                found.contains(expected),
                "{found}\n  should say: {expected}"
            );
        }
    }

    #[test]
    fn a_downloaded_model_is_found_by_branch_or_commit() {
        let cache = tempfile::tempdir().unwrap();
        let model = cache.path().join("models--owner--name");
        std::fs::create_dir_all(model.join("snapshots/abc123")).unwrap();
        std::fs::create_dir_all(model.join("refs")).unwrap();
        std::fs::write(model.join("refs/main"), "abc123\n").unwrap();
        for revision in ["main", "abc123"] {
            let folder = snapshot(&model, revision).unwrap();
            assert!(folder.describe().ends_with("abc123"));
        }
        assert!(snapshot(&model, "other").is_none());
        assert!(snapshot(&model, "../../x").is_none());
    }
}
