//! Pause, go on, cancel: from any thread, and heard at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::HubError;
use super::wire::Wire;

/// What a person wants of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It goes on.
    Go,
    /// It stops for now.
    Pause,
    /// It ends.
    Cancel {
        /// Whether unfinished files are thrown away.
        discard: bool,
    },
}

/// The hold that a person has on a task. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct Control(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    slots: Mutex<Slots>,
    changed: Condvar,
}

#[derive(Debug)]
struct Slots {
    wish: Wish,
    /// The connections in use, to be cut.
    wire: Option<Wire>,
}

impl Default for Control {
    fn default() -> Self {
        let slots = Slots {
            wish: Wish::Go,
            wire: None,
        };
        Self(Arc::new(Shared {
            slots: Mutex::new(slots),
            changed: Condvar::new(),
        }))
    }
}

impl Control {
    /// Stops it for now.
    pub fn pause(&self) {
        self.want(Wish::Pause);
    }

    /// Goes on with what was paused.
    pub fn resume(&self) {
        self.want(Wish::Go);
    }

    /// Ends it.
    pub fn cancel(&self, discard: bool) {
        self.want(Wish::Cancel { discard });
    }

    /// What is wanted now.
    #[must_use]
    pub fn wish(&self) -> Wish {
        self.slots().wish
    }

    fn want(&self, wish: Wish) {
        let mut slots = self.slots();
        // Nothing is taken back once it was cancelled.
        if matches!(slots.wish, Wish::Cancel { .. }) {
            return;
        }
        slots.wish = wish;
        if wish != Wish::Go
            && let Some(wire) = slots.wire.take()
        {
            wire.stop();
        }
        drop(slots);
        self.0.changed.notify_all();
    }

    /// Ties connections to this hold: they are cut when it stops.
    ///
    /// # Errors
    /// [`HubError::Cancelled`] where it has been stopped already.
    pub fn tie(&self, wire: &Wire) -> Result<(), HubError> {
        let mut slots = self.slots();
        if slots.wish != Wish::Go {
            return Err(HubError::Cancelled);
        }
        slots.wire = Some(wire.clone());
        Ok(())
    }

    /// Waits, but no longer than until the connections are cut or `ready` says yes.
    ///
    /// # Errors
    /// [`HubError::Cancelled`] where they are.
    pub fn rest(
        &self,
        wire: &Wire,
        time: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<(), HubError> {
        let until = Instant::now() + time;
        let mut slots = self.slots();
        loop {
            wire.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || ready() {
                return Ok(());
            }
            let waited = self.0.changed.wait_timeout(slots, left);
            slots = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits while it is paused; what is wanted then.
    #[must_use]
    pub fn wait_while_paused(&self) -> Wish {
        let mut slots = self.slots();
        while slots.wish == Wish::Pause {
            let waited = self.0.changed.wait(slots);
            slots = waited.unwrap_or_else(PoisonError::into_inner);
        }
        slots.wish
    }

    /// Wakes whoever rests, because something else than the wish has changed.
    pub fn nudge(&self) {
        // Taking the lock once makes sure that nobody is between looking and waiting.
        drop(self.slots());
        self.0.changed.notify_all();
    }

    /// The slots are replaced whole, so a panic elsewhere cannot leave them half-written.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
