//! The lines of the card's tables, and its close button.

use egui::{
    Align2, Color32, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{ROW, WIDTH};
use crate::app::theme::{self, Palette, radius, size, space};

/// One line of a table, named for screen readers.
pub(super) fn row(ui: &mut Ui, label: &str) -> Rect {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(WIDTH, ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, label));
    rect
}

/// A line that can be picked; `ahead` is what it would lead to, for screen readers.
pub(super) fn pick_row(
    ui: &mut Ui,
    palette: &Palette,
    label: &str,
    in_hand: bool,
    ahead: Option<&str>,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(WIDTH, space::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    if let Some(ahead) = ahead {
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_description(ahead);
        });
    }
    if response.hovered() || response.has_focus() || in_hand {
        ui.painter().rect_filled(rect, radius::WORD, palette.hover);
    }
    if response.has_focus() || (in_hand && !response.hovered()) {
        ui.painter().rect_stroke(
            rect,
            radius::WORD,
            Stroke::new(1.0, palette.accent),
            egui::StrokeKind::Inside,
        );
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A table's headline with the name of its first column and the rule below; the other names are for the caller to add.
pub(super) fn headline(ui: &mut Ui, palette: &Palette, first: &str, indent: f32) -> Rect {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(WIDTH, 18.0), Sense::hover());
    let painter = ui.painter();
    painter.text(
        rect.left_center() + vec2(indent, 0.0),
        Align2::LEFT_CENTER,
        first,
        heading_font(),
        palette.weak,
    );
    painter.hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        Stroke::new(1.0, palette.border),
    );
    rect
}

/// Names of columns of numbers, the last of them ending at `right`.
pub(super) fn headings(
    ui: &Ui,
    palette: &Palette,
    rect: Rect,
    mut right: f32,
    names: &[&str],
    width: f32,
) {
    for name in names.iter().rev() {
        ui.painter().text(
            pos2(right, rect.center().y),
            Align2::RIGHT_CENTER,
            name,
            heading_font(),
            palette.weak,
        );
        right -= width;
    }
}

fn heading_font() -> egui::FontId {
    egui::FontId::proportional(size::SMALL - 1.0)
}

pub(super) fn columns(ui: &Ui, rect: Rect, width: f32, cells: &[String], colors: &[Color32]) {
    let mut right = rect.right() - space::XS;
    for (cell, color) in cells.iter().zip(colors).rev() {
        number(ui, right, rect, cell, *color);
        right -= width;
    }
}

pub(super) fn number(ui: &Ui, right: f32, rect: Rect, text: &str, color: Color32) {
    ui.painter().text(
        pos2(right, rect.center().y),
        Align2::RIGHT_CENTER,
        text,
        theme::digits(size::SMALL + 0.5),
        color,
    );
}

/// Words from the left, cut with an ellipsis where `width` ends.
pub(super) fn words(
    ui: &Ui,
    rect: Rect,
    indent: f32,
    text: &str,
    color: Color32,
    width: f32,
    strong: bool,
) {
    let font = if strong {
        theme::strong(size::SMALL + 0.5)
    } else {
        egui::FontId::proportional(size::SMALL + 0.5)
    };
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let at = pos2(
        rect.left() + indent,
        rect.center().y - galley.size().y / 2.0,
    );
    ui.painter().galley(at, galley, color);
}

pub(super) fn close_button(ui: &mut Ui, palette: &Palette) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(space::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close the card"));
    if response.hovered() || response.has_focus() {
        ui.painter()
            .rect_filled(rect, radius::CONTROL, palette.hover);
    }
    let stroke = Stroke::new(1.5, palette.weak);
    let (c, d) = (rect.center(), 4.0);
    ui.painter()
        .line_segment([c + vec2(-d, -d), c + vec2(d, d)], stroke);
    ui.painter()
        .line_segment([c + vec2(-d, d), c + vec2(d, -d)], stroke);
    response.on_hover_text("Close (Esc)")
}
