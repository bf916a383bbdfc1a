//! What the journal is told of the runs as they happen.

use std::sync::Arc;

use super::lineup_file;
use crate::app::state::past::text_of;
use crate::app::state::run::RunPhase;
use crate::app::state::{LineupState, State};
use crate::domain::{Finish, Pane, RunId};
use crate::journal::blob::{Ending, Head};
use crate::journal::orders::{Beginning, Order};
use crate::record::Timing;
use crate::worker::{Event, GenerateRequest, RunEnd, StreamEnd};

/// What the journal is to write when a run is asked for.
pub fn on_request(state: &mut State, request: &GenerateRequest) {
    let LineupState::Ready(info) = &state.lineup else {
        return;
    };
    if state.past.replay.is_some() {
        return;
    }
    let Some(run) = state.runs.get(&request.run) else {
        return;
    };
    let same_branch = run.branch != run.id;
    let parent = run.origin.as_ref().map(|origin| origin.parent);
    let beginning = Beginning {
        run: run.id,
        parent: parent.filter(|_| same_branch),
        head: Head {
            lineup: info.name.clone(),
            objectives: info.objectives.clone(),
            models: info.models.clone(),
            device: info.device.clone(),
            is_demo: info.is_demo,
            vocabulary: info.texts.len(),
            prompt: request.prompt.clone(),
            sampling: request.sampling.clone(),
            weights: request.weights.to_vec(),
            at: 0,
            app: env!("CARGO_PKG_VERSION").to_owned(),
            lineup_file: lineup_file(state),
        },
        info: Arc::clone(info),
        rendered: run.rendered.clone(),
        prompt_tokens: run.prompt_tokens,
        known: [text_of(run, Pane::Base), text_of(run, Pane::Guided)],
    };
    state.past.told_weights = Some((run.id, Arc::clone(&request.weights)));
    state.past.outbox.push(Order::Begin(Box::new(beginning)));
}

/// What the journal is to write of an event.
pub fn on_told(state: &mut State, event: &Event) {
    if state.past.replay.is_some() {
        return;
    }
    let outbox = &mut state.past.outbox;
    // A text that was steered has the plain one of before.
    let base = |run: RunId| state.runs.get(&run)?.base.finish;
    let word = |run: &RunId, step: &crate::worker::Step| Order::Word {
        run: *run,
        pane: step.pane,
        step: Box::new(step.step.clone()),
        text: step.text.clone(),
    };
    match event {
        Event::Started {
            run,
            rendered,
            prompt_tokens,
            ..
        } => outbox.push(Order::Started {
            run: *run,
            rendered: rendered.clone(),
            prompt_tokens: *prompt_tokens,
        }),
        Event::Step { run, step } => outbox.push(word(run, step)),
        Event::BaseScored { run, steps, .. } => {
            outbox.extend(steps.iter().map(|step| word(run, step)));
        }
        Event::Finished { run, end } => outbox.push(Order::End {
            run: *run,
            ending: Box::new(ending_of(end, base(*run))),
        }),
        Event::Superseded { run, .. } | Event::Failed { run: Some(run), .. } => {
            outbox.push(Order::End {
                run: *run,
                ending: Box::new(Ending {
                    base: base(*run).or(Some(Finish::Cancelled)),
                    guided: Finish::Cancelled,
                    tails: [String::new(), String::new()],
                    timing: Timing::default(),
                }),
            });
        }
        Event::Loading { .. }
        | Event::Loaded(_)
        | Event::Scored { .. }
        | Event::Judged { .. }
        | Event::Evaluated { .. }
        | Event::Calibrated { .. }
        | Event::Ahead { .. }
        | Event::Measured { .. }
        | Event::Sweep(_)
        | Event::Hub(_)
        | Event::Shelf(_)
        | Event::Failed { run: None, .. } => {}
    }
}

/// How a run ended; `base` is how the plain text did, where that is of a run before.
fn ending_of(end: &RunEnd, base: Option<Finish>) -> Ending {
    let tail = |text: &StreamEnd| text.tail.clone();
    Ending {
        base: end.base.as_ref().map(|base| base.finish).or(base),
        guided: end.guided.finish,
        tails: [
            end.base.as_ref().map(tail).unwrap_or_default(),
            tail(&end.guided),
        ],
        timing: end.timing,
    }
}

/// Tells the journal with which weights the text on screen stands now, where they write the same text as those it knows.
pub(in crate::app::update) fn tell_weights(state: &mut State) {
    let Some(run) = state.shown.and_then(|id| state.runs.get(&id)) else {
        return;
    };
    let RunPhase::Ended(end) = &run.phase else {
        return;
    };
    let known = state.past.told_weights.as_ref();
    // Of a run that was not asked for since, nothing is being kept.
    let is_news = known.is_some_and(|(id, weights)| *id == run.id && *weights != run.weights);
    if !is_news || state.past.replay.is_some() {
        return;
    }
    state.past.told_weights = Some((run.id, Arc::clone(&run.weights)));
    let order = Order::Weights {
        run: run.id,
        position: run.guided.len(),
        weights: run.weights.to_vec(),
        ending: Box::new(ending_of(end, run.base.finish)),
    };
    state.past.outbox.push(order);
}
