//! From a [`Lineup`] to the text of a lineup.toml, and from one folder to another.

use std::path::{Component, Path};

use serde::Serialize;

use super::parse::SCHEMA;
use super::{Base, Entry, Layout, Lineup, MAIN, Place, Source};
use crate::domain::Colour;
use crate::model::error::ModelError;
use crate::model::folder::Folder;

impl Lineup {
    /// The text of a lineup.toml that is read as this lineup.
    ///
    /// # Errors
    /// A lineup that the format cannot hold; none that was read or composed is.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        toml::to_string_pretty(&FileText::of(self)).map_err(|error| ModelError::Broken {
            file: "the lineup".to_owned(),
            why: "cannot be written down".to_owned(),
            details: error.to_string(),
        })
    }

    /// The same lineup for a lineup.toml that may lie anywhere: paths that start from `home` become absolute, those inside
    /// the program say so.
    #[must_use]
    pub fn absolute(&self, home: &Folder) -> Self {
        self.with_places(|place| match place {
            Place::Path(path) => match home.join(path) {
                Folder::Directory(path) => {
                    let path = std::path::absolute(&path).unwrap_or(path);
                    Place::Path(path.display().to_string())
                }
                Folder::Embedded { path, .. } => Place::BuiltIn(path),
            },
            Place::Hub { .. } | Place::BuiltIn(_) => place.clone(),
        })
    }

    /// The same lineup for a lineup.toml in `folder`: paths of what lies there or below become relative, so that both can
    /// be moved together.
    #[must_use]
    pub fn relative(&self, folder: &Path) -> Self {
        self.with_places(|place| match place {
            Place::Path(path) => Place::Path(below(folder, path).unwrap_or_else(|| path.clone())),
            Place::Hub { .. } | Place::BuiltIn(_) => place.clone(),
        })
    }

    /// Every place of the lineup, the base's first.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        let objectives = self
            .objectives
            .iter()
            .flat_map(|entry| entry.source.places());
        std::iter::once(&self.base.place).chain(objectives)
    }

    fn with_places(&self, moved: impl Fn(&Place) -> Place) -> Self {
        let entry = |entry: &Entry| Entry {
            source: match &entry.source {
                Source::Adapter(place) => Source::Adapter(moved(place)),
                Source::Model(place) => Source::Model(moved(place)),
                Source::System(wish) => Source::System(wish.clone()),
                Source::Contrast { expert, amateur } => Source::Contrast {
                    expert: moved(expert),
                    amateur: moved(amateur),
                },
            },
            ..entry.clone()
        };
        Self {
            base: Base {
                place: moved(&self.base.place),
                ..self.base.clone()
            },
            objectives: self.objectives.iter().map(entry).collect(),
            ..self.clone()
        }
    }
}

impl Source {
    /// The models that it needs beside the base.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        let places: Vec<&Place> = match self {
            Self::Adapter(place) | Self::Model(place) => vec![place],
            Self::System(_) => Vec::new(),
            Self::Contrast { expert, amateur } => vec![expert, amateur],
        };
        places.into_iter()
    }
}

/// `path` as seen from `folder`, where it lies there or below.
fn below(folder: &Path, path: &str) -> Option<String> {
    let rest = Path::new(path).strip_prefix(folder).ok()?;
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if rest.as_os_str().is_empty() || !rest.components().all(plain) {
        return None;
    }
    let parts: Vec<&str> = rest
        .iter()
        .map(|part| part.to_str())
        .collect::<Option<_>>()?;
    Some(parts.join("/"))
}

/// What a lineup.toml holds, in the order in which people read it.
#[derive(Serialize)]
struct FileText<'a> {
    schema: u32,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    familiar: Option<f64>,
    base: BaseText<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objective: Vec<EntryText<'a>>,
}

#[derive(Serialize)]
struct BaseText<'a> {
    #[serde(flatten)]
    place: PlaceText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dtype: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
}

#[derive(Serialize)]
struct EntryText<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    about: &'a str,
    weight: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<PlaceText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<PlaceText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert: Option<PlaceText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amateur: Option<PlaceText<'a>>,
}

#[derive(Serialize, Default)]
struct PlaceText<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    built_in: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
}

impl<'a> FileText<'a> {
    fn of(lineup: &'a Lineup) -> Self {
        Self {
            schema: SCHEMA,
            name: &lineup.name,
            layout: match lineup.layout {
                Layout::Shared => None,
                Layout::Separate => Some("separate"),
            },
            familiar: lineup.familiar,
            base: BaseText {
                place: PlaceText::of(&lineup.base.place),
                dtype: lineup.base.dtype.as_deref(),
                template: lineup.base.template.as_deref(),
            },
            objective: lineup.objectives.iter().map(EntryText::of).collect(),
        }
    }
}

impl<'a> EntryText<'a> {
    fn of(entry: &'a Entry) -> Self {
        let mut text = Self {
            name: &entry.name,
            about: &entry.about,
            weight: entry.weight,
            colour: entry.colour.map(Colour::name),
            template: entry.template.as_deref(),
            adapter: None,
            model: None,
            system: None,
            expert: None,
            amateur: None,
        };
        match &entry.source {
            Source::Adapter(place) => text.adapter = Some(PlaceText::of(place)),
            Source::Model(place) => text.model = Some(PlaceText::of(place)),
            Source::System(wish) => text.system = Some(wish),
            Source::Contrast { expert, amateur } => {
                text.expert = Some(PlaceText::of(expert));
                text.amateur = Some(PlaceText::of(amateur));
            }
        }
        text
    }
}

impl<'a> PlaceText<'a> {
    fn of(place: &'a Place) -> Self {
        let mut text = Self::default();
        match place {
            Place::Path(path) => text.path = Some(path),
            Place::BuiltIn(path) => text.built_in = Some(path),
            Place::Hub {
                repo,
                revision,
                file,
            } => {
                text.hub = Some(repo);
                text.revision = (revision != MAIN).then_some(revision);
                text.file = file.as_deref();
            }
        }
        text
    }
}
