use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A repository with one commit called main, of these files, as Python's tools lay it down.
#[cfg(unix)]
fn lay_down(store: &Store, repo: &str, files: &[(&str, &str)]) {
    let place = store.repo(repo).unwrap();
    for (index, (path, content)) in files.iter().enumerate() {
        let blob = place.blob(&format!("{index:040x}"));
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write(&blob, content).unwrap();
        let link = place.snapshot_of(COMMIT).join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let up = "../".repeat(2 + path.matches('/').count());
        let target = format!("{up}blobs/{index:040x}");
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    place.set_commit("main", COMMIT).unwrap();
}

#[test]
fn names_that_are_no_repository_are_refused() {
    let store = Store::new("/nowhere".into());
    for name in ["o/n", "gpt2", "a-b/c.d_e"] {
        assert!(store.repo(name).is_ok(), "{name}");
    }
    for name in [
        "", "/", "o/", "../x", "o/..", "a/b/c", "o/n m", "o--n/x", "o\\n",
    ] {
        assert!(store.repo(name).is_err(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn places_are_where_the_hubs_own_library_looks() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().to_owned());
    lay_down(&store, "o/n", &[("config.json", "{}"), ("deep/x.txt", "x")]);
    let theirs = hf_hub::Cache::new(folder.path().to_owned()).model("o/n".to_owned());
    for (path, content) in [("config.json", "{}"), ("deep/x.txt", "x")] {
        let found = theirs.get(path).unwrap();
        assert_eq!(fs::read_to_string(found).unwrap(), content);
    }
    let place = store.repo("o/n").unwrap();
    for revision in ["main", COMMIT] {
        let found = place.look(revision).unwrap();
        assert_eq!(found.folder, theirs.pointer_path(COMMIT));
        assert_eq!(found.files.len(), 2);
    }
    assert_eq!(place.blob("ab"), theirs.blob_path("ab"));
    for revision in ["other", "../../x", "/etc"] {
        assert_eq!(place.look(revision), None, "{revision}");
    }
}

#[cfg(unix)]
#[test]
fn the_list_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("not yet"));
    assert_eq!(store.list().unwrap(), []);
    let store = Store::new(folder.path().to_owned());
    let index = r#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"../evil"}}"#;
    lay_down(
        &store,
        "o/shards",
        &[
            ("model.safetensors.index.json", index),
            ("m-1.safetensors", "12345"),
        ],
    );
    lay_down(&store, "o/whole", &[("config.json", "{}")]);
    let partial = store.repo("o/whole").unwrap().partial("cd");
    fs::write(partial, "half").unwrap();
    fs::create_dir(folder.path().join("datasets--o--d")).unwrap();
    let repos = store.list().unwrap();
    let names: Vec<&str> = repos.iter().map(|repo| repo.repo.as_str()).collect();
    assert_eq!(names, ["o/shards", "o/whole"]);
    let shards = &repos[0].snapshots[0];
    assert_eq!(shards.revisions, ["main"]);
    assert_eq!(shards.missing, ["m-2.safetensors"]);
    assert_eq!(shards.files[0].path, "m-1.safetensors");
    assert_eq!(shards.files[0].bytes, 5);
    let whole = &repos[1];
    assert_eq!(whole.snapshots[0].missing, Vec::<String>::new());
    assert_eq!((whole.bytes, whole.partial_bytes), (6, 4));
    let blob = store.repo("o/whole").unwrap().blob(&format!("{:040x}", 0));
    fs::remove_file(blob).unwrap();
    let whole = store.list().unwrap().remove(1);
    assert_eq!(whole.snapshots[0].missing, ["config.json"]);
}

#[cfg(unix)]
#[test]
fn removing_takes_the_repository_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().to_owned());
    lay_down(&store, "o/a", &[("x", "123")]);
    lay_down(&store, "o/b", &[("x", "1")]);
    assert_eq!(store.remove("o/a").unwrap(), 3);
    assert!(matches!(store.remove("o/a"), Err(HubError::NotHere(_))));
    assert!(store.remove("../x").is_err());
    assert_eq!(store.list().unwrap().len(), 1);
}
