//! Judging without knowing: the two texts in any order, a vote, and what the votes were for each setting of the weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
use crate::domain::{Pane, RunId};

/// A test that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// The run whose texts are judged.
    pub run: RunId,
    /// Whether text A is the guided one.
    pub swapped: bool,
    /// The vote, when it was given: then the texts have their names again.
    pub vote: Option<Vote>,
}

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    /// Text A is better.
    A,
    /// Text B is better.
    B,
    /// They are equally good.
    Tie,
    /// Neither is any good.
    BothBad,
}

impl Vote {
    /// All of them, in the order of the buttons.
    pub const ALL: [Self; 4] = [Self::A, Self::Tie, Self::BothBad, Self::B];

    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::A => "A is better",
            Self::B => "B is better",
            Self::Tie => "Equally good",
            Self::BothBad => "Both are bad",
        }
    }
}

/// Votes for one setting of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// For the guided text.
    pub guided: u32,
    /// For the plain text.
    pub base: u32,
    /// Equally good.
    pub ties: u32,
    /// Both bad.
    pub both_bad: u32,
}

impl Tally {
    /// Counts a vote; `swapped` says whether text A was the guided one.
    pub fn count(&mut self, vote: Vote, swapped: bool) {
        match (vote, swapped) {
            (Vote::A, true) | (Vote::B, false) => self.guided += 1,
            (Vote::A, false) | (Vote::B, true) => self.base += 1,
            (Vote::Tie, _) => self.ties += 1,
            (Vote::BothBad, _) => self.both_bad += 1,
        }
    }

    /// Votes in all.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.guided + self.base + self.ties + self.both_bad
    }
}

/// Votes by the weights in words.
pub type Votes = BTreeMap<String, Tally>;

impl Blind {
    /// The text that stands in the first or the second place.
    #[must_use]
    pub fn pane(&self, place: usize) -> Pane {
        if (place == 0) == self.swapped {
            Pane::Guided
        } else {
            Pane::Base
        }
    }
}

impl State {
    /// The test on screen whose answer is still hidden.
    #[must_use]
    pub fn hidden(&self) -> Option<&Blind> {
        let blind = self.blind.as_ref()?;
        (blind.vote.is_none() && self.shown == Some(blind.run)).then_some(blind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_counts_for_the_text_that_stood_there() {
        let mut tally = Tally::default();
        tally.count(Vote::A, true);
        tally.count(Vote::B, false);
        tally.count(Vote::A, false);
        tally.count(Vote::Tie, true);
        tally.count(Vote::BothBad, false);
        let expected = Tally {
            guided: 2,
            base: 1,
            ties: 1,
            both_bad: 1,
        };
        assert_eq!(tally, expected);
        assert_eq!(tally.all(), 5);
    }

    #[test]
    fn both_texts_stand_somewhere() {
        for swapped in [false, true] {
            let blind = Blind {
                run: RunId(1),
                swapped,
                vote: None,
            };
            assert_ne!(blind.pane(0), blind.pane(1));
            assert_eq!(blind.pane(0) == Pane::Guided, swapped);
        }
    }
}
