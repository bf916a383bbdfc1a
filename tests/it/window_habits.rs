//! The sheet over the window: settings, messages, about; prompts that may upset; a text that is hidden.

use counterpoise::app::AppOptions;
use counterpoise::app::state::habits::{CardHabit, Sheet};
use counterpoise::app::state::settings::{Mode, Settings, ThemeChoice};
use counterpoise::error::Failure;
use counterpoise::worker::{Command, Event};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::{BASE, GUIDED, Stage, info};

fn demo(blur: bool) -> Stage {
    let mut settings = Settings {
        mode: Mode::Demo,
        ..Settings::default()
    };
    settings.habits.blur = blur;
    let mut stage = Stage::remembering(AppOptions::default(), settings);
    stage.tell(Event::Loaded(info().into()));
    while stage.next_command().is_some() {}
    stage
}

fn settings_open() -> Stage {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::Comma);
    assert_eq!(stage.state().sheet, Some(Sheet::Settings));
    stage
}

/// Every label that tells of the plain model's text.
fn base_label(stage: &Stage) -> (String, String) {
    let node = stage.harness.get_by_label_contains("Base text");
    let label = node.accesskit_node().label().unwrap_or_default();
    (label, node.value().unwrap_or_default())
}

#[test]
fn a_key_opens_the_settings_and_escape_closes_them() {
    let mut stage = settings_open();
    assert!(stage.shows("Back to the usual settings"));
    stage.click("Dark");
    assert_eq!(stage.state().settings.theme, ThemeChoice::Dark);
    stage.click("With Ctrl");
    assert_eq!(stage.state().settings.habits.cards, CardHabit::WithCtrl);
    stage.click("Reduce motion");
    stage.click("Always show scroll bars");
    let habits = &stage.state().settings.habits;
    assert!(habits.still && habits.scroll_bars);
    let style = stage.harness.ctx.global_style();
    assert!(style.animation_time == 0.0 && !style.spacing.scroll.floating);
    stage.press(Modifiers::NONE, Key::Escape);
    assert_eq!(stage.state().sheet, None);
}

#[test]
fn the_usual_settings_come_back_and_go_again() {
    let mut stage = settings_open();
    stage.click("Dark");
    stage.click("Larger");
    let before = stage.state().settings.clone();
    // It stands at the end of what scrolls.
    stage
        .harness
        .get_by_label("Back to the usual settings")
        .scroll_to_me();
    stage.frames(20);
    stage.click("Back to the usual settings");
    assert_eq!(stage.state().settings, Settings::default());
    stage.click("Bring mine back");
    assert_eq!(stage.state().settings, before);
    assert!(!stage.shows("Bring mine back"));
}

#[test]
fn a_zoom_is_typed() {
    let mut stage = settings_open();
    stage.harness.get_by_label("Zoom in per cent").click();
    stage.frames(2);
    stage.press(Modifiers::COMMAND, Key::A);
    stage
        .harness
        .get_by_label("Zoom in per cent")
        .type_text("135");
    stage.frames(1);
    stage.press(Modifiers::NONE, Key::Enter);
    assert!((stage.state().settings.zoom - 1.35).abs() < 1e-4);
    assert!((stage.harness.ctx.zoom_factor() - 1.35).abs() < 1e-4);
}

#[test]
fn models_are_loaded_again_from_the_settings() {
    let mut stage = settings_open();
    while stage.next_command().is_some() {}
    stage.click("Load the models again");
    assert!(matches!(stage.next_command(), Some(Command::Load { .. })));
}

#[test]
fn what_was_set_counts_for_the_next_start() {
    let mut settings = Settings::default();
    settings.habits.device = Some("cpu".to_owned());
    settings.habits.threads = Some(3);
    settings.zoom = f32::INFINITY;
    let stage = Stage::remembering(AppOptions::default(), settings);
    let compute = &stage.state().compute;
    assert_eq!(
        (compute.device.as_deref(), compute.threads),
        (Some("cpu"), Some(3))
    );
    assert!((stage.state().settings.zoom - 1.0).abs() < 1e-6);
}

#[test]
fn a_card_opens_as_the_settings_say() {
    let mut stage = Stage::ready();
    stage.answered();
    let card = |stage: &Stage| stage.harness.query_by_label("Token card").is_some();
    let point = |stage: &mut Stage| {
        let text = stage.harness.get_by_label("Guided text");
        text.hover();
        stage.frames(2);
        let rect = stage.harness.get_by_label("Guided text").rect();
        let word = rect.left_top() + egui::vec2(20.0, 16.0);
        stage.harness.hover_at(word);
        stage.frames(40);
    };
    point(&mut stage);
    assert!(stage.state().focus.hovered.is_some());
    assert!(card(&stage), "a moment has gone by");
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("With Ctrl");
    stage.press(Modifiers::NONE, Key::Escape);
    point(&mut stage);
    assert!(stage.state().focus.hovered.is_some() && !card(&stage));
}

#[test]
fn what_went_wrong_can_be_read_again() {
    let mut stage = Stage::ready();
    assert!(stage.shows("Show messages"));
    stage.tell(Event::Failed {
        run: None,
        failure: Failure::failed("The card fell out").details("error 7"),
    });
    stage.click("Dismiss");
    stage.click("Show messages: 1 new");
    assert!(stage.shows("The card fell out") && !stage.shows("error 7"));
    stage.click("Show details");
    assert!(stage.shows("error 7"));
    stage.click("Close");
    assert!(!stage.shows("1 new"), "it was read");
}

#[test]
fn the_palette_leads_to_the_messages_and_to_what_is_told_of_the_program() {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::K);
    stage
        .harness
        .get_by_label("Find a command")
        .type_text("about");
    stage.frames(2);
    stage.press(Modifiers::NONE, Key::Enter);
    assert_eq!(stage.state().sheet, Some(Sheet::About));
    assert!(stage.shows("GenARM") && stage.shows("Copy details"));
    stage.click("Messages");
    assert!(stage.shows("Nothing was told yet"));
}

#[test]
fn the_licence_of_a_library_is_read_by_pressing_its_name() {
    let list = include_str!("../../assets/licences/libraries.txt");
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::K);
    stage
        .harness
        .get_by_label("Find a command")
        .type_text("about");
    stage.frames(2);
    stage.press(Modifiers::NONE, Key::Enter);
    let header = format!("{} libraries", list.lines().count());
    stage.click(&header);
    assert!(!stage.shows("Permission is hereby granted"));
    let first = list.lines().next().unwrap();
    stage.harness.get_by_label(first).click_accesskit();
    // It scrolls to the text.
    stage.frames(20);
    assert!(stage.shows("Permission is hereby granted"));
    assert!(stage.shows("Copy its licence"));
}

#[test]
fn the_plain_text_is_hidden_until_it_is_pointed_at_or_has_the_keyboard() {
    let mut stage = demo(true);
    stage.answered();
    stage.harness.hover_at(egui::pos2(5.0, 5.0));
    stage.frames(3);
    let (label, value) = base_label(&stage);
    assert!(
        label.contains("hidden") && value.is_empty(),
        "{label}: {value}"
    );
    assert_eq!(
        stage.text_of("Guided text").trim(),
        "Just tell them the plain truth."
    );
    stage.harness.get_by_label_contains("Base text").hover();
    stage.frames(3);
    assert_eq!(base_label(&stage), ("Base text".to_owned(), BASE.concat()));
    stage.harness.hover_at(egui::pos2(5.0, 5.0));
    stage.frames(3);
    assert!(base_label(&stage).0.contains("hidden"));
    stage.harness.get_by_label_contains("Base text").focus();
    stage.frames(3);
    assert_eq!(base_label(&stage).1, BASE.concat());
}

#[test]
fn the_blur_is_a_button_of_demo_mode_and_counts_there_alone() {
    let mut stage = demo(false);
    stage.answered();
    assert_eq!(base_label(&stage).1, BASE.concat());
    stage.click("Blur what the plain model writes until I point at it");
    assert!(stage.state().settings.habits.blur);
    stage.harness.hover_at(egui::pos2(5.0, 5.0));
    stage.frames(3);
    assert!(base_label(&stage).0.contains("hidden"));
    stage.click("Lab");
    assert_eq!(base_label(&stage).1, BASE.concat());
}

#[test]
fn the_blur_does_not_tell_who_wrote_which_text_in_a_blind_vote() {
    let mut stage = demo(true);
    stage.answered();
    stage.press(Modifiers::COMMAND, Key::J);
    stage.harness.hover_at(egui::pos2(5.0, 5.0));
    stage.frames(3);
    let mut texts = ["Text A", "Text B"].map(|name| stage.text_of(name));
    texts.sort();
    assert_eq!(texts, [BASE.concat(), GUIDED.concat()]);
}
