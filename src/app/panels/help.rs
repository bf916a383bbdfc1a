//! The table of keyboard shortcuts.

use egui::{Grid, Modal, RichText, ScrollArea, Ui};

use crate::app::presenter;
use crate::app::shortcuts::Shortcut;
use crate::app::theme::{digits, section, size, space};
use crate::app::update::Action;

/// Height of what surrounds the table: title, button, margins.
const FRAME: f32 = 140.0;

/// Least height of the table.
const LEAST: f32 = 80.0;

/// Draws the table over the window; with the keys of Demo mode where that is on screen.
pub fn help_ui(ui: &mut Ui, showing: bool) -> Vec<Action> {
    let mut actions = Vec::new();
    let modal = Modal::new(egui::Id::unique("shortcuts")).show(ui.ctx(), |ui| {
        ui.label(RichText::new("Keyboard shortcuts").text_style(section()));
        ui.add_space(space::S);
        // The button below stays in sight, however low the window is.
        let most = (ui.ctx().content_rect().height() - FRAME).max(LEAST);
        // At once as high as there is room: a window that grows would move the button from under the pointer.
        let table = ScrollArea::vertical().max_height(most);
        table.min_scrolled_height(most).show(ui, |ui| {
            Grid::new("shortcuts")
                .num_columns(2)
                .spacing([space::L, space::S])
                .show(ui, |ui| {
                    for (keys, what) in
                        presenter::TABLE
                            .iter()
                            .take(if showing { usize::MAX } else { 1 })
                    {
                        ui.label(RichText::new(*keys).font(digits(size::BODY)));
                        ui.label(*what);
                        ui.end_row();
                    }
                    let all = Shortcut::in_reading_order();
                    for shortcut in all.into_iter().filter(|shortcut| shortcut.is_listed()) {
                        let keys = ui.ctx().format_shortcut(&shortcut.keys());
                        ui.label(RichText::new(keys).font(digits(size::BODY)));
                        ui.label(shortcut.tooltip());
                        ui.end_row();
                    }
                });
        });
        ui.add_space(space::M);
        if ui.button("Close").clicked() {
            actions.push(Action::ToggleHelp);
        }
    });
    if modal.should_close() && actions.is_empty() {
        actions.push(Action::ToggleHelp);
    }
    actions
}
