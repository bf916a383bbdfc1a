//! `counterpoise doctor`: what works on this machine, and why not where it does not.

use std::fmt::Write;

use serde_json::{Value, json};

use super::session::Session;
use super::{CommonArgs, print, print_json};
use crate::error::Failure;
use crate::worker::memory;

/// One thing that was looked at.
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
}

pub(super) fn run(common: &CommonArgs) -> Result<(), Failure> {
    let mut checks = vec![processor(), free_memory(), gpu(), display()];
    let lineup = Session::open(common);
    checks.push(match &lineup {
        Ok(session) => Check {
            name: "models",
            ok: true,
            found: format!(
                "{} loaded in {:.2} s: {} objectives, {:.1} M parameters, {}",
                session.info.name,
                session.info.load_secs,
                session.info.objectives.len(),
                session.info.parameters as f64 / 1e6,
                session.info.device
            ),
        },
        Err(failure) => Check {
            name: "models",
            ok: false,
            found: failure.summary.clone(),
        },
    });
    if common.json {
        let checks: Vec<Value> = checks
            .iter()
            .map(|c| json!({"name": c.name, "ok": c.ok, "found": c.found}))
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

fn processor() -> Check {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Check {
        name: "processor",
        ok: true,
        found: format!("{threads} threads; {}", instructions()),
    }
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> String {
    let found: Vec<&str> = [
        ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
        ("FMA", std::arch::is_x86_feature_detected!("fma")),
        ("F16C", std::arch::is_x86_feature_detected!("f16c")),
        ("AVX-512", std::arch::is_x86_feature_detected!("avx512f")),
    ]
    .into_iter()
    .filter_map(|(name, has)| has.then_some(name))
    .collect();
    if found.is_empty() {
        "no vector instructions beyond SSE2: writing will be slow".to_owned()
    } else {
        format!("vector instructions {}", found.join(", "))
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> String {
    format!("vector instructions of {}", std::env::consts::ARCH)
}

/// Free memory, where the system tells it in the usual place.
fn free_memory() -> Check {
    let gib = |bytes: u64| bytes as f64 / (1u64 << 30) as f64;
    let found = match (memory::free_bytes(), memory::total_bytes()) {
        (Some(free), Some(all)) => format!("{:.1} GiB free of {:.1} GiB", gib(free), gib(all)),
        (None, _) | (_, None) => "this system does not tell".to_owned(),
    };
    Check {
        name: "memory",
        ok: true,
        found,
    }
}

fn gpu() -> Check {
    let (ok, found) = if cfg!(feature = "cuda") {
        (
            true,
            "this build can use CUDA; --device cuda:N picks a card",
        )
    } else if cfg!(feature = "metal") {
        (true, "this build can use Metal; --device metal picks it")
    } else {
        (
            false,
            "this build computes on the processor only; build with the cuda or metal feature for a graphics card",
        )
    };
    Check {
        name: "graphics",
        ok,
        found: found.to_owned(),
    }
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
    Check {
        name: "display",
        ok,
        found: found.to_owned(),
    }
}
