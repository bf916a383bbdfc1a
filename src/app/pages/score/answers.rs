//! The scored answers as texts of coloured words, side by side where there are two.

use egui::{Align, CollapsingHeader, Layout, Rect, RichText, Ui};

use crate::app::panels::naming;
use crate::app::panels::panes::{PaneView, WordPlaces, one_text_ui};
use crate::app::state::State;
use crate::app::state::run::Run;
use crate::app::state::score::{Side, SidePhase, Tab, pane_of};
use crate::app::theme::{HeatScale, ScaleKind, palette, section, size, space};
use crate::app::update::Action;
use crate::app::widgets::numbers::count;
use crate::app::widgets::words::{note, sentence};
use crate::domain::Pane;

/// Room that a token card needs beside its word, points.
const CARD_ROOM: f32 = 360.0;
/// Least and greatest height of the texts, points.
const HEIGHTS: (f32, f32) = (150.0, 420.0);

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswersView<'a> {
    /// One or two answers.
    pub answers: Vec<AnswerView<'a>>,
    /// The token under the pointer, as far as is known.
    pub hovered: Option<crate::app::state::TokenRef>,
    /// The prompt as the models read it, and its length in tokens.
    pub rendered: Option<(&'a str, usize)>,
    /// Whether the texts are to leave much room for what stands below.
    pub is_short: bool,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerView<'a> {
    /// Its words.
    pub pane: PaneView<'a>,
    /// How far it is, or what changed since it was scored before.
    pub note: String,
    /// Why it failed, and what can be done.
    pub failure: Option<(String, Option<String>)>,
}

impl<'a> AnswersView<'a> {
    /// Decides what is shown; nothing before anything is scored.
    #[must_use]
    pub fn build(state: &'a State) -> Option<Self> {
        let sheet = state.score.sheet()?;
        let run = sheet.run.as_ref()?;
        let tab = state.score.tab;
        let mut answers = Vec::new();
        for (index, side) in sheet.sides.iter().enumerate() {
            let Some(side) = side else { continue };
            let mut pane = PaneView::build(state, pane_of(index));
            pane.guidance = None;
            pane.branches = None;
            pane.streaming = side.is_busy();
            pane.change_at = side.changed_at.filter(|&at| {
                !side.is_busy() && at > 0 && side.before > 0 && at < run.text(pane_of(index)).len()
            });
            if tab == Tab::OneWord {
                show_raw(state, run, &mut pane);
            }
            pane.empty_note = pane.empty_note.map(|_| match &side.phase {
                SidePhase::Reading => "Reading the prompt\u{2026}".to_owned(),
                SidePhase::Scoring => "Scoring\u{2026}".to_owned(),
                SidePhase::Done | SidePhase::Stopped | SidePhase::Failed(_) => {
                    "Nothing was scored".to_owned()
                }
            });
            answers.push(AnswerView {
                pane,
                note: note_of(run, pane_of(index), side),
                failure: (side.failure())
                    .map(|failure| (sentence(&failure.summary), failure.hint.clone())),
            });
        }
        Some(Self {
            answers,
            hovered: state.focus.hovered,
            rendered: (!run.rendered.is_empty())
                .then_some((run.rendered.as_str(), run.prompt_tokens)),
            is_short: tab == Tab::OneWord,
        })
    }
}

/// Colours the words by the raw rewards of one objective, on a scale for both texts.
fn show_raw(state: &State, run: &Run, pane: &mut PaneView<'_>) {
    let objective = state.exchange_objective();
    let raw = |pane: Pane| {
        (0..run.text(pane).len()).map(move |index| {
            let said = &run.insight(pane, index)?.chosen.objectives;
            Some(said.get(objective)?.reward)
        })
    };
    let all = raw(Pane::Base).chain(raw(Pane::Guided)).flatten();
    pane.scale = Some(raw_scale(all));
    pane.lanes.clear();
    pane.bars = true;
    for (cell, value) in pane.cells.iter_mut().zip(raw(pane.pane)) {
        cell.value = value;
    }
}

/// The scale for few words, one of which matters: none of them is cut off.
pub(super) fn raw_scale(values: impl Iterator<Item = f64>) -> HeatScale {
    let least = values.filter(|value| value.is_finite()).reduce(f64::min);
    HeatScale::for_values(ScaleKind::Negative, least)
}

/// How far an answer is, or what changed since it was scored before.
fn note_of(run: &Run, pane: Pane, side: &Side) -> String {
    let text = run.text(pane);
    let tokens = match side.told {
        1 => "1 token".to_owned(),
        told => format!("{} tokens", count(told)),
    };
    match &side.phase {
        SidePhase::Reading => "reading the prompt\u{2026}".to_owned(),
        SidePhase::Scoring => format!("{tokens} so far\u{2026}"),
        SidePhase::Stopped => format!("stopped after {tokens}"),
        SidePhase::Failed(_) => "not scored".to_owned(),
        SidePhase::Done => match changed(side, &text.pieces) {
            Some(words) => format!("{tokens}. {words}"),
            None => tokens,
        },
    }
}

/// What scoring again has changed, in a sentence; nothing where it was the first time.
fn changed(side: &Side, pieces: &[String]) -> Option<String> {
    if side.before == 0 {
        return None;
    }
    let Some(at) = side.changed_at else {
        return Some("Nothing changed".to_owned());
    };
    if at >= pieces.len() {
        return Some("Words at the end are gone; the others kept their numbers".to_owned());
    }
    let own = naming::word_number(pieces, at);
    Some(match own.saturating_sub(1) {
        0 => "Changed from the first word on".to_owned(),
        words => format!("Only what follows word {words} changed"),
    })
}

/// Draws the texts in their share of `room`; also says where words are that a card may stand beside.
pub(super) fn answers_ui(
    ui: &mut Ui,
    state: &State,
    view: &AnswersView<'_>,
    room: f32,
) -> (Vec<Action>, WordPlaces) {
    let mut actions = Vec::new();
    let mut places = WordPlaces::default();
    let mut hovered = None;
    let share = if view.is_short { 0.3 } else { 0.4 };
    let height = (room * share).clamp(HEIGHTS.0, HEIGHTS.1);
    ui.spacing_mut().item_spacing.x = space::M;
    ui.columns(view.answers.len().max(1), |columns| {
        for (ui, answer) in columns.iter_mut().zip(&view.answers) {
            let drawn = palette(ui).card().show(ui, |ui| {
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.set_height(height);
                    ui.set_width(ui.available_width());
                    answer_ui(ui, state, answer, &mut actions)
                })
                .inner
            });
            let (token, there) = drawn.inner;
            hovered = hovered.or(token);
            places.hovered = places.hovered.or(there.hovered);
            places.pinned = places.pinned.or(there.pinned);
            match answer.pane.pane {
                Pane::Base => places.base = drawn.response.rect,
                Pane::Guided => places.guided = drawn.response.rect,
            }
        }
    });
    if view.answers.len() == 1 {
        places = alone(places);
    }
    if hovered != view.hovered {
        actions.push(Action::Hover(hovered));
    }
    (actions, places)
}

/// A single text fills the page: its card goes to the right of the word, or to the left where there is more room.
fn alone(places: WordPlaces) -> WordPlaces {
    let all = if places.base.is_positive() {
        places.base
    } else {
        places.guided
    };
    let word = places.pinned.or(places.hovered).unwrap_or(all);
    let fits = word.right() + CARD_ROOM <= all.right();
    let edge = if fits {
        word.right()
    } else {
        (word.left() - CARD_ROOM).max(all.left())
    };
    WordPlaces {
        base: Rect::from_min_max(all.min, egui::pos2(edge, all.bottom())),
        guided: Rect::from_min_max(all.min, all.max + egui::vec2(CARD_ROOM, 0.0)),
        ..places
    }
}

fn answer_ui(
    ui: &mut Ui,
    state: &State,
    view: &AnswerView<'_>,
    actions: &mut Vec<Action>,
) -> (Option<crate::app::state::TokenRef>, WordPlaces) {
    let colours = palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&*view.pane.title).text_style(section()));
        ui.label(
            RichText::new(&view.note)
                .size(size::SMALL)
                .color(colours.weak),
        );
    });
    if let Some((summary, hint)) = &view.failure {
        ui.label(RichText::new(summary).color(colours.error));
        if let Some(hint) = hint {
            note(ui, hint);
        }
    }
    ui.add_space(space::XS);
    one_text_ui(ui, state, &view.pane, actions)
}

/// Draws the prompt with its special tokens, folded away.
pub(super) fn rendered_ui(ui: &mut Ui, view: &AnswersView<'_>) {
    let Some((rendered, tokens)) = view.rendered else {
        return;
    };
    ui.add_space(space::S);
    let title = format!(
        "What the models read before the answer ({} tokens)",
        count(tokens)
    );
    CollapsingHeader::new(RichText::new(title).size(size::SMALL))
        .id_salt("rendered prompt")
        .show(ui, |ui| {
            palette(ui).card().inner_margin(space::S).show(ui, |ui| {
                ui.set_width(ui.available_width());
                let words = RichText::new(rendered).monospace().size(size::SMALL);
                ui.add(egui::Label::new(words).wrap().selectable(true));
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CancelToken, RunId};

    fn side(before: usize, changed_at: Option<usize>) -> Side {
        Side {
            run: RunId(1),
            cancel: CancelToken::default(),
            phase: SidePhase::Done,
            text: String::new(),
            with_end: false,
            before,
            told: 6,
            changed_at,
        }
    }

    #[test]
    fn what_scoring_again_has_changed_is_counted_in_words() {
        let pieces = ["Be", " kin", "d", " to", " them", "."].map(str::to_owned);
        let told = |before, at| changed(&side(before, at), &pieces);
        assert_eq!(told(0, Some(0)), None);
        assert_eq!(told(6, None).unwrap(), "Nothing changed");
        assert_eq!(told(6, Some(0)).unwrap(), "Changed from the first word on");
        // In the middle of the second word.
        assert_eq!(
            told(6, Some(2)).unwrap(),
            "Only what follows word 1 changed"
        );
        assert_eq!(
            told(6, Some(4)).unwrap(),
            "Only what follows word 3 changed"
        );
        assert!(
            told(9, Some(6))
                .unwrap()
                .starts_with("Words at the end are gone")
        );
    }
}
