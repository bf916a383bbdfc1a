//! Running a prompt, and what comes of it.

use super::*;
use crate::app::state::TokenRef;
use crate::app::state::settings::READING_PACE;
use crate::domain::Sampling;
use crate::error::Failure;

#[test]
fn run_sends_the_draft_and_shows_the_new_run() {
    let mut state = ready();
    set_weight(&mut state, 1, 0.25);
    state.draft.sampling.seed = 7;
    let commands = apply(&mut state, Action::Run);
    let [Command::Generate(request)] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(request.prompt.text, "Why?");
    assert_eq!(*request.weights, [1.0, 0.25]);
    assert_eq!(request.sampling.seed, 7);
    assert!(request.with_base);
    assert_eq!(state.shown, Some(request.run));
}

#[test]
fn an_empty_prompt_runs_nothing() {
    let mut state = ready();
    state.draft.prompt.text = " \n".to_owned();
    assert!(apply(&mut state, Action::Run).is_empty());
    assert!(apply(&mut state, Action::RunWithNewSeed).is_empty());
    assert_eq!(state.draft.sampling.seed, Sampling::default().seed);
}

#[test]
fn each_token_keeps_the_weights_it_was_written_with() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let id = state.shown.unwrap();
    on_event(&mut state, step(id, Pane::Guided, 0, 0, &[1.0, 1.0]));
    on_event(&mut state, step(id, Pane::Guided, 1, 1, &[2.0, 1.0]));
    let guided = &state.run().unwrap().guided;
    assert_eq!(guided.weights(0).map(|w| w[0]), Some(1.0));
    assert_eq!(guided.weights(1).map(|w| w[0]), Some(2.0));
}

#[test]
fn the_first_differing_token_is_found_while_writing() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let id = state.shown.unwrap();
    on_event(&mut state, step(id, Pane::Base, 0, 0, &[1.0, 1.0]));
    on_event(&mut state, step(id, Pane::Guided, 0, 0, &[1.0, 1.0]));
    assert_eq!(state.run().unwrap().first_difference(), None);
    on_event(&mut state, step(id, Pane::Base, 1, 1, &[1.0, 1.0]));
    on_event(&mut state, step(id, Pane::Guided, 1, 2, &[1.0, 1.0]));
    assert_eq!(state.run().unwrap().first_difference(), Some(1));
}

#[test]
fn words_are_coloured_by_what_decided_where_the_texts_part_until_a_person_chooses() {
    let mut state = ready();
    let run = |state: &mut State| {
        apply(state, Action::Run);
        let id = state.shown.unwrap();
        for (pane, token) in [(Pane::Base, 0), (Pane::Guided, 1)] {
            on_event(state, step(id, pane, 0, token, &[1.0, 1.0]));
        }
        settle(state);
    };
    // The second objective wants "b", which the first does not.
    run(&mut state);
    assert_eq!(state.run().unwrap().deciding_objective(), Some(1));
    assert_eq!(state.focus.objective, 1);
    apply(&mut state, Action::SetHeatObjective(0));
    run(&mut state);
    assert_eq!(state.focus.objective, 0);
}

#[test]
fn stale_events_change_nothing() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let old = state.shown.unwrap();
    let old_cancel = state.run().unwrap().cancel.clone();
    apply(&mut state, Action::Run);
    assert!(old_cancel.is_cancelled());
    let new = state.shown.unwrap();
    on_event(&mut state, step(old, Pane::Guided, 0, 0, &[1.0, 1.0]));
    on_event(&mut state, finished(old));
    on_event(
        &mut state,
        Event::Failed {
            run: Some(old),
            failure: Failure::failed("too late"),
        },
    );
    on_event(&mut state, step(RunId(999), Pane::Base, 0, 0, &[1.0, 1.0]));
    assert_eq!(state.shown, Some(new));
    assert!(state.run().unwrap().is_active());
    assert!(state.run().unwrap().guided.is_empty());
    assert_eq!(state.problem, None);
}

#[test]
fn escape_stops_the_run_first_and_closes_the_card_then() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let id = state.shown.unwrap();
    on_event(&mut state, step(id, Pane::Guided, 0, 0, &[1.0, 1.0]));
    let token = TokenRef {
        pane: Pane::Guided,
        index: 0,
    };
    apply(&mut state, Action::TogglePin(token));
    apply(&mut state, Action::Escape);
    assert!(state.run().unwrap().cancel.is_cancelled());
    assert_eq!(state.focus.pinned, Some(token));
    on_event(&mut state, finished(id));
    apply(&mut state, Action::Escape);
    assert_eq!(state.focus.pinned, None);
}

#[test]
fn a_failed_run_keeps_its_words_and_offers_a_way_on() {
    let mut state = ready();
    apply(&mut state, Action::Run);
    let id = state.shown.unwrap();
    on_event(&mut state, step(id, Pane::Guided, 0, 1, &[1.0, 1.0]));
    on_event(
        &mut state,
        Event::Failed {
            run: Some(id),
            failure: Failure::failed("No memory left"),
        },
    );
    assert_eq!(state.run().unwrap().guided.pieces.concat(), "b");
    assert!(!state.run().unwrap().is_active());
    assert!(state.problem.is_some());
    assert!(can_run(&state));
}

#[test]
fn a_worker_that_is_gone_is_told_and_the_text_stays() {
    let mut state = ready();
    run_once(&mut state);
    on_worker_lost(&mut state);
    assert!(!can_run(&state));
    assert_eq!(state.run().unwrap().guided.pieces.concat(), "ac");
    assert!(state.problem.is_some());
}

#[test]
fn the_oldest_answers_give_their_rows_back_when_memory_is_short_and_keep_their_numbers() {
    let mut state = ready();
    let first = run_once(&mut state);
    let of_one = state.runs[&first].base.trace.bytes() + state.runs[&first].guided.trace.bytes();
    for _ in 0..3 {
        run_once(&mut state);
    }
    let taken = |state: &State| -> usize {
        let runs = state.runs.values();
        runs.map(|run| run.base.trace.bytes() + run.guided.trace.bytes())
            .sum()
    };
    assert_eq!(taken(&state), 4 * of_one, "there is room for all");
    set_row_budget(&mut state, of_one);
    assert!(taken(&state) <= of_one && taken(&state) > 0);
    let old = &state.runs[&first];
    assert_eq!(old.guided.trace.bytes(), 0);
    assert!(old.insight(Pane::Guided, 1).is_some());
    assert!(state.run().unwrap().guided.trace.bytes() > 0);
    run_once(&mut state);
    settle(&mut state);
    assert!(taken(&state) <= of_one, "new words keep to it");
}

#[test]
fn texts_are_written_at_reading_speed_until_someone_wants_them_fast() {
    let mut state = ready();
    let pace = |commands: Vec<Command>| match &commands[..] {
        [Command::Generate(request)] => request.pace,
        other => panic!("{other:?}"),
    };
    assert_eq!(pace(apply(&mut state, Action::Run)), Some(READING_PACE));
    apply(&mut state, Action::TogglePace);
    assert_eq!(pace(apply(&mut state, Action::Run)), None);
}
