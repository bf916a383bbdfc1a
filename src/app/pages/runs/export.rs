//! The row that writes a run to a file.

use egui::{Button, Ui};

use crate::app::state::past::ExportRow;
use crate::app::theme::{palette, space};
use crate::app::update::Action;
use crate::app::update::past::PastAction;
use crate::app::widgets::field::Field;
use crate::record::export::Format;

/// Draws it.
pub(super) fn export_ui(ui: &mut Ui, row: &ExportRow, prompt: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut act = |action| actions.push(Action::Past(action));
    palette(ui).card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(format!("Export \"{prompt}\""));
        for format in Format::ALL {
            if ui.radio(row.format == format, format.label()).clicked() {
                act(PastAction::SetFormat(format));
            }
        }
        let path = Field::line("File to write", &row.path).show(ui);
        if let Some(path) = path.text {
            act(PastAction::EditExport(path));
        }
        let mut write = path.entered;
        ui.horizontal_wrapped(|ui| {
            let target = egui::vec2(0.0, space::TARGET);
            let there = !row.path.trim().is_empty();
            write |= ui
                .add_enabled(there, Button::new("Write file").min_size(target))
                .clicked();
            if ui.add(Button::new("Cancel").min_size(target)).clicked() {
                act(PastAction::ToggleExport(row.id));
            }
        });
        if write {
            act(PastAction::Export);
        }
    });
    actions
}
