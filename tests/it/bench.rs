//! `bench` through the real program: the fields of its document and whether they make sense, never how fast it was.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{program, run};

/// A number of the document above 0.
#[track_caller]
fn positive(document: &Value, place: &str) -> f64 {
    let number = document.pointer(place).and_then(Value::as_f64);
    let number = number.unwrap_or_else(|| panic!("no number at {place}: {document}"));
    assert!(number > 0.0 && number.is_finite(), "{place} is {number}");
    number
}

/// What every document holds.
#[track_caller]
fn assert_sound(document: &Value, objectives: usize, rows_of_objectives: usize) {
    assert_eq!(document["schema"], "counterpoise.bench/1");
    assert_eq!(document["quick"], true);
    for place in [
        "/app",
        "/kernels",
        "/device",
        "/machine/processor",
        "/machine/system",
    ] {
        let words = document.pointer(place).and_then(Value::as_str);
        assert!(words.is_some_and(|words| !words.is_empty()), "{place}");
    }
    let model = &document["model"];
    assert_eq!(model["objectives"].as_array().unwrap().len(), objectives);
    for place in [
        "/machine/cores",
        "/machine/threads",
        "/model/parameters",
        "/model/vocabulary",
        "/start/loaded_secs",
        "/prefill/tokens",
        "/prefill/base/secs",
        "/prefill/base/tokens_per_sec",
        "/steps/past",
        "/steps/rounds",
        "/steps/steps",
        "/steps/guided/secs",
        "/steps/guided_alone/secs",
        "/writing/base_tokens",
        "/writing/guided_tokens",
        "/writing/tokens_per_sec",
        "/reweigh/first_secs",
        "/reweigh/p50_secs",
        "/resteer/p50_secs",
        "/resteer/count",
    ] {
        positive(document, place);
    }
    let rows = document["steps"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["rows"], index + 1);
        let (secs, speed) = (positive(row, "/secs"), positive(row, "/steps_per_sec"));
        assert!((secs * speed - 1.0).abs() < 1e-9);
        positive(row, "/ratio");
    }
    assert_eq!(rows[0]["ratio"], 1.0);
    assert_eq!(
        document["steps"]["guided_alone"]["rows"],
        1 + rows_of_objectives
    );
    assert_eq!(document["steps"]["guided"]["rows"], 2 + rows_of_objectives);
    let (tokens, secs) = (
        positive(document, "/prefill/tokens"),
        positive(document, "/prefill/base/secs"),
    );
    let speed = positive(document, "/prefill/base/tokens_per_sec");
    assert!((speed * secs / tokens - 1.0).abs() < 1e-9);
    for what in ["reweigh", "resteer"] {
        let at = |place: &str| positive(document, &format!("/{what}/{place}"));
        assert!(at("p50_secs") <= at("p95_secs"), "{what}");
    }
    let reweigh = &document["reweigh"];
    assert_eq!(reweigh["models"], 1 + objectives);
    assert_eq!(reweigh["vocabulary"], model["vocabulary"]);
    let numbers = positive(reweigh, "/steps")
        * positive(reweigh, "/vocabulary")
        * positive(reweigh, "/models");
    assert!((positive(reweigh, "/bytes") - 4.0 * numbers).abs() < 0.5);
}

#[test]
fn the_demo_is_measured() {
    let document = run(&["bench", "--quick", "--json"]).json();
    assert_sound(&document, 3, 3);
    assert_eq!(document["model"]["synthetic"], false);
    let (loaded, first) = (
        positive(&document, "/start/loaded_secs"),
        positive(&document, "/start/first_token_secs"),
    );
    assert!(loaded < first);
    #[cfg(feature = "gui")]
    positive(&document, "/start/first_frame_secs");
    assert_eq!(document["memory"]["base_peak_bytes"], Value::Null);
}

#[test]
fn random_models_are_measured_in_every_format() {
    for quant in ["f32", "f16", "q8_0", "q4_k"] {
        let document = run(&[
            "bench",
            "--quick",
            "--json",
            "--synthetic",
            "tiny",
            "--quant",
            quant,
            "--adapters",
            "2",
            "--rank",
            "4",
            "--threads",
            "1",
        ])
        .json();
        assert_sound(&document, 2, 2);
        assert_eq!(document["machine"]["threads"], 1);
        assert_eq!(document["start"]["first_token_secs"], Value::Null);
        let model = &document["model"];
        assert_eq!(model["synthetic"], true);
        assert_eq!(
            (&model["shape"], &model["quant"], &model["rank"]),
            (&"tiny".into(), &quant.into(), &4.into())
        );
        let bytes = positive(&document, &format!("/model/weight_bytes/{quant}"));
        // All formats have at least 4 bits per weight and at most 32.
        let parameters = positive(&document, "/model/parameters");
        assert!((0.5..=4.0).contains(&(bytes / parameters)), "{quant}");
        if cfg!(target_os = "linux") {
            let base = positive(&document, "/memory/base_peak_bytes");
            assert!(base > bytes, "the weights are in memory");
            assert!(positive(&document, "/memory/peak_bytes") >= base);
            assert!(positive(&document, "/memory/ratio") >= 1.0);
        }
    }
}

#[test]
fn whole_reward_models_are_measured() {
    let arguments = ["--synthetic", "tiny", "--adapters", "0", "--whole", "2"];
    let ran = run(&[&["bench", "--quick", "--json"], &arguments[..]].concat());
    let document = ran.json();
    assert_sound(&document, 2, 2);
    assert_eq!(document["memory"]["base_peak_bytes"], Value::Null);
}

#[test]
fn the_table_names_the_machine_and_says_that_it_was_quick() {
    let ran = run(&["bench", "--quick", "--synthetic", "tiny", "--adapters", "1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for name in [
        "machine",
        "kernels",
        "models",
        "weights",
        "start to models made",
        "prompt, base alone",
        "prompt, all models",
        "step, base alone",
        "step, 8 base rows",
        "step, guided job",
        "both texts",
        "re-weigh",
        "re-steer to first token",
        "peak memory",
    ] {
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(name)),
            "{name}: {}",
            ran.stdout
        );
    }
    assert!(ran.stdout.contains("--quick"));
}

#[test]
fn random_options_belong_to_random_models() {
    for arguments in [
        &["bench", "--quant", "f32"][..],
        &["bench", "--adapters", "1"],
        &["bench", "--synthetic", "135m", "--lineup", "x.toml"],
        &["bench", "--synthetic", "3b"],
        &["bench", "--synthetic", "tiny", "--rank", "0"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn more_than_the_memory_holds_is_refused_before_it_is_made() {
    // Nine models of 27 GB each: where that fits, there is nothing to refuse.
    let info = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total = info
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(1));
    if total.unwrap().parse::<u64>().unwrap() > 200_000_000 {
        return;
    }
    let arguments = ["--synthetic", "7b", "--quant", "f32", "--whole", "8"];
    let ran = run(&[&["bench"], &arguments[..]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("GiB of memory are free"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
#[cfg(unix)]
fn an_interruption_ends_it_at_once() {
    let mut child = program()
        .args(["bench", "--synthetic", "tiny"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let began = Instant::now();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(20), "it went on");
}
