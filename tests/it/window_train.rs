//! The page for reward models of one's own, with the real trainer behind it.

use std::path::Path;

use counterpoise::app::AppOptions;
use counterpoise::app::state::page::Page;
use counterpoise::app::state::training::{Phase, Preview};
use counterpoise::app::update::{Action, TrainAction};
use counterpoise::worker::{self, Event};
use egui::Key;
use egui_kittest::kittest::Queryable;
use serde_json::json;
use std::sync::Arc;

use crate::stage::{Stage, info};

/// Pairs whose preferred answers are short, and one line that is none.
fn write_pairs(path: &Path, count: usize) {
    let mut lines: Vec<String> = (0..count)
        .map(|i| {
            let pair = json!({
                "prompt": format!("How do I fold {i} shirts?"),
                "chosen": format!("Lay {i} of them flat."),
                "rejected": "Nobody knows, and nobody ever will, so leave them where they are.",
            });
            pair.to_string()
        })
        .collect();
    lines.insert(3, "{broken".to_owned());
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// A file that a person lets fall on the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// A window on its page for training, whose objectives are kept in a folder of the test's.
fn stage(folder: &Path) -> Stage {
    let mut stage = Stage::opened(AppOptions {
        data: Some(folder.to_owned()),
        ..AppOptions::default()
    });
    stage.tell(Event::Loaded(Arc::new(info())));
    stage.press(egui::Modifiers::COMMAND, Key::Num3);
    assert_eq!(stage.state().page, Page::Train);
    stage
}

impl Stage {
    fn choose(&mut self, path: &Path) {
        let action = TrainAction::PickData(path.to_owned());
        let window = self.harness.state_mut().as_mut().unwrap();
        window.act(Action::Train(action));
        self.wait_until(|state| !matches!(state.training.preview, Preview::Reading(_)));
    }

    fn phase(&self) -> Phase {
        self.state().training.run.as_ref().unwrap().phase.clone()
    }

    /// Keeps the trainings of a test short.
    fn few_steps(&mut self) {
        for (name, value) in [
            ("epochs", 2.0),
            ("batch", 8.0),
            ("lr", 2e-3),
            ("warmup", 1.0),
        ] {
            let window = self.harness.state_mut().as_mut().unwrap();
            window.act(Action::Train(TrainAction::SetNumber { name, value }));
        }
        self.frames(2);
    }
}

#[test]
fn a_file_is_looked_at_before_anything_is_learnt_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("brief answers.jsonl");
    write_pairs(&data, 20);
    let mut stage = stage(folder.path());
    assert!(stage.shows("Choose a file of preference pairs"));
    stage.choose(&data);
    stage.frames(2);
    assert!(stage.shows("20 pairs; 1 line is left out"));
    assert!(stage.shows("Pair 1 of 20, line 1"));
    assert!(stage.shows("Lay 0 of them flat."));
    stage.click("Next pair");
    assert!(stage.shows("How do I fold 1 shirts?"));
    stage.click("1 line left out");
    assert!(stage.shows("Line 4: not JSON"));
    assert_eq!(stage.text_of("Name of the objective"), "brief-answers");
    assert!(stage.shows("18 pairs; 2 held-out pairs judge"));

    stage.choose(&folder.path().join("nowhere"));
    stage.frames(2);
    assert!(stage.shows("The data file could not be read"));
}

#[test]
fn a_dropped_file_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 10);
    let mut stage = stage(folder.path());
    let files = &mut stage.harness.input_mut().dropped_files;
    files.push(Arc::new(Dropped(data)));
    stage.wait_for("10 pairs; 1 line is left out");
}

#[test]
fn a_training_runs_beside_the_window_and_ends_in_an_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 20);
    let mut stage = stage(folder.path());
    stage.choose(&data);
    stage.few_steps();
    stage.click("Start training");
    // The other page is used meanwhile.
    stage.press(egui::Modifiers::COMMAND, Key::Num1);
    let run = stage.run();
    stage.write(run, counterpoise::domain::Pane::Guided, 0..3);
    assert_eq!(stage.text_of("Guided text"), "Just tell them");
    stage.press(egui::Modifiers::COMMAND, Key::Num3);
    stage.wait_until(|state| {
        state
            .training
            .run
            .as_ref()
            .is_some_and(|run| !run.is_active())
    });
    let Phase::Done(summary) = stage.phase() else {
        panic!("{:?}", stage.phase());
    };
    assert_eq!(summary.steps, 6);
    stage.wait_for("Your objectives");
    assert!(stage.shows("Step 6 of 6"));
    assert!(stage.shows("It prefers the same answer as people in"));
    for curve in ["Loss curve", "Accuracy curve", "Margin curve"] {
        assert!(stage.shows(curve), "{curve}");
    }
    let made = folder.path().join("objectives/pairs");
    assert!(made.join("adapter_model.safetensors").is_file());
    assert!(!made.join("checkpoint.safetensors").exists());

    // One click more, and it is loaded beside the others.
    while stage.next_command().is_some() {}
    stage.click("Add to lineup");
    let load = stage.wait_for_command();
    assert_eq!(stage.state().page, Page::Steer);
    let worker = worker::start(|| {}).unwrap();
    worker.commands.send(load).unwrap();
    let loaded = worker.events.iter().find_map(|event| match event {
        Event::Loaded(info) => Some(info),
        Event::Failed { failure, .. } => panic!("{failure}"),
        _ => None,
    });
    let loaded = loaded.unwrap();
    assert_eq!(loaded.objectives.last().unwrap().name, "pairs");
    assert!(loaded.objectives.len() > 1);
    stage.tell(Event::Loaded(loaded));
    stage.wait_for("pairs weight");
    stage.press(egui::Modifiers::COMMAND, Key::Num3);
    assert!(stage.shows("Remove from lineup"));
}

#[test]
fn a_dialog_gives_the_file_and_one_that_the_desktop_lacks_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 10);
    let mut stage = stage(folder.path());
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_train_dialogs(|_| None);
    stage.click("Browse for pairs");
    stage.wait_for("Your desktop has no file dialog");
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_train_dialogs(move |_| Some(data.clone()));
    stage.click("Browse for pairs");
    stage.wait_for("10 pairs; 1 line is left out");
    assert!(!stage.shows("Your desktop has no file dialog"));
}

#[test]
fn a_stopped_training_goes_on_in_the_next_window() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 60);
    let mut first = stage(folder.path());
    first.choose(&data);
    first.few_steps();
    first.click("Start training");
    first.wait_until(|state| {
        let run = state.training.run.as_ref();
        run.is_some_and(|run| run.last.is_some())
    });
    first.click("Stop");
    first.wait_until(|state| state.training.active().is_none());
    assert_eq!(first.phase(), Phase::Stopped { saved: true });
    drop(first);

    let mut second = stage(folder.path());
    second.wait_for("Unfinished, over the built-in model");
    second.click("Go on: pairs");
    second.wait_until(|state| state.training.run.is_some() && state.training.active().is_none());
    assert!(
        matches!(second.phase(), Phase::Done(_)),
        "{:?}",
        second.phase()
    );
}

#[test]
fn a_training_is_deleted_and_brought_back_by_keys_and_gone_when_the_window_closes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 20);
    let mut stage = stage(folder.path());
    stage.choose(&data);
    stage.few_steps();
    stage.click("Start training");
    stage.wait_until(|state| state.training.run.is_some() && state.training.active().is_none());
    stage.wait_until(|state| !state.training.found.is_empty());
    stage.frames(2);
    let made = folder.path().join("objectives/pairs");
    assert!(made.is_dir());
    assert!(stage.shows("MB") || stage.shows("kB"), "the size is shown");
    stage.harness.get_by_label("Delete: pairs").focus();
    stage.frames(2);
    stage.press(egui::Modifiers::NONE, Key::Enter);
    stage.wait_until(|state| !state.training.removed.is_empty());
    stage.frames(2);
    assert!(!made.exists());
    assert!(stage.shows("it goes for good when the window closes"));
    assert!(stage.state().training.run.is_none());
    assert!(stage.harness.query_by_label("Delete: pairs").is_none());

    stage.click("Bring back: pairs");
    stage.wait_until(|state| state.training.removed.is_empty());
    stage.frames(2);
    assert!(made.join("adapter_model.safetensors").is_file());

    stage.click("Delete: pairs");
    stage.wait_until(|state| !state.training.removed.is_empty());
    drop(stage);
    let left = std::fs::read_dir(folder.path().join("objectives")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn a_training_that_fails_says_so_on_a_card_and_leaves_the_window_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pairs.jsonl");
    write_pairs(&data, 20);
    let mut stage = stage(folder.path());
    stage.choose(&data);
    std::fs::remove_file(&data).unwrap();
    stage.click("Start training");
    stage.wait_until(|state| state.training.run.is_some() && state.training.active().is_none());
    assert!(matches!(stage.phase(), Phase::Failed(_)));
    stage.frames(2);
    assert!(stage.shows("The data file could not be read"));
    stage.harness.get_by_label("Dismiss").click();
    stage.frames(3);
    assert!(stage.state().training.run.is_none());
    assert!(stage.shows("Train an objective of your own"));
}
