use std::sync::Arc;

use super::*;
use crate::app::state::settings::READING_PACE;
use crate::app::state::{Problem, ProblemPlace, TokenRef};
use crate::domain::{Finish, Objective, Pane, RewardKind, RunId, Sampling};
use crate::engine::decode::GuidedStep;
use crate::engine::mix::log_softmax;
use crate::engine::scorer::StepScores;
use crate::error::Failure;
use crate::worker::{Event, LineupInfo, RunEnd, Step, StreamEnd};

/// A lineup of two objectives over four words.
pub(super) fn info() -> Arc<LineupInfo> {
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    };
    Arc::new(LineupInfo {
        name: "test".to_owned(),
        objectives: vec![objective("harmless"), objective("helpful")],
        texts: ["a", "b", "c", ""].map(str::to_owned).into(),
        device: "CPU".to_owned(),
        context_len: 64,
        parameters: 10,
        load_secs: 0.0,
        models: Vec::new(),
        familiar: None,
        is_demo: true,
    })
}

/// A window whose models are loaded and whose prompt box is filled.
pub(super) fn ready() -> State {
    let mut state = State::default();
    load(&mut state);
    on_event(&mut state, Event::Loaded(info()));
    state.draft.prompt.text = "Why?".to_owned();
    state
}

fn step(run: RunId, pane: Pane, position: usize, token: u32, weights: &[f64]) -> Event {
    let row = |salt: f32| log_softmax(&[salt, 1.0 - salt, 0.3, 0.1]);
    let scores = StepScores {
        base: row(0.5),
        rewards: vec![row(2.0), row(-1.0)],
    };
    Event::Step {
        run,
        step: Box::new(Step {
            pane,
            text: ["a", "b", "c", ""][token as usize].to_owned(),
            step: GuidedStep::new(position, token, scores, Arc::from(weights)),
        }),
    }
}

fn finished(run: RunId) -> Event {
    let end = |text: &str| StreamEnd {
        finish: Finish::Eos,
        text: text.to_owned(),
        tail: String::new(),
        tokens: 2,
    };
    Event::Finished {
        run,
        end: Box::new(RunEnd {
            base: Some(end("ab")),
            guided: end("ac"),
            divergence: Some(1),
            prefill_secs: 0.1,
            base_secs: 1.0,
            guided_secs: 1.0,
            tokens_per_sec: 4.0,
        }),
    }
}

/// Runs to the end: base "ab", guided "ac".
fn run_once(state: &mut State) -> RunId {
    let commands = apply(state, Action::Run);
    let [Command::Generate(request)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let (id, weights) = (request.run, Arc::clone(&request.weights));
    for (pane, position, token) in [
        (Pane::Base, 0, 0),
        (Pane::Guided, 0, 0),
        (Pane::Base, 1, 1),
        (Pane::Guided, 1, 2),
    ] {
        on_event(state, step(id, pane, position, token, &weights));
    }
    on_event(state, finished(id));
    id
}

pub(super) fn set_weight(state: &mut State, objective: usize, weight: f64) -> Vec<Command> {
    apply(state, Action::SetWeight { objective, weight })
}

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
    let mut state = ready();
    let run = run_once(&mut state);
    assert!(state.reweight_request().is_none());
    assert!(set_weight(&mut state, 0, 3.0).is_empty());
    let request = state.reweight_request().unwrap();
    assert_eq!((request.run, &*request.weights), (run, &[3.0, 1.0][..]));
    let before = state
        .run()
        .unwrap()
        .insight(Pane::Guided, 0)
        .unwrap()
        .clone();
    assert!(on_rejudged(&mut state, request.answer()).is_empty());
    let after = state.run().unwrap().insight(Pane::Guided, 0).unwrap();
    assert!((before.chosen.guided - after.chosen.guided).abs() > 0.01);
    assert!(state.reweight_request().is_none());
    // The slider goes back: so do the numbers.
    set_weight(&mut state, 0, 1.0);
    let request = state.reweight_request().unwrap();
    assert!(on_rejudged(&mut state, request.answer()).is_empty());
    let again = state.run().unwrap().insight(Pane::Guided, 0).unwrap();
    assert!((before.chosen.guided - again.chosen.guided).abs() < 1e-9);
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
    assert!(taken(&state) <= of_one, "new words keep to it");
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
fn a_locked_scale_stays_and_a_free_one_grows_only() {
    let mut state = ready();
    let run = run_once(&mut state);
    let free = state.heat_scale;
    apply(&mut state, Action::ToggleScaleLock);
    assert_eq!(state.settings.heat.locked, Some(free));
    on_event(&mut state, step(run, Pane::Guided, 2, 1, &[1.0, 1.0]));
    assert!((state.heat_scale - free).abs() < 1e-12);
    apply(&mut state, Action::ToggleScaleLock);
    assert_eq!(state.settings.heat.locked, None);
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
fn zoom_stays_in_its_range() {
    let mut state = State::default();
    for _ in 0..100 {
        apply(&mut state, Action::ZoomIn);
    }
    assert!((state.settings.zoom - ZOOM_RANGE.1).abs() < 1e-6);
    apply(&mut state, Action::ZoomReset);
    assert!((state.settings.zoom - 1.0).abs() < 1e-6);
}

#[test]
fn a_pinned_card_moves_along_its_text_and_not_beyond() {
    let mut state = ready();
    run_once(&mut state);
    let token = |index| TokenRef {
        pane: Pane::Guided,
        index,
    };
    apply(&mut state, Action::TogglePin(token(0)));
    apply(&mut state, Action::MovePin(-1));
    assert_eq!(state.focus.pinned, Some(token(0)));
    apply(&mut state, Action::MovePin(9));
    assert_eq!(state.focus.pinned, Some(token(1)));
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
