//! What Demo mode does to weights, writing and the tour.

use super::*;
use crate::app::state::TokenRef;
use crate::app::update::tests::{ready, written};

fn showing() -> State {
    let mut state = ready();
    super::super::apply(&mut state, Action::Show(ShowAction::SetMode(Mode::Demo)));
    state
}

fn show(state: &mut State, action: ShowAction) -> Vec<Command> {
    super::super::apply(state, Action::Show(action))
}

fn blend(balance: f64, strength: f64) -> ShowAction {
    ShowAction::SetBlend(Blend { balance, strength })
}

#[test]
fn two_sliders_set_two_weights_and_undo_takes_a_drag_back_at_once() {
    let mut state = showing();
    assert_eq!(*state.draft.effective_weights(), [1.0, 1.0]);
    show(&mut state, blend(0.3, 2.0));
    show(&mut state, blend(0.25, 2.0));
    super::super::apply(&mut state, Action::EndEdit);
    assert_eq!(*state.draft.effective_weights(), [1.5, 0.5]);
    super::super::apply(&mut state, Action::Undo);
    assert_eq!(*state.draft.effective_weights(), [1.0, 1.0]);
}

#[test]
fn a_strength_of_nothing_remembers_the_balance() {
    let mut state = showing();
    show(&mut state, blend(0.2, 1.0));
    show(&mut state, blend(0.2, 0.0));
    assert_eq!(*state.draft.effective_weights(), [0.0, 0.0]);
    show(&mut state, ShowAction::MoveStrength(10));
    assert_eq!(*state.draft.effective_weights(), [0.8, 0.2]);
}

#[test]
fn what_cannot_be_seen_in_demo_mode_does_not_act() {
    let mut state = ready();
    state.draft.strips[0].muted = true;
    show(&mut state, ShowAction::SetMode(Mode::Demo));
    assert_eq!(*state.draft.effective_weights(), [0.0, 1.0]);
    assert!(!state.draft.strips[0].muted);
    super::super::apply(&mut state, Action::Undo);
    assert!(state.draft.strips[0].muted);
}

#[test]
fn while_all_stands_still_writing_waits_and_sliders_act_later() {
    let mut state = showing();
    super::super::apply(&mut state, Action::Run);
    let cancel = state.active_run().unwrap().cancel.clone();
    show(&mut state, ShowAction::ToggleFreeze);
    assert!(cancel.is_held());
    assert!(show(&mut state, blend(1.0, 1.0)).is_empty());
    let commands = show(&mut state, ShowAction::ToggleFreeze);
    assert!(!cancel.is_held());
    let [Command::SetWeights { weights, .. }] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(**weights, [0.0, 1.0]);
}

#[test]
fn the_tour_ticks_off_what_was_done() {
    let (mut state, _) = written();
    show(&mut state, ShowAction::BeginTour);
    let done = |state: &State| -> Vec<bool> {
        let tour = state.showing.tour.as_ref().unwrap();
        tour.steps().map(|(_, done)| done).collect()
    };
    super::super::apply(&mut state, Action::Hover(None));
    assert_eq!(
        done(&state),
        [false, true, false, false, false, false, false, false]
    );
    let token = TokenRef {
        pane: Pane::Guided,
        index: 2,
    };
    super::super::apply(&mut state, Action::Hover(Some(token)));
    show(&mut state, blend(0.5, 0.0));
    show(&mut state, blend(0.5, 2.0));
    show(&mut state, blend(0.0, 2.0));
    super::super::apply(&mut state, Action::ToggleHeat);
    super::super::apply(&mut state, Action::ToggleHeat);
    super::super::apply(&mut state, Action::EditPrompt("Why not?".to_owned()));
    assert_eq!(
        done(&state),
        [true, true, true, true, true, true, true, false]
    );
    super::super::apply(&mut state, Action::RunWithNewSeed);
    assert!(state.showing.tour.as_ref().unwrap().next().is_none());
}
