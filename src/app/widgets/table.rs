//! Headings and cells of tables that sort.

use egui::{Align, Button, Label, Layout, RichText, Role, Ui, WidgetInfo, vec2};

use crate::app::theme::{numbers, size, space, strong};

/// What stands in a column of `width` points, in the height of a line.
pub fn cell(ui: &mut Ui, width: f32, contents: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(
        vec2(width, space::TARGET),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.set_min_width(width);
            contents(ui);
        },
    );
}

/// Words or a number in a column, cut where there is no room for them.
pub fn text_cell(ui: &mut Ui, width: f32, words: &str) {
    cell(ui, width, |ui| {
        let text = RichText::new(words).text_style(numbers());
        ui.add(Label::new(text).truncate());
    });
}

/// A heading that sorts; says whether it was clicked. `descending` is the direction where the table is sorted by it.
pub fn heading(ui: &mut Ui, width: f32, words: &str, descending: Option<bool>, help: &str) -> bool {
    let mut clicked = false;
    cell(ui, width, |ui| {
        let arrow = match descending {
            Some(true) => " ⏷",
            Some(false) => " ⏶",
            None => "",
        };
        let text = RichText::new(format!("{words}{arrow}")).font(strong(size::SMALL));
        let button = Button::new(text)
            .frame(false)
            .min_size(vec2(space::TARGET, space::TARGET));
        let response = ui.add(button).on_hover_text(help);
        let label = format!("Sort by {words}");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        clicked = response.clicked();
    });
    clicked
}

/// The width that a heading of these words needs, points.
pub fn heading_width(words: &str, least: f32) -> f32 {
    (words.chars().count() as f32 * 7.5 + 22.0).max(least)
}
