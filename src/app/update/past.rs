//! The Runs page: what a person did there, what the journal tells, and what it is told.

mod action;
mod dialog;
mod keeping;

use std::path::PathBuf;
use std::sync::Arc;

pub use action::PastAction;
pub use dialog::on_dialog;
pub(super) use keeping::tell_weights;
pub use keeping::{on_request, on_told};

use super::{Action, remember};
use crate::app::state::history::EditKind;
use crate::app::state::page::Page;
use crate::app::state::past::{ExportRow, Painting, Purpose, Wish, record_of, run_of};
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::ThemeChoice;
use crate::app::state::training::typed_path;
use crate::app::state::{LineupState, Problem, ProblemPlace, State};
use crate::demo;
use crate::domain::{LineupSource, RunId};
use crate::error::Failure;
use crate::journal::orders::{News, Order};
use crate::record::command::command;
use crate::record::export::Format;
use crate::record::look::Look;
use crate::record::scorer::RecordedScorer;
use crate::record::{NEEDS_MODEL, Record, file_name};
use crate::worker::Command;

/// Does what a person wants on the page.
pub(super) fn apply(state: &mut State, action: PastAction) -> Vec<Command> {
    let past = &mut state.past;
    match action {
        PastAction::Search(words) => past.search = words,
        PastAction::FilterLineup(lineup) => past.lineup = lineup,
        PastAction::FilterObjective(objective) => past.objective = objective,
        PastAction::FilterSince(since) => past.since = since,
        PastAction::TogglePinned => past.pinned_only = !past.pinned_only,
        PastAction::Open(id, wish) => {
            past.picked = None;
            ask(state, wish, |wish| Order::Open { id, wish });
        }
        PastAction::OpenFile(path) => {
            ask(state, Wish::Show, |wish| Order::OpenFile { path, wish });
        }
        PastAction::EditPath(path) => past.path = path,
        PastAction::OpenTyped => {
            if !past.path.trim().is_empty() {
                let path = typed_path(&past.path);
                ask(state, Wish::Show, |wish| Order::OpenFile { path, wish });
            }
        }
        PastAction::AskFile => dialog::ask_for(state, Purpose::Open),
        PastAction::AskPlace => {
            if let Some(row) = &state.past.export {
                let name = file_name(state.prompt_of(row.id), row.format.extension());
                dialog::ask_for(state, Purpose::Save(name));
            }
        }
        PastAction::ExportShown => {
            let open = past.export.as_ref().is_some_and(|row| row.id.is_none());
            if !open && record_on_screen(state).is_some() {
                let look = usual_look(state, None);
                state.past.export = Some(export_row(state, None, Format::Html, look));
            }
            super::looking::go_to(state, Page::Runs);
        }
        PastAction::OpenDemo(index) => {
            if let Some(recording) = demo::recordings::ALL.get(index) {
                let text = recording.text.into();
                ask(state, Wish::Replay, |wish| Order::OpenText { text, wish });
            }
        }
        PastAction::Pin(id, pinned) => past.outbox.push(Order::Pin(id, pinned)),
        PastAction::Note(id, words) => past.noting = Some((id, words)),
        PastAction::EndNote => {
            if let Some((id, words)) = past.noting.take() {
                past.outbox.push(Order::Note(id, words.trim().to_owned()));
            }
        }
        PastAction::Pick(id) => past.picked = id,
        PastAction::Delete(id) => {
            if let Some(entry) = past.entries.remove(&id) {
                past.deleted.push(entry);
                past.outbox.push(Order::Delete(id));
                past.note = Some("The run is deleted".to_owned());
            }
        }
        PastAction::Undelete => {
            if let Some(entry) = past.deleted.pop() {
                past.outbox.push(Order::Restore(Box::new(entry)));
                past.note = None;
            }
        }
        PastAction::ToggleExport(id) => {
            let open = past.export.as_ref().is_some_and(|row| row.id == id);
            past.export = None;
            if !open {
                let look = usual_look(state, id);
                state.past.export = Some(export_row(state, id, Format::Json, look));
            }
        }
        PastAction::SetFormat(format) => {
            if let Some((id, look)) = past.export.as_ref().map(|row| (row.id, row.look)) {
                state.past.export = Some(export_row(state, id, format, look));
            }
        }
        PastAction::SetLook(look) => {
            if let Some(row) = &mut past.export {
                row.look = look;
            }
        }
        PastAction::EditExport(path) => {
            if let Some(row) = &mut past.export {
                row.path = path;
            }
        }
        PastAction::Export => export(state),
        PastAction::CopyCommand => {
            if let Some(record) = record_on_screen(state) {
                copy_command(state, &record);
            }
        }
        PastAction::SetCap(gigabytes) => {
            state.settings.history_bytes = (gigabytes.clamp(0.05, 10_000.0) * 1e9) as u64;
        }
        PastAction::EndCap => past.outbox.push(Order::Cap(state.settings.history_bytes)),
        PastAction::DismissNote => {
            past.note = None;
            past.torn = false;
        }
        PastAction::LoadItsModels => {
            past.waiting = past.replay.clone();
            return super::apply(state, Action::UseBuiltIn);
        }
        PastAction::LeaveReplay => {
            state.other_models = true;
            return super::load(state);
        }
    }
    Vec::new()
}

fn ask(state: &mut State, wish: Wish, order: impl FnOnce(u64) -> Order) {
    let past = &mut state.past;
    let number = past.next_wish;
    past.next_wish += 1;
    past.wishes.insert(number, wish);
    past.outbox.push(order(number));
}

/// A picture looks like the window, coloured by the objective that colours the words there.
fn usual_look(state: &State, id: Option<u64>) -> Look {
    // Another lineup has its objectives elsewhere, or not at all.
    let wanted = state.objectives().get(state.focus.objective);
    let mut names = state.objectives_of(id).into_iter();
    let objective = wanted.and_then(|wanted| names.position(|name| name == wanted.name));
    Look {
        dark: state.settings.theme == ThemeChoice::Dark,
        objective: objective.unwrap_or_default(),
        ..Look::default()
    }
}

fn export_row(state: &State, id: Option<u64>, format: Format, look: Look) -> ExportRow {
    let name = file_name(state.prompt_of(id), format.extension());
    let folder = std::env::home_dir().unwrap_or_default();
    ExportRow {
        id,
        format,
        look,
        path: folder.join(name).display().to_string(),
    }
}

fn export(state: &mut State) {
    let Some(row) = state.past.export.clone() else {
        return;
    };
    let (path, format, look) = (typed_path(&row.path), row.format, row.look);
    match row.id {
        Some(id) => ask(state, Wish::Export(path, format, look), |wish| {
            Order::Open { id, wish }
        }),
        None => {
            if let Some(record) = record_on_screen(state) {
                write(state, Box::new(record), path, format, look);
            }
        }
    }
}

/// Has a run written to a file: by the journal's thread or, where it is to be painted, by one of the window's.
fn write(state: &mut State, record: Box<Record>, path: PathBuf, format: Format, look: Look) {
    if format == Format::Png {
        state.past.to_paint.push(Painting { path, record, look });
    } else {
        state.past.outbox.push(Order::Save {
            path,
            record,
            format,
            look,
        });
    }
}

fn copy_command(state: &mut State, record: &Record) {
    match command(record) {
        Ok(words) => {
            state.past.copied = Some(words);
            state.past.note = Some("The command is in the clipboard".to_owned());
        }
        Err(failure) => fail(state, failure),
    }
}

/// The run on screen as it can be saved.
#[must_use]
pub fn record_on_screen(state: &State) -> Option<Record> {
    let LineupState::Ready(info) = &state.lineup else {
        return None;
    };
    let run = state.run().filter(|run| !run.guided.is_empty())?;
    Some(record_of(run, info, lineup_file(state)))
}

fn lineup_file(state: &State) -> Option<String> {
    if let Some(replay) = &state.past.replay {
        return replay.lineup_file.clone();
    }
    match &state.source {
        LineupSource::File(path) => Some(path.display().to_string()),
        LineupSource::Demo | LineupSource::Composed(_) => None,
    }
}

fn fail(state: &mut State, failure: Failure) {
    state.problem = Some(Problem {
        failure,
        during: ProblemPlace::Runs,
        details_open: false,
    });
}

/// Takes in what the journal tells.
pub fn on_news(state: &mut State, news: News) -> Vec<Command> {
    let past = &mut state.past;
    match news {
        News::All {
            entries,
            torn,
            is_beside,
        } => {
            past.kept = true;
            past.is_beside = is_beside;
            past.torn = torn;
            *past.entries = entries.into_iter().map(|entry| (entry.id, entry)).collect();
        }
        News::Put(entry) => {
            past.entries.insert(entry.id, *entry);
        }
        News::Gone(id) => {
            past.entries.remove(&id);
        }
        News::Used(bytes) => past.used = bytes,
        News::Saved(path) => {
            past.export = None;
            past.note = Some(format!("Written to {}", path.display()));
        }
        News::Failed { failure, wish } => {
            if let Some(wish) = wish {
                past.wishes.remove(&wish);
            }
            fail(state, failure);
        }
        News::Opened {
            wish,
            record,
            id: _,
        } => {
            let wish = past.wishes.remove(&wish);
            return wish.map_or_else(Vec::new, |wish| opened(state, record, wish));
        }
    }
    Vec::new()
}

fn opened(state: &mut State, record: Arc<Record>, wish: Wish) -> Vec<Command> {
    match wish {
        Wish::Show => want(state, record),
        Wish::Replay => {
            state.past.path.clear();
            replay(state, &record)
        }
        Wish::Left(right) => {
            state.past.left = Some(record);
            ask(state, Wish::Right, |wish| Order::Open { id: right, wish });
            Vec::new()
        }
        Wish::Right => {
            let left = state.past.left.take();
            match left.map(|left| left.beside(&record)) {
                Some(Ok(both)) => want(state, Arc::new(both)),
                Some(Err(failure)) => {
                    fail(state, failure);
                    Vec::new()
                }
                None => Vec::new(),
            }
        }
        Wish::Export(path, format, look) => {
            write(state, Box::new((*record).clone()), path, format, look);
            Vec::new()
        }
        Wish::Command => {
            copy_command(state, &record);
            Vec::new()
        }
    }
}

/// Shows a run, once models that are being loaded are there: they may be its own.
fn want(state: &mut State, record: Arc<Record>) -> Vec<Command> {
    state.past.path.clear();
    state.past.waiting = Some(record);
    due(state)
}

/// Shows the run that waits for models, if they are there or will not come.
pub fn due(state: &mut State) -> Vec<Command> {
    let info = match &state.lineup {
        LineupState::Loading { .. } => return Vec::new(),
        LineupState::Ready(info) => Some(Arc::clone(info)),
        LineupState::Missing => None,
    };
    let Some(record) = state.past.waiting.take() else {
        return Vec::new();
    };
    let live = state.past.replay.is_none() && info.is_some_and(|info| record.is_of(&info));
    if !live {
        return replay(state, &record);
    }
    // Undo goes back to what was on screen.
    remember(state, EditKind::Single);
    show(state, &record);
    Vec::new()
}

/// Shows a run and lets its rows answer in place of models.
fn replay(state: &mut State, record: &Arc<Record>) -> Vec<Command> {
    super::writing::stop_active(state);
    let info = RecordedScorer::new(Arc::clone(record)).info();
    state.other_models = true;
    state.run_when_ready = false;
    let mut commands = super::event::on_loaded(state, Arc::new(info));
    state.past.replay = Some(Arc::clone(record));
    show(state, record);
    commands.push(Command::Replay(Arc::clone(record)));
    commands
}

/// Puts a run on screen, and the sliders where it was written.
fn show(state: &mut State, record: &Record) {
    super::writing::stop_active(state);
    state.draft.prompt = record.prompt.clone();
    state.draft.sampling = record.sampling.clone();
    for (strip, weight) in state.draft.strips.iter_mut().zip(record.weights.iter()) {
        strip.weight = *weight;
        (strip.muted, strip.soloed) = (false, false);
    }
    let id = RunId(state.next_run);
    state.next_run += 1;
    state.runs.insert(id, run_of(record, id));
    state.shown = Some(id);
    state.steer_wanted = false;
    state.problem = None;
    state.focus.pinned = None;
    super::writing::tidy_runs(state);
    super::looking::go_to(state, Page::Steer);
    super::event::fit_scale(state);
}

/// Whether a run has come to where its recording ends.
#[must_use]
pub fn has_left(run: &Run) -> bool {
    match &run.phase {
        RunPhase::Failed(failure) => failure.summary == NEEDS_MODEL,
        RunPhase::Reading | RunPhase::Writing | RunPhase::Ended(_) | RunPhase::Replaced => false,
    }
}

#[cfg(test)]
mod tests;
