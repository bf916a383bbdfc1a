//! The row that writes a run to a file.

use egui::{Button, Role, Ui, WidgetInfo};

use crate::app::state::past::ExportRow;
use crate::app::theme::{palette, space};
use crate::app::update::Action;
use crate::app::update::past::PastAction;
use crate::app::widgets::field::Field;
use crate::domain::Pane;
use crate::record::export::Format;
use crate::record::look::Look;

/// Draws it.
pub(super) fn export_ui(
    ui: &mut Ui,
    row: &ExportRow,
    prompt: &str,
    objectives: &[String],
) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut act = |action| actions.push(Action::Past(action));
    palette(ui).card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(format!("Export “{prompt}”"));
        for format in Format::ALL {
            if ui.radio(row.format == format, format.label()).clicked() {
                act(PastAction::SetFormat(format));
            }
        }
        if row.format.is_picture() {
            look_ui(ui, row, objectives, &mut act);
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
            let browse = ui.add(Button::new("Browse\u{2026}").min_size(target));
            browse.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Browse for a place"));
            if browse.clicked() {
                act(PastAction::AskPlace);
            }
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

/// Draws what a picture can be told.
fn look_ui(ui: &mut Ui, row: &ExportRow, objectives: &[String], act: &mut impl FnMut(PastAction)) {
    let look = row.look;
    let mut pick = |ui: &mut Ui, words: &str, chosen: bool, wanted: Look| {
        let button = Button::selectable(chosen, words)
            .frame_when_inactive(true)
            .min_size(egui::vec2(0.0, space::TARGET));
        if ui.add(button).clicked() {
            act(PastAction::SetLook(wanted));
        }
    };
    ui.horizontal_wrapped(|ui| {
        for (words, pane) in [
            ("Both texts", None),
            ("Base alone", Some(Pane::Base)),
            ("Guided alone", Some(Pane::Guided)),
        ] {
            pick(ui, words, look.pane == pane, Look { pane, ..look });
        }
    });
    ui.horizontal_wrapped(|ui| {
        for (words, dark) in [("Light paper", false), ("Dark paper", true)] {
            pick(ui, words, look.dark == dark, Look { dark, ..look });
        }
        if row.format == Format::Png {
            for scale in 1..=Look::MOST_SCALE {
                let words = format!("{scale}×");
                pick(ui, &words, look.scale == scale, Look { scale, ..look });
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.label("Coloured by");
        for (objective, name) in objectives.iter().enumerate() {
            let chosen = look.objective == objective;
            pick(ui, name, chosen, Look { objective, ..look });
        }
    });
}
