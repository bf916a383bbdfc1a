//! Whole lineups of tiny models, from files to scores.

use std::path::Path;

use candle_core::{DType, Device};

use super::*;
use crate::domain::Prompt;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores};
use crate::error::{Failure, FailureKind};
use crate::model::decoder::Projection;
use crate::model::tiny::{self, lineup, lineup::ALL_KINDS};

/// A folder with a base, two adapters, another model and a lineup of these objectives.
fn home(objectives: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    lineup::write_models(home.path()).unwrap();
    write_lineup(home.path(), "", objectives);
    home
}

fn write_lineup(home: &Path, top: &str, objectives: &str) {
    lineup::write_lineup(home, top, objectives).unwrap();
}

fn load_from(home: &Path) -> Result<LoadedLineup, ModelError> {
    load(
        &LineupSource::File(home.join("lineup.toml")),
        &[],
        &ComputeSettings::default(),
        &mut |_, _| {},
        &CancelToken::default(),
    )
}

fn complaint(home: &Path) -> Failure {
    load_from(home).unwrap_err().into()
}

fn say(text: &str) -> Prompt {
    Prompt::of(text)
}

fn assert_close(a: &[StepScores], b: &[StepScores], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.rewards.len(), b.rewards.len());
        let pairs = [(&a.base, &b.base)]
            .into_iter()
            .chain(a.rewards.iter().zip(&b.rewards));
        for (index, (a, b)) in pairs.enumerate() {
            for (a, b) in a.iter().zip(b.iter()) {
                assert!((a - b).abs() <= tolerance, "row {index}: {a} and {b}");
            }
        }
    }
}

#[test]
fn shared_and_separate_layouts_give_the_same_scores() {
    let home = home(ALL_KINDS);
    let mut rows = Vec::new();
    let mut trunks = Vec::new();
    for layout in ["shared", "separate"] {
        write_lineup(home.path(), &format!("layout = \"{layout}\""), ALL_KINDS);
        let mut loaded = load_from(home.path()).unwrap();
        let scorer = &mut loaded.scorer;
        trunks.push(scorer.trunks());
        let cancel = CancelToken::default();
        let (stream, first) = scorer
            .open(&say("hello there"), Parts::All, &cancel)
            .unwrap();
        let mut all = vec![first];
        all.extend(scorer.advance(stream, &[5, 9, 20, 33], &cancel).unwrap());
        for token in [7, 8, 9] {
            all.extend(scorer.step(&[(stream, token)]).unwrap());
        }
        rows.push(all);
    }
    assert_eq!(trunks, [2, 8]);
    assert_close(&rows[0], &rows[1], 1e-5);
}

#[test]
fn facts_about_a_lineup_are_told() {
    let home = home(ALL_KINDS);
    let loaded = load_from(home.path()).unwrap();
    let info = loaded.info;
    assert_eq!(info.name, "Tiny");
    assert_eq!(info.context_len, 640);
    assert_eq!(info.texts.len(), 64);
    assert_eq!(info.texts[2..6], ["</s>", " ", "a", "b"]);
    assert_eq!(loaded.scorer.vocabulary().ends, [2]);
    let roles: Vec<&str> = info
        .models
        .iter()
        .map(|model| model.role.as_str())
        .collect();
    let contrast = ["contrast (expert)", "contrast (amateur)"];
    assert_eq!(roles[..5], ["base", "kind", "terse", "polite", "other"]);
    assert_eq!(roles[5..], contrast);
    assert!(info.models.iter().all(|model| model.sha256.len() == 64));
    let mut unhashed = info.models[1].clone();
    unhashed.sha256.clear();
    let hash = weight_hash(&unhashed, &CancelToken::default()).unwrap();
    assert_eq!(hash, info.models[1].sha256);
}

#[test]
fn a_fork_reads_on_by_itself_and_streams_step_together() {
    let home = home(ALL_KINDS);
    let mut scorer = load_from(home.path()).unwrap().scorer;
    let cancel = CancelToken::default();
    let (guided, _) = scorer.open(&say("hello"), Parts::All, &cancel).unwrap();
    scorer.advance(guided, &[10, 11], &cancel).unwrap();
    let base = scorer.fork(guided, Parts::Base).unwrap();
    let together = scorer.step(&[(guided, 12), (base, 30)]).unwrap();
    assert_eq!(
        (together[0].rewards.len(), together[1].rewards.len()),
        (5, 0)
    );
    let (fresh, _) = scorer.open(&say("hello"), Parts::All, &cancel).unwrap();
    let alone = scorer.advance(fresh, &[10, 11, 12], &cancel).unwrap();
    assert_close(&alone[2..], &together[..1], 1e-4);
    scorer.truncate(fresh, 2).unwrap();
    let other = scorer.step(&[(fresh, 30)]).unwrap();
    for (a, b) in other[0].base.iter().zip(together[1].base.iter()) {
        assert!((a - b).abs() < 1e-4);
    }
    assert!(scorer.fork(base, Parts::All).is_err());
    scorer.close(base);
    scorer.close(base);
    let gone = scorer.step(&[(guided, 1), (base, 1)]);
    assert_eq!(gone, Err(EngineError::UnknownStream(base.0)));
    assert!(
        scorer.step(&[(guided, 1)]).is_ok(),
        "the other stream lives on"
    );
}

#[test]
fn a_cancelled_reading_leaves_the_stream_as_it_was() {
    let home = home(ALL_KINDS);
    let mut scorer = load_from(home.path()).unwrap().scorer;
    let (cancel, cancelled) = (CancelToken::default(), CancelToken::default());
    cancelled.cancel();
    let (stream, _) = scorer.open(&say("hello"), Parts::All, &cancel).unwrap();
    let before = scorer.advance(stream, &[9, 10], &cancel).unwrap();
    scorer.truncate(stream, 0).unwrap();
    assert_eq!(
        scorer.advance(stream, &[4, 5, 6], &cancelled),
        Err(EngineError::Cancelled)
    );
    assert_close(
        &before,
        &scorer.advance(stream, &[9, 10], &cancel).unwrap(),
        1e-5,
    );
}

#[test]
fn prompts_that_do_not_fit_are_refused() {
    let home = home(ALL_KINDS);
    let mut scorer = load_from(home.path()).unwrap().scorer;
    let cancel = CancelToken::default();
    let mut refused = |text: &str| -> Failure {
        scorer
            .open(&say(text), Parts::All, &cancel)
            .map(|_| ())
            .unwrap_err()
            .into()
    };
    let long = refused(&"a".repeat(700));
    assert_eq!(long.kind, FailureKind::Input);
    assert!(
        long.summary.contains("701 tokens") && long.summary.contains("640"),
        "{long}"
    );
    assert_eq!(refused(" \n").kind, FailureKind::Usage);
    // The polite reader's prompt is longer by its system text and a blank line.
    assert_eq!(
        scorer.room(&say("abc")).unwrap(),
        640 - 4 - "be polite\n\n".len()
    );
    assert_eq!(scorer.rendered(&say("abc")).unwrap(), ("abc".to_owned(), 4));
}

#[test]
fn a_score_that_is_not_a_number_is_an_error_that_names_the_model() {
    let home = home("");
    let file = home.path().join("base/model.safetensors");
    let mut tensors = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    let norm = candle_core::Tensor::full(f32::NAN, 16, &Device::Cpu).unwrap();
    tensors.insert("model.norm.weight".to_owned(), norm);
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let mut scorer = load_from(home.path()).unwrap().scorer;
    let error = scorer
        .open(&say("hello"), Parts::All, &CancelToken::default())
        .map(|_| ())
        .unwrap_err();
    let model = "base model".to_owned();
    assert_eq!(error, EngineError::NotANumber { model, position: 0 });
}

#[test]
fn weights_in_half_precision_and_shards_are_read() {
    let home = home("");
    let base = home.path().join("base");
    let whole = base.join("model.safetensors");
    let prompt = say("hello");
    let open = || {
        let mut scorer = load_from(home.path()).unwrap().scorer;
        let opened = scorer.open(&prompt, Parts::All, &CancelToken::default());
        vec![opened.unwrap().1]
    };
    let expected = open();
    for dtype in [DType::BF16, DType::F16] {
        let tensors = candle_core::safetensors::load(&whole, &Device::Cpu).unwrap();
        let mut index = serde_json::Map::new();
        for (number, (name, tensor)) in tensors.iter().enumerate() {
            let file = format!("model-{}.safetensors", number % 2);
            index.insert(name.clone(), file.into());
            let _ = tensor;
        }
        for file in ["model-0.safetensors", "model-1.safetensors"] {
            let part: std::collections::HashMap<String, candle_core::Tensor> = tensors
                .iter()
                .filter(|(name, _)| index[name.as_str()] == file)
                .map(|(name, tensor)| (name.clone(), tensor.to_dtype(dtype).unwrap()))
                .collect();
            candle_core::safetensors::save(&part, base.join(file)).unwrap();
        }
        let kept = std::fs::read(&whole).unwrap();
        std::fs::remove_file(&whole).unwrap();
        let index = serde_json::json!({ "weight_map": index });
        std::fs::write(base.join("model.safetensors.index.json"), index.to_string()).unwrap();
        assert_close(&expected, &open(), 0.15);
        std::fs::write(&whole, kept).unwrap();
    }
}

#[test]
fn half_precision_computes_nearly_the_same() {
    let home = home(ALL_KINDS);
    let mut rows = Vec::new();
    for dtype in ["f32", "f16", "bf16"] {
        let settings = ComputeSettings {
            dtype: Some(dtype.to_owned()),
            ..ComputeSettings::default()
        };
        let source = LineupSource::File(home.path().join("lineup.toml"));
        let cancel = CancelToken::default();
        let mut scorer = load(&source, &[], &settings, &mut |_, _| {}, &cancel)
            .unwrap()
            .scorer;
        let (stream, first) = scorer.open(&say("hello"), Parts::All, &cancel).unwrap();
        let mut all = vec![first];
        all.extend(scorer.step(&[(stream, 9)]).unwrap());
        rows.push(all);
    }
    assert_close(&rows[0], &rows[1], 0.05);
    assert_close(&rows[0], &rows[2], 0.4);
}

/// Breaks one thing in a good home and returns what is said about it.
fn broken(objectives: &str, break_it: impl Fn(&Path)) -> Failure {
    let home = home(objectives);
    break_it(home.path());
    let failure = complaint(home.path());
    assert_eq!(failure.kind, FailureKind::Input, "{failure}");
    failure
}

#[test]
fn every_broken_file_gets_one_clear_sentence() {
    let kind = "[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n";
    let cut = |name: &'static str, keep: usize| {
        move |home: &Path| {
            let bytes = std::fs::read(home.join(name)).unwrap();
            std::fs::write(home.join(name), &bytes[..keep.min(bytes.len())]).unwrap();
        }
    };
    let put = |name: &'static str, text: &'static str| {
        move |home: &Path| std::fs::write(home.join(name), text).unwrap()
    };
    let gone =
        |name: &'static str| move |home: &Path| std::fs::remove_file(home.join(name)).unwrap();
    let weights = "base/model.safetensors";
    let cases: Vec<(Failure, &str)> = vec![
        (
            broken("", gone("lineup.toml")),
            "The lineup file is missing",
        ),
        (
            broken("", cut(weights, 900)),
            "model.safetensors is cut short",
        ),
        (
            broken("", cut(weights, 5)),
            "model.safetensors is cut short",
        ),
        (broken("", cut(weights, 0)), "model.safetensors is empty"),
        (
            broken("", put(weights, "<!doctype html> not found")),
            "model.safetensors",
        ),
        (
            broken("", gone(weights)),
            "The weight file model.safetensors of the base model is missing",
        ),
        (
            broken("", put("base/config.json", "{")),
            "config.json is not valid JSON",
        ),
        (
            broken("", put("base/config.json", "[]")),
            "config.json is not a JSON object",
        ),
        (
            broken(
                "",
                put(
                    "base/config.json",
                    "{\"architectures\": [\"GPT2LMHeadModel\"]}",
                ),
            ),
            "The architecture GPT2LMHeadModel is not supported",
        ),
        (
            broken("", gone("base/tokenizer.json")),
            "The file tokenizer.json of the base model is missing",
        ),
        (
            broken("", put("base/tokenizer.json", "{}")),
            "tokenizer.json of the base model is not a tokenizer",
        ),
        (
            broken(kind, gone("kind/adapter_config.json")),
            "The file adapter_config.json of objective kind is missing",
        ),
        (
            broken(kind, cut("kind/adapter_model.safetensors", 500)),
            "adapter_model.safetensors is cut short",
        ),
        (
            broken("[[objective]]\nname = \"x\"\nmodel = \"nowhere\"", |_| {}),
            "The folder of objective x is missing",
        ),
    ];
    for (failure, expected) in cases {
        assert!(
            failure.summary.starts_with(expected),
            "{failure}\n  should say: {expected}"
        );
        assert!(!failure.summary.contains('\n'), "{failure}");
    }
}

#[test]
fn models_that_do_not_fit_are_told_apart() {
    let mut wide = tiny::config();
    wide.hidden_size = 32;
    let adapter = broken(
        "[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n",
        |home| {
            tiny::write_adapter(&home.join("kind"), &wide, &[Projection::Q], 2, 1).unwrap();
        },
    );
    assert_eq!(
        adapter.summary,
        "The adapter of objective kind is for another shape of model: \
         model.layers.0.self_attn.q_proj is 16 × 16 in the base model and 16 × 32 in the adapter"
    );
    let weights = broken("", |home| {
        let config = home.join("base/config.json");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(
            &config,
            text.replace("\"hidden_size\":16", "\"hidden_size\":32"),
        )
        .unwrap();
    });
    assert!(
        weights
            .summary
            .contains("has the shape [64, 16] where config.json asks for [64, 32]"),
        "{weights}"
    );
    let tokenizer = broken("[[objective]]\nname = \"x\"\nmodel = \"other\"\n", |home| {
        let file = home.join("other/tokenizer.json");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text
            .replace("\"a\":4", "\"b\":4")
            .replacen("\"b\":5", "\"a\":5", 1);
        std::fs::write(&file, text).unwrap();
    });
    assert_eq!(
        tokenizer.summary,
        "2 token ids mean different texts in the base model and in objective x: 4 (“a” and “b”), 5 (“b” and “a”)"
    );
    let index = broken("", |home| {
        std::fs::remove_file(home.join("base/model.safetensors")).unwrap();
        let text = r#"{"weight_map": {"x": "../other/model.safetensors"}}"#;
        std::fs::write(home.join("base/model.safetensors.index.json"), text).unwrap();
    });
    assert!(
        index.summary.contains("points outside its folder"),
        "{index}"
    );
    let deaf = broken(
        "[[objective]]\nname = \"x\"\nsystem = \"s\"\ntemplate = \"{{ prompt }}\"\n",
        |_| {},
    );
    assert_eq!(
        deaf.summary,
        "The template of the base model leaves out the system text of objective x"
    );
}

#[test]
fn a_lineup_inside_the_program_equals_the_same_on_disk() {
    let home = home(ALL_KINDS);
    let names = [
        "lineup.toml",
        "base/config.json",
        "base/model.safetensors",
        "base/tokenizer.json",
        "base/tokenizer_config.json",
        "other/config.json",
        "other/model.safetensors",
        "other/tokenizer.json",
        "kind/adapter_config.json",
        "kind/adapter_model.safetensors",
        "terse/adapter_config.json",
        "terse/adapter_model.safetensors",
    ];
    let files: Vec<(&'static str, &'static [u8])> = names
        .iter()
        .map(|&name| {
            (
                name,
                &*std::fs::read(home.path().join(name)).unwrap().leak(),
            )
        })
        .collect();
    let settings = ComputeSettings::default();
    let cancel = CancelToken::default();
    let mut inside = load_built_in(files.leak(), &settings, &mut |_, _| {}, &cancel).unwrap();
    let mut outside = load_from(home.path()).unwrap();
    assert!(inside.info.is_demo && !outside.info.is_demo);
    assert_eq!(inside.info.models[0].source, "built-in");
    assert_eq!(inside.info.models[0].sha256, outside.info.models[0].sha256);
    let rows = [&mut inside, &mut outside].map(|loaded| {
        vec![
            loaded
                .scorer
                .open(&say("hello"), Parts::All, &cancel)
                .unwrap()
                .1,
        ]
    });
    assert_close(&rows[0], &rows[1], 1e-6);
}
