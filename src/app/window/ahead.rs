//! The window's glue to looks ahead.

use std::time::Duration;

use egui::Context;

use super::Window;
use crate::app::update;

impl Window {
    /// Asks for the look ahead that is due, and wakes when the next one is.
    pub(super) fn look_ahead(&mut self, ctx: &Context) {
        let commands = update::ahead_due(&mut self.state);
        self.send(commands);
        if let Some(secs) = update::ahead_due_in(&self.state) {
            ctx.request_repaint_after(Duration::from_secs_f64(secs));
        }
    }
}
