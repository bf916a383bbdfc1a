//! The page of the history: all runs on the disk, and runs from files.

mod export;
mod list;
mod row;
mod side;

use egui::{CentralPanel, Panel, ScrollArea, Ui};

use crate::app::panels::{SCROLL_BAR, keyboard_here, problem};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::theme::space;
use crate::app::update::Action;

pub use list::RunsView;
pub use row::RowView;
pub use side::SideView;

/// Draws the page.
pub fn runs_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    Panel::right("run_files")
        .frame(column)
        .resizable(true)
        .default_size(320.0)
        .size_range(260.0..=480.0)
        .show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .content_margin(SCROLL_BAR)
                .show(ui, |ui| {
                    actions.extend(keyboard_here(ui, state, Region::Files));
                    actions.extend(side::side_ui(ui, &SideView::build(state)));
                });
        });
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(keyboard_here(ui, state, Region::Results));
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        actions.extend(list::list_ui(ui, &RunsView::build(state), state));
    });
    actions
}
