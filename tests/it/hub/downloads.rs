use std::fs;
use std::time::Duration;

use counterpoise::domain::hub::{Remedy, TransferState};
use counterpoise::error::{Failure, FailureKind};
use counterpoise::model::hub::{Control, HubError};
use serde_json::json;

use super::Client;
use super::server::{COMMIT, Hub, Mishap, large, noise, small};

const CONFIG: &str = "{\"model_type\":\"llama\"}";

/// A model of two weight files, a config and things that nobody needs.
pub(super) fn model() -> Hub {
    Hub::with(vec![
        small("config.json", CONFIG),
        small("deep/er/notes.txt", "notes"),
        small("empty.txt", ""),
        large("model-00001-of-00002.safetensors", noise(1, 700_000)),
        large("model-00002-of-00002.safetensors", noise(2, 300_000)),
        large("pytorch_model.bin", noise(3, 1_000)),
        small("README.md", "# A model"),
    ])
}

/// One large file by the name of `w.bin`.
pub(super) fn one(count: usize) -> (Hub, Vec<u8>) {
    let content = noise(7, count);
    (Hub::with(vec![large("w.bin", content.clone())]), content)
}

#[test]
fn a_download_lands_where_all_programs_look_for_it() {
    let hub = model();
    let client = Client::of(&hub);
    let (folder, progress) = client.fetch(&[]).unwrap();
    assert_eq!(progress.state, TransferState::Completed);
    assert_eq!(progress.commit, COMMIT);
    let paths: Vec<&str> = progress
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "README.md"
        ]
    );
    assert_eq!(progress.moved, hub.sent());
    assert_eq!(progress.bytes, hub.sent());
    // The hub's own library finds every file by name, and what it finds are the bytes.
    let theirs = hf_hub::Cache::new(client.access.cache.clone()).model("o/n".to_owned());
    assert_eq!(folder, theirs.pointer_path(COMMIT));
    let config = theirs.get("config.json").unwrap();
    assert_eq!(fs::read_to_string(config).unwrap(), CONFIG);
    let weights = theirs.get("model-00001-of-00002.safetensors").unwrap();
    assert_eq!(fs::read(&weights).unwrap(), noise(1, 700_000));
    assert!(theirs.get("pytorch_model.bin").is_none());
    #[cfg(unix)]
    {
        let link = fs::read_link(&weights).unwrap();
        assert!(link.starts_with("../../blobs"), "{link:?}");
        assert_eq!(link.file_name().unwrap().len(), 64);
    }
    // The second time nothing moves.
    let before = hub.sent();
    let (again, progress) = client.fetch(&[]).unwrap();
    assert_eq!((again, progress.moved), (folder, 0));
    assert_eq!(hub.sent(), before);
    let repos = client.access.store().list().unwrap();
    assert_eq!(repos[0].snapshots[0].revisions, ["main"]);
    assert_eq!(repos[0].snapshots[0].missing, Vec::<String>::new());
}

#[test]
fn files_are_picked_by_name_and_lie_in_their_folders() {
    let hub = model();
    let client = Client::of(&hub);
    let (folder, progress) = client.fetch(&["deep/*", "empty.txt"]).unwrap();
    assert_eq!(progress.files.len(), 2);
    let notes = folder.join("deep/er/notes.txt");
    assert_eq!(fs::read_to_string(notes).unwrap(), "notes");
    assert_eq!(fs::read_to_string(folder.join("empty.txt")).unwrap(), "");
    let Err(HubError::NotThere { what }) = client.fetch(&["nothing*"]) else {
        panic!("a pattern without files");
    };
    assert!(what.contains("nothing*"), "{what}");
}

#[test]
fn after_a_drop_only_the_missing_bytes_move() {
    let (hub, content) = one(900_000);
    hub.mishaps(
        "w.bin",
        [
            Mishap::Drop(250_000),
            Mishap::Drop(0),
            Mishap::Drop(350_000),
        ],
    );
    let client = Client::of(&hub);
    let (folder, progress) = client.fetch(&["w.bin"]).unwrap();
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
    assert_eq!((hub.sent(), progress.moved), (900_000, 900_000));
    let ranges: Vec<_> = hub
        .asked()
        .into_iter()
        .filter(|asked| !asked.from_hub)
        .map(|asked| asked.range)
        .collect();
    let from = |bytes: u32| Some(format!("bytes={bytes}-"));
    assert_eq!(ranges, [None, from(250_000), from(250_000), from(600_000)]);
}

#[test]
fn attempts_without_a_byte_are_counted_and_end() {
    let (hub, _) = one(1000);
    hub.mishaps("w.bin", (0..20).map(|_| Mishap::Drop(0)));
    let client = Client::of(&hub);
    let failure = Failure::from(client.fetch(&["w.bin"]).unwrap_err());
    assert!(failure.summary.contains("broke off"), "{failure:?}");
    assert_eq!(failure.kind, FailureKind::Failed);
    let tries = hub.asked().iter().filter(|asked| !asked.from_hub).count();
    assert_eq!(tries, client.patience.attempts as usize);
    // Attempts that bring bytes do not count.
    hub.mishaps("w.bin", (0..20).map(|_| Mishap::Drop(40)));
    assert!(client.fetch(&["w.bin"]).is_ok());
}

#[test]
fn a_connection_that_goes_silent_is_called_stalled_and_made_anew() {
    let (hub, content) = one(500_000);
    hub.mishaps("w.bin", [Mishap::Stall(200_000)]);
    let mut client = Client::of(&hub);
    client.patience.stall = Duration::from_millis(100);
    client.patience.silence = Duration::from_secs(2);
    let (mut was_stalled, mut speed) = (false, f64::NAN);
    let (folder, _) = client
        .fetch_watched(&["w.bin"], &Control::default(), &mut |progress| {
            // A slow machine may call it stalled before the first byte, too.
            was_stalled |= progress.state == TransferState::Stalled && progress.done == 200_000;
            speed = progress.speed;
        })
        .unwrap();
    assert!(was_stalled && speed.is_finite());
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
}

#[test]
fn lies_and_pages_are_not_taken_for_the_file() {
    for (name, mishap) in [
        ("a page", Mishap::Page),
        ("a shorter length", Mishap::LongerBy(-10)),
        ("a longer length", Mishap::LongerBy(10)),
        ("too many bytes", Mishap::TooMuch),
        ("another hash", Mishap::OtherHash),
        ("server error", Mishap::Status(500, "oops")),
        ("busy", Mishap::Status(503, "later")),
        ("an expired link", Mishap::Status(403, "expired")),
        ("no length", Mishap::Chunked),
    ] {
        let (hub, content) = one(60_000);
        let client = Client::of(&hub);
        // Each of them is passing: the attempt behind it gets the file.
        hub.mishaps("w.bin", [mishap.clone()]);
        let outcome = client.fetch(&["w.bin"]);
        let (folder, _) = outcome.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content, "{name}");
        assert_eq!(client.blobs().len(), 1, "{name}: {:?}", client.blobs());
        // One that lasts is told, and nothing false is kept.
        if matches!(mishap, Mishap::Chunked | Mishap::TooMuch) {
            continue;
        }
        let client = Client::of(&hub);
        hub.mishaps("w.bin", (0..20).map(|_| mishap.clone()));
        assert!(client.fetch(&["w.bin"]).is_err(), "{name}");
        assert!(
            client
                .access
                .store()
                .repo("o/n")
                .unwrap()
                .look("main")
                .is_none()
        );
        hub.mishaps("w.bin", []);
        let (folder, _) = client.fetch(&["w.bin"]).unwrap();
        assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content, "{name}");
    }
}

#[test]
fn bytes_with_another_hash_are_thrown_away() {
    let (hub, _) = one(50_000);
    let client = Client::of(&hub);
    hub.mishaps("w.bin", [Mishap::Damage]);
    let error = client.fetch(&["w.bin"]).unwrap_err();
    assert_eq!(error.remedy(), Some(Remedy::Again));
    let failure = Failure::from(error);
    assert_eq!(failure.kind, FailureKind::Input);
    assert!(
        failure.summary.contains("w.bin arrived damaged"),
        "{failure:?}"
    );
    assert_eq!(client.blobs(), Vec::<String>::new());
    // Small files have git's hash.
    let hub = model();
    let client = Client::of(&hub);
    hub.mishaps("config.json", [Mishap::Damage]);
    let error = client.fetch(&["config.json"]).unwrap_err();
    assert!(matches!(error, HubError::Damaged { .. }), "{error:?}");
    assert!(client.fetch(&["config.json"]).is_ok());
}

#[test]
fn a_server_that_ignores_ranges_is_borne_with() {
    let (hub, content) = one(400_000);
    hub.mishaps("w.bin", [Mishap::Drop(150_000), Mishap::IgnoreRange]);
    let client = Client::of(&hub);
    let (folder, progress) = client.fetch(&["w.bin"]).unwrap();
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
    assert_eq!(progress.moved, 150_000 + 400_000);
    // Bytes from another place are no answer.
    hub.mishaps("w.bin", [Mishap::Drop(150_000), Mishap::OtherRange]);
    let client = Client::of(&hub);
    let (folder, _) = client.fetch(&["w.bin"]).unwrap();
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
}

/// Puts bytes where an earlier run of the program would have left them.
fn leave(client: &Client, hash: &str, bytes: &[u8]) {
    let partial = client.access.store().repo("o/n").unwrap().partial(hash);
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(partial, bytes).unwrap();
}

#[test]
fn what_an_earlier_run_left_is_hashed_and_gone_on_with() {
    let (hub, content) = one(300_000);
    let client = Client::of(&hub);
    let hash = large("", content.clone()).hash();
    leave(&client, &hash, &content[..120_000]);
    let (folder, progress) = client.fetch(&["w.bin"]).unwrap();
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
    assert_eq!((progress.moved, hub.sent()), (180_000, 180_000));
    // All of it was there, and only the end was missed.
    let client = Client::of(&hub);
    leave(&client, &hash, &content);
    let (_, progress) = client.fetch(&["w.bin"]).unwrap();
    assert_eq!(progress.moved, 0);
    // Damaged on the disk, or longer than it can be: it comes once more, whole.
    let mut damaged = content[..120_000].to_vec();
    damaged[5] ^= 1;
    let long = [&content[..], b"tail"].concat();
    for (left, moved) in [(damaged, 180_000 + 300_000), (long, 300_000)] {
        let client = Client::of(&hub);
        leave(&client, &hash, &left);
        let (folder, progress) = client.fetch(&["w.bin"]).unwrap();
        assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
        assert_eq!(progress.moved, moved);
        assert_eq!(client.blobs(), std::slice::from_ref(&hash));
    }
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let hub = model();
    hub.gate("hf_good");
    let client = Client::of(&hub).with_token("hf_good");
    hub.mishaps("model-00001-of-00002.safetensors", [Mishap::Detour]);
    client.fetch(&[]).unwrap();
    let asked = hub.asked();
    assert!(
        asked
            .iter()
            .any(|asked| asked.target.starts_with("/detour/"))
    );
    assert!(asked.iter().any(|asked| !asked.from_hub));
    for asked in asked {
        let expected = asked.from_hub.then(|| "Bearer hf_good".to_owned());
        assert_eq!(asked.authorization, expected, "{asked:?}");
    }
}

#[test]
fn a_locked_repository_names_the_page_where_terms_are_accepted() {
    let hub = model();
    hub.gate("hf_good");
    let page = format!("{}/o/n", hub.endpoint());
    for client in [Client::of(&hub), Client::of(&hub).with_token("hf_bad")] {
        let error = client.fetch(&[]).unwrap_err();
        let Some(Remedy::Token {
            page: at, gated, ..
        }) = error.remedy()
        else {
            panic!("{error}");
        };
        assert_eq!((&at, gated), (&page, true));
        let failure = Failure::from(error);
        assert!(failure.hint.unwrap().contains(&page));
        assert_eq!(failure.kind, FailureKind::Input);
    }
}

#[test]
fn lists_that_make_no_sense_are_refused_before_anything_is_written() {
    let file = |name: &str| json!({"rfilename": name, "size": 4, "blobId": "0".repeat(40)});
    for list in [
        json!("no list"),
        json!({"sha": COMMIT}),
        json!({"sha": "main", "siblings": []}),
        json!({"sha": "../../..", "siblings": []}),
        json!({"sha": COMMIT, "siblings": [file("../../../evil.json")]}),
        json!({"sha": COMMIT, "siblings": [file("/etc/evil.json")]}),
        json!({"sha": COMMIT, "siblings": [{"rfilename": "config.json"}]}),
    ] {
        let hub = model();
        hub.list(list.clone());
        let client = Client::of(&hub);
        let error = client.fetch(&["*.json"]).unwrap_err();
        assert!(
            matches!(error, HubError::Strange { .. }),
            "{list}: {error:?}"
        );
        let written = fs::read_dir(client.folder.path()).unwrap().count();
        assert_eq!(written, 0, "{list}");
    }
}

#[test]
fn hashes_that_the_list_does_not_name_are_asked_for() {
    let hub = model();
    hub.keep_hashes();
    let client = Client::of(&hub);
    let (folder, _) = client.fetch(&[]).unwrap();
    let weights = fs::read(folder.join("model-00002-of-00002.safetensors")).unwrap();
    assert_eq!(weights, noise(2, 300_000));
    let heads = hub
        .asked()
        .into_iter()
        .filter(|asked| asked.method == "HEAD");
    let heads: Vec<_> = heads.collect();
    assert_eq!(heads.len(), 4);
    // Asking does not leave the hub.
    assert!(heads.iter().all(|asked| asked.from_hub));
}

#[test]
fn redirects_without_end_are_given_up() {
    let (hub, _) = one(1000);
    hub.mishaps("w.bin", [Mishap::Circle]);
    let client = Client::of(&hub);
    let failure = Failure::from(client.fetch(&["w.bin"]).unwrap_err());
    assert!(
        failure.summary.contains("redirects without end"),
        "{failure:?}"
    );
}

#[test]
fn more_than_the_disk_holds_is_refused_before_it_comes() {
    let (hub, _) = one(1000);
    let size = 1u64 << 60;
    hub.list(json!({"sha": COMMIT, "siblings": [{"rfilename": "w.bin", "size": size, "lfs": {"sha256": "0".repeat(64), "size": size}}]}));
    let client = Client::of(&hub);
    fs::create_dir_all(&client.access.cache).unwrap();
    let error = client.fetch(&["w.bin"]).unwrap_err();
    // A system that does not tell what is free finds out when the hub contradicts itself.
    if let Some(Remedy::Space { needed, free }) = error.remedy() {
        assert_eq!(needed, size);
        assert!(free < size);
        assert!(Failure::from(error).summary.starts_with("The disk is full"));
    } else {
        assert!(matches!(error, HubError::Strange { .. }), "{error:?}");
    }
    assert_eq!(hub.sent(), 0);
}

#[test]
fn a_pause_keeps_what_has_come_and_a_cancel_throws_it_away_on_request() {
    let (hub, content) = one(600_000);
    let client = Client::of(&hub);
    hub.mishaps("w.bin", [Mishap::Stall(200_000)]);
    let control = Control::default();
    let (mut states, mut was_paused) = (Vec::new(), false);
    let (folder, progress) = client
        .fetch_watched(&["w.bin"], &control, &mut |progress| {
            // Nothing more comes from here on: whoever waited for the network would wait for ever.
            if progress.done == 200_000 && !was_paused {
                was_paused = true;
                control.pause();
            }
            if progress.state == TransferState::Paused {
                assert_eq!(progress.speed.to_bits(), 0.0f64.to_bits());
                control.resume();
            }
            states.push(progress.state);
        })
        .unwrap();
    assert!(states.contains(&TransferState::Paused), "{states:?}");
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
    assert_eq!((progress.moved, hub.sent()), (600_000, 600_000));
    for discard in [false, true] {
        let client = Client::of(&hub);
        hub.mishaps("w.bin", [Mishap::Stall(200_000)]);
        let control = Control::default();
        let mut last = TransferState::Queued;
        let outcome = client.fetch_watched(&["w.bin"], &control, &mut |progress| {
            if progress.done == 200_000 {
                control.cancel(discard);
            }
            last = progress.state;
        });
        assert!(matches!(outcome, Err(HubError::Cancelled)));
        assert_eq!(last, TransferState::Cancelled);
        assert_eq!(client.blobs().len(), usize::from(!discard));
    }
}

#[test]
fn files_that_another_program_fetches_are_waited_for() {
    let (hub, content) = one(2000);
    let client = Client::of(&hub);
    let hash = large("", content.clone()).hash();
    let place = client.access.store().repo("o/n").unwrap();
    let path = place.lock(&hash);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let lock = fs::File::create(path).unwrap();
    lock.lock().unwrap();
    let mut lock = Some(lock);
    let mut waited = false;
    let (folder, progress) = client
        .fetch_watched(&["w.bin"], &Control::default(), &mut |progress| {
            let file = progress.files.first();
            let problem = file.and_then(|file| file.problem.as_deref());
            // Once: to write the file anew would empty it for a moment.
            if !waited && problem.is_some_and(|problem| problem.contains("Another download")) {
                waited = true;
                // The other one has got it.
                let blob = place.blob(&hash);
                fs::create_dir_all(blob.parent().unwrap()).unwrap();
                fs::write(blob, &content).unwrap();
                lock.take();
            }
        })
        .unwrap();
    assert!(waited);
    assert_eq!((progress.moved, hub.sent()), (0, 0));
    assert_eq!(fs::read(folder.join("w.bin")).unwrap(), content);
}

#[test]
fn the_same_bytes_under_two_names_come_once() {
    let content = noise(5, 100_000);
    let hub = Hub::with(vec![
        large("a.bin", content.clone()),
        large("b.bin", content.clone()),
    ]);
    let client = Client::of(&hub);
    let (folder, _) = client.fetch(&["*.bin"]).unwrap();
    assert_eq!(hub.sent(), 100_000);
    for name in ["a.bin", "b.bin"] {
        assert_eq!(fs::read(folder.join(name)).unwrap(), content);
    }
}
