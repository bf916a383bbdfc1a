//! Chromium without a window, and what a page says in it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

const DRIVER: &str = include_str!("driver.js");

/// Opens a page, lets `script` act on it and returns what it tells, together with every address that was asked for.
pub(super) fn browse(page: &str, script: &str) -> (Value, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.html");
    // The page's own policy holds for the script too: it is part of the page.
    let end = page.rfind("</body>").unwrap();
    let driven = format!(
        "{}<script>\"use strict\";\n{DRIVER}\n{script}\n</script>\n{}",
        &page[..end],
        &page[end..]
    );
    std::fs::write(&file, driven).unwrap();
    let log = folder.path().join("net.json");
    let output = chromium(folder.path())
        .arg(format!("--log-net-log={}", log.display()))
        .args(["--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("Chromium starts");
    let dom = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = dom.split_once("<pre id=\"result\">").unwrap_or_else(|| {
        panic!(
            "the page told nothing: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let (told, _) = rest.split_once("</pre>").unwrap();
    let told = told
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&");
    (serde_json::from_str(&told).unwrap(), addresses(&log))
}

/// The program, which keeps everything in `home` and speaks to nobody.
fn chromium(home: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
        .expect("Chromium is installed");
    let mut command = Command::new(found);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .arg(format!(
            "--user-data-dir={}",
            home.join("profile").display()
        ))
        .env("HOME", home)
        .stdin(Stdio::null());
    command
}

/// Every address of the web that the page asked for, from the browser's own log. What the browser wants for itself has no
/// page behind it (and no name that it looks up has an address).
fn addresses(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let events = text.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line.trim_end_matches(',')).ok()?;
        Some(event["params"].clone())
    });
    let asked = events.filter_map(|params| {
        let by_a_page = params["initiator"].as_str()? != "not an origin";
        let address = params["url"].as_str()?.to_owned();
        let schemes = ["http:", "https:", "ws:", "wss:"];
        let is_web = schemes.iter().any(|web| address.starts_with(web));
        (by_a_page && is_web).then_some(address)
    });
    asked.collect()
}
