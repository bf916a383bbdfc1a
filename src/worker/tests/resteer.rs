//! Writing on from a given beginning, and live runs that take each other's places.

use std::collections::BTreeMap;

use super::*;
use crate::domain::TokenId;

/// A live run with a longer text, so that there is something to cut off.
fn live(run: u64, weight: f64) -> GenerateRequest {
    GenerateRequest {
        live: true,
        with_base: false,
        sampling: long_sampling(),
        ..request(run, weight)
    }
}

/// Greedy texts of the fake models do not end by themselves before this length.
fn long_sampling() -> Sampling {
    Sampling {
        temperature: 0.0,
        max_tokens: 40,
        ..Sampling::default()
    }
}

fn send(worker: &WorkerHandle, request: GenerateRequest) {
    worker.commands.send(Command::Generate(request)).unwrap();
}

/// The run that an event ends, if it ends one.
fn ended(event: &Event) -> Option<RunId> {
    match event {
        Event::Finished { run, .. } | Event::Superseded { run, .. } => Some(*run),
        _ => None,
    }
}

fn tokens(events: &[Event]) -> Vec<TokenId> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Step { step, .. } if step.pane == Pane::Guided => Some(step.step.token),
            _ => None,
        })
        .collect()
}

/// Guided steps told of each run.
fn steps_by_run(events: &[Event]) -> BTreeMap<u64, usize> {
    let mut steps = BTreeMap::new();
    for event in events {
        if let Event::Step { run, .. } = event {
            *steps.entry(run.0).or_default() += 1;
        }
    }
    steps
}

#[test]
fn a_run_goes_on_behind_its_beginning_as_if_written_from_scratch() {
    let worker = worker(None);
    send(&worker, request(1, 1.0));
    let whole = tokens(&until(&worker, finished));
    assert!(whole.len() > 8);
    send(
        &worker,
        GenerateRequest {
            with_base: false,
            beginning: Beginning {
                tokens: whole[..5].into(),
                told_from: 5,
                ..Beginning::default()
            },
            ..request(2, 1.0)
        },
    );
    let events = until(&worker, finished);
    assert!(matches!(&events[0], Event::Started { first: 5, .. }));
    assert_eq!(tokens(&events), whole[5..]);
    let Some(Event::Finished { end, .. }) = events.last() else {
        unreachable!()
    };
    let words: Vec<String> = end
        .guided
        .text
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let expected: Vec<String> = whole
        .iter()
        .filter(|&&id| id != 0)
        .map(|id| format!("w{id}"))
        .collect();
    assert_eq!(words, expected, "the beginning included");
    assert_eq!(end.guided.tokens, whole.len());
    assert_eq!(end.base, None);
}

#[test]
fn picked_and_typed_tokens_are_told_as_given_from_the_position_asked_for() {
    let worker = worker(None);
    send(
        &worker,
        GenerateRequest {
            beginning: Beginning {
                tokens: [3, 4, 7].into(),
                words: " w9 w8".to_owned(),
                told_from: 2,
            },
            ..request(1, 1.0)
        },
    );
    let events = until(&worker, finished);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Started { first: 2, .. }))
    );
    assert_eq!(tokens(&events)[..3], [7, 9, 8]);
    for event in &events {
        if let Event::Step { step, .. } = event {
            assert!(step.step.position >= 2);
            assert_eq!(step.step.given, step.step.position < 5);
        }
    }
    assert!(
        text(&events, Pane::Base).starts_with(" w7 w9 w8"),
        "the plain text has the same beginning"
    );
}

#[test]
fn a_beginning_that_cannot_be_gone_on_from_fails_in_one_sentence() {
    let worker = worker(None);
    for (beginning, sentence) in [
        (
            Beginning {
                tokens: [99].into(),
                ..Beginning::default()
            },
            "The text cannot begin with token 99: the models share 32 tokens",
        ),
        (
            Beginning {
                tokens: [5, 0, 5].into(),
                ..Beginning::default()
            },
            "The text cannot go on behind the token that ends it",
        ),
        (
            Beginning {
                words: "?".to_owned(),
                ..Beginning::default()
            },
            "The models have no tokens for these words",
        ),
    ] {
        send(
            &worker,
            GenerateRequest {
                beginning,
                ..request(1, 1.0)
            },
        );
        let events = until(&worker, failed);
        assert!(
            matches!(events.last(), Some(Event::Failed { failure, .. }) if failure.summary == sentence)
        );
    }
}

#[test]
fn of_a_burst_of_live_runs_at_most_two_write_and_the_last_one_is_whole() {
    let worker = stepping(|| std::thread::sleep(Duration::from_millis(2)));
    for run in 1..=100 {
        send(&worker, live(run, 0.01 * run as f64));
    }
    let events = until(&worker, |event| ended(event) == Some(RunId(100)));
    let steps = steps_by_run(&events);
    assert!(steps.len() <= 2, "{steps:?}");
    assert_eq!(steps[&100], 40);
    let mut ends: Vec<u64> = events.iter().filter_map(ended).map(|run| run.0).collect();
    assert!(matches!(events.last(), Some(Event::Finished { .. })));
    ends.sort_unstable();
    assert_eq!(ends, (1..=100).collect::<Vec<_>>(), "each ends once");
}

#[test]
fn a_newer_live_run_cuts_off_the_one_that_writes_within_one_token() {
    let (allow, permits) = channel();
    let worker = stepping(move || {
        permits.recv_timeout(PATIENCE).ok();
    });
    send(&worker, live(1, 0.5));
    for _ in 0..3 {
        allow.send(()).unwrap();
    }
    // Four tokens are chosen: one from the prompt, three from the steps allowed so far.
    let mut seen = 0;
    until(&worker, |event| {
        seen += usize::from(matches!(event, Event::Step { .. }));
        seen == 4
    });
    send(&worker, live(2, 0.6));
    for _ in 0..200 {
        allow.send(()).unwrap();
    }
    let events = until(&worker, |event| ended(event) == Some(RunId(2)));
    let steps = steps_by_run(&events);
    assert!(steps.get(&1).is_none_or(|&more| more <= 1), "{steps:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Superseded { run, by } if (run.0, by.0) == (1, 2)))
    );
    assert_eq!(steps[&2], 40);
}

#[test]
fn a_live_run_waits_for_one_that_is_not_and_both_are_whole() {
    let (open, gate) = channel();
    let worker = gated(None, Some(gate));
    send(&worker, request(1, 0.5));
    send(&worker, live(2, 0.5));
    send(&worker, request(3, 0.5));
    open.send(()).unwrap();
    let events = until(&worker, |event| ended(event) == Some(RunId(3)));
    let ends: Vec<u64> = events
        .iter()
        .filter(|event| finished(event))
        .filter_map(ended)
        .map(|run| run.0)
        .collect();
    assert_eq!(ends, [1, 2, 3]);
}

#[test]
fn a_chain_of_cut_off_live_runs_ends_in_what_writing_from_scratch_gives() {
    let fresh = worker(None);
    send(&fresh, live(1, 1.7));
    let expected = tokens(&until(&fresh, finished));

    let worker = stepping(|| std::thread::sleep(Duration::from_micros(300)));
    for (run, weight) in (1..).zip([0.1, 0.4, 0.9, 1.3, 1.7]) {
        send(&worker, live(run, weight));
        std::thread::sleep(Duration::from_millis(3));
    }
    let mut events = until(&worker, |event| ended(event) == Some(RunId(5)));
    events.retain(|event| matches!(event, Event::Step { run, .. } if run.0 == 5));
    assert_eq!(tokens(&events), expected);
}

#[test]
fn loading_a_lineup_frees_what_the_runs_before_have_left_open() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let worker = stepping(move || drop(Arc::clone(&held)));
    send(&worker, request(1, 1.0));
    until(&worker, finished);
    assert_eq!(Arc::strong_count(&alive), 2);
    worker
        .commands
        .send(load(LineupSource::File("nowhere.toml".into())))
        .unwrap();
    until(&worker, |event| matches!(event, Event::Loading { .. }));
    assert_eq!(
        Arc::strong_count(&alive),
        1,
        "the models and their caches are gone before the new ones come"
    );
}
