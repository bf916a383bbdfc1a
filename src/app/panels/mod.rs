//! One file per region of the window. Each builds a view of the state, which holds every decision, draws it, and returns
//! what the person did.

pub mod advanced;
pub mod branches;
pub mod card;
pub mod colours;
pub mod formula;
pub mod help;
pub mod library;
mod message;
pub mod meter;
mod naming;
pub mod notice;
pub mod objectives;
pub mod panes;
pub mod problem;
pub mod prompt;
pub mod snapshots;
pub mod status;
pub mod steering;
pub mod top_bar;

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use crate::app::state::State;
use crate::app::theme::{palette, space};
use crate::app::update::Action;

/// Room for a scroll bar beside what scrolls.
const SCROLL_BAR: Margin = Margin {
    left: 0,
    right: space::S as i8,
    top: 0,
    bottom: 0,
};

/// The whole window.
pub fn window_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let bar = Frame::new()
        .fill(colours.window)
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8));
    let column = Frame::new()
        .fill(colours.window)
        .inner_margin(Margin::same(space::M as i8));

    Panel::top("top_bar").frame(bar).show(ui, |ui| {
        actions.extend(top_bar::top_bar_ui(ui, &top_bar::TopBarView::build(state)));
    });
    Panel::bottom("status").frame(bar).show(ui, |ui| {
        actions.extend(status::status_ui(ui, &status::StatusView::build(state)));
    });
    if state.settings.library_open {
        Panel::left("library")
            .frame(column)
            .resizable(true)
            .default_size(220.0)
            .size_range(180.0..=420.0)
            .show(ui, |ui| {
                actions.extend(library::library_ui(ui, &library::LibraryView::build(state)));
            });
    }
    Panel::right("controls")
        .frame(column)
        .resizable(true)
        .default_size(300.0)
        .size_range(264.0..=460.0)
        .show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .content_margin(SCROLL_BAR)
                .show(ui, |ui| actions.extend(controls_ui(ui, state)));
        });
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(prompt::prompt_ui(ui, &prompt::PromptView::build(state)));
        ui.add_space(space::XS);
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::XS);
        }
        if let Some(view) = notice::NoticeView::build(state) {
            actions.extend(notice::notice_ui(ui, &view));
            ui.add_space(space::XS);
        }
        formula::formula_ui(ui, &formula::FormulaView::build(state));
        let (done, places) = panes::panes_ui(ui, &panes::PanesView::build(state));
        actions.extend(done);
        if let Some(view) = card::CardView::build(state) {
            actions.extend(card::card_ui(ui, &view, places));
        }
    });
    if state.help_open {
        actions.extend(help::help_ui(ui));
    }
    actions
}

/// The right column.
fn controls_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = objectives::objectives_ui(ui, &objectives::ObjectivesView::build(state));
    ui.add_space(space::L);
    actions.extend(colours::colours_ui(ui, &colours::ColoursView::build(state)));
    ui.add_space(space::L);
    actions.extend(advanced::advanced_ui(
        ui,
        &advanced::AdvancedView::build(state),
    ));
    actions
}
