use std::fs;

use super::*;
use crate::model::decoder::Projection;
use crate::model::tiny;

fn never() -> CancelToken {
    CancelToken::default()
}

fn names(found: &Found) -> Vec<(Origin, &str)> {
    let models = found.models.iter();
    models
        .map(|model| (model.origin, model.facts.name.as_str()))
        .collect()
}

/// A home folder with models where each program keeps them.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    let config = tiny::config();
    tiny::write_model(&at("work/mine"), &config, 1).unwrap();
    tiny::write_adapter(
        &at("work/mine/adapters/kind"),
        &config,
        &[Projection::Q],
        2,
        1,
    )
    .unwrap();
    tiny::write_model(&at("work/.hidden/model"), &config, 1).unwrap();
    let hub = at("hub/models--owner--name");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    tiny::write_model(&hub.join("snapshots").join(commit), &config, 2).unwrap();
    fs::create_dir_all(hub.join("refs")).unwrap();
    fs::write(hub.join("refs/main"), commit).unwrap();
    for name in [
        "a-00001-of-00002.gguf",
        "a-00002-of-00002.gguf",
        "mmproj-a.gguf",
    ] {
        fs::create_dir_all(at(".lmstudio/models/them/a")).unwrap();
        fs::write(at(".lmstudio/models/them/a").join(name), b"GGUF").unwrap();
    }
    fs::create_dir_all(at(".cache/llama.cpp")).unwrap();
    fs::write(at(".cache/llama.cpp/b.gguf"), b"GGUF").unwrap();
    home
}

#[test]
fn models_are_found_where_programs_keep_them() {
    let home = home();
    let hub = home.path().join("hub");
    let places = Whereabouts::read(Some(hub), Some(home.path()), |_| None);
    let found = find(&places, &[home.path().join("work")], &[], &never());
    assert_eq!(
        names(&found),
        [
            (Origin::Opened, "kind"),
            (Origin::Opened, "mine"),
            (Origin::HuggingFace, "owner/name"),
            (Origin::LmStudio, "a-00001-of-00002.gguf"),
            (Origin::LlamaCpp, "b.gguf"),
        ]
    );
    let hub = &found.models[2];
    let place = Place::Hub {
        repo: "owner/name".to_owned(),
        revision: MAIN.to_owned(),
        file: None,
    };
    assert_eq!((&hub.place, hub.missing.len()), (&place, 0));
    assert!(found.models[0].is_adapter() && !found.models[1].is_adapter());
    assert_eq!(found.notes, Vec::<String>::new());
}

#[test]
fn what_is_gone_is_told_and_what_was_opened_twice_is_listed_once() {
    let home = home();
    let work = home.path().join("work");
    let opened = [work.join("mine"), work, home.path().join("gone")];
    let found = find(&Whereabouts::default(), &opened, &[], &never());
    assert_eq!(
        names(&found),
        [(Origin::Opened, "kind"), (Origin::Opened, "mine")]
    );
    assert!(found.notes[0].ends_with("gone is no longer there"));
}

#[test]
fn a_file_stands_for_the_model_that_it_belongs_to() {
    let home = home();
    let mine = home.path().join("work/mine");
    let found = at(&mine.join("tokenizer.json"), &never());
    assert_eq!(
        found.models[0].place,
        Place::Path(mine.display().to_string())
    );
    let nothing = at(&home.path().join("hub/nothing.txt"), &never());
    assert_eq!(nothing.models, []);
    assert!(nothing.notes[0].contains("nothing.txt cannot be read"));
}

#[test]
fn what_cannot_run_is_listed_with_the_reason() {
    let home = home();
    let mine = home.path().join("work/mine");
    let config = fs::read_to_string(mine.join("config.json")).unwrap();
    let other = config.replace("LlamaForCausalLM", "GPT2LMHeadModel");
    fs::write(
        mine.join("config.json"),
        other.replace("\"llama\"", "\"gpt2\""),
    )
    .unwrap();
    let found = at(&mine, &never());
    let model = found
        .models
        .iter()
        .find(|model| !model.is_adapter())
        .unwrap();
    let problem = model.facts.problem.as_ref().unwrap();
    assert!(problem.summary.contains("is not supported"), "{problem:?}");
}

#[test]
fn variables_say_where_folders_are() {
    let variables = |name: &str| (name == "LLAMA_CACHE").then(|| OsString::from("/models"));
    let places = Whereabouts::read(None, Some(Path::new("/home/me")), variables);
    assert_eq!(places.llama_cpp, [PathBuf::from("/models")]);
    assert_eq!(
        places.lm_studio[0],
        PathBuf::from("/home/me/.lmstudio/models")
    );
}
