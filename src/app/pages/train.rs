//! The page for reward models of one's own.

use egui::{CentralPanel, RichText, Ui};

use crate::app::panels::problem;
use crate::app::state::State;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::Action;

/// What trains a reward model without a window.
const COMMAND: &str = "counterpoise train arm --base FOLDER --data pairs.jsonl --out adapters/mine";

/// Draws the page.
pub fn train_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    CentralPanel::default().frame(column).show(ui, |ui| {
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        ui.label(RichText::new("Train").font(strong(size::TITLE)));
        ui.label("A reward model learns an objective from pairs of answers, one of which people preferred.");
        ui.label("It is trained on the command line:");
        palette(ui).card().show(ui, |ui| {
            ui.label(RichText::new(COMMAND).monospace());
            if ui.button("Copy").clicked() {
                ui.ctx().copy_text(COMMAND.to_owned());
            }
        });
        ui.label("The adapter that it writes joins a lineup as an objective.");
    });
    actions
}
