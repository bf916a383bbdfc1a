//! The pages of the window, and the one on which models are chosen.

use counterpoise::app::state::page::Page;
use counterpoise::domain::Pane;
use egui::{Key, Modifiers};

use crate::stage::Stage;

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
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.press(Modifiers::COMMAND, Key::Enter);
    stage.press(Modifiers::COMMAND, Key::R);
    assert!(stage.next_command().is_none());
    assert!(stage.state().run().is_none());
}
