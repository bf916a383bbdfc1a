//! The sliders with their names and buttons.

use counterpoise::app::theme;
use counterpoise::app::widgets::weight_slider::WeightStrip;
use egui::{Id, Key, accesskit, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotResults};

use super::{harness, look};

struct Strips {
    weights: [f64; 3],
    muted: bool,
    soloed: bool,
    done: bool,
}

fn strip_harness(dark: bool) -> Harness<'static, Strips> {
    let state = Strips {
        weights: [1.0, 0.6, 0.0],
        muted: false,
        soloed: false,
        done: false,
    };
    let mut harness = harness(vec2(340.0, 230.0), dark, state, |ui, state| {
        let palette = theme::palette(ui);
        palette.card().show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::space::M;
            for (index, name) in ["helpful", "harmless", "humorous"].into_iter().enumerate() {
                let answer = WeightStrip {
                    unit: None,
                    id: Id::unique(name),
                    name,
                    about: "Answers the question",
                    color: palette.objective(index),
                    value: state.weights[index],
                    default: 1.0,
                    muted: index == 1 && state.muted,
                    soloed: index == 1 && state.soloed,
                    silent: index == 1 && state.muted || index != 1 && state.soloed,
                    selected: index == 0,
                    band: None,
                    band_words: None,
                    moving_words: None,
                }
                .show(ui);
                if let Some(weight) = answer.weight {
                    state.weights[index] = weight;
                }
                if index == 1 {
                    state.muted ^= answer.mute;
                    state.soloed ^= answer.solo;
                    state.done |= answer.done;
                }
            }
        });
    });
    harness.run();
    harness
}

#[test]
fn the_weight_strips_look_right_in_both_themes() {
    let mut results = SnapshotResults::new();
    for (dark, name) in [(false, "strips_light"), (true, "strips_dark")] {
        let mut harness = strip_harness(dark);
        harness.get_by_label("Mute harmless").click();
        harness.run();
        harness.remove_cursor();
        harness.run();
        results.extend(look(&mut harness, name));
    }
}

#[test]
fn a_weight_is_set_by_keys_by_dragging_and_by_assistive_tools() {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let mut harness = strip_harness(false);
    let slider = |harness: &Harness<'_, Strips>| harness.get_by_label("harmless weight").rect();
    harness.get_by_label("harmless weight").focus();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert!(near(harness.state().weights[1], 0.65));
    harness.key_press(Key::PageUp);
    harness.run();
    assert!(near(harness.state().weights[1], 1.15));
    harness.key_press(Key::Home);
    harness.run();
    assert!(near(harness.state().weights[1], 0.0));

    let rail = slider(&harness);
    harness.drag_at(rail.left_center() + vec2(9.0, 0.0));
    harness.run();
    harness.hover_at(rail.right_center() - vec2(2.0, 0.0));
    harness.run();
    assert!(
        near(harness.state().weights[1], 3.0),
        "{}",
        harness.state().weights[1]
    );
    harness.state_mut().done = false;
    harness.drop_at(rail.right_center());
    harness.run();
    assert!(harness.state().done, "letting go completes the change");

    harness
        .get_by_label("harmless weight")
        .set_value_accesskit(2.5);
    harness.run();
    assert!(near(harness.state().weights[1], 2.5));
    let value = harness
        .get_by_label("harmless weight")
        .accesskit_node()
        .numeric_value();
    assert_eq!(value, Some(2.5));

    for _ in 0..2 {
        harness.get_by_label("harmless weight").click();
        harness.step();
    }
    harness.run();
    assert!(
        near(harness.state().weights[1], 1.0),
        "{}",
        harness.state().weights[1]
    );
}

#[test]
fn mute_and_solo_are_buttons_that_say_whether_they_are_down() {
    let mut harness = strip_harness(false);
    harness.get_by_label("Solo harmless").click();
    harness.run();
    assert!(harness.state().soloed);
    let toggled = harness
        .get_by_label("Solo harmless")
        .accesskit_node()
        .toggled();
    assert_eq!(toggled, Some(accesskit::Toggled::True));
}
