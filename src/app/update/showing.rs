//! Demo mode: its two sliders, the held breath, the tour.

use super::{Action, live, remember, run, stop, weights_changed};
use crate::app::state::State;
use crate::app::state::blend::Blend;
use crate::app::state::history::EditKind;
use crate::app::state::page::Page;
use crate::app::state::settings::Mode;
use crate::app::state::showing::{Tour, TourStep};
use crate::domain::Pane;
use crate::worker::Command;

/// One press of an arrow key.
const BALANCE_STEP: f64 = 0.05;
const STRENGTH_STEP: f64 = 0.1;

/// A strength that counts as no guidance, and one that counts as some.
const OFF: f64 = 0.005;
const ON: f64 = 0.8;

/// What a person did in Demo mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ShowAction {
    /// Wants the simple page or the full one.
    SetMode(Mode),
    /// Moved one of the two sliders.
    SetBlend(Blend),
    /// Moved the balance by so many steps of the keyboard.
    MoveBalance(i32),
    /// The same for the strength.
    MoveStrength(i32),
    /// Wants everything to stand still, or to go on.
    ToggleFreeze,
    /// Wants the window to fill the screen, or not.
    ToggleFullScreen,
    /// Took the prompt of that place in the library and wants it answered.
    Ask(usize),
    /// Wants texts written, or the writing to stop.
    RunOrStop,
    /// Begins the tour.
    BeginTour,
    /// Ends it.
    EndTour,
    /// Wants the start page at the next start, or not.
    Greet(bool),
}

pub(super) fn apply(state: &mut State, action: ShowAction) -> Vec<Command> {
    match action {
        ShowAction::SetMode(mode) => set_mode(state, mode),
        ShowAction::SetBlend(blend) => set_blend(state, blend),
        ShowAction::MoveBalance(steps) => move_blend(state, |blend| {
            blend.balance += BALANCE_STEP * f64::from(steps);
        }),
        ShowAction::MoveStrength(steps) => move_blend(state, |blend| {
            blend.strength += STRENGTH_STEP * f64::from(steps);
        }),
        ShowAction::ToggleFreeze => freeze(state, !state.showing.frozen),
        ShowAction::ToggleFullScreen => {
            state.showing.full_screen = !state.showing.full_screen;
            Vec::new()
        }
        ShowAction::Ask(index) => {
            let library = &state.library;
            if !(library.prompts.get(index)).is_some_and(|prompt| library.may_show(prompt)) {
                return Vec::new();
            }
            let mut commands = super::apply(state, Action::PickPrompt(index));
            commands.extend(super::apply(state, Action::Run));
            commands
        }
        ShowAction::RunOrStop => {
            if state.active_run().is_some() || state.run_when_ready {
                stop(state);
                Vec::new()
            } else {
                run(state)
            }
        }
        ShowAction::BeginTour => {
            let commands = set_mode(state, Mode::Demo);
            super::looking::go_to(state, Page::Steer);
            state.showing.tour = Some(Tour::default());
            commands
        }
        ShowAction::EndTour => {
            state.showing.tour = None;
            Vec::new()
        }
        ShowAction::Greet(greet) => {
            state.settings.greet = greet;
            Vec::new()
        }
    }
}

/// Demo mode shows two sliders for two objectives: what others would add unseen is taken away, in one step of undo.
fn set_mode(state: &mut State, mode: Mode) -> Vec<Command> {
    if state.settings.mode == mode {
        return Vec::new();
    }
    state.settings.mode = mode;
    state.focus.pinned = None;
    let commands = match mode {
        Mode::Lab => freeze(state, false),
        Mode::Demo => only_pair(state),
    };
    // Words have other numbers than their pieces.
    super::event::fit_scale(state);
    commands
}

/// Sets all other weights to 0. Also to be called when other models have come.
pub(super) fn only_pair(state: &mut State) -> Vec<Command> {
    let Some((pair, blend)) = state.blend() else {
        return Vec::new();
    };
    state.showing.balance = blend.balance;
    let others = state
        .draft
        .terms()
        .iter()
        .any(|(index, _)| !pair.contains(index));
    let bare = state
        .draft
        .strips
        .iter()
        .all(|strip| !strip.muted && !strip.soloed);
    if !others && bare {
        return Vec::new();
    }
    remember(state, EditKind::Single);
    put(state, pair, blend);
    weights_changed(state)
}

fn move_blend(state: &mut State, change: impl Fn(&mut Blend)) -> Vec<Command> {
    let Some((_, mut blend)) = state.blend() else {
        return Vec::new();
    };
    change(&mut blend);
    let mut commands = set_blend(state, blend);
    commands.extend(super::apply(state, Action::EndEdit));
    commands
}

#[expect(
    clippy::float_cmp,
    reason = "weights that nobody has moved are the same to the last bit"
)]
fn set_blend(state: &mut State, blend: Blend) -> Vec<Command> {
    let Some((pair, now)) = state.blend() else {
        return Vec::new();
    };
    let blend = blend.mended();
    state.showing.balance = blend.balance;
    if blend.weights() == now.weights() {
        return Vec::new();
    }
    remember(state, EditKind::Blend);
    put(state, pair, blend);
    if state.showing.frozen {
        return Vec::new();
    }
    weights_changed(state)
}

fn put(state: &mut State, pair: [usize; 2], blend: Blend) {
    let weights = blend.weights();
    for (index, strip) in state.draft.strips.iter_mut().enumerate() {
        strip.muted = false;
        strip.soloed = false;
        strip.weight = match pair {
            [one, other] if one == other && index == one => blend.strength,
            [first, _] if index == first => weights[0],
            [_, second] if index == second => weights[1],
            _ => 0.0,
        };
    }
}

/// Holds whatever is written, or lets it go on; what the sliders asked for meanwhile is done then.
pub(super) fn freeze(state: &mut State, frozen: bool) -> Vec<Command> {
    if state.showing.frozen == frozen {
        return Vec::new();
    }
    state.showing.frozen = frozen;
    for run in state.runs.values().filter(|run| run.is_active()) {
        run.cancel.hold(frozen);
    }
    if frozen {
        return Vec::new();
    }
    let mut commands = live::told(state);
    commands.extend(live::steer(state));
    commands
}

/// Ticks off what an action has done of the tour.
pub(super) fn follow_tour(state: &mut State) {
    let Some(mut tour) = state.showing.tour.take() else {
        return;
    };
    let blend = state.blend().map(|(_, blend)| blend);
    let was_off = tour
        .steps()
        .any(|(step, done)| step == TourStep::Off && done);
    let run = state.run();
    if run.is_some() {
        tour.tick(TourStep::Run);
    }
    if let (Some(token), Some(run)) = (state.card_token(), run)
        && token.pane == Pane::Guided
        && run.fork_at().is_none_or(|fork| token.index >= fork)
    {
        tour.tick(TourStep::Point);
    }
    if let Some(blend) = blend {
        if run.is_some() && blend.strength < OFF {
            tour.tick(TourStep::Off);
        }
        if was_off && blend.strength > ON {
            tour.tick(TourStep::On);
        }
        if run.is_some() && blend.strength > OFF && !(0.15..=0.85).contains(&blend.balance) {
            tour.tick(TourStep::Balance);
        }
    }
    state.showing.tour = Some(tour);
}

/// Ticks off the steps that are known by what was pressed.
pub(super) fn tick_for(state: &mut State, action: &Action) {
    let ran = state.run().is_some();
    let colours_off = !state.settings.heat.on;
    let Some(tour) = &mut state.showing.tour else {
        return;
    };
    if matches!(
        action,
        Action::PickPrompt(_) | Action::EditPrompt(_) | Action::Show(ShowAction::Ask(_))
    ) {
        tour.tick(TourStep::Ask);
    }
    if colours_off && *action == Action::ToggleHeat {
        tour.tick(TourStep::Colours);
    }
    if ran && *action == Action::RunWithNewSeed {
        tour.tick(TourStep::Luck);
    }
}

#[cfg(test)]
mod tests;
