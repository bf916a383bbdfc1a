//! The two texts side by side: what the plain model writes, and what it writes under guidance.

use egui::{Align, Layout, Rect, RichText, Ui};

use super::branches::{BranchesView, branches_ui};
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::{LineupState, Region, State, TokenRef};
use crate::app::theme::{HeatScale, palette, section, size, space};
use crate::app::update::Action;
use crate::app::widgets::token_view::{TokenCell, TokenMark, TokenView};
use crate::domain::Pane;

/// What the two panes show.
#[derive(Debug, Clone, PartialEq)]
pub struct PanesView {
    /// The plain text.
    pub base: PaneView,
    /// The guided text.
    pub guided: PaneView,
    /// The token under the pointer, as far as is known.
    pub hovered: Option<TokenRef>,
}

/// One pane.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneView {
    /// Which one.
    pub pane: Pane,
    /// Its name.
    pub title: &'static str,
    /// What it holds, in a few words.
    pub subtitle: &'static str,
    /// Its tokens.
    pub cells: Vec<Cell>,
    /// A sentence where there are no tokens.
    pub empty_note: Option<String>,
    /// How numbers become colours; none where colours are off.
    pub scale: Option<HeatScale>,
    /// The first token that differs from the other text.
    pub fork_at: Option<usize>,
    /// The first token that the sliders, as they stand now, would make another one.
    pub change_at: Option<usize>,
    /// The token whose card stays open.
    pub pinned: Option<usize>,
    /// The token whose partner is under the pointer in the other text.
    pub echo: Option<usize>,
    /// Whether more words are to come.
    pub streaming: bool,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
    /// How far guidance moved the choices of this text, in words.
    pub guidance: Option<String>,
    /// Where a text that branches has come from.
    pub branches: Option<BranchesView>,
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The characters that it completes.
    pub text: String,
    /// The number that colours it, where colours are on and it has one.
    pub value: Option<f64>,
    /// Whether it ended the answer.
    pub mark: TokenMark,
}

impl PanesView {
    /// Decides what the panes show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        Self {
            base: PaneView::build(state, Pane::Base),
            guided: PaneView::build(state, Pane::Guided),
            hovered: state.focus.hovered,
        }
    }
}

impl PaneView {
    fn build(state: &State, pane: Pane) -> Self {
        let run = state.run();
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
        let index_in = |token: Option<TokenRef>, wanted: Pane| {
            let token = token.filter(|token| token.pane == wanted)?;
            Some(token.index)
        };
        let fork_at = run
            .and_then(Run::first_difference)
            .filter(|&index| index < cells.len());
        // Beyond the first difference the two texts have no partners.
        let echo = index_in(state.card_token(), other)
            .filter(|&index| index < cells.len() && fork_at.is_none_or(|fork| index <= fork));
        Self {
            pane,
            title,
            subtitle,
            empty_note: cells.is_empty().then(|| empty_note(state, pane)),
            scale: heat_on.then(|| HeatScale {
                kind: state.settings.heat.mode.scale_kind(),
                limit: state.heat_scale,
            }),
            fork_at,
            change_at: run.and_then(|run| first_change(state, run, pane)),
            pinned: index_in(state.focus.pinned, pane),
            echo,
            streaming: run.is_some_and(|run| run.is_active() && !run.has_ended(pane)),
            wants_focus: state.focus_step.wanted && state.focus_step.region == region,
            guidance: match pane {
                Pane::Base => None,
                Pane::Guided => run.and_then(guidance),
            },
            branches: match pane {
                Pane::Base => None,
                Pane::Guided => BranchesView::build(state),
            },
            cells,
        }
    }
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

fn guidance(run: &Run) -> Option<String> {
    let (total, tokens) = run.guidance();
    let each = total / tokens.max(1) as f64;
    (tokens > 0).then(|| format!("Guidance {total:.1} nats, {each:.2} per token"))
}

fn cells(state: &State, run: &Run, pane: Pane) -> Vec<Cell> {
    let pieces = &run.text(pane).pieces;
    let last = pieces.len().saturating_sub(1);
    let has_ended = run.has_ended(pane);
    let cell = |(index, text): (usize, &String)| Cell {
        text: text.clone(),
        value: (state.settings.heat.on)
            .then(|| state.heat_value(run, pane, index))
            .flatten(),
        mark: if index == last && text.is_empty() && has_ended {
            TokenMark::End
        } else {
            TokenMark::Word
        },
    };
    pieces.iter().enumerate().map(cell).collect()
}

fn empty_note(state: &State, pane: Pane) -> String {
    let what = match pane {
        Pane::Base => "what the plain model writes",
        Pane::Guided => "what it writes when the sliders guide it",
    };
    match (state.run().map(|run| &run.phase), &state.lineup) {
        (Some(RunPhase::Reading | RunPhase::Writing), _) => "Reading the prompt…".to_owned(),
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
pub fn panes_ui(ui: &mut Ui, view: &PanesView) -> (Vec<Action>, WordPlaces) {
    let mut actions = Vec::new();
    let height = ui.available_height();
    let mut hovered = None;
    let mut places = WordPlaces::default();
    ui.spacing_mut().item_spacing.x = space::M;
    ui.columns_const(|[left, right]| {
        for (ui, pane) in [(left, &view.base), (right, &view.guided)] {
            let card = palette(ui).card().show(ui, |ui| {
                ui.set_min_height((height - 2.0 * space::M).max(80.0));
                ui.set_min_width(ui.available_width());
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    pane_ui(ui, pane, &mut actions)
                })
                .inner
            });
            let (token, there) = card.inner;
            hovered = hovered.or(token);
            places.hovered = places.hovered.or(there.hovered);
            places.pinned = places.pinned.or(there.pinned);
            match pane.pane {
                Pane::Base => places.base = card.response.rect,
                Pane::Guided => places.guided = card.response.rect,
            }
        }
    });
    if hovered != view.hovered {
        actions.push(Action::Hover(hovered));
    }
    (actions, places)
}

fn pane_ui(
    ui: &mut Ui,
    view: &PaneView,
    actions: &mut Vec<Action>,
) -> (Option<TokenRef>, WordPlaces) {
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(view.title).text_style(section()));
        // One line, so that the two texts begin at the same height.
        if let Some(guidance) = &view.guidance {
            ui.label(RichText::new(guidance).size(size::SMALL).color(weak))
                .on_hover_text("How far the sliders moved the choices away from the plain model's, added up over the text (Kullback-Leibler divergence). 0 is the plain model itself");
        } else {
            ui.label(RichText::new(view.subtitle).size(size::SMALL).color(weak));
        }
    });
    if let Some(branches) = &view.branches {
        actions.extend(branches_ui(ui, branches));
    }
    ui.add_space(space::XS);
    let (id, label, region) = match view.pane {
        Pane::Base => ("base text", "Base text", Region::Base),
        Pane::Guided => ("guided text", "Guided text", Region::Guided),
    };
    if view.wants_focus {
        actions.push(Action::RegionFocused(region));
    }
    if let Some(note) = &view.empty_note {
        ui.label(RichText::new(note).color(weak));
        return (None, WordPlaces::default());
    }
    let cells: Vec<TokenCell<'_>> = view
        .cells
        .iter()
        .map(|cell| TokenCell {
            text: &cell.text,
            value: cell.value,
            mark: cell.mark,
        })
        .collect();
    let shown = TokenView::new(egui::Id::unique(id), label, &cells)
        .scale(view.scale)
        .pinned(view.pinned)
        .echo(view.echo)
        .fork_at(view.fork_at)
        .change_at(view.change_at)
        .streaming(view.streaming)
        .show(ui);
    if view.wants_focus {
        shown.response.request_focus();
    }
    let token = |index: usize| TokenRef {
        pane: view.pane,
        index,
    };
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
