//! Models that are loaded, late, or not at all.

use super::*;
use crate::app::state::listing::Column;
use crate::app::state::{Problem, ProblemPlace};
use crate::app::update::{ListingAction, SideAction};
use crate::domain::LineupSource;
use crate::error::Failure;

#[test]
fn a_run_asked_for_while_loading_starts_when_the_models_are_there() {
    let mut state = State::default();
    load(&mut state);
    state.draft.prompt.text = "Why?".to_owned();
    assert!(apply(&mut state, Action::Run).is_empty());
    let commands = on_event(&mut state, Event::Loaded(info()));
    assert!(matches!(&commands[..], [Command::Generate(_)]));
}

#[test]
fn escape_takes_back_a_run_that_waits_for_the_models() {
    let mut state = State::default();
    load(&mut state);
    state.draft.prompt.text = "Why?".to_owned();
    apply(&mut state, Action::Run);
    apply(&mut state, Action::Escape);
    assert!(on_event(&mut state, Event::Loaded(info())).is_empty());
}

#[test]
fn models_that_cannot_be_loaded_leave_a_window_that_can_try_again() {
    let mut state = State {
        source: LineupSource::File("lineup.toml".into()),
        ..State::default()
    };
    load(&mut state);
    on_event(
        &mut state,
        Event::Failed {
            run: None,
            failure: Failure::input("The file is missing"),
        },
    );
    assert!(matches!(state.lineup, LineupState::Missing));
    assert_eq!(
        state.problem.as_ref().map(|problem| problem.during),
        Some(ProblemPlace::Loading)
    );
    let commands = apply(&mut state, Action::UseBuiltIn);
    assert!(matches!(
        &commands[..],
        [Command::Load {
            source: LineupSource::Demo,
            ..
        }]
    ));
    assert_eq!(state.problem, None);
}

#[test]
fn a_worker_that_restarts_keeps_the_sliders_and_the_text() {
    let mut state = ready();
    set_weight(&mut state, 0, 2.5);
    let run = run_once(&mut state);
    on_event(&mut state, Event::Loaded(info()));
    assert_eq!(*state.draft.effective_weights(), [2.5, 1.0]);
    assert_eq!(state.shown, Some(run));
}

#[test]
fn a_weight_for_an_unknown_objective_is_told() {
    let mut state = State {
        wanted_weights: vec![("funny".to_owned(), 1.0)],
        ..State::default()
    };
    load(&mut state);
    on_event(&mut state, Event::Loaded(info()));
    let Some(Problem { failure, .. }) = &state.problem else {
        panic!("no problem is told");
    };
    assert!(failure.summary.contains("funny"));
    assert!(failure.hint.as_ref().unwrap().contains("harmless, helpful"));
}

#[test]
fn what_was_put_together_and_loaded_is_remembered_for_the_next_window() {
    let mut state = State {
        source: LineupSource::Composed("mine".into()),
        ..State::default()
    };
    let _ = load(&mut state);
    assert_eq!(
        state.settings.last_lineup, None,
        "it has not been loaded yet"
    );
    on_event(&mut state, Event::Loaded(info()));
    assert_eq!(state.settings.last_lineup.as_deref(), Some("mine"));
    // A file is named for one time, and the built-in lineup needs no remembering.
    state.source = LineupSource::File("other.toml".into());
    on_event(&mut state, Event::Loaded(info()));
    assert_eq!(state.settings.last_lineup.as_deref(), Some("mine"));
    state.source = LineupSource::Demo;
    on_event(&mut state, Event::Loaded(info()));
    assert_eq!(state.settings.last_lineup, None);
}

#[test]
fn other_models_leave_nothing_of_the_texts_before() {
    let mut state = ready();
    run_once(&mut state);
    apply(&mut state, Action::Side(SideAction::Keep));
    apply(&mut state, Action::Side(SideAction::ToggleBlind));
    apply(
        &mut state,
        Action::Listing(ListingAction::Sort(Column::Push(1))),
    );
    on_event(&mut state, Event::Loaded(info()));
    assert_eq!(state.kept.len(), 1, "the same models");
    let mut other = LineupInfo::clone(&info());
    other.objectives.truncate(1);
    on_event(&mut state, Event::Loaded(other.into()));
    assert!(state.kept.is_empty() && state.blind.is_none());
    assert_eq!(state.listing.sort, Column::Position);
}
