//! The Runs page and saved runs in the window.

use std::sync::Arc;

use counterpoise::app::AppOptions;
use counterpoise::app::state::page::Page;
use counterpoise::app::state::past::Purpose;
use counterpoise::app::update::past::record_on_screen;
use counterpoise::record::Keep;
use counterpoise::worker::{Command, Event, LineupInfo};
use egui::{Key, Modifiers};

use crate::stage::{Stage, info};

fn with_history() -> (tempfile::TempDir, Stage) {
    let folder = tempfile::tempdir().unwrap();
    let options = AppOptions {
        data: Some(folder.path().to_owned()),
        ..AppOptions::default()
    };
    let mut stage = Stage::opened(options);
    stage.tell(Event::Loaded(Arc::new(info())));
    (folder, stage)
}

#[test]
fn a_run_is_in_the_list_is_pinned_noted_deleted_and_restored() {
    let (_folder, mut stage) = with_history();
    stage.press(Modifiers::COMMAND, Key::Num5);
    assert_eq!(stage.state().page, Page::Runs);
    stage.wait_for("Every run is kept here");
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.answered_by_its_rows();
    let (text, prompt) = (
        stage.text_of("Guided text"),
        stage.state().draft.prompt.clone(),
    );
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.wait_until(|state| state.past.entries.values().any(|entry| entry.tokens == 7));
    let row = |words: &str| format!("{words}: {}", prompt.text);
    stage.click(&row("☆ Pin"));
    stage.wait_until(|state| state.past.entries.values().all(|entry| entry.pinned));
    stage.click(&row("Delete"));
    assert!(stage.state().past.entries.is_empty());
    stage.click("Bring back the deleted run");
    stage.wait_until(|state| state.past.entries.len() == 1);
    stage.click(&row("Restore"));
    stage.wait_until(|state| state.page == Page::Steer);
    stage.frames(3);
    assert_eq!(stage.text_of("Guided text"), text);
}

#[test]
fn a_saved_run_of_other_models_is_shown_and_steered_from_its_rows() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    let record = record_on_screen(stage.state()).unwrap();
    let text = stage.text_of("Guided text");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kind.counterpoise.json");
    std::fs::write(&path, record.to_document(Keep::default()).to_string()).unwrap();

    let mut stage = Stage::opened(AppOptions {
        open: Some(path),
        ..AppOptions::default()
    });
    stage.tell(Event::Loaded(Arc::new(LineupInfo::default())));
    stage.wait_for("This is a recorded run");
    assert!(stage.shows("Preview exact"));
    assert_eq!(stage.text_of("Guided text"), text);
    assert!(matches!(stage.next_command(), Some(Command::Replay(_))));
    stage.hold_slider("humorous weight", 1.0);
    stage.wait_until(|state| {
        let run = state.run().unwrap();
        run.rejudged
            .as_ref()
            .is_some_and(|seen| seen.weights[2] > 2.0)
    });
    let run = stage.state().run().unwrap();
    let judged = run.rejudged.as_ref().unwrap();
    assert!(judged.guided.insights.iter().all(Option::is_some));
}

/// A file that a person lets fall on the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn a_saved_run_opens_where_it_is_dropped() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    let record = record_on_screen(stage.state()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kind.counterpoise.json");
    std::fs::write(&path, record.to_document(Keep::default()).to_string()).unwrap();
    let broken = folder.path().join("broken.counterpoise.json");
    std::fs::write(&broken, "{}").unwrap();

    let mut stage = Stage::opened(AppOptions::default());
    stage.tell(Event::Loaded(Arc::new(LineupInfo::default())));
    let drop = |stage: &mut Stage, path: &std::path::Path| {
        let files = &mut stage.harness.input_mut().dropped_files;
        files.push(Arc::new(Dropped(path.to_owned())));
        stage.frames(2);
    };
    drop(&mut stage, &broken);
    stage.wait_for("This file is not a saved run");
    assert!(stage.state().run().is_none());
    drop(&mut stage, &path);
    stage.wait_for("This is a recorded run");
    assert_eq!(
        stage.state().run().unwrap().guided.pieces,
        record.guided.pieces
    );
}

#[test]
fn a_run_is_chosen_in_the_dialog_of_the_desktop_by_its_key() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    let record = record_on_screen(stage.state()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kind.counterpoise.json");
    std::fs::write(&path, record.to_document(Keep::default()).to_string()).unwrap();

    let mut stage = Stage::opened(AppOptions::default());
    stage.tell(Event::Loaded(Arc::new(LineupInfo::default())));
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_run_dialogs(move |purpose| (*purpose == Purpose::Open).then(|| path.clone()));
    stage.press(Modifiers::COMMAND, Key::O);
    stage.wait_for("This is a recorded run");
    assert_eq!(
        stage.state().run().unwrap().guided.pieces,
        record.guided.pieces
    );
    // Without a dialog there is the field for a path.
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_run_dialogs(|_| None);
    stage.press(Modifiers::COMMAND, Key::O);
    stage.wait_for("Your desktop has no file dialog to offer");
    assert_eq!(stage.state().page, Page::Runs);
    assert!(stage.shows("Path of a saved run"));
}

#[test]
fn the_run_on_screen_is_exported_by_a_key_as_page_and_as_pictures() {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::E);
    assert_eq!(
        stage.state().page,
        Page::Steer,
        "there is nothing to export"
    );
    stage.answered_by_its_rows();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    stage.press(Modifiers::COMMAND, Key::E);
    assert_eq!(stage.state().page, Page::Runs);
    let write = |stage: &mut Stage, format: &str, looks: &[&str], name: &str| {
        stage.click(format);
        for look in looks {
            stage.click(look);
        }
        let path = at(name);
        let window = stage.harness.state_mut().as_mut().unwrap();
        let chosen = path.clone();
        window.set_run_dialogs(move |purpose| match purpose {
            Purpose::Save(_) => Some(chosen.clone()),
            Purpose::Open => None,
        });
        stage.click("Browse for a place");
        stage.wait_until(|state| state.past.export.is_none());
        stage.press(Modifiers::COMMAND, Key::E);
        std::fs::read(path).unwrap()
    };
    let page = write(&mut stage, "Page with sliders (.html)", &[], "run.html");
    assert!(page.starts_with(b"<!DOCTYPE html>"));
    let svg = write(
        &mut stage,
        "Vector picture for papers (.svg)",
        &["Dark paper", "Guided alone", "harmless"],
        "run.svg",
    );
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.contains("Advantage for harmless") && !svg.contains(">Plain model<"));
    let size = |bytes: &[u8]| {
        image::load_from_memory(bytes)
            .unwrap()
            .to_rgba8()
            .dimensions()
    };
    let png = "Picture (.png)";
    let one = size(&write(&mut stage, png, &["1×"], "one.png"));
    let three = size(&write(&mut stage, png, &["3×"], "three.png"));
    assert_eq!(three, (3 * one.0, 3 * one.1));
    assert!(stage.shows("Written to"));
}
