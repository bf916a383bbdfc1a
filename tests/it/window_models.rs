//! The pages of the window, and the one on which models are chosen.

use std::path::Path;
use std::sync::Arc;

use counterpoise::app::AppOptions;
use counterpoise::app::state::models::Purpose;
use counterpoise::app::state::page::Page;
use counterpoise::domain::{
    AdapterFacts, Colour, FileFormat, ModelFacts, ModelKind, Obstacle, Pane, WholeFacts,
};
use counterpoise::error::Failure;
use counterpoise::worker::shelf::{
    Base, Check, Entry, Fit, Found, FoundModel, Layout, Lineup, Origin, Place, ReadyLineup,
    SavedLineup, ShelfCommand, ShelfEvent, ShelfTask, Source, Subject,
};
use counterpoise::worker::{Command, Event, LineupSource};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use crate::stage::{Stage, info};

#[test]
fn pages_are_reached_by_button_and_by_key() {
    let mut stage = Stage::ready();
    assert!(stage.shows("Prompt"));
    stage.click("Models");
    assert_eq!(stage.state().page, Page::Models);
    assert!(!stage.shows("Guided text"));
    stage.press(Modifiers::COMMAND, Key::Num3);
    assert_eq!(stage.state().page, Page::Train);
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert_eq!(stage.state().page, Page::Steer);
    assert!(stage.shows("Prompt"));
}

#[test]
fn a_text_goes_on_while_another_page_is_on_screen() {
    let mut stage = Stage::ready();
    let run = stage.run();
    stage.write(run, Pane::Guided, 0..2);
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.write(run, Pane::Guided, 2..4);
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert_eq!(stage.text_of("Guided text"), "Just tell them the");
}

#[test]
fn keys_of_the_steering_page_rest_on_other_pages() {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::Num3);
    stage.press(Modifiers::COMMAND, Key::Enter);
    stage.press(Modifiers::COMMAND, Key::R);
    assert!(stage.next_command().is_none());
    assert!(stage.state().run().is_none());
}

/// A window on the Models page, whose shelf has told what there is.
fn page() -> Stage {
    let mut stage = Stage::opened(AppOptions {
        data: Some("/data".into()),
        ..AppOptions::default()
    });
    stage.tell(Event::Loaded(Arc::new(info())));
    stage.click("Models");
    let lineup = lineup();
    let shelf = |event| Event::Shelf(event);
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::List { .. }))
    ));
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::Find { .. }))
    ));
    stage.tell(shelf(ShelfEvent::Lineups {
        ready: vec![ReadyLineup {
            lineup,
            about: "Comes with the program".to_owned(),
            download_bytes: 0,
            memory_bytes: 200_000_000,
            licence: "MIT".to_owned(),
            tried: "Run by us".to_owned(),
        }],
        saved: Vec::new(),
    }));
    stage.tell(shelf(ShelfEvent::Found(Found {
        models: vec![
            model("base", true),
            model("sibling", true),
            model("helper", false),
        ],
        notes: Vec::new(),
    })));
    stage
}

fn at(name: &str) -> Place {
    Place::Path(format!("/models/{name}"))
}

fn lineup() -> Lineup {
    Lineup {
        name: "Built-in".to_owned(),
        base: Base {
            place: at("base"),
            dtype: None,
            template: None,
        },
        objectives: vec![Entry {
            name: "helpful".to_owned(),
            about: String::new(),
            weight: 1.0,
            colour: None,
            template: None,
            source: Source::Adapter(at("helper")),
        }],
        layout: Layout::Shared,
        familiar: None,
    }
}

fn model(name: &str, whole: bool) -> FoundModel {
    let kind = if whole {
        ModelKind::Whole(Some(WholeFacts {
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
        }))
    } else {
        ModelKind::Adapter(AdapterFacts {
            base: Some("base".to_owned()),
            rank: 8,
            targets: Vec::new(),
            layers: 30,
            parameters: 1000,
        })
    };
    FoundModel {
        place: at(name),
        origin: Origin::Opened,
        facts: ModelFacts {
            path: format!("/models/{name}"),
            name: name.to_owned(),
            format: FileFormat::Safetensors,
            kind,
            stored: Vec::new(),
            file_bytes: 269_060_552,
            licence: None,
            problem: None,
        },
        missing: Vec::new(),
    }
}

/// Answers the newest question about who could join.
fn judge(stage: &mut Stage, fits: impl Fn(&Subject) -> Fit) {
    let mut newest = None;
    while let Some(command) = stage.next_command() {
        if let Command::Shelf(ShelfCommand::Judge(request)) = command {
            newest = Some(request);
        }
    }
    let request = newest.expect("somebody wants to join");
    for subject in &request.subjects {
        stage.tell(Event::Shelf(ShelfEvent::Judged {
            serial: request.serial,
            subject: subject.clone(),
            fit: Box::new(fits(subject)),
        }));
    }
}

fn joins(_: &Subject) -> Fit {
    Fit {
        vocabulary: Check::Passed("The same tokenizer".to_owned()),
        shape: Check::Unneeded,
        template: Check::Passed("The chat template passes it on".to_owned()),
    }
}

fn type_into(stage: &mut Stage, label: &str, text: &str) {
    stage.harness.get_by_label(label).focus();
    stage.frames(2);
    stage.harness.get_by_label(label).type_text(text);
    stage.frames(2);
}

#[test]
fn a_sentence_becomes_an_objective_and_the_lineup_is_loaded() {
    let mut stage = page();
    judge(&mut stage, joins);
    stage.click("Describe it…");
    assert!(stage.shows("The chat template passes it on"));
    stage.click("brief");
    type_into(&mut stage, "Name of the new objective", "er");
    stage.click("Add objective");
    assert!(stage.shows("briefer has joined the lineup"));
    stage.click("Load and steer");
    let mut loaded = None;
    while let Some(command) = stage.next_command() {
        if let Command::Load { source, .. } = command {
            loaded = Some(source);
        }
    }
    let Some(LineupSource::Composed(text)) = loaded else {
        panic!("{loaded:?}");
    };
    assert!(text.contains("as few words as possible"), "{text}");
    assert_eq!(stage.state().page, Page::Steer);
}

#[test]
fn a_model_that_cannot_join_says_why_and_one_that_can_is_added() {
    let mut stage = page();
    judge(&mut stage, |subject| match subject {
        Subject::Model(place) if *place == at("sibling") => Fit {
            vocabulary: Check::Failed(Obstacle {
                summary: "12 token ids mean different texts".to_owned(),
                hint: Some("Choose a model with the same tokenizer".to_owned()),
            }),
            ..joins(subject)
        },
        Subject::Model(_) | Subject::Adapter(_) | Subject::Sentence => joins(subject),
    });
    assert!(stage.shows("12 token ids mean different texts"));
    assert!(stage.shows("Choose a model with the same tokenizer"));
    stage.click("Adapter or model…");
    assert!(stage.shows("does not fit"));
    stage.click("Add helper");
    assert_eq!(stage.state().models.plan.objectives.len(), 2);
    stage.click("Use sibling as base");
    judge(&mut stage, joins);
    stage.click("Add base as objective");
    let names: Vec<&str> = stage
        .state()
        .models
        .plan
        .objectives
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["helpful", "helper", "base"]);
}

#[test]
fn objectives_are_renamed_recoloured_weighed_and_removed() {
    let mut stage = page();
    type_into(&mut stage, "Name of helpful", "!");
    stage.click("Colour of helpful!: teal");
    stage.click("Make helpful! plum");
    let entry = stage.state().models.plan.objectives[0].clone();
    assert_eq!(
        (entry.name.as_str(), entry.colour),
        ("helpful!", Some(Colour::Plum))
    );
    stage.click("More of helpful!");
    assert!(stage.shows("Template of helpful!"));
    stage.click("Remove helpful!");
    assert!(stage.state().models.plan.objectives.is_empty());
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.state().models.plan.objectives, [entry]);
}

#[test]
fn an_expert_and_an_amateur_are_picked_from_lists() {
    let mut stage = page();
    judge(&mut stage, joins);
    stage.click("Expert and amateur…");
    for (label, model) in [("Expert", 0), ("Amateur", 1)] {
        stage.click(label);
        let names = ["base", "sibling"];
        stage
            .harness
            .get_all_by_role_and_label(Role::Button, names[model])
            .last()
            .unwrap()
            .click();
        stage.frames(3);
    }
    type_into(&mut stage, "Name of the new objective", "trained");
    stage.click("Add objective");
    let plan = &stage.state().models.plan;
    assert_eq!(
        plan.objectives[1].source,
        Source::Contrast {
            expert: at("base"),
            amateur: at("sibling")
        }
    );
}

#[test]
fn a_lineup_is_saved_and_deleted_and_brought_back() {
    let mut stage = page();
    judge(&mut stage, joins);
    type_into(&mut stage, "Name of the lineup", " of mine");
    stage.click("Save");
    let Some(Command::Shelf(ShelfCommand::Save { lineup, file, .. })) = stage.next_command() else {
        panic!("nothing was saved");
    };
    assert_eq!((lineup.name.as_str(), file), ("Built-in of mine", None));
    let saved = SavedLineup {
        file: "/data/lineups/mine.toml".into(),
        name: lineup.name.clone(),
        lineup: Ok(*lineup),
    };
    stage.tell(Event::Shelf(ShelfEvent::Saved(Box::new(saved.clone()))));
    assert!(stage.shows("Built-in of mine is saved"));
    let edge = |stage: &Stage| {
        stage
            .harness
            .get_by_label("Name of the lineup")
            .rect()
            .left()
    };
    let before = edge(&stage);
    stage.frames(20);
    let grown = (edge(&stage) - before).abs();
    assert!(grown < 0.5, "the columns keep their widths: {grown}");
    stage.click("Delete Built-in of mine");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::Delete { .. }))
    ));
    stage.tell(Event::Shelf(ShelfEvent::Deleted(Box::new(saved))));
    stage.click("Bring it back");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::Save { file: Some(_), .. }))
    ));
}

#[test]
fn lineups_are_imported_and_exported_by_typed_path() {
    let mut stage = page();
    judge(&mut stage, joins);
    stage.click("Import…");
    type_into(&mut stage, "Path of the lineup", "~/theirs.toml");
    stage.click("Import");
    let Some(Command::Shelf(ShelfCommand::Open { path })) = stage.next_command() else {
        panic!("nothing was read");
    };
    assert!(path.ends_with("theirs.toml"));
    stage.click("Export…");
    type_into(&mut stage, "Path to write to", "/tmp/mine.toml");
    stage.click("Export");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::Export { .. }))
    ));
    stage.tell(Event::Shelf(ShelfEvent::Exported("/tmp/mine.toml".into())));
    assert!(stage.shows("Written to /tmp/mine.toml"));
}

#[test]
fn a_path_is_opened_by_enter_by_dialog_and_by_dropping_it() {
    let mut stage = page();
    judge(&mut stage, joins);
    let opened = |stage: &Stage| match stage.next_command() {
        Some(Command::Shelf(ShelfCommand::Open { path })) => path,
        other => panic!("{other:?}"),
    };
    type_into(&mut stage, "Path to open", "/models/new");
    stage.press(Modifiers::NONE, Key::Enter);
    assert_eq!(opened(&stage), Path::new("/models/new"));
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage
        .harness
        .input_mut()
        .dropped_files
        .push(Arc::new(Dropped));
    stage.frames(3);
    assert_eq!(opened(&stage), Path::new("/models/dropped"));
    assert_eq!(stage.state().page, Page::Models);
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_dialogs(|purpose| {
        assert_eq!(*purpose, Purpose::ModelFolder);
        Some("/models/picked".into())
    });
    stage.click("Folder…");
    let command = stage.wait_for_command();
    assert!(matches!(
        command,
        Command::Shelf(ShelfCommand::Open { path }) if path == Path::new("/models/picked")
    ));
}

#[derive(Debug)]
struct Dropped;

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        Path::new("/models/dropped")
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it here".to_owned())
    }
}

#[test]
fn a_desktop_without_file_dialogs_leaves_the_typed_path() {
    let mut stage = page();
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_dialogs(|_| None);
    stage.click("File…");
    stage.wait_for("type the path instead");
    assert!(stage.state().models.dialog.is_none());
}

#[test]
fn a_path_without_a_model_is_a_card_with_a_way_on() {
    let mut stage = page();
    judge(&mut stage, joins);
    stage.tell(Event::Shelf(ShelfEvent::Failed {
        task: ShelfTask::Open("/tmp/empty".into()),
        failure: Failure::input("There is no model here").hint("A model is a folder"),
    }));
    assert!(stage.shows("There is no model here"));
    stage.click("Try again");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Shelf(ShelfCommand::Open { .. }))
    ));
    assert!(!stage.shows("There is no model here"));
}

#[test]
fn a_window_too_small_for_the_columns_scrolls_instead_of_covering_them() {
    let mut stage = page();
    stage.harness.set_size(egui::vec2(427.0, 240.0));
    stage.frames(4);
    let left = stage.harness.get_by_label("Import…").rect();
    let export = stage.harness.get_by_label("Export…").rect();
    assert!(export.min.x > left.max.x, "{left} {export}");
}

#[test]
fn f6_goes_through_the_columns() {
    let mut stage = page();
    for label in [
        "New lineup",
        "Name of the lineup",
        "Search models",
        "New lineup",
    ] {
        stage.press(Modifiers::NONE, Key::F6);
        assert!(stage.harness.get_by_label(label).is_focused(), "{label}");
    }
}

#[test]
fn the_card_of_models_that_cannot_be_loaded_leads_to_the_page() {
    let mut stage = Stage::opened(AppOptions::default());
    stage.tell(Event::Failed {
        run: None,
        failure: Failure::input("The folder of the base model is missing"),
    });
    stage.click("Choose models");
    assert_eq!(stage.state().page, Page::Models);
}
