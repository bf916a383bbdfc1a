//! What the window does, by subject; and the lineup, the texts and the short ways that all these tests have in common.

use std::sync::Arc;

use super::*;
use crate::domain::{Finish, Objective, Pane, RewardKind, RunId};
use crate::engine::decode::GuidedStep;
use crate::engine::mix::log_softmax;
use crate::engine::scorer::StepScores;
use crate::record::Timing;
use crate::worker::{Event, GenerateRequest, LineupInfo, RunEnd, Step, StreamEnd};

mod loading;
mod looking;
mod runs;
mod sliders;
mod undo;

/// A lineup of two objectives over four words.
pub(super) fn info() -> Arc<LineupInfo> {
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    };
    Arc::new(LineupInfo {
        name: "test".to_owned(),
        objectives: vec![objective("harmless"), objective("helpful")],
        texts: ["a", "b", "c", ""].map(str::to_owned).into(),
        device: "CPU".to_owned(),
        context_len: 64,
        parameters: 10,
        load_secs: 0.0,
        models: Vec::new(),
        familiar: None,
        is_demo: true,
    })
}

/// A window whose models are loaded and whose prompt box is filled.
pub(super) fn ready() -> State {
    let mut state = State::default();
    load(&mut state);
    on_event(&mut state, Event::Loaded(info()));
    state.draft.prompt.text = "Why?".to_owned();
    state
}

/// The first objective wants `a`, the second `b`; the plain model insists on `a` for the first two tokens.
pub(super) fn step(run: RunId, pane: Pane, position: usize, token: u32, weights: &[f64]) -> Event {
    let insists = if position < 2 { 20.0 } else { 0.0 };
    let scores = StepScores {
        base: log_softmax(&[insists + 0.1, 0.0, 0.0, -5.0]),
        rewards: vec![
            log_softmax(&[2.0, 0.0, 0.0, 0.0]),
            log_softmax(&[0.0, 2.0, 0.0, 0.0]),
        ],
    };
    Event::Step {
        run,
        step: Box::new(Step {
            pane,
            text: ["a", "b", "c", ""][token as usize].to_owned(),
            step: GuidedStep::new(position, token, scores, Arc::from(weights)),
        }),
    }
}

pub(super) fn finished(run: RunId) -> Event {
    let guided = StreamEnd {
        finish: Finish::Length,
        text: String::new(),
        tail: String::new(),
        tokens: 4,
    };
    Event::Finished {
        run,
        end: Box::new(RunEnd {
            base: None,
            guided,
            divergence: None,
            timing: Timing {
                prefill_secs: 0.0,
                base_secs: 0.0,
                guided_secs: 0.1,
                tokens_per_sec: 40.0,
            },
        }),
    }
}

/// Both texts are `aaaa`, chosen greedily with weights 2 and 1.
pub(super) fn written() -> (State, RunId) {
    let mut state = ready();
    state.draft.sampling.temperature = 0.0;
    set_weight(&mut state, 0, 2.0);
    apply(&mut state, Action::EndEdit);
    apply(&mut state, Action::Run);
    let id = state.shown.unwrap();
    for position in 0..4 {
        for pane in [Pane::Base, Pane::Guided] {
            on_event(&mut state, step(id, pane, position, 0, &[2.0, 1.0]));
        }
    }
    on_event(&mut state, finished(id));
    (state, id)
}

/// Runs to the end: base "ab", guided "ac".
fn run_once(state: &mut State) -> RunId {
    let commands = apply(state, Action::Run);
    let [Command::Generate(request)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let (id, weights) = (request.run, Arc::clone(&request.weights));
    for (pane, position, token) in [
        (Pane::Base, 0, 0),
        (Pane::Guided, 0, 0),
        (Pane::Base, 1, 1),
        (Pane::Guided, 1, 2),
    ] {
        on_event(state, step(id, pane, position, token, &weights));
    }
    on_event(state, finished(id));
    id
}

pub(super) fn set_weight(state: &mut State, objective: usize, weight: f64) -> Vec<Command> {
    apply(state, Action::SetWeight { objective, weight })
}

pub(super) fn request(commands: &[Command]) -> &GenerateRequest {
    match commands {
        [Command::Generate(request)] => request,
        other => panic!("{other:?}"),
    }
}

pub(super) fn text(state: &State) -> String {
    state.run().unwrap().guided.pieces.concat()
}

/// What the re-judging thread would do.
pub(super) fn judge(state: &mut State) -> Vec<Command> {
    let request = state.reweight_request().unwrap();
    on_rejudged(state, request.answer())
}
