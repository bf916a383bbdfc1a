//! The window under a person's hands: clicks, keys and drags against a worker whose answers the test writes itself.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use counterpoise::app::AppOptions;
use counterpoise::app::state::TokenRef;
use counterpoise::app::state::settings::{HeatMode, Settings, ThemeChoice};
use counterpoise::domain::{Finish, Pane};
use counterpoise::error::Failure;
use counterpoise::worker::shelf::ShelfEvent;
use counterpoise::worker::{Command, Event, LineupSource};
use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::{GUIDED, Stage, info};

#[test]
fn one_press_runs_the_first_prompt_of_the_library() {
    let mut stage = Stage::ready();
    let first = stage.state().library.prompts[0].text.clone();
    stage.click("Run");
    let Some(Command::Generate(request)) = stage.next_command() else {
        panic!("nothing was asked of the worker");
    };
    assert_eq!(request.prompt.text, first);
    assert_eq!(*request.weights, [0.5, 1.0, 0.0]);
    assert!(stage.shows("Stop"));
}

#[test]
fn ctrl_enter_runs_from_inside_the_prompt_box_and_writes_no_line_break() {
    let mut stage = Stage::ready();
    let before = stage.state().draft.prompt.text.clone();
    stage.harness.get_by_label("Prompt").focus();
    stage.frames(2);
    stage.press(Modifiers::COMMAND, Key::Enter);
    assert!(matches!(stage.next_command(), Some(Command::Generate(_))));
    assert_eq!(stage.state().draft.prompt.text, before);
}

#[test]
fn both_texts_stream_side_by_side() {
    let mut stage = Stage::ready();
    let run = stage.run();
    stage.write(run, Pane::Base, 0..5);
    stage.write(run, Pane::Guided, 0..5);
    assert_eq!(stage.text_of("Base text"), "Just tell them a good");
    assert_eq!(stage.text_of("Guided text"), "Just tell them the plain");
    assert!(stage.shows("Writing…"));
    assert_eq!(stage.state().run().unwrap().first_difference(), Some(3));
    stage.write(run, Pane::Base, 5..7);
    stage.write(run, Pane::Guided, 5..7);
    stage.finish(run, Finish::Eos);
    assert!(stage.shows("Done"));
    assert!(stage.shows("14 tokens"));
}

#[test]
fn dragging_a_slider_while_writing_tells_the_worker_the_new_weight() {
    let mut stage = Stage::ready();
    let run = stage.run();
    stage.write(run, Pane::Guided, 0..2);
    let slider = stage
        .harness
        .get_by_role_and_label(Role::Slider, "humorous weight")
        .rect();
    stage.harness.drag_at(slider.left_center() + vec2(8.0, 0.0));
    stage.frames(1);
    stage.harness.hover_at(slider.center());
    stage.frames(1);
    stage.harness.drop_at(slider.center());
    stage.frames(3);
    let mut last = None;
    while let Some(command) = stage.next_command() {
        let Command::SetWeights { run: told, weights } = command else {
            panic!("{command:?}");
        };
        assert_eq!(told, run);
        last = Some(weights);
    }
    let last = last.expect("the worker was told");
    assert!((last[2] - 1.5).abs() < 0.05, "{last:?}");
    assert_eq!(last[..2], [0.5, 1.0]);
    assert!(stage.shows("1.50 humorous") || stage.shows("humorous"));
}

#[test]
fn escape_stops_at_the_next_word_and_keeps_what_is_there() {
    let mut stage = Stage::ready();
    let run = stage.run();
    stage.write(run, Pane::Guided, 0..3);
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(stage.state().run().unwrap().cancel.is_cancelled());
    assert!(stage.shows("Stopping…"));
    stage.finish(run, Finish::Cancelled);
    assert!(stage.shows("Stopped"));
    assert_eq!(stage.text_of("Guided text"), "Just tell them");
}

#[test]
fn undo_and_redo_work_inside_the_prompt_box() {
    let mut stage = Stage::ready();
    let before = stage.state().draft.prompt.text.clone();
    stage.harness.get_by_label("Prompt").focus();
    stage.frames(2);
    stage.harness.get_by_label("Prompt").type_text("x");
    stage.frames(2);
    let after = stage.state().draft.prompt.text.clone();
    assert_ne!(before, after);
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.state().draft.prompt.text, before);
    assert_eq!(stage.text_of("Prompt"), before);
    stage.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(stage.state().draft.prompt.text, after);
}

#[test]
fn a_new_seed_writes_anew_and_undo_brings_the_old_text_back() {
    let mut stage = Stage::ready();
    let first = stage.answered();
    stage.press(Modifiers::COMMAND, Key::R);
    let Some(Command::Generate(request)) = stage.next_command() else {
        panic!("nothing was asked of the worker");
    };
    assert_ne!(request.sampling.seed, 16);
    stage.finish(request.run, Finish::Eos);
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.state().shown, Some(first));
}

#[test]
fn a_word_under_the_pointer_shows_its_card_and_a_click_keeps_it() {
    let mut stage = Stage::ready();
    stage.answered();
    let text = stage.harness.get_by_label("Guided text").rect();
    let at = text.min + vec2(16.0, 20.0);
    stage.harness.hover_at(at);
    stage.frames(40);
    assert_eq!(
        stage.state().focus.hovered,
        Some(TokenRef {
            pane: Pane::Guided,
            index: 0
        })
    );
    assert!(stage.shows("Written with 0.50 helpful, 1.00 harmless"));
    stage.harness.drag_at(at);
    stage.harness.drop_at(at);
    stage.frames(3);
    stage.harness.hover_at(egui::pos2(640.0, 10.0));
    stage.frames(5);
    assert!(stage.state().focus.hovered.is_none());
    assert!(stage.shows("Written with"), "a pinned card stays");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.shows("Written with"));
}

#[test]
fn mute_and_solo_are_buttons_with_names() {
    let mut stage = Stage::ready();
    assert!(stage.shows("guided ∝ base + 0.50 helpful + 1.00 harmless"));
    stage.click("Mute helpful");
    assert!(stage.shows("guided ∝ base + 1.00 harmless"));
    stage.click("Mute helpful");
    stage.click("Solo helpful");
    assert!(stage.shows("guided ∝ base + 0.50 helpful"));
    assert!(!stage.shows("1.00 harmless"));
}

#[test]
fn the_heatmap_changes_its_number_its_objective_and_goes_away() {
    let mut stage = Stage::ready();
    stage.answered();
    stage.click("Colour words by harmless");
    assert_eq!(stage.state().focus.objective, 1);
    stage.click("Influence");
    assert_eq!(stage.state().settings.heat.mode, HeatMode::Influence);
    stage.press(Modifiers::COMMAND, Key::H);
    assert!(!stage.state().settings.heat.on);
    assert!(!stage.shows("Lock the scale"));
}

#[test]
fn a_failed_load_shows_a_card_with_a_way_on() {
    let mut stage = Stage::opened(AppOptions {
        lineup: LineupSource::File("lineup.toml".into()),
        ..AppOptions::default()
    });
    stage.tell(Event::Failed {
        run: None,
        failure: Failure::input("The file lineup.toml is missing")
            .hint("Check the path")
            .details("No such file or directory"),
    });
    assert!(stage.shows("The file lineup.toml is missing"));
    assert!(stage.shows("Check the path"));
    stage.click("Show details");
    assert!(stage.shows("No such file or directory"));
    stage.click("Use the built-in model");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Load {
            source: LineupSource::Demo,
            ..
        })
    ));
    assert!(!stage.shows("The file lineup.toml is missing"));
}

#[test]
fn a_failed_run_keeps_its_words_and_can_be_run_again() {
    let mut stage = Stage::ready();
    let run = stage.run();
    stage.write(run, Pane::Guided, 0..3);
    stage.tell(Event::Failed {
        run: Some(run),
        failure: Failure::failed("The models ran out of memory"),
    });
    assert!(stage.shows("The models ran out of memory"));
    assert_eq!(stage.text_of("Guided text"), "Just tell them");
    stage.click("Dismiss");
    assert!(!stage.shows("The models ran out of memory"));
    stage.click("Run again");
    assert!(matches!(stage.next_command(), Some(Command::Generate(_))));
}

#[test]
fn loading_shows_its_stage_and_can_be_cancelled() {
    let mut stage = Stage::opened(AppOptions::default());
    stage.tell(Event::Loading {
        stage: "Reading weights".to_owned(),
        fraction: Some(0.4),
    });
    assert!(stage.shows("Reading weights"));
    stage.click("Cancel");
    stage.tell(Event::Failed {
        run: None,
        failure: Failure::interrupted(),
    });
    assert!(stage.shows("Loading the models was stopped"));
    assert!(stage.shows("Try again"));
}

#[test]
fn the_theme_is_changed_in_the_view_menu() {
    let mut stage = Stage::ready();
    stage.click("View");
    stage.click("Light");
    assert_eq!(stage.state().settings.theme, ThemeChoice::Light);
    assert!(!stage.harness.ctx.global_style().visuals.dark_mode);
    stage.click("View");
    stage.click("Dark");
    assert!(stage.harness.ctx.global_style().visuals.dark_mode);
}

#[test]
fn keys_zoom_and_open_the_table_of_shortcuts() {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::Plus);
    assert!((stage.harness.ctx.zoom_factor() - 1.1).abs() < 1e-5);
    stage.press(Modifiers::COMMAND, Key::Num0);
    assert!((stage.harness.ctx.zoom_factor() - 1.0).abs() < 1e-5);
    stage.press(Modifiers::NONE, Key::F1);
    assert!(stage.shows("Keyboard shortcuts"));
    stage.click("Close");
    assert!(!stage.state().help_open);
}

#[test]
fn f6_goes_through_the_parts_of_the_window() {
    let mut stage = Stage::ready();
    stage.answered();
    let focused = |stage: &Stage, label: &str| stage.harness.get_by_label(label).is_focused();
    stage.press(Modifiers::NONE, Key::F6);
    assert!(focused(&stage, "Base text"));
    stage.press(Modifiers::NONE, Key::F6);
    assert!(focused(&stage, "Guided text"));
    stage.press(Modifiers::NONE, Key::F6);
    assert!(focused(&stage, "helpful weight"));
    stage.press(Modifiers::NONE, Key::F6);
    assert!(focused(&stage, "Search prompts"));
    stage.press(Modifiers::NONE, Key::F6);
    assert!(focused(&stage, "Prompt"));
}

#[test]
fn a_prompt_far_from_what_the_models_know_gets_a_notice_with_a_way_on() {
    let mut window = Stage::ready();
    let was_open = window.state().settings.library_open;
    let notice =
        "The built-in model only knows everyday situations, and this prompt is far from them";
    for unfamiliar in [false, true] {
        let run = window.run();
        window.tell(Event::Started {
            run,
            rendered: "<>".to_owned(),
            prompt_tokens: 2,
            first: 0,
            unfamiliar,
        });
        assert_eq!(window.shows(notice), unfamiliar);
        window.press(Modifiers::NONE, Key::Escape);
        window.finish(run, Finish::Cancelled);
    }
    if was_open {
        window.click("Library");
    }
    window.click("Open the library");
    assert!(window.state().settings.library_open);
}

#[test]
fn the_library_is_searched_and_a_prompt_is_taken() {
    let mut stage = Stage::ready();
    let wanted = stage.state().library.prompts[2].clone();
    stage.harness.get_by_label("Search prompts").focus();
    stage.frames(2);
    stage
        .harness
        .get_by_label("Search prompts")
        .type_text(&wanted.title);
    stage.frames(3);
    stage.click(&format!("{}: {}", wanted.title, wanted.why));
    assert_eq!(stage.state().draft.prompt.text, wanted.text);
}

#[test]
fn every_control_has_a_name_and_is_large_enough_to_be_hit() {
    let mut stage = Stage::ready();
    stage.answered();
    stage.click("Advanced");
    stage.frames(20);
    stage.harness.check_accessibility();
    let controls = [
        Role::Button,
        Role::CheckBox,
        Role::Slider,
        Role::SpinButton,
        Role::ComboBox,
    ];
    let mut seen = 0;
    for role in controls {
        for node in stage.harness.query_all_by_role(role) {
            seen += 1;
            let (rect, label) = (node.rect(), node.accesskit_node().label());
            // What has scrolled out of sight is cut off by the toolkit.
            let visible = rect.width() > 0.0 && rect.height() > 0.0;
            assert!(
                !visible || rect.height() >= 19.0,
                "{role:?} {label:?} is {} points high",
                rect.height()
            );
        }
    }
    assert!(seen > 20, "only {seen} controls");
}

#[test]
fn a_window_at_rest_asks_for_no_frames() {
    let mut stage = Stage::ready();
    stage.answered();
    stage.harness.run();
    assert!(stage.harness.try_run().is_ok());
}

#[test]
fn the_smallest_promised_window_shows_both_texts() {
    let mut stage = Stage::ready();
    stage.answered();
    stage.harness.set_size(vec2(1024.0, 700.0));
    stage.frames(4);
    let base = stage.harness.get_by_label("Base text").rect();
    let guided = stage.harness.get_by_label("Guided text").rect();
    assert!(
        base.width() > 180.0 && guided.width() > 180.0,
        "{base} {guided}"
    );
    assert!(base.height() > 150.0 && base.max.x < guided.min.x);
    assert!((base.width() - guided.width()).abs() < 2.0);
}

#[test]
fn a_window_too_small_for_its_texts_still_stands_and_shows_them_when_it_grows() {
    let mut stage = Stage::ready();
    stage.answered();
    for height in [820.0, 420.0, 300.0, 240.0, 180.0, 820.0] {
        stage.harness.set_size(vec2(427.0, height));
        stage.frames(4);
        stage.harness.get_by_label("Guided text").scroll_to_me();
        stage.frames(2);
    }
    assert_eq!(stage.text_of("Guided text"), GUIDED.concat());
}

#[test]
fn a_worker_that_dies_leaves_the_window_standing() {
    let mut stage = Stage::ready();
    stage.answered();
    let (events, _) = sync_channel(1);
    stage.events = events;
    stage.frames(3);
    assert!(stage.shows("has ended"));
    assert_eq!(stage.text_of("Guided text"), GUIDED.concat());
}

#[test]
fn the_lineup_of_last_time_comes_back_and_one_that_has_gone_leaves_a_way_on() {
    let text = "schema = 1\nname = \"mine\"\n[base]\npath = \"/models/gone\"\n";
    let settings = || Settings {
        last_lineup: Some(text.to_owned()),
        ..Settings::default()
    };
    let reopening = || AppOptions {
        reopens: true,
        ..AppOptions::default()
    };
    let named = Stage::remembering(AppOptions::default(), settings());
    assert_eq!(named.state().source, LineupSource::Demo);

    let mut stage = Stage::remembering(reopening(), settings());
    let composed = LineupSource::Composed(text.into());
    assert_eq!(stage.state().source, composed);
    stage.tell(Event::Failed {
        run: None,
        failure: Failure::input("The base model: there is no /models/gone"),
    });
    assert!(stage.shows(
        "The lineup of last time cannot be opened: the base model: there is no /models/gone"
    ));
    assert!(stage.shows("Choose models") && stage.shows("Try again"));
    stage.click("Use the built-in model");
    let Some(Command::Load { source, .. }) = stage.next_command() else {
        panic!("nothing is loaded");
    };
    assert_eq!(source, LineupSource::Demo);
    // It is not forgotten before something else is there.
    assert!(stage.state().settings.last_lineup.is_some());
    stage.tell(Event::Loaded(Arc::new(info())));
    assert_eq!(stage.state().settings.last_lineup, None);

    let mut stage = Stage::remembering(reopening(), settings());
    stage.tell(Event::Loaded(Arc::new(info())));
    assert_eq!(stage.state().settings, settings());
    stage.press(egui::Modifiers::COMMAND, Key::Num2);
    stage.tell(Event::Shelf(ShelfEvent::Lineups {
        ready: Vec::new(),
        saved: Vec::new(),
    }));
    assert_eq!(stage.state().models.plan.name, "mine");
}
