//! A lineup while it is put together: it need not be whole yet.

use std::path::PathBuf;

use crate::domain::Colour;
use crate::worker::shelf::{Base, Entry, Layout, Lineup, Place, Source, Subject};

/// A lineup that is being put together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The model that is to be steered.
    pub base: Option<Base>,
    /// What it is to be steered by.
    pub objectives: Vec<Entry>,
    /// How its models lie in memory.
    pub layout: Layout,
    /// Prompts that surprise the base by more nats per token than this lie outside what it knows.
    pub familiar: Option<f64>,
    /// The file that it is saved in.
    pub file: Option<PathBuf>,
}

/// The name of a lineup that has none yet.
pub const UNNAMED: &str = "My lineup";

impl Plan {
    /// A lineup to be changed.
    #[must_use]
    pub fn of(lineup: &Lineup, file: Option<PathBuf>) -> Self {
        Self {
            name: lineup.name.clone(),
            base: Some(lineup.base.clone()),
            objectives: lineup.objectives.clone(),
            layout: lineup.layout,
            familiar: lineup.familiar,
            file,
        }
    }

    /// Whether nothing has been put into it yet.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.base.is_none() && self.objectives.is_empty()
    }

    /// The lineup, once it has a base.
    #[must_use]
    pub fn lineup(&self) -> Option<Lineup> {
        Some(Lineup {
            name: if self.name.trim().is_empty() {
                UNNAMED.to_owned()
            } else {
                self.name.trim().to_owned()
            },
            base: self.base.clone()?,
            objectives: self.objectives.clone(),
            layout: self.layout,
            familiar: self.familiar,
        })
    }

    /// Every place that it names, the base's first.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        let base = self.base.iter().map(|base| &base.place);
        base.chain(
            self.objectives
                .iter()
                .flat_map(|entry| entry.source.places()),
        )
    }

    /// What has to be mended before it can be loaded or saved, in a sentence.
    #[must_use]
    pub fn gap(&self) -> Option<String> {
        if self.base.is_none() {
            return Some("Choose a base first".to_owned());
        }
        let mut names = std::collections::BTreeSet::new();
        for entry in &self.objectives {
            let name = entry.name.as_str();
            if name.trim().is_empty() {
                return Some("Give every objective a name".to_owned());
            }
            if name.trim() != name || name.contains('=') {
                return Some(format!(
                    "The name \"{name}\" cannot be used: no equals sign, no space at its ends"
                ));
            }
            if !names.insert(name) {
                return Some(format!("Two objectives are called {name}"));
            }
            let wordless = |wish: &str| wish.trim().is_empty();
            if matches!(&entry.source, Source::System(wish) if wordless(wish)) {
                return Some(format!("Write the sentence of {name}"));
            }
        }
        None
    }

    /// A name for a new objective that no other has: the wanted one, with a number where it is taken.
    #[must_use]
    pub fn free_name(&self, wanted: &str) -> String {
        let wanted = wanted.replace('=', " ");
        let wanted = match wanted.trim() {
            "" => "objective",
            name => name,
        };
        let taken = |name: &str| self.objectives.iter().any(|entry| entry.name == name);
        let mut name = wanted.to_owned();
        let mut number = 2;
        while taken(&name) {
            name = format!("{wanted} {number}");
            number += 1;
        }
        name
    }

    /// The colour that an objective is shown in.
    #[must_use]
    pub fn colour(&self, index: usize) -> Colour {
        self.objectives
            .get(index)
            .and_then(|entry| entry.colour)
            .unwrap_or(Colour::at(index))
    }
}

/// Whom an objective needs beside the base, as those who join.
pub fn subjects(entry: &Entry) -> Vec<Subject> {
    match &entry.source {
        Source::System(_) => vec![Subject::Sentence],
        Source::Adapter(place) => vec![Subject::Adapter(place.clone())],
        Source::Model(place) => vec![Subject::Model(place.clone())],
        Source::Contrast { expert, amateur } => vec![
            Subject::Model(expert.clone()),
            Subject::Model(amateur.clone()),
        ],
    }
}
