//! What a person does on the Trade-off page, and what the worker tells of sweeps.

mod action;
mod judging;
mod saving;
mod scores;
#[cfg(test)]
mod scores_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use action::TradeoffAction;
pub use judging::others as others_than_steered;
pub(super) use judging::{on_event as on_scored, stop as stop_scoring};
pub use saving::{has_pixels, on_dialog, on_saved};
pub use scores::{ScoresAction, on_scores};

use super::{live, remember, weights_changed};
use crate::app::state::State;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::app::state::history::EditKind;
use crate::app::state::tradeoff::{
    Dot, LAG_SECS, LONGEST_TEXT, MOST_RANDOM, MOST_SAMPLES, MOST_STEPS, Saved, Scores, SortBy,
    Sweep, SweepPhase, Swept, Wanted,
};
use crate::domain::{CancelToken, RunId};
use crate::error::Failure;
use crate::worker::sweep::{Pace, SweepCommand, SweepEvent, SweepRecord, SweepRequest};
use crate::worker::{Command, LineupInfo};

/// Applies what a person did and says what the worker must do.
pub(super) fn apply(state: &mut State, action: TradeoffAction) -> Vec<Command> {
    let page = &mut state.tradeoff;
    match action {
        TradeoffAction::SetPrompts(choice) => page.setup.prompts = choice,
        TradeoffAction::Tick(index) => {
            if !page.setup.ticked.remove(&index) {
                page.setup.ticked.insert(index);
            }
        }
        TradeoffAction::TickAll(all) => {
            let count = if all { state.library.prompts.len() } else { 0 };
            page.setup.ticked = (0..count).collect();
        }
        TradeoffAction::EditTyped(text) => page.setup.typed = text,
        TradeoffAction::SetWay(way) => page.setup.way = way,
        TradeoffAction::SetSwept { objective, swept } => {
            if let Some(place) = page.setup.objectives.get_mut(objective) {
                *place = mended(swept);
            }
        }
        TradeoffAction::SetRandom { count, total } => {
            page.setup.random = count.clamp(1, MOST_RANDOM);
            page.setup.total = weight(total).max(0.01);
        }
        TradeoffAction::SetSamples(samples) => {
            page.setup.samples = samples.clamp(1, MOST_SAMPLES);
        }
        TradeoffAction::SetMaxTokens(tokens) => {
            page.setup.max_tokens = tokens.clamp(1, LONGEST_TEXT);
        }
        TradeoffAction::Start => return start(state),
        TradeoffAction::Pause(paused) => return pause(state, paused),
        TradeoffAction::Stop => return stop(state),
        TradeoffAction::SetMeasure(measure) => {
            page.look.measure = measure;
            // They are ranges of the scores of before.
            page.look.marks.clear();
            work_out(state);
        }
        TradeoffAction::SetReference(reference) => {
            page.look.reference = reference;
            work_out(state);
        }
        TradeoffAction::SetChart(chart) => page.look.chart = chart,
        TradeoffAction::SetAxis { place, objective } => {
            let place = place.min(1);
            // The same objective on both sides says nothing: they change places.
            if page.look.axes[1 - place] == objective {
                page.look.axes.swap(0, 1);
            } else {
                page.look.axes[place] = objective;
            }
            follow_axes(state);
        }
        TradeoffAction::ShowPair(axes) => {
            page.look.axes = axes;
            page.look.chart = crate::app::state::tradeoff::Chart::Scatter;
            follow_axes(state);
        }
        TradeoffAction::Mark { axis, range } => {
            let marks = &mut page.look.marks;
            if marks.len() <= axis {
                marks.resize(axis + 1, None);
            }
            marks[axis] = range;
        }
        TradeoffAction::Unmark => page.look.marks.clear(),
        TradeoffAction::SetColour(objective) => page.look.colour = objective,
        TradeoffAction::SetTable(table) => {
            page.look.table = table;
            page.look.sort = SortBy::Order;
            page.look.descending = false;
        }
        TradeoffAction::Sort(by) => {
            // Scores are looked at from the best down.
            let first = !matches!(by, SortBy::Order | SortBy::Weight(_));
            page.look.descending = if page.look.sort == by {
                !page.look.descending
            } else {
                first
            };
            page.look.sort = by;
        }
        TradeoffAction::Load(setting) => return load(state, setting),
        TradeoffAction::Along(place) => return along(state, place),
        TradeoffAction::EditPath(path) => page.path = path,
        TradeoffAction::SetPictureScale(scale) => page.look.picture_scale = scale,
        TradeoffAction::Browse => saving::browse(state, Wanted::Sweep),
        TradeoffAction::Scores(action) => return scores::apply(state, action),
        TradeoffAction::Save => saving::save(state),
        TradeoffAction::DismissSaved => page.saved = Saved::Not,
    }
    Vec::new()
}

/// A weight that can be typed.
fn weight(weight: f64) -> f64 {
    if weight.is_finite() {
        weight.clamp(0.0, LARGEST_TYPED_WEIGHT)
    } else {
        0.0
    }
}

fn mended(swept: Swept) -> Swept {
    let (low, high) = (weight(swept.low), weight(swept.high));
    Swept {
        low: low.min(high),
        high: high.max(low),
        steps: swept.steps.clamp(1, MOST_STEPS),
        ..swept
    }
}

/// Begins a sweep, which takes the place of the one on screen.
fn start(state: &mut State) -> Vec<Command> {
    let page = &state.tradeoff;
    let (Some(info), Ok(_), None) = (ready(state), page.setup.size(state), page.active()) else {
        return Vec::new();
    };
    let plan = page.setup.plan(state);
    let Ok(settings) = plan.settings() else {
        return Vec::new();
    };
    let mut sampling = state.draft.sampling.clone();
    sampling.max_tokens = page.setup.max_tokens;
    let record = SweepRecord {
        info,
        prompts: page.setup.prompts(state).into(),
        settings: settings.into(),
        axes: plan.axes(),
        samples: page.setup.samples,
        sampling,
        rows: Vec::new(),
        complete: false,
        independent: Vec::new(),
    };
    judging::forget(state);
    let run = RunId(state.next_run);
    state.next_run += 1;
    let cancel = CancelToken::default();
    let request = SweepRequest {
        run,
        cancel: cancel.clone(),
        prompts: record.prompts.clone(),
        settings: record.settings.clone(),
        samples: record.samples,
        sampling: record.sampling.clone(),
    };
    let page = &mut state.tradeoff;
    page.scores = Scores {
        open: page.scores.open,
        path: std::mem::take(&mut page.scores.path),
        texts_path: std::mem::take(&mut page.scores.texts_path),
        ..Scores::default()
    };
    page.look.axes = usual_axes(&record);
    page.look.colour = page.look.axes[0];
    page.look.loaded = None;
    page.look.marks.clear();
    page.look.sort = SortBy::Order;
    page.look.descending = false;
    page.saved = Saved::Not;
    let outcome = record.outcome(page.look.measure, &page.look.reference);
    page.sweep = Some(Sweep {
        run,
        cancel,
        pace: Pace {
            of: request.texts(),
            ..Pace::default()
        },
        dots: Dot::all(&record, &outcome),
        outcome: Arc::new(outcome),
        record,
        phase: SweepPhase::Writing,
        stale: false,
        worked_out_secs: state.now_secs,
    });
    vec![Command::Sweep(SweepCommand::Start(Box::new(request)))]
}

/// What stands on the axes before anybody chose: the first two objectives that are swept. With one swept, another one shows
/// what it costs.
fn usual_axes(record: &SweepRecord) -> [usize; 2] {
    let objectives = record.info.objectives.len();
    let first = record.axes.first().copied().unwrap_or(0);
    let second = record.axes.get(1).copied();
    let second = second.or_else(|| (0..objectives).find(|&other| other != first));
    [first, second.unwrap_or(first)]
}

/// Lets the front follow what stands on the axes, where that says which scores it is over.
fn follow_axes(state: &mut State) {
    let page = &state.tradeoff;
    let is_behind = page
        .sweep
        .as_ref()
        .is_some_and(|sweep| page.look.front_axes(&sweep.record) != sweep.outcome.front_axes);
    if is_behind {
        work_out(state);
    }
}

fn ready(state: &State) -> Option<Arc<LineupInfo>> {
    use crate::app::state::LineupState;
    match &state.lineup {
        LineupState::Ready(info) => Some(info.clone()),
        LineupState::Loading { .. } | LineupState::Missing => None,
    }
}

fn pause(state: &mut State, paused: bool) -> Vec<Command> {
    let Some(sweep) = active(state) else {
        return Vec::new();
    };
    sweep.phase = if paused {
        SweepPhase::Paused
    } else {
        SweepPhase::Writing
    };
    let run = sweep.run;
    work_out(state);
    vec![Command::Sweep(SweepCommand::Pause { run, paused })]
}

fn stop(state: &mut State) -> Vec<Command> {
    let Some(sweep) = active(state) else {
        return Vec::new();
    };
    sweep.cancel.cancel();
    sweep.phase = SweepPhase::Stopped;
    let run = sweep.run;
    work_out(state);
    vec![Command::Sweep(SweepCommand::Stop(run))]
}

fn active(state: &mut State) -> Option<&mut Sweep> {
    let sweep = state.tradeoff.sweep.as_mut();
    sweep.filter(|sweep| sweep.is_active())
}

/// Whether the sweep on screen was written with objectives like those of the sliders.
#[must_use]
pub fn fits_sliders(state: &State) -> bool {
    state.tradeoff.sweep.as_ref().is_some_and(|sweep| {
        let names = |objective: &crate::domain::Objective| objective.name.clone();
        let swept = sweep.record.info.objectives.iter().map(names);
        !state.draft.strips.is_empty() && state.objectives().iter().map(names).eq(swept)
    })
}

/// The setting whose weights were put on the sliders last, while they stand there.
#[must_use]
pub fn loaded(state: &State) -> Option<usize> {
    let page = &state.tradeoff;
    let setting = page.look.loaded.filter(|_| fits_sliders(state))?;
    let weights = page.sweep.as_ref()?.record.settings.get(setting)?;
    let now = state.draft.effective_weights();
    let same = now
        .iter()
        .zip(weights.iter())
        .all(|(a, b)| (a - b).abs() < 1e-5);
    same.then_some(setting)
}

/// Puts the weights of a setting on the sliders.
fn load(state: &mut State, setting: usize) -> Vec<Command> {
    let weights = state.tradeoff.sweep.as_ref();
    let weights = weights.and_then(|sweep| sweep.record.settings.get(setting));
    let (Some(weights), true) = (weights.cloned(), fits_sliders(state)) else {
        return Vec::new();
    };
    remember(state, EditKind::Single);
    put(state, &weights);
    state.tradeoff.look.loaded = Some(setting);
    weights_changed(state)
}

/// Puts the weights at a place of the curve on the sliders; letting the handle go ends the edit.
fn along(state: &mut State, place: f64) -> Vec<Command> {
    let (Some(curve), true) = (state.tradeoff.curve(), fits_sliders(state)) else {
        return Vec::new();
    };
    remember(state, EditKind::Curve);
    put(state, &curve.weights_at(place));
    state.tradeoff.look.loaded = None;
    if state.settings.live {
        weights_changed(state)
    } else {
        live::told(state)
    }
}

fn put(state: &mut State, weights: &[f64]) {
    for (strip, weight) in state.draft.strips.iter_mut().zip(weights) {
        strip.weight = (weight * 1e6).round() / 1e6;
        strip.muted = false;
        strip.soloed = false;
    }
}

/// Takes in what the worker tells of a sweep.
pub(super) fn on_event(state: &mut State, event: SweepEvent) {
    let (run, pace) = match &event {
        SweepEvent::Began { run, pace }
        | SweepEvent::Row { run, pace, .. }
        | SweepEvent::Ended { run, pace, .. } => (*run, *pace),
    };
    let page = &mut state.tradeoff;
    let Some(sweep) = page.sweep.as_mut().filter(|sweep| sweep.run == run) else {
        return;
    };
    sweep.pace = pace;
    match event {
        SweepEvent::Began { .. } => {}
        SweepEvent::Row { row, .. } => {
            sweep.record.rows.push(*row);
            sweep.stale = true;
        }
        SweepEvent::Ended { cancelled, .. } => {
            if sweep.is_active() {
                sweep.phase = if cancelled {
                    SweepPhase::Stopped
                } else {
                    SweepPhase::Done
                };
            }
            sweep.record.complete = !cancelled;
            page.speed = pace.tokens_per_sec().or(page.speed);
            work_out(state);
        }
    }
}

/// Whether it is the sweep that failed.
pub(super) fn on_failed(state: &mut State, run: RunId, failure: &Failure) -> bool {
    let sweep = state.tradeoff.sweep.as_mut();
    let Some(sweep) = sweep.filter(|sweep| sweep.run == run) else {
        return false;
    };
    sweep.phase = SweepPhase::Failed(failure.clone());
    work_out(state);
    true
}

/// The worker is gone, and with it what it was writing.
pub(super) fn on_worker_lost(state: &mut State) {
    if let Some(sweep) = active(state) {
        sweep.phase = SweepPhase::Stopped;
        work_out(state);
    }
    judging::stop(state);
}

/// Other models: the set-up begins anew.
pub(super) fn on_loaded(state: &mut State, same: bool) {
    let objectives = state.objectives().len();
    // Whoever was scoring is gone.
    judging::stop(state);
    let page = &mut state.tradeoff;
    if !same {
        page.speed = None;
        page.look.loaded = None;
    }
    if !same || page.setup.objectives.len() != objectives {
        page.setup.fit(objectives);
    }
}

/// Lets the numbers follow the rows, now and then while there are more to come.
pub(super) fn settle(state: &mut State) {
    let now = state.now_secs;
    let due = state.tradeoff.sweep.as_ref().is_some_and(|sweep| {
        sweep.stale && (!sweep.is_active() || now - sweep.worked_out_secs >= LAG_SECS)
    });
    if due {
        work_out(state);
    }
}

/// Seconds until the numbers are to follow the rows, where they do not.
#[must_use]
pub fn sweep_due_in(state: &State) -> Option<f64> {
    let sweep = state.tradeoff.sweep.as_ref().filter(|sweep| sweep.stale)?;
    Some((sweep.worked_out_secs + LAG_SECS - state.now_secs).max(0.0))
}

fn work_out(state: &mut State) {
    let now = state.now_secs;
    let look = &state.tradeoff.look;
    if let Some(sweep) = &mut state.tradeoff.sweep {
        let front = look.front_axes(&sweep.record);
        let record = &sweep.record;
        let outcome = record.outcome_on(&front, look.measure, &look.reference);
        sweep.dots = Dot::all(record, &outcome);
        sweep.outcome = Arc::new(outcome);
        sweep.stale = false;
        sweep.worked_out_secs = now;
    }
}
