//! One file or folder per page of the window: how its regions lie, and what lies between the pages' frame.

pub mod models;
pub mod steer;
pub mod train;

use egui::{Frame, Margin, Panel, Ui};

use crate::app::panels::{help, status, top_bar};
use crate::app::state::State;
use crate::app::state::page::Page;
use crate::app::theme::{palette, space};
use crate::app::update::Action;

/// The whole window.
pub fn window_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let bar = Frame::new()
        .fill(palette(ui).window)
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8));
    Panel::top("top_bar").frame(bar).show(ui, |ui| {
        actions.extend(top_bar::top_bar_ui(ui, &top_bar::TopBarView::build(state)));
    });
    Panel::bottom("status").frame(bar).show(ui, |ui| {
        actions.extend(status::status_ui(ui, &status::StatusView::build(state)));
    });
    actions.extend(match state.page {
        Page::Steer => steer::steer_ui(ui, state),
        Page::Models => models::models_ui(ui, state),
        Page::Train => train::train_ui(ui, state),
    });
    if state.help_open {
        actions.extend(help::help_ui(ui));
    }
    actions
}

/// Frame of a column of a page.
fn column(ui: &Ui) -> Frame {
    Frame::new()
        .fill(palette(ui).window)
        .inner_margin(Margin::same(space::M as i8))
}
