//! Which runs the list shows: searched and narrowed down when something has changed, not in every frame.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Past;
use crate::journal::Entry;

const DAY_SECS: u64 = 86_400;

/// From when on runs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Since {
    /// All of them.
    #[default]
    Ever,
    /// Those of today, in UTC.
    Today,
    /// Those of today and the six days before.
    Week,
    /// Those of today and the 29 days before.
    Month,
}

impl Since {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Ever, Self::Today, Self::Week, Self::Month];

    /// Words in the list of choices.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ever => "Any day",
            Self::Today => "Today",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
        }
    }

    /// The earliest moment of a run that is listed, seconds since 1970, at the moment `now`.
    const fn from(self, now: u64) -> u64 {
        let days = match self {
            Self::Ever => return 0,
            Self::Today => 0,
            Self::Week => 6,
            Self::Month => 29,
        };
        (now / DAY_SECS).saturating_sub(days) * DAY_SECS
    }
}

/// All runs by number, the oldest first; counts how often a hand was laid on them.
#[derive(Debug, Default)]
pub struct Entries {
    runs: BTreeMap<u64, Entry>,
    changes: u64,
}

impl Deref for Entries {
    type Target = BTreeMap<u64, Entry>;

    fn deref(&self) -> &Self::Target {
        &self.runs
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.changes += 1;
        &mut self.runs
    }
}

/// What the list was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    changes: u64,
    search: String,
    lineup: Option<String>,
    objective: Option<String>,
    from: u64,
    pinned_only: bool,
}

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Numbers of the runs, the newest first.
    pub runs: Vec<u64>,
    /// Names of all models in the history.
    pub lineups: Vec<String>,
    /// Names of all objectives in the history.
    pub objectives: Vec<String>,
}

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct Memory(RefCell<Option<(Question, Arc<Found>)>>);

impl Past {
    /// What the list shows at the moment `now`, seconds since 1970.
    #[must_use]
    pub fn found(&self, now: u64) -> Arc<Found> {
        let question = Question {
            changes: self.entries.changes,
            search: self.search.clone(),
            lineup: self.lineup.clone(),
            objective: self.objective.clone(),
            from: self.since.from(now),
            pinned_only: self.pinned_only,
        };
        let mut memory = self.memory.0.borrow_mut();
        if let Some((asked, found)) = &*memory
            && *asked == question
        {
            return Arc::clone(found);
        }
        let found = Arc::new(question.answer(&self.entries));
        *memory = Some((question, Arc::clone(&found)));
        found
    }
}

impl Question {
    fn answer(&self, entries: &BTreeMap<u64, Entry>) -> Found {
        let words: Vec<String> = self
            .search
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let steered_by = |entry: &Entry, name: &String| {
            let mut weights = entry.weights.iter();
            weights.any(|(objective, weight)| objective == name && *weight != 0.0)
        };
        let fits = |entry: &&Entry| {
            (!self.pinned_only || entry.pinned)
                && entry.at() >= self.from
                && self
                    .lineup
                    .as_ref()
                    .is_none_or(|lineup| *lineup == entry.lineup)
                && self
                    .objective
                    .as_ref()
                    .is_none_or(|name| steered_by(entry, name))
                && entry.has(&words)
        };
        let runs = entries.values().rev().filter(fits).map(|entry| entry.id);
        let lineups = entries.values().map(|entry| entry.lineup.as_str());
        let weights = entries.values().flat_map(|entry| &entry.weights);
        Found {
            runs: runs.collect(),
            lineups: each_once(lineups.collect()),
            objectives: each_once(weights.map(|(name, _)| name.as_str()).collect()),
        }
    }
}

fn each_once(mut names: Vec<&str>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(secs: u64, weights: &[(&str, f64)]) -> Entry {
        Entry {
            id: secs * 1000,
            prompt: "A dog".to_owned(),
            text: "Be kind".to_owned(),
            lineup: "Demo".to_owned(),
            weights: weights
                .iter()
                .map(|(name, w)| ((*name).to_owned(), *w))
                .collect(),
            scores: Vec::new(),
            strip_of: 0,
            strip: Vec::new(),
            tokens: 2,
            bytes: 100,
            open: false,
            pinned: false,
            note: String::new(),
        }
    }

    fn past(entries: Vec<Entry>) -> Past {
        let mut past = Past::default();
        for entry in entries {
            past.entries.insert(entry.id, entry);
        }
        past
    }

    #[test]
    fn days_are_counted_from_midnight() {
        let noon = 100 * DAY_SECS + DAY_SECS / 2;
        let past = |since| {
            let mut past = past(vec![
                entry(noon - 40 * DAY_SECS, &[]),
                entry(94 * DAY_SECS - 1, &[]),
                entry(94 * DAY_SECS, &[]),
                entry(100 * DAY_SECS - 1, &[]),
                entry(100 * DAY_SECS, &[]),
            ]);
            past.since = since;
            past.found(noon).runs.len()
        };
        assert_eq!(Since::ALL.map(past), [5, 1, 3, 4]);
    }

    #[test]
    fn an_objective_lists_the_runs_that_it_steered() {
        let mut past = past(vec![
            entry(1, &[("kind", 1.0), ("funny", 0.0)]),
            entry(2, &[("kind", 0.0), ("funny", 0.5)]),
        ]);
        assert_eq!(past.found(9).objectives, ["funny", "kind"]);
        past.objective = Some("kind".to_owned());
        assert_eq!(past.found(9).runs, [1000]);
    }

    #[test]
    fn the_list_is_made_anew_only_when_something_has_changed() {
        let mut past = past(vec![entry(1, &[])]);
        let first = past.found(9);
        assert!(Arc::ptr_eq(&first, &past.found(10)), "nothing has changed");
        past.entries.insert(2000, entry(2, &[]));
        assert_eq!(past.found(10).runs, [2000, 1000]);
        past.search = "cat".to_owned();
        assert!(past.found(10).runs.is_empty());
    }
}
