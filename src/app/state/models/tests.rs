use super::*;
use crate::domain::{FileFormat, ModelFacts, ModelKind, WholeFacts};
use crate::worker::shelf::{Entry, Layout, Lineup, MAIN, Origin, Source};

pub(crate) fn hub(repo: &str) -> Place {
    Place::Hub {
        repo: repo.to_owned(),
        revision: MAIN.to_owned(),
        file: None,
    }
}

/// A whole model at a place.
pub(crate) fn whole(place: Place, name: &str) -> FoundModel {
    FoundModel {
        place,
        origin: Origin::Opened,
        facts: ModelFacts {
            path: format!("/models/{name}"),
            name: name.to_owned(),
            format: FileFormat::Safetensors,
            kind: ModelKind::Whole(Some(WholeFacts {
                family: "Llama".to_owned(),
                parameters: 134_515_008,
                context: 8192,
                vocabulary: 49_152,
                layers: 30,
                width: 576,
                heads: 9,
                kv_heads: 3,
                head_width: 64,
                has_template: true,
            })),
            stored: Vec::new(),
            file_bytes: 269_060_552,
            licence: None,
            problem: None,
        },
        missing: Vec::new(),
    }
}

pub(crate) fn lineup(name: &str) -> Lineup {
    Lineup {
        name: name.to_owned(),
        base: Base {
            place: Place::Path("/models/base".to_owned()),
            dtype: None,
            template: None,
        },
        objectives: vec![sentence("kind", "Be kind.")],
        layout: Layout::Shared,
        familiar: None,
    }
}

pub(crate) fn sentence(name: &str, wish: &str) -> Entry {
    Entry {
        name: name.to_owned(),
        about: String::new(),
        weight: 1.0,
        colour: None,
        template: None,
        source: Source::System(wish.to_owned()),
    }
}

#[test]
fn a_model_from_the_hub_is_away_until_it_has_been_found_whole() {
    let mut models = Models {
        begun: true,
        ..Models::default()
    };
    assert!(models.is_away(&hub("o/n")));
    assert!(!models.is_away(&Place::Path("/nowhere".to_owned())));
    let mut found = whole(hub("o/n"), "o/n");
    found.missing = vec!["model-2.safetensors".to_owned()];
    models.found.models = vec![found.clone()];
    assert!(models.is_away(&hub("o/n")));
    found.missing.clear();
    models.found.models = vec![found];
    assert!(!models.is_away(&hub("o/n")));
    models.found.models.clear();
    models.looking = Some(CancelToken::default());
    assert!(!models.is_away(&hub("o/n")), "nobody knows yet");
}

#[test]
fn what_is_saved_is_told_from_what_is_not() {
    let mut models = Models::default();
    assert!(!models.is_unsaved(), "there is nothing to save");
    let file = PathBuf::from("/lineups/mine.toml");
    models.plan = Plan::of(&lineup("Mine"), None);
    assert!(models.is_unsaved());
    models.saved = vec![SavedLineup {
        file: file.clone(),
        name: "Mine".to_owned(),
        lineup: Ok(lineup("Mine")),
    }];
    models.plan.file = Some(file);
    assert!(!models.is_unsaved());
    models.plan.objectives[0].weight = 2.0;
    assert!(models.is_unsaved());
}

#[test]
fn a_plan_says_what_is_missing_before_it_can_be_used() {
    let mut plan = Plan::default();
    assert_eq!(plan.gap().as_deref(), Some("Choose a base first"));
    plan = Plan::of(&lineup("Mine"), None);
    assert_eq!(plan.gap(), None);
    plan.objectives.push(sentence("kind", "Be gentle."));
    assert_eq!(
        plan.gap().as_deref(),
        Some("Two objectives are called kind")
    );
    plan.objectives[1].name = String::new();
    assert_eq!(plan.gap().as_deref(), Some("Give every objective a name"));
    plan.objectives[1] = sentence("brief", " ");
    assert_eq!(plan.gap().as_deref(), Some("Write the sentence of brief"));
    plan.objectives[1].name = "a=b".to_owned();
    assert!(plan.gap().unwrap().contains("no equals sign"));
    assert_eq!(plan.free_name("kind"), "kind 2");
    assert_eq!(plan.free_name(" "), "objective");
}
