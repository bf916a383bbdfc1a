//! The way in: to the worker, and past it to the hub and the shelf, which must not wait for a text to be written.

use std::sync::mpsc::{SendError, Sender};

use super::Command;
use super::hub::HubCommand;
use super::shelf::ShelfCommand;

/// The worker, or the thread that a command was meant for, has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker has ended")]
pub struct WorkerGone;

/// Where a front end sends its commands; it never waits.
#[derive(Debug, Clone)]
pub struct Commands {
    worker: Sender<Command>,
    beside: Option<Beside>,
}

/// The ways to the threads beside the worker.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    pub(super) hub: Sender<HubCommand>,
    pub(super) shelf: Sender<ShelfCommand>,
}

impl Commands {
    pub(super) const fn new(worker: Sender<Command>, beside: Beside) -> Self {
        Self {
            worker,
            beside: Some(beside),
        }
    }

    /// Sends.
    ///
    /// # Errors
    /// Nobody is there to take it.
    pub fn send(&self, command: Command) -> Result<(), WorkerGone> {
        let Some(beside) = &self.beside else {
            return sent(self.worker.send(command));
        };
        match command {
            Command::Hub(command) => sent(beside.hub.send(command)),
            Command::Shelf(command) => sent(beside.shelf.send(command)),
            command @ (Command::Load { .. }
            | Command::Generate(_)
            | Command::SetWeights { .. }
            | Command::Score(_)
            | Command::Evaluate(_)
            | Command::Calibrate(_)
            | Command::LookAhead(_)
            | Command::Sweep(_)
            | Command::Bench(_)
            | Command::Replay(_)
            | Command::Shutdown) => sent(self.worker.send(command)),
        }
    }
}

fn sent<T>(result: Result<(), SendError<T>>) -> Result<(), WorkerGone> {
    result.map_err(|SendError(_)| WorkerGone)
}

/// One channel for all: for tests that play the worker.
impl From<Sender<Command>> for Commands {
    fn from(worker: Sender<Command>) -> Self {
        Self {
            worker,
            beside: None,
        }
    }
}
