//! A text of coloured words: hit, walked, copied and read out.

use counterpoise::app::theme;
use counterpoise::app::widgets::token_view::{
    Lane, TokenCell, TokenMark, TokenView, TokenViewResponse,
};
use egui::{Event, Id, Key, vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotResults};

use super::{WORDS, harness, look, scale};

fn words() -> Vec<TokenCell<'static>> {
    let mut cells: Vec<TokenCell<'static>> = WORDS
        .iter()
        .map(|&(text, value)| TokenCell {
            text,
            value: Some(value),
            mark: TokenMark::Word,
        })
        .collect();
    if let Some(last) = cells.last_mut() {
        last.mark = TokenMark::End;
    }
    cells
}

#[derive(Default)]
struct Text {
    last: Option<TokenViewResponse>,
    clicked: Option<usize>,
}

fn text_harness(dark: bool) -> Harness<'static, Text> {
    let cells = words();
    let mut harness = harness(
        vec2(470.0, 250.0),
        dark,
        Text::default(),
        move |ui, state| {
            theme::palette(ui).card().show(ui, |ui| {
                let response = TokenView::new(Id::unique("guided"), "Guided text", &cells)
                    .scale(Some(scale()))
                    .fork_at(Some(7))
                    .change_at(Some(25))
                    .pinned(state.clicked)
                    .show(ui);
                if response.clicked.is_some() {
                    state.clicked = response.clicked;
                }
                state.last = Some(response);
            });
        },
    );
    harness.run();
    harness
}

#[test]
fn a_text_with_values_looks_right_in_both_themes() {
    let mut results = SnapshotResults::new();
    for (dark, name) in [(false, "text_light"), (true, "text_dark")] {
        let mut harness = text_harness(dark);
        results.extend(look(&mut harness, name));
    }
}

#[test]
fn lanes_and_frames_around_what_differs_look_right_in_both_themes() {
    let mut results = SnapshotResults::new();
    let values: Vec<Vec<Option<f64>>> = [1.0, -0.6, 0.2]
        .map(|factor| WORDS.iter().map(|word| Some(word.1 * factor)).collect())
        .to_vec();
    let differs: Vec<bool> = (0..WORDS.len())
        .map(|index| (7..14).contains(&index))
        .collect();
    for (dark, name) in [(false, "lanes_light"), (true, "lanes_dark")] {
        let (cells, values, differs) = (words(), values.clone(), differs.clone());
        let mut harness = harness(vec2(470.0, 420.0), dark, (), move |ui, ()| {
            let palette = theme::palette(ui);
            let names = ["helpful", "harmless", "humorous"];
            let lanes: Vec<Lane<'_>> = names
                .iter()
                .zip(&values)
                .enumerate()
                .map(|(index, (name, values))| Lane {
                    name,
                    color: palette.objective(index),
                    chosen: index == 0,
                    values,
                })
                .collect();
            palette.card().show(ui, |ui| {
                TokenView::new(Id::unique("guided"), "Guided text", &cells)
                    .scale(Some(scale()))
                    .lanes(&lanes)
                    .bars(false)
                    .differs(&differs)
                    .show(ui);
            });
        });
        harness.run();
        results.extend(look(&mut harness, name));
    }
}

#[test]
fn a_word_is_found_by_the_pointer_and_pinned_by_a_click() {
    let mut harness = text_harness(false);
    let place = |harness: &mut Harness<'_, Text>, steps: usize| {
        for _ in 0..steps {
            harness.key_press(Key::ArrowRight);
            harness.run();
        }
        harness
            .state()
            .last
            .as_ref()
            .and_then(|last| last.hovered_rect)
    };
    harness.get_by_label("Guided text").focus();
    harness.run();
    let sorry = place(&mut harness, 3).expect("the keyboard points at a word");
    assert_eq!(
        harness.state().last.as_ref().and_then(|last| last.hovered),
        Some(2)
    );

    harness.hover_at(sorry.center() + vec2(200.0, 0.0));
    harness.run();
    harness.hover_at(sorry.center());
    harness.run();
    assert_eq!(
        harness.state().last.as_ref().and_then(|last| last.hovered),
        Some(2)
    );
    harness.drag_at(sorry.center());
    harness.drop_at(sorry.center());
    harness.run();
    assert_eq!(harness.state().clicked, Some(2));
    let pinned = harness
        .state()
        .last
        .as_ref()
        .and_then(|last| last.pinned_rect);
    assert_eq!(pinned, Some(sorry));
}

#[test]
fn the_keyboard_walks_the_words_and_pins_one() {
    let mut harness = text_harness(false);
    harness.get_by_label("Guided text").focus();
    harness.run();
    for (key, expected) in [
        (Key::End, 35),
        (Key::ArrowLeft, 34),
        (Key::Home, 0),
        (Key::ArrowLeft, 0),
        (Key::ArrowRight, 1),
    ] {
        harness.key_press(key);
        harness.run();
        let hovered = harness.state().last.as_ref().and_then(|last| last.hovered);
        assert_eq!(hovered, Some(expected), "after {key:?}");
    }
    harness.key_press(Key::ArrowDown);
    harness.run();
    let below = harness.state().last.as_ref().and_then(|last| last.hovered);
    assert!(below > Some(1), "{below:?}");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().clicked, below);
}

#[test]
fn the_text_can_be_copied_and_is_read_out_whole() {
    let mut harness = text_harness(false);
    let whole: String = WORDS.iter().map(|word| word.0).collect();
    let node = harness.get_by_label("Guided text");
    assert_eq!(node.value().as_deref(), Some(whole.as_str()));
    node.focus();
    harness.run();
    harness.event(Event::Copy);
    harness.step();
    let copied =
        harness.output().platform_output.commands.iter().any(
            |command| matches!(command, egui::OutputCommand::CopyText(text) if *text == whole),
        );
    assert!(copied);
}

#[test]
fn words_that_are_dragged_over_are_copied() {
    let mut harness = text_harness(false);
    harness.get_by_label("Guided text").focus();
    harness.run();
    let mut place = |steps: usize| {
        for _ in 0..steps {
            harness.key_press(Key::ArrowRight);
            harness.run();
        }
        let last = harness.state().last.as_ref();
        last.and_then(|last| last.hovered_rect)
            .map(|rect| rect.center())
    };
    let (Some(sorry), Some(hear)) = (place(3), place(2)) else {
        unreachable!("the keyboard points at words");
    };
    harness.drag_at(sorry);
    harness.run();
    harness.hover_at((sorry.to_vec2() * 0.5 + hear.to_vec2() * 0.5).to_pos2());
    harness.run();
    harness.hover_at(hear);
    harness.run();
    harness.drop_at(hear);
    harness.run();
    assert_eq!(harness.state().clicked, None, "a drag pins nothing");
    harness.event(Event::Copy);
    harness.step();
    let copied = harness.output().platform_output.commands.iter().any(
        |command| matches!(command, egui::OutputCommand::CopyText(text) if text == " sorry to hear"),
    );
    assert!(copied, "{:?}", harness.output().platform_output.commands);
}
