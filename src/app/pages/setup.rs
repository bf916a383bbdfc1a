//! The column in which work is prepared that takes a while, and the button below it that begins it: Train, Trade-off and
//! Score.

use std::ops::RangeInclusive;

use egui::{Button, Label, Panel, Response, RichText, ScrollArea, Ui};

use crate::app::panels::{SCROLL_BAR, keyboard_here};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::Action;

/// Names and widths of such a column, points.
pub(super) struct Column {
    /// Unique in the window; what the toolkit keeps the width under.
    pub(super) name: &'static str,
    /// The same of the place of the button.
    pub(super) start: &'static str,
    /// At first.
    pub(super) width: f32,
    /// Least and greatest.
    pub(super) widths: RangeInclusive<f32>,
}

impl Column {
    /// Draws `contents`, which scroll, over `start`, which stays in sight.
    pub(super) fn show(
        self,
        ui: &mut Ui,
        state: &State,
        start: impl FnOnce(&mut Ui) -> Option<Action>,
        contents: impl FnOnce(&mut Ui) -> Vec<Action>,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let frame = super::column(ui);
        Panel::left(self.name)
            .frame(frame)
            .resizable(true)
            .default_size(self.width)
            .size_range(self.widths)
            .show(ui, |ui| {
                Panel::bottom(self.start)
                    .frame(egui::Frame::new())
                    .show_separator_line(false)
                    .show(ui, |ui| actions.extend(start(ui)));
                ScrollArea::vertical()
                    .auto_shrink([false, false])
                    .content_margin(SCROLL_BAR)
                    .show(ui, |ui| {
                        actions.extend(keyboard_here(ui, state, Region::Setup));
                        actions.extend(contents(ui));
                    });
            });
        actions
    }
}

/// The button that begins it, with `said` beside it: what is missing, or how much there is to do.
pub(super) fn start_button(
    ui: &mut Ui,
    words: &str,
    enabled: bool,
    said: Option<&str>,
) -> Response {
    let colours = palette(ui);
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        let words = RichText::new(words).font(strong(size::BODY));
        let button = if enabled {
            Button::new(words.color(colours.on_accent)).fill(colours.accent)
        } else {
            Button::new(words)
        };
        let button = button.min_size(egui::vec2(0.0, space::TARGET + 6.0));
        let response = ui.add_enabled(enabled, button);
        if let Some(words) = said {
            let words = RichText::new(words).size(size::SMALL).color(colours.weak);
            ui.add(Label::new(words).wrap());
        }
        response
    })
    .inner
}
