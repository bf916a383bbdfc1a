//! What a person does to see texts side by side: marks of what differs, texts kept in columns, judging without knowing.

use std::hash::{BuildHasher, RandomState};

use crate::app::state::State;
use crate::app::state::blind::{Blind, Vote};
use crate::app::state::kept::{KeptText, title_of};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideAction {
    /// Wants what differs marked and the texts scrolled together, or no longer.
    ToggleDiff,
    /// Wants tokens compared, or words.
    CompareTokens(bool),
    /// Keeps the guided text in a column of its own.
    Keep,
    /// Closes the column of a kept text, by its place.
    Drop(usize),
    /// Begins to judge the two texts without knowing which is which, or gives it up.
    ToggleBlind,
    /// Judges them.
    Vote(Vote),
    /// Forgets all votes.
    ForgetVotes,
}

pub(super) fn apply(state: &mut State, action: SideAction) {
    match action {
        SideAction::ToggleDiff => state.settings.diff ^= true,
        SideAction::CompareTokens(tokens) => state.settings.diff_tokens = tokens,
        SideAction::Keep => {
            if state.can_keep()
                && let Some(run) = state.run()
            {
                let names: Vec<&str> = names(state).collect();
                let kept = KeptText::of(run, &names);
                state.kept.push(kept);
            }
        }
        SideAction::Drop(place) => {
            if place < state.kept.len() {
                state.kept.remove(place);
            }
        }
        SideAction::ToggleBlind => toggle_blind(state),
        SideAction::Vote(vote) => give_vote(state, vote),
        SideAction::ForgetVotes => state.settings.votes.clear(),
    }
}

fn names(state: &State) -> impl Iterator<Item = &str> {
    state.objectives().iter().map(|o| o.name.as_str())
}

fn toggle_blind(state: &mut State) {
    // One of a text that is no longer on screen does not count.
    if state.blind.take().map(|blind| blind.run) == state.shown && state.shown.is_some() {
        return;
    }
    let Some(run) = state.run().filter(|run| !run.is_active()) else {
        return;
    };
    if run.base.is_empty() || run.guided.is_empty() {
        return;
    }
    state.blind = Some(Blind {
        run: run.id,
        // Nobody may know it, so no seed decides it.
        swapped: RandomState::new().hash_one(()) & 1 == 1,
        vote: None,
    });
    state.focus.pinned = None;
    state.focus.hovered = None;
}

fn give_vote(state: &mut State, vote: Vote) {
    let Some(swapped) = state.hidden().map(|blind| blind.swapped) else {
        return;
    };
    let Some(run) = state.run() else { return };
    let names: Vec<&str> = names(state).collect();
    let weights = title_of(&run.weights, &names);
    let tally = state.settings.votes.entry(weights).or_default();
    tally.count(vote, swapped);
    if let Some(blind) = &mut state.blind {
        blind.vote = Some(vote);
    }
}
