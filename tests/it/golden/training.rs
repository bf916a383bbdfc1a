//! Training against PyTorch's.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use super::{TOLERANCE, Worst};
use crate::common::{golden, run};

/// Six steps of training a whole reward model: loss, gradients, clipping, `AdamW` and schedule as PyTorch has them.
#[test]
fn training_takes_the_steps_that_pytorch_takes() {
    let stored: Value =
        serde_json::from_str(&fs::read_to_string(golden("training.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [data, out, log] = ["pairs.jsonl", "out", "log.jsonl"].map(|name| folder.path().join(name));
    let mut pairs = String::new();
    for pair in stored["pairs"].as_array().unwrap() {
        writeln!(pairs, "{pair}").unwrap();
    }
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
