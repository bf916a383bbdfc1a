//! Loading models, starting runs and ending them.

use std::sync::Arc;

use crate::app::state::history::EditKind;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::READING_PACE;
use crate::app::state::{LineupState, State};
use crate::domain::{CancelToken, Pane, RunId};
use crate::engine::trace::{Trace, bytes_together, share_budget};
use crate::worker::{Beginning, Command, GenerateRequest};

use super::remember;

/// Asks for the models of `state.source`; also what the window does first.
pub fn load(state: &mut State) -> Vec<Command> {
    stop_active(state);
    super::score::on_models_gone(state);
    super::tradeoff::stop_scoring(state);
    state.problem = None;
    if state.past.replay.take().is_some() {
        // The sliders are of the recorded run's objectives.
        state.other_models = true;
    }
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
    state.showing.frozen = false;
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

/// Forgets runs that nothing can bring back.
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
    // What runs had in common with those that are gone now counts for them alone.
    state.row_check_bytes = state.row_budget_bytes;
    share_rows(state);
}

/// Once memory is short, this share of the budget is left free, so that not every new word is a reason to save.
const SPARE: usize = 16;

/// Keeps the rows of all texts within their budget, at the cost of the oldest.
pub(super) fn share_rows(state: &mut State) {
    // Looking closely takes time, and what texts have in common only makes them smaller.
    let each: usize = state
        .runs
        .values()
        .map(|run| run.base.trace.bytes() + run.guided.trace.bytes())
        .sum();
    if each <= state.row_check_bytes {
        return;
    }
    let shown = state.shown;
    let mut order: Vec<RunId> = state.runs.keys().copied().collect();
    // What is on screen is used; it saves last.
    order.sort_by_key(|id| (Some(*id) == shown, *id));
    let mut distinct: Vec<Arc<Trace>> = Vec::new();
    for id in &order {
        for pane in [Pane::Base, Pane::Guided] {
            let trace = &state.runs[id].text(pane).trace;
            if trace.bytes() > 0 && !distinct.iter().any(|known| Arc::ptr_eq(known, trace)) {
                distinct.push(Arc::clone(trace));
            }
        }
    }
    let all = bytes_together(distinct.iter().map(|trace| &**trace));
    if all <= state.row_budget_bytes {
        state.row_check_bytes = each + (state.row_budget_bytes - all);
        return;
    }
    // Texts that go on from one another have the plain text in common, and go on having it.
    let mut homes: Vec<(RunId, Pane, usize)> = Vec::new();
    for (id, run) in &mut state.runs {
        for pane in [Pane::Base, Pane::Guided] {
            let trace = &mut run.text_mut(pane).trace;
            if let Some(at) = distinct.iter().position(|known| Arc::ptr_eq(known, trace)) {
                homes.push((*id, pane, at));
                *trace = Arc::default();
            }
        }
    }
    let mut traces: Vec<&mut Trace> = distinct.iter_mut().map(Arc::make_mut).collect();
    share_budget(
        &mut traces,
        state.row_budget_bytes - state.row_budget_bytes / SPARE,
    );
    for (id, pane, at) in homes {
        if let Some(run) = state.runs.get_mut(&id) {
            run.text_mut(pane).trace = Arc::clone(&distinct[at]);
        }
    }
    state.row_check_bytes = state.row_budget_bytes;
}

/// Says how many bytes the rows of all texts may take.
pub fn set_row_budget(state: &mut State, bytes: usize) {
    state.row_budget_bytes = bytes;
    state.row_check_bytes = bytes;
    share_rows(state);
}
