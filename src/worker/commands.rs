//! The way in: to the worker, and past it to the hub, which must not wait for a text to be written.

use std::sync::mpsc::{SendError, Sender};

use super::Command;
use super::hub::HubCommand;

/// The worker, or the thread that a command was meant for, has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker has ended")]
pub struct WorkerGone;

/// Where a front end sends its commands; it never waits.
#[derive(Debug, Clone)]
pub struct Commands {
    worker: Sender<Command>,
    hub: Option<Sender<HubCommand>>,
}

impl Commands {
    pub(super) const fn new(worker: Sender<Command>, hub: Sender<HubCommand>) -> Self {
        Self {
            worker,
            hub: Some(hub),
        }
    }

    /// Sends.
    ///
    /// # Errors
    /// Nobody is there to take it.
    pub fn send(&self, command: Command) -> Result<(), WorkerGone> {
        match (command, &self.hub) {
            (Command::Hub(command), Some(hub)) => {
                hub.send(command).map_err(|SendError(_)| WorkerGone)
            }
            (command, Some(_) | None) => {
                self.worker.send(command).map_err(|SendError(_)| WorkerGone)
            }
        }
    }
}

/// One channel for all: for tests that play the worker.
impl From<Sender<Command>> for Commands {
    fn from(worker: Sender<Command>) -> Self {
        Self { worker, hub: None }
    }
}
