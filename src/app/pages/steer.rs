//! The page on which texts are written and steered.

use egui::{CentralPanel, Panel, Ui};

use crate::app::panels::{
    advanced, card, colours, formula, library, notice, objectives, panes, problem, prompt,
    recorded, side,
};
use crate::app::state::State;
use crate::app::theme::space;
use crate::app::update::Action;

/// Draws the page.
pub fn steer_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    if state.settings.library_open {
        Panel::left("library")
            .frame(column)
            .resizable(true)
            .default_size(220.0)
            .size_range(180.0..=420.0)
            .show(ui, |ui| {
                actions.extend(library::library_ui(
                    ui,
                    state,
                    &library::LibraryView::build(state),
                ));
            });
    }
    actions.extend(super::controls_column(ui, "controls", |ui| {
        controls_ui(ui, state)
    }));
    actions.extend(super::tokens_row(ui, "tokens", state));
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(texts_ui(ui, state, |ui| {
            formula::formula_ui(ui, &formula::FormulaView::build(state));
        }));
    });
    actions
}

/// The middle of the page, in Lab mode and in Demo mode: the prompt, what there is to tell, `above` the texts, the texts
/// with their cards.
pub(super) fn texts_ui(ui: &mut Ui, state: &State, above: impl FnOnce(&mut Ui)) -> Vec<Action> {
    let mut actions = Vec::new();
    actions.extend(prompt::prompt_ui(ui, &prompt::PromptView::build(state)));
    ui.add_space(space::XS);
    if let Some(view) = problem::ProblemView::build(state) {
        actions.extend(problem::problem_ui(ui, &view));
        ui.add_space(space::XS);
    }
    if let Some(view) = recorded::RecordedView::build(state) {
        actions.extend(recorded::recorded_ui(ui, &view));
        ui.add_space(space::XS);
    }
    if let Some(view) = notice::NoticeView::build(state) {
        actions.extend(notice::notice_ui(ui, &view));
        ui.add_space(space::XS);
    }
    if let Some(view) = side::BlindView::build(state) {
        actions.extend(side::blind_ui(ui, &view));
        ui.add_space(space::XS);
    }
    above(ui);
    if let Some(summary) = side::summary(state) {
        side::summary_ui(ui, &summary);
    }
    let (done, places) = panes::panes_ui(ui, state, &panes::PanesView::build(state));
    actions.extend(done);
    if let Some(view) = card::CardView::build(state) {
        actions.extend(card::card_ui(ui, &view, places));
    }
    actions
}

/// The right column.
fn controls_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = objectives::objectives_ui(ui, &objectives::ObjectivesView::build(state));
    ui.add_space(space::L);
    actions.extend(colours::colours_ui(ui, &colours::ColoursView::build(state)));
    ui.add_space(space::L);
    actions.extend(side::compare_ui(ui, &side::CompareView::build(state)));
    ui.add_space(space::L);
    actions.extend(advanced::advanced_ui(
        ui,
        &advanced::AdvancedView::build(state),
    ));
    actions
}
