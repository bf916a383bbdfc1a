//! The Models page: what a person did there, and what the shelf tells.

mod action;
mod compose;
mod hub;
mod shelf;

use std::path::PathBuf;

pub use action::ModelsAction;
pub use hub::{HubAction, on_hub};
pub use shelf::{on_dialog, on_shelf};

use crate::app::state::State;
use crate::app::state::models::estimate::Estimated;
use crate::app::state::models::form::FileRow;
use crate::app::state::models::plan::{Plan, UNNAMED};
use crate::app::state::models::steps::StepKind;
use crate::app::state::models::{Dialog, Note, Purpose, Side};
use crate::app::state::page::Page;
use crate::domain::{CancelToken, LineupSource};
use crate::worker::Command;
use crate::worker::shelf::{Lineup, ShelfCommand};

use super::Action;

/// Takes in what a lineup takes in memory.
pub fn on_estimated(state: &mut State, estimated: Estimated) {
    state.models.estimated = Some(estimated);
}

/// Asks for what the page shows, the first time that it is on screen.
pub(super) fn begin(state: &mut State) -> Vec<Command> {
    if std::mem::replace(&mut state.models.begun, true) {
        return Vec::new();
    }
    let mut commands = vec![Command::Shelf(ShelfCommand::List {
        folder: state.models.folder.clone(),
    })];
    // The lineup in use is the one to start from.
    if let LineupSource::File(path) = &state.source {
        commands.push(Command::Shelf(ShelfCommand::Open { path: path.clone() }));
    }
    commands.extend(look(state));
    commands
}

/// Does what a person wants on the page.
pub(super) fn apply(state: &mut State, action: ModelsAction) -> Vec<Command> {
    match action {
        ModelsAction::Hub(action) => hub::apply(state, action),
        ModelsAction::ShowSide(side) => {
            state.models.side = side;
            if side == Side::Hub && state.models.hub.access.is_none() {
                return vec![hub::begin(state)];
            }
            Vec::new()
        }
        ModelsAction::LookAgain => look(state),
        ModelsAction::Search(words) => {
            state.models.search = words;
            Vec::new()
        }
        ModelsAction::EditPath(path) => {
            state.models.path = path;
            Vec::new()
        }
        ModelsAction::OpenTyped => {
            let path = state.models.path.trim().to_owned();
            if path.is_empty() {
                return Vec::new();
            }
            open(state, path.into())
        }
        ModelsAction::Open(path) => {
            let mut commands = super::apply(state, Action::GoTo(Page::Models));
            commands.extend(open(state, path));
            commands
        }
        ModelsAction::Forget(place) => {
            shelf::forget(state, &place);
            look(state)
        }
        ModelsAction::Browse(purpose) => {
            let serial = state.models.next_serial;
            state.models.next_serial += 1;
            state.models.dialog = Some(Dialog {
                serial,
                purpose,
                since_secs: state.now_secs,
            });
            Vec::new()
        }
        ModelsAction::ToggleFileRow { writes } => {
            let models = &mut state.models;
            let open = models
                .file_row
                .as_ref()
                .is_some_and(|row| row.writes == writes);
            models.file_row = (!open).then(|| FileRow {
                writes,
                path: String::new(),
            });
            Vec::new()
        }
        ModelsAction::EditFileRow(path) => {
            if let Some(row) = &mut state.models.file_row {
                row.path = path;
            }
            Vec::new()
        }
        ModelsAction::UseFileRow => {
            let Some(row) = &state.models.file_row else {
                return Vec::new();
            };
            let path = row.path.trim().to_owned();
            match (path.is_empty(), row.writes) {
                (true, _) => Vec::new(),
                (false, true) => shelf::export(state, path.into()),
                (false, false) => shelf::import(state, path.into()),
            }
        }
        ModelsAction::New => {
            let plan = Plan {
                name: UNNAMED.to_owned(),
                ..Plan::default()
            };
            compose::replace(state, plan)
        }
        ModelsAction::PickReady(index) => {
            let ready = state.models.ready.get(index);
            let plan = ready.map(|ready| Plan::of(&ready.lineup, None));
            plan.map_or_else(Vec::new, |plan| compose::replace(state, plan))
        }
        ModelsAction::PickSaved(index) => {
            let Some(saved) = state.models.saved.get(index) else {
                return Vec::new();
            };
            match &saved.lineup {
                Ok(lineup) => {
                    let plan = Plan::of(lineup, Some(saved.file.clone()));
                    compose::replace(state, plan)
                }
                Err(failure) => {
                    let failure = failure.clone();
                    shelf::fail(state, failure, None);
                    Vec::new()
                }
            }
        }
        ModelsAction::Load => load(state),
        ModelsAction::Save => shelf::save(state),
        ModelsAction::Delete(index) => shelf::delete(state, index),
        ModelsAction::Undelete => shelf::undelete(state),
        ModelsAction::DismissNote => {
            state.models.note = None;
            Vec::new()
        }
        ModelsAction::Retry => {
            state.problem = None;
            state.models.retry.take().into_iter().collect()
        }
        ModelsAction::Undo => {
            let before = state.models.steps.undo(state.models.plan.clone());
            before.map_or_else(Vec::new, |plan| compose::restore(state, plan))
        }
        ModelsAction::Redo => {
            let after = state.models.steps.redo(state.models.plan.clone());
            after.map_or_else(Vec::new, |plan| compose::restore(state, plan))
        }
        ModelsAction::EditName(_)
        | ModelsAction::SetBase(_)
        | ModelsAction::SetBaseTemplate(_)
        | ModelsAction::ToggleForm(_)
        | ModelsAction::EditForm(_)
        | ModelsAction::AddFromForm
        | ModelsAction::AddModel(_)
        | ModelsAction::Rename(..)
        | ModelsAction::EditAbout(..)
        | ModelsAction::EditSentence(..)
        | ModelsAction::SetColour(..)
        | ModelsAction::SetWeight(..)
        | ModelsAction::SetTemplate(..)
        | ModelsAction::Remove(_)
        | ModelsAction::Unfold(_)
        | ModelsAction::EndEdit => compose::edit(state, action),
    }
}

/// Looks for models where they usually are and in what a person has opened.
fn look(state: &mut State) -> Vec<Command> {
    if let Some(before) = state.models.looking.take() {
        before.cancel();
    }
    let cancel = CancelToken::default();
    state.models.looking = Some(cancel.clone());
    vec![Command::Shelf(ShelfCommand::Find {
        opened: state.settings.opened.clone(),
        cancel,
    })]
}

fn open(state: &mut State, path: PathBuf) -> Vec<Command> {
    state.models.note = None;
    vec![Command::Shelf(ShelfCommand::Open { path })]
}

/// Loads the lineup that was put together and goes where it steers.
fn load(state: &mut State) -> Vec<Command> {
    if state.models.plan.gap().is_some() {
        return Vec::new();
    }
    let Some(lineup) = state.models.plan.lineup() else {
        return Vec::new();
    };
    match lineup.to_toml() {
        Ok(text) => {
            state.source = LineupSource::Composed(text.into());
            state.wanted_weights.clear();
            state.other_models = true;
            let mut commands = super::apply(state, Action::GoTo(Page::Steer));
            commands.extend(super::load(state));
            commands
        }
        Err(error) => {
            shelf::fail(state, error.into(), None);
            Vec::new()
        }
    }
}

/// Takes a lineup in hand that was put together elsewhere; the one before comes back with undo.
pub(super) fn hold(state: &mut State, lineup: &Lineup) -> Vec<Command> {
    compose::replace(state, Plan::of(lineup, None))
}

/// Says what happened, until something else does.
fn note(state: &mut State, words: impl Into<String>) {
    state.models.note = Some(Note::of(words));
}

fn remember(state: &mut State, kind: StepKind) {
    let models = &mut state.models;
    models.steps.remember(kind, models.plan.clone());
}

/// What the dialog's answer is used for where it is a path.
fn use_path(state: &mut State, purpose: &Purpose, path: PathBuf) -> Vec<Command> {
    match purpose {
        Purpose::ModelFolder | Purpose::ModelFile => open(state, path),
        Purpose::Import => shelf::import(state, path),
        Purpose::Export(_) => shelf::export(state, path),
    }
}

#[cfg(test)]
mod tests;
