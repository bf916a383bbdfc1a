//! The steering page as it is shown to others: a question, two texts in large letters, two sliders.

use egui::{CentralPanel, Panel, TextStyle, Ui};

use super::steer;
use crate::app::panels::{blend, keyboard_here, tour};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::theme::reading;
use crate::app::update::Action;

/// How much larger the texts are than in Lab mode.
const LARGER: f32 = 1.5;

/// Draws the page.
pub fn demo_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let column = super::column(ui);
    if let Some(view) = tour::TourView::build(state) {
        Panel::right("tour")
            .frame(column)
            .resizable(true)
            .default_size(260.0)
            .size_range(200.0..=420.0)
            .show(ui, |ui| actions.extend(tour::tour_ui(ui, &view)));
    }
    Panel::bottom("blend").frame(column).show(ui, |ui| {
        actions.extend(keyboard_here(ui, state, Region::Objectives));
        actions.extend(blend::blend_ui(ui, &blend::BlendView::build(state)));
    });
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(steer::texts_ui(ui, state, |ui| {
            let font = TextStyle::resolve(&reading(), ui.style());
            let larger = egui::FontId::new(font.size * LARGER, font.family);
            ui.style_mut().text_styles.insert(reading(), larger);
        }));
    });
    actions
}
