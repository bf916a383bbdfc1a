//! Looking ahead: it says what would be written, and never stands in anybody's way.

use super::*;
use crate::domain::TokenId;

fn look(run: u64, weight: f64, sampling: &Sampling, tokens: &[TokenId]) -> AheadRequest {
    AheadRequest {
        run: RunId(run),
        cancel: CancelToken::default(),
        prompt: Prompt::default(),
        weights: Arc::from([weight]),
        sampling: sampling.clone(),
        tokens: tokens.into(),
        most: 12,
    }
}

fn send(worker: &WorkerHandle, request: AheadRequest) {
    let command = Command::LookAhead(Box::new(request));
    worker.commands.send(command).unwrap();
}

/// What this event says is ahead.
fn told(event: &Event) -> Option<(u64, &Ahead)> {
    match event {
        Event::Ahead { run, ahead } => Some((run.0, ahead)),
        _ => None,
    }
}

fn is_whole(event: &Event) -> bool {
    told(event).is_some_and(|(_, ahead)| ahead.tokens == 12 || ahead.finish.is_some())
}

/// What a look says in the end.
fn seen(worker: &WorkerHandle, request: AheadRequest) -> Ahead {
    send(worker, request);
    let events = until(worker, is_whole);
    let looks: Vec<&Ahead> = events
        .iter()
        .filter_map(|event| Some(told(event)?.1))
        .collect();
    for pair in looks.windows(2) {
        assert_eq!(pair[1].tokens, pair[0].tokens + 1);
        assert!(pair[1].text.starts_with(&pair[0].text));
    }
    (*looks.last().unwrap()).clone()
}

#[test]
fn what_is_seen_ahead_is_what_going_that_way_writes() {
    let worker = worker(None);
    let (mut whole, mut ended) = (0, 0);
    for seed in 0..12 {
        let sampling = Sampling {
            seed,
            temperature: [0.0, 0.8, 1.2][seed as usize % 3],
            top_k: [0, 5][seed as usize % 2],
            max_tokens: 20,
            ..Sampling::default()
        };
        let first = GenerateRequest {
            sampling: sampling.clone(),
            ..request(1, 1.0)
        };
        worker.commands.send(Command::Generate(first)).unwrap();
        let written: Vec<TokenId> = until(&worker, finished)
            .iter()
            .filter_map(|event| match event {
                Event::Step { step, .. } if step.pane == Pane::Guided => Some(step.step.token),
                _ => None,
            })
            .collect();
        for at in [0, written.len() / 2, written.len() - 1] {
            let mut beginning = written[..at].to_vec();
            beginning.push(written[at] % 31 + 1);
            // The sliders have moved since.
            let ahead = seen(&worker, look(2, 1.7, &sampling, &beginning));
            let fork = GenerateRequest {
                sampling: sampling.clone(),
                with_base: false,
                live: true,
                beginning: Beginning {
                    tokens: beginning.clone().into(),
                    words: String::new(),
                    told_from: at,
                },
                ..request(3, 1.7)
            };
            worker.commands.send(Command::Generate(fork)).unwrap();
            let events = until(&worker, finished);
            let steps: Vec<&Step> = events
                .iter()
                .filter_map(|event| match event {
                    Event::Step { step, .. } => Some(&**step),
                    _ => None,
                })
                .collect();
            let words: String = (steps[1..].iter().take(12))
                .map(|step| step.text.as_str())
                .collect();
            assert_eq!(ahead.text, words, "seed {seed} at {at}");
            assert_eq!(ahead.tokens, (steps.len() - 1).min(12));
            let Some(Event::Finished { end, .. }) = events.last() else {
                unreachable!()
            };
            if steps.len() - 1 <= 12 {
                assert_eq!(ahead.finish, Some(end.guided.finish));
                ended += 1;
            } else {
                assert_eq!(ahead.finish, None);
                whole += 1;
            }
        }
    }
    assert!(whole > 3 && ended > 3, "{whole} {ended}");
}

#[test]
fn a_run_does_not_wait_for_a_look_and_the_look_is_whole_behind_it() {
    let (allow, permits) = channel();
    let worker = stepping(move || {
        permits.recv_timeout(PATIENCE).ok();
    });
    let sampling = Sampling {
        temperature: 0.0,
        max_tokens: 40,
        ..Sampling::default()
    };
    send(&worker, look(1, 1.0, &sampling, &[3]));
    // The alternative is read, and one token behind it.
    for _ in 0..2 {
        allow.send(()).unwrap();
    }
    until(&worker, |event| {
        told(event).is_some_and(|(_, ahead)| ahead.tokens == 2)
    });
    worker
        .commands
        .send(Command::Generate(request(2, 1.0)))
        .unwrap();
    for _ in 0..200 {
        allow.send(()).unwrap();
    }
    let events = until(&worker, is_whole);
    let end = events.iter().position(finished).unwrap();
    let before = events[..end].iter().filter_map(told).count();
    assert!(before <= 1, "the token in hand at most: {before}");
    let after: Vec<usize> = events[end..]
        .iter()
        .filter_map(|event| Some(told(event)?.1.tokens))
        .collect();
    assert_eq!(after, (1..=12).collect::<Vec<_>>());
}

#[test]
fn a_newer_look_takes_the_place_of_those_that_wait_and_a_cancelled_one_says_nothing() {
    let (open, gate) = channel();
    let worker = gated(None, Some(gate));
    let sampling = Sampling::default();
    for run in 1..=20 {
        send(&worker, look(run, 1.0, &sampling, &[3]));
    }
    open.send(()).unwrap();
    let events = until(&worker, is_whole);
    assert!(events.iter().filter_map(told).all(|(run, _)| run == 20));
    let unwanted = look(21, 1.0, &sampling, &[3]);
    unwanted.cancel.cancel();
    send(&worker, unwanted);
    worker
        .commands
        .send(Command::Generate(request(22, 1.0)))
        .unwrap();
    let events = until(&worker, finished);
    assert_eq!(events.iter().filter_map(told).count(), 0);
}

#[test]
fn a_look_ends_with_its_models_and_with_its_front_end() {
    let (allow, permits) = channel();
    let worker = stepping(move || {
        permits.recv_timeout(PATIENCE).ok();
    });
    send(&worker, look(1, 1.0, &Sampling::default(), &[3]));
    allow.send(()).unwrap();
    until(&worker, |event| told(event).is_some());
    worker.commands.send(load(LineupSource::Demo)).unwrap();
    for _ in 0..100 {
        // The models that wait for it may be gone already.
        allow.send(()).ok();
    }
    until(&worker, |event| matches!(event, Event::Loaded(_)));
    worker
        .commands
        .send(Command::Generate(request(2, 1.0)))
        .unwrap();
    let events = until(&worker, finished);
    assert_eq!(events.iter().filter_map(told).count(), 0);
    send(&worker, look(3, 1.0, &Sampling::default(), &[3]));
    let WorkerHandle { commands, events } = worker;
    drop(commands);
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(_) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("the worker did not end"),
        }
    }
}

#[test]
fn a_look_that_cannot_be_had_fails_in_one_sentence() {
    let worker = worker(None);
    send(&worker, look(1, 1.0, &Sampling::default(), &[99]));
    let events = until(&worker, failed);
    assert!(matches!(
        events.last(),
        Some(Event::Failed { run: Some(RunId(1)), failure })
            if failure.summary == "The text cannot begin with token 99: the models share 32 tokens"
    ));
    // An alternative that ends the text has nothing behind it.
    let ahead = seen(&worker, look(2, 1.0, &Sampling::default(), &[5, 0]));
    assert_eq!((ahead.tokens, ahead.finish), (0, Some(Finish::Eos)));
}
