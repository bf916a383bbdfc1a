//! The page on which a lineup is put together: a base model and its objectives.

pub mod at_hand;
pub mod composed;
pub mod downloads;
pub mod forms;
pub mod hub;
pub mod lineups;
pub mod memory;
pub mod objectives;
mod words;

use egui::{Button, CentralPanel, Panel, ScrollArea, Ui};

use crate::app::panels::{SCROLL_BAR, problem};
use crate::app::state::State;
use crate::app::state::models::Side;
use crate::app::theme::space;
use crate::app::update::Action;
use crate::app::update::models::ModelsAction;

/// Draws the page.
pub fn models_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    Panel::left("lineups")
        .frame(column)
        .resizable(true)
        .default_size(250.0)
        .size_range(180.0..=420.0)
        .show(ui, |ui| {
            let view = lineups::LineupsView::build(state);
            actions.extend(lineups::lineups_ui(ui, &view));
        });
    Panel::right("at_hand")
        .frame(column)
        .resizable(true)
        .default_size(384.0)
        .size_range(260.0..=560.0)
        .show(ui, |ui| {
            actions.extend(sides_ui(ui, state));
            ui.add_space(space::XS);
            actions.extend(match state.models.side {
                Side::AtHand => at_hand::at_hand_ui(ui, &at_hand::AtHandView::build(state)),
                Side::Hub => hub::hub_ui(ui, &hub::HubView::build(state)),
                Side::Downloads => {
                    downloads::downloads_ui(ui, &downloads::DownloadsView::build(state))
                }
            });
        });
    CentralPanel::default().frame(column).show(ui, |ui| {
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        let view = composed::ComposedView::build(state);
        actions.extend(composed::head_ui(ui, &view));
        ui.add_space(space::S);
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .content_margin(SCROLL_BAR)
            .show(ui, |ui| {
                actions.extend(composed::base_ui(ui, &view));
                ui.add_space(space::L);
                if let Some(view) = memory::MemoryView::build(state) {
                    memory::memory_ui(ui, &view);
                }
                let view = objectives::ObjectivesView::build(state);
                actions.extend(objectives::objectives_ui(ui, &view));
                ui.add_space(space::M);
                let view = forms::FormsView::build(state);
                actions.extend(forms::forms_ui(ui, &view));
            });
    });
    actions
}

/// Draws the choice of what the right column shows.
fn sides_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let running = state.models.hub.running();
    ui.horizontal_wrapped(|ui| {
        for side in Side::ALL {
            let words = match (side, running) {
                (Side::AtHand, _) => "This computer".to_owned(),
                (Side::Hub, _) => "Hugging Face".to_owned(),
                (Side::Downloads, 0) => "Downloads".to_owned(),
                (Side::Downloads, running) => format!("Downloads ({running})"),
            };
            let button = Button::selectable(state.models.side == side, words)
                .min_size(egui::vec2(0.0, space::TARGET));
            if ui.add(button).clicked() {
                actions.push(Action::Models(ModelsAction::ShowSide(side)));
            }
        }
    });
    actions
}

#[cfg(test)]
mod tests;
