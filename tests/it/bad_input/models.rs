//! Model folders and lineups that are missing, broken or do not fit.

use std::fs;

use serde_json::json;

use super::{Copy, FAILED, INPUT, assert_fails};
use crate::common::{copy_folder, golden, run};

#[test]
fn missing_files_are_named() {
    assert_fails(
        &run(&[
            "score",
            "--lineup",
            "/nowhere/lineup.toml",
            "--prompt",
            "a",
            "--response",
            "b",
        ]),
        INPUT,
        &["lineup"],
    );
    for (name, words) in [
        ("base/config.json", ["config.json", "base"]),
        ("base/tokenizer.json", ["tokenizer.json", "base"]),
        ("base/model.safetensors", ["safetensors", "base"]),
        ("clear/config.json", ["config.json", "clear"]),
    ] {
        let copy = Copy::of("smollm");
        fs::remove_file(copy.path(name)).unwrap();
        copy.fails(INPUT, &words);
    }
    let copy = Copy::of("smollm");
    copy.lineup("[[objective]]\nname = \"kind\"\nadapter = \"adapters/kind\"\n");
    copy.fails(INPUT, &["kind", "missing"]);
    let shards = Copy::of("llama3");
    fs::remove_file(shards.path("base/model-00002-of-00004.safetensors")).unwrap();
    shards.fails(INPUT, &["model-00002-of-00004.safetensors"]);
}

#[test]
fn a_family_that_is_not_known_is_named_with_those_that_are() {
    let copy = Copy::of("smollm");
    copy.edit_json("base/config.json", |config| {
        config["architectures"] = json!(["GPT2LMHeadModel"]);
    });
    copy.fails(INPUT, &["GPT2LMHeadModel", "Gemma 3"]);
}

#[test]
fn broken_lineups_say_what_is_wrong() {
    for (objectives, words) in [
        ("[[objective]\n", &["lineup"][..]),
        ("[[objective]]\nname = \"a\"\n", &["a"]),
        (
            "[[objective]]\nname = \"a\"\nsystem = \"x\"\nadapter = \"y\"\n",
            &["a"],
        ),
        (
            "[[objective]]\nname = \"a\"\nexpert = \"clear\"\n",
            &["amateur"],
        ),
        (
            "[[objective]]\nname = \"a\"\nsystem = \"x\"\nweight = nan\n",
            &["a", "weight"],
        ),
        (
            "[[objective]]\nname = \"a\"\nsystem = \"x\"\nwieght = 1.0\n",
            &["wieght"],
        ),
        (
            "[[objective]]\nname = \"a\"\nsystem = \"x\"\n[[objective]]\nname = \"a\"\nsystem = \"y\"\n",
            &["a", "two"],
        ),
    ] {
        let copy = Copy::of("smollm");
        copy.lineup(objectives);
        copy.fails(INPUT, words);
    }
    let copy = Copy::of("smollm");
    copy.write(
        "lineup.toml",
        "schema = 2\nname = \"later\"\n[base]\npath = \"base\"\n",
    );
    copy.fails(INPUT, &["schema"]);
}

#[test]
fn broken_json_is_an_input_failure_that_names_the_file() {
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        let copy = Copy::of("smollm");
        let whole = fs::read_to_string(copy.path("base").join(name)).unwrap();
        copy.write(&format!("base/{name}"), &whole[..whole.len() / 2]);
        copy.fails(INPUT, &[name]);
    }
    let copy = Copy::of("llama2");
    copy.write("kind/adapter_config.json", "{\"r\": ");
    copy.fails(INPUT, &["adapter_config.json"]);
    let copy = Copy::of("llama3");
    copy.write("base/model.safetensors.index.json", "[1, 2");
    copy.fails(INPUT, &["model.safetensors.index.json"]);
}

#[test]
fn impossible_configurations_are_refused() {
    for (key, value) in [
        ("num_attention_heads", json!(0)),
        ("hidden_size", json!("wide")),
        ("num_hidden_layers", json!(3)),
        ("vocab_size", json!(4_000_000_000_u64)),
        ("model_type", json!("gpt2")),
    ] {
        let copy = Copy::of("smollm");
        copy.edit_json("base/config.json", |config| {
            if key == "model_type" {
                config["architectures"] = json!(["GPT2LMHeadModel"]);
            }
            config[key] = value.clone();
        });
        copy.fails(INPUT, &[]);
    }
}

#[test]
fn truncated_weights_are_an_input_failure() {
    let whole = fs::read(golden("smollm").join("base/model.safetensors")).unwrap();
    for len in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        let copy = Copy::of("smollm");
        copy.write("base/model.safetensors", &whole[..len]);
        copy.fails(INPUT, &["model.safetensors"]);
    }
}

#[test]
fn a_header_that_claims_a_huge_size_is_refused() {
    for claim in [u64::MAX, u64::MAX / 2, 1 << 40, 99_999_999] {
        let copy = Copy::of("smollm");
        let mut bytes = fs::read(copy.path("base/model.safetensors")).unwrap();
        bytes[..8].copy_from_slice(&claim.to_le_bytes());
        copy.write("base/model.safetensors", bytes);
        copy.fails(INPUT, &["model.safetensors"]);
    }
    // A tensor that claims more than the file holds.
    let header = json!({"model.embed_tokens.weight":
        {"dtype": "F32", "shape": [1_u64 << 40, 1 << 22], "data_offsets": [0, u64::MAX]}})
    .to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let copy = Copy::of("smollm");
    copy.write("base/model.safetensors", bytes);
    copy.fails(INPUT, &["model.safetensors"]);
}

#[test]
fn an_index_cannot_point_outside_its_folder() {
    for outside in ["../base/model-00001-of-00004.safetensors", "/etc/hostname"] {
        let copy = Copy::of("llama3");
        copy.edit_json("base/model.safetensors.index.json", |index| {
            for file in index["weight_map"].as_object_mut().unwrap().values_mut() {
                *file = json!(outside);
            }
        });
        copy.fails(INPUT, &["model.safetensors.index.json"]);
    }
}

#[test]
fn weights_that_are_no_numbers_are_noticed() {
    let copy = Copy::of("qwen3");
    let path = copy.path("base/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    for chunk in bytes[end - 400..].chunks_exact_mut(4) {
        chunk.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    copy.fails(FAILED, &["not a number"]);
}

#[test]
fn an_adapter_for_another_shape_does_not_fit() {
    let copy = Copy::of("qwen3");
    copy_folder(&golden("llama3").join("calm"), &copy.path("calm"));
    copy.lineup("[[objective]]\nname = \"calm\"\nadapter = \"calm\"\n");
    copy.fails(INPUT, &["calm"]);
}

#[test]
fn adapters_of_other_kinds_are_refused_not_misread() {
    for (key, value) in [
        ("use_dora", json!(true)),
        ("peft_type", json!("IA3")),
        ("bias", json!("all")),
        ("lora_alpha", json!(null)),
        ("lora_alpha", json!("big")),
    ] {
        let copy = Copy::of("llama2");
        copy.edit_json("kind/adapter_config.json", |config| {
            config[key] = value.clone();
        });
        copy.fails(INPUT, &["kind"]);
    }
}

#[test]
fn a_tokenizer_that_does_not_match_is_counted_and_shown() {
    let copy = Copy::of("smollm");
    copy.edit_json("clear/tokenizer.json", |tokenizer| {
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        for id in [40, 260] {
            let name = vocabulary
                .iter()
                .find(|(_, v)| **v == json!(id))
                .unwrap()
                .0
                .clone();
            let other = vocabulary
                .iter()
                .find(|(_, v)| **v == json!(id + 1))
                .unwrap()
                .0
                .clone();
            vocabulary[&name] = json!(id + 1);
            vocabulary[&other] = json!(id);
        }
        // Merges of swapped pieces would no longer load.
        tokenizer["model"]["merges"] = json!([]);
    });
    copy.fails(INPUT, &["4", "40", "41", "260", "261"]);
}

#[test]
fn broken_templates_name_their_line() {
    let copy = Copy::of("llama3");
    copy.write(
        "base/chat_template.jinja",
        "{{- bos_token }}\n{%- for message in messages %}\n{{ message['content' }}\n{%- endfor %}",
    );
    copy.fails(INPUT, &["template", "line 3"]);
    let copy = Copy::of("llama3");
    copy.write(
        "base/chat_template.jinja",
        "{{- bos_token }}\n{{ raise_exception('No lone words') }}",
    );
    copy.fails(INPUT, &["No lone words", "line 2"]);
    let copy = Copy::of("smollm");
    copy.lineup(
        "[[objective]]\nname = \"a\"\nsystem = \"x\"\ntemplate = \"one\\n{% if %}{{ prompt }}\"\n",
    );
    copy.fails(INPUT, &["template", "line 2"]);
}

#[test]
fn a_template_cannot_run_for_ever() {
    let copy = Copy::of("llama3");
    copy.write(
        "base/chat_template.jinja",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}",
    );
    copy.fails(INPUT, &["template"]);
}
