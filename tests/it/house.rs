//! The rules of the house, read from its sources.
//!
//! What the compiler and clippy cannot hold is held here: which room may know which crate, which way the arrows point,
//! where colours and `unsafe` live, how long a file may grow, what lies at the top of the repository. Each rule comes with
//! an example that breaks it, so that a rule which has gone blind is noticed.

mod source;

use std::collections::BTreeSet;
use std::fs;

use source::{Source, root, rust_files};

/// Longest file of the program, in lines: stop and split here.
const LONGEST_FILE: usize = 500;

/// Longest file that holds nothing but tests, which read better beside their kin.
const LONGEST_TESTS: usize = 700;

/// What lies at the top of the repository.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "CHANGELOG.md",
    "src",
    "assets",
    "tests",
    "packaging",
    ".ci",
    ".cargo",
    ".clippy.toml",
    ".gitignore",
];

/// Every module of the crate, and the modules that it may name: arrows point one way.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("error", &["domain"]),
    ("engine", &["domain", "error"]),
    ("journal", &["domain", "engine", "error", "model", "record"]),
    ("latest", &["domain", "engine"]),
    ("memory", &[]),
    ("model", &["domain", "engine", "error"]),
    ("record", &["domain", "engine", "error"]),
    ("train", &["domain", "engine", "error", "memory", "model"]),
    ("demo", &["domain", "engine", "error", "model", "train"]),
    (
        "worker",
        &[
            "demo", "domain", "engine", "error", "memory", "model", "record",
        ],
    ),
    (
        "app",
        &[
            "demo", "domain", "engine", "error", "journal", "latest", "record", "train", "worker",
        ],
    ),
    (
        "cli",
        &[
            "app", "demo", "domain", "engine", "error", "journal", "record", "train", "worker",
        ],
    ),
];

/// Holds all sources to a rule and shows that `broken` is found out.
fn hold(rule: impl Fn(&Source) -> Vec<String>, broken: &Source, what_to_do: &str) {
    assert!(
        !rule(broken).is_empty(),
        "the rule does not see its example"
    );
    let offences: Vec<String> = rust_files("src").iter().flat_map(&rule).collect();
    assert!(
        offences.is_empty(),
        "{what_to_do}:\n  {}",
        offences.join("\n  ")
    );
}

/// Every use of a word for which `forbidden` says yes.
fn words(source: &Source, forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    source
        .tokens()
        .into_iter()
        .filter(|(_, word)| forbidden(word))
        .map(|(line, word)| source.at(line, word))
        .collect()
}

#[test]
fn no_window_and_no_arguments_below_the_worker() {
    let below = [
        "src/engine/",
        "src/model/",
        "src/train/",
        "src/demo/",
        "src/record/",
        "src/worker/",
        "src/domain.rs",
        "src/error.rs",
        "src/journal/",
        "src/latest.rs",
        "src/memory.rs",
    ];
    hold(
        |source| {
            if !source.is_in(&below) {
                return Vec::new();
            }
            words(source, |word| {
                ["egui", "eframe", "epaint", "clap", "clap_complete"].contains(&word)
            })
        },
        &Source::new("src/engine/mix.rs", "use egui::Color32;"),
        "Rooms below the worker know neither egui nor clap: pass plain data, and keep such types in src/app or src/cli",
    );
}

#[test]
fn tensors_stay_with_the_models() {
    let rooms = ["src/model/", "src/train/"];
    hold(
        |source| {
            if source.is_in(&rooms) {
                return Vec::new();
            }
            words(source, |word| word.starts_with("candle"))
        },
        &Source::new("src/worker/protocol.rs", "rows: candle_core::Tensor"),
        "candle is known under src/model and src/train only: hand out rows as slices or Arc<[f32]>",
    );
}

#[test]
fn the_engine_is_pure() {
    hold(
        |source| {
            if !source.is_in(&["src/engine/"]) {
                return Vec::new();
            }
            words(source, |word| {
                let outside = ["fs", "io", "env", "net", "process", "thread", "Instant"];
                outside.contains(&word) || word == "SystemTime"
            })
        },
        &Source::new(
            "src/engine/noise.rs",
            "let now = std::time::Instant::now();",
        ),
        "The engine takes slices and seeds and gives slices: files, clocks, threads and printing belong to its callers",
    );
}

#[test]
fn arrows_point_one_way() {
    let modules: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect();
    assert_eq!(
        found, modules,
        "Every module of src has a line in ARROWS that says which others it may name"
    );
    hold(
        |source| {
            let Some((name, allowed)) = ARROWS.iter().find(|(name, _)| {
                source.is_in(&[&format!("src/{name}.rs"), &format!("src/{name}/")])
            }) else {
                return Vec::new();
            };
            named_modules(source)
                .into_iter()
                .filter(|(_, module)| modules.contains(*module))
                .filter(|(_, module)| module != name && !allowed.contains(module))
                .map(|(line, module)| source.at(line, &format!("{name} names {module}")))
                .collect()
        },
        &Source::new("src/engine/mix.rs", "use crate::{domain, worker::Command};"),
        "A module names only those that ARROWS in tests/it/house.rs lists for it: move the code, or pass plain data",
    );
}

/// The modules named after `crate::`, also inside braces.
fn named_modules(source: &Source) -> Vec<(usize, &str)> {
    let tokens = source.tokens();
    let mut named = Vec::new();
    for start in 0..tokens.len().saturating_sub(3) {
        let word = |offset: usize| tokens[start + offset].1;
        if word(0) != "crate" || word(1) != ":" || word(2) != ":" {
            continue;
        }
        if word(3) != "{" {
            named.push(tokens[start + 3]);
            continue;
        }
        let mut depth = 0;
        for pair in tokens[start + 3..].windows(2) {
            match pair[0].1 {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            match (depth, pair[0].1) {
                (0, _) => break,
                (1, "{" | ",") => named.push(pair[1]),
                _ => {}
            }
        }
    }
    named
}

#[test]
fn colours_live_in_the_theme() {
    let painters = [
        "src/app/theme.rs",
        "src/app/theme/",
        "src/app/render.rs",
        "src/app/render/",
    ];
    // No colour of its own: nothing, a mark that text replaces, and the tint that leaves a picture as it is.
    let colourless = ["TRANSPARENT", "PLACEHOLDER", "WHITE"];
    hold(
        |source| {
            if source.is_in(&painters) {
                return Vec::new();
            }
            let tokens = source.tokens();
            tokens
                .windows(4)
                .filter(|four| {
                    let made = ["Color32", "Rgba", "Hsva"].contains(&four[0].1)
                        && four[1].1 == ":"
                        && (four[3].1.starts_with("from_") || is_constant(four[3].1));
                    let hex = four[0].1 == "rgb" && four[1].1 == "(" && four[2].1.starts_with("0x");
                    (made && !colourless.contains(&four[3].1)) || hex || four[0].1 == "hex_color"
                })
                .map(|four| source.at(four[0].0, &format!("{}…{}", four[0].1, four[3].1)))
                .collect()
        },
        &Source::new("src/app/panels/panes.rs", "Color32::from_rgb(1, 2, 3)"),
        "Colours are named in src/domain/paint.rs and src/app/theme.rs, for both themes and with their contrast tested: take one from the palette",
    );
}

fn is_constant(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

#[test]
fn unsafe_code_is_the_memory_map_and_the_kernels() {
    hold(
        |source| {
            if source.is_in(&["src/model/folder.rs", "src/model/kernels/"]) {
                return Vec::new();
            }
            words(source, |word| word == "unsafe")
        },
        &Source::new("src/model/decoder.rs", "unsafe { row.get_unchecked(0) }"),
        "unsafe stands only at the memory map in src/model/folder.rs and in src/model/kernels: find a safe way",
    );
}

#[test]
fn every_message_is_matched_by_name() {
    let attribute = "(clippy::wildcard_enum_match_arm)]";
    let watched: BTreeSet<String> = rust_files("src")
        .iter()
        .filter(|source| {
            source.text.contains(&format!("#![deny{attribute}"))
                || source.text.contains(&format!("#![warn{attribute}"))
        })
        .map(|source| source.path.clone())
        .collect();
    hold(
        |source| {
            let covered = watched.contains(&source.path)
                || parents(&source.path)
                    .iter()
                    .any(|path| watched.contains(path));
            if covered {
                Vec::new()
            } else {
                message_arms(source)
            }
        },
        &Source::new(
            "src/elsewhere.rs",
            "match event { Event::Step { text } => {} _ => {} }",
        ),
        "A match on Command, Event or Action names every case: write #![deny(clippy::wildcard_enum_match_arm)] at the top of \
         the file or of the module that it belongs to, and clippy will hold it to that",
    );
}

/// The files of the modules that a file lies in.
fn parents(path: &str) -> Vec<String> {
    let mut parents = Vec::new();
    let mut folder = path;
    while let Some((rest, _)) = folder.rsplit_once('/') {
        parents.push(format!("{rest}/mod.rs"));
        parents.push(format!("{rest}.rs"));
        folder = rest;
    }
    parents
}

/// Match arms on the cases of a message enum.
fn message_arms(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut arms = Vec::new();
    for start in 0..tokens.len().saturating_sub(4) {
        let word = |index: usize| tokens.get(index).map_or("", |token| token.1);
        if !["Command", "Event", "Action"].contains(&word(start)) || word(start + 1) != ":" {
            continue;
        }
        let mut end = start + 4;
        if ["(", "{"].contains(&word(end)) {
            let mut depth = 0;
            while end < tokens.len() {
                match word(end) {
                    "(" | "{" => depth += 1,
                    ")" | "}" => depth -= 1,
                    _ => {}
                }
                end += 1;
                if depth == 0 {
                    break;
                }
            }
        }
        if word(end) == "=" && word(end + 1) == ">" {
            let case = format!("{}::{} =>", word(start), word(start + 3));
            arms.push(source.at(tokens[start].0, &case));
        }
    }
    arms
}

#[test]
fn files_stay_short() {
    let files: Vec<Source> = ["src", "tests"]
        .iter()
        .flat_map(|f| rust_files(f))
        .collect();
    let mut offences = Vec::new();
    for source in &files {
        let lines = source.text.lines().count();
        let tests = source.path.starts_with("tests/") || source.path.ends_with("/tests.rs");
        let longest = if tests { LONGEST_TESTS } else { LONGEST_FILE };
        if lines > longest {
            offences.push(format!("{}: {lines} lines, at most {longest}", source.path));
        }
    }
    assert!(
        offences.is_empty(),
        "Long files are split by what they hold, or their tests move to a file of their own:\n  {}",
        offences.join("\n  ")
    );
}

#[test]
fn the_top_of_the_repository_stays_bare() {
    let strangers: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
        // The version control's own, what cargo builds, and the folders of editors.
        .filter(|name| name != ".git" && !name.starts_with("target"))
        .filter(|name| ![".idea", ".vscode", ".DS_Store"].contains(&name.as_str()))
        .collect();
    assert!(
        strangers.is_empty(),
        "The top of the repository holds only what TOP_LEVEL in tests/it/house.rs names; find a room for: {}",
        strangers.join(", ")
    );
    let missing: Vec<&&str> = TOP_LEVEL
        .iter()
        .filter(|name| **name != ".cargo" && !root().join(name).exists())
        .collect();
    assert!(missing.is_empty(), "missing at the top: {missing:?}");
}
