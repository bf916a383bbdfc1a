//! The widgets as a person meets them: found by name, pressed, typed at, and looked at in both themes.

use std::sync::Arc;

use counterpoise::app::render::CpuRenderer;
use counterpoise::app::theme::{self, HeatScale, ScaleKind};
use counterpoise::app::widgets::legend::Legend;
use counterpoise::app::widgets::token_card::{CardObjective, CardValue, TokenCard};
use counterpoise::app::widgets::token_view::{TokenCell, TokenMark, TokenView, TokenViewResponse};
use counterpoise::app::widgets::weight_slider::WeightStrip;
use counterpoise::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};
use egui::{Event, Id, Key, Vec2, accesskit, vec2};
use egui_kittest::{
    Harness, SnapshotOptions, SnapshotResults, TestRenderer,
    kittest::{NodeT, Queryable},
};

/// Our renderer, for the test toolkit.
#[derive(Default)]
struct Renderer(CpuRenderer);

impl TestRenderer for Renderer {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.update(delta);
    }

    fn render(
        &mut self,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<image::RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.viewport_rect().size() * scale;
        let paper = theme::of(&ctx.global_style().visuals).window;
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        let size = [size.x.round() as u32, size.y.round() as u32];
        Ok(self.0.paint(&primitives, scale, size, paper))
    }
}

fn harness<'a, S: 'a>(
    size: Vec2,
    dark: bool,
    state: S,
    ui: impl FnMut(&mut egui::Ui, &mut S) + 'a,
) -> Harness<'a, S> {
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .with_theme(if dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        })
        .with_step_dt(1.0 / 60.0)
        .with_max_steps(120)
        .with_context_setup(theme::install)
        .renderer(Renderer::default())
        .build_ui_state(ui, state)
}

fn look<S>(harness: &mut Harness<'_, S>, name: &str) -> SnapshotResults {
    // Our own renderer paints the same bytes everywhere; a byte of rounding is forgiven.
    let options = SnapshotOptions::new().threshold(0.3);
    harness.snapshot_options(name, &options);
    harness.take_snapshot_results()
}

const WORDS: [(&str, f64); 36] = [
    ("I", 0.1),
    ("'m", 0.3),
    (" sorry", 1.9),
    (" to", 0.2),
    (" hear", 0.7),
    (" that", 0.1),
    (".", 0.0),
    (" Before", 0.5),
    (" you", -0.1),
    (" write", -0.4),
    (" back", -0.9),
    (",", 0.05),
    (" it", 0.2),
    (" may", 0.9),
    (" help", 1.2),
    (" to", 0.1),
    (" wait", 1.6),
    (" a", 0.0),
    (" day", 0.8),
    (".", 0.1),
    ("\n\n", 0.2),
    ("Un", -0.6),
    ("fair", -1.4),
    (" words", -1.1),
    (" are", -0.2),
    (" easy", -2.4),
    (" to", 0.0),
    (" send", -0.8),
    (" and", 0.1),
    (" hard", 0.4),
    (" to", 0.0),
    (" take", 0.6),
    (" back", 0.7),
    (".", 0.1),
    ("", 0.3),
    ("", 0.4),
];

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

fn scale() -> HeatScale {
    HeatScale::for_values(ScaleKind::Signed, WORDS.iter().map(|word| word.1))
}

#[test]
fn the_legend_puts_its_words_below_the_map_where_there_is_no_room_beside_it() {
    let sentence =
        "Blue words were made likelier by all objectives together, orange ones less likely";
    let mut harness = harness(vec2(280.0, 130.0), false, (), move |ui, ()| {
        theme::palette(ui).card().show(ui, |ui| {
            Legend {
                scale: scale(),
                name: "Influence",
                sentence,
            }
            .show(ui);
        });
    });
    harness.run();
    let words = harness.get_by_label(sentence).rect();
    let map = harness.get_by_label_contains("Colour scale").rect();
    assert!(words.top() >= map.bottom());
    assert!(words.width() > 150.0);
    look(&mut harness, "legend_narrow").unwrap();
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

#[test]
fn the_legend_looks_right_in_both_themes() {
    let mut results = SnapshotResults::new();
    for (dark, name) in [(false, "legend_light"), (true, "legend_dark")] {
        let mut harness = harness(vec2(560.0, 140.0), dark, (), |ui, ()| {
            theme::palette(ui).card().show(ui, |ui| {
                Legend {
                    scale: scale(),
                    name: "Advantage for helpful",
                    sentence: "Blue words are better for helpful than the plain model's average here, orange ones worse",
                }
                .show(ui);
                ui.add_space(theme::space::S);
                Legend {
                    scale: HeatScale::for_values(ScaleKind::Negative, [-5.0]),
                    name: "Raw reward of helpful",
                    sentence: "The reward model's log-probability: the stronger, the less it expects the word",
                }
                .show(ui);
            });
        });
        harness.run();
        harness.get_by_label_contains("from −2 to +2 nats");
        results.extend(look(&mut harness, name));
    }
}

fn insight() -> TokenInsight {
    let candidate = |id: u32, base: f64, guided: f64, values: [(f64, f64); 3]| Candidate {
        id,
        base: base.ln(),
        guided: guided.ln(),
        objectives: values
            .iter()
            .map(|&(reward, advantage)| ObjectiveInsight { reward, advantage })
            .collect(),
    };
    let top: Vec<Candidate> = [
        (0.081, 0.412, 1.9),
        (0.302, 0.218, -0.2),
        (0.114, 0.121, 0.1),
        (0.062, 0.071, 0.3),
        (0.048, 0.036, -0.4),
        (0.021, 0.024, 0.2),
        (0.033, 0.013, -1.2),
        (0.010, 0.009, 0.0),
        (0.0004, 0.0071, 2.6),
        (0.007, 0.00008, -3.4),
    ]
    .iter()
    .enumerate()
    .map(|(id, &(base, guided, advantage))| {
        let values = [
            (advantage - 2.3, advantage),
            (-1.9 - advantage * 0.4, -advantage * 0.4),
            (-3.1, advantage * 0.03),
        ];
        candidate(id as u32, base, guided, values)
    })
    .collect();
    TokenInsight {
        chosen: top[0].clone(),
        kl: 0.4183,
        top: Arc::from(top),
    }
}

fn card_harness(dark: bool) -> Harness<'static, (bool, CardValue)> {
    let texts: Vec<String> = [
        " sorry",
        " sure",
        " glad",
        " not",
        " really",
        " afraid",
        " going",
        "\n",
        " listening",
        " here to help you with",
    ]
    .map(str::to_owned)
    .to_vec();
    let state = (false, CardValue::Advantage);
    let mut harness = harness(vec2(344.0, 540.0), dark, state, move |ui, state| {
        let palette = theme::palette(ui);
        let names = ["helpful", "harmless", "humorous"];
        let objectives: Vec<CardObjective<'_>> = names
            .iter()
            .enumerate()
            .map(|(index, name)| CardObjective {
                name,
                color: palette.objective(index),
            })
            .collect();
        let insight = insight();
        palette.floating().show(ui, |ui| {
            let answer = TokenCard {
                text_name: "Guided",
                position: 2,
                insight: &insight,
                texts: &texts,
                objectives: &objectives,
                value: state.1,
                pinned: true,
                words: None,
            }
            .show(ui);
            state.0 |= answer.close;
            state.1 = answer.value.unwrap_or(state.1);
        });
    });
    harness.run();
    harness
}

#[test]
fn the_token_card_looks_right_in_both_themes() {
    let mut results = SnapshotResults::new();
    for (dark, name) in [(false, "card_light"), (true, "card_dark")] {
        results.extend(look(&mut card_harness(dark), name));
    }
}

#[test]
fn the_token_card_reads_its_numbers_out_and_switches_them() {
    let mut harness = card_harness(false);
    harness.get_by_label_contains("helpful: reward −0.40 nats, advantage +1.90 nats");
    harness.get_by_label_contains("␣sorry: plain 8.10\u{a0}%, guided 41.2\u{a0}%");
    harness.get_by_label_contains("cover 91.1\u{a0}%");
    harness.get_by_label("Reward").click();
    harness.run();
    assert_eq!(harness.state().1, CardValue::Reward);
    harness.get_by_label("Close the card").click();
    harness.run();
    assert!(harness.state().0);
}

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
