//! Loading models, starting runs and ending them.

use crate::app::state::history::EditKind;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::READING_PACE;
use crate::app::state::{LineupState, State};
use crate::domain::{CancelToken, RunId};
use crate::worker::{Beginning, Command, GenerateRequest};

use super::remember;

/// Runs whose rows are kept for re-judging; older ones keep their numbers.
pub(super) const RUNS_WITH_ROWS: usize = 4;

/// Asks for the models of `state.source`; also what the window does first.
pub fn load(state: &mut State) -> Vec<Command> {
    stop_active(state);
    state.problem = None;
    let cancel = CancelToken::default();
    state.lineup = LineupState::Loading {
        stage: "Starting".to_owned(),
        fraction: None,
        cancel: cancel.clone(),
    };
    vec![Command::Load {
        source: state.source.clone(),
        settings: state.compute.clone(),
        cancel,
    }]
}

/// Whether "Run" does anything.
#[must_use]
pub fn can_run(state: &State) -> bool {
    let models = match state.lineup {
        LineupState::Ready(_) | LineupState::Loading { .. } => true,
        LineupState::Missing => false,
    };
    models && !state.draft.prompt.text.trim().is_empty()
}

pub(super) fn run(state: &mut State) -> Vec<Command> {
    if !can_run(state) {
        return Vec::new();
    }
    match state.lineup {
        LineupState::Ready(_) => {}
        LineupState::Loading { .. } | LineupState::Missing => {
            state.run_when_ready = true;
            return Vec::new();
        }
    }
    stop_active(state);
    remember(state, EditKind::Single);
    let id = RunId(state.next_run);
    state.next_run += 1;
    state.run_when_ready = false;
    state.problem = None;
    state.focus.hovered = None;
    state.focus.pinned = None;
    let cancel = CancelToken::default();
    let draft = &state.draft;
    let run = Run::new(
        id,
        draft.prompt.clone(),
        draft.effective_weights(),
        draft.sampling.clone(),
        cancel.clone(),
    );
    let request = GenerateRequest {
        run: id,
        cancel,
        prompt: draft.prompt.clone(),
        weights: draft.effective_weights(),
        sampling: draft.sampling.clone(),
        with_base: true,
        pace: state.settings.reading_pace.then_some(READING_PACE),
        beginning: Beginning::default(),
        live: false,
    };
    state.runs.insert(id, run);
    state.shown = Some(id);
    tidy_runs(state);
    vec![Command::Generate(request)]
}

/// Asks the run on screen to stop, and forgets a run that waits for the models.
pub(super) fn stop(state: &mut State) {
    state.run_when_ready = false;
    if let Some(run) = state.active_run() {
        run.cancel.cancel();
    }
}

/// Stops whatever writes because something else takes its place: what it would still tell is stale.
pub(super) fn stop_active(state: &mut State) {
    for run in state.runs.values_mut().filter(|run| run.is_active()) {
        run.cancel.cancel();
        run.phase = RunPhase::Replaced;
    }
}

/// Forgets runs that nothing can bring back, and the rows of all but the newest.
pub(super) fn tidy_runs(state: &mut State) {
    let held = state.compare.as_ref().and_then(|compare| compare.shown);
    let kept = [state.shown, state.compared, held];
    let mut wanted: Vec<RunId> = state
        .history
        .runs()
        .chain(kept.into_iter().flatten())
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let tree = state.run().map(|run| run.root);
    let branches = state
        .runs
        .values()
        .any(|run| Some(run.root) == tree && run.fork.is_some());
    state.runs.retain(|id, run| {
        // Branches stay as long as their tree is on screen.
        let of_tree = branches && Some(run.root) == tree && !run.is_unfinished();
        of_tree || wanted.binary_search(id).is_ok()
    });
    let shown = state.shown;
    let old = state.runs.len().saturating_sub(RUNS_WITH_ROWS);
    for run in state.runs.values_mut().take(old) {
        if Some(run.id) != shown {
            run.drop_rows();
        }
    }
}
