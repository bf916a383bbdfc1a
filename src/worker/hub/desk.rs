//! Takes in what is wanted of the hub and has it done beside everything else, each task on a thread of its own.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{
    DownloadProgress, DownloadRequest, HubCommand, HubEvent, HubTask, Remedy, TransferState,
};
use crate::error::Failure;
use crate::model::hub::{
    Access, Control, HubError, Patience, Wanted, Wire, download, info as listings,
};
use crate::worker::{Event, panic_text};

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
    fn send(&self, event: HubEvent) {
        let Some(events) = self.events.upgrade() else {
            return;
        };
        if events.send(Event::Hub(event)).is_ok() {
            (self.wake)();
        }
    }

    /// Sends a picture of how far a download is. One that flows on is left out while the front end is behind: the next
    /// takes its place.
    fn show(&self, task: HubTask, progress: DownloadProgress) {
        let must_arrive = matches!(
            progress.state,
            TransferState::Paused | TransferState::Cancelled
        );
        let event = HubEvent::Progress {
            task,
            progress: Box::new(progress),
        };
        if must_arrive {
            return self.send(event);
        }
        let events = self.events.upgrade();
        if events.is_some_and(|events| events.try_send(Event::Hub(event)).is_ok()) {
            (self.wake)();
        }
    }

    /// Sends what came of a task.
    fn outcome(&self, task: HubTask, outcome: Result<HubEvent, HubError>) {
        self.send(match outcome {
            Ok(event) => event,
            Err(HubError::Cancelled) => HubEvent::Cancelled(task),
            Err(error) => {
                let remedy = error.remedy();
                let failure = Failure::from(error);
                HubEvent::Failed {
                    task,
                    failure,
                    remedy,
                }
            }
        });
    }
}

/// Starts the thread that takes in commands; it ends when the last sender has gone, and so do all tasks.
pub(in crate::worker) fn start(outbox: HubOutbox) -> std::io::Result<Sender<HubCommand>> {
    let (commands, inbox) = channel();
    let desk = Desk {
        outbox,
        running: Running::default(),
    };
    std::thread::Builder::new()
        .name("hub".to_owned())
        .spawn(move || desk.serve(&inbox))?;
    Ok(commands)
}

/// The tasks that go on, and the repositories that are written by them.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Tasks>>);

/// How to stop each task, and the repository that it writes.
type Tasks = HashMap<HubTask, (Control, Option<String>)>;

impl Running {
    /// Entries are put in and taken out whole.
    fn all(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Desk {
    outbox: HubOutbox,
    running: Running,
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What has come is kept; the order in which they hear of it does not matter.
        let running: Vec<Control> = self.running.all().drain().map(|(_, it)| it.0).collect();
        for control in running {
            control.cancel(false);
        }
    }
}

impl Desk {
    fn serve(&self, inbox: &Receiver<HubCommand>) {
        for command in inbox {
            self.take(command);
        }
    }

    fn take(&self, command: HubCommand) {
        match command {
            HubCommand::Search { task, text, limit } => {
                self.spawn(task, None, move |control, _| {
                    let access = Access::from_env()?;
                    let wire = Wire::new(&access, &Patience::default())?;
                    control.tie(&wire)?;
                    let repos = listings::search(&wire, &access, &text, limit)?;
                    Ok(HubEvent::Found { task, repos })
                });
            }
            HubCommand::Info { task, at } => self.spawn(task, None, move |control, _| {
                let access = Access::from_env()?;
                let wire = Wire::new(&access, &Patience::default())?;
                control.tie(&wire)?;
                let info = Box::new(listings::listing(&wire, &access, &at)?.info);
                Ok(HubEvent::Info { task, info })
            }),
            HubCommand::Local { task } => self.spawn(task, None, move |_, _| {
                let repos = Access::from_env()?.store().list()?;
                Ok(HubEvent::Local { task, repos })
            }),
            HubCommand::Download(request) => {
                let repo = request.at.repo.clone();
                self.spawn(request.task, Some(repo), move |control, outbox| {
                    fetch(request, control, outbox)
                });
            }
            HubCommand::Remove { task, repo } => {
                let is_busy = {
                    let running = self.running.all();
                    running.values().any(|it| it.1.as_ref() == Some(&repo))
                };
                self.spawn(task, None, move |_, _| {
                    if is_busy {
                        let why = format!("{repo} is being downloaded: cancel that first");
                        return Err(HubError::Usage(why));
                    }
                    let bytes = Access::from_env()?.store().remove(&repo)?;
                    Ok(HubEvent::Removed { task, repo, bytes })
                });
            }
            HubCommand::Access { task } => self.outbox.outcome(task, facts(task)),
            HubCommand::SaveToken { task, token } => {
                let saved = Access::from_env().and_then(|access| access.keep_token(&token));
                self.outbox.outcome(task, saved.and_then(|()| facts(task)));
            }
            HubCommand::Pause(task) => self.with(task, Control::pause),
            HubCommand::Resume(task) => self.with(task, Control::resume),
            HubCommand::Cancel { task, discard } => {
                self.with(task, |control| control.cancel(discard));
            }
        }
    }

    /// Does something to a task that goes on; one that is over has told so already.
    fn with(&self, task: HubTask, act: impl Fn(&Control)) {
        if let Some((control, _)) = self.running.all().get(&task) {
            act(control);
        }
    }

    /// Has a task done on a thread of its own and tells what came of it.
    fn spawn(
        &self,
        task: HubTask,
        writes: Option<String>,
        work: impl FnOnce(&Control, &HubOutbox) -> Result<HubEvent, HubError> + Send + 'static,
    ) {
        let control = Control::default();
        self.running.all().insert(task, (control.clone(), writes));
        let (running, outbox) = (self.running.clone(), self.outbox.clone());
        let thread = std::thread::Builder::new().name("hub task".to_owned());
        let spawned = thread.spawn(move || {
            let end = End { running, task };
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&control, &outbox)));
            // Whoever hears of the end may ask for the same again.
            drop(end);
            match outcome {
                Ok(outcome) => outbox.outcome(task, outcome),
                Err(panic) => outbox.send(HubEvent::Failed {
                    task,
                    failure: Failure::failed("The download stopped unexpectedly")
                        .hint("Try again; if it keeps happening, report the details below")
                        .details(panic_text(panic.as_ref())),
                    remedy: Some(Remedy::Again),
                }),
            }
        });
        if let Err(error) = spawned {
            self.running.all().remove(&task);
            let refused = HubError::system("a thread", "started", "hub task".as_ref(), error);
            self.outbox.outcome(task, Err(refused));
        }
    }
}

/// Takes a task off the list, however it ended.
struct End {
    running: Running,
    task: HubTask,
}

impl Drop for End {
    fn drop(&mut self) {
        self.running.all().remove(&self.task);
    }
}

fn fetch(
    request: DownloadRequest,
    control: &Control,
    outbox: &HubOutbox,
) -> Result<HubEvent, HubError> {
    let task = request.task;
    let access = Access::from_env()?;
    let wanted = Wanted {
        at: request.at,
        files: request.files,
        at_once: request.at_once,
    };
    let mut tell = |progress| outbox.show(task, progress);
    let (folder, progress) = download(&access, &wanted, &Patience::default(), control, &mut tell)?;
    Ok(HubEvent::Downloaded {
        task,
        folder,
        progress: Box::new(progress),
    })
}

fn facts(task: HubTask) -> Result<HubEvent, HubError> {
    let access = Box::new(Access::from_env()?.facts());
    Ok(HubEvent::Access { task, access })
}
