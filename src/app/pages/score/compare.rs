//! Two answers in a few lines: what they share, where they part, and what each objective makes of that.

use egui::{Label, RichText, Ui};

use crate::app::panels::naming;
use crate::app::state::State;
use crate::app::state::run::Run;
use crate::app::theme::palette;
use crate::app::widgets::numbers::{count, nats};
use crate::domain::Pane;

/// Longer texts are not compared word by word, so that the window never waits.
const MOST_WORDS: usize = 1500;

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareView {
    /// The lines.
    pub lines: Vec<String>,
}

impl CompareView {
    /// Decides what is shown; nothing unless two answers are scored.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let sheet = state.score.sheet().filter(|sheet| sheet.is_comparison())?;
        let run = sheet.run.as_ref().filter(|_| !sheet.is_busy())?;
        let names: Vec<&str> = state
            .objectives()
            .iter()
            .map(|objective| objective.name.as_str())
            .collect();
        let texts = [Pane::Base, Pane::Guided].map(|pane| run.text(pane).pieces.concat());
        let words = texts.each_ref().map(|text| {
            let words = text.split_whitespace();
            words.collect::<Vec<_>>()
        });
        let shared = shared_words(&words[0], &words[1]).map(|shared| {
            let lengths = words.each_ref().map(|words| count(words.len()));
            let shared = count(shared);
            if lengths[0] == lengths[1] {
                format!("{shared} of {} words are the same", lengths[0])
            } else {
                let [first, second] = lengths;
                format!("{shared} words are the same, of {first} and {second}")
            }
        });
        let mut lines = Vec::new();
        match run.first_difference() {
            None => lines.push("Both answers are the same".to_owned()),
            Some(at) => {
                let parting = parting(run, at);
                lines.push(match shared {
                    Some(shared) => format!("{shared}; {parting}"),
                    None => capital(&parting),
                });
                lines.extend(under_same_beginning(run, at, &names));
            }
        }
        let sums = [0, 1].map(|side| sheet.sums(side));
        if let [Some(first), Some(second)] = &sums {
            let each = first.objectives.iter().zip(&second.objectives);
            let lead = each.map(|(first, second)| first.advantage - second.advantage);
            let lead = listed(&names, lead);
            lines.push(format!(
                "Total advantage of the first over the second answer: {lead}"
            ));
        }
        Some(Self { lines })
    }
}

fn capital(words: &str) -> String {
    crate::app::pages::train::sentence(words)
}

/// For example `harmless +1.20, helpful −0.30`.
fn listed(names: &[&str], values: impl Iterator<Item = f64>) -> String {
    let parts: Vec<String> = names
        .iter()
        .zip(values)
        .map(|(name, value)| format!("{name} {}", nats(value)))
        .collect();
    parts.join(", ")
}

/// Where the answers part, and with which words.
fn parting(run: &Run, at: usize) -> String {
    let [first, second] = [Pane::Base, Pane::Guided].map(|pane| word(run, pane, at));
    // Counted in the answer that goes on there.
    let longer = if at < run.base.len() {
        Pane::Base
    } else {
        Pane::Guided
    };
    let place = naming::word_number(&run.text(longer).pieces, at);
    match (first, second) {
        (Some(first), Some(second)) => {
            format!("they part at word {place}: {first} in the first, {second} in the second")
        }
        (Some(_), None) => format!("the first goes on at word {place}, where the second ends"),
        (None, _) => format!("the second goes on at word {place}, where the first ends"),
    }
}

/// The word or the piece at a token, in quotation marks; nothing behind the end.
fn word(run: &Run, pane: Pane, at: usize) -> Option<String> {
    let piece = run.text(pane).pieces.get(at)?;
    let word = naming::known_word(run, pane, at).unwrap_or_else(|| piece.trim().to_owned());
    Some(if word.is_empty() {
        "the end".to_owned()
    } else {
        format!("\u{201c}{word}\u{201d}")
    })
}

/// What the objectives say of the two tokens where the answers part: behind the same beginning, so that the difference
/// counts.
fn under_same_beginning(run: &Run, at: usize, names: &[&str]) -> Option<String> {
    let rewards = |pane| {
        let insight = run.insight(pane, at)?;
        let said = insight.chosen.objectives.iter().map(|said| said.reward);
        Some(said.collect::<Vec<f64>>())
    };
    let (first, second) = rewards(Pane::Base).zip(rewards(Pane::Guided))?;
    let piece = |pane: Pane| {
        let piece = run.text(pane).pieces.get(at).map(|piece| piece.trim());
        match piece {
            None | Some("") => "the end".to_owned(),
            Some(piece) => format!("\u{201c}{piece}\u{201d}"),
        }
    };
    let lead = first.iter().zip(&second).map(|(a, b)| a - b);
    Some(format!(
        "Behind the same beginning, {} is ahead of {} by: {} nats",
        piece(Pane::Base),
        piece(Pane::Guided),
        listed(names, lead)
    ))
}

/// How many words two texts have in common in the same order; nothing for very long ones.
fn shared_words(first: &[&str], second: &[&str]) -> Option<usize> {
    if first.len().max(second.len()) > MOST_WORDS {
        return None;
    }
    let mut best = vec![0usize; second.len() + 1];
    for word in first {
        let mut diagonal = 0;
        for (index, other) in second.iter().enumerate() {
            let above = best[index + 1];
            best[index + 1] = if word == other {
                diagonal + 1
            } else {
                above.max(best[index])
            };
            diagonal = above;
        }
    }
    best.last().copied()
}

/// Draws it.
pub(super) fn compare_ui(ui: &mut Ui, view: &CompareView) {
    palette(ui).card().show(ui, |ui| {
        ui.set_width(ui.available_width());
        for line in &view.lines {
            ui.add(Label::new(RichText::new(line)).wrap());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_common_are_counted_in_their_order() {
        let count = |first: &str, second: &str| {
            let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
            let (first, second): (&'static str, &'static str) =
                (first.to_owned().leak(), second.to_owned().leak());
            shared_words(&words(first), &words(second))
        };
        assert_eq!(count("a b c d", "a x c d"), Some(3));
        assert_eq!(count("a b c", "c b a"), Some(1));
        assert_eq!(count("a b", "a b"), Some(2));
        assert_eq!(count("", "a"), Some(0));
        let long = "a ".repeat(MOST_WORDS + 1);
        assert_eq!(count(&long, "a"), None);
    }
}
