use super::*;
use crate::app::update::{Action, apply, load, on_event};
use crate::domain::{Objective, RewardKind};
use crate::worker::{Event, LineupInfo};

fn info() -> LineupInfo {
    LineupInfo {
        objectives: vec![Objective {
            name: "kind".to_owned(),
            kind: RewardKind::Adapter,
            weight: 1.0,
            about: String::new(),
            colour: None,
        }],
        ..LineupInfo::default()
    }
}

fn ready() -> State {
    let mut state = State::default();
    load(&mut state);
    on_event(&mut state, Event::Loaded(info().into()));
    state
}

/// The run of the measurement that is asked for.
fn asked(state: &mut State) -> Option<RunId> {
    match calibration_due(state).as_slice() {
        [Command::Calibrate(request)] => Some(request.run),
        [] => None,
        other => panic!("{other:?}"),
    }
}

fn answer(state: &mut State, run: RunId) {
    on_event(
        state,
        Event::Calibrated {
            run,
            spread: vec![0.5],
            positions: 12,
        },
    );
}

#[test]
fn it_is_measured_once_when_the_sliders_are_to_stand_in_nats() {
    let mut state = ready();
    assert_eq!(asked(&mut state), None);
    apply(&mut state, Action::ToggleUnits);
    let run = asked(&mut state).unwrap();
    assert_eq!(asked(&mut state), None, "it is asked once");
    answer(&mut state, RunId(999));
    assert!(
        state.units.measured.is_none(),
        "another answer is another's"
    );
    answer(&mut state, run);
    let unit = state.units.measured.as_ref().unwrap().unit(0).unwrap();
    assert!((unit.nats - 0.5).abs() < 1e-12);
    assert_eq!(asked(&mut state), None);
    // Other models are as loud as they are.
    load(&mut state);
    assert_eq!(asked(&mut state), None, "not before they are there");
    on_event(&mut state, Event::Loaded(info().into()));
    assert!(asked(&mut state).is_some());
}

#[test]
fn a_text_goes_first_and_the_measurement_follows() {
    let mut state = ready();
    apply(&mut state, Action::ToggleUnits);
    let run = asked(&mut state).unwrap();
    state.draft.prompt.text = "Hi".to_owned();
    let commands = apply(&mut state, Action::Run);
    give_way(&mut state, &commands);
    let (_, cancel) = state.units.asked.as_ref().unwrap();
    assert!(cancel.is_cancelled());
    let failed = Event::Failed {
        run: Some(run),
        failure: Failure::interrupted(),
    };
    on_event(&mut state, failed);
    assert!(state.problem.is_none() && state.units.failed.is_none());
    assert_eq!(asked(&mut state), None, "a text is being written");
    apply(&mut state, Action::Stop);
    crate::app::update::writing::stop_active(&mut state);
    assert!(asked(&mut state).is_some());
}

#[test]
fn a_measurement_that_fails_says_so_and_is_not_tried_again_by_itself() {
    let mut state = ready();
    apply(&mut state, Action::ToggleUnits);
    let run = asked(&mut state).unwrap();
    let failure = Failure::failed("The models failed");
    on_event(
        &mut state,
        Event::Failed {
            run: Some(run),
            failure: failure.clone(),
        },
    );
    assert_eq!(state.units.failed, Some(failure));
    assert!(state.problem.is_none());
    assert_eq!(asked(&mut state), None);
    apply(&mut state, Action::MeasureOnScreen(false));
    assert!(asked(&mut state).is_some());
}
