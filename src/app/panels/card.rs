//! The card of one token: all its numbers, beside the word.

use egui::{Id, Popup, PopupKind, RichText, Ui};

use super::panes::WordPlaces;
use crate::app::state::State;
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::app::widgets::token_card::{CardObjective, CardValue, TokenCard};
use crate::domain::Pane;
use crate::engine::insight::TokenInsight;

/// What the card shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CardView<'a> {
    /// Which text the token stands in.
    pub text_name: &'static str,
    /// Its position in the response, from 0.
    pub position: usize,
    /// Its numbers.
    pub insight: &'a TokenInsight,
    /// Text of each token id.
    pub texts: &'a [String],
    /// Names of the objectives.
    pub objectives: Vec<&'a str>,
    /// Which number the table shows.
    pub value: CardValue,
    /// Whether it stays open.
    pub pinned: bool,
    /// The weights that the token was written with, and whether the numbers are for others.
    pub written_with: Option<String>,
    /// Seconds until it may show.
    pub wait_secs: f64,
}

impl<'a> CardView<'a> {
    /// Decides whether there is a card, and of what.
    #[must_use]
    pub fn build(state: &'a State) -> Option<Self> {
        let token = state.card_token()?;
        let run = state.run()?;
        let info = state.lineup_info()?;
        let insight = run.insight(token.pane, token.index)?;
        let pinned = state.focus.pinned.is_some();
        let objectives: Vec<&str> = info
            .objectives
            .iter()
            .map(|objective| objective.name.as_str())
            .collect();
        Some(Self {
            text_name: match token.pane {
                Pane::Base => "Base",
                Pane::Guided => "Guided",
            },
            position: token.index,
            insight,
            texts: &info.texts,
            value: state.focus.card_value,
            pinned,
            written_with: match token.pane {
                Pane::Base => None,
                Pane::Guided => run.guided.weights(token.index).map(|weights| {
                    written_with(weights, &objectives, &state.draft.effective_weights())
                }),
            },
            wait_secs: if pinned {
                0.0
            } else {
                (state.focus.card_from_secs - state.now_secs).max(0.0)
            },
            objectives,
        })
    }
}

fn written_with(weights: &[f64], names: &[&str], now: &[f64]) -> String {
    let parts: Vec<String> = weights
        .iter()
        .zip(names)
        .filter(|(weight, _)| **weight != 0.0)
        .map(|(weight, name)| format!("{weight:.2} {name}"))
        .collect();
    let with = if parts.is_empty() {
        "Written with all sliders at 0".to_owned()
    } else {
        format!("Written with {}", parts.join(", "))
    };
    if weights == now {
        with
    } else {
        format!("{with}; the sliders have moved since")
    }
}

/// Draws the card beside its word.
pub fn card_ui(ui: &Ui, view: &CardView<'_>, places: WordPlaces) -> Vec<Action> {
    let mut actions = Vec::new();
    if view.wait_secs > 0.0 {
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_secs_f64(view.wait_secs));
        return actions;
    }
    let place = if view.pinned {
        places.pinned
    } else {
        places.hovered
    };
    let Some(place) = place else {
        return actions;
    };
    let colours = palette(ui);
    let objectives: Vec<CardObjective<'_>> = view
        .objectives
        .iter()
        .enumerate()
        .map(|(index, name)| CardObjective {
            name,
            color: colours.objective(index),
        })
        .collect();
    Popup::new(
        Id::unique("token card"),
        ui.ctx().clone(),
        place.expand(space::HAIR),
        ui.layer_id(),
    )
    .kind(if view.pinned {
        PopupKind::Popup
    } else {
        PopupKind::Tooltip
    })
    .open(true)
    .close_behavior(egui::PopupCloseBehavior::IgnoreClicks)
    .interactable(view.pinned)
    .gap(space::XS)
    .frame(colours.floating())
    .accessible_name("Token card")
    .show(|ui| {
        let answer = TokenCard {
            text_name: view.text_name,
            position: view.position,
            insight: view.insight,
            texts: view.texts,
            objectives: &objectives,
            value: view.value,
            pinned: view.pinned,
        }
        .show(ui);
        if let Some(written_with) = &view.written_with {
            ui.add_space(space::XS);
            let text = RichText::new(written_with).size(size::SMALL);
            ui.label(text.color(colours.weak));
        }
        if answer.close {
            actions.push(Action::Unpin);
        }
        if let Some(value) = answer.value {
            actions.push(Action::SetCardValue(value));
        }
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_says_with_which_weights_a_word_was_written() {
        let names = ["harmless", "helpful"];
        assert_eq!(
            written_with(&[1.0, 0.0], &names, &[1.0, 0.0]),
            "Written with 1.00 harmless"
        );
        assert_eq!(
            written_with(&[0.0, 0.0], &names, &[1.0, 0.0]),
            "Written with all sliders at 0; the sliders have moved since"
        );
    }

    #[test]
    fn no_token_no_card() {
        assert_eq!(CardView::build(&State::default()), None);
    }
}
