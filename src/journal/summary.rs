//! What the list shows of a run, kept as its words come: a run that ends need not be read again from the disk.

use super::{Entry, SHOWN, rounded, strip};
use crate::engine::insight::TokenInsight;
use crate::record::Record;

/// A run in short.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Summary {
    /// Names of the objectives.
    names: Vec<String>,
    /// The weights that the guided text is written with.
    weights: Vec<f64>,
    /// The characters of each token of the guided text.
    pieces: Vec<String>,
    /// What each objective says of each of them, nats; nothing where that is not known.
    advantages: Vec<Vec<f64>>,
    /// Characters behind the last token.
    tail: String,
}

impl Summary {
    /// Of a run that has no word yet.
    pub(super) fn new(names: impl Iterator<Item = String>, weights: &[f64]) -> Self {
        Self {
            names: names.collect(),
            weights: weights.to_vec(),
            ..Self::default()
        }
    }

    /// Of a run that was read.
    pub(super) fn of(record: &Record) -> Self {
        let names = record.info.objectives.iter().map(|o| o.name.clone());
        let mut summary = Self::new(names, &record.weights);
        let guided = &record.guided;
        for (at, (step, piece)) in guided.trace.steps().iter().zip(&guided.pieces).enumerate() {
            summary.word(at, piece, &step.insight);
        }
        summary
    }

    /// A token of the guided text, or one in the place of another.
    pub(super) fn word(&mut self, at: usize, text: &str, insight: &TokenInsight) {
        let said = insight.chosen.objectives.iter().map(|o| o.advantage);
        let (text, said) = (text.to_owned(), said.collect());
        if at < self.pieces.len() {
            self.pieces[at] = text;
            self.advantages[at] = said;
        } else if at == self.pieces.len() {
            self.pieces.push(text);
            self.advantages.push(said);
        }
    }

    /// The guided text goes on otherwise from `position` on.
    pub(super) fn from(&mut self, position: usize, weights: &[f64]) {
        self.pieces.truncate(position);
        self.advantages.truncate(position);
        self.tail.clear();
        self.weights = weights.to_vec();
    }

    /// The guided text has come to its end.
    pub(super) fn end(&mut self, tail: &str) {
        tail.clone_into(&mut self.tail);
    }

    /// What an objective says of each token of which that is known.
    fn of_objective(&self, objective: usize) -> Vec<f64> {
        let said = self.advantages.iter();
        let said = said.filter_map(|said| said.get(objective).copied());
        said.filter(|value| value.is_finite()).collect()
    }
}

impl Entry {
    /// Takes in what is known of the run.
    pub(super) fn sum_up(&mut self, summary: &Summary) {
        let text = summary.pieces.concat() + &summary.tail;
        self.text = text.trim().chars().take(SHOWN).collect();
        let names = summary.names.iter().cloned();
        self.weights = names.zip(summary.weights.iter().copied()).collect();
        let mean = |values: Vec<f64>| {
            let count = values.len().max(1) as f64;
            rounded(values.into_iter().sum::<f64>() / count)
        };
        let objectives = 0..summary.names.len();
        self.scores = objectives
            .map(|objective| mean(summary.of_objective(objective)))
            .collect();
        self.tokens = summary.pieces.len();
        let heaviest = self.weights.iter().enumerate();
        let heaviest = heaviest.max_by(|a, b| a.1.1.abs().total_cmp(&b.1.1.abs()));
        self.strip_of = heaviest.map_or(0, |(index, _)| index);
        self.strip = strip(&summary.of_objective(self.strip_of));
    }
}
