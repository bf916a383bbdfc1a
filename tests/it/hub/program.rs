//! The same through the real program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::server::{COMMIT, Hub, Mishap, large, noise, small};
use crate::common::{Ran, program, spawn};

/// Longer than any machine needs; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program with a home of its own.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn program(&self, hub: &Hub, arguments: &[&str]) -> Command {
        let mut command = program();
        for name in [
            "HF_TOKEN",
            "HF_TOKEN_PATH",
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "ALL_PROXY",
            "all_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "HTTP_PROXY",
            "http_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("HF_HOME", self.0.path())
            .env("HF_ENDPOINT", hub.endpoint());
        command
    }

    fn run(&self, hub: &Hub, arguments: &[&str]) -> Ran {
        self.program(hub, arguments).output().unwrap().into()
    }

    fn start(&self, hub: &Hub, arguments: &[&str]) -> Child {
        self.program(hub, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn repo(&self) -> PathBuf {
        self.0.path().join("hub").join("models--o--n")
    }

    /// Waits until so many bytes of the only large file are on the disk.
    fn wait_for(&self, bytes: u64) {
        let began = Instant::now();
        loop {
            let there = fs::read_dir(self.repo().join("blobs"))
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| entry.metadata().ok())
                .map(|about| about.len())
                .max();
            if there == Some(bytes) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{there:?} bytes have come");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

const SIZE: usize = 5_000_000;

/// A model whose weights are that large; the first download of them stops after 40 % and says no more.
fn hub() -> Hub {
    let hub = Hub::with(vec![
        small("config.json", "{}"),
        large("model.safetensors", noise(4, SIZE)),
    ]);
    hub.mishaps("model.safetensors", [Mishap::Stall(SIZE * 2 / 5)]);
    hub
}

#[test]
fn killed_at_two_fifths_it_goes_on_with_the_missing_bytes() {
    let (home, hub) = (Home::new(), hub());
    let mut child = home.start(&hub, &["models", "pull", "o/n"]);
    home.wait_for(SIZE as u64 * 2 / 5);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!home.repo().join("refs/main").exists());
    let before = hub.sent();
    let pulled = home.run(&hub, &["models", "pull", "o/n", "--json"]).json();
    assert_eq!(hub.sent() - before, SIZE as u64 * 3 / 5);
    assert_eq!(pulled["moved"], SIZE as u64 * 3 / 5);
    assert_eq!(pulled["commit"], COMMIT);
    let folder = PathBuf::from(pulled["folder"].as_str().unwrap());
    let weights = fs::read(folder.join("model.safetensors")).unwrap();
    assert!(weights == noise(4, SIZE));
    assert!(home.repo().join("refs/main").exists());
}

#[cfg(unix)]
#[test]
fn interrupted_it_says_so_and_keeps_what_has_come() {
    let (home, hub) = (Home::new(), hub());
    let child = home.start(&hub, &["models", "pull", "o/n"]);
    home.wait_for(SIZE as u64 * 2 / 5);
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    let listed = home.run(&hub, &["models", "list"]);
    assert!(listed.stdout.contains("unfinished"), "{}", listed.stdout);
    let ran = home.run(&hub, &["models", "pull", "o/n", "--json"]);
    assert_eq!(ran.json()["moved"], SIZE as u64 * 3 / 5);
}

#[test]
fn models_are_looked_at_fetched_listed_and_removed() {
    let (home, hub) = (Home::new(), hub());
    hub.mishaps("model.safetensors", []);
    let found = home.run(&hub, &["models", "search", "some", "model"]);
    assert!(found.stdout.starts_with("o/n "), "{}", found.stderr);
    let info = home
        .run(&hub, &["models", "info", "hub:o/n", "--json"])
        .json();
    assert_eq!(info["schema"], "counterpoise.model/1");
    assert_eq!(info["files"][1]["bytes"], SIZE);
    let text = home.run(&hub, &["models", "info", "o/n"]).stdout;
    assert!(
        text.contains(COMMIT) && text.contains("licence apache-2.0"),
        "{text}"
    );
    let listed = home.run(&hub, &["models", "list", "--json"]).json();
    assert_eq!(listed["models"], serde_json::json!([]));
    let pulled = home.run(&hub, &["models", "pull", "o/n"]);
    assert_eq!(pulled.code, Some(0), "{}", pulled.stderr);
    let folder = PathBuf::from(pulled.stdout.trim_end());
    assert!(folder.join("config.json").is_file());
    let listed = home.run(&hub, &["models", "list", "--json"]).json();
    assert_eq!(listed["models"][0]["repo"], "o/n");
    assert_eq!(
        listed["models"][0]["snapshots"][0]["missing"],
        serde_json::json!([])
    );
    let removed = home
        .run(&hub, &["models", "remove", "o/n", "--json"])
        .json();
    assert_eq!(removed["bytes"], SIZE as u64 + 2);
    assert!(!home.repo().exists());
    let again = home.run(&hub, &["models", "remove", "o/n"]);
    assert_eq!(again.code, Some(3), "{}", again.stderr);
}

#[test]
fn failures_have_their_exit_codes_and_ways_out() {
    let (home, hub) = (Home::new(), hub());
    for (arguments, code, words) in [
        (
            &["models", "pull", "o/none"][..],
            3,
            "does not exist or is private",
        ),
        (
            &["models", "pull", "o/n", "--revision", "x"],
            3,
            "no revision x",
        ),
        (&["models", "pull", "no repository"], 2, "owner/name"),
        (&["models", "pull"], 2, "REPO"),
        (&["models", "pull", "o/n", "--at-once", "0"], 2, "at-once"),
    ] {
        let ran = home.run(&hub, arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let mut offline = home.program(&hub, &["models", "pull", "o/n"]);
    let ran: Ran = offline.env("HF_HUB_OFFLINE", "1").output().unwrap().into();
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("HF_HUB_OFFLINE"), "{}", ran.stderr);
    assert!(hub.asked().iter().all(|asked| asked.sent == 0));
}

#[test]
fn a_token_is_kept_and_used_and_never_shown() {
    let (home, hub) = (Home::new(), hub());
    hub.mishaps("model.safetensors", []);
    hub.gate("hf_secret");
    let ran = home.run(&hub, &["models", "pull", "o/n"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("models login"), "{}", ran.stderr);
    let mut login = home
        .program(&hub, &["models", "login"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    login
        .stdin
        .take()
        .unwrap()
        .write_all(b"hf_secret\n")
        .unwrap();
    let login: Ran = login.wait_with_output().unwrap().into();
    assert_eq!(login.code, Some(0), "{}", login.stderr);
    assert!(home.0.path().join("token").is_file());
    let ran = home.run(&hub, &["models", "pull", "o/n"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for text in [login.stderr, ran.stderr, ran.stdout] {
        assert!(!text.contains("hf_secret"), "{text}");
    }
}

#[test]
fn a_proxy_is_used_and_a_wrong_one_named() {
    let (home, hub) = (Home::new(), hub());
    hub.mishaps("model.safetensors", []);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let target = hub.host();
    // A name that only the proxy knows.
    let (seen, saw) = std::sync::mpsc::channel();
    spawn(move || {
        for stream in proxy.incoming().flatten() {
            let seen = seen.clone();
            spawn(move || tunnel(stream, target, &seen));
        }
    });
    let ran: Ran = home
        .program(&hub, &["models", "info", "o/n", "--json"])
        .env("HF_ENDPOINT", "http://hub.invalid:80")
        .env("HTTPS_PROXY", &address)
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.json()["commit"], COMMIT);
    let line = saw.recv_timeout(PATIENCE).unwrap();
    assert!(line.starts_with("CONNECT hub.invalid:80"), "{line}");
    let ran: Ran = home
        .program(&hub, &["models", "info", "o/n"])
        .env("HTTPS_PROXY", "nonsense://x y")
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("HTTPS_PROXY"), "{}", ran.stderr);
}

/// What a proxy does: connects two ends. It knows one target only.
fn tunnel(
    mut stream: TcpStream,
    target: std::net::SocketAddr,
    seen: &std::sync::mpsc::Sender<String>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
    }
    seen.send(first).ok()?;
    let mut far = TcpStream::connect(target).ok()?;
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
    let (mut back, mut near) = (far.try_clone().ok()?, stream.try_clone().ok()?);
    spawn(move || {
        let mut bytes = Vec::new();
        if back.read_to_end(&mut bytes).is_ok() {
            let _ = near.write_all(&bytes);
            let _ = near.shutdown(std::net::Shutdown::Both);
        }
    });
    let mut piece = [0; 4096];
    loop {
        let count = reader.read(&mut piece).ok()?;
        if count == 0 {
            return Some(());
        }
        far.write_all(&piece[..count]).ok()?;
    }
}

#[test]
fn a_lineup_names_the_command_that_fetches_its_model() {
    let (home, hub) = (Home::new(), hub());
    let lineup = home.0.path().join("lineup.toml");
    let text = "schema = 1\nname = \"x\"\n[base]\nhub = \"o/n\"\nrevision = \"v1\"\n";
    fs::write(&lineup, text).unwrap();
    let lineup = lineup.to_str().unwrap();
    let arguments = [
        "score",
        "--lineup",
        lineup,
        "--prompt",
        "a",
        "--response",
        "b",
    ];
    let ran = home.run(&hub, &arguments);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let command = "counterpoise models pull o/n --revision v1";
    assert!(ran.stderr.contains(command), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("has not been downloaded"),
        "{}",
        ran.stderr
    );
}
