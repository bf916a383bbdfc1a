//! The legend below the texts.

use counterpoise::app::theme::{self, HeatScale, ScaleKind};
use counterpoise::app::widgets::legend::Legend;
use egui::vec2;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable;

use super::{harness, look, scale};

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
