//! What everybody needs to be able to use the window: targets that can be hit, names that can be heard.

use std::collections::BTreeSet;

use counterpoise::app::state::page::Page;
use counterpoise::domain::{Finish, Pane};
use counterpoise::error::Failure;
use counterpoise::worker::Event;
use egui::accesskit::{Live, Role};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{AccessKitNode, NodeT, Queryable};

use crate::stage::Stage;

/// The least width and height of what can be pressed, points.
const TARGET: f32 = 24.0;

/// Whether something can be pressed or typed into.
fn pressed(node: &AccessKitNode<'_>) -> bool {
    let by_hand = matches!(
        node.role(),
        Role::Button
            | Role::CheckBox
            | Role::RadioButton
            | Role::ComboBox
            | Role::Slider
            | Role::SpinButton
            | Role::TextInput
            | Role::MultilineTextInput
    );
    by_hand && !node.is_disabled()
}

/// What can be pressed or typed into, and is too small or has no name.
fn faults(stage: &Stage, place: &str) -> Vec<String> {
    let nodes = stage.harness.query_all_by(pressed);
    nodes
        .filter_map(|node| {
            let rect = node.rect();
            let name = node.accesskit_node().label().unwrap_or_default();
            let small = rect.height() < TARGET - 0.5 || rect.width() < TARGET - 0.5;
            let fault = match (small, name.is_empty()) {
                (true, _) => format!("{:.0} by {:.0}", rect.width(), rect.height()),
                (false, true) => "without a name".to_owned(),
                (false, false) => return None,
            };
            let role = node.accesskit_node().role();
            Some(format!("{place}: {role:?} \"{name}\" {fault}"))
        })
        .collect()
}

#[test]
fn everything_that_can_be_pressed_can_be_hit_and_has_a_name() {
    let mut stage = Stage::ready();
    let mut found = Vec::new();
    let keys = [
        (Page::Models, Key::Num2),
        (Page::Train, Key::Num3),
        (Page::Tradeoff, Key::Num4),
        (Page::Runs, Key::Num5),
        (Page::Score, Key::Num6),
    ];
    for (page, key) in keys {
        stage.press(Modifiers::COMMAND, key);
        assert_eq!(stage.state().page, page);
        found.extend(faults(&stage, page.label()));
    }
    stage.press(Modifiers::ALT, Key::Home);
    found.extend(faults(&stage, "Start"));
    stage.press(Modifiers::COMMAND, Key::Num1);
    found.extend(faults(&stage, "Steer, empty"));
    while stage.next_command().is_some() {}
    stage.answered();
    stage.press(Modifiers::COMMAND, Key::D);
    stage.press(Modifiers::COMMAND, Key::T);
    stage.press(Modifiers::NONE, Key::J);
    found.extend(faults(&stage, "Steer with a card and the table"));
    stage.press(Modifiers::COMMAND, Key::K);
    found.extend(faults(&stage, "Palette"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn f6_goes_through_the_parts_of_every_page() {
    let mut stage = Stage::ready();
    let pages: [(Key, &[&str]); 4] = [
        // Nothing has been trained or swept yet.
        (Key::Num3, &["Browse for pairs", "Browse for pairs"]),
        (Key::Num4, &["Current", "Current"]),
        (
            Key::Num5,
            &["Search runs", "Path of a saved run", "Search runs"],
        ),
        (Key::Num6, &["Answers", "helpful weight", "Answers"]),
    ];
    for (page, parts) in pages {
        stage.press(Modifiers::COMMAND, page);
        stage.goes_through(parts);
    }
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.answered();
    stage.press(Modifiers::COMMAND, Key::T);
    stage.goes_through(&[
        "Base text",
        "Guided text",
        "helpful weight",
        "List the base text",
        "Search prompts",
        "Prompt",
        "Base text",
    ]);
}

#[test]
fn tab_reaches_everything_that_can_be_pressed() {
    let mut stage = Stage::ready();
    let mut missed = Vec::new();
    for key in [
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
    ] {
        stage.press(Modifiers::COMMAND, key);
        let mut left: BTreeSet<String> = (stage.harness.query_all_by(pressed))
            .filter_map(|node| node.accesskit_node().label())
            .collect();
        let all = left.len();
        for _ in 0..2 * all {
            stage.press(Modifiers::NONE, Key::Tab);
            left.remove(&stage.focused());
        }
        let page = stage.state().page.label();
        missed.extend(left.into_iter().map(|name| format!("{page}: {name}")));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What the part of the window says that is read out whenever it changes.
fn said(stage: &Stage) -> (String, Live) {
    let nodes = stage.harness.query_all_by(|node| node.live() != Live::Off);
    let mut nodes = nodes.collect::<Vec<_>>().into_iter();
    let node = nodes.next().unwrap();
    assert!(nodes.next().is_none(), "one place speaks");
    let node = node.accesskit_node();
    (node.label().unwrap_or_default(), node.live())
}

#[test]
fn what_begins_ends_and_goes_wrong_is_read_out_and_words_are_not() {
    let mut stage = Stage::ready();
    assert_eq!(
        said(&stage),
        ("Test models is ready".to_owned(), Live::Polite)
    );
    let run = stage.run();
    let writing = ("Writing".to_owned(), Live::Polite);
    assert_eq!(said(&stage), writing);
    for position in 0..7 {
        stage.write(run, Pane::Base, position..position + 1);
        stage.write(run, Pane::Guided, position..position + 1);
        assert_eq!(said(&stage), writing);
    }
    stage.finish(run, Finish::Eos);
    let done = "Done; the guided text has 7 tokens";
    assert_eq!(said(&stage), (done.to_owned(), Live::Polite));
    let run = stage.run();
    assert_eq!(said(&stage), writing);
    stage.write(run, Pane::Guided, 0..2);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.finish(run, Finish::Cancelled);
    let stopped = "Stopped; the guided text has 2 tokens";
    assert_eq!(said(&stage), (stopped.to_owned(), Live::Polite));
    let run = stage.run();
    stage.tell(Event::Failed {
        run: Some(run),
        failure: Failure::failed("The models failed").hint("Run it again"),
    });
    let failed = "The models failed. Run it again";
    assert_eq!(said(&stage), (failed.to_owned(), Live::Assertive));
    // It is heard on every page, and in a window that is too small for them.
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.harness.set_size(egui::vec2(500.0, 300.0));
    stage.frames(3);
    assert_eq!(said(&stage).0, failed);
}
