//! The two texts side by side: what the plain model writes, and what it writes under guidance.

use std::borrow::Cow;
use std::time::Duration;

use egui::containers::frame::Prepared;
use egui::{Align, Layout, Rect, RichText, Ui};

use super::branches::{BranchesView, branches_ui};
use super::meter::{Meter, meter_ui};
use crate::app::state::grain::heat_of;
use crate::app::state::page::Page;
use crate::app::state::run::{Run, RunPhase, Seen};
use crate::app::state::{LineupState, Region, State, TokenRef};
use crate::app::theme::{HeatScale, Palette, palette, section, size, space};
use crate::app::update::Action;
use crate::app::widgets::token_view::{Lane, TokenCell, TokenMark, TokenView};
use crate::domain::{Colour, Pane};

impl PaneLane<'_> {
    fn drawn(&self, colours: &Palette) -> Lane<'_> {
        Lane {
            name: self.name,
            color: colours.colour(self.colour),
            chosen: self.chosen,
            values: &self.values,
        }
    }
}

/// What the two panes show.
#[derive(Debug, Clone, PartialEq)]
pub struct PanesView<'a> {
    /// The plain text.
    pub base: PaneView<'a>,
    /// The guided text.
    pub guided: PaneView<'a>,
    /// The token under the pointer, as far as is known.
    pub hovered: Option<TokenRef>,
}

/// The lane of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneLane<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour.
    pub colour: Colour,
    /// Whether it colours the words too.
    pub chosen: bool,
    /// A number of each token, nats.
    pub values: Vec<Option<f64>>,
}

/// One pane.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneView<'a> {
    /// Which one.
    pub pane: Pane,
    /// Its name.
    pub title: Cow<'a, str>,
    /// What it holds, in a few words.
    pub subtitle: &'static str,
    /// The text's name to screen readers.
    pub label: &'static str,
    /// Its tokens.
    pub cells: Vec<TokenCell<'a>>,
    /// A sentence where there are no tokens.
    pub empty_note: Option<String>,
    /// How numbers become colours; none where colours are off.
    pub scale: Option<HeatScale>,
    /// A lane for each objective, where they are wanted.
    pub lanes: Vec<PaneLane<'a>>,
    /// Whether words have bars of their own.
    pub bars: bool,
    /// The first token that differs from the other text.
    pub fork_at: Option<usize>,
    /// The first token that the sliders, as they stand now, would make another one.
    pub change_at: Option<usize>,
    /// The token whose card stays open.
    pub pinned: Option<usize>,
    /// The token whose partner is under the pointer in the other text.
    pub echo: Option<usize>,
    /// The first token that only stands there until another takes its place.
    pub faded_from: Option<usize>,
    /// How much of those words is washed out, from 0 to 1.
    pub veil: f32,
    /// Whether more words are to come.
    pub streaming: bool,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
    /// How far guidance moved the choices of this text.
    pub guidance: Option<Meter>,
    /// Where a text that branches has come from.
    pub branches: Option<BranchesView>,
}

impl<'a> PanesView<'a> {
    /// Decides what the panes show.
    #[must_use]
    pub fn build(state: &'a State) -> Self {
        Self {
            base: PaneView::build(state, Pane::Base),
            guided: PaneView::build(state, Pane::Guided),
            hovered: state.focus.hovered,
        }
    }
}

impl<'a> PaneView<'a> {
    /// Decides what a pane shows.
    #[must_use]
    pub fn build(state: &'a State, pane: Pane) -> Self {
        let run = state.looked_at();
        let heat_on = state.settings.heat.on;
        let cells = run.map_or_else(Vec::new, |run| cells(state, run, pane));
        let (title, subtitle, region, other) = match pane {
            Pane::Base => ("Base", "the plain model", Region::Base, Pane::Guided),
            Pane::Guided => (
                "Guided",
                "the same model, steered",
                Region::Guided,
                Pane::Base,
            ),
        };
        let (title, subtitle) = match (state.is_showing(), pane) {
            (true, Pane::Base) => ("The plain model", ""),
            (true, Pane::Guided) => ("With guidance", ""),
            (false, _) => (title, subtitle),
        };
        let written = run.map_or(0, |run| run.text(pane).len());
        let index_in = |token: Option<TokenRef>, wanted: Pane| {
            let token = token.filter(|token| token.pane == wanted)?;
            Some(token.index)
        };
        let fork_at = run
            .and_then(Run::fork_at)
            .filter(|&index| index < cells.len());
        // Beyond the first difference the two texts have no partners.
        let echo = index_in(state.card_token(), other)
            .filter(|&index| index < written && fork_at.is_none_or(|fork| index <= fork));
        let own = run.and_then(|run| run.titles.as_ref());
        let (title, subtitle) = match own {
            Some(titles) => (Cow::Borrowed(titles[pane as usize].as_str()), ""),
            None => (Cow::Borrowed(title), subtitle),
        };
        Self {
            pane,
            title,
            subtitle,
            label: match (state.page, pane) {
                (Page::Score, Pane::Base) => "Scored answer",
                (Page::Score, Pane::Guided) => "Second scored answer",
                (_, Pane::Base) => "Base text",
                (_, Pane::Guided) => "Guided text",
            },
            empty_note: cells.is_empty().then(|| empty_note(state, pane)),
            scale: heat_on.then(|| HeatScale {
                kind: state.settings.heat.mode.scale_kind(),
                limit: state.heat_scale,
            }),
            lanes: run.map_or_else(Vec::new, |run| lanes(state, run, pane)),
            bars: !(state.shows_lanes() && state.settings.heat.mode.is_of_objective()),
            fork_at,
            change_at: run.and_then(|run| first_change(state, run, pane)),
            pinned: index_in(state.focus.pinned, pane),
            echo,
            faded_from: (written < cells.len()).then_some(written),
            veil: run.map_or(0.0, |run| veil(state.now_secs - run.asked_secs)),
            streaming: run.is_some_and(|run| run.is_active() && !run.has_ended(pane)),
            wants_focus: state.focus_step.wanted && state.focus_step.region == region,
            guidance: match pane {
                Pane::Base => None,
                Pane::Guided => Meter::build(state).filter(|_| !state.is_showing()),
            },
            branches: match pane {
                Pane::Base => None,
                Pane::Guided => BranchesView::build(state),
            },
            cells,
        }
    }
}

/// How much old words are washed out after so many seconds: a text that is there at once must not flicker.
fn veil(secs: f64) -> f32 {
    const FROM: f64 = 0.12;
    const OVER: f64 = 0.25;
    const MOST: f32 = 0.62;
    ((secs - FROM) / OVER).clamp(0.0, 1.0) as f32 * MOST
}

/// The first token of a finished text that the sliders, as they stand now, would make another one.
fn first_change(state: &State, run: &Run, pane: Pane) -> Option<usize> {
    let judged = run
        .rejudged
        .as_ref()
        .filter(|judged| !run.is_active() && judged.weights == state.draft.effective_weights())?;
    let change = match pane {
        Pane::Base => None,
        Pane::Guided => judged.guided.divergence.as_ref(),
    };
    change.map(|change| change.position)
}

fn lanes<'a>(state: &'a State, run: &Run, pane: Pane) -> Vec<PaneLane<'a>> {
    if !state.shows_lanes() {
        return Vec::new();
    }
    let objectives = state.objectives().iter().enumerate();
    objectives
        .map(|(index, objective)| PaneLane {
            name: &objective.name,
            colour: state.colour_of(index),
            chosen: index == state.focus.objective && state.settings.heat.mode.is_of_objective(),
            values: state.lane_values(run, pane, index),
        })
        .collect()
}

fn cells<'a>(state: &State, run: &'a Run, pane: Pane) -> Vec<TokenCell<'a>> {
    let pieces = &run.text(pane).pieces;
    let last = pieces.len().saturating_sub(1);
    let has_ended = run.has_ended(pane);
    let values = if state.settings.heat.on {
        state.heat_values(run, pane)
    } else {
        Vec::new()
    };
    let cell = |(index, text): (usize, &'a String)| TokenCell {
        text,
        value: values.get(index).copied().flatten(),
        mark: if index == last && text.is_empty() && has_ended {
            TokenMark::End
        } else {
            TokenMark::Word
        },
    };
    let mut cells: Vec<TokenCell<'_>> = pieces.iter().enumerate().map(cell).collect();
    if pane == Pane::Guided {
        cells.extend(ghost_cells(state, run));
    }
    cells
}

/// Words of the text before, in the places of which new ones are to come.
fn ghost_cells<'a>(state: &State, run: &'a Run) -> impl Iterator<Item = TokenCell<'a>> {
    let words = run.ghost_words();
    let last = words.len().saturating_sub(1);
    words
        .iter()
        .enumerate()
        .map(move |(index, word)| TokenCell {
            text: &word.text,
            value: (state.settings.heat.on)
                .then(|| {
                    let seen = Seen {
                        insight: &word.insight,
                        weights: &word.weights,
                    };
                    heat_of(seen, state.settings.heat.mode, state.focus.objective)
                })
                .flatten(),
            mark: if index == last && word.text.is_empty() {
                TokenMark::End
            } else {
                TokenMark::Word
            },
        })
}

fn empty_note(state: &State, pane: Pane) -> String {
    let what = match pane {
        Pane::Base => "what the plain model writes",
        Pane::Guided => "what it writes when the sliders guide it",
    };
    match (state.run().map(|run| &run.phase), &state.lineup) {
        (Some(RunPhase::Reading), _) => "Reading the prompt…".to_owned(),
        (Some(RunPhase::Writing), _) => "Writing…".to_owned(),
        (Some(RunPhase::Failed(_)), _) => "Nothing was written".to_owned(),
        (Some(RunPhase::Ended(_) | RunPhase::Replaced), _) => {
            "Stopped before the first word".to_owned()
        }
        (None, LineupState::Loading { .. }) => {
            format!("Here you will read {what}; the models are being loaded")
        }
        (None, LineupState::Ready(_) | LineupState::Missing) => {
            format!("Here you will read {what}")
        }
    }
}

/// Where words that a card may stand beside are on the screen.
#[derive(Debug, Clone, Copy)]
pub struct WordPlaces {
    /// The plain text's pane.
    pub base: Rect,
    /// The guided text's pane.
    pub guided: Rect,
    /// The word under the pointer.
    pub hovered: Option<Rect>,
    /// The word whose card is pinned.
    pub pinned: Option<Rect>,
}

impl Default for WordPlaces {
    fn default() -> Self {
        Self {
            base: Rect::NOTHING,
            guided: Rect::NOTHING,
            hovered: None,
            pinned: None,
        }
    }
}

/// Draws the panes.
pub fn panes_ui(ui: &mut Ui, view: &PanesView<'_>) -> (Vec<Action>, WordPlaces) {
    let mut actions = Vec::new();
    let height = ui.available_height();
    let mut hovered = None;
    let mut places = WordPlaces::default();
    ui.spacing_mut().item_spacing.x = space::M;
    ui.columns_const(|[left, right]| {
        let mut cards = [(left, &view.base), (right, &view.guided)].map(|(ui, pane)| {
            let mut card = palette(ui).card().begin(ui);
            let content = &mut card.content_ui;
            content.set_min_height((height - 2.0 * space::M).max(80.0));
            content.set_min_width(content.available_width());
            down(content, |ui| header_ui(ui, pane, &mut actions));
            (ui, pane, card)
        });
        // The two texts begin at the same height, whatever stands above them.
        let top = |card: &Prepared| card.content_ui.cursor().top();
        let lowest = top(&cards[0].2).max(top(&cards[1].2));
        for (_, pane, card) in &mut cards {
            let content = &mut card.content_ui;
            content.add_space((lowest - content.cursor().top()).max(0.0));
            let (token, there) = down(content, |ui| text_ui(ui, pane, &mut actions));
            hovered = hovered.or(token);
            places.hovered = places.hovered.or(there.hovered);
            places.pinned = places.pinned.or(there.pinned);
        }
        for (ui, pane, card) in cards {
            let rect = card.end(ui).rect;
            match pane.pane {
                Pane::Base => places.base = rect,
                Pane::Guided => places.guided = rect,
            }
        }
    });
    if hovered != view.hovered {
        actions.push(Action::Hover(hovered));
    }
    (actions, places)
}

/// Draws from the left edge downwards; columns would centre it.
fn down<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::top_down(Align::Min), contents).inner
}

/// What stands above a text.
fn header_ui(ui: &mut Ui, view: &PaneView<'_>, actions: &mut Vec<Action>) {
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(space::TARGET);
        ui.label(RichText::new(&*view.title).text_style(section()));
        if let Some(meter) = &view.guidance {
            actions.extend(meter_ui(ui, meter));
        } else {
            ui.label(RichText::new(view.subtitle).size(size::SMALL).color(weak));
        }
    });
    if let Some(branches) = &view.branches {
        actions.extend(branches_ui(ui, branches));
    }
    ui.add_space(space::XS);
}

/// A text, or a sentence where there is none.
pub(in crate::app) fn text_ui(
    ui: &mut Ui,
    view: &PaneView<'_>,
    actions: &mut Vec<Action>,
) -> (Option<TokenRef>, WordPlaces) {
    let weak = palette(ui).weak;
    let region = match view.pane {
        Pane::Base => Region::Base,
        Pane::Guided => Region::Guided,
    };
    if view.wants_focus {
        actions.push(Action::RegionFocused(region));
    }
    if let Some(note) = &view.empty_note {
        ui.label(RichText::new(note).color(weak));
        return (None, WordPlaces::default());
    }
    let colours = palette(ui);
    let lanes: Vec<Lane<'_>> = view.lanes.iter().map(|lane| lane.drawn(colours)).collect();
    let shown = TokenView::new(egui::Id::unique(view.label), view.label, &view.cells)
        .scale(view.scale)
        .lanes(&lanes)
        .bars(view.bars)
        .pinned(view.pinned)
        .echo(view.echo)
        .fork_at(view.fork_at)
        .change_at(view.change_at)
        .faded_from(view.faded_from, view.veil)
        .streaming(view.streaming)
        .show(ui);
    if view.faded_from.is_some() {
        // They fade even where no word comes for a while.
        ui.ctx().request_repaint_after(Duration::from_millis(30));
    }
    if view.wants_focus {
        shown.response.request_focus();
    }
    let token = |index: usize| TokenRef {
        pane: view.pane,
        index,
    };
    actions.extend(shown.lane.map(Action::SetHeatObjective));
    if let Some(index) = shown.clicked {
        actions.push(Action::TogglePin(token(index)));
    }
    let places = WordPlaces {
        hovered: shown.hovered_rect,
        pinned: shown.pinned_rect,
        ..WordPlaces::default()
    };
    (shown.hovered.map(token), places)
}

#[cfg(test)]
mod tests {
    use super::veil;

    #[test]
    fn old_words_fade_only_when_the_new_ones_keep_someone_waiting() {
        assert!(veil(0.1) < 1e-6);
        assert!(veil(0.2) > 0.0 && veil(0.2) < veil(0.5));
        assert!(veil(9.0) < 0.7, "they can still be read");
    }
}
