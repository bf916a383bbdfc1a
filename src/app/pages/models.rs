//! The page on which a lineup is put together: a base model and its objectives.

use egui::{Button, CentralPanel, RichText, Ui};

use crate::app::panels::problem;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::Action;

/// Draws the page.
pub fn models_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    CentralPanel::default().frame(column).show(ui, |ui| {
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        ui.label(RichText::new("Models").font(strong(size::TITLE)));
        let LineupState::Ready(info) = &state.lineup else {
            ui.label(RichText::new("No models are loaded").color(palette(ui).weak));
            return;
        };
        ui.label(format!("Loaded: {}", info.name));
        for model in &info.models {
            ui.label(format!("{}: {}", model.role, model.source));
        }
        if !info.is_demo && ui.add(Button::new("Use the built-in model")).clicked() {
            actions.push(Action::UseBuiltIn);
        }
    });
    actions
}
