//! What a person does on the Score page, and what comes back of it.

mod action;
mod batch;
#[cfg(test)]
mod tests;

pub use action::ScoreAction;
pub use batch::{on_dialog, on_file};

use crate::app::state::page::Page;
use crate::app::state::rejudged::Rejudged;
use crate::app::state::score::{BUILT_IN, Draft, OBJECTIVE, Sheet, Tab};
use crate::app::state::{LineupState, State};
use crate::domain::{Pane, RunId};
use crate::error::Failure;
use crate::worker::{Command, Event};

/// Applies what a person did and says what the worker must do.
pub(super) fn apply(state: &mut State, action: ScoreAction) -> Vec<Command> {
    let page = &mut state.score;
    match action {
        ScoreAction::Show(tab) => return show(state, tab),
        ScoreAction::EditPrompt(text) => edit(page.sheet_mut(), |draft| draft.prompt = text),
        ScoreAction::EditAnswer(side, text) => edit(page.sheet_mut(), |draft| {
            if let Some(answer) = draft.answers.get_mut(side) {
                *answer = text;
            }
        }),
        ScoreAction::SetRaw(raw) => match page.sheet_mut() {
            Some(sheet) => sheet.draft.raw = raw,
            None => page.batch.raw = raw,
        },
        ScoreAction::SetEnd(with_end) => match page.sheet_mut() {
            Some(sheet) => sheet.draft.with_end = with_end,
            None => page.batch.with_end = with_end,
        },
        ScoreAction::SetCompare(compare) => edit(page.sheet_mut(), |draft| draft.compare = compare),
        ScoreAction::TakeTexts => take_texts(state),
        ScoreAction::TakeBuiltIn => page.sentences.draft = built_in(),
        ScoreAction::SetObjective(objective) => {
            page.objective = Some(objective);
            super::event::fit_scale(state);
        }
        ScoreAction::Begin => return begin(state),
        ScoreAction::Stop => return stop(state),
        ScoreAction::Drop(path) => batch::dropped(state, path),
        ScoreAction::EditPath(path) => page.batch.path = path,
        ScoreAction::Read => batch::read(state),
        ScoreAction::EditOut(path) => page.batch.out = path,
        ScoreAction::Save => batch::save(state),
        ScoreAction::Browse(wanted) => batch::browse(state, wanted),
    }
    Vec::new()
}

fn edit(sheet: Option<&mut Sheet>, change: impl FnOnce(&mut Draft)) {
    if let Some(sheet) = sheet {
        change(&mut sheet.draft);
    }
}

/// The two sentences that the program brings.
fn built_in() -> Draft {
    let [prompt, first, second] = BUILT_IN.map(str::to_owned);
    Draft {
        prompt,
        answers: [first, second],
        compare: true,
        ..Draft::default()
    }
}

/// Shows a part of the page; the built-in sentences are scored as soon as they are seen.
fn show(state: &mut State, tab: Tab) -> Vec<Command> {
    state.score.tab = tab;
    state.focus.hovered = None;
    state.focus.pinned = None;
    if tab != Tab::OneWord {
        super::event::fit_scale(state);
        return Vec::new();
    }
    let knows = state.objectives().iter().any(|one| one.name == OBJECTIVE);
    let sentences = &mut state.score.sentences;
    sentences.draft.compare = true;
    let is_built_in = sentences.draft == built_in();
    if knows && sentences.draft.answers.iter().all(String::is_empty) {
        sentences.draft = built_in();
    } else if !knows && is_built_in {
        // They are about an objective that is not there.
        sentences.draft = Draft {
            compare: true,
            ..Draft::default()
        };
    }
    super::event::fit_scale(state);
    let sentences = &state.score.sentences;
    if sentences.run.is_none() && sentences.draft == built_in() {
        begin(state)
    } else {
        Vec::new()
    }
}

/// Puts what stands on the Steer page into the boxes, to be scored and compared.
fn take_texts(state: &mut State) {
    let Some(run) = state.run() else { return };
    let mut texts = [&run.base, &run.guided].map(|text| text.pieces.concat());
    if texts[0].is_empty() {
        // The only one there is.
        texts.swap(0, 1);
    }
    state.score.answers.draft = Draft {
        prompt: run.prompt.text.clone(),
        raw: run.prompt.raw,
        with_end: state.score.answers.draft.with_end,
        compare: !texts[1].is_empty() && texts[0] != texts[1],
        answers: texts,
    };
    state.score.tab = Tab::Answers;
}

/// Why what is in the boxes cannot be scored now, in a sentence.
#[must_use]
pub fn why_no_score(state: &State) -> Option<&'static str> {
    match state.lineup {
        LineupState::Loading { .. } => return Some("The models are being loaded"),
        LineupState::Missing => return Some("There are no models to score with"),
        LineupState::Ready(_) => {}
    }
    let Some(sheet) = state.score.sheet() else {
        return match (&state.score.batch.active(), state.score.batch.readable()) {
            (Some(_), _) => Some("A file is being scored"),
            (None, None) => Some("Choose a file with prompts and answers"),
            (None, Some(_)) => None,
        };
    };
    let draft = &sheet.draft;
    let wants_two = draft.compare && draft.answer(1).is_none();
    match draft.answer(0) {
        None => Some("Type or paste an answer"),
        Some(_) if wants_two => Some("Type or paste the second answer"),
        Some(_) => None,
    }
}

/// Has what is in the boxes, or in the file, scored.
pub(super) fn begin(state: &mut State) -> Vec<Command> {
    if why_no_score(state).is_some() {
        return Vec::new();
    }
    let weights = state.draft.effective_weights();
    let bytes = state.row_budget_bytes / 4;
    state.problem = None;
    state.focus.hovered = None;
    state.focus.pinned = None;
    let tab = state.score.tab;
    let Some(sheet) = state.score.sheet_mut() else {
        return batch::begin(state);
    };
    let titles = match (tab, sheet.draft.compare) {
        (Tab::OneWord, _) => ["First sentence", "Second sentence"],
        (Tab::Answers | Tab::File, true) => ["First answer", "Second answer"],
        (Tab::Answers | Tab::File, false) => ["Answer", "Second answer"],
    };
    if !sheet.draft.compare {
        // The table of all tokens lists the one that there is.
        state.listing.pane = Pane::Base;
    }
    let requests = sheet.begin(&weights, titles, bytes, &mut state.next_run);
    requests.into_iter().map(Command::Score).collect()
}

/// Asks whatever is scored on screen to stop.
pub(super) fn stop(state: &mut State) -> Vec<Command> {
    match state.score.sheet_mut() {
        Some(sheet) => sheet.stop(),
        None => batch::stop(state),
    }
    Vec::new()
}

fn sheet_of(state: &mut State, run: RunId) -> Option<(&mut Sheet, usize)> {
    let page = &mut state.score;
    [&mut page.answers, &mut page.sentences]
        .into_iter()
        .find_map(|sheet| {
            let side = sheet.side_of(run)?;
            Some((sheet, side))
        })
}

/// Takes in what the worker tells of scored texts; nothing where the event is none of this page's.
pub(super) fn on_event(state: &mut State, event: &Event) -> Option<Vec<Command>> {
    match event {
        Event::Started {
            run,
            rendered,
            prompt_tokens,
            unfamiliar,
            ..
        } => {
            let (sheet, side) = sheet_of(state, *run)?;
            sheet.started(side, rendered, *prompt_tokens, *unfamiliar);
        }
        Event::Step { run, step } => {
            let (sheet, side) = sheet_of(state, *run)?;
            sheet.take(side, step);
        }
        Event::Scored {
            run,
            tokens,
            tail,
            sums,
        } => {
            if let Some(commands) = batch::on_row(state, *run, &Ok(sums.clone())) {
                return Some(commands);
            }
            let (sheet, side) = sheet_of(state, *run)?;
            sheet.scored(side, *tokens, tail);
        }
        Event::Loading { .. }
        | Event::Loaded(_)
        | Event::BaseScored { .. }
        | Event::Superseded { .. }
        | Event::Finished { .. }
        | Event::Judged { .. }
        | Event::Evaluated { .. }
        | Event::Calibrated { .. }
        | Event::Ahead { .. }
        | Event::Measured { .. }
        | Event::Sweep(_)
        | Event::Hub(_)
        | Event::Shelf(_)
        | Event::Failed { .. } => return None,
    }
    state.score.unsettled = true;
    Some(Vec::new())
}

/// Whether it is something of this page that failed.
pub(super) fn on_failed(state: &mut State, run: RunId, failure: &Failure) -> Option<Vec<Command>> {
    if let Some(commands) = batch::on_row(state, run, &Err(failure.clone())) {
        return Some(commands);
    }
    let (sheet, side) = sheet_of(state, run)?;
    sheet.failed(side, failure.clone());
    Some(Vec::new())
}

/// Takes in numbers under other weights, unless the texts have changed since.
pub fn on_scored_again(state: &mut State, rejudged: Rejudged) {
    let page = &mut state.score;
    for sheet in [&mut page.answers, &mut page.sentences] {
        let busy = sheet.is_busy();
        if let Some(run) = &mut sheet.run
            && run.id == rejudged.run
            && !busy
        {
            run.rejudged = Some(rejudged);
            break;
        }
    }
    if state.page == Page::Score {
        super::event::grow_scale(state);
    }
}

/// Other models: what they scored cannot be re-weighed by these sliders.
pub(super) fn on_loaded(state: &mut State, same: bool) {
    if same {
        return;
    }
    state.score.answers.forget();
    state.score.sentences.forget();
    state.score.objective = None;
    batch::stop(state);
}

/// The models are gone, and with them what they were scoring.
pub(super) fn on_models_gone(state: &mut State) {
    state.score.answers.stop();
    state.score.sentences.stop();
    batch::stop(state);
}

/// Lets the colours follow the words that have come.
pub(super) fn settle(state: &mut State) {
    if !std::mem::take(&mut state.score.unsettled) {
        return;
    }
    for sheet in [&mut state.score.answers, &mut state.score.sentences] {
        sheet.compare();
    }
    match state.score.sheet() {
        Some(sheet) if state.page == Page::Score => {
            if sheet.is_busy() {
                super::event::grow_scale(state);
            } else {
                super::event::fit_scale(state);
            }
        }
        Some(_) | None => {}
    }
}
