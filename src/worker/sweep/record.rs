//! A sweep as far as it has come, with all that is needed to read or repeat it.

use std::path::Path;
use std::sync::Arc;

use super::document;
use crate::domain::{LineupInfo, ObjectiveWeights, Prompt, Sampling};
use crate::engine::tradeoff::{Measure, Outcome, Reference, Row};
use crate::error::Failure;

/// A sweep with its rows so far. What a window shows, and what a file holds, is made of it.
#[derive(Debug, Clone)]
pub struct SweepRecord {
    /// The lineup that it was written with.
    pub info: Arc<LineupInfo>,
    /// What the models read.
    pub prompts: Arc<[Arc<Prompt>]>,
    /// The settings of the weights.
    pub settings: Arc<[ObjectiveWeights]>,
    /// The objectives whose weights are swept, by their places in the lineup.
    pub axes: Vec<usize>,
    /// Texts of each setting for each prompt.
    pub samples: usize,
    /// How tokens were drawn; the seed is that of the first sample.
    pub sampling: Sampling,
    /// The texts so far, in the order in which they ended.
    pub rows: Vec<Row>,
    /// Whether all texts are there.
    pub complete: bool,
}

impl SweepRecord {
    /// Name of an objective.
    #[must_use]
    pub fn objective(&self, index: usize) -> &str {
        let objective = self.info.objectives.get(index);
        objective.map_or("", |objective| objective.name.as_str())
    }

    /// What it comes to.
    #[must_use]
    pub fn outcome(&self, measure: Measure, reference: &Reference) -> Outcome {
        Outcome::of(&self.settings, &self.rows, &self.axes, measure, reference)
    }

    /// The rows in the order of samples, prompts and settings, whichever ended first.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| (row.sample, row.prompt, row.setting));
        rows
    }

    /// The seed of a row's text.
    #[must_use]
    pub fn seed(&self, row: &Row) -> u64 {
        self.sampling.seed.wrapping_add(row.sample as u64)
    }

    /// One line per text, as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        document::csv(self)
    }

    /// Everything, as the `sweep/1` document.
    #[must_use]
    pub fn json(&self, outcome: &Outcome) -> serde_json::Value {
        document::json(self, outcome)
    }

    /// The contents of a file of this name: CSV, or JSON.
    ///
    /// # Errors
    /// A name that ends in neither `.csv` nor `.json`.
    pub fn file(&self, outcome: &Outcome, path: &Path) -> Result<String, Failure> {
        match kind(path)? {
            Kind::Csv => Ok(self.csv()),
            Kind::Json => Ok(format!("{:#}\n", self.json(outcome))),
        }
    }
}

/// What a sweep is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line per text.
    Csv,
    /// Everything.
    Json,
}

/// What a file of this name holds.
///
/// # Errors
/// A name that ends in neither `.csv` nor `.json`.
pub fn kind(path: &Path) -> Result<Kind, Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    match extension.to_lowercase().as_str() {
        "csv" => Ok(Kind::Csv),
        "json" => Ok(Kind::Json),
        _ => Err(Failure::usage("A sweep is kept as .csv or .json")
            .hint("Give the file a name with one of these endings")
            .details(path.display().to_string())),
    }
}

/// Writes such a file in the place of what was there, whole or not at all.
///
/// # Errors
/// What the disk says.
pub fn write(path: &Path, contents: &str) -> Result<(), Failure> {
    crate::model::replace::replace(path, |partial| std::fs::write(partial, contents)).map_err(
        |error| {
            Failure::failed("The sweep could not be written")
                .hint("See whether the folder exists, may be written to and has room")
                .details(format!("{error}, {}", path.display()))
        },
    )
}
