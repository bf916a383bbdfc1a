use std::sync::Arc;

use super::*;
use crate::app::update::{Action, apply, on_event};
use crate::domain::{LineupInfo, ModelInfo, Objective, RewardKind};
use crate::error::Failure;
use crate::train::join::Changed;
use crate::train::record::Found;
use crate::worker::Event;
use crate::worker::shelf::{Base, Entry, Layout, Lineup, Place, Source};

fn finished(name: &str, base: &str) -> Found {
    let record = serde_json::json!({
        "schema": "counterpoise.training/1",
        "order": { "base": base, "out": format!("/objectives/{name}") },
        "result": { "steps": 3, "tokens": 9, "secs": 1.0, "eval": null },
    });
    Found {
        name: name.to_owned(),
        record: serde_json::from_value(record).unwrap(),
        can_go_on: false,
        bytes: 12_000_000,
    }
}

fn loaded(names: &[&str]) -> Event {
    let objectives = names.iter().map(|name| Objective {
        name: (*name).to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    });
    let models = names.iter().map(|name| ModelInfo {
        role: (*name).to_owned(),
        kind: Some(RewardKind::Adapter),
        source: format!("/objectives/{name}"),
        sha256: String::new(),
        kept: String::new(),
    });
    Event::Loaded(Arc::new(LineupInfo {
        name: "Small world".to_owned(),
        objectives: objectives.collect(),
        texts: Arc::default(),
        device: "CPU".to_owned(),
        context_len: 64,
        parameters: 1,
        load_secs: 0.0,
        models: models.collect(),
        familiar: None,
        is_demo: true,
    }))
}

/// A window over the built-in models, with two trainings of before.
fn state() -> State {
    let mut state = State::default();
    on_event(&mut state, loaded(&["kind"]));
    state.page = Page::Train;
    state.training.found = vec![finished("brief", "demo"), finished("odd", "/m/other")];
    state
}

fn join(state: &mut State, name: &str) -> JoinRequest {
    let folder = format!("/objectives/{name}").into();
    let action = Action::Train(crate::app::update::TrainAction::Join(folder));
    assert!(apply(state, action).is_empty());
    state.training.joining.clone().unwrap()
}

fn made(names: &[&str]) -> Lineup {
    let objectives = names.iter().map(|name| Entry {
        name: (*name).to_owned(),
        about: String::new(),
        weight: 1.0,
        colour: None,
        template: None,
        source: Source::Adapter(Place::Path(format!("/objectives/{name}"))),
    });
    Lineup {
        name: "Small world".to_owned(),
        base: Base {
            place: Place::BuiltIn("base".to_owned()),
            dtype: None,
            template: None,
        },
        objectives: objectives.collect(),
        layout: Layout::Shared,
        familiar: None,
    }
}

fn answer(request: &JoinRequest, text: &str, names: &[&str]) -> JoinAnswer {
    JoinAnswer {
        serial: request.serial,
        result: Ok(Changed {
            lineup: LineupSource::Composed(text.into()),
            made: made(names),
            objectives: names.iter().map(|name| (*name).to_owned()).collect(),
        }),
    }
}

#[test]
fn one_that_joins_is_loaded_beside_the_others_whose_sliders_stay() {
    let mut state = state();
    state.draft.strips[0].weight = 2.5;
    let request = join(&mut state, "brief");
    assert!(request.change.joins);
    assert_eq!(request.change.lineup, Some(LineupSource::Demo));
    assert!(!can_change(&state));
    let commands = on_joined(&mut state, answer(&request, "both", &["kind", "brief"]));
    let Some(Command::Load { source, .. }) = commands.first() else {
        panic!("{commands:?}");
    };
    assert_eq!(
        state.models.plan.lineup(),
        Some(made(&["kind", "brief"])),
        "it can be saved"
    );
    assert_eq!(*source, LineupSource::Composed("both".into()));
    assert_eq!(state.page, Page::Steer);
    on_event(&mut state, loaded(&["kind", "brief"]));
    assert_eq!(*state.draft.effective_weights(), [2.5, 1.0]);
    assert!(state.problem.is_none() && can_change(&state));

    // And it leaves again; its weight is asked for by nobody.
    let folder = Path::new("/objectives/brief");
    assert_eq!(way(&state, folder, "demo"), Way::Leave);
    let request = join(&mut state, "brief");
    assert!(!request.change.joins);
    on_joined(&mut state, answer(&request, "one", &["kind"]));
    on_event(&mut state, loaded(&["kind"]));
    assert_eq!(*state.draft.effective_weights(), [2.5]);
    assert!(state.problem.is_none());
    assert_eq!(way(&state, folder, "demo"), Way::Join);
}

#[test]
fn one_over_another_base_becomes_a_lineup_of_its_own() {
    let mut state = state();
    assert_eq!(
        way(&state, Path::new("/objectives/odd"), "/m/other"),
        Way::Alone
    );
    let request = join(&mut state, "odd");
    assert!(request.change.joins && request.change.lineup.is_none());
}

#[test]
fn a_lineup_that_cannot_be_loaded_leads_back_to_the_one_before() {
    let mut state = state();
    let request = join(&mut state, "brief");
    on_joined(&mut state, answer(&request, "both", &["kind", "brief"]));
    let failure = Failure::failed("It does not fit");
    on_event(&mut state, Event::Failed { run: None, failure });
    let back = Action::Train(crate::app::update::TrainAction::LineupBefore);
    let card = crate::app::panels::problem::ProblemView::build(&state).unwrap();
    assert!(card.ways.iter().any(|(_, action)| *action == back));
    let commands = apply(&mut state, back);
    assert!(matches!(
        commands[..],
        [Command::Load {
            source: LineupSource::Demo,
            ..
        }]
    ));
    on_event(&mut state, loaded(&["kind"]));
    assert!(state.problem.is_none());
}

#[test]
fn a_failure_leaves_everything_as_it_is_and_an_old_answer_is_dropped() {
    let mut state = state();
    let request = join(&mut state, "brief");
    let old = JoinAnswer {
        serial: request.serial + 1,
        result: Err(Failure::failed("Old")),
    };
    assert!(on_joined(&mut state, old).is_empty());
    assert!(state.problem.is_none());
    let failed = JoinAnswer {
        serial: request.serial,
        result: Err(Failure::failed("The lineup is gone")),
    };
    assert!(on_joined(&mut state, failed).is_empty());
    assert_eq!(
        state.problem.as_ref().unwrap().failure.summary,
        "The lineup is gone"
    );
    assert_eq!(state.source, LineupSource::Demo);
    assert!(matches!(state.lineup, LineupState::Ready(_)));
}
