//! Two snapshots of the sliders, kept, gone over to and compared by keys and by the mouse.

use counterpoise::domain::Finish;
use counterpoise::worker::Command;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::Stage;

fn weights(stage: &Stage) -> Vec<f64> {
    stage.state().draft.effective_weights().to_vec()
}

/// Presses or lets go of a key; while it is down the system repeats it.
fn key(stage: &mut Stage, key: Key, pressed: bool, repeat: bool) {
    stage.harness.event(Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat,
        modifiers: Modifiers::NONE,
    });
    stage.frames(3);
}

/// A is (0.5, 1, 0), where the sliders stand; B has more of the last.
fn with_both() -> Stage {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    stage.press(Modifiers::SHIFT, Key::F7);
    stage.hold_slider("humorous weight", 1.0);
    stage.let_go("humorous weight", 1.0);
    stage.press(Modifiers::SHIFT, Key::F8);
    assert!(weights(&stage)[2] > 2.0);
    stage.press(Modifiers::NONE, Key::F7);
    assert!(weights(&stage)[2] < 0.01);
    stage.wait_until(|state| state.reweight_request().is_none() && !state.steer_wanted);
    while stage.next_command().is_some() {}
    stage
}

#[test]
fn a_key_that_is_held_shows_the_other_snapshot_and_gives_the_text_back() {
    let mut stage = with_both();
    let before = stage.state().shown;
    let text = stage.text_of("Guided text");
    key(&mut stage, Key::F9, true, false);
    assert!(weights(&stage)[2] > 2.0);
    assert!(stage.shows("Snapshot B, until you let go"));
    let asked = match stage.wait_for_command() {
        Command::Generate(request) => request,
        other => panic!("{other:?}"),
    };
    assert!(asked.weights[2] > 2.0);
    key(&mut stage, Key::F9, true, true);
    stage.finish(asked.run, Finish::Eos);
    key(&mut stage, Key::F9, false, false);
    assert!(weights(&stage)[2] < 0.01);
    assert_eq!(
        (stage.state().shown, stage.text_of("Guided text")),
        (before, text)
    );
}

#[test]
fn the_button_compares_while_it_is_down() {
    let mut stage = with_both();
    let at = stage
        .harness
        .get_by_label("Hold to compare with the other snapshot")
        .rect();
    stage.harness.drag_at(at.center());
    stage.frames(3);
    assert!(stage.state().compare.is_some() && weights(&stage)[2] > 2.0);
    stage.frames(20);
    assert!(stage.state().compare.is_some(), "it is still down");
    stage.harness.drop_at(at.center());
    stage.frames(3);
    assert!(stage.state().compare.is_none() && weights(&stage)[2] < 0.01);
}

#[test]
fn snapshots_are_kept_and_gone_over_to_by_their_buttons_and_undo_goes_back() {
    let mut stage = Stage::ready();
    stage.answered();
    let disabled = |stage: &Stage, label| {
        stage
            .harness
            .get_by_label(label)
            .accesskit_node()
            .is_disabled()
    };
    assert!(disabled(&stage, "Go to snapshot A"));
    assert!(disabled(&stage, "Hold to compare with the other snapshot"));
    stage.click("Keep the sliders as snapshot A");
    assert!(!disabled(&stage, "Go to snapshot A"));
    stage.click("Mute harmless");
    assert!(!disabled(&stage, "Hold to compare with the other snapshot"));
    stage.click("Go to snapshot A");
    assert_eq!(weights(&stage), [0.5, 1.0, 0.0]);
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(weights(&stage), [0.5, 0.0, 0.0]);
}
