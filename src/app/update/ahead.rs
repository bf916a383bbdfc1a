//! Looking ahead: a person rests on an alternative, and the worker says what it would write behind it.

use crate::app::state::State;
use crate::app::state::ahead::{Alternative, LookAhead, SHOWN};
use crate::app::state::branches::Turn;
use crate::domain::{CancelToken, RunId, TokenId};
use crate::error::{Failure, FailureKind};
use crate::worker::{Ahead, AheadRequest, Command};

/// How long a person rests on an alternative before it is looked ahead, seconds.
const REST_SECS: f64 = 0.3;

/// What a person did to the alternatives of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AheadAction {
    /// Moved the pointer or the keyboard onto one, or away from all.
    Point(Option<TokenId>),
    /// Wants the one so many places further.
    Move(isize),
    /// Wants the text written on with the one in hand.
    Take,
}

pub(super) fn apply(state: &mut State, action: AheadAction) -> Vec<Command> {
    let pinned = state.focus.pinned.map(|token| token.index);
    match action {
        AheadAction::Point(token) => {
            let pointed = pinned.zip(token);
            let pointed = pointed.map(|(at, token)| Alternative { at, token });
            state.focus.pointed = pointed;
            state.focus.alternative = pointed;
        }
        AheadAction::Move(by) => {
            let all = state.alternatives();
            let here = (state.focus.alternative)
                .and_then(|alternative| all.iter().position(|one| *one == alternative));
            let count = all.len() as isize;
            let to = match here {
                _ if all.is_empty() => return Vec::new(),
                Some(here) => (here as isize + by).rem_euclid(count),
                None if by > 0 => 0,
                None => count - 1,
            };
            state.focus.alternative = all.get(to as usize).copied();
        }
        AheadAction::Take => {
            let question = state.question_ahead();
            return question.map_or_else(Vec::new, |question| {
                let Alternative { at, token } = question.alternative;
                super::fork::fork(state, at, Turn::Token(token))
            });
        }
    }
    follow(state);
    Vec::new()
}

/// Ends a look ahead that is about something else than what is looked at now, and begins another where there is one.
fn follow(state: &mut State) {
    if state.focus.pinned.is_none() {
        state.focus.pointed = None;
        state.focus.alternative = None;
    }
    let question = state.question_ahead();
    let known = state.ahead.as_ref().map(|look| &look.question);
    if known == question.as_ref() {
        return;
    }
    drop_look(state);
    state.ahead = question.map(|question| LookAhead {
        question,
        due_secs: state.now_secs + REST_SECS,
        asked: None,
        ahead: Ahead::default(),
        failure: None,
    });
}

fn drop_look(state: &mut State) {
    if let Some((_, cancel)) = state.ahead.take().and_then(|look| look.asked) {
        cancel.cancel();
    }
}

/// The look ahead that is due: the person has rested on an alternative.
pub fn ahead_due(state: &mut State) -> Vec<Command> {
    follow(state);
    let (Some(look), Some(run)) = (&state.ahead, state.run()) else {
        return Vec::new();
    };
    if look.asked.is_some() || look.is_over() || look.due_secs > state.now_secs {
        return Vec::new();
    }
    let Alternative { at, token } = look.question.alternative;
    let mut tokens = run.guided.tokens(at);
    tokens.push(token);
    let (id, cancel) = (RunId(state.next_run), CancelToken::default());
    let request = AheadRequest {
        run: id,
        cancel: cancel.clone(),
        prompt: run.prompt.clone(),
        weights: look.question.weights.clone(),
        sampling: look.question.sampling.clone(),
        tokens: tokens.into(),
        most: SHOWN,
    };
    state.next_run += 1;
    if let Some(look) = &mut state.ahead {
        look.asked = Some((id, cancel));
    }
    vec![Command::LookAhead(Box::new(request))]
}

/// Seconds until a look ahead is due.
#[must_use]
pub fn ahead_due_in(state: &State) -> Option<f64> {
    let look = state.ahead.as_ref()?;
    let waits = look.asked.is_none() && !look.is_over();
    waits.then(|| (look.due_secs - state.now_secs).max(0.0))
}

/// Lets a look ahead wait for what a person has asked for: it is asked for again behind it.
pub(super) fn give_way(state: &mut State, commands: &[Command]) {
    let comes_first = commands.iter().any(|command| match command {
        Command::Generate(_)
        | Command::Load { .. }
        | Command::Replay(_)
        | Command::Score(_)
        | Command::Evaluate(_)
        | Command::Calibrate(_)
        | Command::Bench(_)
        | Command::Shutdown => true,
        Command::LookAhead(_)
        | Command::SetWeights { .. }
        | Command::Sweep(_)
        | Command::Hub(_)
        | Command::Shelf(_) => false,
    });
    if let (true, Some(look)) = (comes_first, &mut state.ahead)
        && !look.is_over()
        && let Some((_, cancel)) = look.asked.take()
    {
        cancel.cancel();
        look.due_secs = state.now_secs + REST_SECS;
    }
}

/// Takes in what would be written; a look that was overtaken is dropped.
pub(super) fn on_ahead(state: &mut State, run: RunId, ahead: Ahead) {
    // One that was interrupted begins anew, with the same words.
    if let Some(look) = asked(state, run)
        && ahead.tokens >= look.ahead.tokens
    {
        look.ahead = ahead;
    }
}

/// Takes in that a look ahead failed; says whether it was one.
pub(super) fn on_failed(state: &mut State, run: RunId, failure: &Failure) -> bool {
    let now = state.now_secs;
    let Some(look) = asked(state, run) else {
        return false;
    };
    if failure.kind == FailureKind::Interrupted {
        look.asked = None;
        look.due_secs = now + REST_SECS;
    } else {
        look.failure = Some(failure.clone());
    }
    true
}

fn asked(state: &mut State, run: RunId) -> Option<&mut LookAhead> {
    let look = state.ahead.as_mut()?;
    let same = look.asked.as_ref().is_some_and(|(id, _)| *id == run);
    same.then_some(look)
}

#[cfg(test)]
mod tests;
