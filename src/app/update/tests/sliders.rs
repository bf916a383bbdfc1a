//! Weights that a person moves.

use super::*;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::domain::Sampling;

#[test]
fn a_slider_moved_while_writing_is_told_to_the_worker() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let run = state.shown.unwrap();
    let commands = set_weight(&mut state, 0, 2.0);
    let [Command::SetWeights { run: told, weights }] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!((*told, &**weights), (run, &[2.0, 1.0][..]));
}

#[test]
fn a_slider_moved_after_the_end_asks_for_new_numbers_and_no_model_pass() {
    let (mut state, run) = written();
    let number = |state: &State| {
        let insight = state.run().unwrap().insight(Pane::Guided, 2).unwrap();
        insight.chosen.guided
    };
    assert!(state.reweight_request().is_none());
    assert!(set_weight(&mut state, 0, 3.0).is_empty());
    let asked = state.reweight_request().unwrap();
    assert_eq!((asked.run, &*asked.weights), (run, &[3.0, 1.0][..]));
    let before = number(&state);
    assert!(judge(&mut state).is_empty());
    assert!((before - number(&state)).abs() > 0.01);
    assert!(state.reweight_request().is_none());
    // The slider goes back: so do the numbers.
    set_weight(&mut state, 0, 2.0);
    assert!(judge(&mut state).is_empty());
    assert!((before - number(&state)).abs() < 1e-9);
}

#[test]
fn mute_and_solo_act_on_a_text_that_is_being_written() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let weights = |commands: Vec<Command>| match &commands[..] {
        [Command::SetWeights { weights, .. }] => weights.to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        weights(apply(&mut state, Action::ToggleMute(0))),
        [0.0, 1.0]
    );
    assert_eq!(
        weights(apply(&mut state, Action::ToggleMute(0))),
        [1.0, 1.0]
    );
    assert_eq!(
        weights(apply(&mut state, Action::ToggleSolo(0))),
        [1.0, 0.0]
    );
}

#[test]
fn broken_numbers_never_reach_the_sliders() {
    let mut state = ready();
    set_weight(&mut state, 0, f64::NAN);
    assert_eq!(*state.draft.effective_weights(), [0.0, 1.0]);
    set_weight(&mut state, 0, -3.0);
    assert_eq!(*state.draft.effective_weights(), [0.0, 1.0]);
    set_weight(&mut state, 0, 1e9);
    assert_eq!(
        *state.draft.effective_weights(),
        [LARGEST_TYPED_WEIGHT, 1.0]
    );
    assert!(set_weight(&mut state, 7, 1.0).is_empty());
    let wrong = Sampling {
        temperature: f64::INFINITY,
        ..Sampling::default()
    };
    apply(&mut state, Action::SetSampling(wrong));
    assert_eq!(state.draft.sampling, Sampling::default());
}

#[test]
fn a_weight_keeps_its_digits_and_loses_only_the_dust_of_arithmetic() {
    let mut state = ready();
    let weight = |state: &State| state.draft.strips[0].weight;
    set_weight(&mut state, 0, 0.1 + 0.2);
    assert_eq!(weight(&state).to_bits(), 0.3f64.to_bits());
    set_weight(&mut state, 0, 1.0 / 3.0);
    assert_eq!(weight(&state).to_bits(), (1.0f64 / 3.0).to_bits());
}

#[test]
fn a_quiet_objective_reaches_the_end_of_its_slider_in_nats() {
    let mut state = ready();
    state.settings.in_nats = true;
    state.units.measured = Some(crate::app::state::units::Measured {
        spread: vec![0.01, 1.0],
        positions: 9,
        on_screen: false,
    });
    // Both end at 3 nats: a weight of 300 for the quiet one.
    set_weight(&mut state, 0, 250.0);
    set_weight(&mut state, 1, 250.0);
    assert_eq!(
        *state.draft.effective_weights(),
        [250.0, LARGEST_TYPED_WEIGHT]
    );
    set_weight(&mut state, 0, 1e9);
    assert!((state.draft.strips[0].weight - 300.0).abs() < 1e-9);
}
