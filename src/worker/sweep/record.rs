//! A sweep as far as it has come, with all that is needed to read or repeat it.

use std::path::Path;
use std::sync::Arc;

use super::{document, texts};
use crate::domain::{LineupInfo, ObjectiveWeights, Prompt, Sampling};
use crate::engine::tradeoff::{Independent, Measure, Outcome, Reference, Row, View, honesty};
use crate::error::Failure;
use crate::record::table::Kind;

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
    /// Scores of the texts from elsewhere.
    pub independent: Vec<Independent>,
}

impl SweepRecord {
    /// Name of an objective.
    #[must_use]
    pub fn objective(&self, index: usize) -> &str {
        let objective = self.info.objectives.get(index);
        objective.map_or("", |objective| objective.name.as_str())
    }

    /// Names of all scores: those of the objectives, behind them the independent ones.
    #[must_use]
    pub fn score_names(&self) -> Vec<&str> {
        let own = self.info.objectives.iter().map(|one| one.name.as_str());
        let others = self.independent.iter().map(|one| one.label.as_str());
        own.chain(others).collect()
    }

    /// The independent score of that place among all scores, where it is one.
    #[must_use]
    pub fn independent_at(&self, score: usize) -> Option<&Independent> {
        let place = score.checked_sub(self.info.objectives.len())?;
        self.independent.get(place)
    }

    /// The unit of a score, by its place among all scores, where it has one.
    #[must_use]
    pub fn unit(&self, score: usize, measure: Measure) -> Option<&'static str> {
        match self.independent_at(score) {
            Some(independent) => independent.unit(measure),
            None => Some(measure.unit()),
        }
    }

    /// What a text scores, by the place among all scores.
    #[must_use]
    pub fn score(&self, row: &Row, measure: Measure, score: usize) -> Option<f64> {
        match self.independent_at(score) {
            Some(independent) => independent.score(measure, row),
            None => row.scores.score(measure, score),
        }
    }

    /// What it comes to, with the front over the objectives that are swept.
    #[must_use]
    pub fn outcome(&self, measure: Measure, reference: &Reference) -> Outcome {
        self.outcome_on(&self.axes, measure, reference)
    }

    /// What it comes to, with the front over these scores.
    #[must_use]
    pub fn outcome_on(&self, front: &[usize], measure: Measure, reference: &Reference) -> Outcome {
        let view = View {
            swept: &self.axes,
            front,
            measure,
            reference,
        };
        Outcome::of(&self.settings, &self.rows, &self.independent, view)
    }

    /// What must be said beside it, seen on these scores.
    #[must_use]
    pub fn honesty(&self, scores: &[usize]) -> String {
        let names = self.score_names();
        let of = |&score: &usize| {
            let origin = self.independent_at(score).map(|one| &one.origin);
            (names.get(score).copied().unwrap_or_default(), origin)
        };
        let axes: Vec<_> = scores.iter().map(of).collect();
        honesty(&axes)
    }

    /// What a file calls a row's text: the same for the same words to the same prompt, in any sweep.
    #[must_use]
    pub fn key(&self, row: &Row) -> String {
        let prompt = self.prompts.get(row.prompt);
        texts::key(prompt.map_or("", |prompt| &prompt.text), &row.text)
    }

    /// Every text once, with its key and prompt and without its weights, for somebody who scores it: a table, or a record a
    /// line where the file's name ends in `.jsonl`.
    #[must_use]
    pub fn texts(&self, path: &Path) -> String {
        texts::for_scorer(self, path)
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

    /// The names of the columns of [`Self::csv`] that are no independent scores.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        document::columns(self)
    }

    /// What front and volume over other scores than those of the swept objectives come to, as the document tells it.
    #[must_use]
    pub fn on_axes(&self, outcome: &Outcome) -> serde_json::Value {
        document::on_axes(self, outcome)
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
        match Kind::of(path)? {
            Kind::Csv => Ok(self.csv()),
            Kind::Json => Ok(format!("{:#}\n", self.json(outcome))),
        }
    }
}
