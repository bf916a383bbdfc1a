//! Demo mode under a person's hands: the start page, two sliders, keys for whoever presents, the tour.

use counterpoise::app::AppOptions;
use counterpoise::app::state::settings::{Mode, Settings};
use counterpoise::domain::Pane;
use counterpoise::worker::{Command, Event};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::{Stage, info};

/// A window that is opened for the first time, with models.
fn first_time() -> Stage {
    let settings = Settings {
        greet: true,
        ..Settings::default()
    };
    let mut stage = Stage::remembering(AppOptions::default(), settings);
    stage.tell(Event::Loaded(info().into()));
    while stage.next_command().is_some() {}
    stage
}

/// Demo mode with models and without the tour.
fn demo() -> Stage {
    let mut stage = first_time();
    stage.click("Demo without the tour");
    stage
}

#[test]
fn the_start_page_has_three_ways_in_and_the_name_leads_back_to_it() {
    let mut stage = first_time();
    assert!(stage.shows("See it at once"));
    stage.click("Open the lab");
    assert!(stage.shows("Objectives"));
    stage.click("Counterpoise");
    stage.click("Choose models");
    assert!(stage.shows("Models"));
    stage.press(Modifiers::ALT, Key::Home);
    stage.click("Take the tour");
    assert!(stage.shows("0 of 8 done"));
    assert_eq!(stage.state().settings.mode, Mode::Demo);
}

#[test]
fn demo_mode_has_two_sliders_and_none_of_the_labs_words() {
    let mut stage = demo();
    let sliders: Vec<String> = stage
        .harness
        .get_all_by_role(Role::Slider)
        .filter_map(|node| node.accesskit_node().label())
        .collect();
    assert_eq!(
        sliders,
        ["Balance: mostly harmless", "Strength: strong"],
        "weights of 0.5 helpful and 1 harmless"
    );
    for word in ["Objectives", "Advanced", "Advantage", "Keep sum"] {
        assert!(!stage.shows(word), "{word}");
    }
    stage.goes_through(&["Balance: mostly harmless", "Prompt"]);
    stage.click("Lab");
    assert!(stage.shows("Objectives"));
}

#[test]
fn the_presenters_keys_run_stop_and_steer() {
    let mut stage = demo();
    stage.press(Modifiers::NONE, Key::Space);
    let Some(Command::Generate(request)) = stage.next_command() else {
        panic!("nothing was asked of the worker");
    };
    assert_eq!(*request.weights, [0.5, 1.0, 0.0]);
    stage.press(Modifiers::NONE, Key::ArrowLeft);
    let Some(Command::SetWeights { weights, .. }) = stage.next_command() else {
        panic!("the worker was not told");
    };
    assert!(weights[0] < 0.5 && weights[1] > 1.0);
    stage.press(Modifiers::NONE, Key::F);
    assert!(stage.shows("Everything stands still") && request.cancel.is_held());
    stage.press(Modifiers::NONE, Key::F);
    assert!(!request.cancel.is_held());
    stage.press(Modifiers::NONE, Key::Space);
    assert!(request.cancel.is_cancelled());
    let third = stage.state().library.prompts[2].text.clone();
    stage.press(Modifiers::NONE, Key::Num3);
    let asked = std::iter::from_fn(|| stage.next_command()).find_map(|command| match command {
        Command::Generate(request) => Some(request.prompt.text),
        _ => None,
    });
    assert_eq!(asked, Some(third));
}

#[test]
fn an_arrow_key_steers_however_often_it_is_pressed() {
    let mut stage = demo();
    let strength = |stage: &Stage| stage.state().blend().unwrap().1.strength;
    let before = strength(&stage);
    for _ in 0..4 {
        stage.press(Modifiers::NONE, Key::ArrowDown);
        stage.frames(2);
    }
    assert!((before - strength(&stage) - 0.4).abs() < 0.011);
    stage.press(Modifiers::NONE, Key::Space);
    assert!(matches!(stage.next_command(), Some(Command::Generate(_))));
}

#[test]
fn a_space_typed_into_the_prompt_is_a_space() {
    let mut stage = demo();
    stage.harness.get_by_label("Prompt").focus();
    stage.frames(2);
    stage.press(Modifiers::NONE, Key::Space);
    assert!(stage.next_command().is_none());
}

#[test]
fn the_card_of_a_word_says_why_in_a_sentence() {
    let mut stage = demo();
    stage.answered();
    stage.harness.get_by_label("Guided text").focus();
    stage.frames(2);
    for _ in 0..3 {
        stage.press(Modifiers::NONE, Key::ArrowRight);
    }
    stage.press(Modifiers::NONE, Key::Enter);
    stage.frames(3);
    let pinned = stage.state().focus.pinned.unwrap();
    assert_eq!(pinned.pane, Pane::Guided);
    let words: Vec<String> = stage
        .harness
        .get_all_by_role(Role::Label)
        .filter_map(|node| {
            node.accesskit_node()
                .value()
                .or(node.accesskit_node().label())
        })
        .collect();
    let tells = |part: &str| words.iter().any(|text| text.contains(part));
    assert!(tells("plain model"), "{words:?}");
    assert!(tells("without guidance"), "{words:?}");
}

#[test]
fn a_word_of_two_pieces_has_one_colour_in_demo_mode_and_by_choice_in_the_lab() {
    let mut stage = first_time();
    stage.click("Open the lab");
    stage.answered();
    let values = |stage: &Stage| {
        let state = stage.state();
        state.heat_values(state.run().unwrap(), Pane::Guided)
    };
    let single = values(&stage);
    stage.click("Sentences");
    let shared = values(&stage);
    assert_ne!(single, shared);
    let first = shared[0].unwrap();
    assert!(
        shared[..7]
            .iter()
            .all(|value| (value.unwrap() - first).abs() < 1e-9)
    );
    let sum: f64 = single[..7].iter().flatten().sum();
    assert!((first - sum / 7.0).abs() < 1e-9);
    stage.click("Tokens");
    assert_eq!(values(&stage), single);
}

#[test]
fn j_jumps_to_the_word_at_which_the_texts_part() {
    let mut stage = first_time();
    stage.click("Open the lab");
    stage.answered();
    stage.press(Modifiers::NONE, Key::J);
    let pinned = stage.state().focus.pinned.unwrap();
    assert_eq!((pinned.pane, pinned.index), (Pane::Guided, 3));
    // Again: it stays.
    stage.press(Modifiers::NONE, Key::J);
    assert_eq!(stage.state().focus.pinned, Some(pinned));
}

#[test]
fn the_palette_finds_a_command_by_typing_and_enter_does_it() {
    let mut stage = first_time();
    stage.click("Open the lab");
    stage.press(Modifiers::COMMAND, Key::K);
    stage.harness.event(egui::Event::Text("zoom".to_owned()));
    stage.frames(2);
    assert!(stage.shows("Zoom in") && !stage.shows("Draw again (Ctrl+R)"));
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.frames(2);
    assert!((stage.state().settings.zoom - 0.9).abs() < 1e-6);
    assert!(stage.state().palette.is_none());
    stage.press(Modifiers::COMMAND, Key::K);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.frames(2);
    assert!(stage.state().palette.is_none());
}

#[test]
fn the_palette_stays_inside_a_small_window() {
    let mut stage = first_time();
    stage.click("Open the lab");
    stage.harness.set_size(egui::vec2(427.0, 240.0));
    stage.frames(4);
    stage.press(Modifiers::COMMAND, Key::K);
    stage.frames(4);
    let field = stage.harness.get_by_label("Find a command").rect();
    assert!(field.min.y > 0.0 && field.max.x < 427.0, "{field}");
}
