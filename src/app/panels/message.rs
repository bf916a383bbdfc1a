//! The frame that errors and notices have in common: a tinted card that says what is the matter and what can be done.

use egui::{Color32, RichText, Stroke, Ui};

use crate::app::theme::{palette, size, strong};

/// Draws a card of the width that there is, with `summary` and `hint` above `rest`.
pub(super) fn message_ui(
    ui: &mut Ui,
    (fill, edge): (Color32, Color32),
    summary: &str,
    hint: Option<&str>,
    rest: impl FnOnce(&mut Ui),
) {
    let colours = palette(ui);
    let card = colours.card().fill(fill).stroke(Stroke::new(1.0, edge));
    card.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(
            RichText::new(summary)
                .font(strong(size::BODY))
                .color(colours.text),
        );
        if let Some(hint) = hint {
            ui.label(RichText::new(hint).color(colours.text));
        }
        rest(ui);
    });
}
