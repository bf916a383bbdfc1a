use std::fs;
use std::path::Path;

use super::*;
use crate::model::decoder::Projection;
use crate::model::folder::Folder;
use crate::model::tiny;

fn home(folder: &Path) -> Home {
    Home {
        folder: Folder::Directory(folder.to_owned()),
        built_in: &[],
    }
}

fn base(template: Option<&str>) -> Base {
    Base {
        place: at("base"),
        dtype: None,
        template: template.map(str::to_owned),
    }
}

fn at(path: &str) -> Place {
    Place::Path(path.to_owned())
}

/// A base, a model and an adapter that fit it, and an adapter for a model with more layers.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny::config();
    let mut deeper = config.clone();
    deeper.layers += 1;
    deeper.windows.push(None);
    let inside = |name: &str| folder.path().join(name);
    tiny::write_model(&inside("base"), &config, 1).unwrap();
    tiny::write_model(&inside("other"), &config, 2).unwrap();
    tiny::write_adapter(&inside("fits"), &config, &Projection::ALL, 3, 3).unwrap();
    tiny::write_adapter(&inside("deeper"), &deeper, &[Projection::Q], 3, 3).unwrap();
    folder
}

fn why(fit: &Fit) -> &str {
    &fit.obstacle().expect("it joins").summary
}

#[test]
fn models_and_adapters_that_fit_may_join() {
    let folder = folder();
    let home = home(folder.path());
    let joiner = Joiner::open(&base(None), &home).unwrap();
    let model = joiner.model(&at("other"));
    assert_eq!(model.obstacle(), None);
    assert_eq!(
        model.vocabulary,
        Check::Passed("The same tokenizer".to_owned())
    );
    assert_eq!(model.shape, Check::Unneeded);
    let adapter = joiner.adapter(&at("fits"));
    assert_eq!(adapter.obstacle(), None);
    let Check::Passed(words) = adapter.shape else {
        panic!("{adapter:?}");
    };
    assert_eq!(words, "Changes 14 products of the base's 2 layers");
}

#[test]
fn an_adapter_for_another_shape_is_turned_away_with_what_would_help() {
    let folder = folder();
    let home = home(folder.path());
    let joiner = Joiner::open(&base(None), &home).unwrap();
    let fit = joiner.adapter(&at("deeper"));
    assert!(why(&fit).contains("another shape"), "{fit:?}");
    let hint = fit.obstacle().unwrap().hint.as_deref().unwrap();
    assert!(hint.contains("base model that the adapter was trained on"));
    assert!(why(&joiner.adapter(&at("nowhere"))).contains("is missing"));
    assert!(why(&joiner.model(&at("fits"))).contains("config.json"));
}

#[test]
fn a_model_with_other_tokens_is_turned_away_by_number_and_name() {
    let folder = folder();
    let home = home(folder.path());
    let file = folder.path().join("other/tokenizer.json");
    let text = fs::read_to_string(&file).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let (name, id) = vocabulary
        .iter()
        .map(|(name, id)| (name.clone(), id.clone()))
        .find(|(name, _)| name.chars().all(char::is_alphabetic))
        .unwrap();
    vocabulary.remove(&name);
    vocabulary.insert("quite another".to_owned(), id);
    fs::write(&file, tokenizer.to_string()).unwrap();
    let fit = Joiner::open(&base(None), &home)
        .unwrap()
        .model(&at("other"));
    assert!(
        why(&fit).starts_with("1 token id means different texts"),
        "{fit:?}"
    );
    assert!(why(&fit).contains("quite another"));
}

#[test]
fn a_sentence_joins_where_the_template_passes_it_on() {
    let folder = folder();
    let home = home(folder.path());
    let fit = |template: &str| {
        let joiner = Joiner::open(&base(Some(template)), &home).unwrap();
        joiner.sentence()
    };
    assert_eq!(fit("raw").obstacle(), None);
    assert_eq!(fit("{{ system }} {{ prompt }}").obstacle(), None);
    let deaf = fit("{{ prompt }}");
    assert!(why(&deaf).contains("leaves a system text out"), "{deaf:?}");
    assert!(why(&fit("{% if %}")).contains("failed at line 1"));
}
