//! Two answers in a few lines: what they share, where they part, and what each objective makes of that.

use egui::{Label, RichText, Ui};

use crate::app::panels::naming;
use crate::app::state::State;
use crate::app::state::run::Run;
use crate::app::theme::palette;
use crate::app::widgets::numbers::{count, nats};
use crate::domain::Pane;

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
        let [(first, differ), (second, _)] = sheet.difference.as_ref()?.words;
        let shared = count(first - differ);
        let shared = if first == second {
            format!("{shared} of {} words are the same", count(first))
        } else {
            let [first, second] = [first, second].map(count);
            let words = if shared == "1" {
                "word is"
            } else {
                "words are"
            };
            format!("{shared} {words} the same, of {first} and {second}")
        };
        let mut lines = Vec::new();
        match run.first_difference() {
            None => lines.push("Both answers are the same".to_owned()),
            Some(at) => {
                lines.push(format!("{shared}; {}", parting(run, at)));
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
        "Behind the same beginning, {} compared with {}: {} nats",
        piece(Pane::Base),
        piece(Pane::Guided),
        listed(names, lead)
    ))
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
