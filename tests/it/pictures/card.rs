//! The card of one token.

use std::sync::Arc;

use counterpoise::app::theme;
use counterpoise::app::widgets::token_card::{CardObjective, CardSplit, CardValue, TokenCard};
use counterpoise::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};
use egui::vec2;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotResults};

use super::{harness, look};

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
        entropy: Some(1.92),
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
    let mut harness = harness(vec2(344.0, 600.0), dark, state, move |ui, state| {
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
        let split = CardSplit {
            rival: "\u{201c}sure\u{201d}".to_owned(),
            base: -1.15,
            pulls: vec![-0.22, 2.31, 0.0],
        };
        palette.floating().show(ui, |ui| {
            let answer = TokenCard {
                in_hand: None,
                ahead: None,
                text_name: "Guided",
                position: 2,
                insight: &insight,
                texts: &texts,
                objectives: &objectives,
                split: Some(&split),
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
