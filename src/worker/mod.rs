//! The worker: commands in, events out. It owns every tensor; windows and command lines only talk to it.
//!
//! Commands come through an unbounded channel, so a front end never waits; events leave through a bounded one, so a flood
//! slows the worker and not the window. A panic while serving a command becomes an [`Event::Failed`], the lineup is loaded
//! anew and the worker goes on.

#![deny(clippy::wildcard_enum_match_arm)]

mod ahead;
mod aside;
pub mod bench;
mod calibrate;
mod commands;
pub mod facts;
pub mod hub;
mod inbox;
pub mod machine;
mod protocol;
mod run;
mod serve;
pub mod shelf;
pub mod sweep;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use self::ahead::Looked;
use self::aside::Aside;
use self::commands::Beside;
pub use self::commands::{Commands, WorkerGone};
use self::hub::desk::{self, HubOutbox};
use self::inbox::{AtHand, Inbox};
pub use protocol::*;

use crate::domain::{CancelToken, RunId};
use crate::engine::kept::KeptStreams;
use crate::engine::scorer::{EngineError, Scorer};
use crate::error::Failure;
pub use crate::memory;
use crate::model;
use crate::record::Record;
use crate::record::scorer::RecordedScorer;
use sweep::SweepCommand;
use sweep::desk::{Left, Ongoing};

/// Events that may wait before the worker waits for the front end.
const EVENT_QUEUE: usize = 256;

/// Bytes that the streams of ended texts may take, so that texts can be written on from any of their tokens: 512 MiB.
const KEPT_BYTES: u64 = 512 << 20;

/// A lineup that is ready to score.
pub struct Loaded {
    /// Its models.
    pub scorer: Box<dyn Scorer>,
    /// Facts about it.
    pub info: LineupInfo,
}

/// Turns a source into a lineup on the worker's thread; tests hand in their own.
pub trait Loader: Send + 'static {
    /// Loads, telling each stage and how far it is (0 to 1, where known).
    ///
    /// # Errors
    /// Whatever a person must be told.
    fn load(
        &mut self,
        source: &LineupSource,
        settings: &ComputeSettings,
        progress: &mut dyn FnMut(&str, Option<f32>),
        cancel: &CancelToken,
    ) -> Result<Loaded, Failure>;
}

/// The front end's side of a worker. Dropping it ends the worker at its next event or command.
#[derive(Debug)]
pub struct WorkerHandle {
    /// Where commands go.
    pub commands: Commands,
    /// Where events come from.
    pub events: Receiver<Event>,
}

/// Loads lineups with [`crate::model`].
struct ModelLoader;

impl Loader for ModelLoader {
    fn load(
        &mut self,
        source: &LineupSource,
        settings: &ComputeSettings,
        progress: &mut dyn FnMut(&str, Option<f32>),
        cancel: &CancelToken,
    ) -> Result<Loaded, Failure> {
        let built_in = crate::demo::embedded();
        let mut loaded = model::load(source, built_in, settings, progress, cancel)?;
        if settings.hashes {
            for model in &mut loaded.info.models {
                progress("Hashing the weights", None);
                model.sha256 = model::weight_hash(model, cancel)?;
            }
        }
        Ok(Loaded {
            scorer: loaded.scorer,
            info: loaded.info,
        })
    }
}

/// Starts a worker on real models. `wake` is called after every event, so that a sleeping window looks.
///
/// # Errors
/// The system has no thread to give.
pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<WorkerHandle> {
    spawn(ModelLoader, wake)
}

/// Starts a worker thread. `wake` is called after every event, so that a sleeping window looks.
///
/// # Errors
/// The system has no thread to give.
pub fn spawn(
    loader: impl Loader,
    wake: impl Fn() + Send + Sync + 'static,
) -> std::io::Result<WorkerHandle> {
    let (commands, inbox) = channel();
    let (outbox, events) = sync_channel(EVENT_QUEUE);
    let (outbox, wake) = (Arc::new(outbox), Arc::new(wake));
    let beside = Beside {
        hub: desk::start(HubOutbox::new(&outbox, wake.clone()))?,
        shelf: shelf::desk::start(Aside::new(&outbox, wake.clone()))?,
    };
    std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(move || {
            let mut worker = Worker {
                loader,
                outbox: Outbox {
                    events: outbox,
                    wake: &*wake,
                },
                inbox: Inbox::new(inbox),
                engine: None,
                sweep: None,
                last_load: None,
            };
            while let Some(turn) = worker.turn() {
                match turn {
                    Turn::Serve(command) if matches!(*command, Command::Shutdown) => break,
                    Turn::Serve(command) => {
                        let run = run_of(&command);
                        worker.guard(run, |worker| worker.serve(*command));
                    }
                    Turn::Sweep(run) => worker.guard(Some(run), Worker::sweep_on),
                }
            }
        })?;
    Ok(WorkerHandle {
        commands: Commands::new(commands, beside),
        events,
    })
}

/// Where events go, and whom to wake.
struct Outbox<'w> {
    events: Arc<SyncSender<Event>>,
    wake: &'w dyn Fn(),
}

impl Outbox<'_> {
    /// Sends, waiting while the front end is behind. One that is gone hears nothing; its closed inbox ends the worker.
    fn send(&self, event: Event) {
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// A lineup in use, and the streams that its texts have left open.
struct Engine {
    loaded: Loaded,
    kept: KeptStreams,
}

/// What the worker does next.
enum Turn {
    /// A command.
    Serve(Box<Command>),
    /// A bit of this sweep.
    Sweep(RunId),
}

struct Worker<'w, L> {
    loader: L,
    outbox: Outbox<'w>,
    inbox: Inbox,
    engine: Option<Engine>,
    sweep: Option<Ongoing>,
    last_load: Option<(LineupSource, ComputeSettings)>,
}

impl<L: Loader> Worker<'_, L> {
    /// What comes next: a command before a bit of the sweep. Nothing when the front end has gone.
    fn turn(&mut self) -> Option<Turn> {
        match &self.sweep {
            Some(sweep) if !sweep.paused => match self.inbox.at_hand(&self.outbox) {
                AtHand::Command(command) => Some(Turn::Serve(command)),
                AtHand::Nothing => Some(Turn::Sweep(sweep.run())),
                AtHand::Gone => None,
            },
            Some(_) | None => {
                let command = self.inbox.next(&self.outbox)?;
                Some(Turn::Serve(Box::new(command)))
            }
        }
    }

    /// Does some work, for a run where there is one, so that nothing in it can end the worker.
    fn guard(&mut self, run: Option<RunId>, work: impl FnOnce(&mut Self)) {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self)));
        let Err(panic) = outcome else { return };
        let failure = Failure::failed("The engine stopped unexpectedly and was started again")
            .hint("Run it again; if it keeps happening, report the details below")
            .details(panic_text(panic.as_ref()));
        self.outbox.send(Event::Failed { run, failure });
        // Caches may be half-written: nothing of the old engine is used again.
        self.drop_engine();
        if let (Some(_), Some((source, settings))) = (run, self.last_load.clone()) {
            let again = Command::Load {
                source,
                settings,
                cancel: CancelToken::default(),
            };
            if catch_unwind(AssertUnwindSafe(|| self.serve(again))).is_err() {
                self.engine = None;
            }
        }
    }

    fn serve(&mut self, command: Command) {
        match command {
            Command::Load {
                source,
                settings,
                cancel,
            } => self.load(source, settings, &cancel),
            Command::Bench(request) => {
                // What is measured is loaded anew: it should not share the memory with anything.
                self.drop_engine();
                match bench::bench(&mut self.loader, &request, &self.outbox) {
                    Ok(report) => self.outbox.send(Event::Measured {
                        run: request.run,
                        report: Box::new(report),
                    }),
                    Err(failure) => self.report(request.run, Err(failure)),
                }
            }
            Command::Generate(request) => {
                let run = request.run;
                let result = match &mut self.engine {
                    Some(engine) => run::generate(engine, &request, &mut self.inbox, &self.outbox),
                    None => Err(no_lineup()),
                };
                self.report(run, result);
            }
            Command::Score(request) => {
                let run = request.run;
                let result = match &mut self.engine {
                    Some(engine) => serve::score(&mut engine.loaded, &request, &self.outbox),
                    None => Err(no_lineup()),
                };
                self.report(run, result);
            }
            Command::Evaluate(request) => {
                let run = request.run;
                match &mut self.engine {
                    Some(engine) => serve::evaluate(&mut engine.loaded, &request, &self.outbox),
                    None => self.report(run, Err(no_lineup())),
                }
            }
            Command::LookAhead(request) => {
                let run = request.run;
                let result = match &mut self.engine {
                    Some(engine) => {
                        ahead::look_ahead(engine, &request, &mut self.inbox, &self.outbox)
                    }
                    None => Err(no_lineup()),
                };
                let result = result.map(|looked| match looked {
                    Looked::Interrupted => self.inbox.put_back(request, &self.outbox),
                    Looked::Done => {}
                });
                self.report(run, result);
            }
            Command::Sweep(command) => self.sweep(command),
            Command::Calibrate(request) => {
                let result = match &mut self.engine {
                    Some(engine) => {
                        calibrate::calibrate(&mut engine.loaded, &request, &self.outbox)
                    }
                    None => Err(no_lineup()),
                };
                self.report(request.run, result);
            }
            Command::Replay(record) => self.replay(record),
            // The run that new weights speak of has ended already: every step has the weights it was written with. What is
            // wanted of the hub goes to its own thread and never comes here.
            Command::SetWeights { .. }
            | Command::Hub(_)
            | Command::Shelf(_)
            | Command::Shutdown => {}
        }
    }

    fn load(&mut self, source: LineupSource, settings: ComputeSettings, cancel: &CancelToken) {
        // The old lineup goes first: two large ones may not fit beside each other.
        self.drop_engine();
        let outbox = &self.outbox;
        let mut progress = |stage: &str, fraction: Option<f32>| {
            outbox.send(Event::Loading {
                stage: stage.to_owned(),
                fraction,
            });
        };
        match self.loader.load(&source, &settings, &mut progress, cancel) {
            Ok(loaded) => {
                let info = std::sync::Arc::new(loaded.info.clone());
                self.engine = Some(Engine {
                    loaded,
                    kept: KeptStreams::new(KEPT_BYTES),
                });
                self.last_load = Some((source, settings));
                self.outbox.send(Event::Loaded(info));
            }
            Err(failure) => self.outbox.send(Event::Failed { run: None, failure }),
        }
    }

    fn sweep(&mut self, command: SweepCommand) {
        match command {
            SweepCommand::Start(request) => {
                let run = request.run;
                let result = match (&self.engine, &self.sweep) {
                    (None, _) => Err(no_lineup()),
                    (Some(_), Some(_)) => Err(Failure::failed("Another sweep is being written")
                        .hint("Stop it, or wait for its end")),
                    (Some(engine), None) => {
                        let scorer = engine.loaded.scorer.as_ref();
                        Ongoing::begin(*request, scorer, &self.outbox)
                    }
                };
                let result = result.map(|ongoing| self.sweep = Some(ongoing));
                self.report(run, result);
            }
            SweepCommand::Pause { run, paused } => {
                if let Some(sweep) = self.sweep.as_mut().filter(|sweep| sweep.run() == run) {
                    sweep.paused = paused;
                }
            }
            SweepCommand::Stop(run) => {
                if self.sweep.as_ref().is_some_and(|sweep| sweep.run() == run) {
                    self.end_sweep();
                }
            }
        }
    }

    /// Writes a bit of the sweep.
    fn sweep_on(&mut self) {
        let (Some(sweep), Some(engine)) = (&mut self.sweep, &mut self.engine) else {
            return;
        };
        match sweep.go_on(engine.loaded.scorer.as_mut(), &self.outbox) {
            Ok(Left::More) => {}
            Ok(Left::Nothing) | Err(EngineError::Cancelled) => self.end_sweep(),
            Err(error) => {
                // What it has written stays with the front end; the failure says why there is no more.
                let run = sweep.run();
                self.end_sweep();
                self.report(run, Err(error.into()));
            }
        }
    }

    fn end_sweep(&mut self) {
        let Some(mut sweep) = self.sweep.take() else {
            return;
        };
        if let Some(engine) = &mut self.engine {
            sweep.close(engine.loaded.scorer.as_mut());
        }
        sweep.tell_end(&self.outbox);
    }

    /// Lets the models go, and with them the sweep.
    fn drop_engine(&mut self) {
        self.engine = None;
        self.end_sweep();
    }

    fn replay(&mut self, record: Arc<Record>) {
        self.drop_engine();
        let scorer = RecordedScorer::new(record);
        let info = scorer.info();
        self.engine = Some(Engine {
            loaded: Loaded {
                scorer: Box::new(scorer),
                info: info.clone(),
            },
            kept: KeptStreams::new(KEPT_BYTES),
        });
        self.outbox.send(Event::Loaded(Arc::new(info)));
    }

    fn report(&self, run: RunId, result: Result<(), Failure>) {
        if let Err(failure) = result {
            self.outbox.send(Event::Failed {
                run: Some(run),
                failure,
            });
        }
    }
}

fn no_lineup() -> Failure {
    Failure::failed("No models are loaded").hint("Load a lineup first, or use the built-in model")
}

fn run_of(command: &Command) -> Option<RunId> {
    match command {
        Command::Generate(request) => Some(request.run),
        Command::Score(request) => Some(request.run),
        Command::Evaluate(request) => Some(request.run),
        Command::Calibrate(request) => Some(request.run),
        Command::Bench(request) => Some(request.run),
        Command::LookAhead(request) => Some(request.run),
        Command::SetWeights { run, .. } => Some(*run),
        Command::Sweep(SweepCommand::Start(request)) => Some(request.run),
        Command::Sweep(SweepCommand::Pause { .. } | SweepCommand::Stop(_))
        | Command::Load { .. }
        | Command::Hub(_)
        | Command::Shelf(_)
        | Command::Replay(_)
        | Command::Shutdown => None,
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of event among all"
)]
mod tests;
