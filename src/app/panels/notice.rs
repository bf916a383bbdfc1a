//! The notice over the texts: what a person should know about this run before believing it.

use egui::{Button, Ui};

use super::message::message_ui;
use crate::app::state::State;
use crate::app::state::log::FAR_HINT;
use crate::app::state::page::Page;
use crate::app::theme::{palette, space};
use crate::app::update::Action;

/// What the notice says, where there is something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeView {
    /// In one sentence.
    pub summary: String,
    /// What can be done.
    pub hint: String,
    /// Whether the library is closed and can be opened from here.
    pub offers_library: bool,
}

impl NoticeView {
    /// Decides whether there is a notice: where the prompt lies outside what the models know.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        Some(Self {
            summary: state.far()?,
            hint: FAR_HINT.to_owned(),
            offers_library: !state.settings.library_open,
        })
    }
}

/// Draws the notice.
pub fn notice_ui(ui: &mut Ui, view: &NoticeView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let tint = (colours.accent_soft, colours.accent);
    message_ui(ui, tint, &view.summary, Some(&view.hint), |ui| {
        ui.horizontal_wrapped(|ui| {
            let mut way = |words: &str, action: Action| {
                let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
                if ui.add(button).clicked() {
                    actions.push(action);
                }
            };
            way("Choose models", Action::GoTo(Page::Models));
            if view.offers_library {
                way("Open the library", Action::ToggleLibrary);
            }
        });
    });
    actions
}
