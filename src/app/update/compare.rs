//! Snapshots of the sliders: keeping them, going over to them, and a look at the other one while a key is held.

use crate::app::state::State;
use crate::app::state::history::EditKind;
use crate::app::state::run::Run;
use crate::app::state::snapshots::{Compare, Hold, Slot};
use crate::domain::RunId;
use crate::worker::Command;

use super::{live, remember, writing};

/// Keeps the sliders as they stand.
pub(super) fn keep(state: &mut State, slot: Slot) {
    if state.draft.strips.is_empty() || state.draft.is_at(slot) {
        return;
    }
    remember(state, EditKind::Single);
    state.draft.slots[slot as usize] = Some(state.draft.strips.clone());
}

/// Puts the sliders where a snapshot has them.
pub(super) fn switch(state: &mut State, slot: Slot) -> Vec<Command> {
    if state.draft.is_at(slot) || state.draft.slot(slot).is_none() {
        return Vec::new();
    }
    remember(state, EditKind::Single);
    go_over(state, slot)
}

/// Begins a comparison with the other snapshot, or ends it.
pub(super) fn hold(state: &mut State, hold: Option<Hold>) -> Vec<Command> {
    match (&state.compare, hold) {
        (None, Some(hold)) => {
            let Some(slot) = state.draft.other_slot() else {
                return Vec::new();
            };
            state.compare = Some(Compare {
                slot,
                hold,
                strips: state.draft.strips.clone(),
                shown: state.shown,
                pinned: state.focus.pinned,
            });
            go_over(state, slot)
        }
        (Some(_), None) => let_go(state),
        (None, None) | (Some(_), Some(_)) => Vec::new(),
    }
}

/// Ends a comparison: sliders and text are again what they were.
pub(super) fn let_go(state: &mut State) -> Vec<Command> {
    let Some(before) = state.compare.take() else {
        return Vec::new();
    };
    state.draft.strips = before.strips;
    state.steer_wanted = false;
    let other = before
        .shown
        .filter(|id| Some(*id) != state.shown && state.runs.contains_key(id));
    if let Some(id) = other {
        state.compared = state.shown;
        show(state, id);
        state.focus.pinned = before.pinned;
    }
    let mut commands = live::told(state);
    commands.extend(live::steer(state));
    commands
}

/// Puts the sliders where a snapshot has them, and the text that belongs to it on screen or on its way.
fn go_over(state: &mut State, slot: Slot) -> Vec<Command> {
    let Some(strips) = state.draft.slot(slot) else {
        return Vec::new();
    };
    state.draft.strips = strips.to_vec();
    state.history.close_step();
    state.steer_wanted = false;
    if let Some(id) = written_already(state) {
        show(state, id);
    }
    let mut commands = live::told(state);
    commands.extend(live::steer(state));
    commands
}

/// A text of the branch on screen that was written with the weights that the sliders have now.
fn written_already(state: &State) -> Option<RunId> {
    let weights = state.draft.effective_weights();
    let run = state
        .run()
        .filter(|run| !run.writes_both() && run.weights != weights)?;
    let fits = |other: &&Run| {
        let same = other.branch == run.branch && other.sampling == run.sampling;
        // A first text whose sliders were moved meanwhile is not what its last weights give.
        let is_theirs = other.origin.is_some() || !other.written_otherwise(&weights);
        same && other.weights == weights && is_theirs && other.is_whole()
    };
    let found = state.runs.values().rev().find(fits)?;
    Some(found.id)
}

fn show(state: &mut State, id: RunId) {
    writing::stop_active(state);
    state.shown = Some(id);
    state.focus.hovered = None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::tests::{finished, ready, request, set_weight, step, text, written};
    use crate::app::update::{Action, apply, on_event, on_rejudged};
    use crate::domain::Pane;

    fn judge(state: &mut State) -> Vec<Command> {
        let request = state.reweight_request().unwrap();
        on_rejudged(state, request.answer())
    }

    fn weights(state: &State) -> Vec<f64> {
        state.draft.effective_weights().to_vec()
    }

    /// Text "aaaa" under A = (2, 1), which is on screen, and B = (2, 3) beside it.
    fn with_both() -> (State, RunId) {
        let (mut state, run) = written();
        apply(&mut state, Action::KeepAs(Slot::A));
        set_weight(&mut state, 1, 3.0);
        apply(&mut state, Action::KeepAs(Slot::B));
        apply(&mut state, Action::SwitchTo(Slot::A));
        assert_eq!(
            (weights(&state), text(&state)),
            (vec![2.0, 1.0], "aaaa".to_owned())
        );
        (state, run)
    }

    /// Writes what the held text lacks behind "aa".
    fn write_on(state: &mut State, commands: &[Command]) -> RunId {
        let id = request(commands).run;
        for position in 2..4 {
            on_event(state, step(id, Pane::Guided, position, 1, &[2.0, 3.0]));
        }
        on_event(state, finished(id));
        id
    }

    #[test]
    fn while_it_is_held_the_other_snapshot_is_in_force_and_then_the_former_sliders_and_text_return()
    {
        let (mut state, old) = with_both();
        assert!(apply(&mut state, Action::HoldCompare(Some(Hold::Key))).is_empty());
        assert_eq!(weights(&state), [2.0, 3.0]);
        let commands = judge(&mut state);
        assert_eq!(request(&commands).beginning.told_from, 2);
        let other = write_on(&mut state, &commands);
        assert_eq!(text(&state), "aabb");
        assert!(apply(&mut state, Action::HoldCompare(None)).is_empty());
        assert_eq!((state.shown, weights(&state)), (Some(old), vec![2.0, 1.0]));
        // The second look needs no writing.
        assert!(apply(&mut state, Action::HoldCompare(Some(Hold::Key))).is_empty());
        assert_eq!(
            (state.shown, text(&state)),
            (Some(other), "aabb".to_owned())
        );
        assert!(!state.steer_wanted);
    }

    #[test]
    fn a_text_that_was_not_written_to_its_end_while_held_goes_on_at_the_next_look() {
        let (mut state, old) = with_both();
        apply(&mut state, Action::HoldCompare(Some(Hold::Button)));
        let commands = judge(&mut state);
        let id = request(&commands).run;
        on_event(&mut state, step(id, Pane::Guided, 2, 1, &[2.0, 3.0]));
        apply(&mut state, Action::HoldCompare(None));
        assert!(request(&commands).cancel.is_cancelled());
        assert_eq!((state.shown, text(&state)), (Some(old), "aaaa".to_owned()));
        // From where it changes is known by now.
        let again = apply(&mut state, Action::HoldCompare(Some(Hold::Button)));
        write_on(&mut state, &again);
        assert_eq!(text(&state), "aabb");
    }

    #[test]
    fn a_switch_is_a_step_of_undo_and_so_is_keeping() {
        let (mut state, old) = with_both();
        apply(&mut state, Action::SwitchTo(Slot::B));
        let commands = judge(&mut state);
        write_on(&mut state, &commands);
        apply(&mut state, Action::Undo);
        assert_eq!((state.shown, weights(&state)), (Some(old), vec![2.0, 1.0]));
        for kept in [2, 1] {
            let filled = Slot::ALL
                .iter()
                .filter(|slot| state.draft.slot(**slot).is_some());
            assert_eq!(filled.count(), kept);
            while state
                .draft
                .slot(if kept == 2 { Slot::B } else { Slot::A })
                .is_some()
            {
                apply(&mut state, Action::Undo);
            }
        }
    }

    #[test]
    fn a_slider_that_is_moved_while_held_is_the_former_one() {
        let (mut state, _) = with_both();
        apply(&mut state, Action::HoldCompare(Some(Hold::Key)));
        set_weight(&mut state, 0, 1.5);
        assert!(state.compare.is_none());
        assert_eq!(weights(&state), [1.5, 1.0]);
        assert_eq!(state.draft.other_slot(), Some(Slot::A));
    }

    #[test]
    fn without_another_snapshot_there_is_nothing_to_hold() {
        let mut state = ready();
        apply(&mut state, Action::HoldCompare(Some(Hold::Key)));
        apply(&mut state, Action::KeepAs(Slot::A));
        apply(&mut state, Action::HoldCompare(Some(Hold::Key)));
        assert!(state.compare.is_none(), "the sliders stand at A");
        set_weight(&mut state, 0, 0.3);
        apply(&mut state, Action::HoldCompare(Some(Hold::Key)));
        assert_eq!(weights(&state), [1.0, 1.0]);
    }

    #[test]
    fn while_both_texts_are_written_the_worker_is_told_on_both_ends() {
        let mut state = ready();
        apply(&mut state, Action::KeepAs(Slot::A));
        set_weight(&mut state, 0, 0.3);
        apply(&mut state, Action::Run);
        let told = |commands: Vec<Command>| match &commands[..] {
            [Command::SetWeights { weights, .. }] => weights.to_vec(),
            other => panic!("{other:?}"),
        };
        let held = apply(&mut state, Action::HoldCompare(Some(Hold::Key)));
        assert_eq!(told(held), [1.0, 1.0]);
        let let_go = apply(&mut state, Action::HoldCompare(None));
        assert_eq!(told(let_go), [0.3, 1.0]);
    }
}
