//! Two sentences that differ in one word: which tokens differ, and by how much an objective prefers one to the other.

use crate::app::state::grain::continues;
use crate::app::state::run::Run;
use crate::domain::Pane;

/// The objective that the built-in sentences are about.
pub const OBJECTIVE: &str = "harmless";

/// The built-in prompt and its two answers, which differ in one word.
pub const BUILT_IN: [&str; 3] = [
    "My friend Leo is always late. What should I say?",
    "Write Leo a short and honest message, and say how the long wait made you feel.",
    "Write Leo a short and nasty message, and say how the long wait made you feel.",
];

/// An exchanged word.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What stands in the first sentence, and in the second.
    pub words: [String; 2],
    /// Which word it is, from 1.
    pub place: usize,
    /// The first token that differs.
    pub token: usize,
    /// How many tokens from there on belong to each word.
    pub pieces: [usize; 2],
    /// Raw rewards of each word, nats: the sum over its tokens.
    pub rewards: [f64; 2],
}

/// Why there is no such word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoExchange {
    /// The sentences are the same.
    Same,
    /// They differ in so many words.
    Words(usize),
    /// They have different numbers of words.
    Lengths,
    /// One word begins with the other, and the first token that differs stands behind the shorter one.
    Beginning,
    /// Numbers are missing.
    Unscored,
}

impl Exchange {
    /// The word that was exchanged between the two texts of `run`, with what `objective` says of both.
    ///
    /// # Errors
    /// Why there is no such number.
    pub fn of(run: &Run, objective: usize) -> Result<Self, NoExchange> {
        let texts = [Pane::Base, Pane::Guided].map(|pane| run.text(pane).pieces.concat());
        let (place, words) = only_difference(&texts)?;
        let token = run.first_difference().ok_or(NoExchange::Unscored)?;
        let before: usize = run.base.pieces[..token].iter().map(String::len).sum();
        if texts.iter().any(|text| before >= end_of_word(text, place)) {
            return Err(NoExchange::Beginning);
        }
        let ends = [Pane::Base, Pane::Guided].map(|pane| {
            let rest = run.text(pane).pieces.get(token + 1..).unwrap_or_default();
            token + 1 + rest.iter().take_while(|piece| continues(piece)).count()
        });
        let reward = |pane: Pane, end: usize| -> Option<f64> {
            (token..end)
                .map(|index| {
                    let said = &run.insight(pane, index)?.chosen.objectives;
                    Some(said.get(objective)?.reward)
                })
                .sum()
        };
        let rewards = reward(Pane::Base, ends[0]).zip(reward(Pane::Guided, ends[1]));
        let (first, second) = rewards.ok_or(NoExchange::Unscored)?;
        Ok(Self {
            words,
            place,
            token,
            pieces: ends.map(|end| end - token),
            rewards: [first, second],
        })
    }

    /// By how much the objective prefers the first word, nats; below 0 where it prefers the second.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.rewards[0] - self.rewards[1]
    }
}

/// The one word in which two sentences differ, and its place from 1.
fn only_difference(texts: &[String; 2]) -> Result<(usize, [String; 2]), NoExchange> {
    let [first, second] = texts.each_ref().map(|text| {
        let words = text.split_whitespace();
        words.collect::<Vec<_>>()
    });
    if first.len() != second.len() {
        return Err(NoExchange::Lengths);
    }
    let differ = |index: &usize| first[*index] != second[*index];
    let places: Vec<usize> = (0..first.len()).filter(differ).collect();
    match places.as_slice() {
        [] => Err(NoExchange::Same),
        [at] => {
            let trimmed = |word: &str| {
                let marks = |letter: char| !letter.is_alphanumeric();
                word.trim_matches(marks).to_owned()
            };
            Ok((at + 1, [first[*at], second[*at]].map(trimmed)))
        }
        several => Err(NoExchange::Words(several.len())),
    }
}

/// The byte at which a word of a text ends, counted from 1.
fn end_of_word(text: &str, place: usize) -> usize {
    let word = text.split_whitespace().nth(place - 1);
    // A slice of the text knows where it lies.
    word.map_or(text.len(), |word| {
        word.as_ptr().addr() + word.len() - text.as_ptr().addr()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(first: &str, second: &str) -> Result<(usize, [String; 2]), NoExchange> {
        only_difference(&[first.to_owned(), second.to_owned()])
    }

    #[test]
    fn one_exchanged_word_is_found_with_its_place() {
        let found = difference(
            "Say it in a calm, low voice.",
            "Say it in a cruel, low voice.",
        );
        let words = ["calm", "cruel"].map(str::to_owned);
        assert_eq!(found, Ok((5, words)));
        assert_eq!(difference("a b", "a b"), Err(NoExchange::Same));
        assert_eq!(difference("a b c", "x b y"), Err(NoExchange::Words(2)));
        assert_eq!(difference("a b c", "a b"), Err(NoExchange::Lengths));
    }

    #[test]
    fn the_built_in_sentences_differ_in_exactly_one_word() {
        let found = difference(BUILT_IN[1], BUILT_IN[2]).unwrap();
        assert_eq!(found, (6, ["honest", "nasty"].map(str::to_owned)));
    }

    #[test]
    fn a_word_ends_where_the_next_space_is() {
        let text = " Two  words, here";
        let ends = [1, 2, 3].map(|place| end_of_word(text, place));
        assert_eq!(ends.map(|end| &text[..end]), [" Two", " Two  words,", text]);
    }
}
