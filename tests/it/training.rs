//! Training through the real program: what it writes is read by its other commands, and stopping loses nothing.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Ran, run};

/// Questions with a short and a long answer; the short one is preferred.
fn write_pairs(path: &Path, count: usize) {
    let lines: Vec<String> = (0..count)
        .map(|i| {
            let pair = json!({
                "prompt": format!("How do I fold {i} shirts?"),
                "chosen": format!("Lay {i} of them flat."),
                "rejected": "Nobody knows, and nobody ever will, so leave them where they are.",
            });
            format!("{pair}\n")
        })
        .collect();
    fs::write(path, lines.concat()).unwrap();
}

fn train(folder: &Path, out: &str, more: &[&str]) -> Ran {
    let (data, out) = (folder.join("pairs.jsonl"), folder.join(out));
    let mut arguments = vec![
        "train",
        "arm",
        "--base",
        "demo",
        "--data",
        data.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--batch",
        "4",
        "--epochs",
        "2",
        "--threads",
        "2",
        "--lr",
        "2e-3",
        "--warmup",
        "1",
    ];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_trained_adapter_prefers_what_people_preferred() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 16);
    let log = folder.path().join("log.jsonl");
    let ran = train(
        folder.path(),
        "kind",
        &["--json", "--log", log.to_str().unwrap()],
    );
    assert_eq!(ran.json()["steps"], 8);
    let lines: Vec<Value> = fs::read_to_string(&log)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 8);
    let loss = |line: &Value| line["loss"].as_f64().unwrap();
    assert!(loss(&lines[7]) < loss(&lines[0]), "{lines:?}");

    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/models/base");
    let lineup = folder.path().join("lineup.toml");
    let text = format!(
        "schema = 1\nname = \"trained\"\n[base]\npath = \"{}\"\n[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n",
        base.display()
    );
    fs::write(&lineup, text).unwrap();
    let (lineup, data) = (lineup.to_str().unwrap(), data.to_str().unwrap());
    let judged = run(&["eval", "--lineup", lineup, "--data", data, "--json"]).json();
    assert_eq!(judged["pairs"], 16);
    assert!(
        judged["objectives"]["kind"]["accuracy"].as_f64().unwrap() > 0.9,
        "{judged}"
    );
}

#[test]
fn a_stopped_run_goes_on_to_the_same_adapter() {
    let folder = tempfile::tempdir().unwrap();
    write_pairs(&folder.path().join("pairs.jsonl"), 10);
    assert_eq!(train(folder.path(), "whole", &[]).code, Some(0));
    // A folder in the adapter's place: the run cannot write its result, and must not lose its work.
    let part = folder.path().join("part");
    fs::create_dir(&part).unwrap();
    fs::create_dir(part.join("adapter_model.safetensors")).unwrap();
    let stuck = train(folder.path(), "part", &["--save-every", "3"]);
    assert_eq!(stuck.code, Some(1), "{}", stuck.stderr);
    assert!(stuck.stderr.contains("--resume"), "{}", stuck.stderr);
    fs::remove_dir(part.join("adapter_model.safetensors")).unwrap();

    let again = train(folder.path(), "part", &["--save-every", "3"]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert!(again.stderr.contains("unfinished"), "{}", again.stderr);
    let other = train(
        folder.path(),
        "part",
        &["--save-every", "3", "--resume", "--seed", "3"],
    );
    assert_eq!(other.code, Some(3), "{}", other.stderr);
    let resumed = train(folder.path(), "part", &["--save-every", "3", "--resume"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let bytes =
        |name: &str| fs::read(folder.path().join(name).join("adapter_model.safetensors")).unwrap();
    assert!(bytes("whole") == bytes("part"));
}
