//! The card of one token: all its numbers, beside the word.

use egui::{Align, Align2, Area, Button, Id, Layout, Order, Pos2, Rect, RichText, Ui, vec2};

use super::panes::WordPlaces;
use super::{naming, why};
use crate::app::state::State;
use crate::app::state::ahead::OFFERED;
use crate::app::state::branches::Turn;
use crate::app::state::kept::weights_in_words;
use crate::app::state::page::Page;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, AheadAction, can_fork};
use crate::app::widgets::token_card::{CardObjective, CardSplit, CardValue, TokenCard};
use crate::domain::{Colour, Pane, TokenId};
use crate::engine::insight::TokenInsight;
use crate::engine::split::Split;

/// How far the card begins above its word, points.
const LIFT: f32 = 48.0;

/// Width of sentences, points.
const CARD_WIDTH: f32 = 340.0;

/// What the card shows.
#[derive(Debug, Clone, PartialEq)]
pub struct CardView<'a> {
    /// Whether it says all in words.
    pub plain: bool,
    /// The word.
    pub word: String,
    /// Why it was chosen, in sentences.
    pub why: Vec<String>,
    /// Which text the token stands in.
    pub pane: Pane,
    /// Its name.
    pub text_name: &'a str,
    /// Its position in the response, from 0.
    pub position: usize,
    /// Its numbers.
    pub insight: &'a TokenInsight,
    /// Text of each token id.
    pub texts: &'a [String],
    /// Names and colours of the objectives.
    pub objectives: Vec<(&'a str, Colour)>,
    /// How the choice came about: for words that were chosen under guidance.
    pub split: Option<CardSplit>,
    /// Which number the table shows.
    pub value: CardValue,
    /// Whether it stays open.
    pub pinned: bool,
    /// The weights that the token was written with, and whether the numbers are for others.
    pub written_with: Option<String>,
    /// What stands in the box for other words, where the text can go on another way from here.
    pub words: Option<&'a str>,
    /// The alternative that the pointer or the keyboard was on.
    pub pointed: Option<TokenId>,
    /// The alternative in hand.
    pub in_hand: Option<TokenId>,
    /// What would be written behind it.
    pub ahead: Option<String>,
    /// Seconds until it may show.
    pub wait_secs: f64,
}

impl<'a> CardView<'a> {
    /// Decides whether there is a card, and of what.
    #[must_use]
    pub fn build(state: &'a State) -> Option<Self> {
        let token = state.card_token().filter(|_| state.hidden().is_none())?;
        let run = state.looked_at()?;
        let scored = state.page == Page::Score;
        let info = state.lineup_info()?;
        let seen = run.seen(token.pane, token.index)?;
        let insight = seen.insight;
        let pinned = state.focus.pinned.is_some();
        if !pinned && !state.hover_opens_card() {
            return None;
        }
        let names: Vec<&str> = info
            .objectives
            .iter()
            .map(|objective| objective.name.as_str())
            .collect();
        Some(Self {
            plain: state.is_showing(),
            word: naming::known_word(run, token.pane, token.index).unwrap_or_else(|| {
                naming::in_words(&info.texts[insight.chosen.id as usize]).to_owned()
            }),
            // Nobody chose the words of a text that is only scored.
            why: why::why(state, token)
                .filter(|_| !scored)
                .unwrap_or_default(),
            pane: token.pane,
            text_name: match (&run.titles, token.pane) {
                (Some(titles), pane) if scored => &titles[pane as usize],
                (_, Pane::Base) => "Base",
                (_, Pane::Guided) => "Guided",
            },
            position: token.index,
            insight,
            texts: &info.texts,
            split: match token.pane {
                Pane::Base => None,
                Pane::Guided if scored => None,
                Pane::Guided => Split::of(insight, seen.weights).map(|split| CardSplit {
                    rival: naming::next_word(state, run, token.index, insight.top[split.rival].id),
                    base: split.base,
                    pulls: split.pulls,
                }),
            },
            value: state.focus.card_value,
            pinned,
            words: (pinned && !scored && token.pane == Pane::Guided && can_fork(state))
                .then_some(state.card_words.as_str()),
            written_with: match token.pane {
                Pane::Base => None,
                Pane::Guided if scored => None,
                Pane::Guided => run
                    .guided
                    .weights(token.index)
                    .map(|weights| written_with(weights, &names, &state.draft.effective_weights())),
            },
            pointed: state.focus.pointed.map(|alternative| alternative.token),
            in_hand: state
                .question_ahead()
                .map(|question| question.alternative.token),
            ahead: state.words_ahead(),
            wait_secs: if pinned {
                0.0
            } else {
                (state.focus.card_from_secs - state.now_secs).max(0.0)
            },
            objectives: names
                .into_iter()
                .enumerate()
                .map(|(index, name)| (name, state.colour_of(index)))
                .collect(),
        })
    }
}

fn written_with(weights: &[f64], names: &[&str], now: &[f64]) -> String {
    let with = weights_in_words(weights, names).map_or_else(
        || "Written with all sliders at 0".to_owned(),
        |words| format!("Written with {words}"),
    );
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
        .map(|&(name, colour)| CardObjective {
            name,
            color: colours.colour(colour),
        })
        .collect();
    let (corner, at) = beside(view.pane, place, &places);
    let room = ui.ctx().content_rect().shrink(space::S);
    // The sliders stay in sight, as far as there is room.
    let columns = Rect::from_min_max(room.min, egui::pos2(places.guided.right(), room.bottom()));
    let area = Area::new(Id::unique("token card"))
        // On one layer, so that it does not come anew when it is pinned.
        .order(Order::Foreground)
        .pivot(corner)
        .fixed_pos(at)
        .constrain_to(columns)
        .interactable(view.pinned)
        .accessible_name("Token card");
    let drawn = area.show(ui.ctx(), |ui| {
        colours.floating().show(ui, |ui| {
            if view.plain {
                actions.extend(plain_ui(ui, view));
                return;
            }
            // How much likelier it is stands below, in numbers.
            for sentence in view.why.iter().take(1) {
                ui.set_max_width(CARD_WIDTH);
                ui.label(RichText::new(sentence).size(size::SMALL));
            }
            ui.add_space(space::XS);
            let answer = TokenCard {
                text_name: view.text_name,
                position: view.position,
                insight: view.insight,
                texts: view.texts,
                objectives: &objectives,
                split: view.split.as_ref(),
                value: view.value,
                pinned: view.pinned,
                words: view.words,
                in_hand: view.in_hand,
                ahead: view.ahead.as_deref(),
            }
            .show(ui);
            if answer.pointed != view.pointed {
                actions.push(Action::Ahead(AheadAction::Point(answer.pointed)));
            }
            if let Some(written_with) = &view.written_with {
                ui.add_space(space::XS);
                let text = RichText::new(written_with).size(size::SMALL);
                ui.label(text.color(colours.weak));
            }
            if answer.close {
                actions.push(Action::Unpin);
            }
            let fork = |turn| Action::Fork {
                index: view.position,
                turn,
            };
            if let Some(token) = answer.pick {
                actions.push(fork(Turn::Token(token)));
            }
            if answer.next_seed {
                actions.push(fork(Turn::Seed(0)));
            }
            let typed = answer.words.as_deref().or(view.words).unwrap_or_default();
            if answer.take_words {
                actions.push(fork(Turn::Words(typed.to_owned())));
            } else if let Some(words) = answer.words {
                actions.push(Action::EditCardWords(words));
            }
            if let Some(value) = answer.value {
                actions.push(Action::SetCardValue(value));
            }
        });
    });
    let card = drawn.response.rect;
    if card.bottom() > columns.bottom() + 1.0 && card.top() > columns.top() + 1.0 {
        // It has grown since it was placed: it must not jump away from under the pointer in the next frame.
        ui.ctx().request_discard("the token card has grown");
    }
    actions
}

/// The card in words alone: the word, why it was chosen, and what else could stand there.
fn plain_ui(ui: &mut Ui, view: &CardView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.set_max_width(CARD_WIDTH);
    ui.horizontal(|ui| {
        ui.label(RichText::new(view.word.trim()).font(strong(size::TITLE)));
        if view.pinned {
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if ui.button("Close").clicked() {
                    actions.push(Action::Unpin);
                }
            });
        }
    });
    for sentence in &view.why {
        ui.label(RichText::new(sentence).size(size::HEADING));
    }
    if view.words.is_none() {
        return actions;
    }
    ui.add_space(space::S);
    ui.label("Or go on with");
    let mut pointed = None;
    ui.horizontal_wrapped(|ui| {
        for candidate in view.insight.top.iter().take(OFFERED) {
            let text = view.texts[candidate.id as usize].trim();
            if candidate.id == view.insight.chosen.id || text.is_empty() {
                continue;
            }
            let in_hand = view.in_hand == Some(candidate.id);
            let response = ui.add(Button::new(text).selected(in_hand));
            if response.clicked() {
                actions.push(Action::Fork {
                    index: view.position,
                    turn: Turn::Token(candidate.id),
                });
            }
            if response.hovered() || (response.has_focus() && pointed.is_none()) {
                pointed = Some(candidate.id);
            }
        }
    });
    if pointed != view.pointed {
        actions.push(Action::Ahead(AheadAction::Point(pointed)));
    }
    let ahead = view.ahead.as_deref();
    let hint = "Rest on one to see how the text would go on";
    // As high as what comes is, so that nothing jumps.
    let height = 2.0 * ui.text_style_height(&egui::TextStyle::Body);
    ui.allocate_ui(vec2(CARD_WIDTH, height), |ui| {
        ui.set_min_size(vec2(CARD_WIDTH, height));
        ui.label(RichText::new(ahead.unwrap_or(hint)).color(palette(ui).weak));
    });
    actions
}

/// Where the card goes: over the other text, so that it hides neither its own word nor the words around it.
fn beside(pane: Pane, word: Rect, places: &WordPlaces) -> (Align2, Pos2) {
    let top = word.top() - LIFT;
    match pane {
        Pane::Base => (
            Align2::LEFT_TOP,
            egui::pos2(places.base.right() + space::S, top),
        ),
        Pane::Guided => (
            Align2::RIGHT_TOP,
            egui::pos2(places.guided.left() - space::S, top),
        ),
    }
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
    fn the_card_stands_over_the_other_text() {
        let rect = |x: f32| Rect::from_min_size(egui::pos2(x, 0.0), egui::vec2(300.0, 500.0));
        let places = WordPlaces {
            base: rect(200.0),
            guided: rect(510.0),
            ..WordPlaces::default()
        };
        let word = Rect::from_min_size(egui::pos2(600.0, 100.0), egui::vec2(40.0, 20.0));
        let (corner, at) = beside(Pane::Guided, word, &places);
        assert_eq!(corner, Align2::RIGHT_TOP);
        assert!(at.x < places.guided.left());
        let (corner, at) = beside(Pane::Base, word, &places);
        assert_eq!(corner, Align2::LEFT_TOP);
        assert!(at.x > places.base.right());
    }

    #[test]
    fn no_token_no_card() {
        assert_eq!(CardView::build(&State::default()), None);
    }
}
