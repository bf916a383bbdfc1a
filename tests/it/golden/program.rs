//! Through the real program: `score` and `generate`, field by field.

use std::fs;

use serde_json::Value;

use super::{Case, Numbers, TOLERANCE, Worst, expected};
use crate::common::{copy_folder, golden, run};

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
pub(super) fn program_scores(family: &str) {
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
pub(super) fn program_writes(family: &str) {
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

/// Half precision is how weights are kept, while the processor computes in f32: a file of the same precision loses nothing,
/// another one what the 8 bits of a bf16 leave out.
#[test]
fn half_precision_costs_what_the_weights_lose() {
    for (family, dtype, tolerance) in [
        ("smollm", "f16", TOLERANCE),
        ("qwen2", "bf16", TOLERANCE),
        ("smollm", "bf16", 0.4),
    ] {
        let case = &expected(family).cases[0];
        let more = ["--response", &case.response, "--dtype", dtype];
        let document = run_json("score", &options(family, case), &more);
        let mut worst = Worst::default();
        for (i, token) in document["tokens"].as_array().unwrap().iter().enumerate() {
            let ours = token["base"].as_f64().unwrap_or(f64::NAN);
            worst.see(ours, case.scored.base[i], || format!("base {i}"));
        }
        worst.assert_within(tolerance, &format!("{family} in {dtype}"));
        let lossless = tolerance <= TOLERANCE;
        assert!(lossless || worst.0 > TOLERANCE, "{dtype} was asked for");
    }
}
