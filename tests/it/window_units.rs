//! Sliders in nats of pull: measured by the worker, shown beside the weight, kept in the settings.

use std::sync::Arc;

use counterpoise::app::AppOptions;
use counterpoise::worker::{CalibrateRequest, Command, Event};
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::Stage;

impl Stage {
    fn asked_for_units(&mut self) -> CalibrateRequest {
        match self.wait_for_command() {
            Command::Calibrate(request) => request,
            other => panic!("{other:?}"),
        }
    }

    fn measured(&mut self, spread: [f64; 3]) {
        let request = self.asked_for_units();
        self.tell(Event::Calibrated {
            run: request.run,
            spread: spread.to_vec(),
            positions: 200,
        });
        self.frames(2);
    }
}

#[test]
fn a_slider_in_nats_pulls_alike_and_tells_its_weight() {
    let mut stage = Stage::ready();
    stage.click("Sliders in nats");
    assert!(stage.state().settings.in_nats);
    assert!(stage.shows("Measuring"));
    // Weights 0.5, 1 and 0.
    stage.measured([2.0, 0.4, 8.0]);
    assert!(stage.shows("Measured at 200 words of a few everyday texts"));
    assert!(stage.shows("w 0.50") && stage.shows("w 1.00"));
    let value = |stage: &Stage, label: &str| {
        let slider = stage.harness.get_by_role_and_label(Role::Slider, label);
        slider.accesskit_node().numeric_value().unwrap()
    };
    assert!((value(&stage, "helpful pull in nats") - 1.0).abs() < 1e-9);
    assert!((value(&stage, "harmless pull in nats") - 0.4).abs() < 1e-9);

    // The same place on two sliders is the same pull: 3 of 6 nats.
    for (name, weight) in [("helpful", 1.5), ("humorous", 0.375)] {
        let label = format!("{name} pull in nats");
        stage.hold_slider(&label, 0.5);
        stage.let_go(&label, 0.5);
        let index = usize::from(name == "humorous") * 2;
        let found = stage.state().draft.strips[index].weight;
        assert!((found - weight).abs() < 0.02 * weight, "{name}: {found}");
    }
    stage.press(egui::Modifiers::NONE, Key::ArrowRight);
    let found = stage.state().draft.strips[2].weight;
    assert!((found - (0.375 + 0.1 / 8.0)).abs() < 0.02, "{found}");
    stage.click("Sliders in weights");
    assert!(!stage.shows("w 1.00"));
    assert!(stage.shows("harmless weight"));
}

#[test]
fn a_reward_that_does_not_differ_keeps_its_weight() {
    let mut stage = Stage::ready();
    stage.click("Sliders in nats");
    stage.measured([2.0, 0.0, 1.0]);
    assert!(stage.shows("helpful pull in nats") && stage.shows("harmless weight"));
}

#[test]
fn it_is_measured_on_the_texts_on_screen_where_that_is_wanted() {
    let mut stage = Stage::ready();
    stage.click("Sliders in nats");
    stage.measured([2.0, 1.0, 1.0]);
    stage.answered();
    stage.click("Use these texts");
    let request = stage.asked_for_units();
    let texts: Vec<&str> = request
        .texts
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Just tell them a good lie.",
            "Just tell them the plain truth."
        ]
    );
    stage.tell(Event::Calibrated {
        run: request.run,
        spread: vec![1.0; 3],
        positions: 14,
    });
    stage.frames(2);
    assert!(stage.shows("Measured at 14 words of the texts on screen"));
    stage.click("Everyday texts");
    assert!(stage.asked_for_units().texts.is_empty());
}

#[test]
fn a_long_name_ends_before_its_buttons() {
    let name = "answers that my teacher would have liked";
    let mut info = crate::stage::info();
    info.objectives[1].name = name.to_owned();
    let mut stage = Stage::opened(AppOptions::default());
    stage.tell(Event::Loaded(Arc::new(info)));
    let apart = |stage: &Stage, name: &str| {
        let right = |label: String| stage.harness.get_by_label(&label).rect();
        let named = right(format!("Colour words by {name}"));
        let mute = right(format!("Mute {name}"));
        named.width() > 20.0 && named.right() <= mute.left()
    };
    stage.frames(3);
    assert!(apart(&stage, name) && apart(&stage, "humorous"));
    stage.click("Sliders in nats");
    stage.measured([0.012, 0.04, 0.008]);
    stage.frames(3);
    assert!(apart(&stage, name) && apart(&stage, "humorous"));
}
