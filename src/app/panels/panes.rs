//! The two texts side by side: what the plain model writes, and what it writes under guidance.

use egui::{RichText, ScrollArea, Ui};

use crate::app::state::run::{Run, RunPhase};
use crate::app::state::{LineupState, Region, State, TokenRef};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::domain::Pane;

/// What the two panes show.
#[derive(Debug, Clone, PartialEq)]
pub struct PanesView {
    /// The plain text.
    pub base: PaneView,
    /// The guided text.
    pub guided: PaneView,
}

/// One pane.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneView {
    /// Which one.
    pub pane: Pane,
    /// Its name.
    pub title: &'static str,
    /// What it holds, in a few words.
    pub subtitle: String,
    /// Its tokens.
    pub cells: Vec<Cell>,
    /// A sentence where there are no tokens.
    pub empty_note: Option<String>,
    /// The first token that differs from the other text.
    pub fork_at: Option<usize>,
    /// The token whose card stays open.
    pub pinned: Option<usize>,
    /// The token whose partner is under the pointer in the other text.
    pub echo: Option<usize>,
    /// Whether more words are to come.
    pub streaming: bool,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The characters that it completes.
    pub text: String,
    /// The number that colours it, where colours are on and it has one.
    pub value: Option<f64>,
}

impl PanesView {
    /// Decides what the panes show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        Self {
            base: PaneView::build(state, Pane::Base),
            guided: PaneView::build(state, Pane::Guided),
        }
    }
}

impl PaneView {
    fn build(state: &State, pane: Pane) -> Self {
        let run = state.run();
        let heat = state.settings.heat.on;
        let cells: Vec<Cell> = run.map_or_else(Vec::new, |run| {
            let pieces = run.text(pane).pieces.iter().enumerate();
            pieces
                .map(|(index, text)| Cell {
                    text: text.clone(),
                    value: heat
                        .then(|| state.heat_value(run, pane, index))
                        .flatten(),
                })
                .collect()
        });
        let (title, region) = match pane {
            Pane::Base => ("Base", Region::Base),
            Pane::Guided => ("Guided", Region::Guided),
        };
        let at = |token: Option<TokenRef>, wanted: Pane| {
            token
                .filter(|token| token.pane == wanted)
                .map(|token| token.index)
        };
        let other = match pane {
            Pane::Base => Pane::Guided,
            Pane::Guided => Pane::Base,
        };
        let fork_at = run
            .and_then(Run::first_difference)
            .filter(|&index| index < cells.len());
        // Beyond the first difference the two texts have no partners.
        let echo = at(state.card_token(), other)
            .filter(|&index| index < cells.len() && fork_at.is_none_or(|fork| index <= fork));
        Self {
            pane,
            title,
            subtitle: match pane {
                Pane::Base => "the plain model".to_owned(),
                Pane::Guided => "the same model, steered by the sliders".to_owned(),
            },
            empty_note: cells.is_empty().then(|| empty_note(state, pane)),
            fork_at,
            pinned: at(state.focus.pinned, pane),
            echo,
            streaming: state.active_run().is_some(),
            wants_focus: state.focus_step.wanted && state.focus_step.region == region,
            cells,
        }
    }
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
            "The answer is empty: the model ended it at once".to_owned()
        }
        (None, LineupState::Loading { .. }) => {
            format!("Here you will read {what}; the models are being loaded")
        }
        (None, LineupState::Ready(_) | LineupState::Missing) => {
            format!("Here you will read {what}")
        }
    }
}

/// Draws the panes.
pub fn panes_ui(ui: &mut Ui, view: &PanesView) -> Vec<Action> {
    let mut actions = Vec::new();
    let height = ui.available_height();
    ui.columns_const(|[left, right]| {
        for (ui, pane) in [(left, &view.base), (right, &view.guided)] {
            palette(ui).card().show(ui, |ui| {
                ui.set_min_height((height - 2.0 * space::M).max(80.0));
                actions.extend(pane_ui(ui, pane));
            });
        }
    });
    actions
}

fn pane_ui(ui: &mut Ui, view: &PaneView) -> Vec<Action> {
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(view.title).text_style(section()));
        ui.label(RichText::new(&view.subtitle).size(size::SMALL).color(weak));
    });
    ui.add_space(space::S);
    if let Some(note) = &view.empty_note {
        ui.label(RichText::new(note).color(weak));
        return Vec::new();
    }
    let text: String = view.cells.iter().map(|cell| cell.text.as_str()).collect();
    ScrollArea::vertical()
        .id_salt(view.title)
        .auto_shrink([false, false])
        .stick_to_bottom(view.streaming)
        .show(ui, |ui| ui.label(text));
    Vec::new()
}
