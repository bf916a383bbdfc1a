//! The way out for threads that work beside the worker.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Weak};

use super::Event;

/// Where events of such a thread go. It does not keep the worker's channel open: that tells a window that the worker is
/// there.
#[derive(Clone)]
pub(super) struct Aside {
    events: Weak<SyncSender<Event>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Aside {
    pub(super) fn new(events: &Arc<SyncSender<Event>>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            events: Arc::downgrade(events),
            wake,
        }
    }

    /// Sends, waiting while the front end is behind. One that is gone hears nothing.
    pub(super) fn send(&self, event: Event) {
        let Some(events) = self.events.upgrade() else {
            return;
        };
        if events.send(event).is_ok() {
            (self.wake)();
        }
    }
}
