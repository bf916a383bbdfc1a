//! A hub that is not there, one that is silent, and what one that is there says.

use std::path::Path;
use std::sync::mpsc::channel;

use counterpoise::domain::hub::{RepoAt, TransferState};
use counterpoise::error::Failure;
use counterpoise::model::hub::{Control, HubError, Wanted, Wire, download, info};
use serde_json::json;

use super::Client;
use super::downloads::{model, one};
use super::server::COMMIT;
use crate::common::spawn;

#[test]
fn without_the_network_what_is_here_must_do() {
    let hub = model();
    let mut client = Client::of(&hub);
    client.access.offline = true;
    assert!(matches!(client.fetch(&[]), Err(HubError::Offline)));
    client.access.offline = false;
    let (folder, _) = client.fetch(&[]).unwrap();
    client.access.offline = true;
    let before = hub.asked().len();
    let (here, progress) = client.fetch(&[]).unwrap();
    assert_eq!((here, progress.moved), (folder, 0));
    assert_eq!(progress.state, TransferState::Completed);
    assert!(matches!(client.fetch(&["other"]), Err(HubError::Offline)));
    assert_eq!(hub.asked().len(), before);
}

#[test]
fn a_hub_that_is_not_there_is_told_soon() {
    let (hub, _) = one(1);
    let client = Client::of(&hub);
    drop(hub);
    let failure = Failure::from(client.fetch(&[]).unwrap_err());
    assert!(failure.summary.starts_with("127.0.0.1 "), "{failure:?}");
    assert!(failure.hint.unwrap().contains("network"));
}

#[test]
fn searches_and_lists_say_what_the_hub_says() {
    let hub = model();
    let client = Client::of(&hub);
    let wire = Wire::new(&client.access, &client.patience).unwrap();
    let found = info::search(&wire, &client.access, "two words", 5).unwrap();
    let names: Vec<&str> = found.iter().map(|repo| repo.repo.as_str()).collect();
    assert_eq!(names, ["o/n", "o/other"]);
    assert!(found[0].gated && !found[1].gated);
    assert_eq!(found[0].licence.as_deref(), Some("mit"));
    assert_eq!(found[0].updated.as_deref(), Some("2026-03-01"));
    let asked = hub.asked().remove(0).target;
    assert!(
        asked.contains("search=two%20words") && asked.contains("limit=5"),
        "{asked}"
    );
    let listing = info::listing(&wire, &client.access, &RepoAt::main("o/n")).unwrap();
    assert_eq!(listing.info.commit, COMMIT);
    assert_eq!(listing.info.licence.as_deref(), Some("apache-2.0"));
    assert_eq!(listing.info.parameters, Some(1_500_000));
    let weights = &listing.info.files[3];
    assert_eq!(
        (weights.bytes, weights.usual, weights.here),
        (700_000, true, false)
    );
    assert_eq!(weights.sha256.as_ref().map(String::len), Some(64));
    assert!(!listing.info.files[1].usual);
}

#[test]
fn whoever_waits_for_a_silent_hub_can_be_called_back() {
    let (hub, _) = one(1000);
    let mut client = Client::of(&hub);
    // Takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    client.access.endpoint = format!("http://{}", silent.local_addr().unwrap());
    let control = Control::default();
    let (cancel, called) = (control.clone(), channel());
    let (call, wait) = called;
    let waiter = spawn(move || {
        let (stream, _) = silent.accept().unwrap();
        call.send(()).unwrap();
        stream
    });
    let canceller = spawn(move || {
        wait.recv().unwrap();
        cancel.cancel(false);
    });
    let outcome = client.fetch_watched(&["w.bin"], &control, &mut |_| {});
    assert!(matches!(outcome, Err(HubError::Cancelled)));
    canceller.join().unwrap();
    drop(waiter.join().unwrap());
    assert!(
        !Path::new(&client.access.cache)
            .join("models--o--n/refs")
            .exists()
    );
}

#[test]
fn what_is_not_there_is_named() {
    let hub = model();
    let client = Client::of(&hub);
    let ask = |repo: &str, revision: &str| {
        let wanted = Wanted {
            at: RepoAt {
                repo: repo.to_owned(),
                revision: revision.to_owned(),
            },
            files: vec![],
            at_once: 1,
        };
        let control = Control::default();
        download(
            &client.access,
            &wanted,
            &client.patience,
            &control,
            &mut |_| {},
        )
    };
    let said = |outcome: Result<_, HubError>| Failure::from(outcome.err().unwrap()).summary;
    let error = said(ask("o/n", "v9"));
    assert_eq!(error, "There is no revision v9 of o/n on the hub");
    assert_eq!(said(ask("o/x", "main")), "o/x does not exist or is private");
    assert!(said(ask("o/../x", "main")).contains("no repository"));
    // A branch with a slash has a name of several parts; a commit needs none.
    assert!(ask("o/n", "refs/pr/1").is_ok());
    assert!(ask("o/n", COMMIT).is_ok());
    let repos = client.access.store().list().unwrap();
    assert_eq!(repos[0].snapshots[0].revisions, ["refs/pr/1"]);
    hub.list(json!({"sha": COMMIT, "siblings": [{"rfilename": "config.json", "size": 2, "blobId": "0".repeat(40)}, {"rfilename": "gone.safetensors", "size": 4, "lfs": {"sha256": "0".repeat(64), "size": 4}}]}));
    let error = said(ask("o/n", "main"));
    assert!(
        error.contains("file gone.safetensors in o/n") || error.contains("config.json"),
        "{error}"
    );
}
