//! Saved runs on the command line: written, exported, and written again by their own command.

use std::process::Command;

use serde_json::Value;

use crate::common::run;

const PROMPT: &str = "My friend's cooking is bad. What should I say?";

#[test]
fn a_saved_run_is_exported_and_its_command_writes_the_same_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.counterpoise.json");
    let file = file.to_str().unwrap();
    let saved = run(&[
        "generate",
        "--prompt",
        PROMPT,
        "--weight",
        "harmless=1.25",
        "--max-tokens",
        "12",
        "--seed",
        "5",
        "--save",
        file,
        "--grid",
        "2",
    ]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(document["schema"], "counterpoise.run/1");
    assert_eq!(document["record"]["branches"].as_array().unwrap().len(), 4);
    assert_eq!(document["record"]["kept"], "exact");

    let exported = |format: &str| {
        let ran = run(&["export", file, "--format", format]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    let tokens = |text: &str| document[text]["tokens"].as_array().unwrap().len();
    let objectives = document["weights"].as_object().unwrap().len();
    let rows = (tokens("base") + tokens("guided")) * objectives;
    assert_eq!(exported("csv").lines().count(), 1 + rows);
    assert!(exported("md").contains("| harmless | 1.25 |"));
    let comparator: Value = serde_json::from_str(&exported("llc")).unwrap();
    assert_eq!(comparator["examples"][0]["input_text"], PROMPT);
    let again: Value = serde_json::from_str(&exported("json")).unwrap();
    assert_eq!(again, document);
    let page = folder.path().join("it.html");
    let page = page.to_str().unwrap();
    let written = run(&["export", file, "--format", "html", "-o", page]);
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(page).unwrap(), exported("html"));

    let line = exported("command");
    let written = obeyed(&line);
    for field in [
        "prompt", "weights", "seed", "sampling", "base", "guided", "models",
    ] {
        assert_eq!(written[field], document[field], "{field}");
    }
}

/// What a command line writes.
fn obeyed(line: &str) -> Value {
    let script = format!("{} --json", line.trim());
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_counterpoise"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("PATH", path)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_beginning_stands_in_every_text_of_the_grid_and_in_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.counterpoise.json");
    let file = file.to_str().unwrap();
    let arguments = "generate --max-tokens 8 --seed 5 --grid 2 --prompt";
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    arguments.extend([PROMPT, "--prefix", "Tell your friend", "--save", file]);
    let saved = run(&arguments);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let tokens = document["guided"]["tokens"].as_array().unwrap();
    let given = tokens.iter().filter(|token| token["given"] == true);
    let given: Vec<&Value> = given.map(|token| &token["id"]).collect();
    assert!(!given.is_empty());
    for branch in document["record"]["branches"].as_array().unwrap() {
        let begins = branch["tokens"].as_array().unwrap().iter();
        assert_eq!(begins.take(given.len()).collect::<Vec<_>>(), given);
    }
    let line = run(&["export", file, "--format", "command"]).stdout;
    let written = obeyed(&line);
    for text in ["base", "guided"] {
        assert_eq!(written[text], document[text], "{line}");
    }
}

#[test]
fn what_is_no_saved_run_gets_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no.json");
    std::fs::write(&file, "{\"schema\":\"counterpoise.score/1\"}").unwrap();
    let refused = run(&["export", file.to_str().unwrap()]);
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stderr.contains("This file is not a saved run"),
        "{}",
        refused.stderr
    );
    let refused = run(&["export", file.to_str().unwrap(), "--format", "pdf"]);
    assert_eq!(refused.code, Some(2));
}

#[test]
fn pictures_have_the_theme_and_scale_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let demo = root.join("assets/demo/recorded/chess.counterpoise.json");
    let demo = demo.to_str().unwrap();
    let svg = run(&[
        "export",
        demo,
        "--format",
        "svg",
        "--theme",
        "dark",
        "--objective",
        "harmless",
    ]);
    assert_eq!(svg.code, Some(0), "{}", svg.stderr);
    assert!(svg.stdout.starts_with("<svg ") && svg.stdout.contains("Advantage for harmless"));
    for wrong in [
        &["--format", "svg", "--objective", "kind"][..],
        &["--format", "png", "--scale", "4", "--out", "x.png"],
        &["--format", "svg", "--theme", "red"],
        &["--format", "html", "--theme", "dark"],
        &["--format", "png"],
    ] {
        let refused = run(&[&["export", demo][..], wrong].concat());
        assert_eq!(refused.code, Some(2), "{wrong:?}: {}", refused.stderr);
    }
    let file = |scale: &str| {
        let path = folder.path().join(format!("{scale}.png"));
        let ran = run(&[
            "export",
            demo,
            "--format",
            "png",
            "--scale",
            scale,
            "-o",
            path.to_str().unwrap(),
        ]);
        (ran, path)
    };
    let (ran, path) = file("2");
    if cfg!(feature = "gui") {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let bytes = std::fs::read(path).unwrap();
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(&bytes[1..4], b"PNG");
        let small = std::fs::read(file("1").1).unwrap();
        let small = u32::from_be_bytes(small[16..20].try_into().unwrap());
        assert_eq!(side(16), 2 * small);
    } else {
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr
                .contains("PNG pictures are painted by the window"),
            "{}",
            ran.stderr
        );
    }
}
