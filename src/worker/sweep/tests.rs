use std::sync::mpsc::channel;
use std::time::Duration;

use super::*;
use crate::domain::{LineupInfo, LineupSource, Objective, RewardKind};
use crate::engine::decode::rows_along;
use crate::engine::fake::FakeScorer;
use crate::engine::tradeoff::{Measure, Reference, TextScores};
use crate::worker::{Command, ComputeSettings, Event, Loaded, Loader, WorkerHandle, spawn};

const PATIENCE: Duration = Duration::from_secs(20);
const NAMES: [&str; 2] = ["kind", "short"];

/// Fake models, which call this at each step.
struct FakeLoader(Option<Box<dyn FnMut() + Send>>);

fn info() -> LineupInfo {
    LineupInfo {
        name: "fake".to_owned(),
        objectives: NAMES
            .map(|name| Objective {
                name: name.to_owned(),
                kind: RewardKind::Adapter,
                weight: 1.0,
                about: String::new(),
                colour: None,
            })
            .to_vec(),
        ..LineupInfo::default()
    }
}

impl Loader for FakeLoader {
    fn load(
        &mut self,
        _: &LineupSource,
        _: &ComputeSettings,
        _: &mut dyn FnMut(&str, Option<f32>),
        _: &CancelToken,
    ) -> Result<Loaded, Failure> {
        let mut scorer = FakeScorer::new(&NAMES);
        scorer.on_step = self.0.take().map(|on_step| on_step as Box<dyn FnMut()>);
        Ok(Loaded {
            scorer: Box::new(scorer),
            info: info(),
        })
    }
}

fn worker(on_step: Option<Box<dyn FnMut() + Send>>) -> WorkerHandle {
    let worker = spawn(FakeLoader(on_step), || {}).unwrap();
    let load = Command::Load {
        source: LineupSource::Demo,
        settings: ComputeSettings::default(),
        cancel: CancelToken::default(),
    };
    worker.commands.send(load).unwrap();
    worker
}

fn request(run: u64) -> SweepRequest {
    SweepRequest {
        run: RunId(run),
        cancel: CancelToken::default(),
        prompts: ["one", "two"].map(|text| Arc::new(Prompt::of(text))).into(),
        settings: [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]].map(Into::into).into(),
        samples: 2,
        sampling: Sampling {
            max_tokens: 12,
            ..Sampling::default()
        },
    }
}

fn start(worker: &WorkerHandle, request: SweepRequest) {
    let command = SweepCommand::Start(Box::new(request));
    worker.commands.send(Command::Sweep(command)).unwrap();
}

/// The rows up to the end, and how that was.
fn rest(worker: &WorkerHandle) -> (Vec<Row>, bool) {
    let mut rows = Vec::new();
    loop {
        match worker.events.recv_timeout(PATIENCE).unwrap() {
            Event::Sweep(SweepEvent::Row { row, pace, .. }) => {
                rows.push(*row);
                assert!(pace.texts <= pace.of && pace.tokens > 0);
            }
            Event::Sweep(SweepEvent::Ended { cancelled, .. }) => return (rows, cancelled),
            Event::Failed { failure, .. } => panic!("{failure:?}"),
            _ => {}
        }
    }
}

#[test]
fn every_text_is_written_and_scored_as_it_would_be_alone() {
    let worker = worker(None);
    let request = request(1);
    start(&worker, request.clone());
    let (mut rows, cancelled) = rest(&worker);
    assert!(!cancelled);
    assert_eq!(rows.len(), 12);
    rows.sort_by_key(|row| (row.sample, row.prompt, row.setting));
    for (index, row) in rows.iter().enumerate() {
        assert_eq!([row.setting, row.prompt, row.sample], request.place(index));
        let prompt = &request.prompts[row.prompt];
        let mut sampling = request.sampling.clone();
        sampling.seed += row.sample as u64;
        let mut scorer = FakeScorer::new(&NAMES);
        let never = CancelToken::default();
        // The same text from the definition: draw from the mixed rows of the past, one token at a time.
        let mut tokens = Vec::new();
        let mut scores = TextScores::default();
        while tokens.len() < 12 && tokens.last() != Some(&0) {
            let mut last = None;
            let mut beyond = tokens.clone();
            beyond.push(0);
            rows_along(&mut scorer, prompt, &beyond, &never, &mut |_, step| {
                last = Some(step);
            })
            .unwrap();
            let step = last.unwrap();
            let mixed = crate::engine::mix::mix(&step, &request.settings[row.setting]);
            let token = crate::engine::sample::draw(&mixed.scores, &sampling, tokens.len());
            scores.add(&step, token);
            tokens.push(token);
        }
        assert_eq!(row.scores, scores);
        assert_eq!(row.scores.rewards.len(), 2);
        let words = tokens.iter().filter(|&&token| token != 0);
        let words: Vec<String> = words.map(|token| format!(" w{token}")).collect();
        assert_eq!(row.text, words.concat());
    }
}

#[test]
fn other_commands_are_served_in_between() {
    let (step, has_stepped) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let mut steps = 0;
    let worker = worker(Some(Box::new(move || {
        steps += 1;
        if steps == 2 {
            step.send(()).unwrap();
            may_go_on.recv_timeout(PATIENCE).unwrap();
        }
    })));
    start(&worker, request(1));
    has_stepped.recv_timeout(PATIENCE).unwrap();
    let score = crate::worker::ScoreRequest {
        run: RunId(2),
        cancel: CancelToken::default(),
        prompt: Prompt::of("one"),
        response: "w1 w2".to_owned(),
        with_end: false,
        told: true,
        weights: Arc::from([1.0, 0.0]),
    };
    worker.commands.send(Command::Score(score)).unwrap();
    go_on.send(()).unwrap();
    let mut rows_before = 0;
    loop {
        match worker.events.recv_timeout(PATIENCE).unwrap() {
            Event::Sweep(SweepEvent::Row { .. }) => rows_before += 1,
            Event::Scored { .. } => break,
            _ => {}
        }
    }
    let (rows, cancelled) = rest(&worker);
    assert!(!cancelled && !rows.is_empty());
    assert_eq!(rows_before + rows.len(), 12);
}

#[test]
fn a_sweep_waits_goes_on_and_can_be_stopped_while_it_waits() {
    let (step, has_stepped) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let worker = worker(Some(Box::new(move || {
        step.send(()).unwrap();
        may_go_on.recv_timeout(PATIENCE).unwrap();
    })));
    let send = |command| worker.commands.send(Command::Sweep(command)).unwrap();
    start(&worker, request(1));
    has_stepped.recv_timeout(PATIENCE).unwrap();
    send(SweepCommand::Pause {
        run: RunId(1),
        paused: true,
    });
    go_on.send(()).unwrap();
    // It waits: no further step comes, though it may.
    assert!(
        has_stepped
            .recv_timeout(Duration::from_millis(200))
            .is_err()
    );
    send(SweepCommand::Pause {
        run: RunId(1),
        paused: false,
    });
    has_stepped.recv_timeout(PATIENCE).unwrap();
    send(SweepCommand::Pause {
        run: RunId(1),
        paused: true,
    });
    go_on.send(()).unwrap();
    send(SweepCommand::Stop(RunId(7)));
    send(SweepCommand::Stop(RunId(1)));
    let (rows, cancelled) = rest(&worker);
    assert!(cancelled && rows.len() < 12);
}

#[test]
fn a_cancelled_sweep_keeps_what_it_has_and_another_can_begin() {
    let request_1 = request(1);
    let cancel = request_1.cancel.clone();
    let mut steps = 0;
    let worker = worker(Some(Box::new(move || {
        steps += 1;
        if steps == 14 {
            cancel.cancel();
        }
    })));
    start(&worker, request_1);
    let (rows, cancelled) = rest(&worker);
    assert!(cancelled && !rows.is_empty() && rows.len() < 12);
    start(&worker, request(2));
    let (rows, cancelled) = rest(&worker);
    assert!(!cancelled && rows.len() == 12);
}

#[test]
fn loading_other_models_ends_it() {
    let (step, has_stepped) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let mut steps = 0;
    let worker = worker(Some(Box::new(move || {
        steps += 1;
        if steps == 1 {
            step.send(()).unwrap();
            may_go_on.recv_timeout(PATIENCE).unwrap();
        }
    })));
    start(&worker, request(1));
    has_stepped.recv_timeout(PATIENCE).unwrap();
    let load = Command::Load {
        source: LineupSource::Demo,
        settings: ComputeSettings::default(),
        cancel: CancelToken::default(),
    };
    worker.commands.send(load).unwrap();
    go_on.send(()).unwrap();
    let (rows, cancelled) = rest(&worker);
    assert!(cancelled && rows.len() < 12);
}

#[test]
fn what_cannot_be_swept_says_why() {
    let worker = worker(None);
    let none: Arc<[Arc<Prompt>]> = Arc::from([]);
    let weights: Arc<[ObjectiveWeights]> = Arc::from([Arc::from([1.0])]);
    for (request, word) in [
        (
            SweepRequest {
                prompts: none,
                ..request(1)
            },
            "needs a prompt",
        ),
        (
            SweepRequest {
                settings: weights,
                ..request(2)
            },
            "1 weights",
        ),
        (
            SweepRequest {
                samples: MOST_TEXTS,
                ..request(3)
            },
            "at most",
        ),
    ] {
        start(&worker, request);
        let failure = loop {
            match worker.events.recv_timeout(PATIENCE).unwrap() {
                Event::Failed { failure, .. } => break failure,
                Event::Sweep(event) => panic!("{event:?}"),
                _ => {}
            }
        };
        assert!(failure.summary.contains(word), "{}", failure.summary);
    }
}

#[test]
fn files_hold_every_row_and_the_outcome() {
    let worker = worker(None);
    let request = request(1);
    start(&worker, request.clone());
    let (rows, _) = rest(&worker);
    let mut record = SweepRecord {
        info: Arc::new(info()),
        prompts: request.prompts.clone(),
        settings: request.settings.clone(),
        axes: vec![0, 1],
        samples: 2,
        sampling: request.sampling.clone(),
        rows,
        complete: true,
        independent: Vec::new(),
    };
    let csv = record.csv();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 13);
    assert_eq!(
        lines[0],
        "setting,prompt,sample,seed,weight kind,weight short,finish,tokens,base,advantage kind,advantage-sum kind,reward kind,\
         advantage short,advantage-sum short,reward short,prompt text,text,key"
    );
    assert!(lines[1].starts_with("0,0,0,16,0,0,"));
    assert!(lines[12].starts_with("2,1,1,17,0,2,"));
    let outcome = record.outcome(Measure::Reward, &Reference::Worst);
    let json = record.json(&outcome);
    assert_eq!(json["schema"], "counterpoise.sweep/1");
    assert_eq!(json["rows"].as_array().unwrap().len(), 12);
    assert_eq!(json["settings"][1]["weights"]["kind"], 1.0);
    assert_eq!(json["settings"][0]["base"], true);
    // The mean of the four texts of a setting, worked out from the rows of the document.
    let of_setting = |row: &&serde_json::Value| row["setting"] == 2;
    let rows = json["rows"].as_array().unwrap();
    let sum: f64 = rows
        .iter()
        .filter(of_setting)
        .map(|row| row["objectives"]["short"]["reward"].as_f64().unwrap())
        .sum();
    let mean = json["settings"][2]["scores"]["short"]["mean"]
        .as_f64()
        .unwrap();
    assert!((mean - sum / 4.0).abs() < 1e-9);
    assert_eq!(json["summary"]["score"], "reward");
    // Whatever ends first, the file is the same.
    record.rows.reverse();
    assert_eq!(record.csv(), csv);
    for name in ["a.csv", "a.json"] {
        let contents = record.file(&outcome, std::path::Path::new(name)).unwrap();
        assert!(contents.contains("kind"));
    }
    assert!(
        record
            .file(&outcome, std::path::Path::new("a.txt"))
            .is_err()
    );
}
