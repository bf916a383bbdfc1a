//! The ways back.

use super::*;
use crate::domain::Sampling;

#[test]
fn undo_brings_back_words_sliders_and_the_answer_that_belonged_to_them() {
    let mut state = ready();
    let first = run_once(&mut state);
    set_weight(&mut state, 0, 2.0);
    apply(&mut state, Action::EndEdit);
    apply(&mut state, Action::EditPrompt("Why not?".to_owned()));
    let second = run_once(&mut state);
    assert_ne!(first, second);
    apply(&mut state, Action::Undo); // the run
    assert_eq!(state.shown, Some(first));
    assert_eq!(state.draft.prompt.text, "Why not?");
    apply(&mut state, Action::Undo); // the words
    assert_eq!(state.draft.prompt.text, "Why?");
    apply(&mut state, Action::Undo); // the slider
    assert_eq!(*state.draft.effective_weights(), [1.0, 1.0]);
    for _ in 0..3 {
        apply(&mut state, Action::Redo);
    }
    assert_eq!(state.shown, Some(second));
    assert_eq!(state.draft.prompt.text, "Why not?");
    assert_eq!(*state.draft.effective_weights(), [2.0, 1.0]);
}

#[test]
fn a_drag_of_a_slider_is_one_step_of_undo() {
    let mut state = ready();
    for weight in [1.1, 1.2, 1.3] {
        set_weight(&mut state, 0, weight);
    }
    apply(&mut state, Action::EndEdit);
    set_weight(&mut state, 0, 0.5);
    apply(&mut state, Action::Undo);
    assert_eq!(*state.draft.effective_weights(), [1.3, 1.0]);
    apply(&mut state, Action::Undo);
    assert_eq!(*state.draft.effective_weights(), [1.0, 1.0]);
}

#[test]
fn typing_is_undone_word_by_word() {
    let mut state = ready();
    state.draft.prompt.text.clear();
    for text in ["o", "on", "one", "one ", "one t", "one tw"] {
        apply(&mut state, Action::EditPrompt(text.to_owned()));
    }
    apply(&mut state, Action::Undo);
    assert_eq!(state.draft.prompt.text, "one ");
    apply(&mut state, Action::Undo);
    assert_eq!(state.draft.prompt.text, "");
}

#[test]
fn undo_while_writing_moves_sliders_and_leaves_the_text() {
    let mut state = ready();
    set_weight(&mut state, 0, 2.0);
    apply(&mut state, Action::EndEdit);
    apply(&mut state, Action::Run);
    let run = state.shown;
    apply(&mut state, Action::Undo);
    let commands = apply(&mut state, Action::Undo);
    assert!(matches!(&commands[..], [Command::SetWeights { .. }]));
    assert_eq!(state.shown, run);
}

#[test]
fn a_new_seed_keeps_the_old_answer_behind_undo() {
    let mut state = ready();
    let first = run_once(&mut state);
    apply(&mut state, Action::RunWithNewSeed);
    let second = state.shown.unwrap();
    assert_ne!(state.draft.sampling.seed, Sampling::default().seed);
    on_event(&mut state, finished(second));
    while state.shown != Some(first) {
        assert!(state.history.can_undo());
        apply(&mut state, Action::Undo);
    }
    assert_eq!(state.run().unwrap().guided.pieces.concat(), "ac");
}
