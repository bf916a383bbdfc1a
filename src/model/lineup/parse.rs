//! From the text of a lineup.toml to a checked [`Lineup`].

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::{Base, Entry, Layout, Lineup, MAIN, Place, Source};
use crate::domain::Colour;
use crate::model::error::ModelError;
use crate::model::folder::stays_inside;
use crate::model::gguf::is_gguf;

/// The only version of the format so far.
pub(super) const SCHEMA: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    schema: Spanned<u32>,
    name: String,
    #[serde(default)]
    layout: Layout,
    familiar: Option<f64>,
    base: Spanned<BaseForm>,
    #[serde(default)]
    objective: Vec<Spanned<EntryForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseForm {
    path: Option<String>,
    built_in: Option<String>,
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
    colour: Option<Colour>,
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
    built_in: Option<String>,
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
        if let Some(path) = form.built_in {
            let alone = [&form.path, &form.hub, &form.revision, &form.file];
            if alone.into_iter().any(Option::is_some) {
                let why = format!("has something beside built_in for {what}, which stands alone");
                return Err(self.at(Some(at), &why));
            }
            if !stays_inside(&path) {
                let why = format!(
                    "has built_in = \"{path}\" for {what}, which is no place inside the program"
                );
                return Err(self.at(Some(at), &why));
            }
            return Ok(Place::BuiltIn(path));
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
                    !part.is_empty() && part.chars().all(ok) && !part.trim_matches('.').is_empty()
                };
                if parts.len() != 2 || !parts.iter().all(sound) {
                    return Err(self.at(
                        Some(at),
                        &format!("has hub = \"{repo}\" for {what} where \"owner/name\" belongs"),
                    ));
                }
                if let Some(file) = &form.file
                    && !(stays_inside(file) && is_gguf(file))
                {
                    return Err(self.at(
                        Some(at),
                        &format!(
                            "has file = \"{file}\" for {what} where the name of a GGUF file belongs"
                        ),
                    ));
                }
                Ok(Place::Hub {
                    repo,
                    revision: form.revision.unwrap_or_else(|| MAIN.to_owned()),
                    file: form.file,
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
            colour: form.colour,
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
            built_in: base.built_in,
            hub: base.hub,
            revision: base.revision,
            file: base.file,
        };
        if let Some(limit) = form
            .familiar
            .filter(|limit| !limit.is_finite() || *limit <= 0.0)
        {
            let problem = format!("has a surprise of {limit} as familiar, which must be above 0");
            return Err(complaints.at(None, &problem));
        }
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
            familiar: form.familiar,
        })
    }
}
