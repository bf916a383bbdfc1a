//! Measuring how loud the objectives are, where the sliders are to stand in that unit.

use crate::app::state::units::Measured;
use crate::app::state::{LineupState, State};
use crate::domain::{CancelToken, RunId};
use crate::error::{Failure, FailureKind};
use crate::worker::{CalibrateRequest, Command};

/// The measurement that is due: sliders in nats, models at hand, nothing known yet and nothing being written.
pub fn calibration_due(state: &mut State) -> Vec<Command> {
    let ready = match &state.lineup {
        LineupState::Ready(info) => !info.objectives.is_empty(),
        LineupState::Loading { .. } | LineupState::Missing => false,
    };
    let units = &state.units;
    let wanted = state.settings.in_nats
        && units.measured.is_none()
        && units.asked.is_none()
        && units.failed.is_none();
    if !ready || !wanted || state.active_run().is_some() {
        return Vec::new();
    }
    let run = RunId(state.next_run);
    state.next_run += 1;
    let cancel = CancelToken::default();
    state.units.asked = Some((run, cancel.clone()));
    vec![Command::Calibrate(CalibrateRequest {
        run,
        cancel,
        texts: state.units.texts.clone(),
    })]
}

/// Lets a measurement, and a look ahead, wait for a text: they are asked for again when the text is written.
pub fn give_way(state: &mut State, commands: &[Command]) {
    super::ahead::give_way(state, commands);
    let writes = commands
        .iter()
        .any(|command| matches!(command, Command::Generate(_) | Command::Load { .. }));
    if let (true, Some((_, cancel))) = (writes, &state.units.asked) {
        cancel.cancel();
    }
}

/// Sliders in weights, or in nats.
pub(super) fn toggle(state: &mut State) {
    state.settings.in_nats = !state.settings.in_nats;
    state.units.failed = None;
}

/// Wants it measured on the texts on screen, or again on the program's own.
pub(super) fn measure_on_screen(state: &mut State, on_screen: bool) {
    state.units.texts = match state.run().filter(|_| on_screen) {
        Some(run) => [run.base.pieces.concat(), run.guided.pieces.concat()]
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .map(|text| (run.prompt.clone(), text))
            .collect(),
        None => Vec::new(),
    };
    state.units.measured = None;
    state.units.failed = None;
    if let Some((_, cancel)) = state.units.asked.take() {
        cancel.cancel();
    }
}

/// Other models are in use.
pub(super) fn forget(state: &mut State) {
    if let Some((_, cancel)) = std::mem::take(&mut state.units).asked {
        cancel.cancel();
    }
}

/// Takes a measurement in; one that was overtaken is dropped.
pub(super) fn on_calibrated(state: &mut State, run: RunId, spread: Vec<f64>, positions: usize) {
    let units = &mut state.units;
    if units.asked.as_ref().map(|(id, _)| *id) == Some(run) {
        units.asked = None;
        units.measured = Some(Measured {
            spread,
            positions,
            on_screen: !units.texts.is_empty(),
        });
    }
}

/// Takes in that a measurement failed; says whether it was one.
pub(super) fn on_failed(state: &mut State, run: RunId, failure: &Failure) -> bool {
    let units = &mut state.units;
    if units.asked.as_ref().map(|(id, _)| *id) != Some(run) {
        return false;
    }
    units.asked = None;
    // One that gave way to a text is done again.
    if failure.kind != FailureKind::Interrupted {
        units.failed = Some(failure.clone());
    }
    true
}

#[cfg(test)]
mod tests;
