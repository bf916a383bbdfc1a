//! PyTorch's own weight files: read as they are, and converted once.

use std::fs;
use std::path::Path;

use counterpoise::model::folder::Folder;
use counterpoise::model::load::{Weights, weight_files};

use super::library::library_rows_of;
use crate::common::{copy_folder, golden};

/// The golden lineup `llama2` with its base and its adapter as PyTorch's files.
fn copy(into: &Path) {
    copy_folder(&golden("llama2"), into);
    fs::remove_file(into.join("base/model.safetensors")).unwrap();
    fs::remove_file(into.join("kind/adapter_model.safetensors")).unwrap();
    copy_folder(&golden("bin/base"), &into.join("base"));
    copy_folder(&golden("bin/kind"), &into.join("kind"));
}

fn names(folder: &Path) -> Vec<String> {
    Folder::Directory(folder.to_owned()).names().unwrap()
}

#[test]
fn pytorch_files_give_pytorchs_rows_and_are_converted_once() {
    let temp = tempfile::tempdir().unwrap();
    copy(temp.path());
    let lineup = temp.path().join("lineup.toml");
    library_rows_of(&lineup, "llama2");
    let converted = [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ];
    let base = temp.path().join("base");
    for name in converted {
        assert!(names(&base).contains(&name.to_owned()), "{name}");
    }
    let leftovers = |name: &String| name.contains("partial");
    assert!(!names(&base).iter().any(leftovers));
    let adapter = temp.path().join("kind/adapter_model.safetensors");
    assert!(adapter.is_file());
    // From now on the new files alone are read.
    for number in 1..=2 {
        let name = format!("pytorch_model-{number:05}-of-00002.bin");
        fs::write(base.join(name), b"gone").unwrap();
    }
    fs::write(temp.path().join("kind/adapter_model.bin"), b"gone").unwrap();
    library_rows_of(&lineup, "llama2");
    let folder = Folder::Directory(base);
    let files = weight_files(&folder, "the base model").unwrap();
    assert_eq!(files, converted[..2]);
    let safe = Weights::open(&folder, &files, "the base model").unwrap();
    let theirs = Folder::Directory(golden("llama2/base"));
    let theirs = Weights::open(&theirs, &["model.safetensors".to_owned()], "x").unwrap();
    for name in theirs.names() {
        let (ours, theirs) = (safe.get(name).unwrap(), theirs.get(name).unwrap());
        assert_eq!(ours.shape, theirs.shape, "{name}");
        assert_eq!(ours.bytes, theirs.bytes, "{name}");
    }
}

#[test]
fn where_nothing_can_be_written_the_files_are_read_as_they_are() {
    let temp = tempfile::tempdir().unwrap();
    copy(temp.path());
    // Folders where the new files would be written first.
    for blocked in [
        "base/.model-00001-of-00002.safetensors.partial",
        "kind/.adapter_model.safetensors.partial",
    ] {
        fs::create_dir_all(temp.path().join(blocked).join("x")).unwrap();
    }
    library_rows_of(&temp.path().join("lineup.toml"), "llama2");
    let base = temp.path().join("base");
    assert!(
        names(&base)
            .iter()
            .all(|name| !name.ends_with(".safetensors"))
    );
}

#[test]
fn damaged_pytorch_files_are_refused_in_words() {
    let whole = fs::read(golden("bin/kind/adapter_model.bin")).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let open = |bytes: &[u8]| {
        fs::write(temp.path().join("x.bin"), bytes).unwrap();
        let folder = Folder::Directory(temp.path().to_owned());
        Weights::open(&folder, &["x.bin".to_owned()], "the base model")
    };
    assert!(open(&whole).is_ok());
    for len in [0, 1, 4, 100, whole.len() / 2, whole.len() - 1] {
        let error = open(&whole[..len]).unwrap_err().to_string();
        assert!(error.contains("x.bin"), "{error}");
    }
    let old = open(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20").unwrap_err();
    assert!(old.to_string().contains("1.6"), "{old}");
    // Any one byte of the table of contents changed: an answer, never an end of the program.
    let from = whole.windows(8).position(|w| w == b"data.pkl").unwrap();
    for place in (from..from + 3000).step_by(7) {
        let mut changed = whole.clone();
        changed[place] ^= 0x55;
        let _ = open(&changed).map(|weights| {
            let names = weights.names();
            names.iter().filter_map(|name| weights.get(name)).count()
        });
    }
}
