use std::path::Path;

use super::*;
use crate::app::state::models::DialogAnswer;
use crate::app::state::training::Purpose;
use crate::error::Failure;
use crate::train::data::{BadLine, Label, Pair, PairPrompt};
use crate::train::events::{Plan, StepReport};
use crate::train::record::Found;
use crate::train::run::Summary;

fn data(count: usize, labelled: bool) -> DataPreview {
    let pair = Pair {
        line: 1,
        prompt: PairPrompt::Words("Hi".to_owned()),
        chosen: "yes".to_owned(),
        rejected: "no".to_owned(),
    };
    DataPreview {
        path: "/data/Kind words.jsonl".into(),
        count,
        pairs: vec![pair; count.min(3)],
        faults: 1,
        skipped: vec![BadLine {
            line: 7,
            reason: "not JSON".to_owned(),
        }],
        labelled,
    }
}

/// A page whose pairs have been read, over the built-in base.
fn state(count: usize) -> State {
    let mut state = State::default();
    state.training.root = Some("/objectives".into());
    state.training.draft.base = BaseChoice::BuiltIn;
    answered(&mut state, data(count, false));
    state
}

fn answered(state: &mut State, data: DataPreview) {
    act(state, TrainAction::PickData(data.path.clone()));
    let serial = state.training.preview_request().unwrap().serial;
    on_preview(
        state,
        PreviewAnswer {
            serial,
            result: Ok(data),
        },
    );
}

fn act(state: &mut State, action: TrainAction) {
    apply(state, action);
}

fn started(state: &mut State) -> RunId {
    act(state, TrainAction::Start);
    state.training.run.as_ref().unwrap().id
}

fn phase(state: &State) -> &Phase {
    &state.training.run.as_ref().unwrap().phase
}

fn plan(steps: u64) -> Plan {
    Plan {
        steps,
        resumed: 0,
        examples: 90,
        eval_examples: 10,
        tokens: 1,
        parameters: 1,
        trained: 1,
        threads: 1,
    }
}

fn report(step: u64) -> StepReport {
    StepReport {
        step,
        epoch: 0.0,
        tokens: 10,
        loss: 0.6,
        lr: 0.0,
        grad_norm: 1.0,
        accuracy: Some(0.5),
        margin: Some(0.1),
        tokens_per_sec: 5.0,
        secs: 2.0 * step as f64,
    }
}

#[test]
fn pairs_name_the_objective_and_size_the_training_and_a_start_orders_both() {
    let mut state = state(300);
    assert_eq!(state.training.draft.name, "kind-words");
    started(&mut state);
    let Some(Command::Start { order, resume, .. }) = state.training.outbox.pop() else {
        panic!("nothing was ordered");
    };
    assert!(!resume);
    assert_eq!(order.base, "demo");
    assert_eq!(order.out, Path::new("/objectives/kind-words"));
    assert_eq!(order.data, Path::new("/data/Kind words.jsonl"));
    assert_eq!((order.settings.epochs, order.settings.batch), (5, 8));
    assert_eq!(order.split(300), (270, 30));
}

#[test]
fn what_is_missing_is_said_in_a_sentence() {
    let why = |state: &State| ready(&state.training, None).unwrap_err();
    let mut empty = State::default();
    assert!(why(&empty).contains("Choose a file"));
    act(&mut empty, TrainAction::EditPath("x".to_owned()));
    assert!(why(&empty).contains("being read"));

    let mut state = state(40);
    assert!(ready(&state.training, None).is_ok());
    act(&mut state, TrainAction::SetBase(BaseChoice::Lineup));
    assert!(why(&state).contains("No models are loaded"));
    assert_eq!(
        ready(&state.training, Some("/m/base")).unwrap().base,
        "/m/base"
    );
    act(&mut state, TrainAction::SetBase(BaseChoice::Folder));
    assert!(why(&state).contains("Name the folder"));
    act(&mut state, TrainAction::EditBasePath("/m/other".to_owned()));
    assert_eq!(ready(&state.training, None).unwrap().base, "/m/other");
    act(&mut state, TrainAction::EditName("../x".to_owned()));
    assert!(why(&state).contains("name of a folder"));
    act(&mut state, TrainAction::EditName("fine".to_owned()));
    answered(&mut state, data(40, true));
    assert!(why(&state).contains("two judgements"));
    act(&mut state, TrainAction::SetLabel(Label::Harmless));
    assert!(
        state.training.preview_request().is_some(),
        "it is read anew"
    );
    answered(&mut state, data(0, false));
    assert!(why(&state).contains("No pairs"));
}

#[test]
fn a_name_that_is_taken_is_not_overwritten() {
    let mut state = state(40);
    let order = ready(&state.training, None).unwrap();
    let found = |name: &str| {
        let mut order = order.clone();
        order.out = Path::new("/objectives").join(name);
        let text = serde_json::json!({
            "schema": "counterpoise.training/1", "order": order, "result": null,
        });
        Found {
            name: name.to_owned(),
            record: serde_json::from_value(text).unwrap(),
            can_go_on: true,
            bytes: 12_000_000,
        }
    };
    on_trainer(&mut state, Event::Found(vec![found("kind-words")]));
    assert_eq!(state.training.draft.name, "kind-words-2");
    act(&mut state, TrainAction::EditName("kind-words".to_owned()));
    assert!(
        ready(&state.training, None)
            .unwrap_err()
            .contains("already")
    );
    act(&mut state, TrainAction::EditName(String::new()));
    answered(&mut state, data(40, false));
    assert_eq!(state.training.draft.name, "kind-words-2");
    assert!(ready(&state.training, None).is_ok());

    act(
        &mut state,
        TrainAction::GoOn("/objectives/kind-words".into()),
    );
    let Some(Command::Start { order, resume, .. }) = state.training.outbox.pop() else {
        panic!("nothing was ordered");
    };
    assert!(resume);
    assert_eq!(order.out, Path::new("/objectives/kind-words"));
    assert_eq!(
        order.settings.threads,
        state.training.draft.order.settings.threads
    );
}

#[test]
fn a_training_is_followed_from_its_start_to_its_end() {
    let mut state = state(100);
    let id = started(&mut state);
    on_trainer(&mut state, Event::Stage(id, "Reading the pairs"));
    assert_eq!(*phase(&state), Phase::Preparing("Reading the pairs"));
    on_trainer(&mut state, Event::Started(id, plan(40)));
    assert_eq!(*phase(&state), Phase::Learning);
    for step in 1..=10 {
        on_trainer(&mut state, Event::Step(id, report(step)));
    }
    let run = state.training.run.as_ref().unwrap();
    assert_eq!(run.steps(), Some((10, 40)));
    assert!((run.secs_left().unwrap() - 60.0).abs() < 1e-9);
    // Another run's events are another's.
    on_trainer(&mut state, Event::Step(RunId(77), report(30)));
    assert_eq!(state.training.run.as_ref().unwrap().steps(), Some((10, 40)));
    let summary = Summary {
        steps: 40,
        tokens: 1,
        secs: 80.0,
        eval: None,
    };
    state.training.outbox.clear();
    on_trainer(&mut state, Event::Finished(id, summary.clone()));
    assert_eq!(*phase(&state), Phase::Done(summary));
    assert!(matches!(state.training.outbox[..], [Command::Look(_)]));
}

#[test]
fn pause_go_on_and_stop_reach_the_trainer_at_once() {
    let mut state = state(100);
    let id = started(&mut state);
    on_trainer(&mut state, Event::Started(id, plan(40)));
    act(&mut state, TrainAction::Pause(true));
    let control = state.training.run.as_ref().unwrap().control.clone();
    assert!(control.is_paused());
    assert_eq!(*phase(&state), Phase::Pausing);
    on_trainer(&mut state, Event::Paused(id, 3));
    assert_eq!(*phase(&state), Phase::Paused);
    act(&mut state, TrainAction::Pause(false));
    assert!(!control.is_paused());
    on_trainer(&mut state, Event::GoesOn(id));
    assert_eq!(*phase(&state), Phase::Learning);
    act(&mut state, TrainAction::Stop);
    assert!(control.cancel.is_cancelled());
    assert_eq!(*phase(&state), Phase::Stopping);
    // What was under way when it was stopped changes nothing.
    on_trainer(&mut state, Event::Stage(id, "Reading the base model"));
    assert_eq!(*phase(&state), Phase::Stopping);
    act(&mut state, TrainAction::Leave);
    assert!(state.training.run.is_some(), "it has not stopped yet");
    on_trainer(
        &mut state,
        Event::Stopped {
            run: id,
            step: 3,
            saved: true,
        },
    );
    act(&mut state, TrainAction::Leave);
    assert!(state.training.run.is_none());
}

#[test]
fn a_failure_stays_on_the_page_and_a_second_training_cannot_begin_meanwhile() {
    let mut state = state(100);
    let id = started(&mut state);
    act(&mut state, TrainAction::Start);
    assert_eq!(state.training.run.as_ref().unwrap().id, id);
    let failure = Failure::failed("It went wrong");
    on_trainer(&mut state, Event::Failed(id, failure.clone()));
    assert_eq!(*phase(&state), Phase::Failed(failure));
    assert!(state.problem.is_none());
    assert!(ready(&state.training, None).is_ok());
}

#[test]
fn an_old_answer_and_a_pair_beyond_the_last_change_nothing() {
    let mut state = state(3);
    act(&mut state, TrainAction::MovePair(-1));
    assert_eq!(state.training.shown_pair, 2);
    act(&mut state, TrainAction::MovePair(1));
    assert_eq!(state.training.shown_pair, 0);
    act(&mut state, TrainAction::EditPath("/other".to_owned()));
    on_preview(
        &mut state,
        PreviewAnswer {
            serial: 1,
            result: Ok(data(9, false)),
        },
    );
    assert!(state.training.data().is_none());
    act(&mut state, TrainAction::EditPath(String::new()));
    assert_eq!(state.training.preview, Preview::None);
}

#[test]
fn settings_are_set_by_name_and_put_back() {
    let mut state = state(300);
    act(
        &mut state,
        TrainAction::SetNumber {
            name: "lr",
            value: 0.25,
        },
    );
    act(&mut state, TrainAction::Turn("full"));
    act(
        &mut state,
        TrainAction::SetNumber {
            name: "epochs",
            value: 7.0,
        },
    );
    let order = &state.training.draft.order;
    assert!((order.settings.lr - 0.25).abs() < 1e-12 && order.full);
    assert_eq!(order.settings.epochs, 7);
    act(&mut state, TrainAction::UsualSettings);
    let order = &state.training.draft.order;
    assert!(!order.full && order.settings.lr < 0.01);
    assert_eq!(order.settings.epochs, 5);
}

#[test]
fn a_dialogs_answer_is_taken_and_one_that_never_came_is_told() {
    let mut state = State::default();
    let asked = |state: &mut State, purpose| {
        act(state, TrainAction::Browse(purpose));
        state.training.dialog.as_ref().unwrap().serial
    };
    let serial = asked(&mut state, Purpose::Pairs);
    assert!(on_dialog(&mut state, serial + 1, DialogAnswer::NeverShown).is_empty());
    assert!(state.training.dialog.is_some() && !state.training.no_dialog);
    let chosen = DialogAnswer::Chosen("/data/pairs.jsonl".into());
    on_dialog(&mut state, serial, chosen);
    assert!(state.training.dialog.is_none());
    assert_eq!(state.training.draft.path, "/data/pairs.jsonl");
    assert!(state.training.preview_request().is_some());

    let serial = asked(&mut state, Purpose::BaseFolder);
    on_dialog(&mut state, serial, DialogAnswer::NeverShown);
    assert!(state.training.no_dialog);
    let serial = asked(&mut state, Purpose::BaseFolder);
    assert!(!state.training.no_dialog);
    on_dialog(&mut state, serial, DialogAnswer::Closed);
    assert!(state.training.dialog.is_none() && !state.training.no_dialog);
    let serial = asked(&mut state, Purpose::BaseFolder);
    on_dialog(&mut state, serial, DialogAnswer::Chosen("/m/base".into()));
    assert_eq!(state.training.draft.base_path, "/m/base");
}

#[test]
fn a_training_that_goes_on_keeps_its_curves_up_to_the_checkpoint() {
    let mut state = state(100);
    let id = started(&mut state);
    on_trainer(&mut state, Event::Started(id, plan(40)));
    for step in 1..=10 {
        on_trainer(&mut state, Event::Step(id, report(step)));
    }
    let stopped = Event::Stopped {
        run: id,
        step: 8,
        saved: true,
    };
    on_trainer(&mut state, stopped);
    let order = state.training.run.as_ref().unwrap().order.clone();
    let folder = order.out.clone();
    let record = serde_json::json!({
        "schema": "counterpoise.training/1", "order": order, "result": null,
    });
    let found = Found {
        name: "kind-words".to_owned(),
        record: serde_json::from_value(record).unwrap(),
        can_go_on: true,
        bytes: 12_000_000,
    };
    on_trainer(&mut state, Event::Found(vec![found]));
    act(&mut state, TrainAction::GoOn(folder));
    let id = state.training.run.as_ref().unwrap().id;
    let resumed = Plan {
        resumed: 8,
        ..plan(40)
    };
    on_trainer(&mut state, Event::Started(id, resumed));
    let steps = |state: &State| {
        let run = state.training.run.as_ref().unwrap();
        let steps = run.curves.loss.raw.iter().map(|point| point[0]);
        steps.collect::<Vec<f64>>()
    };
    assert_eq!(steps(&state), (1..=8).map(f64::from).collect::<Vec<_>>());
    on_trainer(&mut state, Event::Step(id, report(9)));
    assert_eq!(steps(&state).last(), Some(&9.0));
    assert_eq!(state.training.run.as_ref().unwrap().secs_left(), None);
}
