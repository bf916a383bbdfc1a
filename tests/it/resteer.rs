//! Writing on from decided tokens equals writing from scratch, with real models: token ids and rows to the last bit.

use std::sync::Arc;
use std::time::Instant;

use counterpoise::domain::{
    CancelToken, ComputeSettings, LineupSource, ObjectiveWeights, Pane, Prompt, Sampling, TokenId,
};
use counterpoise::engine::decode::{Director, GuidedStep, Job, Progress, decode, decode_on};
use counterpoise::engine::kept::KeptStreams;
use counterpoise::engine::mix::mix;
use counterpoise::engine::sample::draw;
use counterpoise::engine::scorer::{Parts, Scorer, StepScores};
use counterpoise::engine::words::encode_behind;
use counterpoise::model::tiny::lineup;
use counterpoise::{demo, model};

use crate::common::run;

const PLENTY: u64 = 1 << 30;

fn on_cpu() -> ComputeSettings {
    ComputeSettings {
        device: Some("cpu".to_owned()),
        ..ComputeSettings::default()
    }
}

fn built_in() -> Box<dyn Scorer> {
    let never = CancelToken::default();
    model::load_built_in(demo::embedded(), &on_cpu(), &mut |_, _| {}, &never)
        .unwrap()
        .scorer
}

/// Every kind of objective, on tiny random models.
fn tiny(layout: &str, dtype: &str) -> Box<dyn Scorer> {
    let home = tempfile::tempdir().unwrap();
    let layout = format!("layout = \"{layout}\"");
    lineup::write_models(home.path()).unwrap();
    lineup::write_lineup(home.path(), &layout, lineup::ALL_KINDS).unwrap();
    let never = CancelToken::default();
    let source = LineupSource::File(home.path().join("lineup.toml"));
    let settings = ComputeSettings {
        dtype: Some(dtype.to_owned()),
        ..on_cpu()
    };
    model::load(&source, &[], &settings, &mut |_, _| {}, &never)
        .unwrap()
        .scorer
}

fn prompt() -> Prompt {
    Prompt::of("My neighbour plays loud music at night. What should I do?")
}

/// Keeps the guided steps, and stops after so many.
struct Recorder {
    weights: ObjectiveWeights,
    most: usize,
    steps: Vec<GuidedStep>,
}

impl Recorder {
    fn new(weights: &[f64], most: usize) -> Self {
        Self {
            weights: weights.into(),
            most,
            steps: Vec::new(),
        }
    }
}

impl Director for Recorder {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn goes_on(&mut self) -> bool {
        self.steps.len() < self.most
    }

    fn progress(&mut self, progress: Progress) {
        if let Progress::Step(Pane::Guided, step) = progress {
            self.steps.push(*step);
        }
    }
}

/// Numbers that depend on nothing but the seed (splitmix64), from 0 to below `end`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn weights(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.roll(300) as f64 / 100.0).collect()
    }
}

fn samplers(seed: u64, max_tokens: usize) -> [Sampling; 5] {
    let plain = Sampling {
        seed,
        max_tokens,
        ..Sampling::default()
    };
    [
        plain.clone(),
        Sampling {
            temperature: 0.0,
            ..plain.clone()
        },
        Sampling {
            top_k: 8,
            temperature: 1.3,
            ..plain.clone()
        },
        Sampling {
            top_p: 0.8,
            ..plain.clone()
        },
        Sampling {
            min_p: 0.05,
            temperature: 0.7,
            ..plain
        },
    ]
}

/// Writes from scratch: nothing kept, the plain text beside it.
fn from_scratch(
    scorer: &mut dyn Scorer,
    prefix: &[TokenId],
    weights: &[f64],
    sampling: &Sampling,
) -> Vec<GuidedStep> {
    let mut recorder = Recorder::new(weights, usize::MAX);
    let prompt = prompt();
    let job = Job {
        prompt: &prompt,
        sampling,
        with_base: true,
        prefix,
        told_from: 0,
    };
    decode(scorer, &job, &CancelToken::default(), &mut recorder).unwrap();
    recorder.steps
}

/// Five turns of the weights on one text, some of them cut off; each time the text is written again from its first change
/// on, and compared with the same text written from scratch. Returns how many tokens were kept from turn to turn.
fn chain(scorer: &mut dyn Scorer, sampling: &Sampling, budget: u64, dice: &mut Dice) -> usize {
    let objectives = scorer.objectives().len();
    let mut kept = KeptStreams::new(budget);
    let prompt = prompt();
    let mut text: Vec<GuidedStep> = Vec::new();
    let mut reused = 0;
    for turn in 0..6 {
        let weights = if turn == 3 {
            vec![0.0; objectives]
        } else {
            dice.weights(objectives)
        };
        let change = text.iter().position(|step| {
            draw(&mix(&step.scores, &weights).scores, sampling, step.position) != step.token
        });
        text.truncate(change.unwrap_or(text.len()));
        reused += text.len();
        let prefix: Vec<TokenId> = text.iter().map(|step| step.token).collect();
        let most = if turn % 2 == 1 {
            dice.roll(6)
        } else {
            usize::MAX
        };
        let mut recorder = Recorder::new(&weights, most);
        let job = Job {
            prompt: &prompt,
            sampling,
            with_base: turn == 0,
            prefix: &prefix,
            told_from: prefix.len(),
        };
        let never = CancelToken::default();
        decode_on(scorer, &mut kept, &job, &never, &mut recorder).unwrap();
        text.append(&mut recorder.steps);
        let scratch = from_scratch(scorer, &[], &weights, sampling);
        if most == usize::MAX {
            assert_eq!(text.len(), scratch.len());
        }
        for (step, scratch) in text.iter().zip(&scratch) {
            assert_eq!(step.token, scratch.token, "position {}", step.position);
            assert_eq!(step.scores, scratch.scores, "position {}", step.position);
        }
    }
    kept.clear(scorer);
    reused
}

#[test]
fn the_built_in_text_steered_anew_is_the_text_written_from_scratch() {
    let mut scorer = built_in();
    let mut dice = Dice(1);
    let mut reused = 0;
    for seed in 0..2 {
        for (index, sampling) in samplers(seed, 16).iter().enumerate() {
            // Now and then nothing but the newest stream stays.
            let budget = if index % 2 == 0 { PLENTY } else { 0 };
            reused += chain(scorer.as_mut(), sampling, budget, &mut dice);
        }
    }
    assert!(reused > 100, "the test must see beginnings that stay");
}

#[test]
fn texts_of_every_kind_of_objective_steered_anew_are_those_written_from_scratch() {
    let mut reused = 0;
    for (layout, dtype, seeds) in [
        ("shared", "f32", 4),
        ("separate", "f32", 3),
        ("shared", "f16", 1),
        ("shared", "bf16", 1),
    ] {
        let mut scorer = tiny(layout, dtype);
        let mut dice = Dice(2);
        for seed in 0..seeds {
            for sampling in samplers(seed, 24) {
                let budget = if seed % 2 == 0 { PLENTY } else { 0 };
                reused += chain(scorer.as_mut(), &sampling, budget, &mut dice);
            }
        }
    }
    assert!(reused > 100, "the test must see beginnings that stay");
}

#[test]
fn a_forgotten_beginning_is_read_again_to_the_same_rows() {
    for (mut scorer, weights) in [
        (built_in(), vec![1.0, 0.5, 0.0]),
        (tiny("shared", "f32"), vec![0.4; 5]),
        (tiny("separate", "f32"), vec![0.4; 5]),
        (tiny("shared", "f16"), vec![0.4; 5]),
        (tiny("separate", "bf16"), vec![0.4; 5]),
    ] {
        let sampling = Sampling {
            max_tokens: 40,
            ..Sampling::default()
        };
        let scorer = scorer.as_mut();
        let whole = from_scratch(scorer, &[], &weights, &sampling);
        let tokens: Vec<TokenId> = whole.iter().map(|step| step.token).collect();
        for cut in [1, 7, tokens.len() - 1] {
            let told = from_scratch(scorer, &tokens[..cut], &weights, &sampling);
            assert_eq!(told.len(), whole.len());
            for (told, whole) in told.iter().zip(&whole) {
                assert_eq!((told.token, &told.scores), (whole.token, &whole.scores));
                assert_eq!(told.given, told.position < cut);
            }
            // Several tokens at a time, since nobody wants to be told of them.
            let mut recorder = Recorder::new(&weights, usize::MAX);
            let prompt = prompt();
            let job = Job {
                prompt: &prompt,
                sampling: &sampling,
                with_base: false,
                prefix: &tokens[..cut],
                told_from: cut,
            };
            decode(scorer, &job, &CancelToken::default(), &mut recorder).unwrap();
            assert_eq!(recorder.steps.len(), whole.len() - cut);
            for (again, whole) in recorder.steps.iter().zip(&whole[cut..]) {
                assert_eq!((again.token, &again.scores), (whole.token, &whole.scores));
            }
        }
    }
}

#[test]
fn a_text_reads_the_same_whoever_reads_beside_it() {
    for mut scorer in [
        built_in(),
        tiny("shared", "f32"),
        tiny("separate", "f32"),
        tiny("shared", "f16"),
        tiny("separate", "bf16"),
    ] {
        let never = CancelToken::default();
        let size = scorer.vocabulary().len();
        let tokens: Vec<TokenId> = (0..30)
            .map(|i| (3 + i * 7 % (size - 4)) as TokenId)
            .collect();
        let mut all: Vec<Vec<StepScores>> = Vec::new();
        for others in [
            &[][..],
            &[Parts::Base],
            &[Parts::All],
            &[Parts::Base, Parts::All, Parts::All],
        ] {
            let (stream, first) = scorer.open(&prompt(), Parts::All, &never).unwrap();
            let beside: Vec<_> = others
                .iter()
                .map(|&parts| scorer.fork(stream, parts).unwrap())
                .collect();
            let mut rows = vec![first];
            for &token in &tokens {
                let mut moves = vec![(stream, token)];
                moves.extend(beside.iter().map(|&other| (other, token - 1)));
                rows.push(scorer.step(&moves).unwrap().remove(0));
            }
            all.push(rows);
        }
        for rows in &all[1..] {
            assert!(*rows == all[0], "rows must not depend on other texts");
        }
    }
}

#[test]
fn typed_words_stand_in_the_text_as_they_were_typed() {
    let scorer = built_in();
    let text = |tokens: &[TokenId]| -> String {
        let mut detokenizer = scorer.detokenizer();
        let mut text: String = tokens.iter().map(|&id| detokenizer.push(id)).collect();
        text.push_str(&detokenizer.finish());
        text
    };
    let whole = "Tell your sister calmly that the cup was dear to you. She will understand it.";
    let tokens = scorer.encode_response(whole).unwrap();
    for cut in 0..tokens.len() {
        for words in [
            " kindly",
            "kindly",
            " her friend",
            ", and then",
            "\n\nNo!",
            " x-7",
        ] {
            let typed = encode_behind(scorer.as_ref(), &tokens[..cut], words).unwrap();
            let joined = [&tokens[..cut], &typed].concat();
            assert_eq!(text(&joined), text(&tokens[..cut]) + words);
        }
    }
}

#[test]
fn the_command_line_goes_on_behind_a_prefix_as_if_it_had_written_it() {
    let write = |more: &[&str]| {
        let common = ["generate", "--json", "--no-base", "--max-tokens", "24"];
        let prompt = ["--prompt", "My sister broke my cup. What should I say?"];
        run(&[&common[..], &prompt[..], more].concat()).json()["guided"].clone()
    };
    let whole = write(&[]);
    let tokens = whole["tokens"].as_array().unwrap();
    let prefix: String = tokens[..9]
        .iter()
        .map(|token| token["text"].as_str().unwrap())
        .collect();
    let again = write(&["--prefix", &prefix]);
    assert_eq!(again["text"], whole["text"]);
    let given = |token: &serde_json::Value| token["given"] == true;
    let flags: Vec<bool> = again["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(given)
        .collect();
    assert!(flags.len() == tokens.len());
    assert!(flags[..9].iter().all(|&given| given) && !flags[9..].contains(&true));
    assert!(!tokens.iter().any(given));
}

/// Not a promise but a look: `cargo test --release --test it measure_resteer -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_resteer() {
    let mut scorer = built_in();
    let never = CancelToken::default();
    let (stream, _) = scorer.open(&prompt(), Parts::All, &never).unwrap();
    for _ in 0..200 {
        scorer.step(&[(stream, 5)]).unwrap();
    }
    let bytes = scorer.cache_bytes(stream);
    let time = |name: &str, times: u32, mut f: Box<dyn FnMut() + '_>| {
        let began = Instant::now();
        for _ in 0..times {
            f();
        }
        let each = began.elapsed().as_secs_f64() * 1e3 / f64::from(times);
        eprintln!("{name}: {each:.3} ms");
    };
    eprintln!("caches of 200 tokens: {:.2} MB", bytes as f64 / 1e6);
    time(
        "fork at 200",
        50,
        Box::new(|| {
            let fork = scorer.fork_at(stream, Parts::All, 200).unwrap();
            scorer.close(fork);
        }),
    );
    time(
        "fork at 20",
        50,
        Box::new(|| {
            let fork = scorer.fork_at(stream, Parts::All, 20).unwrap();
            scorer.close(fork);
        }),
    );
    for len in [20, 190] {
        let mut kept = KeptStreams::new(PLENTY);
        let tokens = vec![5; len];
        let (prompt, sampling) = (prompt(), Sampling::default());
        let job = Job {
            prompt: &prompt,
            sampling: &sampling,
            with_base: false,
            prefix: &tokens,
            told_from: len,
        };
        let mut write = |most| {
            let mut recorder = Recorder::new(&[1.0; 3], most);
            decode_on(scorer.as_mut(), &mut kept, &job, &never, &mut recorder).unwrap();
            assert!(recorder.steps.len() <= most);
        };
        write(2);
        time(
            &format!("from a request to one new token behind {len}"),
            30,
            Box::new(|| write(1)),
        );
        kept.clear(scorer.as_mut());
    }
    time(
        "one step",
        50,
        Box::new(|| {
            scorer.truncate(stream, 190).unwrap();
            scorer.step(&[(stream, 5)]).unwrap();
        }),
    );
    time(
        "the prompt",
        20,
        Box::new(|| {
            let (other, _) = scorer.open(&prompt(), Parts::All, &never).unwrap();
            scorer.close(other);
        }),
    );
}
