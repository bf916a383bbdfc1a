//! The only place that writes the window's state: what a person did, and what the worker tells.

#![deny(clippy::wildcard_enum_match_arm)]

mod action;
mod event;
mod fork;
mod live;
mod looking;

pub use action::Action;
pub use event::{on_event, on_rejudged, on_steadiness, on_worker_lost, tick};
pub use fork::can_fork;

use crate::app::state::draft::{LARGEST_TYPED_WEIGHT, next_seed};
use crate::app::state::history::{EditKind, Snapshot};
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::{READING_PACE, ZOOM_RANGE};
use crate::app::state::{FocusStep, LineupState, State};
use crate::domain::{CancelToken, RunId};
use crate::worker::{Beginning, Command, GenerateRequest, LineupSource};

/// Runs whose rows are kept for re-judging; older ones keep their numbers.
const RUNS_WITH_ROWS: usize = 4;
/// One press of a zoom key.
const ZOOM_STEP: f32 = 0.1;

/// Applies what a person did and says what the worker must do.
pub fn apply(state: &mut State, action: Action) -> Vec<Command> {
    match action {
        Action::EditPrompt(text) => edit_prompt(state, text),
        Action::PickPrompt(index) => {
            if let Some(prompt) = state.library.prompts.get(index)
                && prompt.text != state.draft.prompt.text
            {
                let text = prompt.text.clone();
                remember(state, EditKind::Single);
                state.draft.prompt.text = text;
            }
            Vec::new()
        }
        Action::SearchLibrary(search) => {
            state.library.search = search;
            Vec::new()
        }
        Action::ToggleTag(tag) => {
            let same = state.library.tag.as_ref() == Some(&tag);
            state.library.tag = (!same).then_some(tag);
            Vec::new()
        }
        Action::ToggleLibrary => {
            state.settings.library_open = !state.settings.library_open;
            Vec::new()
        }
        Action::Run => run(state),
        Action::Stop => {
            stop(state);
            Vec::new()
        }
        Action::RunWithNewSeed => {
            if !can_run(state) {
                return Vec::new();
            }
            remember(state, EditKind::Single);
            state.draft.sampling.seed = next_seed(state.draft.sampling.seed);
            run(state)
        }
        Action::SetWeight { objective, weight } => {
            let weight = mended_weight(weight);
            let Some(strip) = state.draft.strips.get(objective) else {
                return Vec::new();
            };
            if (strip.weight - weight).abs() < 1e-9 {
                return Vec::new();
            }
            remember(state, EditKind::Weight(objective));
            if state.settings.keep_sum {
                state.draft.share(objective, weight);
            } else {
                state.draft.strips[objective].weight = weight;
            }
            if state.settings.live {
                weights_changed(state)
            } else {
                live::told(state)
            }
        }
        Action::ToggleLive => {
            state.settings.live = !state.settings.live;
            Vec::new()
        }
        Action::Fork { index, turn } => fork::fork(state, index, turn),
        Action::EditCardWords(words) => {
            state.card_words = words;
            Vec::new()
        }
        Action::ShowRun(run) => fork::show(state, run),
        Action::MoveBranch(by) => fork::move_branch(state, by),
        Action::ToggleKeepSum => {
            state.settings.keep_sum = !state.settings.keep_sum;
            Vec::new()
        }
        Action::EndEdit => {
            state.history.close_step();
            live::steer(state)
        }
        Action::ResetWeight(objective) => {
            let usual = state.objectives().get(objective).map(|o| o.weight);
            state.history.close_step();
            usual.map_or_else(Vec::new, |weight| {
                let mut commands = apply(state, Action::SetWeight { objective, weight });
                commands.extend(apply(state, Action::EndEdit));
                commands
            })
        }
        Action::ToggleMute(objective) => {
            if objective >= state.draft.strips.len() {
                return Vec::new();
            }
            remember(state, EditKind::Single);
            let strip = &mut state.draft.strips[objective];
            strip.muted = !strip.muted;
            weights_changed(state)
        }
        Action::ToggleSolo(objective) => {
            if objective >= state.draft.strips.len() {
                return Vec::new();
            }
            remember(state, EditKind::Single);
            let strip = &mut state.draft.strips[objective];
            strip.soloed = !strip.soloed;
            weights_changed(state)
        }
        Action::SetSampling(sampling) => {
            if sampling.check().is_ok() && sampling != state.draft.sampling {
                remember(state, EditKind::Sampling);
                state.draft.sampling = sampling;
            }
            Vec::new()
        }
        Action::TogglePace => {
            state.settings.reading_pace = !state.settings.reading_pace;
            Vec::new()
        }
        Action::RollSeed => {
            remember(state, EditKind::Single);
            state.draft.sampling.seed = next_seed(state.draft.sampling.seed);
            Vec::new()
        }
        Action::Undo => {
            let before = state.history.undo(state.snapshot());
            before.map_or_else(Vec::new, |snapshot| restore(state, snapshot))
        }
        Action::Redo => {
            let after = state.history.redo(state.snapshot());
            after.map_or_else(Vec::new, |snapshot| restore(state, snapshot))
        }
        Action::ToggleHeat => {
            state.settings.heat.on = !state.settings.heat.on;
            Vec::new()
        }
        Action::SetHeatMode(mode) => {
            state.settings.heat.mode = mode;
            state.settings.heat.locked = None;
            event::fit_scale(state);
            Vec::new()
        }
        Action::SetHeatObjective(objective) => {
            if objective < state.objectives().len() {
                state.focus.objective = objective;
                event::fit_scale(state);
            }
            Vec::new()
        }
        Action::ToggleScaleLock => {
            let heat = &mut state.settings.heat;
            heat.locked = if heat.locked.is_some() {
                None
            } else {
                Some(state.heat_scale)
            };
            event::fit_scale(state);
            Vec::new()
        }
        Action::Hover(token) => {
            looking::hover(state, token);
            Vec::new()
        }
        Action::SetCardValue(value) => {
            state.focus.card_value = value;
            Vec::new()
        }
        Action::TogglePin(token) => {
            state.focus.pinned = (state.focus.pinned != Some(token)).then_some(token);
            Vec::new()
        }
        Action::Unpin => {
            state.focus.pinned = None;
            Vec::new()
        }
        Action::MovePin(by) => {
            looking::move_pin(state, by);
            Vec::new()
        }
        Action::Escape => {
            if state.active_run().is_some() || state.run_when_ready {
                stop(state);
            } else if state.help_open {
                state.help_open = false;
            } else {
                state.focus.pinned = None;
            }
            Vec::new()
        }
        Action::SetTheme(theme) => {
            state.settings.theme = theme;
            Vec::new()
        }
        Action::ZoomIn => {
            zoom_to(state, state.settings.zoom + ZOOM_STEP);
            Vec::new()
        }
        Action::ZoomOut => {
            zoom_to(state, state.settings.zoom - ZOOM_STEP);
            Vec::new()
        }
        Action::ZoomReset => {
            zoom_to(state, 1.0);
            Vec::new()
        }
        Action::ToggleAdvanced => {
            state.settings.advanced_open = !state.settings.advanced_open;
            Vec::new()
        }
        Action::ToggleHelp => {
            state.help_open = !state.help_open;
            Vec::new()
        }
        Action::NextRegion => {
            state.focus_step = FocusStep {
                region: looking::next_region(state),
                wanted: true,
            };
            Vec::new()
        }
        Action::RegionFocused(region) => {
            state.focus_step = FocusStep {
                region,
                wanted: false,
            };
            Vec::new()
        }
        Action::CancelLoading => {
            if let LineupState::Loading { cancel, .. } = &state.lineup {
                cancel.cancel();
            }
            state.run_when_ready = false;
            Vec::new()
        }
        Action::RetryLoading => load(state),
        Action::UseBuiltIn => {
            state.source = LineupSource::Demo;
            load(state)
        }
        Action::DismissProblem => {
            state.problem = None;
            Vec::new()
        }
        Action::ToggleProblemDetails => {
            if let Some(problem) = &mut state.problem {
                problem.details_open = !problem.details_open;
            }
            Vec::new()
        }
    }
}

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
fn stop(state: &mut State) {
    state.run_when_ready = false;
    if let Some(run) = state.active_run() {
        run.cancel.cancel();
    }
}

/// Stops whatever writes because something else takes its place: what it would still tell is stale.
fn stop_active(state: &mut State) {
    for run in state.runs.values_mut().filter(|run| run.is_active()) {
        run.cancel.cancel();
        run.phase = RunPhase::Replaced;
    }
}

/// Forgets runs that nothing can bring back, and the rows of all but the newest.
fn tidy_runs(state: &mut State) {
    let mut wanted: Vec<RunId> = state.history.runs().chain(state.shown).collect();
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

fn remember(state: &mut State, kind: EditKind) {
    let before = state.snapshot();
    state.history.remember(kind, before);
}

fn edit_prompt(state: &mut State, text: String) -> Vec<Command> {
    let old = &state.draft.prompt.text;
    if *old == text {
        return Vec::new();
    }
    // Undo goes back word by word.
    if text.ends_with(char::is_whitespace) && !old.ends_with(char::is_whitespace) {
        remember(state, EditKind::Typing);
        state.history.close_step();
    } else {
        remember(state, EditKind::Typing);
    }
    state.draft.prompt.text = text;
    Vec::new()
}

fn restore(state: &mut State, snapshot: Snapshot) -> Vec<Command> {
    let weights = state.draft.effective_weights();
    let strips = std::mem::take(&mut state.draft.strips);
    state.draft = snapshot.draft;
    // A snapshot from before the models were loaded knows no sliders.
    if state.draft.strips.len() != strips.len() {
        state.draft.strips = strips;
    }
    state.steer_wanted = false;
    // Two texts that are being written stay on screen until they have ended.
    if !state.run().is_some_and(Run::writes_both) && snapshot.shown != state.shown {
        stop_active(state);
        state.shown = snapshot.shown.filter(|id| state.runs.contains_key(id));
        state.focus.hovered = None;
        state.focus.pinned = None;
        event::fit_scale(state);
    }
    if state.run().is_some_and(Run::is_unfinished) {
        live::steer(state)
    } else if *weights == *state.draft.effective_weights() {
        Vec::new()
    } else {
        live::told(state)
    }
}

/// What weights that have come to rest mean for the worker.
fn weights_changed(state: &mut State) -> Vec<Command> {
    let mut commands = live::told(state);
    commands.extend(live::steer(state));
    commands
}

fn mended_weight(weight: f64) -> f64 {
    if weight.is_finite() {
        // Sliders give numbers such as 0.30000000000000004.
        (weight.clamp(0.0, LARGEST_TYPED_WEIGHT) * 1000.0).round() / 1000.0
    } else {
        0.0
    }
}

fn zoom_to(state: &mut State, zoom: f32) {
    state.settings.zoom = ((zoom * 10.0).round() / 10.0).clamp(ZOOM_RANGE.0, ZOOM_RANGE.1);
}

#[cfg(test)]
mod tests;
