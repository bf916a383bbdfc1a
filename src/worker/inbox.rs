//! Commands that have come and are not served yet.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::{AheadRequest, Command, Event, Outbox};
use crate::domain::{ObjectiveWeights, RunId};

/// Commands not served yet: those taken from the channel already, then the channel.
pub(super) struct Inbox {
    commands: Receiver<Command>,
    waiting: VecDeque<Command>,
    /// The newest look ahead, which all others go before.
    ahead: Option<Box<AheadRequest>>,
}

/// What there is to serve without waiting.
pub(super) enum AtHand {
    Command(Box<Command>),
    Nothing,
    /// Nothing, and the front end has gone.
    Gone,
}

impl Inbox {
    pub(super) fn new(commands: Receiver<Command>) -> Self {
        Self {
            commands,
            waiting: VecDeque::new(),
            ahead: None,
        }
    }

    /// The next command to serve; waits for one, and is nothing when the front end has gone.
    pub(super) fn next(&mut self, outbox: &Outbox<'_>) -> Option<Command> {
        // All that has come is looked at first: a live run may have been overtaken before it began.
        self.take_in(outbox);
        loop {
            if let Some(command) = self.pop() {
                return Some(command);
            }
            let command = self.commands.recv().ok()?;
            self.add(command, outbox);
            self.take_in(outbox);
        }
    }

    /// The first of those that have been taken in; a look ahead comes behind all others.
    fn pop(&mut self) -> Option<Command> {
        if let Some(command) = self.waiting.pop_front() {
            return Some(command);
        }
        let ahead = self.ahead.take()?;
        (!ahead.cancel.is_cancelled()).then_some(Command::LookAhead(ahead))
    }

    /// Whether anything has come that a look ahead must give way to; so has a front end that is gone.
    pub(super) fn is_waited_for(&mut self, outbox: &Outbox<'_>) -> bool {
        !self.take_in(outbox) || !self.waiting.is_empty() || self.ahead.is_some()
    }

    /// Has a look ahead done later, unless there is a newer one or nobody wants it any more.
    pub(super) fn put_back(&mut self, request: Box<AheadRequest>, outbox: &Outbox<'_>) {
        let is_there = self.take_in(outbox);
        let other_models = self.waiting.iter().any(replaces_models);
        if is_there && self.ahead.is_none() && !request.cancel.is_cancelled() && !other_models {
            self.ahead = Some(request);
        }
    }

    /// What there is to serve now, without waiting.
    pub(super) fn at_hand(&mut self, outbox: &Outbox<'_>) -> AtHand {
        let is_there = self.take_in(outbox);
        match self.pop() {
            Some(command) => AtHand::Command(Box::new(command)),
            None if is_there => AtHand::Nothing,
            None => AtHand::Gone,
        }
    }

    /// Takes in what has come by now; false when the front end has gone.
    pub(super) fn take_in(&mut self, outbox: &Outbox<'_>) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.add(command, outbox),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Puts a command behind the others; a live run drops those live runs that wait.
    fn add(&mut self, command: Command, outbox: &Outbox<'_>) {
        if replaces_models(&command) {
            self.ahead = None;
        }
        if let Command::LookAhead(request) = command {
            self.ahead = Some(request);
            return;
        }
        if let Some(by) = live_run(&command) {
            self.waiting.retain(|waiting| {
                let overtaken = live_run(waiting);
                if let Some(run) = overtaken {
                    outbox.send(Event::Superseded { run, by });
                }
                overtaken.is_none()
            });
        }
        self.waiting.push_back(command);
    }

    /// The newest weights that were sent for this run; they are taken out.
    pub(super) fn weights_for(&mut self, wanted: RunId) -> Option<ObjectiveWeights> {
        let mut newest = None;
        self.waiting.retain(|command| match command {
            Command::SetWeights { run, weights } if *run == wanted => {
                newest = Some(ObjectiveWeights::clone(weights));
                false
            }
            Command::SetWeights { .. }
            | Command::Load { .. }
            | Command::Generate(_)
            | Command::Score(_)
            | Command::Evaluate(_)
            | Command::Calibrate(_)
            | Command::LookAhead(_)
            | Command::Sweep(_)
            | Command::Bench(_)
            | Command::Hub(_)
            | Command::Shelf(_)
            | Command::Replay(_)
            | Command::Shutdown => true,
        });
        newest
    }

    /// The live run that waits, if there is one.
    pub(super) fn waiting_live_run(&self) -> Option<RunId> {
        self.waiting.iter().find_map(live_run)
    }
}

fn live_run(command: &Command) -> Option<RunId> {
    match command {
        Command::Generate(request) => request.live.then_some(request.run),
        Command::SetWeights { .. }
        | Command::Load { .. }
        | Command::Score(_)
        | Command::Evaluate(_)
        | Command::Calibrate(_)
        | Command::LookAhead(_)
        | Command::Sweep(_)
        | Command::Bench(_)
        | Command::Hub(_)
        | Command::Shelf(_)
        | Command::Replay(_)
        | Command::Shutdown => None,
    }
}

/// Whether other models answer behind it: a look ahead was meant for those before.
fn replaces_models(command: &Command) -> bool {
    match command {
        Command::Load { .. } | Command::Replay(_) | Command::Bench(_) => true,
        Command::Generate(_)
        | Command::SetWeights { .. }
        | Command::Score(_)
        | Command::Evaluate(_)
        | Command::Calibrate(_)
        | Command::LookAhead(_)
        | Command::Sweep(_)
        | Command::Hub(_)
        | Command::Shelf(_)
        | Command::Shutdown => false,
    }
}
