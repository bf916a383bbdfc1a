//! The notice over the texts of a run that was opened: what answers in place of the models, and where that ends.

use egui::{Button, Ui};

use super::message::message_ui;
use crate::app::state::State;
use crate::app::theme::{palette, space};
use crate::app::update::Action;
use crate::app::update::past::{PastAction, has_left};
use crate::record::NEEDS_MODEL;

/// What the notice says, where a recorded run answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedView {
    /// In one sentence.
    pub summary: String,
    /// What holds for numbers under other weights.
    pub hint: String,
    /// Whether its own models can be loaded from here.
    pub offers_models: bool,
}

impl RecordedView {
    /// Decides whether there is a notice.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let record = state.past.replay.as_ref()?;
        let left = state.run().is_some_and(has_left);
        let summary = if left {
            NEEDS_MODEL.to_owned()
        } else {
            "This is a recorded run: its rows answer, no model is loaded".to_owned()
        };
        let others = match record.branches.len() {
            0 => String::new(),
            count => format!("; {count} texts under other weights were recorded with it"),
        };
        Some(Self {
            summary,
            hint: format!(
                "{}{others}. Written by {}",
                record.preview_words(),
                record.info.name
            ),
            offers_models: record.info.is_demo,
        })
    }
}

/// Draws the notice.
pub fn recorded_ui(ui: &mut Ui, view: &RecordedView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let tint = (colours.accent_soft, colours.accent);
    message_ui(ui, tint, &view.summary, Some(&view.hint), |ui| {
        ui.horizontal_wrapped(|ui| {
            let mut way = |words: &str, help: &str, action: PastAction| {
                let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
                if ui.add(button).on_hover_text(help).clicked() {
                    actions.push(Action::Past(action));
                }
            };
            if view.offers_models {
                way(
                    "Load its models",
                    "Load the built-in models that wrote it, so that it can go on any way",
                    PastAction::LoadItsModels,
                );
            }
            way(
                "Close the recording",
                "Load the models again that were in use before",
                PastAction::LeaveReplay,
            );
        });
    });
    actions
}
