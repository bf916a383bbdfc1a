//! Our numbers against those of PyTorch, transformers and PEFT (`tests/golden`, where each tolerance is explained).

use std::collections::BTreeMap;
use std::fs;

use counterpoise::domain::{CancelToken, ObjectiveWeights, Prompt};
use counterpoise::engine::insight::TokenInsight;
use counterpoise::engine::mix::mix;
use counterpoise::engine::scorer::{Parts, Scorer, StepScores};
use counterpoise::model;
use counterpoise::worker::{ComputeSettings, LineupSource};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{copy_folder, golden, run};

/// Largest difference of any log-probability, reward, advantage or KL, in nats.
const TOLERANCE: f64 = 1e-4;

/// The content of an `expected.json`.
#[derive(Deserialize)]
pub(crate) struct Expected {
    pub(crate) vocabulary: usize,
    pub(crate) cases: Vec<Case>,
}

/// One prompt under one set of weights.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) prompt: String,
    pub(crate) system: Option<String>,
    pub(crate) raw: bool,
    /// Whether `response_ids` ends with the end token, which is no part of `response`.
    pub(crate) eos: bool,
    pub(crate) weights: BTreeMap<String, f64>,
    pub(crate) rendered: String,
    pub(crate) prompt_ids: Vec<u32>,
    pub(crate) response: String,
    pub(crate) response_ids: Vec<u32>,
    pub(crate) scored: Numbers,
    /// Greedy, plain.
    pub(crate) base_ids: Vec<u32>,
    pub(crate) base_numbers: Numbers,
    /// Greedy, guided.
    pub(crate) guided_ids: Vec<u32>,
    pub(crate) guided_numbers: Numbers,
}

/// Columns of numbers, one entry for each response token.
#[derive(Deserialize)]
pub(crate) struct Numbers {
    pub(crate) base: Vec<f64>,
    pub(crate) guided: Vec<f64>,
    pub(crate) kl: Vec<f64>,
    pub(crate) reward: BTreeMap<String, Vec<f64>>,
    pub(crate) advantage: BTreeMap<String, Vec<f64>>,
    pub(crate) rows: Option<Rows>,
}

/// Whole rows at some positions.
#[derive(Deserialize)]
pub(crate) struct Rows {
    pub(crate) positions: Vec<usize>,
    pub(crate) base: Vec<Vec<f64>>,
    pub(crate) reward: BTreeMap<String, Vec<Vec<f64>>>,
    pub(crate) guided: Vec<Vec<f64>>,
}

/// The stored values of a family.
pub(crate) fn expected(family: &str) -> Expected {
    let text = fs::read_to_string(golden(family).join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    assert!(!expected.cases.is_empty());
    for case in &expected.cases {
        let shortest = [&case.response_ids, &case.base_ids, &case.guided_ids]
            .map(Vec::len)
            .into_iter()
            .min();
        assert!(shortest >= Some(40), "{}: at least 40 tokens", case.name);
    }
    expected
}

/// The largest difference seen, and where.
#[derive(Default)]
pub(crate) struct Worst(f64, String);

impl Worst {
    pub(crate) fn see(&mut self, ours: f64, theirs: f64, what: impl Fn() -> String) {
        let difference = (ours - theirs).abs();
        // Not a number counts as the worst of all.
        if !(difference <= self.0) {
            *self = Self(
                difference,
                format!("{}: {ours} where PyTorch has {theirs}", what()),
            );
        }
    }

    #[track_caller]
    pub(crate) fn assert_within(&self, tolerance: f64, whose: &str) {
        assert!(
            self.0 <= tolerance,
            "{whose}: off by {:.2e} nats at {}",
            self.0,
            self.1
        );
    }
}

/// Options of the command line that say what a case says.
fn options(family: &str, case: &Case) -> Vec<String> {
    let lineup = golden(family).join("lineup.toml").display().to_string();
    let mut options = vec![
        "--lineup".into(),
        lineup,
        "--prompt".into(),
        case.prompt.clone(),
        "--json".into(),
    ];
    for (name, weight) in &case.weights {
        options.extend(["--weight".into(), format!("{name}={weight}")]);
    }
    if let Some(system) = &case.system {
        options.extend(["--system".into(), system.clone()]);
    }
    if case.raw {
        options.push("--raw".into());
    }
    options
}

fn run_json(command: &str, options: &[String], more: &[&str]) -> Value {
    let mut arguments = vec![command];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(more);
    run(&arguments).json()
}

/// Compares the JSON tokens of a text with the stored ids and numbers.
fn compare_tokens(
    family: &str,
    case: &Case,
    what: &str,
    tokens: &Value,
    ids: &[u32],
    numbers: &Numbers,
) {
    let whose = format!("{family}, {}, {what}", case.name);
    let tokens = tokens.as_array().expect("a list of tokens");
    let ours: Vec<u64> = tokens
        .iter()
        .map(|token| token["id"].as_u64().unwrap())
        .collect();
    let theirs: Vec<u64> = ids.iter().map(|&id| u64::from(id)).collect();
    assert_eq!(ours, theirs, "{whose}: token for token");
    let mut worst = Worst::default();
    for (i, token) in tokens.iter().enumerate() {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        worst.see(number(&token["base"]), numbers.base[i], || {
            format!("base {i}")
        });
        worst.see(number(&token["guided"]), numbers.guided[i], || {
            format!("guided {i}")
        });
        worst.see(number(&token["kl"]), numbers.kl[i], || format!("kl {i}"));
        for (name, rewards) in &numbers.reward {
            let ours = &token["objectives"][name];
            worst.see(number(&ours["reward"]), rewards[i], || {
                format!("reward of {name} {i}")
            });
            let advantage = numbers.advantage[name][i];
            worst.see(number(&ours["advantage"]), advantage, || {
                format!("advantage of {name} {i}")
            });
        }
    }
    worst.assert_within(TOLERANCE, &whose);
}

fn joined(tokens: &Value) -> String {
    tokens
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["text"].as_str().unwrap())
        .collect()
}

/// `score` through the real program.
fn program_scores(family: &str) {
    for case in &expected(family).cases {
        let more = ["--response", &case.response, "--eos"];
        let more = if case.eos { &more[..] } else { &more[..2] };
        let document = run_json("score", &options(family, case), more);
        let whose = format!("{family}, {}", case.name);
        assert_eq!(document["schema"], "counterpoise.score/1");
        assert_eq!(document["rendered"], case.rendered.as_str(), "{whose}");
        compare_tokens(
            family,
            case,
            "score",
            &document["tokens"],
            &case.response_ids,
            &case.scored,
        );
        assert_eq!(
            joined(&document["tokens"]),
            case.response,
            "{whose}: the tokens' texts joined"
        );

        let mut worst = Worst::default();
        let totals = &document["totals"];
        let sum = |column: &[f64]| column.iter().sum::<f64>();
        worst.see(
            totals["base"].as_f64().unwrap(),
            sum(&case.scored.base),
            || "total base".into(),
        );
        worst.see(
            totals["guided"].as_f64().unwrap(),
            sum(&case.scored.guided),
            || "total guided".into(),
        );
        for (name, rewards) in &case.scored.reward {
            let ours = totals["objectives"][name]["reward"].as_f64().unwrap();
            worst.see(ours, sum(rewards), || format!("total reward of {name}"));
        }
        worst.assert_within(TOLERANCE * case.response_ids.len() as f64, &whose);
        compare_top(&whose, case, &document["tokens"]);
    }
}

/// The alternatives that `score` lists are the best of the guided row, with the numbers of the rows.
fn compare_top(whose: &str, case: &Case, tokens: &Value) {
    let rows = case.scored.rows.as_ref().expect("scored cases store rows");
    let mut worst = Worst::default();
    for (at, &position) in rows.positions.iter().enumerate() {
        let top = tokens[position]["top"].as_array().unwrap();
        assert!(top.len() >= 10, "{whose}: the best alternatives");
        let mut best: Vec<f64> = rows.guided[at].clone();
        best.sort_by(|a, b| b.total_cmp(a));
        for (rank, one) in top.iter().enumerate() {
            let id = one["id"].as_u64().unwrap() as usize;
            let guided = one["guided"].as_f64().unwrap();
            worst.see(guided, best[rank], || format!("rank {rank} at {position}"));
            worst.see(guided, rows.guided[at][id], || {
                format!("guided of {id} at {position}")
            });
            worst.see(one["base"].as_f64().unwrap(), rows.base[at][id], || {
                format!("base of {id} at {position}")
            });
            for (name, reward) in &rows.reward {
                let ours = one["objectives"][name]["reward"].as_f64().unwrap();
                worst.see(ours, reward[at][id], || {
                    format!("reward of {name} for {id} at {position}")
                });
            }
        }
    }
    worst.assert_within(TOLERANCE, whose);
}

/// `generate` at temperature 0 through the real program.
fn program_writes(family: &str) {
    for case in &expected(family).cases {
        let most = case.guided_ids.len().to_string();
        let more = ["--temperature", "0", "--max-tokens", &most];
        let document = run_json("generate", &options(family, case), &more);
        assert_eq!(document["schema"], "counterpoise.run/1");
        assert_eq!(
            document["rendered"],
            case.rendered.as_str(),
            "{family}, {}",
            case.name
        );
        let (base, guided) = (&document["base"], &document["guided"]);
        compare_tokens(
            family,
            case,
            "base text",
            &base["tokens"],
            &case.base_ids,
            &case.base_numbers,
        );
        compare_tokens(
            family,
            case,
            "guided text",
            &guided["tokens"],
            &case.guided_ids,
            &case.guided_numbers,
        );
        for text in [base, guided] {
            assert_eq!(text["finish"], "length");
            assert_eq!(joined(&text["tokens"]), text["text"].as_str().unwrap());
        }
        let divergence = case
            .base_ids
            .iter()
            .zip(&case.guided_ids)
            .position(|(a, b)| a != b);
        assert_eq!(
            document["divergence"].as_u64(),
            divergence.map(|at| at as u64)
        );
    }
}

/// The lineup of a family, loaded by the library.
fn load(family: &str) -> Box<dyn Scorer> {
    let source = LineupSource::File(golden(family).join("lineup.toml"));
    let cancel = CancelToken::default();
    let loaded = model::load(
        &source,
        &ComputeSettings::default(),
        &mut |_, _| {},
        &cancel,
    );
    loaded.unwrap().scorer
}

fn prompt(case: &Case) -> Prompt {
    Prompt {
        text: case.prompt.clone(),
        system: case.system.clone(),
        raw: case.raw,
        ..Prompt::default()
    }
}

/// The case's weights in the order of the scorer's objectives.
fn weights(scorer: &dyn Scorer, case: &Case) -> ObjectiveWeights {
    scorer
        .objectives()
        .iter()
        .map(|name| case.weights[name])
        .collect()
}

/// Whole rows, read in one pass.
fn library_rows(family: &str) {
    let expected = expected(family);
    let mut scorer = load(family);
    let cancel = CancelToken::default();
    assert_eq!(scorer.vocabulary().len(), expected.vocabulary, "{family}");
    for case in &expected.cases {
        let whose = format!("{family}, {}", case.name);
        let prompt = prompt(case);
        let (rendered, tokens) = scorer.rendered(&prompt).unwrap();
        assert_eq!(
            (rendered.as_str(), tokens),
            (case.rendered.as_str(), case.prompt_ids.len()),
            "{whose}"
        );
        let encoded = scorer.encode_response(&case.response).unwrap();
        assert_eq!(
            encoded,
            case.response_ids[..case.response_ids.len() - usize::from(case.eos)],
            "{whose}"
        );

        let (stream, first) = scorer.open(&prompt, Parts::All, &cancel).unwrap();
        let read = case.response_ids.split_last().unwrap().1;
        let rest = scorer.advance(stream, read, &cancel).unwrap();
        scorer.close(stream);
        let steps: Vec<StepScores> = std::iter::once(first).chain(rest).collect();
        let rows = case.scored.rows.as_ref().unwrap();
        let weights = weights(scorer.as_ref(), case);
        let mut worst = Worst::default();
        for (at, &position) in rows.positions.iter().enumerate() {
            let step = &steps[position];
            let mixed = mix(step, &weights);
            assert_eq!(step.base.len(), expected.vocabulary);
            for id in 0..expected.vocabulary {
                let ours = |row: &[f32]| f64::from(row[id]);
                worst.see(ours(&step.base), rows.base[at][id], || {
                    format!("base of {id} at {position}")
                });
                for (name, reward) in scorer.objectives().iter().zip(&step.rewards) {
                    let theirs = rows.reward[name][at][id];
                    worst.see(ours(reward), theirs, || {
                        format!("reward of {name} for {id} at {position}")
                    });
                }
                let theirs = rows.guided[at][id];
                worst.see(mixed.guided(id), theirs, || {
                    format!("guided of {id} at {position}")
                });
            }
        }
        worst.assert_within(TOLERANCE, &whose);
    }
}

/// The same numbers token by token, through forks and after forgetting.
fn library_steps(family: &str) {
    let mut scorer = load(family);
    let cancel = CancelToken::default();
    for case in &expected(family).cases {
        let whose = format!("{family}, {}", case.name);
        let weights = weights(scorer.as_ref(), case);
        let (stream, first) = scorer.open(&prompt(case), Parts::All, &cancel).unwrap();
        let half = case.guided_ids.len() / 2;
        let mut worst = Worst::default();
        let mut see = |step: &StepScores, i: usize, numbers: &Numbers, ids: &[u32]| {
            let ours = TokenInsight::of(step, &weights, ids[i], 1);
            worst.see(ours.chosen.base, numbers.base[i], || format!("base {i}"));
            worst.see(ours.chosen.guided, numbers.guided[i], || {
                format!("guided {i}")
            });
            worst.see(ours.kl, numbers.kl[i], || format!("kl {i}"));
        };
        let (ids, numbers) = (&case.guided_ids, &case.guided_numbers);
        see(&first, 0, numbers, ids);
        let mut fork = None;
        for i in 1..ids.len() {
            let scores = scorer.step(&[(stream, ids[i - 1])]).unwrap();
            see(&scores[0], i, numbers, ids);
            if i == half {
                fork = Some(scorer.fork(stream, Parts::All).unwrap());
            }
        }
        // The fork has read the first half; both go on in the same passes, one of them having forgotten its end.
        let fork = fork.unwrap();
        scorer.truncate(stream, half).unwrap();
        for i in half + 1..ids.len() {
            let scores = scorer
                .step(&[(fork, ids[i - 1]), (stream, ids[i - 1])])
                .unwrap();
            see(&scores[0], i, numbers, ids);
            see(&scores[1], i, numbers, ids);
        }
        // Back to the bare prompt, and on along the other text.
        scorer.truncate(stream, 0).unwrap();
        let (ids, numbers) = (&case.base_ids, &case.base_numbers);
        let rest = scorer
            .advance(stream, &ids[..ids.len() - 1], &cancel)
            .unwrap();
        for (i, step) in (1..ids.len()).zip(&rest) {
            see(step, i, numbers, ids);
        }
        scorer.close(fork);
        scorer.close(stream);
        worst.assert_within(TOLERANCE, &whose);
    }
}

/// The end token is chosen like any other, kept as the last one, and stops only its own text.
#[test]
fn an_end_token_ends_its_text_where_pytorch_chooses_it() {
    let expected = expected("qwen3");
    let case = &expected.cases[0];
    let end_of = |ids: &[u32], end: u32| ids.iter().position(|&id| id == end);
    // A token that the guided text says first somewhere in its middle becomes the end token.
    let (at, end) = (10..30)
        .map(|at| (at, case.guided_ids[at]))
        .find(|&(at, id)| end_of(&case.guided_ids, id) == Some(at))
        .expect("a first use");
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&golden("qwen3"), folder.path());
    for name in ["config.json", "generation_config.json"] {
        let path = folder.path().join("base").join(name);
        let mut settings: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        settings["eos_token_id"] = end.into();
        fs::write(&path, settings.to_string()).unwrap();
    }
    let mut options = options("qwen3", case);
    options[1] = folder.path().join("lineup.toml").display().to_string();
    let document = run_json(
        "generate",
        &options,
        &["--temperature", "0", "--max-tokens", "48"],
    );

    let guided = &document["guided"];
    assert_eq!(guided["finish"], "eos");
    let numbers = &case.guided_numbers;
    compare_tokens(
        "qwen3",
        case,
        "up to the end",
        &guided["tokens"],
        &case.guided_ids[..=at],
        numbers,
    );
    let base_end = end_of(&case.base_ids, end).unwrap_or(case.base_ids.len() - 1);
    let base = &document["base"]["tokens"];
    compare_tokens(
        "qwen3",
        case,
        "the other text",
        base,
        &case.base_ids[..=base_end],
        &case.base_numbers,
    );
}

/// Half precision is another arithmetic: near, by the 11 and 8 bits that its numbers have, and not equal.
#[test]
fn half_precision_stays_near() {
    for (dtype, tolerance) in [("f16", 0.05), ("bf16", 0.4)] {
        for family in ["smollm", "qwen2"] {
            let case = &expected(family).cases[0];
            let more = ["--response", &case.response, "--dtype", dtype];
            let document = run_json("score", &options(family, case), &more);
            let mut worst = Worst::default();
            for (i, token) in document["tokens"].as_array().unwrap().iter().enumerate() {
                let ours = token["base"].as_f64().unwrap_or(f64::NAN);
                worst.see(ours, case.scored.base[i], || format!("base {i}"));
            }
            worst.assert_within(tolerance, &format!("{family} in {dtype}"));
            assert!(worst.0 > TOLERANCE, "{dtype} was asked for");
        }
    }
}

/// Six steps of training a whole reward model: loss, gradients, clipping, AdamW and schedule as PyTorch has them.
#[test]
fn training_takes_the_steps_that_pytorch_takes() {
    let stored: Value =
        serde_json::from_str(&fs::read_to_string(golden("training.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [data, out, log] = ["pairs.jsonl", "out", "log.jsonl"].map(|name| folder.path().join(name));
    let pairs: String = stored["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| format!("{pair}\n"))
        .collect();
    fs::write(&data, pairs).unwrap();
    let base = golden(stored["base"].as_str().unwrap());
    let steps = stored["steps"].as_array().unwrap();
    let epochs = steps.len().to_string();
    let mut arguments: Vec<String> = [
        "train", "arm", "--full", "--warmup", "0", "--batch", "8", "--epochs", &epochs,
    ]
    .map(str::to_owned)
    .into();
    for (option, path) in [
        ("--base", &base),
        ("--data", &data),
        ("--out", &out),
        ("--log", &log),
    ] {
        arguments.extend([option.to_owned(), path.display().to_string()]);
    }
    for (name, value) in stored["settings"].as_object().unwrap() {
        arguments.extend([format!("--{name}"), value.to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = run(&arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let lines = fs::read_to_string(&log).unwrap();
    let logged: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["loss"].is_number() && line["grad_norm"].is_number())
        .collect();
    assert_eq!(logged.len(), steps.len(), "{lines}");
    let mut worst = Worst::default();
    for (i, (ours, theirs)) in logged.iter().zip(steps).enumerate() {
        for key in ["loss", "grad_norm", "lr"] {
            let [ours, theirs] = [ours, theirs].map(|step| step[key].as_f64().unwrap_or(f64::NAN));
            worst.see(ours, theirs, || format!("{key} of step {i}"));
        }
    }
    worst.assert_within(TOLERANCE, "training");
}

macro_rules! families {
    ($($family:ident),*) => {$(
        mod $family {
            #[test]
            fn the_program_scores_as_pytorch_does() {
                super::program_scores(stringify!($family));
            }

            #[test]
            fn the_program_writes_what_pytorch_writes() {
                super::program_writes(stringify!($family));
            }

            #[test]
            fn the_library_gives_pytorchs_rows() {
                super::library_rows(stringify!($family));
            }

            #[test]
            fn the_library_gives_the_same_step_by_step() {
                super::library_steps(stringify!($family));
            }
        }
    )*};
}

families!(llama2, llama3, mistral, qwen2, qwen3, smollm, trained);
