//! A trained objective joins the lineup in use, or leaves it.

use std::path::Path;

use super::lineup_base;
use crate::app::state::page::Page;
use crate::app::state::training::{JoinAnswer, JoinRequest};
use crate::app::state::{LineupState, Problem, ProblemPlace, State};
use crate::app::update::{looking, models, writing};
use crate::domain::LineupSource;
use crate::train::join::Change;
use crate::worker::Command;

/// What a finished training's objective can do with the lineup in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It joins it: both build on the same base.
    Join,
    /// It is in it and can leave.
    Leave,
    /// It was trained over another base, or nothing is loaded: with its base it is a lineup of its own.
    Alone,
}

/// What the objective in this folder, trained over `base`, can do with the lineup in use.
#[must_use]
pub fn way(state: &State, folder: &Path, base: &str) -> Way {
    let models = state.lineup_info().map_or(&[][..], |info| &info.models);
    if models
        .iter()
        .any(|model| Path::new(&model.source) == folder)
    {
        Way::Leave
    } else if lineup_base(state).as_deref() == Some(base) {
        Way::Join
    } else {
        Way::Alone
    }
}

/// Whether a lineup can be changed now: not while models are on their way.
#[must_use]
pub fn can_change(state: &State) -> bool {
    let loading = match state.lineup {
        LineupState::Loading { .. } => true,
        LineupState::Ready(_) | LineupState::Missing => false,
    };
    !loading && state.training.joining.is_none()
}

/// Asks for the lineup that the objective in this folder joins or leaves.
pub(super) fn ask(state: &mut State, folder: &Path) {
    let finished = state.training.found_at(folder);
    let Some(found) = finished.filter(|found| !found.can_go_on).cloned() else {
        return;
    };
    if !can_change(state) {
        return;
    }
    let way = way(state, folder, &found.record.order.base);
    let lineup = match way {
        Way::Join | Way::Leave => Some(state.source.clone()),
        Way::Alone => None,
    };
    let joins = match way {
        Way::Join | Way::Alone => true,
        Way::Leave => false,
    };
    let page = &mut state.training;
    page.next_join += 1;
    page.joining = Some(JoinRequest {
        serial: page.next_join,
        change: Change {
            lineup,
            found,
            joins,
        },
    });
}

/// Loads the changed lineup; the sliders of those who stay keep their places, and what was on screen is written again.
pub fn on_joined(state: &mut State, answer: JoinAnswer) -> Vec<Command> {
    let page = &mut state.training;
    let asked = page.joining.as_ref().map(|request| request.serial);
    if asked != Some(answer.serial) {
        return Vec::new();
    }
    page.joining = None;
    let changed = match answer.result {
        Ok(changed) => changed,
        Err(failure) => {
            state.problem = Some(Problem {
                failure,
                during: ProblemPlace::Worker,
                details_open: false,
            });
            return Vec::new();
        }
    };
    let mut weights: Vec<(String, f64)> = state
        .objectives()
        .iter()
        .zip(&state.draft.strips)
        .map(|(objective, strip)| (objective.name.clone(), strip.weight))
        .collect();
    weights.retain(|(name, _)| changed.objectives.contains(name));
    let before = replace_lineup(state, changed.lineup);
    state.training.lineup_before = Some(before);
    state.wanted_weights = weights;
    let written = state.shown.is_some();
    looking::go_to(state, Page::Steer);
    let mut commands = writing::load(state);
    state.run_when_ready = written;
    // On the Models page it can be saved.
    commands.extend(models::hold(state, &changed.made));
    commands
}

/// Goes back to the lineup from before a change that could not be loaded.
pub(super) fn back(state: &mut State) -> Vec<Command> {
    let Some(before) = state.training.lineup_before.take() else {
        return Vec::new();
    };
    replace_lineup(state, before);
    let written = state.shown.is_some();
    let commands = writing::load(state);
    state.run_when_ready = written;
    commands
}

/// Puts a lineup in place of the one in use, which it gives back. Objectives of the same names may be others.
fn replace_lineup(state: &mut State, lineup: LineupSource) -> LineupSource {
    state.other_models = true;
    std::mem::replace(&mut state.source, lineup)
}

#[cfg(test)]
#[path = "joining_tests.rs"]
mod tests;
