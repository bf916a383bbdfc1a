//! What becomes of scored texts, told by events that a worker might send.

use std::sync::Arc;

use super::*;
use crate::app::state::page::Page;
use crate::app::state::score::{BatchPhase, FileAnswer, SidePhase};
use crate::app::update::{Action, apply as act, on_event as hear};
use crate::domain::{LineupInfo, Objective, Pane, RewardKind};
use crate::engine::decode::GuidedStep;
use crate::engine::mix::log_softmax;
use crate::engine::scorer::StepScores;
use crate::engine::sums::TextSums;
use crate::error::FailureKind;
use crate::train::data::Answered;
use crate::worker::{ScoreRequest, Step};

const WORDS: [&str; 8] = [
    "Tell", " them", " the", " plain", " cruel", " truth", ".", "",
];

fn state() -> State {
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    };
    let info = LineupInfo {
        objectives: vec![objective("helpful"), objective("harmless")],
        texts: WORDS.map(str::to_owned).to_vec().into(),
        ..LineupInfo::default()
    };
    let mut state = State::default();
    hear(&mut state, Event::Loaded(Arc::new(info)));
    act(&mut state, Action::GoTo(Page::Score));
    state
}

fn asked(command: Command) -> ScoreRequest {
    let Command::Score(request) = command else {
        panic!("{command:?}");
    };
    request
}

fn do_(state: &mut State, action: ScoreAction) -> Vec<ScoreRequest> {
    let commands = act(state, Action::Score(action));
    commands.into_iter().map(asked).collect()
}

/// Rows that depend on the place and on all words before it, as a model's do.
fn step(words: &[&str], position: usize, salt: f32, weights: &[f64]) -> Event {
    let seen: usize = words[..position].iter().map(|word| word.len()).sum();
    let row = |own: usize| {
        let logit = |v: usize| ((v * 5 + seen * 3 + own * 7) % 11) as f32 * 0.4 + salt * v as f32;
        log_softmax(&(0..WORDS.len()).map(logit).collect::<Vec<_>>())
    };
    let scores = StepScores {
        base: row(0),
        rewards: vec![row(1), row(2)],
    };
    let token = WORDS
        .iter()
        .position(|word| *word == words[position])
        .unwrap();
    let step = GuidedStep::new(position, token as u32, scores, weights.into());
    Event::Step {
        run: RunId(0),
        step: Box::new(Step {
            pane: Pane::Guided,
            step,
            text: words[position].to_owned(),
        }),
    }
}

/// Tells all that scoring these words tells, up to `most` of them; `salt` makes the numbers others.
fn tell(state: &mut State, request: &ScoreRequest, words: &[&str], most: usize, salt: f32) {
    let run = request.run;
    hear(
        state,
        Event::Started {
            run,
            rendered: "<|question|>Why?<|answer|>".to_owned(),
            prompt_tokens: 5,
            first: 0,
            unfamiliar: false,
        },
    );
    for position in 0..words.len().min(most) {
        if let Event::Step { step, .. } = step(words, position, salt, &request.weights) {
            hear(state, Event::Step { run, step });
        }
    }
    if most >= words.len() {
        let scored = Event::Scored {
            run,
            tokens: words.len(),
            tail: String::new(),
            sums: TextSums::default(),
        };
        hear(state, scored);
    }
    crate::app::update::settle(state);
}

fn score(state: &mut State, words: &[&str], salt: f32) {
    do_(state, ScoreAction::EditAnswer(0, words.concat()));
    let requests = do_(state, ScoreAction::Begin);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].response, words.concat());
    tell(state, &requests[0], words, usize::MAX, salt);
}

fn insights(state: &State) -> Vec<crate::engine::insight::TokenInsight> {
    let run = state.score.answers.run.as_ref().unwrap();
    let steps = run.base.trace.steps().iter();
    steps.map(|step| step.insight.clone()).collect()
}

#[test]
fn scoring_an_edited_answer_keeps_the_numbers_before_the_edit() {
    let mut state = state();
    score(
        &mut state,
        &["Tell", " them", " the", " plain", " truth", "."],
        0.0,
    );
    let before = insights(&state);
    // Numbers that would all be others, were they taken.
    score(
        &mut state,
        &["Tell", " them", " the", " cruel", " truth", "."],
        0.1,
    );
    let after = insights(&state);
    assert_eq!(before[..3], after[..3]);
    for index in 3..6 {
        assert_ne!(before[index], after[index], "{index}");
    }
    let side = state.score.answers.sides[0].as_ref().unwrap();
    assert_eq!((side.before, side.changed_at), (6, Some(3)));
    let text = state.score.answers.text(0).unwrap().pieces.concat();
    assert_eq!(text, "Tell them the cruel truth.");
}

#[test]
fn a_shortened_answer_loses_its_end_and_another_prompt_keeps_nothing() {
    let mut state = state();
    score(&mut state, &["Tell", " them", " the", " truth"], 0.0);
    let before = insights(&state);
    score(&mut state, &["Tell", " them"], 0.1);
    assert_eq!(insights(&state), before[..2]);
    let side = state.score.answers.sides[0].as_ref().unwrap();
    assert_eq!(side.changed_at, Some(2));
    do_(&mut state, ScoreAction::EditPrompt("How?".to_owned()));
    score(&mut state, &["Tell", " them"], 0.1);
    assert_ne!(insights(&state)[0], before[0]);
    assert_eq!(state.score.answers.sides[0].as_ref().unwrap().before, 0);
}

#[test]
fn stopping_keeps_what_has_come_and_nothing_of_the_words_before() {
    let mut state = state();
    score(&mut state, &["Tell", " them", " the", " truth"], 0.0);
    do_(
        &mut state,
        ScoreAction::EditAnswer(0, "Tell them the plain truth".to_owned()),
    );
    let requests = do_(&mut state, ScoreAction::Begin);
    let words = ["Tell", " them", " the", " plain", " truth"];
    tell(&mut state, &requests[0], &words, 2, 0.0);
    assert!(state.score.is_busy());
    act(&mut state, Action::Escape);
    assert!(requests[0].cancel.is_cancelled());
    assert!(!state.score.is_busy());
    let text = state.score.answers.text(0).unwrap();
    assert_eq!(text.pieces.concat(), "Tell them");
    // What comes too late is dropped, and nobody is told that a person stopped it.
    hear(
        &mut state,
        Event::Failed {
            run: Some(requests[0].run),
            failure: Failure::interrupted(),
        },
    );
    assert_eq!(state.problem, None);
    let side = state.score.answers.sides[0].as_ref().unwrap();
    assert_eq!(side.phase, SidePhase::Stopped);
}

#[test]
fn a_second_answer_is_scored_beside_the_first_and_only_what_changed_again() {
    let mut state = state();
    score(
        &mut state,
        &["Tell", " them", " the", " plain", " truth"],
        0.0,
    );
    do_(&mut state, ScoreAction::SetCompare(true));
    let second = ["Tell", " them", " the", " cruel", " truth"];
    do_(&mut state, ScoreAction::EditAnswer(1, second.concat()));
    let requests = do_(&mut state, ScoreAction::Begin);
    assert_eq!(requests.len(), 1, "the first has not changed");
    tell(&mut state, &requests[0], &second, usize::MAX, 0.0);
    let sheet = &state.score.answers;
    assert!(sheet.is_comparison() && !sheet.is_stale());
    assert_eq!(sheet.run.as_ref().unwrap().first_difference(), Some(3));
    // Behind the same beginning the two words stand in the same rows.
    let reward = |pane| {
        let run = sheet.run.as_ref().unwrap();
        run.insight(pane, 2).unwrap().chosen.objectives[1].reward
    };
    assert_eq!(reward(Pane::Base).to_bits(), reward(Pane::Guided).to_bits());
    do_(&mut state, ScoreAction::SetCompare(false));
    assert!(!state.score.answers.is_stale());
}

#[test]
fn numbers_follow_the_sliders_without_a_model() {
    let mut state = state();
    score(&mut state, &["Tell", " them", " the", " truth"], 0.0);
    assert!(state.scored_request().is_none());
    let before = state.score.answers.sums(0).unwrap();
    let moved = act(
        &mut state,
        Action::SetWeight {
            objective: 1,
            weight: 2.0,
        },
    );
    assert!(moved.is_empty(), "no model is asked: {moved:?}");
    let request = state.scored_request().unwrap();
    on_scored_again(&mut state, request.answer());
    assert!(state.scored_request().is_none());
    let after = state.score.answers.sums(0).unwrap();
    assert!((before.guided - after.guided).abs() > 1e-3);
    for (a, b) in before.objectives.iter().zip(&after.objectives) {
        assert!((a.reward - b.reward).abs() < 1e-4 && (a.advantage - b.advantage).abs() < 1e-4);
    }
}

#[test]
fn the_built_in_sentences_are_scored_with_one_click() {
    let mut state = state();
    let requests = do_(&mut state, ScoreAction::Show(Tab::OneWord));
    assert_eq!(requests.len(), 2);
    assert!(requests[0].response.contains("honest") && requests[1].response.contains("nasty"));
    assert_eq!(state.exchange_objective(), 1);
    // Once is enough.
    assert!(do_(&mut state, ScoreAction::Show(Tab::OneWord)).is_empty());
}

#[test]
fn models_without_that_objective_leave_the_sentences_to_the_person() {
    let mut state = state();
    do_(&mut state, ScoreAction::Show(Tab::OneWord));
    let mut info = state.lineup_info().unwrap().clone();
    info.objectives.truncate(1);
    hear(&mut state, Event::Loaded(Arc::new(info)));
    assert!(state.score.sentences.run.is_none());
    assert!(do_(&mut state, ScoreAction::Show(Tab::OneWord)).is_empty());
    assert!(state.score.sentences.draft.answers[0].is_empty());
    assert_eq!(why_no_score(&state), Some("Type or paste an answer"));
}

fn with_file(pairs: usize) -> State {
    let mut state = state();
    do_(&mut state, ScoreAction::Drop("pairs.csv".into()));
    assert_eq!(state.score.tab, Tab::File);
    let serial = state.score.batch.wishes.front().unwrap().serial();
    let pairs: Vec<Answered> = (0..pairs)
        .map(|index| Answered {
            line: index + 2,
            prompt: "Why?".to_owned(),
            response: format!("Answer {index}"),
        })
        .collect();
    let file = crate::app::state::score::BatchFile {
        path: "pairs.csv".into(),
        pairs: pairs.into(),
    };
    on_file(&mut state, FileAnswer::Pairs(serial, Ok(file)));
    state
}

fn sums(tokens: usize) -> TextSums {
    TextSums {
        tokens,
        ..TextSums::default()
    }
}

fn tell_row(state: &mut State, run: RunId, tokens: usize) -> Vec<RunId> {
    let commands = hear(
        state,
        Event::Scored {
            run,
            tokens,
            tail: String::new(),
            sums: sums(tokens),
        },
    );
    commands
        .into_iter()
        .map(|command| asked(command).run)
        .collect()
}

#[test]
fn a_file_goes_to_the_worker_a_few_answers_at_a_time() {
    let mut state = with_file(8);
    let mut asked: Vec<RunId> = Vec::new();
    let first = do_(&mut state, ScoreAction::Begin);
    assert!(first.iter().all(|request| !request.told));
    asked.extend(first.iter().map(|request| request.run));
    assert_eq!(asked.len(), 4);
    let mut next = 0;
    while next < asked.len() {
        if next == 2 {
            let failure = Failure::usage("There is no response to score");
            let run = Some(asked[next]);
            let more = hear(&mut state, Event::Failed { run, failure });
            assert_eq!(more.len(), 1);
            let Command::Score(request) = &more[0] else {
                panic!("{more:?}");
            };
            asked.push(request.run);
        } else {
            let more = tell_row(&mut state, asked[next], next + 1);
            asked.extend(more);
        }
        next += 1;
    }
    let run = state.score.batch.run.as_ref().unwrap();
    assert_eq!(run.phase, BatchPhase::Done);
    let told: Vec<Result<usize, &str>> = run
        .rows
        .iter()
        .map(|row| {
            row.sums
                .as_ref()
                .map(|sums| sums.tokens)
                .map_err(String::as_str)
        })
        .collect();
    let failed = Err("There is no response to score");
    assert_eq!(
        told,
        [Ok(1), Ok(2), failed, Ok(4), Ok(5), Ok(6), Ok(7), Ok(8)]
    );
    assert_eq!(state.score.batch.out, "pairs.scores.csv");
    assert_eq!(state.problem, None);
}

#[test]
fn a_stopped_file_keeps_its_rows_and_they_can_be_saved() {
    let mut state = with_file(6);
    let first = do_(&mut state, ScoreAction::Begin);
    tell_row(&mut state, first[0].run, 3);
    act(&mut state, Action::Escape);
    assert!(first[1].cancel.is_cancelled());
    let failure = Failure::new(FailureKind::Interrupted, "stopped");
    let run = Some(first[1].run);
    assert!(hear(&mut state, Event::Failed { run, failure }).is_empty());
    let kept = state.score.batch.run.as_ref().unwrap();
    assert_eq!((kept.phase, kept.rows.len()), (BatchPhase::Stopped, 1));
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("scores.csv");
    do_(&mut state, ScoreAction::EditOut(out.display().to_string()));
    do_(&mut state, ScoreAction::Save);
    let answer = state.score.batch.wishes.front().unwrap().answer();
    on_file(&mut state, answer);
    assert_eq!(
        state.score.batch.saved,
        crate::app::state::score::BatchSaved::At(out.clone())
    );
    let table = std::fs::read_to_string(out).unwrap();
    assert_eq!(table.lines().count(), 2);
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("2,Why?,Answer 0,3,")
    );
}

#[test]
fn a_file_stops_where_other_models_are_loaded() {
    let mut state = with_file(6);
    let first = do_(&mut state, ScoreAction::Begin);
    tell_row(&mut state, first[0].run, 3);
    crate::app::update::load(&mut state);
    let failure = Failure::failed("No models are loaded");
    for request in &first[1..] {
        let run = Some(request.run);
        let failure = failure.clone();
        assert!(hear(&mut state, Event::Failed { run, failure }).is_empty());
    }
    let kept = state.score.batch.run.as_ref().unwrap();
    assert_eq!((kept.phase, kept.rows.len()), (BatchPhase::Stopped, 1));
}

#[test]
fn files_are_read_and_written_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let mut state = with_file(1);
    let first = do_(&mut state, ScoreAction::Begin);
    tell_row(&mut state, first[0].run, 3);
    let out = home.path().join("scores.csv");
    do_(&mut state, ScoreAction::EditOut(out.display().to_string()));
    do_(&mut state, ScoreAction::Save);
    let others = home.path().join("others.csv");
    std::fs::write(&others, "prompt,response\nWhy?,So\n").unwrap();
    for path in ["nowhere.csv".into(), others.clone()] {
        do_(&mut state, ScoreAction::Drop(path));
    }
    let mut seen = Vec::new();
    while let Some(wish) = state.score.batch.wishes.front() {
        let answer = wish.answer();
        on_file(&mut state, answer);
        let batch = &state.score.batch;
        seen.push((batch.saved.clone(), batch.file.is_some()));
    }
    let saved = crate::app::state::score::BatchSaved::At(out);
    // The file that was not wanted any more is told as little as one that waits.
    let told = [false, false, true].map(|is_read| (saved.clone(), is_read));
    assert_eq!(seen, told);
    assert_eq!(state.score.batch.readable().unwrap().path, others);
}

#[test]
fn a_dropped_text_goes_into_the_first_empty_box() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("answer.txt");
    std::fs::write(&path, "\u{feff}Tell them.\n").unwrap();
    let mut state = state();
    do_(&mut state, ScoreAction::SetCompare(true));
    for side in 0..2 {
        do_(&mut state, ScoreAction::Drop(path.clone()));
        let answer = state.score.batch.wishes.front().unwrap().answer();
        on_file(&mut state, answer);
        assert_eq!(state.score.answers.draft.answers[side], "Tell them.");
    }
    do_(
        &mut state,
        ScoreAction::Drop(home.path().join("nowhere.txt")),
    );
    let answer = state.score.batch.wishes.front().unwrap().answer();
    on_file(&mut state, answer);
    let problem = state.problem.unwrap();
    assert_eq!(problem.failure.summary, "This file cannot be read as text");
}
