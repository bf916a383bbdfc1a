//! The window's glue to the journal.

use egui::Context;

use super::{EVENTS_PER_FRAME, Window};
use crate::app::update;

impl Window {
    /// Hands the journal what it is to do.
    pub(super) fn tell_journal(&mut self) {
        for order in std::mem::take(&mut self.state.past.outbox) {
            self.journal.send(order);
        }
    }

    /// Takes in what the journal has told, as much as fits before one frame.
    pub(super) fn hear_journal(&mut self, ctx: &Context) {
        for taken in 0.. {
            if taken == EVENTS_PER_FRAME {
                ctx.request_repaint();
                break;
            }
            let Some(news) = self.journal.take() else {
                break;
            };
            let commands = update::on_news(&mut self.state, news);
            self.send(commands);
        }
        let commands = update::due(&mut self.state);
        self.send(commands);
        if let Some(words) = self.state.past.copied.take() {
            ctx.copy_text(words);
        }
        self.tell_journal();
    }
}
