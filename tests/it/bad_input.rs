//! Bad input through the real program: the right exit code, one clear sentence on stderr, nothing on stdout, no panic.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Ran, copy_folder, golden, program, run};

const FAILED: i32 = 1;
const USAGE: i32 = 2;
const INPUT: i32 = 3;

/// Demands a failure that a person can read: its code, and one sentence that holds all of `words`.
#[track_caller]
fn assert_fails(ran: &Ran, code: i32, words: &[&str]) {
    let stderr = &ran.stderr;
    assert_eq!(ran.code, Some(code), "{stderr}");
    assert_eq!(ran.stdout, "", "stdout carries data only");
    assert!(
        !stderr.contains("panicked") && !stderr.contains("RUST_BACKTRACE"),
        "{stderr}"
    );
    let sentences: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    assert_eq!(sentences.len(), 1, "one sentence: {stderr}");
    let sentence = sentences[0];
    assert!(
        sentence.len() > 10 && !sentence.ends_with('.'),
        "{sentence}"
    );
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not said: {stderr}");
    }
    // Usage errors found by the argument parser add how the command is used; details may hold anything.
    if !stderr.contains("--help") {
        let words = stderr.split("  details: ").next().unwrap_or_default();
        for line in words.lines() {
            let known = ["error: ", "  hint: "];
            assert!(
                known.iter().any(|start| line.starts_with(start)),
                "only the failure: {stderr}"
            );
        }
    }
}

/// A copy of a golden lineup, to be broken.
struct Copy(TempDir);

impl Copy {
    fn of(family: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&golden(family), folder.path());
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn edit_json(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        edit(&mut value);
        self.write(name, value.to_string());
    }

    /// Writes another lineup over this copy's base.
    fn lineup(&self, objectives: &str) {
        let head = "schema = 1\nname = \"broken\"\n[base]\npath = \"base\"\n";
        self.write("lineup.toml", format!("{head}{objectives}"));
    }

    #[track_caller]
    fn score(&self, extra: &[&str]) -> Ran {
        let lineup = self.path("lineup.toml");
        let mut arguments = vec![
            "score",
            "--lineup",
            lineup.to_str().unwrap(),
            "--response",
            "Yes",
        ];
        if !extra.contains(&"--prompt") {
            arguments.extend(["--prompt", "Hello"]);
        }
        arguments.extend(extra);
        run(&arguments)
    }

    #[track_caller]
    fn fails(&self, code: i32, words: &[&str]) {
        assert_fails(&self.score(&[]), code, words);
    }
}

#[test]
fn the_copies_work_before_they_are_broken() {
    let copy = Copy::of("smollm");
    let ran = copy.score(&["--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

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
            config[key] = value.clone()
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

#[test]
fn prompts_that_are_empty_or_too_long_are_told_apart() {
    let copy = Copy::of("mistral");
    assert_fails(&copy.score(&["--prompt", ""]), USAGE, &["prompt"]);
    let long = "word ".repeat(400);
    assert_fails(&copy.score(&["--prompt", &long]), INPUT, &["prompt", "256"]);
    // The prompt fits and the response does not.
    let lineup = copy.path("lineup.toml");
    let ran = run(&[
        "score",
        "--lineup",
        lineup.to_str().unwrap(),
        "--prompt",
        "a",
        "--response",
        &long,
    ]);
    assert_fails(&ran, INPUT, &["256"]);
    let ran = run(&[
        "score",
        "--lineup",
        lineup.to_str().unwrap(),
        "--prompt",
        "a",
        "--response",
        "",
    ]);
    assert_fails(&ran, USAGE, &["response"]);
    let ran = run(&[
        "generate",
        "--lineup",
        lineup.to_str().unwrap(),
        "--prompt",
        "  \n",
    ]);
    assert_ne!(ran.code, Some(101), "{}", ran.stderr);
}

#[test]
fn wrong_weights_are_wrong_usage() {
    let copy = Copy::of("smollm");
    for (weight, words) in [
        ("clear=NaN", "finite"),
        ("clear=inf", "finite"),
        ("clear=1e999", "finite"),
        ("clear=much", "much"),
        ("clear", "clear"),
        ("=1", "name"),
        ("clever=1", "clever"),
        ("clear=-0.5", "negative"),
    ] {
        assert_fails(&copy.score(&["--weight", weight]), USAGE, &[words]);
    }
    let ran = copy.score(&["--weight", "clear=-0.5", "--allow-negative", "--json"]);
    assert_eq!(ran.json()["weights"]["clear"], json!(-0.5));
}

#[test]
fn wrong_options_are_wrong_usage() {
    let copy = Copy::of("smollm");
    let lineup = copy.path("lineup.toml");
    let lineup = lineup.to_str().unwrap();
    for extra in [
        &["--temperature", "-1"][..],
        &["--temperature", "NaN"],
        &["--top-p", "0"],
        &["--top-p", "1.5"],
        &["--min-p", "2"],
        &["--max-tokens", "0"],
        &["--threads", "0"],
        &["--device", "toaster"],
        &["--dtype", "f8"],
        &["--frobnicate"],
    ] {
        let mut arguments = vec!["generate", "--lineup", lineup, "--prompt", "Hello"];
        arguments.extend(extra);
        assert_fails(&run(&arguments), USAGE, &[]);
    }
    assert_fails(&run(&["generate", "--lineup", lineup]), USAGE, &["prompt"]);
    assert_fails(&run(&["dance"]), USAGE, &["dance"]);
}

#[test]
fn data_files_that_hold_nothing_usable_are_input_failures() {
    let copy = Copy::of("smollm");
    let lineup = copy.path("lineup.toml");
    let lineup = lineup.to_str().unwrap();
    let file = copy.path("data.jsonl");
    let eval = || run(&["eval", "--lineup", lineup, "--data", file.to_str().unwrap()]);
    assert_fails(&eval(), INPUT, &["data.jsonl"]);
    for content in [
        "",
        "\n\n",
        "{\"prompt\": \"x\"",
        "[]",
        "[{\"prompt\": 1}]",
        "\u{1f}\u{8b}not gzip",
    ] {
        fs::write(&file, content).unwrap();
        assert_fails(&eval(), INPUT, &["data.jsonl"]);
    }
    let prompts = || {
        run(&[
            "generate",
            "--lineup",
            lineup,
            "--prompts",
            file.to_str().unwrap(),
        ])
    };
    fs::write(&file, "").unwrap();
    assert_fails(&prompts(), INPUT, &["data.jsonl"]);
    fs::remove_file(&file).unwrap();
    assert_fails(&prompts(), INPUT, &["data.jsonl"]);
}

/// Runs the program behind a line of shell, with the program as `$0` and the arguments as `$@`.
#[cfg(unix)]
fn behind_shell(line: &str, arguments: &[&str]) -> Ran {
    let program = program();
    std::process::Command::new("sh")
        .args(["-c", line])
        .arg(program.get_program())
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
        .into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_fails_with_a_sentence() {
    let copy = Copy::of("smollm");
    let lineup = copy.path("lineup.toml");
    let arguments = [
        "score",
        "--lineup",
        lineup.to_str().unwrap(),
        "--prompt",
        "a",
        "--response",
        "b",
        "--json",
    ];
    assert_fails(
        &behind_shell("exec \"$0\" \"$@\" > /dev/full", &arguments),
        FAILED,
        &[],
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_panic() {
    let copy = Copy::of("smollm");
    let lineup = copy.path("lineup.toml");
    let arguments = [
        "generate",
        "--lineup",
        lineup.to_str().unwrap(),
        "--prompt",
        "a",
        "--max-tokens",
        "40",
        "--json",
    ];
    let ran = behind_shell("\"$0\" \"$@\" | head -c 1 > /dev/null", &arguments);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

/// Pairs to train on, and the arguments of a short `train arm` over a golden base.
#[cfg(unix)]
fn training(folder: &Path) -> Vec<String> {
    let pair = json!({"prompt": "Say it", "chosen": "a good answer", "rejected": "no"}).to_string();
    let data = folder.join("pairs.jsonl");
    fs::write(&data, format!("{pair}\n").repeat(16)).unwrap();
    let base = golden("smollm").join("base");
    let [base, data, out] = [base, data, folder.join("out")].map(|path| path.display().to_string());
    [
        "train", "arm", "--base", &base, "--data", &data, "--out", &out,
    ]
    .into_iter()
    .chain(["--batch", "4", "--seed", "1"])
    .map(str::to_owned)
    .collect()
}

#[cfg(unix)]
fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// A disk that fills up while training: a file may not grow, as with a quota.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_while_training_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = training(folder.path());
    let whole = run(&borrowed(&arguments));
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let out = folder.path().join("out");
    let weights = fs::read(out.join("adapter_model.safetensors")).unwrap();

    // A second training into the same folder, which the disk has no room for, leaves the first one's result.
    arguments.extend(["--epochs".to_owned(), "2".to_owned()]);
    let ran = behind_shell(
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"",
        &borrowed(&arguments),
    );
    assert_eq!(ran.code, Some(FAILED), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(
        ran.stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(
        fs::read(out.join("adapter_model.safetensors")).unwrap(),
        weights
    );
}

#[cfg(unix)]
#[test]
fn training_on_nothing_usable_is_an_input_failure() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = training(folder.path());
    let data = folder.path().join("pairs.jsonl");
    for content in ["", "{\"prompt\": \"x\"}\n", "[1, 2"] {
        fs::write(&data, content).unwrap();
        assert_fails(&run(&borrowed(&arguments)), INPUT, &["pairs.jsonl"]);
    }
    fs::remove_file(&data).unwrap();
    assert_fails(&run(&borrowed(&arguments)), INPUT, &["pairs.jsonl"]);
    assert!(
        !folder
            .path()
            .join("out")
            .join("adapter_model.safetensors")
            .exists()
    );
}

#[cfg(unix)]
#[test]
fn impossible_training_settings_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let plain = training(folder.path());
    for extra in [
        ["--lr", "NaN"],
        ["--beta", "0"],
        ["--rank", "0"],
        ["--batch", "0"],
        ["--dropout", "1.5"],
        ["--targets", "q_proj,x_proj"],
        ["--label-smoothing", "0.7"],
    ] {
        let mut arguments = borrowed(&plain);
        arguments.extend(extra);
        let ran = run(&arguments);
        assert_fails(&ran, USAGE, &[]);
    }
}
