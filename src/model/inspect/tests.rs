use super::*;
use crate::model::decoder::Projection;
use crate::model::tiny;

fn whole_of(facts: &ModelFacts) -> &WholeFacts {
    match &facts.kind {
        ModelKind::Whole(Some(whole)) => whole,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_and_a_gguf_file_of_one_model_have_the_same_config_of_blocks() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    let folder = temp.path().join("tiny-model");
    tiny::write_model(&folder, &config, 1).unwrap();
    std::fs::write(folder.join("README.md"), "---\nlicense: mit\n---\n").unwrap();
    let file = temp.path().join("tiny.gguf");
    tiny::write_gguf(&file, &config, 1, "Q4_K").unwrap();
    let (from_folder, from_file) = (look(&folder).unwrap(), look(&file).unwrap());
    assert_eq!(whole_of(&from_folder), whole_of(&from_file));
    let whole = whole_of(&from_file);
    assert_eq!(
        (
            whole.family.as_str(),
            whole.layers,
            whole.kv_heads,
            whole.head_width
        ),
        ("Llama", 2, 2, 64)
    );
    assert_eq!(whole.parameters, config.parameters());
    assert!(!whole.has_template);
    assert_eq!(from_folder.licence.as_deref(), Some("mit"));
    assert_eq!(from_file.licence.as_deref(), Some("mit"));
    assert_eq!(
        (from_folder.name.as_str(), from_file.name.as_str()),
        ("tiny-model", "Tiny")
    );
    assert_eq!(
        (from_folder.format, from_file.format),
        (FileFormat::Safetensors, FileFormat::Gguf)
    );
    let types = |facts: &ModelFacts| -> Vec<String> {
        let stored = facts.stored.iter();
        stored.map(|s| s.number_type.clone()).collect()
    };
    assert_eq!(types(&from_folder), ["F32"]);
    assert_eq!(types(&from_file), ["Q4_K", "F32"]);
    let numbers = |facts: &ModelFacts| facts.stored.iter().map(|s| s.numbers).sum::<u64>();
    assert_eq!(numbers(&from_folder), config.parameters());
    assert_eq!(numbers(&from_file), config.parameters());
    assert_eq!(
        from_file.file_bytes,
        std::fs::metadata(&file).unwrap().len()
    );
    assert_eq!(from_file.problem, None);
}

#[test]
fn an_adapter_says_what_it_changes() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    let targets = [Projection::Q, Projection::Down];
    tiny::write_adapter(temp.path(), &config, &targets, 3, 1).unwrap();
    let facts = look(temp.path()).unwrap();
    let ModelKind::Adapter(adapter) = &facts.kind else {
        panic!("{:?}", facts.kind);
    };
    assert_eq!((adapter.rank, adapter.layers), (3, 2));
    assert_eq!(adapter.targets, ["q_proj", "down_proj"]);
    assert_eq!(adapter.parameters, 2 * 3 * (256 + 256 + 512 + 256));
    // A kind that is not run is still looked at.
    let path = temp.path().join("adapter_config.json");
    std::fs::write(
        &path,
        r#"{"peft_type": "IA3", "base_model_name_or_path": "a/b"}"#,
    )
    .unwrap();
    let facts = look(temp.path()).unwrap();
    let problem = facts.problem.unwrap();
    assert!(problem.summary.contains("IA3"), "{problem:?}");
    assert!(matches!(
        facts.kind,
        ModelKind::Adapter(AdapterFacts { base: Some(base), .. }) if base == "a/b"
    ));
}

#[test]
fn what_cannot_be_run_is_named_and_what_is_broken_refused() {
    let temp = tempfile::tempdir().unwrap();
    tiny::write_model(temp.path(), &tiny::config_of_blocks(), 1).unwrap();
    let config = temp.path().join("config.json");
    std::fs::write(&config, r#"{"architectures": ["GPT2LMHeadModel"]}"#).unwrap();
    let facts = look(temp.path()).unwrap();
    assert_eq!(facts.kind, ModelKind::Whole(None));
    assert!(facts.problem.unwrap().summary.contains("GPT2LMHeadModel"));
    std::fs::write(&config, "{").unwrap();
    assert!(look(temp.path()).is_err());
    assert!(look(&temp.path().join("nothing")).is_err());
}

#[test]
fn models_of_the_shared_cache_are_called_by_their_repository() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("models--owner--some-name/snapshots/0123");
    tiny::write_model(&folder, &tiny::config_of_blocks(), 1).unwrap();
    assert_eq!(look(&folder).unwrap().name, "owner/some-name");
}
