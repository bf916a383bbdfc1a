//! The thread that trains for the window: commands in, events out, nothing that it meets can take the window down.
//!
//! It is apart from the worker, so that texts are written and sliders moved while a reward model learns.

#![deny(clippy::wildcard_enum_match_arm)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::base::EmbeddedFiles;
use super::error::TrainError;
use super::events::{DataReport, EvalReport, Observer, Plan, StepReport, TrainEvent};
use super::order::ArmOrder;
use super::record::{self, Found};
use super::run::Summary;
use crate::domain::{CancelToken, RunId};
use crate::error::{Failure, FailureKind};

/// Events that may wait before the training waits for the window.
const EVENT_QUEUE: usize = 256;
/// How often a run that waits looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// A person's hand on a run. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Stops it at once; a checkpoint of the last whole step is written first.
    pub cancel: CancelToken,
    pause: Arc<Pause>,
}

#[derive(Debug, Default)]
struct Pause {
    wanted: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Control {
    /// Lets the run wait before its next step, or go on.
    pub fn pause(&self, wanted: bool) {
        self.pause.wanted.store(wanted, Ordering::Release);
        self.pause.changed.notify_all();
    }

    /// Whether the run is to wait.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pause.wanted.load(Ordering::Acquire)
    }

    fn wait(&self, cancel: &CancelToken) {
        let mut guard = self
            .pause
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while self.is_paused() && !cancel.is_cancelled() {
            (guard, _) = self
                .pause
                .changed
                .wait_timeout(guard, LOOK)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What the trainer must do.
#[derive(Debug)]
pub enum Command {
    /// Carry an order out.
    Start {
        /// Names the run.
        run: RunId,
        /// What.
        order: Box<ArmOrder>,
        /// Whether to go on from the checkpoint in its folder.
        resume: bool,
        /// A person's hand on it.
        control: Control,
    },
    /// Look which trainings are in a folder.
    Look(PathBuf),
    /// End the thread.
    Shutdown,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Something that takes its time begins: a few words.
    Stage(RunId, &'static str),
    /// A file of pairs was read.
    Data(RunId, DataReport),
    /// The steps begin.
    Started(RunId, Plan),
    /// A step is done.
    Step(RunId, StepReport),
    /// The held-out pairs were judged.
    Evaluated(RunId, EvalReport),
    /// A checkpoint of so many steps is on disk.
    Saved(RunId, u64),
    /// The run waits after so many steps.
    Paused(RunId, u64),
    /// A run that waited goes on.
    GoesOn(RunId),
    /// The result is on disk.
    Finished(RunId, Summary),
    /// A person stopped it.
    Stopped {
        /// The run.
        run: RunId,
        /// Steps done, where it had come to steps.
        step: u64,
        /// Whether it can go on from there.
        saved: bool,
    },
    /// It failed; the trainer goes on.
    Failed(RunId, Failure),
    /// The trainings in the folder that was asked for.
    Found(Vec<Found>),
}

/// The window's side of the trainer. Dropping it stops the run, which writes its checkpoint first.
#[derive(Debug)]
pub struct TrainerHandle {
    commands: Sender<Command>,
    events: Option<Receiver<Event>>,
    running: Option<Control>,
    thread: Option<JoinHandle<()>>,
}

/// How long a window that closes waits for the last checkpoint.
const PATIENCE: Duration = Duration::from_secs(10);

impl TrainerHandle {
    /// Hands a command over; false where the thread is gone.
    pub fn send(&mut self, command: Command) -> bool {
        if let Command::Start { control, .. } = &command {
            self.running = Some(control.clone());
        }
        self.commands.send(command).is_ok()
    }

    /// The next event, where one has come.
    pub fn next(&self) -> Option<Event> {
        self.events.as_ref()?.try_recv().ok()
    }
}

impl Drop for TrainerHandle {
    fn drop(&mut self) {
        if let Some(control) = &self.running {
            control.cancel.cancel();
        }
        // Nobody listens any more: a full queue must not keep the checkpoint from being written.
        self.events = None;
        let _ = self.commands.send(Command::Shutdown);
        let Some(thread) = self.thread.take() else {
            return;
        };
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Starts the thread; `demo` holds the files of the built-in base, `wake` is called after every event.
///
/// # Errors
/// The system has no thread to give.
pub fn start(
    demo: EmbeddedFiles,
    wake: impl Fn() + Send + 'static,
) -> std::io::Result<TrainerHandle> {
    let (commands, inbox) = channel();
    let (outbox, events) = sync_channel(EVENT_QUEUE);
    let outbox = Outbox {
        events: outbox,
        wake: Box::new(wake),
    };
    let thread = std::thread::Builder::new()
        .name("trainer".to_owned())
        .spawn(move || {
            for command in inbox {
                match command {
                    Command::Start {
                        run,
                        order,
                        resume,
                        control,
                    } => outbox.guard(run, &control, |watch| {
                        order.carry_out(demo, resume, watch, &control.cancel)
                    }),
                    Command::Look(root) => outbox.send(Event::Found(record::find(&root))),
                    Command::Shutdown => break,
                }
            }
        })?;
    Ok(TrainerHandle {
        commands,
        events: Some(events),
        running: None,
        thread: Some(thread),
    })
}

/// Where events go, and whom to wake.
struct Outbox {
    events: SyncSender<Event>,
    wake: Box<dyn Fn() + Send>,
}

impl Outbox {
    /// Sends, waiting while the window is behind. One that is gone hears nothing.
    fn send(&self, event: Event) {
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }

    /// Does the work of a run so that nothing it does can end the thread.
    fn guard(
        &self,
        run: RunId,
        control: &Control,
        work: impl FnOnce(&mut Watch<'_>) -> Result<Summary, TrainError>,
    ) {
        let mut watch = Watch {
            run,
            outbox: self,
            control,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut watch)));
        self.send(match outcome {
            Ok(Ok(summary)) => Event::Finished(run, summary),
            Ok(Err(TrainError::Interrupted { step, saved })) => Event::Stopped { run, step, saved },
            Ok(Err(error)) => {
                let failure = Failure::from(error);
                if failure.kind == FailureKind::Interrupted {
                    Event::Stopped {
                        run,
                        step: 0,
                        saved: false,
                    }
                } else {
                    Event::Failed(run, failure)
                }
            }
            Err(panic) => Event::Failed(run, panicked(panic.as_ref())),
        });
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::failed("Training stopped unexpectedly")
        .hint("Go on from its checkpoint, where there is one; if it keeps happening, report the details below")
        .details(text.unwrap_or_else(|| "no message".to_owned()))
}

/// Passes a run's events on.
struct Watch<'a> {
    run: RunId,
    outbox: &'a Outbox,
    control: &'a Control,
}

impl Observer for Watch<'_> {
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError> {
        let run = self.run;
        self.outbox.send(match event {
            TrainEvent::Stage(words) => Event::Stage(run, words),
            TrainEvent::Data(report) => Event::Data(run, report.clone()),
            TrainEvent::Started(plan) => Event::Started(run, plan.clone()),
            TrainEvent::Step(report) => Event::Step(run, report.clone()),
            TrainEvent::Evaluated(report) => Event::Evaluated(run, report.clone()),
            TrainEvent::Saved { step, .. } => Event::Saved(run, *step),
            TrainEvent::Paused { step } => Event::Paused(run, *step),
            TrainEvent::GoesOn => Event::GoesOn(run),
        });
        Ok(())
    }

    fn wants_pause(&self) -> bool {
        self.control.is_paused()
    }

    fn wait(&mut self, cancel: &CancelToken) {
        self.control.wait(cancel);
    }
}

#[cfg(test)]
#[path = "trainer_tests.rs"]
mod tests;
