//! Training on bad data, with bad settings, and on a disk that is full.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{FAILED, INPUT, USAGE, assert_fails, behind_shell};
use crate::common::{golden, run};

/// Pairs to train on, and the arguments of a short `train arm` over a golden base.
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

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// A disk that fills up while training: a file may not grow, as with a quota.
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
