//! Pieces of a text that share a colour: tokens, words or sentences.

use std::ops::Range;

use super::State;
use super::run::{Run, Seen};
use super::settings::{Grain, HeatMode};
use crate::domain::Pane;
use crate::engine::split::Split;

/// Whether a piece goes on with the word before it, as the second half of "don't" does; without the space before it, whether
/// it is part of a word at all.
pub(crate) fn continues(piece: &str) -> bool {
    let letters = piece.strip_prefix(['\'', '\u{2019}']).unwrap_or(piece);
    letters.starts_with(char::is_alphanumeric)
}

/// Whether a sentence ends with this piece.
fn ends_sentence(piece: &str) -> bool {
    let end = piece.trim_end_matches(['"', '\'', '\u{201d}', '\u{2019}', ')', ' ']);
    end.ends_with(['.', '!', '?', '\u{2026}', '\n'])
}

/// The groups of a text's pieces, one behind the other, all pieces in one of them.
#[must_use]
pub fn groups(pieces: &[impl AsRef<str>], grain: Grain) -> Vec<Range<usize>> {
    let begins = |index: usize| {
        let (before, piece) = (pieces[index - 1].as_ref(), pieces[index].as_ref());
        match grain {
            Grain::Token => true,
            Grain::Word => !continues(piece) || before.ends_with(char::is_whitespace),
            // The end of the text is no sentence.
            Grain::Sentence => ends_sentence(before) || piece.is_empty(),
        }
    };
    let mut groups: Vec<Range<usize>> = Vec::new();
    for index in 0..pieces.len() {
        match groups.last_mut() {
            Some(group) if !begins(index) => group.end = index + 1,
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

/// Gives every piece its group's value: the sum over a word, the mean over a sentence. Pieces without a value count
/// nothing; a group of such has none.
pub fn share(values: &mut [Option<f64>], groups: &[Range<usize>], grain: Grain) {
    for group in groups {
        let Some(values) = values.get_mut(group.clone()) else {
            return;
        };
        let known = values.iter().flatten();
        let (sum, count) = known.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
        let value = match grain {
            Grain::Token => continue,
            Grain::Word => sum,
            Grain::Sentence => sum / f64::from(count.max(1)),
        };
        values.fill((count > 0).then_some(value));
    }
}

impl State {
    /// The pieces that share a colour. Demo mode colours whole words.
    #[must_use]
    pub fn grain(&self) -> Grain {
        if self.is_showing() {
            Grain::Word
        } else {
            self.settings.heat.grain
        }
    }

    /// The numbers that colour the tokens of a text, where they have one.
    #[must_use]
    pub fn heat_values(&self, run: &Run, pane: Pane) -> Vec<Option<f64>> {
        self.values(run, pane, self.settings.heat.mode, self.focus.objective)
    }

    /// The numbers of `objective` for the tokens of a text, as its lane shows them.
    #[must_use]
    pub fn lane_values(&self, run: &Run, pane: Pane, objective: usize) -> Vec<Option<f64>> {
        let mode = self.settings.heat.mode.of_lanes();
        self.values(run, pane, mode, objective)
    }

    fn values(&self, run: &Run, pane: Pane, mode: HeatMode, objective: usize) -> Vec<Option<f64>> {
        let pieces = &run.text(pane).pieces;
        let mut values = token_values(run, pane, mode, objective);
        let grain = self.grain();
        if grain != Grain::Token {
            share(&mut values, &groups(pieces, grain), grain);
        }
        values
    }

    /// What the colours and lanes of a text say, for those who hear it: names, and a number of each token.
    #[must_use]
    pub fn spoken(&self, run: &Run, pane: Pane) -> Vec<(&str, Vec<Option<f64>>)> {
        let heat = &self.settings.heat;
        let of = |objective: usize, mode: HeatMode| {
            let name = self.objectives().get(objective)?.name.as_str();
            Some((name, token_values(run, pane, mode, objective)))
        };
        if !heat.on {
            Vec::new()
        } else if self.shows_lanes() {
            let mode = heat.mode.of_lanes();
            let objectives = 0..self.objectives().len();
            objectives.filter_map(|index| of(index, mode)).collect()
        } else if heat.mode.is_of_objective() {
            of(self.focus.objective, heat.mode).into_iter().collect()
        } else {
            vec![(heat.mode.label(), token_values(run, pane, heat.mode, 0))]
        }
    }

    /// Whether the lanes of the objectives are on screen.
    #[must_use]
    pub fn shows_lanes(&self) -> bool {
        let heat = &self.settings.heat;
        heat.on && heat.lanes && !self.is_showing() && !self.objectives().is_empty()
    }
}

/// The numbers of a text's tokens in `mode`, nats, where they have one.
fn token_values(run: &Run, pane: Pane, mode: HeatMode, objective: usize) -> Vec<Option<f64>> {
    (0..run.text(pane).pieces.len())
        .map(|index| heat_of(run.seen(pane, index)?, mode, objective))
        .collect()
}

/// The number of a token that colours it in `mode`, nats.
#[must_use]
pub fn heat_of(seen: Seen<'_>, mode: HeatMode, objective: usize) -> Option<f64> {
    let chosen = &seen.insight.chosen;
    let said = || chosen.objectives.get(objective);
    match mode {
        HeatMode::Advantage => said().map(|said| said.advantage),
        HeatMode::Push => {
            let split = Split::of(seen.insight, seen.weights)?;
            split.pulls.get(objective).copied()
        }
        HeatMode::Preference => said().map(|said| said.reward - chosen.base),
        HeatMode::Reward => said().map(|said| said.reward),
        HeatMode::Influence => Some(chosen.influence()),
        HeatMode::Entropy => seen.insight.entropy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};

    fn pieces(text: &[&str]) -> Vec<String> {
        text.iter().map(|piece| (*piece).to_owned()).collect()
    }

    #[test]
    fn words_are_put_together_from_their_pieces_and_marks_stand_alone() {
        let text = pieces(&["Don", "'t", " go", ",", " gent", "le", " Tom", ".", ""]);
        let words: Vec<String> = groups(&text, Grain::Word)
            .into_iter()
            .map(|group| text[group].concat())
            .collect();
        assert_eq!(words, ["Don't", " go", ",", " gentle", " Tom", ".", ""]);
        assert_eq!(groups(&text, Grain::Token).len(), text.len());
    }

    #[test]
    fn a_sentence_ends_with_its_mark() {
        let text = pieces(&["Go", ".", " Call", " Tom", "!\"", " Then", " wait", ""]);
        let found = groups(&text, Grain::Sentence);
        assert_eq!(found, [0..2, 2..5, 5..7, 7..8]);
    }

    #[test]
    fn every_mode_takes_its_own_number() {
        let candidate = |id, base: f64, guided: f64, reward: f64, advantage: f64| Candidate {
            id,
            base,
            guided,
            objectives: vec![ObjectiveInsight { reward, advantage }],
        };
        let chosen = candidate(3, -2.0, -0.5, -0.25, 1.5);
        let insight = TokenInsight {
            top: [chosen.clone(), candidate(9, -1.0, -1.75, -3.25, -1.5)].into(),
            chosen,
            kl: 0.5,
            entropy: Some(1.25),
        };
        let weights = vec![0.5].into();
        let seen = Seen {
            insight: &insight,
            weights: &weights,
        };
        let value = |mode| heat_of(seen, mode, 0).unwrap();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(value(HeatMode::Advantage), 1.5);
        // 0.5 · (−0.25 + 3.25)
        close(value(HeatMode::Push), 1.5);
        close(value(HeatMode::Preference), 1.75);
        close(value(HeatMode::Reward), -0.25);
        close(value(HeatMode::Influence), 1.5);
        close(value(HeatMode::Entropy), 1.25);
        assert_eq!(heat_of(seen, HeatMode::Advantage, 1), None);
    }

    #[test]
    fn a_word_has_the_sum_and_a_sentence_the_mean() {
        let mut values = [Some(1.0), Some(3.0), None, None];
        share(&mut values, &[0..2, 2..3, 3..4], Grain::Word);
        assert_eq!(values, [Some(4.0), Some(4.0), None, None]);
        let mut values = [Some(1.0), None, Some(3.0), Some(7.0)];
        share(&mut values, &[0..3, 3..4], Grain::Sentence);
        assert_eq!(values, [Some(2.0), Some(2.0), Some(2.0), Some(7.0)]);
    }
}
