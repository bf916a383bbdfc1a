//! What the worker and the re-judging thread tell.

use std::sync::Arc;

use crate::app::state::difference::Differences;
use crate::app::state::listing::Column;
use crate::app::state::page::Page;
use crate::app::state::rejudged::Rejudged;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::Mode;
use crate::app::state::steadiness::Steadiness;
use crate::app::state::{LineupState, Problem, ProblemPlace, State};
use crate::app::theme::HeatScale;
use crate::domain::{LineupSource, Pane, RunId};
use crate::error::{Failure, FailureKind};
use crate::record::NEEDS_MODEL;
use crate::worker::{Command, Event, LineupInfo};

/// Tokens before which a text says little about the size of its numbers.
const ENOUGH_TOKENS: usize = 24;
/// The latest runs of the session, by which the colour scale goes.
const RUNS_FOR_SCALE: usize = 16;

/// Takes in what the worker tells; what belongs to a run that has been replaced is dropped.
pub fn on_event(state: &mut State, event: Event) -> Vec<Command> {
    let scored = super::score::on_event(state, &event);
    if let Some(commands) = scored.or_else(|| super::tradeoff::on_scored(state, &event)) {
        return commands;
    }
    match event {
        Event::Loading { stage, fraction } => {
            if let LineupState::Loading {
                stage: old_stage,
                fraction: old_fraction,
                ..
            } = &mut state.lineup
            {
                *old_stage = stage;
                *old_fraction = fraction;
            }
            Vec::new()
        }
        Event::Loaded(info) => on_loaded(state, info),
        Event::Started {
            run,
            rendered,
            prompt_tokens,
            first: _,
            unfamiliar,
        } => {
            if let Some(run) = active(state, run) {
                run.rendered = rendered;
                run.prompt_tokens = prompt_tokens;
                // Of a text that goes on from another one it is known already.
                run.unfamiliar |= unfamiliar;
                run.phase = RunPhase::Writing;
            }
            Vec::new()
        }
        Event::Step { run: id, step } => {
            let now = state.now_secs;
            if let Some(run) = active(state, id) {
                run.phase = RunPhase::Writing;
                run.first_word_secs.get_or_insert(now);
                run.last_word_secs = now;
                if step.step.given && step.pane == Pane::Guided {
                    run.given = run.given.max(step.step.position + 1);
                }
                run.text_mut(step.pane).put(&step.step, &step.text);
                state.unsettled = true;
            }
            Vec::new()
        }
        Event::BaseScored { run, first, steps } => {
            // It may come after a stop, so a run that has ended takes it too.
            if let Some(run) = known(state, run) {
                for (index, step) in steps.iter().enumerate() {
                    if first + index < run.base.len() {
                        run.base.put(&step.step, &step.text);
                    }
                }
                state.unsettled = true;
            }
            Vec::new()
        }
        Event::Superseded { run, by: _ } => {
            if let Some(run) = active(state, run) {
                run.phase = RunPhase::Replaced;
            }
            Vec::new()
        }
        Event::Finished { run, end } => {
            if let Some(run) = active(state, run) {
                // A character that was never completed.
                run.guided.append_tail(&end.guided.tail);
                run.guided.finish = Some(end.guided.finish);
                if let Some(base) = &end.base {
                    run.base.append_tail(&base.tail);
                    run.base.finish = Some(base.finish);
                }
                run.phase = RunPhase::Ended(end);
                fit_scale(state);
            }
            Vec::new()
        }
        // A text that has been replaced; and the window neither judges files of pairs nor measures.
        Event::Scored { .. }
        | Event::Judged { .. }
        | Event::Evaluated { .. }
        | Event::Measured { .. } => Vec::new(),
        Event::Sweep(event) => {
            super::tradeoff::on_event(state, event);
            Vec::new()
        }
        Event::Calibrated {
            run,
            spread,
            positions,
        } => {
            super::units::on_calibrated(state, run, spread, positions);
            Vec::new()
        }
        Event::Ahead { run, ahead } => {
            super::ahead::on_ahead(state, run, ahead);
            Vec::new()
        }
        Event::Hub(event) => super::models::on_hub(state, event),
        Event::Shelf(event) => super::models::on_shelf(state, event),
        Event::Failed { run, failure } => {
            let scored = run.and_then(|run| super::score::on_failed(state, run, &failure));
            scored.unwrap_or_else(|| {
                on_failed(state, run, failure);
                Vec::new()
            })
        }
    }
}

/// Works out what follows from the words that have come: once before a frame, however many there were.
pub fn settle(state: &mut State) {
    super::tradeoff::settle(state);
    super::score::settle(state);
    if std::mem::take(&mut state.unsettled) {
        super::writing::share_rows(state);
        colour_by_what_decided(state);
        grow_scale(state);
    }
    state.compare_texts();
}

/// Where nobody chose an objective to colour by, the one that decided where the texts part says most about them.
fn colour_by_what_decided(state: &mut State) {
    let focus = &state.focus;
    let Some(run) = state.run() else { return };
    // In Demo mode nobody chooses, so the colours follow the sliders too.
    let is_new =
        (run.origin.is_none() || state.is_showing()) && focus.objective_from != Some(run.id);
    if focus.objective_is_chosen || !is_new {
        return;
    }
    if let Some(objective) = run.deciding_objective() {
        state.focus.objective_from = Some(run.id);
        state.focus.objective = objective;
    }
}

/// Takes in re-judged numbers, those that came too late aside, and has the text written again where that was waiting for
/// them.
pub fn on_rejudged(state: &mut State, rejudged: Rejudged) -> Vec<Command> {
    let fits = rejudged.weights == state.draft.effective_weights();
    let id = rejudged.run;
    let Some(run) = state.runs.get_mut(&id).filter(|run| !run.writes_both()) else {
        return Vec::new();
    };
    let verdict = super::live::Verdict::of(&rejudged);
    let is_whole = verdict.judged >= run.guided.len();
    let unfinished = run.is_unfinished();
    if is_whole && !run.is_active() {
        run.rejudged = Some(rejudged);
    }
    if state.shown != Some(id) {
        return Vec::new();
    }
    if fits {
        grow_scale(state);
    }
    // While a slider moves, a text for where it was a moment ago is better than none.
    let timely = fits || state.settings.live;
    if state.steer_wanted && timely && (is_whole || unfinished) {
        let commands = super::live::steer_to(state, verdict);
        if !state.history.is_open() {
            super::past::tell_weights(state);
        }
        commands
    } else {
        Vec::new()
    }
}

/// Takes in how far the sliders can move.
pub fn on_steadiness(state: &mut State, steadiness: Steadiness) {
    if let Some(run) = state.runs.get_mut(&steadiness.run)
        && !run.is_active()
        && run.guided.len() == steadiness.length
    {
        run.steadiness = Some(steadiness);
    }
}

/// The worker's thread is gone: nothing can be loaded or written any more in this window.
pub fn on_worker_lost(state: &mut State) {
    for run in state.runs.values_mut().filter(|run| run.is_active()) {
        run.phase = RunPhase::Replaced;
    }
    super::tradeoff::on_worker_lost(state);
    super::score::on_models_gone(state);
    state.ahead = None;
    state.lineup = LineupState::Missing;
    state.run_when_ready = false;
    state.problem = Some(Problem {
        failure: Failure::failed("The part of the program that runs the models has ended")
            .hint("Close the window and open it again; your texts on screen can still be copied"),
        during: ProblemPlace::Worker,
        details_open: false,
    });
}

/// Moves the window's clock.
pub fn tick(state: &mut State, now_secs: f64) {
    state.now_secs = now_secs;
}

pub(super) fn on_loaded(state: &mut State, info: Arc<LineupInfo>) -> Vec<Command> {
    super::units::forget(state);
    state.training.lineup_before = None;
    state.reopening = false;
    match &state.source {
        LineupSource::Composed(text) => state.settings.last_lineup = Some(text.to_string()),
        LineupSource::Demo => state.settings.last_lineup = None,
        // It was named for this time.
        LineupSource::File(_) => {}
    }
    // A worker that restarts after a panic loads the same lineup again: the sliders stay.
    let others = std::mem::take(&mut state.other_models);
    let same = !others
        && state.draft.strips.len() == info.objectives.len()
        && state
            .objectives_before
            .iter()
            .eq(info.objectives.iter().map(|objective| &objective.name));
    if !same {
        state.draft.fit(&info.objectives, &state.wanted_weights);
        state.objectives_before = info
            .objectives
            .iter()
            .map(|objective| objective.name.clone())
            .collect();
        state.focus.objective = 0;
        state.focus.objective_is_chosen = false;
        state.compare = None;
        state.compared = None;
        // Other models: what they wrote cannot be re-judged by these sliders.
        state.runs.clear();
        state.shown = None;
        state.kept.clear();
        state.blind = None;
        state.differences = Differences::default();
        // Its columns are of the objectives of before.
        state.listing.sort = Column::Position;
        state.listing.descending = false;
        state.history = crate::app::state::history::History::default();
        if state.settings.mode == Mode::Demo {
            super::showing::only_pair(state);
            state.history = crate::app::state::history::History::default();
        }
    }
    // They are for this lineup: the next one may have no objectives of these names.
    let wanted = std::mem::take(&mut state.wanted_weights);
    state.problem = unknown_objective(&wanted, &info);
    state.lineup = LineupState::Ready(info);
    super::tradeoff::on_loaded(state, same);
    super::score::on_loaded(state, same);
    if std::mem::take(&mut state.run_when_ready) {
        super::writing::run(state)
    } else {
        Vec::new()
    }
}

/// A weight asked for at the start whose name the lineup does not have.
fn unknown_objective(wanted: &[(String, f64)], info: &LineupInfo) -> Option<Problem> {
    let names: Vec<&str> = info
        .objectives
        .iter()
        .map(|objective| objective.name.as_str())
        .collect();
    let (unknown, _) = wanted
        .iter()
        .find(|(name, _)| !names.contains(&name.as_str()))?;
    Some(Problem {
        failure: Failure::usage(format!("There is no objective named \"{unknown}\""))
            .hint(format!("{} has: {}", info.name, names.join(", "))),
        during: ProblemPlace::Run,
        details_open: false,
    })
}

fn on_failed(state: &mut State, id: Option<RunId>, mut failure: Failure) {
    let during = if let Some(id) = id {
        if super::units::on_failed(state, id, &failure)
            || super::tradeoff::on_failed(state, id, &failure)
            || super::ahead::on_failed(state, id, &failure)
        {
            return;
        }
        let Some(run) = active(state, id) else {
            return;
        };
        run.phase = RunPhase::Failed(failure.clone());
        if failure.summary == NEEDS_MODEL {
            // The notice over the texts says so.
            return;
        }
        ProblemPlace::Run
    } else {
        match &state.lineup {
            LineupState::Loading { .. } => {
                state.lineup = LineupState::Missing;
                state.run_when_ready = false;
                if std::mem::take(&mut state.reopening) {
                    failure.summary = of_last_time(&failure.summary);
                }
                ProblemPlace::Loading
            }
            LineupState::Ready(_) | LineupState::Missing => ProblemPlace::Worker,
        }
    };
    // Who stopped the work knows that it stopped.
    let stopped = match failure.kind {
        FailureKind::Interrupted => true,
        FailureKind::Failed | FailureKind::Usage | FailureKind::Input => false,
    };
    if !stopped || during == ProblemPlace::Loading {
        state.problem = Some(Problem {
            failure: if stopped {
                Failure::failed("Loading the models was stopped")
                    .hint("Nothing can be written without them")
            } else {
                failure
            },
            during,
            details_open: false,
        });
    }
}

/// Why the lineup that the last window was closed with cannot be loaded, in one sentence.
fn of_last_time(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(char::to_lowercase);
    let reason: String = first.into_iter().flatten().chain(letters).collect();
    format!("The lineup of last time cannot be opened: {reason}")
}

fn active(state: &mut State, id: RunId) -> Option<&mut Run> {
    state.runs.get_mut(&id).filter(|run| run.is_active())
}

fn known(state: &mut State, id: RunId) -> Option<&mut Run> {
    state
        .runs
        .get_mut(&id)
        .filter(|run| !matches!(run.phase, RunPhase::Replaced))
}

/// Makes the colour scale fit what is on screen, as after a change of what is shown.
pub(super) fn fit_scale(state: &mut State) {
    if let Some(locked) = state.settings.heat.locked {
        state.heat_scale = locked;
        return;
    }
    // What is scored is none of the session's runs.
    let scored = state.looked_at().filter(|_| state.page == Page::Score);
    let runs = state.runs.values().rev().take(RUNS_FOR_SCALE);
    if let Some(limit) = scale_of(state, runs.chain(scored)) {
        state.heat_scale = limit;
    }
}

/// Lets the colour scale grow with what is on screen: while words come or a slider moves, it must not jump back and
/// forth.
pub(super) fn grow_scale(state: &mut State) {
    let run = state.looked_at();
    if state.settings.heat.locked.is_none()
        && let Some(run) = run.filter(|run| run.token_count() >= ENOUGH_TOKENS)
        && let Some(limit) = scale_of(state, std::iter::once(run))
        && limit > state.heat_scale
    {
        state.heat_scale = limit;
    }
}

/// The scale that fits the texts of some runs in all that is coloured.
fn scale_of<'a>(state: &State, runs: impl Iterator<Item = &'a Run>) -> Option<f64> {
    let mode = state.settings.heat.mode;
    let lanes = if state.shows_lanes() && mode.is_of_objective() {
        0..state.objectives().len()
    } else {
        0..0
    };
    let values = runs.flat_map(|run| {
        let lanes = lanes.clone();
        [Pane::Base, Pane::Guided]
            .into_iter()
            .flat_map(move |pane| {
                let lanes = lanes.clone();
                let lanes =
                    lanes.flat_map(move |objective| state.lane_values(run, pane, objective));
                state.heat_values(run, pane).into_iter().chain(lanes)
            })
    });
    let mut values = values.flatten().peekable();
    values.peek()?;
    Some(HeatScale::for_values(mode.scale_kind(), values).limit)
}
