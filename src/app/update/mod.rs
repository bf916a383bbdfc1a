//! The only place that writes the window's state: what a person did, and what the worker tells.

#![deny(clippy::wildcard_enum_match_arm)]

mod action;
mod ahead;
mod announce;
mod budget;
mod compare;
mod event;
mod fork;
mod habits;
mod library;
mod listing;
mod live;
mod looking;
pub mod models;
pub mod past;
mod score;
mod showing;
mod side;
mod tradeoff;
mod training;
mod units;
mod weights;
mod writing;

pub use action::Action;
pub use ahead::{AheadAction, ahead_due, ahead_due_in};
pub use budget::on_budget;
pub use event::{on_event, on_rejudged, on_steadiness, on_worker_lost, settle, tick};
pub use fork::can_fork;
pub use habits::{HabitAction, hold_ctrl, keep_messages};
pub use library::{LibraryAction, on_prompts_dialog, on_prompts_file};
pub use listing::ListingAction;
pub use past::{due, on_news, on_request, on_told};
pub use score::{
    ScoreAction, on_dialog as on_score_dialog, on_file as on_score_file, on_scored_again,
    why_no_score,
};
pub use showing::ShowAction;
pub use side::SideAction;
pub use tradeoff::{
    ScoresAction, TradeoffAction, fits_sliders, has_pixels, loaded, on_dialog as on_sweep_dialog,
    on_saved, on_scores, others_than_steered, sweep_due_in,
};
pub use training::{
    TrainAction, Way, can_change, lineup_base, look_for_trainings, on_dialog, on_joined,
    on_preview, on_removed, on_trainer, on_trainer_lost, ready, way, why_not,
};
pub use units::{calibration_due, give_way};
pub use writing::{can_run, load, set_row_budget};

use crate::app::state::draft::next_seed;
use crate::app::state::history::{EditKind, Snapshot};
use crate::app::state::page::Page;
use crate::app::state::palette::Palette;
use crate::app::state::run::Run;
use crate::app::state::settings::ZOOM_RANGE;
use crate::app::state::{LineupState, State};
use crate::worker::{Command, LineupSource};
use models::ModelsAction;
use weights::{largest_weight, mended_weight, weights_changed};
use writing::{run, stop, stop_active};

/// One press of a zoom key.
const ZOOM_STEP: f32 = 0.1;

/// Applies what a person did and says what the worker must do.
pub fn apply(state: &mut State, action: Action) -> Vec<Command> {
    // What a person does to the sliders or texts is meant for those that were there before a comparison.
    if state.compare.is_some() && !action.leaves_comparison() {
        let mut commands = compare::let_go(state);
        commands.extend(apply(state, action));
        return commands;
    }
    showing::tick_for(state, &action);
    let commands = act(state, action);
    showing::follow_tour(state);
    commands
}

fn act(state: &mut State, action: Action) -> Vec<Command> {
    match action {
        Action::Show(action) => showing::apply(state, action),
        Action::GoTo(page) => {
            looking::go_to(state, page);
            match page {
                Page::Models => models::begin(state),
                Page::Start
                | Page::Steer
                | Page::Train
                | Page::Tradeoff
                | Page::Runs
                | Page::Score => Vec::new(),
            }
        }
        Action::Models(action) => models::apply(state, action),
        Action::Past(action) => past::apply(state, action),
        Action::Score(action) => score::apply(state, action),
        Action::Habit(action) => habits::apply(state, action),
        Action::Library(action) => library::apply(state, action),
        Action::EditPrompt(text) => edit_prompt(state, text),
        Action::PickPrompt(index) => {
            if let Some(prompt) = state.library.prompts.get(index)
                && prompt.text != state.draft.prompt.text
                && state.library.may_show(prompt)
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
        Action::Run if state.page == Page::Score => score::begin(state),
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
            let weight = mended_weight(weight, largest_weight(state, objective));
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
        Action::Ahead(action) => ahead::apply(state, action),
        Action::EditCardWords(words) => {
            state.card_words = words;
            Vec::new()
        }
        Action::ShowRun(run) => fork::show(state, run),
        Action::MoveBranch(by) => fork::move_branch(state, by),
        Action::SetGuidance(target) => {
            budget::ask(state, target);
            Vec::new()
        }
        Action::KeepAs(slot) => {
            compare::keep(state, slot);
            Vec::new()
        }
        Action::SwitchTo(slot) => compare::switch(state, slot),
        Action::HoldCompare(hold) => compare::hold(state, hold),
        Action::ToggleKeepSum => {
            state.settings.keep_sum = !state.settings.keep_sum;
            Vec::new()
        }
        Action::EndEdit => {
            budget::let_go(state);
            state.history.close_step();
            let commands = live::steer(state);
            past::tell_weights(state);
            commands
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
        Action::Tradeoff(action) => tradeoff::apply(state, action),
        Action::Undo if state.page == Page::Models => models::apply(state, ModelsAction::Undo),
        Action::Redo if state.page == Page::Models => models::apply(state, ModelsAction::Redo),
        Action::Undo => {
            let before = state.history.undo(state.snapshot());
            before.map_or_else(Vec::new, |snapshot| restore(state, snapshot))
        }
        Action::Redo => {
            let after = state.history.redo(state.snapshot());
            after.map_or_else(Vec::new, |snapshot| restore(state, snapshot))
        }
        Action::ToggleUnits => {
            units::toggle(state);
            Vec::new()
        }
        Action::MeasureOnScreen(on_screen) => {
            units::measure_on_screen(state, on_screen);
            Vec::new()
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
        Action::SetGrain(grain) => {
            state.settings.heat.grain = grain;
            state.settings.heat.locked = None;
            event::fit_scale(state);
            Vec::new()
        }
        Action::SetHeatObjective(objective) => {
            if objective < state.objectives().len() {
                state.focus.objective = objective;
                state.focus.objective_is_chosen = true;
                event::fit_scale(state);
            }
            Vec::new()
        }
        Action::Side(action) => {
            side::apply(state, action);
            Vec::new()
        }
        Action::Listing(action) => {
            listing::apply(state, action);
            Vec::new()
        }
        Action::ToggleLanes => {
            state.settings.heat.lanes ^= true;
            event::fit_scale(state);
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
            if state.palette.take().is_some() {
                // What lies on top goes first.
            } else if state.sheet.take().is_some() {
                // So does a sheet.
            } else if state.page == Page::Score && state.score.is_busy() {
                return score::stop(state);
            } else if state.active_run().is_some() || state.run_when_ready {
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
        Action::TogglePalette => {
            state.palette = match state.palette {
                Some(_) => None,
                None => Some(Palette::default()),
            };
            Vec::new()
        }
        Action::SearchPalette(search) => {
            state.palette = Some(Palette { search, chosen: 0 });
            Vec::new()
        }
        Action::ChooseInPalette(chosen) => {
            if let Some(palette) = &mut state.palette {
                palette.chosen = chosen;
            }
            Vec::new()
        }
        Action::ToggleHelp => {
            state.help_open = !state.help_open;
            Vec::new()
        }
        Action::NextRegion => {
            looking::next_region(state);
            Vec::new()
        }
        Action::RegionFocused(region) => {
            looking::region_focused(state, region);
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
            state.other_models = true;
            load(state)
        }
        Action::DismissProblem => {
            state.problem = None;
            Vec::new()
        }
        Action::Train(action) => training::apply(state, action),
        Action::ToggleProblemDetails => {
            if let Some(problem) = &mut state.problem {
                problem.details_open = !problem.details_open;
            }
            Vec::new()
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

fn zoom_to(state: &mut State, zoom: f32) {
    state.settings.zoom = ((zoom * 10.0).round() / 10.0).clamp(ZOOM_RANGE.0, ZOOM_RANGE.1);
}

#[cfg(test)]
mod tests;
