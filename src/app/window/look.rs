//! The window's glue to what a person has set: theme, size, habits, full screen.

use egui::Context;

use super::Window;
use crate::app::theme;

impl Window {
    /// Brings the toolkit to what is set, where that has changed.
    pub(super) fn show_settings(&mut self, ctx: &Context) {
        let settings = &self.state.settings;
        let wanted = (settings.theme, settings.zoom, settings.habits.clone());
        if self.applied.as_ref() != Some(&wanted) {
            theme::apply(ctx, wanted.0);
            theme::fit(ctx, &wanted.2);
            ctx.set_zoom_factor(wanted.1);
            self.applied = Some(wanted);
        }
        let full = self.state.showing.full_screen;
        if self.full_screen != full {
            ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(full));
            self.full_screen = full;
        }
    }
}
