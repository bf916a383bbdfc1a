//! A worker with a loaded lineup, and Ctrl+C as its cancel token.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::CommonArgs;
use crate::domain::{CancelToken, ComputeSettings, ObjectiveWeights, RunId};
use crate::error::Failure;
use crate::worker::{self, Command, Event, LineupInfo, WorkerHandle};

/// Set by the first Ctrl+C; the second ends the process at once.
static INTERRUPT: OnceLock<CancelToken> = OnceLock::new();
static PRESSED: AtomicBool = AtomicBool::new(false);

/// The token that Ctrl+C (or a polite kill) sets.
///
/// # Errors
/// The system refuses a signal handler.
pub(crate) fn interrupt_token() -> Result<CancelToken, Failure> {
    if let Some(token) = INTERRUPT.get() {
        return Ok(token.clone());
    }
    let token = CancelToken::default();
    let _ = INTERRUPT.set(token.clone());
    let inner = token.clone();
    ctrlc::set_handler(move || {
        if PRESSED.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
        inner.cancel();
    })
    .map_err(|error| {
        Failure::failed("Ctrl+C cannot be watched on this system").details(error.to_string())
    })?;
    Ok(token)
}

/// How often to look whether a person has interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// A loaded lineup behind a worker.
pub(crate) struct Session {
    worker: WorkerHandle,
    pub(crate) info: Arc<LineupInfo>,
    pub(crate) weights: ObjectiveWeights,
    pub(crate) cancel: CancelToken,
    next_run: u64,
}

impl Session {
    /// Starts a worker, loads the lineup and works out the weights.
    ///
    /// # Errors
    /// A lineup that cannot be loaded, an unknown objective, a negative weight that nobody allowed.
    pub(crate) fn open(common: &CommonArgs) -> Result<Self, Failure> {
        Self::open_with(common, common.settings())
    }

    /// As [`Session::open`], with settings of its own.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub(crate) fn open_with(
        common: &CommonArgs,
        settings: ComputeSettings,
    ) -> Result<Self, Failure> {
        let mut session = Self::empty()?;
        session.send(Command::Load {
            source: common.source(),
            settings,
            cancel: session.cancel.clone(),
        })?;
        let progress = LoadingLine::default();
        session.info = loop {
            match session.next()? {
                Event::Loading { stage, fraction } => progress.show(&stage, fraction),
                Event::Loaded(info) => break info,
                Event::Failed { failure, .. } => {
                    progress.clear();
                    return Err(failure);
                }
                Event::Started { .. }
                | Event::Step { .. }
                | Event::BaseScored { .. }
                | Event::Superseded { .. }
                | Event::Ahead { .. }
                | Event::Finished { .. }
                | Event::Scored { .. }
                | Event::Judged { .. }
                | Event::Evaluated { .. }
                | Event::Calibrated { .. }
                | Event::Sweep(_)
                | Event::Measured { .. }
                | Event::Hub(_)
                | Event::Shelf(_) => {}
            }
        };
        progress.clear();
        session.weights = weights(&session.info, common)?;
        Ok(session)
    }

    /// Starts a worker that has no lineup yet.
    ///
    /// # Errors
    /// The system has no thread to give, or refuses a signal handler.
    pub(crate) fn empty() -> Result<Self, Failure> {
        let cancel = interrupt_token()?;
        let worker = worker::start(|| {}).map_err(|error| {
            Failure::failed("The worker could not be started").details(error.to_string())
        })?;
        Ok(Self {
            worker,
            info: Arc::new(LineupInfo::default()),
            weights: Arc::from([]),
            cancel,
            next_run: 1,
        })
    }

    /// A name for the next run.
    pub(crate) fn new_run(&mut self) -> RunId {
        self.next_run += 1;
        RunId(self.next_run)
    }

    /// Hands a command to the worker.
    ///
    /// # Errors
    /// The worker is gone.
    pub(crate) fn send(&self, command: Command) -> Result<(), Failure> {
        self.worker
            .commands
            .send(command)
            .map_err(|_| worker_gone())
    }

    /// The next event; a person who interrupts is heard at once, whatever the worker is doing.
    ///
    /// # Errors
    /// Interruption, or the worker is gone.
    pub(crate) fn next_unless_interrupted(&self) -> Result<Event, Failure> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(Failure::interrupted());
            }
            match self.worker.events.recv_timeout(LOOK) {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(worker_gone()),
            }
        }
    }

    /// The next event of a run.
    ///
    /// # Errors
    /// The run failed, or the worker did, or is gone.
    pub(crate) fn next_of(&self, run: RunId) -> Result<Event, Failure> {
        loop {
            let event = self.next()?;
            let own = event.run() == Some(run);
            if let Event::Failed { run: of, failure } = event {
                if own || of.is_none() {
                    return Err(failure);
                }
            } else if own {
                return Ok(event);
            }
        }
    }

    /// The next event.
    ///
    /// # Errors
    /// The worker is gone.
    pub(crate) fn next(&self) -> Result<Event, Failure> {
        self.worker.events.recv().map_err(|_| worker_gone())
    }
}

fn worker_gone() -> Failure {
    Failure::failed("The worker stopped unexpectedly")
}

/// The lineup's weights with those given on the command line in their places.
fn weights(info: &LineupInfo, common: &CommonArgs) -> Result<ObjectiveWeights, Failure> {
    let mut weights: Vec<f64> = info
        .objectives
        .iter()
        .map(|objective| objective.weight)
        .collect();
    for (name, weight) in &common.weights {
        let index = objective(info, name)?;
        check_sign(name, *weight, common)?;
        weights[index] = *weight;
    }
    Ok(weights.into())
}

/// The place of an objective in its lineup.
pub(super) fn objective(info: &LineupInfo, name: &str) -> Result<usize, Failure> {
    let names: Vec<&str> = info.objectives.iter().map(|o| o.name.as_str()).collect();
    if let Some(index) = names.iter().position(|other| *other == name) {
        return Ok(index);
    }
    let hint = if names.is_empty() {
        format!("The lineup `{}` has no objectives", info.name)
    } else {
        format!(
            "The objectives of `{}` are: {}",
            info.name,
            names.join(", ")
        )
    };
    Err(Failure::usage(format!("There is no objective called `{name}`")).hint(hint))
}

/// Refuses a weight below 0 unless such were allowed.
pub(super) fn check_sign(name: &str, weight: f64, common: &CommonArgs) -> Result<(), Failure> {
    if weight < 0.0 && !common.allow_negative {
        return Err(Failure::usage(format!(
            "The weight of {name} is below 0, which pushes away from the objective"
        ))
        .hint("Add --allow-negative if that is what you want"));
    }
    Ok(())
}

/// One line on a terminal that says what is being loaded; nothing where stderr is a file or a pipe.
pub(crate) struct LoadingLine {
    terminal: bool,
}

impl Default for LoadingLine {
    fn default() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
        }
    }
}

impl LoadingLine {
    pub(crate) fn show(&self, stage: &str, fraction: Option<f32>) {
        if self.terminal {
            let share = fraction
                .map(|f| format!(" {:.0} %", f * 100.0))
                .unwrap_or_default();
            let _ = write!(std::io::stderr(), "\r\x1b[2K{stage}{share}");
        }
    }

    pub(crate) fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn who_waits_for_a_run_hears_of_no_other() {
        let (outbox, events) = channel();
        let session = Session {
            worker: WorkerHandle {
                commands: channel().0.into(),
                events,
            },
            info: Arc::default(),
            weights: Arc::from([]),
            cancel: CancelToken::default(),
            next_run: 1,
        };
        let failed = |run: Option<u64>| Event::Failed {
            run: run.map(RunId),
            failure: Failure::failed("No"),
        };
        let over = |run: u64| Event::Evaluated {
            run: RunId(run),
            cancelled: false,
        };
        for event in [
            over(1),
            failed(Some(1)),
            over(2),
            failed(Some(2)),
            failed(None),
        ] {
            outbox.send(event).unwrap();
        }
        assert_eq!(session.next_of(RunId(2)).unwrap().run(), Some(RunId(2)));
        for left in ["its own", "the worker's"] {
            assert!(session.next_of(RunId(2)).is_err(), "{left}");
        }
        drop(outbox);
        let gone = session.next_of(RunId(2)).unwrap_err();
        assert!(gone.summary.contains("stopped"), "{gone}");
    }
}
