//! `doctor` through the real program: it tells what is there, and never a secret.

use serde_json::Value;

use crate::common::{Ran, program, run};

/// What was found under this name.
#[track_caller]
fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not told: {document}"))
}

#[test]
fn everything_is_told() {
    let document = run(&["doctor", "--json"]).json();
    assert_eq!(document["schema"], "counterpoise.doctor/1");
    for name in [
        "build",
        "processor",
        "memory",
        "graphics",
        "display",
        "settings",
        "hub",
        "downloads",
        "models",
    ] {
        let words = check(&document, name)["found"].as_str().unwrap();
        assert!(
            !words.is_empty() && !words.ends_with('.'),
            "{name}: {words}"
        );
    }
    let processor = &check(&document, "processor")["facts"];
    assert!(processor["cores"].as_u64() > Some(0), "{processor}");
    let vectors = processor["vectors"].as_array().unwrap();
    assert_eq!(vectors.last().unwrap(), "portable", "{processor}");
    let features = check(&document, "build")["facts"]["features"].clone();
    assert_eq!(
        features.as_array().unwrap().contains(&"gui".into()),
        cfg!(feature = "gui")
    );
    assert_eq!(check(&document, "models")["ok"], true);
    let text = run(&["doctor"]);
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    assert_eq!(text.stdout.lines().count(), 10, "{}", text.stdout);
}

#[test]
fn the_folders_and_the_hub_are_those_of_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let ran: Ran = program()
        .args(["doctor", "--json"])
        .env("HF_HOME", home.path())
        .env_remove("HF_HUB_CACHE")
        .env_remove("HUGGINGFACE_HUB_CACHE")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("HF_TOKEN_PATH")
        .env_remove("HF_HUB_DISABLE_IMPLICIT_TOKEN")
        .env("HF_ENDPOINT", "http://127.0.0.1:9/")
        .env("HF_TOKEN", "hf_secretsecret")
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap()
        .into();
    assert!(!ran.stdout.contains("secretsecret"), "{}", ran.stdout);
    let document = ran.json();
    let hub = check(&document, "hub");
    let words = hub["found"].as_str().unwrap();
    for said in [
        "http://127.0.0.1:9, token from HF_TOKEN",
        "the network is forbidden",
        "HF_HOME, HF_TOKEN, HF_ENDPOINT",
    ] {
        assert!(words.contains(said), "{words}");
    }
    assert_eq!(hub["facts"]["access"]["offline"], true);
    let downloads = check(&document, "downloads");
    let cache = home.path().join("hub");
    assert_eq!(downloads["facts"]["folder"], cache.to_str().unwrap());
    assert_eq!(downloads["facts"]["repositories"], 0);
}

#[test]
fn a_card_that_is_not_there_is_said_and_ends_in_a_failure() {
    let ran = run(&["doctor", "--device", "cuda:99"]);
    assert_ne!(ran.code, Some(0));
    let line = ran.stdout.lines().find(|line| line.starts_with("models "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.stdout));
    assert!(line.contains(" no ") && line.contains("CUDA"), "{line}");
    assert!(line.contains("--device cpu"), "{line}");
}
