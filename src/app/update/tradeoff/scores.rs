//! Scores of a sweep's texts from elsewhere: files that go out and come back, and what is done with them.

use std::path::PathBuf;
use std::sync::Arc;

use super::{judging, saving, work_out};
use crate::app::state::State;
use crate::app::state::tradeoff::scores::{ScoresAnswer, ScoresCame, ScoresRequest};
use crate::app::state::tradeoff::{SortBy, Wanted};
use crate::app::state::training::typed_path;
use crate::engine::tradeoff::Independent;
use crate::error::Failure;
use crate::worker::Command;

/// What a person did about independent scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoresAction {
    /// Unfolded the part of the page for them, or folded it.
    Unfold(bool),
    /// Typed a path for the texts.
    EditTextsPath(String),
    /// Typed the path of a file with scores.
    EditPath(String),
    /// Wants the desktop's file dialog.
    Browse(Wanted),
    /// Wants the texts in their file.
    SaveTexts,
    /// Wants the scores of the file.
    Read,
    /// Dropped a file with scores.
    Drop(PathBuf),
    /// Wants the models in use to score the texts.
    Judge,
    /// Wants them to stop; what is scored stays.
    StopJudging,
    /// Wants a score gone, by its place among the independent ones.
    Remove(usize),
    /// Wants the scores as they were before the last change.
    GoBack,
}

pub(super) fn apply(state: &mut State, action: ScoresAction) -> Vec<Command> {
    let scores = &mut state.tradeoff.scores;
    match action {
        ScoresAction::Unfold(open) => scores.open = open,
        ScoresAction::EditTextsPath(path) => scores.texts_path = path,
        ScoresAction::EditPath(path) => scores.path = path,
        ScoresAction::Browse(wanted) => saving::browse(state, wanted),
        ScoresAction::SaveTexts => save_texts(state),
        ScoresAction::Read => read(state),
        ScoresAction::Drop(path) => {
            scores.open = true;
            scores.path = path.display().to_string();
            read(state);
        }
        ScoresAction::Judge => return judging::begin(state),
        ScoresAction::StopJudging => judging::stop(state),
        ScoresAction::Remove(place) => {
            let sweep = state.tradeoff.sweep.as_ref();
            let mut scores = sweep.map_or_else(Vec::new, |sweep| sweep.record.independent.clone());
            if place < scores.len() {
                let label = scores.remove(place).label;
                put(state, scores);
                state.tradeoff.scores.note = Some(Ok(format!("{label} is gone")));
            }
        }
        ScoresAction::GoBack => {
            if let Some(before) = scores.before.take() {
                put(state, before);
                state.tradeoff.scores.note = None;
            }
        }
    }
    Vec::new()
}

/// Has the texts written to the file in the field.
pub(super) fn save_texts(state: &mut State) {
    let typed = &state.tradeoff.scores.texts_path;
    if typed.trim().is_empty() {
        state.tradeoff.scores.note = Some(Err(Failure::usage("The texts need a place")
            .hint("Type a path that ends in .csv or .jsonl")));
        return;
    }
    let path = typed_path(typed);
    let ending = path.extension().unwrap_or_default();
    if !["csv", "jsonl"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        state.tradeoff.scores.note = Some(Err(Failure::usage(
            "Texts for a scorer are kept as .csv or .jsonl",
        )
        .hint("Give the file a name with one of these endings")));
        return;
    }
    wish(state, path, false);
}

/// Has the file in the field read.
pub(super) fn read(state: &mut State) {
    let typed = &state.tradeoff.scores.path;
    if !typed.trim().is_empty() {
        let path = typed_path(typed);
        wish(state, path, true);
    }
}

fn wish(state: &mut State, path: PathBuf, is_read: bool) {
    let page = &mut state.tradeoff;
    let Some(sweep) = &page.sweep else { return };
    page.serial += 1;
    page.scores.note = None;
    page.scores.wishes.push_back(Arc::new(ScoresRequest {
        serial: page.serial,
        path,
        record: sweep.record.clone(),
        is_read,
    }));
}

/// Takes in what the thread for files has done; what belongs to a sweep that is gone is dropped.
pub fn on_scores(state: &mut State, answer: ScoresAnswer) {
    let scores = &mut state.tradeoff.scores;
    let first = scores.wishes.front();
    if first.is_none_or(|wish| wish.serial != answer.serial) {
        return;
    }
    scores.wishes.pop_front();
    let words = match answer.result {
        Ok(ScoresCame::Written(path)) => Ok(format!(
            "Saved as {}; have it scored in a further column, and read it below",
            path.display()
        )),
        Ok(ScoresCame::Read(matched)) => {
            add(state, matched.scores);
            Ok(matched.words)
        }
        Err(failure) => Err(failure),
    };
    state.tradeoff.scores.note = Some(words);
}

/// Puts these beside those that are there, or in the place of those of the same name, and shows the first of them upwards.
pub(super) fn add(state: &mut State, new: Vec<Independent>) {
    let Some(sweep) = &state.tradeoff.sweep else {
        return;
    };
    let Some(first) = new.first().map(|one| one.label.clone()) else {
        return;
    };
    let mut scores = sweep.record.independent.clone();
    for one in new {
        match scores.iter_mut().find(|known| known.label == one.label) {
            Some(known) => *known = one,
            None => scores.push(one),
        }
    }
    put(state, scores);
    let page = &mut state.tradeoff;
    let names = page.sweep.as_ref().map(|sweep| sweep.record.score_names());
    let place = names.and_then(|names| names.iter().position(|name| *name == first));
    if let Some(place) = place
        && !page.look.axes.contains(&place)
    {
        page.look.axes[1] = place;
        work_out(state);
    }
}

/// Has these instead of the scores that are there, which are the way back.
fn put(state: &mut State, scores: Vec<Independent>) {
    let page = &mut state.tradeoff;
    let Some(sweep) = &mut page.sweep else { return };
    let old: Vec<String> = sweep
        .record
        .score_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    page.scores.before = Some(std::mem::replace(&mut sweep.record.independent, scores));
    let new = sweep.record.score_names();
    // Places move: what is looked at stays what it is, where it is still there.
    let now = |place: usize| {
        let name = old.get(place)?;
        new.iter().position(|other| other == name)
    };
    let usual = super::usual_axes(&sweep.record);
    let look = &mut page.look;
    look.axes = match look.axes.map(now) {
        [Some(right), Some(up)] => [right, up],
        [Some(kept), None] | [None, Some(kept)] => {
            let other = usual.into_iter().find(|axis| *axis != kept);
            let other = other.unwrap_or(kept);
            if now(look.axes[0]).is_some() {
                [kept, other]
            } else {
                [other, kept]
            }
        }
        [None, None] => usual,
    };
    look.colour = now(look.colour).unwrap_or(usual[0]);
    if let SortBy::Score(place) = look.sort {
        look.sort = now(place).map_or(SortBy::Order, SortBy::Score);
    }
    look.marks.clear();
    work_out(state);
}
