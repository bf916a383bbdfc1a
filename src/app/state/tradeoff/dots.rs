//! The settings of a sweep as they stand in its pictures, worked out once for all frames, and words about them.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::app::widgets::numbers::{signed, weight as weight_words};
use crate::engine::tradeoff::Outcome;
use crate::worker::sweep::SweepRecord;

/// Letters of a text in a hint.
const HINT_LETTERS: usize = 110;

/// One setting in the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    /// Its place in the sweep.
    pub setting: usize,
    /// Its weights.
    pub weights: Vec<f64>,
    /// Its mean scores: one per objective, behind them the independent ones, which may be missing (not a number).
    pub scores: Vec<f64>,
    /// Half the width of each interval, where there is one.
    pub halves: Vec<Option<f64>>,
    /// Whether nothing beats it.
    pub on_front: bool,
    /// Whether it is the plain model.
    pub is_base: bool,
    /// What is said of it.
    pub hint: String,
}

impl Dot {
    /// The settings that have a text.
    #[must_use]
    pub fn all(record: &SweepRecord, outcome: &Outcome) -> Arc<[Self]> {
        let mut firsts: Vec<Option<&str>> = vec![None; record.settings.len()];
        for row in &record.rows {
            if let Some(first) = firsts.get_mut(row.setting) {
                first.get_or_insert(row.text.as_str());
            }
        }
        let names = record.score_names();
        let units: Vec<_> = (0..names.len())
            .map(|score| record.unit(score, outcome.measure))
            .collect();
        let standings = outcome.standings.iter().zip(&firsts).enumerate();
        standings
            .filter_map(|(setting, (standing, first))| {
                let scores: Vec<f64> = standing
                    .scores
                    .iter()
                    .map(|score| score.map_or(f64::NAN, |score| score.value))
                    .collect();
                let mut own = scores.iter().take(standing.weights.len());
                if !own.all(|score| score.is_finite()) {
                    return None;
                }
                let mut hint = weights_words(record, &standing.weights);
                for ((name, score), unit) in names.iter().zip(&scores).zip(&units) {
                    let _ = write!(hint, "\n{name} {}", score_words(*unit, *score, 3));
                }
                let text = first_words(first.unwrap_or_default(), HINT_LETTERS);
                let _ = write!(hint, "\n“{text}”");
                Some(Self {
                    setting,
                    weights: standing.weights.to_vec(),
                    halves: standing
                        .scores
                        .iter()
                        .map(|score| score.and_then(|score| score.half))
                        .collect(),
                    scores,
                    on_front: standing.on_front,
                    is_base: standing.is_base,
                    hint,
                })
            })
            .collect()
    }
}

/// The weights of a setting in words: those above 0, or that it is the plain model.
pub(in crate::app) fn weights_words(record: &SweepRecord, weights: &[f64]) -> String {
    let words: Vec<String> = weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight != 0.0)
        .map(|(index, weight)| {
            let number = weight_words(*weight);
            format!("{} {number}", record.objective(index))
        })
        .collect();
    if words.is_empty() {
        "plain model".to_owned()
    } else {
        words.join(", ")
    }
}

/// A score in words: nats have a sign, and scores on a scale of their own are what they are.
pub(in crate::app) fn score_words(unit: Option<&str>, score: f64, decimals: usize) -> String {
    let words = signed(score, decimals);
    match unit {
        Some(_) => words,
        None => words.trim_start_matches('+').to_owned(),
    }
}

/// The beginning of a text, on one line.
pub(in crate::app) fn first_words(text: &str, most: usize) -> String {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let cut: String = flat.chars().take(most).collect();
    format!("{}…", cut.trim_end())
}
