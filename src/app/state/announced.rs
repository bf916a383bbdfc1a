//! What is said to whoever listens instead of looking: that writing begins, how it ends, what goes wrong.

use crate::app::state::log::Words;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::{LineupState, State};
use crate::domain::{Finish, RunId};

/// The last thing that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// In one or two sentences; empty before the first.
    pub text: String,
    /// Whether it does not wait for what is being read out: something went wrong.
    pub is_urgent: bool,
    /// The message that it is of, where it is of one: the two go together.
    pub(crate) message: Option<Words>,
    /// How far things were.
    pub(crate) stage: Stage,
    /// Number of the next message that is not said yet.
    pub(crate) next_message: u64,
}

/// How far the models and the run on screen are, as coarse as it is said: no words, no numbers that grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stage {
    models: Models,
    run: Option<(RunId, Phase)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Models {
    #[default]
    Missing,
    Loading,
    Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Writing,
    Ended,
    Failed,
}

impl Stage {
    /// How far things are now.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let models = match state.lineup {
            LineupState::Loading { .. } => Models::Loading,
            LineupState::Ready(_) => Models::Ready,
            LineupState::Missing => Models::Missing,
        };
        // A text that follows a slider is there at once, or nearly: that it begins is not said.
        let run = state.run().filter(|run| !run.is_fresh(state.now_secs));
        let run = run.map(|run| (run.id, phase(run)));
        Self { models, run }
    }

    /// What there is to say where things were at `before`; nothing where nothing has begun or ended since.
    #[must_use]
    pub fn words_since(self, before: Self, state: &State) -> Option<String> {
        if self.run != before.run
            && let (Some((_, phase)), Some(run)) = (self.run, state.run())
        {
            // A text that was written before is shown again: that is no news of the worker's.
            let began = before.run.is_none_or(|(id, _)| id < run.id);
            let goes_on = before.run.is_some_and(|(id, _)| id == run.id);
            if began || goes_on {
                return Some(run_words(run, phase));
            }
        }
        if self.models == before.models {
            return None;
        }
        match (self.models, state.lineup_info()) {
            (Models::Loading, _) => Some("Loading the models".to_owned()),
            (Models::Ready, Some(info)) => Some(format!("{} is ready", info.name)),
            (Models::Ready | Models::Missing, _) => None,
        }
    }

    /// Whether the run on screen has failed.
    #[must_use]
    pub fn has_failed(self) -> bool {
        self.run.is_some_and(|(_, phase)| phase == Phase::Failed)
    }
}

fn phase(run: &Run) -> Phase {
    match run.phase {
        RunPhase::Reading | RunPhase::Writing => Phase::Writing,
        RunPhase::Ended(_) | RunPhase::Replaced => Phase::Ended,
        RunPhase::Failed(_) => Phase::Failed,
    }
}

fn run_words(run: &Run, phase: Phase) -> String {
    let again = run.origin.is_some();
    let tokens = run.guided.len();
    match (&run.phase, phase) {
        (RunPhase::Failed(failure), _) => failure.summary.clone(),
        (_, Phase::Writing) if again => "Writing the guided text again".to_owned(),
        (_, Phase::Writing) => "Writing".to_owned(),
        (RunPhase::Ended(end), _) => {
            let what = match (end.guided.finish, again) {
                (Finish::Eos, false) => "Done",
                (Finish::Eos, true) => "The guided text is written again",
                (Finish::Length, false) => "Done: the longest length was reached",
                (Finish::Length, true) => "The guided text is written again, to the longest length",
                (Finish::Cancelled, _) => "Stopped",
            };
            format!("{what}; the guided text has {tokens} tokens")
        }
        (RunPhase::Reading | RunPhase::Writing | RunPhase::Replaced, _) => "Stopped".to_owned(),
    }
}
