use super::*;
use crate::error::FailureKind;

const START: &str = "schema = 1\nname = \"Test\"\n[base]\npath = \"base\"\n";

fn complaint(text: &str) -> String {
    Lineup::parse(text, "lineup.toml").unwrap_err().to_string()
}

#[test]
fn a_lineup_of_every_kind_is_read() {
    let text = format!(
        "{START}dtype = \"f16\"\ntemplate = \"raw\"\n\
         [[objective]]\nname = \"a\"\nadapter = \"adapters/a\"\n\
         [[objective]]\nname = \"b\"\nmodel = {{ hub = \"owner/name\", revision = \"v1\" }}\nweight = 0.5\n\
         [[objective]]\nname = \"c\"\nsystem = \"Be kind.\"\nabout = \"Kinder\"\n\
         [[objective]]\nname = \"d\"\nexpert = \"x\"\namateur = {{ path = \"y\" }}\ntemplate = \"chat\"\n"
    );
    let lineup = Lineup::parse(&text, "lineup.toml").unwrap();
    assert_eq!(lineup.base.dtype.as_deref(), Some("f16"));
    let sources: Vec<&Source> = lineup
        .objectives
        .iter()
        .map(|entry| &entry.source)
        .collect();
    assert_eq!(
        sources,
        [
            &Source::Adapter(Place::Path("adapters/a".to_owned())),
            &Source::Model(Place::Hub {
                repo: "owner/name".to_owned(),
                revision: "v1".to_owned(),
                file: None,
            }),
            &Source::System("Be kind.".to_owned()),
            &Source::Contrast {
                expert: Place::Path("x".to_owned()),
                amateur: Place::Path("y".to_owned())
            },
        ]
    );
    let weights: Vec<f64> = lineup.objectives.iter().map(|entry| entry.weight).collect();
    assert_eq!(weights, [1.0, 0.5, 1.0, 1.0]);
    assert_eq!(lineup.layout, Layout::Shared);
}

#[test]
fn each_mistake_is_named_with_its_line() {
    let objective = |rest: &str| format!("{START}[[objective]]\nname = \"a\"\n{rest}");
    let cases = [
        (
            "schema = 2\nname = \"x\"\n[base]\npath = \"b\"".to_owned(),
            "the lineup line 1 has schema 2",
        ),
        (
            "schema = 1\n[base]\npath = \"b\"".to_owned(),
            "missing field \"name\"",
        ),
        (
            format!("{START}speed = 3\n"),
            "the lineup line 5 cannot be read: unknown field \"speed\"",
        ),
        (
            "schema = 1\nname = \"x\"\n[base]\n".to_owned(),
            "line 3 has neither path nor hub for the base model",
        ),
        (
            objective(""),
            "line 5 gives objective a none, where exactly one source",
        ),
        (
            objective("adapter = \"x\"\nmodel = \"y\""),
            "gives objective a adapter and model, where",
        ),
        (
            objective("expert = \"x\""),
            "gives objective a expert, where",
        ),
        (
            objective("adapter = \"x\"\nweight = nan"),
            "gives objective a the weight NaN",
        ),
        (
            "schema = 1\nname = \"x\"\nfamiliar = -1.0\n[base]\npath = \"b\"\n".to_owned(),
            "has a surprise of -1 as familiar",
        ),
        (
            objective("adapter = \"x\"\nweight = inf"),
            "gives objective a the weight inf",
        ),
        (objective("adapter = 3"), "expected a path, or a table"),
        (
            objective("adapter = { hub = \"../x\" }"),
            "where \"owner/name\" belongs",
        ),
        (
            objective("adapter = \"x\"\n[[objective]]\nname = \"a\"\nmodel = \"y\""),
            "line 8 has two objectives of the name a",
        ),
        (objective("system = \" \""), "an empty system text"),
        (
            objective("model = { hub = \"a/b\", file = \"../x.gguf\" }"),
            "where the name of a GGUF file belongs",
        ),
        (
            objective("model = { hub = \"a/b\", file = \"x.safetensors\" }"),
            "where the name of a GGUF file belongs",
        ),
        ("schema = ".to_owned(), "the lineup line 1 cannot be read"),
    ];
    for (text, expected) in cases {
        let found = complaint(&text);
        assert!(
            found.contains(expected),
            "{found}\n  should say: {expected}"
        );
    }
}

#[test]
fn a_downloaded_model_is_found_by_branch_or_commit() {
    let cache = tempfile::tempdir().unwrap();
    let store = Store::new(cache.path().to_owned());
    let model = cache.path().join("models--owner--name");
    std::fs::create_dir_all(model.join("snapshots/abc123")).unwrap();
    std::fs::create_dir_all(model.join("refs")).unwrap();
    std::fs::write(model.join("refs/main"), "abc123\n").unwrap();
    for revision in ["main", "abc123"] {
        let folder = fetched(&store, revision).unwrap();
        assert!(folder.describe().ends_with("abc123"));
    }
    for revision in ["other", "../../x"] {
        let failure = fetched(&store, revision).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(failure.summary.contains("has not been downloaded"));
        let command = format!("counterpoise models pull owner/name --revision {revision}");
        assert!(failure.hint.unwrap().ends_with(&command));
    }
}

#[test]
fn a_model_with_missing_parts_is_not_taken_for_whole() {
    let cache = tempfile::tempdir().unwrap();
    let store = Store::new(cache.path().to_owned());
    let snapshot = cache.path().join("models--owner--name/snapshots/main");
    std::fs::create_dir_all(&snapshot).unwrap();
    let index = r#"{"weight_map":{"a":"model-00001-of-00001.safetensors"}}"#;
    std::fs::write(snapshot.join("model.safetensors.index.json"), index).unwrap();
    let failure = fetched(&store, "main").unwrap_err();
    assert!(failure.summary.contains("in part"), "{}", failure.summary);
    assert!(failure.details.unwrap().contains("model-00001-of-00001"));
    assert!(failure.hint.unwrap().ends_with("models pull owner/name"));
    std::fs::write(snapshot.join("model-00001-of-00001.safetensors"), "").unwrap();
    assert!(fetched(&store, "main").is_ok());
}

fn fetched(store: &Store, revision: &str) -> Result<Folder, Failure> {
    let at = RepoAt {
        repo: "owner/name".to_owned(),
        revision: revision.to_owned(),
    };
    downloaded(store, &at, None, "the base model").map_err(Failure::from)
}

#[test]
fn of_a_repository_with_many_sizes_one_file_is_enough() {
    let cache = tempfile::tempdir().unwrap();
    let store = Store::new(cache.path().to_owned());
    let snapshot = cache.path().join("models--owner--name/snapshots/main");
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::write(snapshot.join("small.gguf"), "GGUF").unwrap();
    let at = RepoAt::main("owner/name");
    let file =
        |name: &str| downloaded(&store, &at, Some(name), "the base model").map_err(Failure::from);
    assert!(file("small.gguf").is_ok());
    let failure = file("large.gguf").unwrap_err();
    let hint = failure.hint.unwrap();
    assert!(
        hint.ends_with("models pull owner/name --file large.gguf"),
        "{hint}"
    );
}

#[test]
fn a_lineup_that_is_written_is_read_as_it_was() {
    let text = format!(
        "{START}dtype = \"f16\"\ntemplate = \"{{{{ prompt }}}}\\nA: \"\n\
         [[objective]]\nname = \"a\"\nadapter = {{ built_in = \"adapters/a\" }}\ncolour = \"plum\"\n\
         [[objective]]\nname = \"b\"\nmodel = {{ hub = \"owner/name\", revision = \"v1\" }}\nweight = 0.5\n\
         [[objective]]\nname = \"c\"\nsystem = \"Be \\\"kind\\\".\\nAlways.\"\nabout = \"Kinder\"\n\
         [[objective]]\nname = \"d\"\nexpert = \"x\"\namateur = {{ hub = \"o/n\", file = \"x.gguf\" }}\ntemplate = \"chat\"\n"
    );
    let mut lineup = Lineup::parse(&text, "lineup.toml").unwrap();
    lineup.layout = Layout::Separate;
    lineup.familiar = Some(2.5);
    let written = lineup.to_toml().unwrap();
    assert_eq!(
        Lineup::parse(&written, "written").unwrap(),
        lineup,
        "{written}"
    );
}

#[test]
fn paths_start_from_where_the_lineup_lies_and_can_be_moved_with_it() {
    let text = format!(
        "{START}[[objective]]\nname = \"a\"\nadapter = \"adapters/a\"\n\
         [[objective]]\nname = \"b\"\nmodel = \"/elsewhere/b\"\n"
    );
    let lineup = Lineup::parse(&text, "lineup.toml").unwrap();
    let home = std::path::Path::new("/home/me/lineup");
    let absolute = lineup.absolute(&Folder::Directory(home.to_owned()));
    let places: Vec<&Place> = absolute.places().collect();
    let path = |path: &str| Place::Path(path.to_owned());
    assert_eq!(
        places,
        [
            &path("/home/me/lineup/base"),
            &path("/home/me/lineup/adapters/a"),
            &path("/elsewhere/b")
        ]
    );
    assert_eq!(absolute.relative(home), lineup);
    let inside = lineup.absolute(&Home::built_in(&[]).folder);
    assert_eq!(inside.base.place, Place::BuiltIn("base".to_owned()));
    assert_eq!(
        inside.objectives[1].source,
        Source::Model(path("/elsewhere/b"))
    );
}

#[test]
fn places_inside_the_program_stay_there() {
    for (form, complaint_) in [
        ("built_in = \"../x\"", "is no place inside the program"),
        ("built_in = \"x\"\nhub = \"o/n\"", "stands alone"),
    ] {
        let text = format!("schema = 1\nname = \"Test\"\n[base]\n{form}\n");
        assert!(
            complaint(&text).contains(complaint_),
            "{}",
            complaint(&text)
        );
    }
}

#[test]
fn a_gguf_file_is_found_by_its_name_or_as_the_only_model_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home {
        folder: Folder::Directory(folder.path().to_owned()),
        built_in: &[],
    };
    let find = |path: &str| Place::Path(path.to_owned()).find(&home, "the base model");
    std::fs::create_dir(folder.path().join("one")).unwrap();
    let write =
        |name: &str| std::fs::write(folder.path().join("one").join(name), b"GGUFx").unwrap();
    write("b-00001-of-00002.gguf");
    write("b-00002-of-00002.gguf");
    for path in ["one/b-00001-of-00002.gguf", "one"] {
        let found = find(path).unwrap();
        assert_eq!(found.gguf.as_deref(), Some("b-00001-of-00002.gguf"));
        assert!(found.folder.describe().ends_with("one"));
    }
    write("a.gguf");
    write("blob");
    let several = find("one").unwrap_err();
    assert_eq!(
        several.to_string(),
        "the folder of the base model holds several models: a.gguf, b-00001-of-00002.gguf"
    );
    // Files of the Hugging Face cache have no ending.
    assert_eq!(find("one/blob").unwrap().gguf.as_deref(), Some("blob"));
    assert_eq!(
        find("one/c.gguf").unwrap_err().to_string(),
        "the GGUF file of the base model is missing"
    );
    let as_folder = Place::Path("one/a.gguf".to_owned()).folder(&home, "the base model");
    assert!(as_folder.unwrap_err().to_string().contains("a.gguf"));
}
