//! In which unit the sliders stand, and what a weight of 1 is in it.

use egui::{RichText, Ui};

use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::app::widgets::numbers::count;
use crate::app::widgets::toggle::toggle;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsView {
    /// Whether sliders stand in nats.
    pub in_nats: bool,
    /// What was measured, or why nothing was.
    pub note: Option<String>,
    /// A way to measure on other texts: words, explanation, whether they are those on screen.
    pub way: Option<(&'static str, &'static str, bool)>,
}

impl UnitsView {
    /// Decides what is shown; nothing before there are sliders.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        match &state.lineup {
            LineupState::Ready(info) if !info.objectives.is_empty() => {}
            LineupState::Ready(_) | LineupState::Loading { .. } | LineupState::Missing => {
                return None;
            }
        }
        let in_nats = state.settings.in_nats;
        let (mut note, mut way) = (None, None);
        if in_nats {
            let units = &state.units;
            note = Some(match (&units.measured, &units.failed) {
                (Some(measured), _) => format!(
                    "Measured at {} words of {}",
                    count(measured.positions),
                    if measured.on_screen {
                        "the texts on screen"
                    } else {
                        "a few everyday texts"
                    }
                ),
                (None, Some(failure)) => failure.summary.clone(),
                (None, None) => "Measuring…".to_owned(),
            });
            let on_screen = units.measured.as_ref().is_some_and(|one| one.on_screen);
            let written = state.run().is_some_and(|run| !run.is_active());
            way = match (on_screen, written) {
                (true, _) => Some((
                    "Everyday texts",
                    "Measure on the program's own everyday texts again",
                    false,
                )),
                (false, true) => Some((
                    "Use these texts",
                    "Measure on the two texts on screen instead of everyday ones",
                    true,
                )),
                (false, false) => None,
            };
        }
        Some(Self { in_nats, note, way })
    }
}

/// Draws the switch.
pub fn units_ui(ui: &mut Ui, view: &UnitsView) -> Vec<Action> {
    let mut actions = Vec::new();
    let small = |words: &str| RichText::new(words).size(size::SMALL);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.label(small("Sliders in"));
        for (word, label, help, in_nats) in [
            (
                "Weights",
                "Sliders in weights",
                "The weight w of each objective, as it stands in the formula",
                false,
            ),
            (
                "Nats",
                "Sliders in nats",
                "How hard each objective pulls: its weight times how far its reward spreads over the words that might come \
                 next. The same number then feels alike, however each reward model was trained; the weight stands beside it",
                true,
            ),
        ] {
            let response = toggle(ui, word, label, view.in_nats == in_nats).on_hover_text(help);
            if response.clicked() && view.in_nats != in_nats {
                actions.push(Action::ToggleUnits);
            }
        }
        if let Some((words, help, on_screen)) = view.way {
            let button = egui::Button::new(small(words)).min_size(egui::vec2(0.0, space::TARGET));
            if ui.add(button).on_hover_text(help).clicked() {
                actions.push(Action::MeasureOnScreen(on_screen));
            }
        }
    });
    if let Some(note) = &view.note {
        ui.label(small(note).color(palette(ui).weak));
    }
    actions
}
