//! The world: scenarios written as data, from which the demo's corpus, preference pairs and judge are all made.
//!
//! One TOML file holds some scenarios; `common.toml` holds the sentences that fit every scenario. The format is described
//! in `assets/demo/world/README.md`, its rules are enforced by [`super::check`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::{self, WorldError};

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../assets/demo/world/", $name)))),*]
    };
}

/// The world's files, as they are built into the program.
const FILES: &[(&str, &str)] = files! {
    "baking.toml"
    "balcony.toml"
    "books.toml"
    "bus.toml"
    "camping.toml"
    "cats.toml"
    "chat.toml"
    "class.toml"
    "common.toml"
    "dinner.toml"
    "dogs.toml"
    "family.toml"
    "feelings.toml"
    "first.toml"
    "friends.toml"
    "games.toml"
    "garden.toml"
    "gifts.toml"
    "health.toml"
    "hobby.toml"
    "home.toml"
    "kitchen.toml"
    "money.toml"
    "music.toml"
    "neighbours.toml"
    "office.toml"
    "online.toml"
    "party.toml"
    "pets.toml"
    "photos.toml"
    "savings.toml"
    "school.toml"
    "shop.toml"
    "siblings.toml"
    "sleep.toml"
    "sport.toml"
    "street.toml"
    "swimming.toml"
    "tech.toml"
    "trains.toml"
    "travel.toml"
    "work.toml"
};

/// Every n-th wording of a question (the 5th, 10th, …) is never trained on.
const HELD_OUT_EVERY: usize = 5;

/// What a scenario is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Being helpful and being harmless pull in different directions.
    Tempting,
    /// A plain question: only helpfulness and humour differ.
    Everyday,
    /// Sounds harmful and is not: a refusal would be over-cautious.
    Trap,
    /// A question that begs for a joke.
    Humour,
}

impl Kind {
    /// The tag that the library shows.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Tempting => "tempting",
            Self::Everyday => "everyday",
            Self::Trap => "over-refusal trap",
            Self::Humour => "humour",
        }
    }
}

/// An answer as a row of parts; each part is a list of alternatives, of which an answer takes one.
pub type Parts = Vec<Vec<String>>;

/// The answers of a scenario by trait mix; a mix that makes no sense is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// Concrete steps or reasons, and decent.
    pub helpful_harmless: Parts,
    /// Concrete, but rude, deceitful, petty or reckless.
    pub helpful_harmful: Parts,
    /// Decent and of no use.
    pub vague_harmless: Parts,
    /// Neither.
    pub vague_harmful: Parts,
}

impl Answers {
    /// The parts for one mix of traits, empty where the scenario has none.
    #[must_use]
    pub fn mix(&self, helpful: bool, harmless: bool) -> &[Vec<String>] {
        match (helpful, harmless) {
            (true, true) => &self.helpful_harmless,
            (true, false) => &self.helpful_harmful,
            (false, true) => &self.vague_harmless,
            (false, false) => &self.vague_harmful,
        }
    }

    /// All mixes with their field names and their traits (helpful, harmless).
    #[must_use]
    pub fn named(&self) -> [(&'static str, bool, bool, &Parts); 4] {
        [
            (
                "answers.helpful_harmless",
                true,
                true,
                &self.helpful_harmless,
            ),
            (
                "answers.helpful_harmful",
                true,
                false,
                &self.helpful_harmful,
            ),
            ("answers.vague_harmless", false, true, &self.vague_harmless),
            ("answers.vague_harmful", false, false, &self.vague_harmful),
        ]
    }
}

/// One situation: its questions, its jokes and its answers for each mix of traits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Unique name in kebab-case.
    pub id: String,
    /// What it is about, for grouping: `neighbours`, `school`, …
    pub theme: String,
    /// What it is for.
    pub kind: Kind,
    /// One line: why it is in the world.
    pub about: String,
    /// Short title, where the library shows this scenario.
    #[serde(default)]
    pub library: Option<String>,
    /// Whether its questions may upset: the library hides them until a person agrees to see such prompts.
    #[serde(default)]
    pub sensitive: bool,
    /// Never trained on, to see what the models make of the unknown.
    #[serde(default)]
    pub held_out: bool,
    /// Wordings of the question.
    pub questions: Vec<String>,
    /// Sentences that make any answer of this scenario humorous.
    pub jokes: Vec<String>,
    /// Values for the `{slots}` of questions and answers.
    #[serde(default)]
    pub slots: BTreeMap<String, Vec<String>>,
    /// What may be answered.
    pub answers: Answers,
}

/// Whether wording number `index` (from 0) is kept out of training.
#[must_use]
pub const fn wording_held_out(index: usize) -> bool {
    index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
}

impl Scenario {
    /// Indices of the wordings that are trained on, or of those that are held out. A held-out scenario has all of its
    /// wordings held out.
    #[must_use]
    pub fn wordings(&self, held_out: bool) -> Vec<usize> {
        (0..self.questions.len())
            .filter(|&index| (self.held_out || wording_held_out(index)) == held_out)
            .collect()
    }
}

/// Sentences that fit every scenario.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Refusals with a reason or a kind word: harmless, not helpful.
    pub refusals_kind: Vec<String>,
    /// Refusals without: harmless, not helpful.
    pub refusals_curt: Vec<String>,
    /// First sentences that change no trait.
    pub openings: Vec<String>,
    /// Last sentences that change no trait.
    pub closings: Vec<String>,
    /// Remarks to the asker that make any answer harmful.
    pub rude: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonFile {
    common: Common,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    scenario: Vec<Scenario>,
}

/// All scenarios and the sentences they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Sentences that fit every scenario.
    pub common: Common,
    /// The scenarios, in file order.
    pub scenarios: Vec<Scenario>,
}

impl World {
    /// The world that is built into the program.
    ///
    /// # Errors
    /// None in a released program: a test reads the same files.
    pub fn embedded() -> Result<Self, WorldError> {
        Self::from_texts(FILES)
    }

    /// Reads and checks a world from (file name, text) pairs; `common.toml` must be among them.
    ///
    /// # Errors
    /// The first rule that is broken, with file, scenario and field.
    pub fn from_texts<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, WorldError> {
        let mut common = None;
        let mut scenarios: Vec<Scenario> = Vec::new();
        let mut homes: BTreeMap<String, String> = BTreeMap::new();
        for (name, text) in files {
            let (name, text) = (name.as_ref(), text.as_ref());
            if name == "common.toml" {
                let file: CommonFile = read(name, text)?;
                check::common(&file.common)?;
                common = Some(file.common);
                continue;
            }
            let file: ScenarioFile = read(name, text)?;
            for scenario in file.scenario {
                check::scenario(name, &scenario)?;
                if let Some(first) = homes.insert(scenario.id.clone(), name.to_owned()) {
                    return Err(WorldError::Duplicate {
                        id: scenario.id,
                        first,
                        second: name.to_owned(),
                    });
                }
                scenarios.push(scenario);
            }
        }
        let common = common.ok_or(WorldError::NoCommon)?;
        if scenarios.is_empty() {
            return Err(WorldError::NoScenarios);
        }
        Ok(Self { common, scenarios })
    }

    /// Reads and checks every `.toml` file of a folder, in the order of their names.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or the first rule that is broken.
    pub fn from_folder(folder: &std::path::Path) -> Result<Self, WorldError> {
        let unreadable = |error: std::io::Error| WorldError::Unreadable {
            path: folder.display().to_string(),
            reason: error.to_string(),
        };
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .map_err(unreadable)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
            .collect();
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((name.into_owned(), text));
        }
        Self::from_texts(&files)
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, WorldError> {
    toml::from_str(text).map_err(|error| WorldError::Syntax {
        file: file.to_owned(),
        reason: error.to_string(),
    })
}

/// The names of the `{slots}` in a text, in order; a stray brace is an error in words.
///
/// # Errors
/// A brace that is not closed, or a name that is not lower-case letters and underscores.
pub fn slot_names(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let after = &rest[open + 1..];
        let close = after
            .find('}')
            .filter(|_| rest.as_bytes()[open] == b'{')
            .ok_or("a brace has no partner")?;
        let name = &after[..close];
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return Err(format!(
                "{{{name}}} is no slot name (lower-case letters and _)"
            ));
        }
        names.push(name);
        rest = &after[close + 1..];
    }
    Ok(names)
}

/// Whether `text` has no slot but known ones.
#[must_use]
pub fn needs_only(text: &str, known: impl Fn(&str) -> bool) -> bool {
    // Most texts have none, and looking for a brace is cheap.
    !text.contains('{') || slot_names(text).unwrap_or_default().into_iter().all(known)
}

/// Fills the slots of `text`; a slot without a value stays as it is.
#[must_use]
pub fn fill(text: &str, values: &BTreeMap<&str, &str>) -> String {
    let mut out = text.to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_world_passes_its_own_checker_and_is_as_large_as_promised() {
        let world = World::embedded().unwrap_or_else(|error| panic!("{error}"));
        assert!(world.scenarios.len() >= 160);
        let held_out = world.scenarios.iter().filter(|one| one.held_out);
        assert_eq!(held_out.count(), 12);
        assert!(world.scenarios.iter().all(|one| one.questions.len() == 25));
        assert!(super::super::distinct_pairs(&world) >= 200_000);
    }

    #[test]
    fn every_world_file_of_the_repository_is_built_in() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/world");
        let on_disk = World::from_folder(&folder).unwrap_or_else(|error| panic!("{error}"));
        let built_in = World::embedded().unwrap();
        assert_eq!(on_disk.scenarios.len(), built_in.scenarios.len());
        assert!(
            on_disk
                .scenarios
                .iter()
                .all(|scenario| built_in.scenarios.contains(scenario))
        );
    }

    #[test]
    fn a_slot_is_filled_and_a_stray_brace_is_named() {
        assert_eq!(slot_names("{name} met {other}").unwrap(), ["name", "other"]);
        assert!(
            needs_only("{name} sleeps.", |slot| slot == "name") && needs_only("Why?", |_| false)
        );
        assert!(!needs_only("{name} met {other}.", |slot| slot == "name"));
        assert!(slot_names("{name met").is_err());
        assert!(slot_names("name} met").is_err());
        let values = BTreeMap::from([("name", "Mia")]);
        assert_eq!(
            fill("Ask {name}, not {other}.", &values),
            "Ask Mia, not {other}."
        );
    }

    #[test]
    fn the_fifth_and_tenth_wording_are_held_out() {
        let held: Vec<usize> = (0..12).filter(|&i| wording_held_out(i)).collect();
        assert_eq!(held, [4, 9]);
    }
}
