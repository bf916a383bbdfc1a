//! Comparing: how the two texts differ in one line, judging them without knowing which is which, and the controls of both.

use std::fmt::Write as _;

use egui::{Button, RichText, Ui, vec2};

use super::message::message_ui;
use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::blind::{Tally, Vote};
use crate::app::state::kept::title_of;
use crate::app::state::run::Run;
use crate::app::state::settings::Grain;
use crate::app::theme::{palette, section, size, space};
use crate::app::update::{Action, SideAction};
use crate::app::widgets::numbers;
use crate::app::widgets::toggle::toggle;
use crate::domain::Pane;

/// How the two texts differ, in one line; nothing where that is not wanted.
#[must_use]
pub fn summary(state: &State) -> Option<String> {
    let both = &state.difference()?.both;
    let run = state.run()?;
    let [(base, _), (guided, guided_differ)] = both.words;
    if base == 0 || guided == 0 {
        return None;
    }
    if both.is_none() {
        return Some("Both texts are the same".to_owned());
    }
    let part = if state.diff_grain() == Grain::Token {
        "token"
    } else {
        "word"
    };
    let first = match both.same_first {
        0 => format!("They differ from the first {part} on"),
        1 => format!("The first {part} is the same"),
        count => format!("The first {count} {part}s are the same"),
    };
    let mut line =
        format!("{first} \u{b7} {guided_differ} of {guided} {part}s with guidance are others");
    if state.is_showing() {
        return Some(line);
    }
    let (a, b) = (run.base.len(), run.guided.len());
    let [a, b] = [a, b].map(numbers::count);
    // Writing to a string cannot fail.
    let _ = write!(line, " \u{b7} {a} and {b} tokens");
    if let Some(gains) = gains(state, run) {
        line.push_str(&gains);
    }
    Some(line)
}

/// By how much the mean advantage of the guided text is above the plain text's, per token.
fn gains(state: &State, run: &Run) -> Option<String> {
    let mean = |pane: Pane, objective: usize| {
        let values = (0..run.text(pane).len()).map(|index| {
            let said = run.insight(pane, index)?.chosen.objectives.get(objective)?;
            Some(said.advantage)
        });
        let values: Vec<f64> = values.flatten().filter(|value| value.is_finite()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let gains = state
        .objectives()
        .iter()
        .enumerate()
        .map(|(index, objective)| {
            let gain = mean(Pane::Guided, index)? - mean(Pane::Base, index)?;
            Some(format!("{} {}", objective.name, numbers::nats(gain)))
        });
    let gains: Vec<String> = gains.collect::<Option<_>>()?;
    (!gains.is_empty()).then(|| format!(" \u{b7} advantage per token {}", gains.join(", ")))
}

/// Draws the line.
pub fn summary_ui(ui: &mut Ui, summary: &str) {
    let text = RichText::new(summary).size(size::SMALL);
    ui.label(text.color(palette(ui).weak))
        .on_hover_text("Frames stand around words that the other text does not have. Advantage per token: the guided text's mean less the plain text's, in nats");
}

/// What stands above two texts that are judged without knowing which is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlindView {
    /// The vote is to be given.
    Asking,
    /// It was given.
    Told {
        /// Which text it was for.
        chosen: String,
        /// All votes with these weights.
        tally: String,
    },
}

impl BlindView {
    /// Decides what stands there; nothing where nobody judges.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let blind = state.blind.as_ref()?;
        let run = state.run().filter(|run| run.id == blind.run)?;
        let Some(vote) = blind.vote else {
            return Some(Self::Asking);
        };
        let name = |place: usize| match blind.pane(place) {
            Pane::Base => "the plain model",
            Pane::Guided => "the text with guidance",
        };
        let chosen = match vote {
            Vote::A => format!("You chose A: {}", name(0)),
            Vote::B => format!("You chose B: {}", name(1)),
            Vote::Tie | Vote::BothBad => format!("A was {}, B was {}", name(0), name(1)),
        };
        let names: Vec<&str> = state.objectives().iter().map(|o| o.name.as_str()).collect();
        let weights = title_of(&run.weights, &names);
        let tally = state.settings.votes.get(&weights).copied();
        let with = if state.is_showing() {
            "With this setting".to_owned()
        } else {
            format!("With {weights}")
        };
        Some(Self::Told {
            chosen,
            tally: format!("{with}: {}", tally_words(tally.unwrap_or_default())),
        })
    }
}

fn tally_words(tally: Tally) -> String {
    let votes = match tally.all() {
        1 => "1 vote".to_owned(),
        all => format!("{all} votes"),
    };
    format!(
        "{votes}, {} for guidance, {} for the plain model, {} equally good, {} both bad",
        tally.guided, tally.base, tally.ties, tally.both_bad
    )
}

/// Draws it.
pub fn blind_ui(ui: &mut Ui, view: &BlindView) -> Vec<Action> {
    let mut actions = Vec::new();
    let act = |action| Action::Side(action);
    let colours = palette(ui);
    let tint = (colours.accent_soft, colours.accent);
    let (summary, hint) = match view {
        BlindView::Asking => (
            "Which answer is better?",
            "One of them is from the plain model, the other one was written with guidance",
        ),
        BlindView::Told { chosen, tally } => (chosen.as_str(), tally.as_str()),
    };
    message_ui(ui, tint, summary, Some(hint), |ui| {
        ui.horizontal_wrapped(|ui| {
            let mut way = |words: &str, action: SideAction| {
                let button = Button::new(words).min_size(vec2(0.0, space::TARGET));
                if ui.add(button).clicked() {
                    actions.push(act(action));
                }
            };
            match view {
                BlindView::Asking => {
                    for vote in Vote::ALL {
                        way(vote.label(), SideAction::Vote(vote));
                    }
                    way("Show which is which", SideAction::ToggleBlind);
                }
                BlindView::Told { .. } => way("Go on", SideAction::ToggleBlind),
            }
        });
    });
    actions
}

/// What the controls show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareView {
    /// Whether what differs is marked.
    pub diff: bool,
    /// Whether tokens are compared then, instead of words.
    pub tokens: bool,
    /// Whether the text can be kept.
    pub can_keep: bool,
    /// Whether the two texts can be judged without knowing.
    pub can_judge: bool,
    /// Whether there is a text to export.
    pub can_export: bool,
    /// Votes so far.
    pub votes: u32,
}

impl CompareView {
    /// Decides what the controls show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let done = |run: &Run| !run.is_active() && !run.base.is_empty() && !run.guided.is_empty();
        Self {
            diff: state.settings.diff,
            tokens: state.settings.diff_tokens,
            can_keep: state.can_keep(),
            can_judge: state.run().is_some_and(done) && state.hidden().is_none(),
            can_export: state.run().is_some_and(|run| !run.guided.is_empty()),
            votes: state.settings.votes.values().map(Tally::all).sum(),
        }
    }
}

/// Draws the controls.
pub fn compare_ui(ui: &mut Ui, view: &CompareView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Compare and export").text_style(section()));
    ui.add_space(space::XS);
    let mut diff = view.diff;
    let mark = ui.checkbox(&mut diff, Shortcut::Diff.label());
    if mark.on_hover_text(Shortcut::Diff.hint(ui.ctx())).changed() {
        actions.push(Action::Side(SideAction::ToggleDiff));
    }
    if view.diff {
        ui.horizontal(|ui| {
            for (tokens, words, label) in [
                (false, "Words", "Mark words that differ"),
                (true, "Tokens", "Mark tokens that differ"),
            ] {
                if toggle(ui, words, label, view.tokens == tokens).clicked() {
                    actions.push(Action::Side(SideAction::CompareTokens(tokens)));
                }
            }
        });
    }
    ui.horizontal_wrapped(|ui| {
        let export = Shortcut::Export.hint(ui.ctx());
        let mut way = |words: &str, can: bool, help: &str, action: Action| {
            let button = Button::new(words).min_size(vec2(0.0, space::TARGET));
            if ui.add_enabled(can, button).on_hover_text(help).clicked() {
                actions.push(action);
            }
        };
        way(
            "Keep in a column",
            view.can_keep,
            "Keep this guided text in a column of its own while you try other weights; two texts can be kept",
            Action::Side(SideAction::Keep),
        );
        way(
            Shortcut::Blind.label(),
            view.can_judge,
            Shortcut::Blind.tooltip(),
            Action::Side(SideAction::ToggleBlind),
        );
        way(
            "Export\u{2026}",
            view.can_export,
            &export,
            Shortcut::Export.action(),
        );
        if view.votes > 0 {
            way(
                "Forget the votes",
                true,
                "Begin to count from zero",
                Action::Side(SideAction::ForgetVotes),
            );
        }
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_told_in_words() {
        let tally = Tally {
            guided: 2,
            base: 0,
            ties: 1,
            both_bad: 0,
        };
        assert_eq!(
            tally_words(tally),
            "3 votes, 2 for guidance, 0 for the plain model, 1 equally good, 0 both bad"
        );
    }

    #[test]
    fn nothing_is_said_before_there_are_texts() {
        let mut state = State::default();
        state.settings.diff = true;
        assert_eq!(summary(&state), None);
        assert_eq!(BlindView::build(&state), None);
        assert!(!CompareView::build(&state).can_judge);
    }
}
