//! Files and folders: what is asked of the shelf, and what it tells.

use std::path::PathBuf;

use crate::app::state::models::plan::Plan;
use crate::app::state::models::{DialogAnswer, Note};
use crate::app::state::{Problem, ProblemPlace, State};
use crate::domain::LineupSource;
use crate::error::Failure;
use crate::worker::Command;
use crate::worker::shelf::{
    Lineup, Opened, Place, SavedLineup, ShelfCommand, ShelfEvent, ShelfTask,
};

use super::{compose, look, note, use_path};

/// Takes in what the shelf tells.
pub fn on_shelf(state: &mut State, event: ShelfEvent) -> Vec<Command> {
    match event {
        ShelfEvent::Found(found) => {
            state.models.looking = None;
            state.models.found = found;
            compose::judge(state)
        }
        ShelfEvent::Opened(Opened::Models { path, models }) => {
            state.models.path.clear();
            let words = match models.as_slice() {
                [one] => format!("{} is in the list now", one.facts.name),
                many => format!("{} models are in the list now", many.len()),
            };
            note(state, words);
            if !state.settings.opened.contains(&path) {
                state.settings.opened.push(path);
            }
            look(state)
        }
        ShelfEvent::Opened(Opened::Lineup(lineup)) => opened_lineup(state, &lineup),
        ShelfEvent::Judged {
            serial,
            subject,
            fit,
        } => {
            let asked = state.models.judging.as_ref();
            if asked.is_some_and(|judging| judging.serial == serial) {
                state.models.fits.insert(subject, *fit);
            }
            Vec::new()
        }
        ShelfEvent::Lineups { ready, saved } => {
            state.models.ready = ready;
            state.models.saved = saved;
            // The lineup in use is the one to start from.
            if !state.models.plan.is_blank() {
                return Vec::new();
            }
            match in_use(state) {
                Some(lineup) => {
                    let file = file_of(state, &lineup);
                    compose::restore(state, Plan::of(&lineup, file))
                }
                None => Vec::new(),
            }
        }
        ShelfEvent::Saved(saved) => {
            on_saved(state, *saved);
            Vec::new()
        }
        ShelfEvent::Deleted(deleted) => {
            state.models.saved.retain(|one| one.file != deleted.file);
            if state.models.plan.file.as_ref() == Some(&deleted.file) {
                state.models.plan.file = None;
            }
            state.models.note = Some(Note {
                words: format!("{} is deleted", deleted.name),
                deleted: Some(deleted),
            });
            Vec::new()
        }
        ShelfEvent::Exported(file) => {
            state.models.file_row = None;
            note(state, format!("Written to {}", file.display()));
            Vec::new()
        }
        ShelfEvent::Failed { task, failure } => {
            failed(state, task, failure);
            Vec::new()
        }
    }
}

/// Takes in what became of a file dialog.
pub fn on_dialog(state: &mut State, serial: u64, answer: DialogAnswer) -> Vec<Command> {
    let Some(dialog) = state
        .models
        .dialog
        .take_if(|dialog| dialog.serial == serial)
    else {
        return Vec::new();
    };
    match answer {
        DialogAnswer::Chosen(path) => use_path(state, &dialog.purpose, path),
        DialogAnswer::Closed => Vec::new(),
        DialogAnswer::NeverShown => {
            note(
                state,
                "Your desktop has no file dialog to offer: type the path instead, or drop the file onto the window",
            );
            Vec::new()
        }
    }
}

/// The lineup in use; one that was read from a file is opened on its own.
fn in_use(state: &State) -> Option<Lineup> {
    match &state.source {
        LineupSource::Demo => state.models.ready.first().map(|ready| ready.lineup.clone()),
        LineupSource::Composed(text) => Lineup::parse(text, "as put together").ok(),
        LineupSource::File(_) => None,
    }
}

/// The file that holds just this lineup among those that a person saved.
fn file_of(state: &State, lineup: &Lineup) -> Option<PathBuf> {
    let mut saved = state.models.saved.iter();
    let saved = saved.find(|saved| saved.lineup.as_ref() == Ok(lineup))?;
    Some(saved.file.clone())
}

fn opened_lineup(state: &mut State, lineup: &Lineup) -> Vec<Command> {
    state.models.path.clear();
    let known = file_of(state, lineup);
    let keep = state.models.importing && known.is_none();
    state.models.importing = false;
    state.models.file_row = None;
    let mut commands = compose::replace(state, Plan::of(lineup, known));
    if keep {
        commands.extend(save(state));
    } else {
        note(state, format!("{} is open", lineup.name));
    }
    commands
}

fn on_saved(state: &mut State, saved: SavedLineup) {
    let models = &mut state.models;
    models.saved.retain(|one| one.file != saved.file);
    let of_plan = models.plan.lineup().as_ref() == saved.lineup.as_ref().ok();
    if of_plan && models.plan.file.is_none() {
        models.plan.file = Some(saved.file.clone());
        models.steps.filed(&saved.file);
    }
    let name = saved.name.clone();
    models.saved.push(saved);
    models
        .saved
        .sort_by_key(|one| (one.name.to_lowercase(), one.file.clone()));
    note(state, format!("{name} is saved"));
}

/// Saves the lineup in hand.
pub(super) fn save(state: &mut State) -> Vec<Command> {
    let models = &mut state.models;
    if models.plan.gap().is_some() {
        return Vec::new();
    }
    let (Some(folder), Some(lineup)) = (models.folder.clone(), models.plan.lineup()) else {
        return Vec::new();
    };
    models.steps.close_step();
    vec![Command::Shelf(ShelfCommand::Save {
        folder,
        file: models.plan.file.clone(),
        lineup: Box::new(lineup),
    })]
}

pub(super) fn delete(state: &mut State, index: usize) -> Vec<Command> {
    let saved = state.models.saved.get(index);
    let file = saved.map(|saved| saved.file.clone());
    file.map(|file| Command::Shelf(ShelfCommand::Delete { file }))
        .into_iter()
        .collect()
}

/// Brings back the lineup that was deleted last.
pub(super) fn undelete(state: &mut State) -> Vec<Command> {
    let deleted = state.models.note.take().and_then(|note| note.deleted);
    let (Some(deleted), Some(folder)) = (deleted, state.models.folder.clone()) else {
        return Vec::new();
    };
    let Ok(lineup) = deleted.lineup else {
        return Vec::new();
    };
    vec![Command::Shelf(ShelfCommand::Save {
        folder,
        file: Some(deleted.file),
        lineup: Box::new(lineup),
    })]
}

/// Reads a lineup and keeps it.
pub(super) fn import(state: &mut State, path: PathBuf) -> Vec<Command> {
    state.models.importing = true;
    vec![Command::Shelf(ShelfCommand::Open { path })]
}

/// Writes the lineup in hand where a person wants it.
pub(super) fn export(state: &mut State, file: PathBuf) -> Vec<Command> {
    let models = &state.models;
    if models.plan.gap().is_some() {
        return Vec::new();
    }
    let lineup = models.plan.lineup();
    lineup
        .map(|lineup| {
            Command::Shelf(ShelfCommand::Export {
                file,
                lineup: Box::new(lineup),
            })
        })
        .into_iter()
        .collect()
}

/// No longer looks into what a person opened that holds this model.
pub(super) fn forget(state: &mut State, place: &Place) {
    if let Place::Path(path) = place {
        let path = PathBuf::from(path);
        state
            .settings
            .opened
            .retain(|opened| !path.starts_with(opened));
    }
}

fn failed(state: &mut State, task: ShelfTask, failure: Failure) {
    let models = &mut state.models;
    match task {
        ShelfTask::Judge(serial) => {
            if models
                .judging
                .as_ref()
                .is_some_and(|judging| judging.serial == serial)
            {
                models.base_problem = Some(failure);
            }
        }
        ShelfTask::Find => {
            models.looking = None;
            fail(state, failure, None);
        }
        ShelfTask::Open(path) => {
            models.importing = false;
            let retry = Command::Shelf(ShelfCommand::Open { path });
            fail(state, failure, Some(retry));
        }
        ShelfTask::List => {
            let folder = models.folder.clone();
            let retry = Command::Shelf(ShelfCommand::List { folder });
            fail(state, failure, Some(retry));
        }
        ShelfTask::Save => {
            let retry = save(state).pop();
            fail(state, failure, retry);
        }
        ShelfTask::Delete | ShelfTask::Export => fail(state, failure, None),
    }
}

/// Shows a failure on the page, with what would do it once more.
pub(super) fn fail(state: &mut State, failure: Failure, retry: Option<Command>) {
    state.models.retry = retry;
    state.problem = Some(Problem {
        failure,
        during: ProblemPlace::Models,
        details_open: false,
    });
}
