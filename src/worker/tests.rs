use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::*;
use crate::domain::{Finish, Objective, Pane, Prompt, RewardKind, Sampling};
use crate::engine::fake::FakeScorer;

/// Longer than any machine needs; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Loads fake models; the first one panics at the given response length. Loading waits for the gate where there is one.
struct FakeLoader {
    panic_at: Option<usize>,
    gate: Option<Receiver<()>>,
    on_step: Option<Box<dyn FnMut() + Send>>,
}

impl Loader for FakeLoader {
    fn load(
        &mut self,
        source: &LineupSource,
        _: &ComputeSettings,
        progress: &mut dyn FnMut(&str, Option<f32>),
        _: &CancelToken,
    ) -> Result<Loaded, Failure> {
        progress("Reading weights", Some(0.5));
        if let Some(gate) = self.gate.take() {
            gate.recv_timeout(PATIENCE).unwrap();
        }
        if *source != LineupSource::Demo {
            return Err(Failure::input("There is no such lineup"));
        }
        let mut scorer = FakeScorer::new(&["kind"]);
        scorer.panic_at = self.panic_at.take();
        scorer.on_step = self
            .on_step
            .take()
            .map(|on_step| on_step as Box<dyn FnMut()>);
        let texts = Arc::clone(&scorer.vocabulary().texts);
        Ok(Loaded {
            scorer: Box::new(scorer),
            info: LineupInfo {
                name: "fake".to_owned(),
                objectives: vec![Objective {
                    name: "kind".to_owned(),
                    kind: RewardKind::Adapter,
                    weight: 1.0,
                    about: String::new(),
                    colour: None,
                }],
                texts,
                device: "CPU".to_owned(),
                context_len: 64,
                parameters: 0,
                load_secs: 0.0,
                models: vec![],
                familiar: None,
                is_demo: false,
            },
        })
    }
}

fn worker(panic_at: Option<usize>) -> WorkerHandle {
    gated(panic_at, None)
}

fn gated(panic_at: Option<usize>, gate: Option<Receiver<()>>) -> WorkerHandle {
    started(FakeLoader {
        panic_at,
        gate,
        on_step: None,
    })
}

/// A worker whose models call this at each step.
fn stepping(on_step: impl FnMut() + Send + 'static) -> WorkerHandle {
    started(FakeLoader {
        panic_at: None,
        gate: None,
        on_step: Some(Box::new(on_step)),
    })
}

fn started(loader: FakeLoader) -> WorkerHandle {
    let worker = spawn(loader, || {}).unwrap();
    worker.commands.send(load(LineupSource::Demo)).unwrap();
    worker
}

fn load(source: LineupSource) -> Command {
    Command::Load {
        source,
        settings: ComputeSettings::default(),
        cancel: CancelToken::default(),
    }
}

fn request(run: u64, weight: f64) -> GenerateRequest {
    GenerateRequest {
        run: RunId(run),
        cancel: CancelToken::default(),
        prompt: Prompt::default(),
        weights: Arc::from([weight]),
        sampling: Sampling {
            max_tokens: 20,
            ..Sampling::default()
        },
        with_base: true,
        pace: None,
        beginning: Beginning::default(),
        live: false,
    }
}

/// The events up to the first that `last` accepts.
fn until(worker: &WorkerHandle, mut last: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = worker.events.recv_timeout(PATIENCE).unwrap();
        let done = last(&event);
        events.push(event);
        if done {
            return events;
        }
    }
}

fn finished(event: &Event) -> bool {
    matches!(event, Event::Finished { .. })
}

fn failed(event: &Event) -> bool {
    matches!(event, Event::Failed { .. })
}

fn text(events: &[Event], wanted: Pane) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Step { step, .. } if step.pane == wanted => Some(step.text.as_str()),
            _ => None,
        })
        .collect()
}

mod ahead;
mod resteer;

#[test]
fn a_run_tells_its_start_its_steps_and_its_end() {
    let worker = worker(None);
    worker
        .commands
        .send(Command::Generate(request(1, 1.0)))
        .unwrap();
    let events = until(&worker, finished);
    assert!(matches!(events[0], Event::Loading { .. }));
    assert!(matches!(events[1], Event::Loaded(_)));
    assert!(matches!(&events[2], Event::Started { rendered, .. } if rendered == "<>"));
    let Some(Event::Finished { end, .. }) = events.last() else {
        unreachable!()
    };
    assert_eq!(text(&events, Pane::Guided), end.guided.text);
    assert_eq!(text(&events, Pane::Base), end.base.as_ref().unwrap().text);
    assert!(!end.guided.text.is_empty());
}

#[test]
fn a_panic_fails_the_run_and_the_next_run_works() {
    let worker = worker(Some(3));
    worker
        .commands
        .send(Command::Generate(request(1, 1.0)))
        .unwrap();
    let events = until(&worker, failed);
    let Some(Event::Failed { run, failure }) = events.last() else {
        unreachable!()
    };
    assert_eq!(*run, Some(RunId(1)));
    assert_eq!(
        failure.details.as_deref(),
        Some("the fake scorer was asked to panic")
    );
    worker
        .commands
        .send(Command::Generate(request(2, 1.0)))
        .unwrap();
    let events = until(&worker, finished);
    assert!(!text(&events, Pane::Guided).is_empty());
}

#[test]
fn a_wrong_number_of_weights_or_nan_fails_the_run_in_one_sentence() {
    let worker = worker(None);
    worker
        .commands
        .send(Command::Generate(request(1, f64::NAN)))
        .unwrap();
    let events = until(&worker, failed);
    assert!(
        matches!(events.last(), Some(Event::Failed { failure, .. }) if failure.summary == "The weight of kind must be a number, not NaN")
    );
    let mut wrong = request(2, 1.0);
    wrong.weights = Arc::from([1.0, 2.0]);
    worker.commands.send(Command::Generate(wrong)).unwrap();
    let events = until(&worker, failed);
    assert!(
        matches!(events.last(), Some(Event::Failed { failure, .. }) if failure.kind == crate::error::FailureKind::Usage)
    );
}

#[test]
fn a_lineup_that_cannot_be_loaded_leaves_a_worker_that_says_so() {
    let worker = worker(None);
    worker
        .commands
        .send(load(LineupSource::File("nowhere.toml".into())))
        .unwrap();
    until(&worker, failed);
    worker
        .commands
        .send(Command::Generate(request(1, 1.0)))
        .unwrap();
    let events = until(&worker, failed);
    assert!(
        matches!(events.last(), Some(Event::Failed { failure, .. }) if failure.summary == "No models are loaded")
    );
}

#[test]
fn weights_sent_for_the_running_run_are_used_and_stored() {
    let (open, gate) = channel();
    let worker = gated(None, Some(gate));
    // While the worker is still loading, both commands are in its queue before the run draws its first token.
    worker
        .commands
        .send(Command::Generate(request(7, 0.0)))
        .unwrap();
    worker
        .commands
        .send(Command::SetWeights {
            run: RunId(7),
            weights: Arc::from([2.5]),
        })
        .unwrap();
    open.send(()).unwrap();
    let events = until(&worker, finished);
    let last = events.iter().rev().find_map(|event| match event {
        Event::Step { step, .. } if step.pane == Pane::Guided => Some(step.step.weights[0]),
        _ => None,
    });
    assert_eq!(last, Some(2.5));
}

#[test]
fn a_cancelled_run_ends_as_cancelled_with_what_it_has() {
    let worker = worker(None);
    let request = request(1, 1.0);
    request.cancel.cancel();
    worker.commands.send(Command::Generate(request)).unwrap();
    let events = until(&worker, finished);
    assert!(
        matches!(events.last(), Some(Event::Finished { end, .. }) if end.guided.finish == Finish::Cancelled)
    );
}

#[test]
fn scoring_tells_every_token_and_then_its_end() {
    let worker = worker(None);
    worker
        .commands
        .send(Command::Score(ScoreRequest {
            run: RunId(4),
            cancel: CancelToken::default(),
            prompt: Prompt::default(),
            response: "w5 w9".to_owned(),
            with_end: true,
            told: true,
            weights: Arc::from([1.0]),
        }))
        .unwrap();
    let events = until(&worker, |event| matches!(event, Event::Scored { .. }));
    assert_eq!(text(&events, Pane::Guided), " w5 w9");
    assert!(matches!(
        events.last(),
        Some(Event::Scored { tokens: 3, .. })
    ));
}

#[test]
fn a_front_end_that_goes_away_ends_the_worker() {
    let worker = worker(None);
    let WorkerHandle { commands, events } = worker;
    commands.send(Command::Generate(request(1, 1.0))).unwrap();
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
fn a_paced_run_takes_its_time_and_can_be_stopped_at_once() {
    let worker = worker(None);
    let paced = GenerateRequest {
        pace: Some(100.0),
        ..request(1, 1.0)
    };
    let began = std::time::Instant::now();
    worker.commands.send(Command::Generate(paced)).unwrap();
    let events = until(&worker, finished);
    let steps = events
        .iter()
        .filter(|event| matches!(event, Event::Step { step, .. } if step.pane == Pane::Guided))
        .count();
    let least = (steps.saturating_sub(1)) as f64 / 100.0;
    assert!(began.elapsed().as_secs_f64() >= least, "{steps} steps");

    let slow = GenerateRequest {
        pace: Some(0.01),
        ..request(2, 1.0)
    };
    let cancel = slow.cancel.clone();
    worker.commands.send(Command::Generate(slow)).unwrap();
    until(&worker, |event| matches!(event, Event::Step { .. }));
    cancel.cancel();
    let began = std::time::Instant::now();
    until(&worker, finished);
    assert!(began.elapsed().as_secs_f64() < 5.0);
}

#[test]
fn how_loud_the_objectives_are_is_measured_on_the_texts_given() {
    let worker = worker(None);
    let cancel = CancelToken::default();
    let request = CalibrateRequest {
        run: RunId(4),
        cancel: cancel.clone(),
        texts: vec![(Prompt::default(), " w3 w5 w7".to_owned())],
    };
    worker
        .commands
        .send(Command::Calibrate(request.clone()))
        .unwrap();
    let events = until(&worker, |event| matches!(event, Event::Calibrated { .. }));
    let Some(Event::Calibrated {
        run,
        spread,
        positions,
    }) = events.last()
    else {
        unreachable!()
    };
    let mut expected = crate::engine::units::Spread::default();
    for past in [&[][..], &[3], &[3, 5]] {
        expected.add(&FakeScorer::rows(1, past));
    }
    assert_eq!((*run, *positions), (RunId(4), 3));
    assert_eq!(*spread, expected.nats());
    // Without texts, the program's own are read; a stopped measurement is no result.
    cancel.cancel();
    let own = CalibrateRequest {
        texts: Vec::new(),
        ..request
    };
    worker.commands.send(Command::Calibrate(own)).unwrap();
    let events = until(&worker, failed);
    assert!(matches!(
        events.last(),
        Some(Event::Failed { run: Some(RunId(4)), failure }) if *failure == Failure::interrupted()
    ));
}
