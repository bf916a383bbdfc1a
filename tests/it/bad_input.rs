//! Bad input through the real program: the right exit code, one clear sentence on stderr, nothing on stdout, no panic.

mod models;
#[cfg(unix)]
mod training;

use std::fs;
use std::path::PathBuf;

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
