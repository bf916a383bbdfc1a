//! Which words of two texts differ, and which place of one stands for which of the other.

use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::State;
use super::grain::groups;
use super::run::Run;
use super::settings::Grain;
use crate::domain::{Pane, RunId};

/// Longest time that a comparison may take.
const MOST_TIME: Duration = Duration::from_millis(20);

/// How two texts differ, word by word or token by token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Of each text: which tokens belong to words that the other one does not have there.
    pub differs: [Vec<bool>; 2],
    /// Of each text: how many words or tokens it has, and how many of them differ; marks between words are no words.
    pub words: [(usize, usize); 2],
    /// How many of them at the beginning are the same.
    pub same_first: usize,
    /// Tokens at which parts begin that both have.
    anchors: Vec<(usize, usize)>,
}

/// The words or the tokens of a text: where they stand, and what they are compared by. The end of the text is none.
fn parts(pieces: &[String], grain: Grain) -> (Vec<Range<usize>>, Vec<String>) {
    let words = groups(pieces, grain).into_iter().filter_map(|group| {
        let word = pieces[group.clone()].concat();
        let word = word.trim();
        (!word.is_empty()).then(|| (group, word.to_owned()))
    });
    words.unzip()
}

impl Difference {
    /// Compares two texts by the words or the tokens that their pieces are.
    #[must_use]
    pub fn of(pieces: [&[String]; 2], grain: Grain) -> Self {
        let [(ranges, a), (other_ranges, b)] = pieces.map(|pieces| parts(pieces, grain));
        let counts = |word: &&String| grain == Grain::Token || word.contains(char::is_alphanumeric);
        let count = |words: &[String]| words.iter().filter(counts).count();
        let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        let mut difference = Self {
            differs: pieces.map(|pieces| vec![false; pieces.len()]),
            words: [(count(&a), 0), (count(&b), 0)],
            same_first: count(&a[..same]),
            anchors: Vec::new(),
        };
        // Texts without end that have nothing in common are compared less finely; the window goes on.
        let deadline = Instant::now() + MOST_TIME;
        for op in capture_diff_slices_deadline(Algorithm::Patience, &a, &b, Some(deadline)) {
            let (tag, old, new) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                let both = ranges[old].iter().zip(&other_ranges[new]);
                difference
                    .anchors
                    .extend(both.map(|(a, b)| (a.start, b.start)));
                continue;
            }
            let sides = [
                (&ranges[old.clone()], &a[old]),
                (&other_ranges[new.clone()], &b[new]),
            ];
            for (side, (ranges, words)) in sides.into_iter().enumerate() {
                difference.words[side].1 += count(words);
                for token in ranges.iter().cloned().flatten() {
                    difference.differs[side][token] = true;
                }
            }
        }
        difference
    }

    /// Compares the two texts of a run.
    #[must_use]
    pub fn between(run: &Run, grain: Grain) -> Self {
        let pieces = [Pane::Base, Pane::Guided].map(|pane| &run.text(pane).pieces[..]);
        Self::of(pieces, grain)
    }

    /// Whether the texts are the same part by part, marks and all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.differs.iter().flatten().any(|differs| *differs)
    }

    /// The token of the other text that stands where `token` of text `side` (0 or 1) stands.
    #[must_use]
    pub fn across(&self, side: usize, token: usize) -> usize {
        let of = |anchor: &(usize, usize), side: usize| {
            if side == 0 { anchor.0 } else { anchor.1 }
        };
        let next = self
            .anchors
            .partition_point(|anchor| of(anchor, side) <= token);
        let (here, there) = next.checked_sub(1).map_or((0, 0), |last| {
            let anchor = &self.anchors[last];
            (of(anchor, side), of(anchor, 1 - side))
        });
        let end = self.anchors.get(next).map_or_else(
            || self.differs[1 - side].len().saturating_sub(1),
            |anchor| of(anchor, 1 - side),
        );
        (there + (token - here)).min(end)
    }
}

/// What was compared last, and with what result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    key: (Grain, Vec<(RunId, usize, usize)>),
    /// The plain text and the guided one.
    pub both: Difference,
    /// The guided text and each of the kept ones.
    pub kept: Vec<Difference>,
}

impl Differences {
    /// The token of column `to` that stands where `token` of column `from` stands. The columns are the plain text, the
    /// guided one, and the kept ones.
    #[must_use]
    pub fn across(&self, from: usize, to: usize, token: usize) -> usize {
        let guided = match from {
            0 => self.both.across(0, token),
            1 => token,
            kept => self
                .kept
                .get(kept - 2)
                .map_or(token, |difference| difference.across(1, token)),
        };
        match to {
            0 => self.both.across(1, guided),
            1 => guided,
            kept => self
                .kept
                .get(kept - 2)
                .map_or(guided, |difference| difference.across(0, guided)),
        }
    }

    /// Which tokens of a column differ.
    #[must_use]
    pub fn differs(&self, column: usize) -> &[bool] {
        match column {
            0 | 1 => &self.both.differs[column],
            kept => self
                .kept
                .get(kept - 2)
                .map_or(&[], |difference| &difference.differs[1]),
        }
    }
}

impl State {
    /// The comparison of the texts on screen, where it is wanted.
    #[must_use]
    pub fn difference(&self) -> Option<&Differences> {
        let wanted = self.settings.diff && self.run().is_some() && self.hidden().is_none();
        wanted.then_some(&self.differences)
    }

    /// What is compared: words, or tokens where a person wants that in Lab mode.
    #[must_use]
    pub fn diff_grain(&self) -> Grain {
        if self.settings.diff_tokens && !self.is_showing() {
            Grain::Token
        } else {
            Grain::Word
        }
    }

    /// Lets the comparison follow the texts.
    pub(crate) fn compare_texts(&mut self) {
        let Some(run) = self.shown.and_then(|id| self.runs.get(&id)) else {
            return;
        };
        if !self.settings.diff {
            return;
        }
        let of = |run: &Run| (run.id, run.base.len(), run.guided.len());
        let kept = self.kept.iter().map(|kept| of(&kept.run));
        let grain = self.diff_grain();
        let key = (grain, std::iter::once(of(run)).chain(kept).collect());
        if key == self.differences.key {
            return;
        }
        let kept = self.kept.iter().map(|kept| {
            let texts = [&run.guided, &kept.run.guided];
            Difference::of(texts.map(|text| &text.pieces[..]), grain)
        });
        self.differences = Differences {
            key,
            both: Difference::between(run, grain),
            kept: kept.collect(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        // One piece for each word with the space before it, and one for each mark.
        let mut pieces: Vec<String> = Vec::new();
        for letter in text.chars() {
            match pieces.last_mut() {
                Some(last) if letter.is_alphanumeric() => last.push(letter),
                _ => pieces.push(letter.to_string()),
            }
        }
        pieces
    }

    fn differing(text: &[String], differs: &[bool]) -> String {
        let pieces = text.iter().zip(differs);
        pieces
            .filter(|(_, differs)| **differs)
            .map(|(piece, _)| piece.as_str())
            .collect()
    }

    #[test]
    fn words_that_the_other_text_does_not_have_are_told() {
        let a = pieces("Tell him a good lie now.");
        let b = pieces("Tell him the plain truth now.");
        let difference = Difference::of([&a, &b], Grain::Word);
        assert_eq!(differing(&a, &difference.differs[0]), " a good lie");
        assert_eq!(differing(&b, &difference.differs[1]), " the plain truth");
        assert_eq!(difference.words, [(6, 3), (6, 3)]);
        assert_eq!(difference.same_first, 2);
    }

    #[test]
    fn places_are_found_across_a_longer_insertion() {
        let a = pieces("Be kind. Go home.");
        let b = pieces("Be kind. Say that you are sorry to Tom. Go home.");
        let difference = Difference::of([&a, &b], Grain::Word);
        let at = |text: &[String], word: &str| text.iter().position(|p| p == word).unwrap();
        assert_eq!(difference.across(0, at(&a, " home")), at(&b, " home"));
        assert_eq!(difference.across(1, at(&b, " Go")), at(&a, " Go"));
        // What is only in one text lies before the next word of both.
        assert_eq!(difference.across(1, at(&b, " to")), at(&a, " Go"));
        assert!(difference.across(0, a.len() - 1) < b.len());
    }

    #[test]
    fn equal_and_empty_texts_do_not_differ() {
        let a = pieces("Be kind.");
        let same = Difference::of([&a, &a], Grain::Word);
        assert_eq!((same.words, same.same_first), ([(2, 0), (2, 0)], 2));
        assert!(same.is_none());
        let empty = Difference::of([&[], &a], Grain::Word);
        assert_eq!(empty.words, [(0, 0), (2, 2)]);
        let marks = Difference::of([&a, &pieces("Be kind!")], Grain::Word);
        assert_eq!(marks.words, [(2, 0), (2, 0)]);
        assert!(!marks.is_none(), "another mark at the end");
        assert_eq!(empty.across(1, 2), 0);
    }

    #[test]
    fn tokens_are_compared_one_by_one_with_their_marks() {
        let a = ["Be", " kin", "d", "."].map(str::to_owned);
        let b = ["Be", " kin", "dly", "."].map(str::to_owned);
        let words = Difference::of([&a, &b], Grain::Word);
        assert_eq!(differing(&a, &words.differs[0]), " kind");
        assert_eq!((words.words, words.same_first), ([(2, 1), (2, 1)], 1));
        let tokens = Difference::of([&a, &b], Grain::Token);
        assert_eq!(differing(&a, &tokens.differs[0]), "d");
        assert_eq!((tokens.words, tokens.same_first), ([(4, 1), (4, 1)], 2));
    }
}
