//! A small button that stays down.

use egui::{Color32, FontId, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::app::theme::{self, radius, size, space};

/// Draws `word` as a button that is down where `on`; `label` names it to screen readers.
pub fn toggle(ui: &mut Ui, word: &str, label: &str, on: bool) -> Response {
    let palette = theme::palette(ui);
    let lay =
        |font: FontId, color: Color32| ui.painter().layout_no_wrap(word.to_owned(), font, color);
    // As wide in either state, so that nothing moves.
    let down = lay(theme::strong(size::SMALL), palette.accent);
    let width = (down.size().x + 2.0 * space::S).max(44.0).ceil();
    let galley = if on {
        down
    } else {
        lay(FontId::proportional(size::SMALL), palette.weak)
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, space::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on, label));
    let fill = match (on, response.hovered()) {
        (true, _) => palette.accent_soft,
        (false, true) => palette.hover,
        (false, false) => Color32::TRANSPARENT,
    };
    let ring = if response.has_focus() || on {
        palette.accent
    } else {
        palette.border
    };
    ui.painter().rect(
        rect.shrink(1.0),
        radius::CONTROL,
        fill,
        Stroke::new(1.0, ring),
        StrokeKind::Inside,
    );
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, palette.text);
    response
}
