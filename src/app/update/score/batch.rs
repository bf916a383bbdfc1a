//! Every answer of a file: a few at a time go to the worker, so that whatever else is wanted of it need not wait long.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::models::DialogAnswer;
use crate::app::state::score::{
    BatchPhase, BatchRun, BatchSaved, FileAnswer, FileRequest, Tab, Wanted,
};
use crate::app::state::training::typed_path;
use crate::app::state::{LineupState, State};
use crate::domain::{CancelToken, Prompt, RunId};
use crate::engine::sums::TextSums;
use crate::error::{Failure, FailureKind};
use crate::record::scored::ScoredAnswer;
use crate::worker::{Command, ScoreRequest};

/// Answers that the worker is given at a time.
const AT_A_TIME: usize = 4;

/// Begins to score the file that was read.
pub(super) fn begin(state: &mut State) -> Vec<Command> {
    let LineupState::Ready(info) = &state.lineup else {
        return Vec::new();
    };
    let batch = &mut state.score.batch;
    let Some(file) = batch.readable().cloned() else {
        return Vec::new();
    };
    if batch.active().is_some() {
        return Vec::new();
    }
    if batch.out.trim().is_empty() {
        batch.out = beside(&file.path).display().to_string();
    }
    batch.saved = BatchSaved::Not;
    batch.run = Some(BatchRun {
        info: Arc::clone(info),
        weights: state.draft.effective_weights(),
        file,
        raw: batch.raw,
        with_end: batch.with_end,
        cancel: CancelToken::default(),
        phase: BatchPhase::Scoring,
        given: VecDeque::new(),
        rows: Vec::new(),
        began_secs: state.now_secs,
        last_secs: state.now_secs,
    });
    go_on(state)
}

/// The scores of `answers.csv` belong into `answers.scores.csv`.
fn beside(path: &std::path::Path) -> PathBuf {
    path.with_extension("scores.csv")
}

/// Gives the worker as many answers as it should have.
fn go_on(state: &mut State) -> Vec<Command> {
    let Some(run) = state.score.batch.run.as_mut() else {
        return Vec::new();
    };
    let mut commands = Vec::new();
    while run.phase == BatchPhase::Scoring && run.given.len() < AT_A_TIME {
        let next = run.rows.len() + run.given.len();
        let Some(pair) = run.file.pairs.get(next) else {
            break;
        };
        let id = RunId(state.next_run);
        state.next_run += 1;
        run.given.push_back(id);
        commands.push(Command::Score(ScoreRequest {
            run: id,
            cancel: run.cancel.clone(),
            prompt: Prompt {
                raw: run.raw,
                ..Prompt::of(pair.prompt.clone())
            },
            response: pair.response.clone(),
            with_end: run.with_end,
            told: false,
            weights: Arc::clone(&run.weights),
        }));
    }
    if run.given.is_empty() && run.phase == BatchPhase::Scoring {
        run.phase = BatchPhase::Done;
    }
    commands
}

/// Takes in what came of an answer; nothing where it is none of the file's.
pub(super) fn on_row(
    state: &mut State,
    id: RunId,
    sums: &Result<TextSums, Failure>,
) -> Option<Vec<Command>> {
    let now = state.now_secs;
    let run = state.score.batch.run.as_mut()?;
    // They come in the order in which they were given.
    let place = run.given.iter().position(|given| *given == id)?;
    run.given.remove(place);
    let stopped = matches!(sums, Err(failure) if failure.kind == FailureKind::Interrupted);
    if stopped || run.phase != BatchPhase::Scoring {
        return Some(Vec::new());
    }
    if let Some(pair) = run.file.pairs.get(run.rows.len()) {
        run.rows.push(ScoredAnswer {
            line: pair.line,
            prompt: pair.prompt.clone(),
            response: pair.response.clone(),
            sums: match sums {
                Ok(sums) => Ok(sums.clone()),
                Err(failure) => Err(failure.summary.clone()),
            },
        });
        run.last_secs = now;
    }
    Some(go_on(state))
}

/// Ends scoring; what was scored stays.
pub(super) fn stop(state: &mut State) {
    let run = state.score.batch.run.as_mut();
    if let Some(run) = run.filter(|run| run.phase == BatchPhase::Scoring) {
        run.cancel.cancel();
        run.phase = BatchPhase::Stopped;
    }
}

/// A file that was dropped: a table or records to be scored, or a text for one of the boxes.
pub(super) fn dropped(state: &mut State, path: PathBuf) {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let is_table = ["csv", "jsonl", "json", "gz"].contains(&&*ending.to_lowercase());
    if is_table || state.score.tab == Tab::File {
        state.score.tab = Tab::File;
        state.score.batch.path = path.display().to_string();
        read(state);
        return;
    }
    let serial = next(state);
    wish(state, FileRequest::Text { serial, path });
}

fn wish(state: &mut State, request: FileRequest) {
    state.score.batch.wishes.push_back(Arc::new(request));
}

fn next(state: &mut State) -> u64 {
    state.score.batch.serial += 1;
    state.score.batch.serial
}

/// Has the file in the field read.
pub(super) fn read(state: &mut State) {
    if state.score.batch.path.trim().is_empty() {
        return;
    }
    let serial = next(state);
    let batch = &mut state.score.batch;
    let path = typed_path(&batch.path);
    batch.file = None;
    batch.out.clear();
    wish(state, FileRequest::Pairs { serial, path });
}

/// Has the scores written to the file in the field.
pub(super) fn save(state: &mut State) {
    let batch = &state.score.batch;
    let Some(run) = batch.run.clone().filter(|run| !run.rows.is_empty()) else {
        return;
    };
    if batch.out.trim().is_empty() {
        state.score.batch.saved = BatchSaved::Failed(
            Failure::usage("The scores need a place")
                .hint("Type a path that ends in .csv, or in .json"),
        );
        return;
    }
    let path = typed_path(&batch.out);
    let serial = next(state);
    let batch = &mut state.score.batch;
    batch.saved = BatchSaved::Writing(serial);
    let run = Box::new(run);
    wish(state, FileRequest::Save { serial, path, run });
}

/// Wants a file dialog.
pub(super) fn browse(state: &mut State, wanted: Wanted) {
    let serial = next(state);
    let batch = &mut state.score.batch;
    batch.no_dialog = false;
    batch.dialog = Some((serial, wanted));
}

/// Takes in what became of a file dialog.
pub fn on_dialog(state: &mut State, serial: u64, answer: DialogAnswer) {
    let batch = &mut state.score.batch;
    let Some((_, wanted)) = batch.dialog.take_if(|(dialog, _)| *dialog == serial) else {
        return;
    };
    match (answer, wanted) {
        (DialogAnswer::Chosen(path), Wanted::Answers) => {
            batch.path = path.display().to_string();
            read(state);
        }
        (DialogAnswer::Chosen(path), Wanted::Scores) => {
            batch.out = path.display().to_string();
            save(state);
        }
        (DialogAnswer::Closed, _) => {}
        (DialogAnswer::NeverShown, _) => batch.no_dialog = true,
    }
}

/// Takes in what came of reading or writing a file.
pub fn on_file(state: &mut State, answer: FileAnswer) {
    let batch = &mut state.score.batch;
    let wished = batch.wishes.front().map(|wish| wish.serial());
    let serial = match &answer {
        FileAnswer::Pairs(serial, _)
        | FileAnswer::Text(serial, _)
        | FileAnswer::Saved(serial, _) => *serial,
    };
    if wished != Some(serial) {
        return;
    }
    batch.wishes.pop_front();
    match answer {
        // Another file was chosen meanwhile.
        FileAnswer::Pairs(..) if batch.is_reading() => {}
        FileAnswer::Pairs(_, file) => batch.file = Some(file),
        FileAnswer::Saved(_, saved) => {
            // Of several saves the last one is told.
            if batch.saved == BatchSaved::Writing(serial) {
                batch.saved = match saved {
                    Ok(path) => BatchSaved::At(path),
                    Err(failure) => BatchSaved::Failed(failure),
                };
            }
        }
        FileAnswer::Text(_, Ok(text)) => {
            if let Some(sheet) = state.score.sheet_mut() {
                let draft = &mut sheet.draft;
                // The first empty box, else the first answer.
                let second = draft.compare
                    && !draft.answers[0].trim().is_empty()
                    && draft.answers[1].trim().is_empty();
                draft.answers[usize::from(second)] = text;
            }
        }
        FileAnswer::Text(_, Err(failure)) => {
            state.problem = Some(crate::app::state::Problem {
                failure,
                during: crate::app::state::ProblemPlace::Score,
                details_open: false,
            });
        }
    }
}
