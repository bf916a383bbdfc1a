use super::*;
use crate::app::update::tests::{finished, judge, request, set_weight, step, text, written};
use crate::app::update::{Action, apply, on_event, on_steadiness};
use crate::domain::Finish;
use crate::journal::orders::Order;
use crate::worker::Event;

#[test]
fn a_slider_that_is_let_go_has_the_text_written_again_from_the_first_change() {
    let (mut state, old) = written();
    assert!(set_weight(&mut state, 1, 3.0).is_empty());
    assert!(judge(&mut state).is_empty(), "it is still being moved");
    let commands = apply(&mut state, Action::EndEdit);
    let asked = request(&commands);
    assert_eq!(
        (&*asked.beginning.tokens, asked.beginning.told_from),
        (&[0, 0][..], 2)
    );
    assert_eq!(*asked.weights, [2.0, 3.0]);
    assert!(!asked.with_base && asked.live && asked.pace.is_none());
    assert_eq!(text(&state), "aa", "what stays is not written again");
    assert_eq!(state.run().unwrap().base.len(), 4);
    let new = asked.run;
    for position in 2..4 {
        on_event(
            &mut state,
            step(new, Pane::Guided, position, 1, &[2.0, 3.0]),
        );
    }
    on_event(&mut state, finished(new));
    assert_eq!(text(&state), "aabb");
    assert!(!state.run().unwrap().is_active());
    apply(&mut state, Action::Undo);
    assert_eq!((state.shown, text(&state)), (Some(old), "aaaa".to_owned()));
    assert!((state.draft.strips[1].weight - 1.0).abs() < 1e-9);
    apply(&mut state, Action::Redo);
    assert_eq!((state.shown, text(&state)), (Some(new), "aabb".to_owned()));
}

#[test]
fn a_slider_let_go_before_the_text_is_judged_waits_for_it() {
    let (mut state, _) = written();
    set_weight(&mut state, 1, 3.0);
    assert!(apply(&mut state, Action::EndEdit).is_empty());
    assert!(state.steer_wanted);
    assert_eq!(request(&judge(&mut state)).beginning.told_from, 2);
    assert!(!state.steer_wanted);
}

#[test]
fn where_nothing_changes_nothing_is_written() {
    let (mut state, old) = written();
    let before = Arc::clone(&state.run().unwrap().weights);
    state.past.told_weights = Some((old, before));
    // The plain text is of a run before, and ended there.
    state.runs.get_mut(&old).unwrap().base.finish = Some(Finish::Eos);
    set_weight(&mut state, 0, 2.5);
    assert!(apply(&mut state, Action::EndEdit).is_empty());
    assert!(judge(&mut state).is_empty());
    assert_eq!(state.shown, Some(old));
    assert!(!state.steer_wanted);
    // But the history hears with which weights the text stands now.
    let [
        Order::Weights {
            run,
            position,
            weights,
            ending,
        },
    ] = &state.past.outbox[..]
    else {
        panic!("{:?}", state.past.outbox);
    };
    assert_eq!((*run, *position, &weights[..]), (old, 4, &[2.5, 1.0][..]));
    assert_eq!(ending.base, Some(Finish::Eos));
    state.past.outbox.clear();
    apply(&mut state, Action::EndEdit);
    assert!(state.past.outbox.is_empty(), "once");
}

#[test]
fn a_live_text_follows_every_move_and_each_takes_the_place_of_the_one_before() {
    let (mut state, _) = written();
    apply(&mut state, Action::ToggleLive);
    set_weight(&mut state, 1, 3.0);
    let first = request(&judge(&mut state)).run;
    on_event(&mut state, step(first, Pane::Guided, 2, 1, &[2.0, 3.0]));
    // It moves on while that is being written: "b" stays under the new weights, and the rest goes on with them.
    assert!(set_weight(&mut state, 1, 3.5).is_empty());
    let commands = judge(&mut state);
    let second = request(&commands);
    assert_eq!(
        (&*second.beginning.tokens, second.beginning.told_from),
        (&[0, 0, 1][..], 3)
    );
    let second = second.run;
    on_event(
        &mut state,
        Event::Superseded {
            run: first,
            by: second,
        },
    );
    on_event(&mut state, step(first, Pane::Guided, 3, 2, &[2.0, 3.0]));
    assert_eq!(
        text(&state),
        "aab",
        "what the old run still tells is dropped"
    );
    assert_eq!(state.shown, Some(second));
}

#[test]
fn a_text_that_undo_brings_back_before_its_end_is_written_to_its_end() {
    let (mut state, _) = written();
    set_weight(&mut state, 1, 3.0);
    apply(&mut state, Action::EndEdit);
    let first = request(&judge(&mut state)).run;
    on_event(&mut state, step(first, Pane::Guided, 2, 1, &[2.0, 3.0]));
    assert!(apply(&mut state, Action::ToggleMute(1)).is_empty());
    let second = request(&judge(&mut state)).run;
    assert_eq!(state.shown, Some(second));
    let commands = apply(&mut state, Action::Undo);
    let third = request(&commands);
    assert_eq!(
        (&*third.beginning.tokens, third.beginning.told_from),
        (&[0, 0, 1][..], 3)
    );
    assert_eq!(*third.weights, [2.0, 3.0]);
}

#[test]
fn what_a_person_chose_stays_whatever_the_weights() {
    let (mut state, id) = written();
    state.runs.get_mut(&id).unwrap().given = 3;
    set_weight(&mut state, 1, 3.0);
    apply(&mut state, Action::EndEdit);
    assert_eq!(request(&judge(&mut state)).beginning.told_from, 3);
}

#[test]
fn the_sliders_know_how_far_they_can_move() {
    let (mut state, _) = written();
    let asked = state.steadiness_request().unwrap();
    let found = asked.answer().unwrap();
    let above = found.strips[1].unwrap();
    // "b" overtakes "a" where its weight is as large, but for the plain model's tenth of a nat.
    assert!((above.high - 2.05).abs() < 1e-4, "{above:?}");
    assert_eq!(
        above.above.map(|change| (change.position, change.to)),
        Some((2, 1))
    );
    on_steadiness(&mut state, found);
    assert!(state.steadiness_request().is_none());
    set_weight(&mut state, 1, 1.5);
    assert!(
        state.steadiness_request().is_none(),
        "the numbers come first"
    );
    judge(&mut state);
    let asked = state.steadiness_request().unwrap();
    asked.cancel.cancel();
    assert!(asked.answer().is_none());
}
