//! The guided text goes on another way from a word that a person has picked, and the ways stand beside one another.

use crate::app::state::branches::{Fork, Turn};
use crate::app::state::draft::next_seed;
use crate::app::state::history::EditKind;
use crate::app::state::run::Run;
use crate::app::state::{LineupState, State};
use crate::domain::RunId;
use crate::worker::{Beginning, Command};

use super::live::{Way, go_on};

/// Whether the text on screen can go on another way: there are models, and the plain text is not being written with it.
#[must_use]
pub fn can_fork(state: &State) -> bool {
    let models = match state.lineup {
        LineupState::Ready(_) => true,
        LineupState::Loading { .. } | LineupState::Missing => false,
    };
    models && state.run().is_some_and(|run| !run.writes_both())
}

/// Lets the guided text go on from token `index` another way.
pub(super) fn fork(state: &mut State, index: usize, turn: Turn) -> Vec<Command> {
    let weights = state.draft.effective_weights();
    let Some(run) = state
        .run()
        .filter(|run| can_fork(state) && index < run.guided.len())
    else {
        return Vec::new();
    };
    let mut tokens = run.guided.tokens(index);
    let mut words = String::new();
    let mut sampling = run.sampling.clone();
    let turn = match turn {
        Turn::Token(token) => {
            let stands = run.guided.trace.steps().get(index);
            if stands.is_some_and(|step| step.token == token) {
                return Vec::new();
            }
            tokens.push(token);
            turn
        }
        Turn::Words(typed) => {
            let typed = typed.trim();
            if typed.is_empty() {
                return Vec::new();
            }
            // They stand where the word before them was, with the space that it had.
            let spaced = run.guided.pieces[index].starts_with(' ');
            words = format!("{}{typed}", if spaced { " " } else { "" });
            Turn::Words(typed.to_owned())
        }
        Turn::Seed(_) => {
            sampling.seed = next_seed(sampling.seed);
            Turn::Seed(sampling.seed)
        }
    };
    // One more way at a place where ways part already leaves the branch that those leave.
    let from = match &run.fork {
        Some(fork) if fork.at == index => fork.from,
        Some(_) | None => run.branch,
    };
    super::remember(state, EditKind::Single);
    state.card_words.clear();
    state.steer_wanted = false;
    let way = Way {
        beginning: Beginning {
            tokens: tokens.into(),
            words,
            told_from: index,
        },
        weights,
        sampling,
        change: None,
        fork: Some(Fork {
            from,
            at: index,
            turn,
        }),
    };
    go_on(state, way)
}

/// Puts another text of the tree on screen.
pub(super) fn show(state: &mut State, id: RunId) -> Vec<Command> {
    let busy = state.run().is_some_and(Run::writes_both);
    if busy || state.shown == Some(id) || !state.runs.contains_key(&id) {
        return Vec::new();
    }
    super::remember(state, EditKind::Single);
    super::writing::stop_active(state);
    state.shown = Some(id);
    state.steer_wanted = false;
    state.focus.hovered = None;
    state.focus.pinned = None;
    super::event::fit_scale(state);
    if state.run().is_some_and(Run::is_unfinished) {
        super::live::steer(state)
    } else {
        Vec::new()
    }
}

/// Goes `by` branches further where the ways part, around the end.
pub(super) fn move_branch(state: &mut State, by: isize) -> Vec<Command> {
    let Some(family) = state.family() else {
        return Vec::new();
    };
    let count = family.runs.len() as isize;
    let to = (family.index as isize + by).rem_euclid(count) as usize;
    show(state, family.runs[to])
}

#[cfg(test)]
mod tests;
