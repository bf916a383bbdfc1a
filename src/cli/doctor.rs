//! `counterpoise doctor`: what works on this machine, and why not where it does not.

use std::fmt::Write;

use serde_json::{Value, json};

use super::session::Session;
use super::{CommonArgs, print, print_json};
use crate::error::Failure;
use crate::worker::{machine, memory};

/// The variables that change where models are found and how the hub is reached. Their values may be secrets.
const VARIABLES: [&str; 13] = [
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "XDG_CACHE_HOME",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
];

/// One thing that was looked at.
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
    /// The same as numbers and names.
    facts: Value,
}

impl Check {
    fn new(name: &'static str, ok: bool, found: impl Into<String>, facts: Value) -> Self {
        Self {
            name,
            ok,
            found: found.into(),
            facts,
        }
    }

    /// Something that did not work.
    fn failed(name: &'static str, failure: &Failure) -> Self {
        let found = [Some(&failure.summary), failure.hint.as_ref()];
        let found = found.into_iter().flatten().cloned().collect::<Vec<_>>();
        Self::new(name, false, found.join(". "), Value::Null)
    }
}

pub(super) fn run(common: &CommonArgs) -> Result<(), Failure> {
    let mut checks = vec![
        build(),
        processor(),
        free_memory(),
        graphics(),
        display(),
        settings(),
        hub(),
        downloads(),
    ];
    let lineup = Session::open(common);
    checks.push(match &lineup {
        Ok(session) => Check::new(
            "models",
            true,
            format!(
                "{} loaded in {:.2} s: {} objectives, {:.1} M parameters, {}",
                session.info.name,
                session.info.load_secs,
                session.info.objectives.len(),
                session.info.parameters as f64 / 1e6,
                session.info.device
            ),
            json!({
                "name": session.info.name,
                "load_secs": session.info.load_secs,
                "parameters": session.info.parameters,
                "device": session.info.device,
            }),
        ),
        Err(failure) => Check::failed("models", failure),
    });
    if common.json {
        let checks: Vec<Value> = checks
            .iter()
            .map(|c| json!({"name": c.name, "ok": c.ok, "found": c.found, "facts": c.facts}))
            .collect();
        print_json(&json!({
            "schema": "counterpoise.doctor/1",
            "app": env!("CARGO_PKG_VERSION"),
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "checks": checks,
        }))?;
    } else {
        let mut text = format!(
            "counterpoise {} on {} {}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        for check in &checks {
            let _ = writeln!(
                text,
                "{:<10} {:<5} {}",
                check.name,
                if check.ok { "ok" } else { "no" },
                check.found
            );
        }
        print(&text)?;
    }
    lineup.map(drop)
}

/// What this program was built with.
fn build() -> Check {
    let features: Vec<&str> = [
        ("gui", cfg!(feature = "gui")),
        ("cuda", cfg!(feature = "cuda")),
        ("metal", cfg!(feature = "metal")),
    ]
    .into_iter()
    .filter_map(|(name, has)| has.then_some(name))
    .collect();
    let optimised = !cfg!(debug_assertions);
    let found = match features.as_slice() {
        [] => "built without features".to_owned(),
        features => format!("built with the features {}", features.join(", ")),
    };
    let slow = if optimised {
        ""
    } else {
        "; not optimised, so writing will be slow: build with --release"
    };
    let facts = json!({"features": features, "optimised": optimised});
    Check::new("build", optimised, found + slow, facts)
}

fn processor() -> Check {
    let here = machine::processor();
    let plural = if here.cores == 1 { "" } else { "s" };
    let found = format!(
        "{}, {} thread{plural}; vector instructions {}{}",
        here.name,
        here.cores,
        here.vectors.join(", "),
        if here.tiles { "; tile unit AMX" } else { "" }
    );
    Check::new("processor", true, found, json!(here))
}

/// Free memory, where the system tells.
fn free_memory() -> Check {
    let (free, all) = (memory::free_bytes(), memory::total_bytes());
    let found = match (free, all) {
        (Some(free), Some(all)) => format!("{} free of {}", gib(free), gib(all)),
        (None, _) | (_, None) => "this system does not tell".to_owned(),
    };
    let facts = json!({"free_bytes": free, "total_bytes": all});
    Check::new("memory", true, found, facts)
}

fn graphics() -> Check {
    if !cfg!(any(feature = "cuda", feature = "metal")) {
        return Check::new(
            "graphics",
            false,
            "this build computes on the processor only; build with the cuda or metal feature for a graphics card",
            Value::Null,
        );
    }
    match machine::cards() {
        Ok(cards) => {
            let list: Vec<String> = cards
                .iter()
                .map(|card| match (card.free_bytes, card.total_bytes) {
                    (Some(free), Some(all)) => {
                        let (free, all) = (gib(free), gib(all));
                        format!("{} is {} with {free} free of {all}", card.device, card.name)
                    }
                    (None, _) | (_, None) => format!("{} is {}", card.device, card.name),
                })
                .collect();
            let found = if list.is_empty() {
                "the driver finds no card".to_owned()
            } else {
                list.join("; ")
            };
            Check::new("graphics", !cards.is_empty(), found, json!(cards))
        }
        Err(failure) => Check::failed("graphics", &failure),
    }
}

/// Where the window keeps its settings.
fn settings() -> Check {
    #[cfg(feature = "gui")]
    let folder = crate::app::data_folder();
    #[cfg(not(feature = "gui"))]
    let folder: Option<std::path::PathBuf> = None;
    let (ok, found) = match &folder {
        Some(folder) => (true, format!("kept in {}", folder.display())),
        None if cfg!(feature = "gui") => (false, "there is no folder to keep them in".to_owned()),
        None => (false, "this build has no window".to_owned()),
    };
    Check::new("settings", ok, found, json!({"folder": folder}))
}

/// How the Hugging Face Hub is reached.
fn hub() -> Check {
    let set: Vec<&str> = VARIABLES
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    match machine::hub() {
        Ok(access) => {
            let token = match &access.token_from {
                Some(from) => format!("token from {from}"),
                None => "no token".to_owned(),
            };
            let offline = if access.offline {
                "; the network is forbidden"
            } else {
                ""
            };
            let set_words = if set.is_empty() {
                String::new()
            } else {
                format!("; set: {}", set.join(", "))
            };
            let found = format!("{}, {token}{offline}{set_words}", access.endpoint);
            let facts = json!({"access": access, "variables": set});
            Check::new("hub", true, found, facts)
        }
        Err(failure) => Check::failed("hub", &failure),
    }
}

/// What was downloaded from there, by this program or another.
fn downloads() -> Check {
    let read = || Ok((machine::hub()?, machine::downloaded()?));
    match read() {
        Ok((access, repos)) => {
            let bytes = repos.iter().map(|repo| repo.bytes).sum();
            let plural = if repos.len() == 1 { "y" } else { "ies" };
            let found = format!(
                "{} repositor{plural}, {}, in {}",
                repos.len(),
                gib(bytes),
                access.cache.display()
            );
            let facts =
                json!({"folder": access.cache, "repositories": repos.len(), "bytes": bytes});
            Check::new("downloads", true, found, facts)
        }
        Err(failure) => Check::failed("downloads", &failure),
    }
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64)
}

fn display() -> Check {
    let (ok, found) = if !cfg!(feature = "gui") {
        (false, "this build has no window")
    } else if !cfg!(target_os = "linux")
        || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some())
    {
        (true, "a window can be opened")
    } else {
        (
            false,
            "no display: the window cannot open here, but --screenshot and every command work",
        )
    };
    Check::new("display", ok, found, Value::Null)
}
