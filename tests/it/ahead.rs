//! Looking ahead with the real models and with recorded runs: what is seen is what going that way writes.

use std::sync::Arc;

use counterpoise::demo::recordings::ALL;
use counterpoise::domain::{
    CancelToken, ComputeSettings, LineupSource, Pane, Prompt, RunId, Sampling, TokenId,
};
use counterpoise::error::Failure;
use counterpoise::record::{NEEDS_MODEL, read};
use counterpoise::worker::{
    Ahead, AheadRequest, Beginning, Command, Event, GenerateRequest, WorkerHandle, start,
};

const SHOWN: usize = 12;

fn look(worker: &WorkerHandle, request: AheadRequest) -> Result<Ahead, Failure> {
    let most = request.most;
    let command = Command::LookAhead(Box::new(request));
    worker.commands.send(command).unwrap();
    for event in &worker.events {
        match event {
            Event::Ahead { ahead, .. } if ahead.tokens == most || ahead.finish.is_some() => {
                return Ok(ahead);
            }
            Event::Failed { failure, .. } => return Err(failure),
            _ => {}
        }
    }
    panic!("the worker ended")
}

/// The guided steps of a run: tokens and their texts.
fn write(worker: &WorkerHandle, request: GenerateRequest) -> Vec<(TokenId, String)> {
    worker.commands.send(Command::Generate(request)).unwrap();
    let mut steps = Vec::new();
    for event in &worker.events {
        match event {
            Event::Step { step, .. } if step.pane == Pane::Guided => {
                steps.push((step.step.token, step.text.clone()));
            }
            Event::Finished { .. } => return steps,
            Event::Failed { failure, .. } => panic!("{failure}"),
            _ => {}
        }
    }
    panic!("the worker ended")
}

fn request(sampling: &Sampling, weights: &[f64], beginning: Beginning) -> GenerateRequest {
    GenerateRequest {
        run: RunId(1),
        cancel: CancelToken::default(),
        prompt: Prompt::of("My neighbour plays loud music at night. What should I do?"),
        weights: weights.into(),
        sampling: sampling.clone(),
        with_base: beginning.tokens.is_empty(),
        pace: None,
        live: !beginning.tokens.is_empty(),
        beginning,
    }
}

#[test]
fn with_the_built_in_models_it_is_what_going_that_way_writes() {
    let worker = start(|| {}).unwrap();
    worker
        .commands
        .send(Command::Load {
            source: LineupSource::Demo,
            settings: ComputeSettings {
                device: Some("cpu".to_owned()),
                ..ComputeSettings::default()
            },
            cancel: CancelToken::default(),
        })
        .unwrap();
    let sampling = Sampling {
        max_tokens: 40,
        ..Sampling::default()
    };
    let objectives = loop {
        if let Event::Loaded(info) = worker.events.recv().unwrap() {
            break info.objectives.len();
        }
    };
    let weights = vec![0.75; objectives];
    let first = write(&worker, request(&sampling, &weights, Beginning::default()));
    assert!(first.len() > 8);
    let mut different = 0;
    for at in [1, 4, 7] {
        for other in [40, 300, 777] {
            let mut tokens: Vec<TokenId> = first[..at].iter().map(|(id, _)| *id).collect();
            tokens.push(other);
            let way = Beginning {
                tokens: tokens.clone().into(),
                words: String::new(),
                told_from: at,
            };
            let way = request(&sampling, &weights, way);
            let ahead = look(
                &worker,
                AheadRequest {
                    run: RunId(2),
                    cancel: CancelToken::default(),
                    prompt: way.prompt.clone(),
                    weights: way.weights.clone(),
                    sampling: sampling.clone(),
                    tokens: tokens.into(),
                    most: SHOWN,
                },
            )
            .unwrap();
            let steps = write(&worker, way);
            let behind = &steps[1..];
            let words: String = behind
                .iter()
                .take(SHOWN)
                .map(|(_, text)| text.as_str())
                .collect();
            assert_eq!(ahead.text, words, "{other} at {at}");
            assert_eq!(ahead.tokens, behind.len().min(SHOWN));
            different += usize::from(!words.is_empty());
        }
    }
    assert!(different > 5);
    worker.commands.send(Command::Shutdown).unwrap();
}

#[test]
fn a_recorded_run_shows_what_it_has_and_says_where_it_needs_the_model() {
    let record = Arc::new(read(ALL[0].text).unwrap());
    let worker = start(|| {}).unwrap();
    let replay = Command::Replay(Arc::clone(&record));
    worker.commands.send(replay).unwrap();
    let own = record.guided.tokens();
    let ask = |weights: &[f64], tokens: &[TokenId]| AheadRequest {
        run: RunId(1),
        cancel: CancelToken::default(),
        prompt: record.prompt.clone(),
        weights: weights.into(),
        sampling: record.sampling.clone(),
        tokens: tokens.into(),
        most: SHOWN,
    };
    let mut followed = 0;
    for branch in &record.branches {
        let differs = own.iter().zip(&*branch.tokens).position(|(a, b)| a != b);
        let Some(at) = differs else { continue };
        let ahead = look(&worker, ask(&branch.weights, &branch.tokens[..=at])).unwrap();
        let known = branch.tokens[at + 1..].len();
        assert_eq!(ahead.tokens, known.min(SHOWN), "at {:?}", branch.weights);
        followed += 1;
    }
    assert!(followed > 2, "{followed}");
    // A word that no recorded text has there.
    let unknown = (0..record.info.texts.len() as TokenId)
        .find(|&token| {
            let is_word = record.info.texts[token as usize].starts_with(' ');
            is_word && record.tree.child(0, token).is_none()
        })
        .unwrap();
    let failure = look(&worker, ask(&record.weights, &[unknown])).unwrap_err();
    assert_eq!(failure.summary, NEEDS_MODEL);
    worker.commands.send(Command::Shutdown).unwrap();
}
