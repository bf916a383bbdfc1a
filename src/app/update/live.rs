//! The guided text follows the sliders: it is written again from the first token that changes under the new weights, and
//! what stands before it stays.

use std::sync::Arc;

use crate::app::state::branches::Fork;
use crate::app::state::rejudged::Rejudged;
use crate::app::state::run::Run;
use crate::app::state::{State, TokenRef};
use crate::domain::{ObjectiveWeights, Pane, RunId, Sampling};
use crate::engine::reweigh::Divergence;
use crate::worker::{Beginning, Command, GenerateRequest};

/// From where a text must be written again for other weights.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    weights: ObjectiveWeights,
    /// How many tokens were looked at.
    pub(super) judged: usize,
    /// The first that must be written again; none where they all stay.
    from: Option<usize>,
    change: Option<Divergence>,
}

impl Verdict {
    /// What re-judging has found.
    pub(super) fn of(rejudged: &Rejudged) -> Self {
        Self {
            weights: Arc::clone(&rejudged.weights),
            judged: rejudged.guided.insights.len(),
            from: rejudged.guided.rewrite_from,
            change: rejudged.guided.divergence,
        }
    }

    /// All of the text stays.
    fn stays(run: &Run, weights: &ObjectiveWeights) -> Self {
        Self {
            weights: Arc::clone(weights),
            judged: run.guided.len(),
            from: None,
            change: None,
        }
    }
}

/// Texts that are being written side by side go on with the sliders as they stand now.
pub(super) fn told(state: &mut State) -> Vec<Command> {
    let weights = state.draft.effective_weights();
    let shown = state.shown.and_then(|id| state.runs.get_mut(&id));
    let Some(run) = shown.filter(|run| run.writes_both()) else {
        return Vec::new();
    };
    run.weights = Arc::clone(&weights);
    vec![Command::SetWeights {
        run: run.id,
        weights,
    }]
}

/// Has the text on screen written again for the sliders as they stand now: at once, or when it is known from where.
pub(super) fn steer(state: &mut State) -> Vec<Command> {
    let weights = state.draft.effective_weights();
    state.steer_wanted = false;
    if state.showing.frozen {
        return Vec::new();
    }
    let Some(run) = state.run() else {
        return Vec::new();
    };
    let same = run.weights == weights;
    if run.writes_both()
        || run.guided.is_empty()
        || (same && (run.is_active() || !run.is_unfinished()))
    {
        return Vec::new();
    }
    let judged = run
        .rejudged
        .as_ref()
        .filter(|rejudged| rejudged.weights == weights)
        .map(Verdict::of)
        .filter(|verdict| verdict.judged == run.guided.len());
    let verdict = if same || !run.written_otherwise(&weights) {
        Some(Verdict::stays(run, &weights))
    } else {
        judged
    };
    if let Some(verdict) = verdict {
        return steer_to(state, verdict);
    }
    state.steer_wanted = true;
    Vec::new()
}

/// Has the text on screen written again as was found.
pub(super) fn steer_to(state: &mut State, verdict: Verdict) -> Vec<Command> {
    state.steer_wanted = verdict.weights != state.draft.effective_weights();
    let shown = state.shown.and_then(|id| state.runs.get_mut(&id));
    let Some(run) = shown else {
        return Vec::new();
    };
    let rest = run.is_unfinished().then_some(verdict.judged);
    let Some(from) = verdict.from.or(rest) else {
        run.weights = verdict.weights;
        return Vec::new();
    };
    let beginning = Beginning {
        tokens: run.guided.tokens(from).into(),
        words: String::new(),
        told_from: from,
    };
    let sampling = run.sampling.clone();
    let way = Way {
        beginning,
        weights: verdict.weights,
        sampling,
        change: verdict.change,
        fork: None,
    };
    go_on(state, way)
}

/// How a guided text goes on.
pub(super) struct Way {
    pub(super) beginning: Beginning,
    pub(super) weights: ObjectiveWeights,
    pub(super) sampling: Sampling,
    /// What moved sliders changed first.
    pub(super) change: Option<Divergence>,
    /// Where it becomes another branch.
    pub(super) fork: Option<Fork>,
}

/// Lets the guided text on screen go on behind a beginning, at full speed; whatever is being written gives way.
pub(super) fn go_on(state: &mut State, way: Way) -> Vec<Command> {
    let id = RunId(state.next_run);
    let Some(parent) = state.run() else {
        return Vec::new();
    };
    let from = way.beginning.told_from;
    let mut run = parent.branch(id, from, Arc::clone(&way.weights), way.change);
    run.sampling = way.sampling;
    run.asked_secs = state.now_secs;
    if let Some(fork) = way.fork {
        run.branch = id;
        run.fork = Some(fork);
        // What stands before a fork was chosen with it.
        run.given = from;
    }
    let request = GenerateRequest {
        run: id,
        cancel: run.cancel.clone(),
        prompt: run.prompt.clone(),
        weights: way.weights,
        sampling: run.sampling.clone(),
        with_base: false,
        pace: None,
        beginning: way.beginning,
        live: true,
    };
    super::writing::stop_active(state);
    state.next_run += 1;
    state.problem = None;
    let stays = |token: &TokenRef| match token.pane {
        Pane::Base => true,
        Pane::Guided => token.index < from,
    };
    state.focus.hovered = state.focus.hovered.filter(stays);
    state.focus.pinned = state.focus.pinned.filter(stays);
    state.runs.insert(id, run);
    state.shown = Some(id);
    super::writing::tidy_runs(state);
    vec![Command::Generate(request)]
}

#[cfg(test)]
mod tests;
