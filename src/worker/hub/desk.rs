//! Takes in what is wanted of the hub and has it done beside everything else.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Weak};

use super::{HubCommand, HubEvent, HubTask, Remedy};
use crate::error::Failure;
use crate::model::hub::{Access, HubError};
use crate::worker::Event;

/// Where events of the hub go. It does not keep the worker's channel open: that tells a window that the worker is there.
#[derive(Clone)]
pub(in crate::worker) struct HubOutbox {
    events: Weak<SyncSender<Event>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl HubOutbox {
    pub(in crate::worker) fn new(
        events: &Arc<SyncSender<Event>>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            events: Arc::downgrade(events),
            wake,
        }
    }

    /// Sends, waiting while the front end is behind.
    pub(super) fn send(&self, event: HubEvent) {
        let Some(events) = self.events.upgrade() else {
            return;
        };
        if events.send(Event::Hub(event)).is_ok() {
            (self.wake)();
        }
    }

    fn fail(&self, task: HubTask, error: HubError) {
        let remedy = error.remedy();
        let failure = Failure::from(error);
        self.send(HubEvent::Failed {
            task,
            failure,
            remedy,
        });
    }

    /// Sends what came of a task.
    fn outcome(&self, task: HubTask, outcome: Result<HubEvent, HubError>) {
        match outcome {
            Ok(event) => self.send(event),
            Err(HubError::Cancelled) => self.send(HubEvent::Cancelled(task)),
            Err(error) => self.fail(task, error),
        }
    }
}

/// Starts the thread that takes in commands; it ends when the last sender has gone.
pub(in crate::worker) fn start(outbox: HubOutbox) -> std::io::Result<Sender<HubCommand>> {
    let (commands, inbox) = channel();
    std::thread::Builder::new()
        .name("hub".to_owned())
        .spawn(move || serve(&inbox, &outbox))?;
    Ok(commands)
}

fn serve(inbox: &Receiver<HubCommand>, outbox: &HubOutbox) {
    for command in inbox {
        match command {
            HubCommand::Local { task } => outbox.outcome(task, local(task)),
            HubCommand::Remove { task, repo } => outbox.outcome(task, remove(task, repo)),
            HubCommand::Access { task } => {
                let access = Access::from_env();
                outbox.outcome(task, access.map(|access| told(task, &access)));
            }
            HubCommand::SaveToken { task, token } => {
                let saved = Access::from_env().and_then(|access| {
                    access.keep_token(&token)?;
                    Access::from_env()
                });
                outbox.outcome(task, saved.map(|access| told(task, &access)));
            }
            HubCommand::Search { task, .. } | HubCommand::Info { task, .. } => {
                unknown(outbox, task);
            }
            HubCommand::Download(request) => unknown(outbox, request.task),
            HubCommand::Pause(_) | HubCommand::Resume(_) | HubCommand::Cancel { .. } => {}
        }
    }
}

fn unknown(outbox: &HubOutbox, task: HubTask) {
    outbox.send(HubEvent::Failed {
        task,
        failure: Failure::failed("This version reads the local cache only"),
        remedy: None::<Remedy>,
    });
}

fn told(task: HubTask, access: &Access) -> HubEvent {
    HubEvent::Access {
        task,
        access: Box::new(access.facts()),
    }
}

fn local(task: HubTask) -> Result<HubEvent, HubError> {
    let repos = Access::from_env()?.store().list()?;
    Ok(HubEvent::Local { task, repos })
}

fn remove(task: HubTask, repo: String) -> Result<HubEvent, HubError> {
    let bytes = Access::from_env()?.store().remove(&repo)?;
    Ok(HubEvent::Removed { task, repo, bytes })
}
