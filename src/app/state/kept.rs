//! Guided texts that stay on screen in columns of their own, to be compared with others.

use super::State;
use super::run::Run;

/// Most of them: with the two texts of the run on screen that makes four columns.
pub const MOST_KEPT: usize = 2;

/// A text that stays.
#[derive(Debug, Clone)]
pub struct KeptText {
    /// Its weights in words.
    pub title: String,
    /// Its seed in words.
    pub subtitle: String,
    /// Its run.
    pub run: Run,
}

/// Weights in words, for example `0.50 helpful, 1.00 harmless`; nothing where all are 0.
#[must_use]
pub fn weights_in_words(weights: &[f64], names: &[&str]) -> Option<String> {
    let parts: Vec<String> = (weights.iter().zip(names))
        .filter(|(weight, _)| **weight != 0.0)
        .map(|(weight, name)| format!("{weight:.2} {name}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What a text with these weights is called; votes are counted under it.
#[must_use]
pub fn title_of(weights: &[f64], names: &[&str]) -> String {
    weights_in_words(weights, names).unwrap_or_else(|| "All at 0".to_owned())
}

impl KeptText {
    /// The guided text of a run.
    #[must_use]
    pub fn of(run: &Run, names: &[&str]) -> Self {
        Self {
            title: title_of(&run.weights, names),
            subtitle: format!("seed {}", run.sampling.seed),
            run: run.clone(),
        }
    }
}

impl State {
    /// How many kept texts have a column: none in Demo mode.
    #[must_use]
    pub fn kept_columns(&self) -> usize {
        if self.is_showing() {
            0
        } else {
            self.kept.len()
        }
    }

    /// Whether the guided text on screen can be kept in a column.
    #[must_use]
    pub fn can_keep(&self) -> bool {
        let known = |run: &Run| {
            let same = |kept: &KeptText| kept.run.id == run.id;
            !run.is_active() && !run.guided.is_empty() && !self.kept.iter().any(same)
        };
        self.kept.len() < MOST_KEPT && !self.is_showing() && self.run().is_some_and(known)
    }
}
