//! A trained objective comes into a lineup, or leaves it.

use std::path::Path;
use std::sync::Arc;

use super::base::EmbeddedFiles;
use super::order::ArmOrder;
use super::record::Found;
use crate::domain::LineupSource;
use crate::error::Failure;
use crate::model::assemble;
use crate::model::error::ModelError;
use crate::model::lineup::{Base, Entry, Layout, Lineup, MAIN, Place, Source};

/// A change of a lineup.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The lineup that is changed; where there is none, the objective's own base becomes one.
    pub lineup: Option<LineupSource>,
    /// The objective.
    pub found: Found,
    /// Whether it joins; else it leaves.
    pub joins: bool,
}

/// A changed lineup.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The lineup, to be loaded.
    pub lineup: LineupSource,
    /// The same, to be changed further.
    pub made: Lineup,
    /// Names of its objectives, in order.
    pub objectives: Vec<String>,
}

impl Change {
    /// Reads the lineup and changes it: files are read, models are not. `demo` are the files of the built-in lineup.
    ///
    /// # Errors
    /// A lineup that is no longer there or broken.
    pub fn make(&self, demo: EmbeddedFiles) -> Result<Changed, Failure> {
        let built_in = read(&LineupSource::Demo, demo)?;
        let order = &self.found.record.order;
        let mut lineup = match &self.lineup {
            Some(source) => read(source, demo)?,
            None => alone(&self.found.name, &order.base, &built_in),
        };
        let is_it = |entry: &Entry| entry.source.places().any(|place| is_at(place, &order.out));
        if !self.joins {
            lineup.objectives.retain(|entry| !is_it(entry));
        } else if !lineup.objectives.iter().any(is_it) {
            let entry = entry(free_name(&lineup, &self.found.name), order);
            lineup.objectives.push(entry);
        }
        let objectives = lineup.objectives.iter().map(|entry| entry.name.clone());
        let objectives = objectives.collect();
        let source = if lineup == built_in {
            LineupSource::Demo
        } else {
            LineupSource::Composed(Arc::from(lineup.to_toml()?))
        };
        Ok(Changed {
            lineup: source,
            made: lineup,
            objectives,
        })
    }
}

/// A lineup whose places do not depend on where it lies.
fn read(source: &LineupSource, demo: EmbeddedFiles) -> Result<Lineup, ModelError> {
    let (lineup, home) = assemble::read(source, demo)?;
    Ok(lineup.absolute(&home.folder))
}

/// A base as an order names it, without objectives.
fn alone(name: &str, base: &str, built_in: &Lineup) -> Lineup {
    if base == "demo" {
        return Lineup {
            name: name.to_owned(),
            objectives: Vec::new(),
            ..built_in.clone()
        };
    }
    let place = match base.strip_prefix("hub:") {
        Some(repo) => Place::Hub {
            repo: repo.to_owned(),
            revision: MAIN.to_owned(),
            file: None,
        },
        None => Place::Path(base.to_owned()),
    };
    Lineup {
        name: name.to_owned(),
        base: Base {
            place,
            dtype: None,
            template: None,
        },
        objectives: Vec::new(),
        layout: Layout::Shared,
        familiar: None,
    }
}

fn is_at(place: &Place, folder: &Path) -> bool {
    match place {
        Place::Path(path) => Path::new(path) == folder,
        Place::BuiltIn(_) | Place::Hub { .. } => false,
    }
}

fn entry(name: String, order: &ArmOrder) -> Entry {
    let place = Place::Path(order.out.display().to_string());
    let pairs = order.data.file_name().unwrap_or_default();
    Entry {
        name,
        about: format!("Learnt from the pairs in {}", pairs.to_string_lossy()),
        weight: 1.0,
        colour: None,
        // It reads prompts as it read them while it learnt.
        template: order.raw.then(|| "raw".to_owned()),
        source: if order.full {
            Source::Model(place)
        } else {
            Source::Adapter(place)
        },
    }
}

/// The name, with a number behind it where others have it.
fn free_name(lineup: &Lineup, name: &str) -> String {
    let is_free = |name: &String| lineup.objectives.iter().all(|entry| entry.name != *name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(is_free)
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::record::Record;

    const DEMO: EmbeddedFiles = &[(
        "lineup.toml",
        b"schema = 1\nname = \"Small world\"\n[base]\npath = \"base\"\n[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n",
    )];

    fn found(name: &str, base: &str) -> Found {
        let order = ArmOrder {
            base: base.to_owned(),
            data: "/data/pairs.jsonl".into(),
            out: Path::new("/objectives").join(name),
            ..ArmOrder::default()
        };
        Found {
            name: name.to_owned(),
            record: Record::begun(&order),
            can_go_on: false,
            bytes: 12_000_000,
        }
    }

    fn made(lineup: Option<LineupSource>, found: &Found, joins: bool) -> Changed {
        let found = found.clone();
        let change = Change {
            lineup,
            found,
            joins,
        };
        change.make(DEMO).unwrap()
    }

    #[test]
    fn an_objective_joins_beside_the_others_and_leaves_them_as_they_were() {
        let brief = found("brief", "demo");
        let with = made(Some(LineupSource::Demo), &brief, true);
        assert_eq!(with.objectives, ["kind", "brief"]);
        let lineup = read(&with.lineup, DEMO).unwrap();
        assert_eq!(lineup.base.place, Place::BuiltIn("base".to_owned()));
        let place = Place::Path("/objectives/brief".to_owned());
        assert_eq!(lineup.objectives[1].source, Source::Adapter(place));
        assert_eq!(
            lineup.objectives[1].about,
            "Learnt from the pairs in pairs.jsonl"
        );
        // Twice is once.
        assert_eq!(made(Some(with.lineup.clone()), &brief, true), with);
        let without = made(Some(with.lineup), &brief, false);
        assert_eq!(without.lineup, LineupSource::Demo);
    }

    #[test]
    fn a_name_that_others_have_gets_a_number() {
        let with = made(Some(LineupSource::Demo), &found("kind", "demo"), true);
        assert_eq!(with.objectives, ["kind", "kind-2"]);
    }

    #[test]
    fn without_a_lineup_its_own_base_becomes_one() {
        let lineup_of = |base: &str| {
            let changed = made(None, &found("brief", base), true);
            assert_eq!(changed.objectives, ["brief"]);
            read(&changed.lineup, DEMO).unwrap()
        };
        let demo = lineup_of("demo");
        assert_eq!(demo.name, "brief");
        assert_eq!(demo.base.place, Place::BuiltIn("base".to_owned()));
        let own = lineup_of("/models/tiny");
        assert_eq!(own.base.place, Place::Path("/models/tiny".to_owned()));
        let Place::Hub { repo, .. } = lineup_of("hub:me/tiny").base.place else {
            panic!("it is on the hub");
        };
        assert_eq!(repo, "me/tiny");
    }

    #[test]
    fn what_it_learnt_as_is_what_it_joins_as() {
        let mut raw = found("raw", "demo");
        raw.record.order.raw = true;
        raw.record.order.full = true;
        let with = made(Some(LineupSource::Demo), &raw, true);
        let lineup = read(&with.lineup, DEMO).unwrap();
        assert_eq!(lineup.objectives[1].template.as_deref(), Some("raw"));
        assert!(matches!(lineup.objectives[1].source, Source::Model(_)));
    }

    #[test]
    fn a_lineup_that_is_gone_is_a_failure() {
        let change = Change {
            lineup: Some(LineupSource::File("/nowhere/lineup.toml".into())),
            found: found("kind", "demo"),
            joins: true,
        };
        assert!(change.make(DEMO).is_err());
    }
}
