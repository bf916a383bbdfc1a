//! The trade-off in two numbers, how they were measured, and how far to trust them.

use egui::{RichText, Ui};

use super::act;
use super::chart::pick_ui;
use crate::app::state::State;
use crate::app::state::tradeoff::score_words;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, TradeoffAction};
use crate::app::widgets::numbers::signed;
use crate::engine::tradeoff::Reference;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryView {
    /// How far to trust the picture.
    pub honesty: String,
    /// The hypervolume, and what it is measured from.
    pub volume: Option<(String, String)>,
    /// The mean inner product, and over what.
    pub product: Option<(String, String)>,
    /// Whether the volume is measured from the worst rather than from the plain model.
    pub from_worst: bool,
    /// The settings that have no text yet.
    pub waiting: usize,
}

impl SummaryView {
    /// Decides what is shown; nothing before the first sweep.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let page = &state.tradeoff;
        let sweep = page.sweep.as_ref()?;
        let outcome = &sweep.outcome;
        let record = &sweep.record;
        let all = record.score_names();
        let named = |axes: &[usize]| -> Vec<&str> {
            let names = axes.iter().map(|&axis| all.get(axis).copied());
            names.map(Option::unwrap_or_default).collect()
        };
        let (swept, names) = (named(&outcome.axes), named(&outcome.front_axes));
        let volume = outcome.hypervolume.zip(outcome.reference.as_ref());
        let from_worst = page.look.reference == Reference::Worst;
        let mut axes = outcome.front_axes.iter();
        let is_own = axes.all(|&axis| record.independent_at(axis).is_none());
        let power = match names.len() {
            1 => "",
            2 => "²",
            3 => "³",
            _ => "ⁿ",
        };
        let unit = match outcome.measure.unit() {
            _ if !is_own => names.join(" × "),
            unit if names.len() == 1 => unit.to_owned(),
            unit => format!("({unit}){power}"),
        };
        Some(Self {
            honesty: record.honesty(&page.look.looked_at(record)),
            volume: volume.map(|(volume, reference)| {
                let axes = outcome.front_axes.iter().zip(&names).zip(reference);
                let point: Vec<String> = axes
                    .map(|((&axis, name), value)| {
                        let unit = record.unit(axis, outcome.measure);
                        format!("{name} {}", score_words(unit, *value, 3))
                    })
                    .collect();
                (
                    format!("Hypervolume {volume:.4}"),
                    format!("{unit} above {}", point.join(", ")),
                )
            }),
            product: outcome.inner_product.map(|product| {
                (
                    format!("Mean inner product {}", signed(product, 4)),
                    format!(
                        "weights · scores over {}, in {}; the plain model is left out",
                        swept.join(", "),
                        outcome.measure.unit()
                    ),
                )
            }),
            from_worst,
            waiting: outcome
                .standings
                .iter()
                .filter(|standing| standing.texts == 0)
                .count(),
        })
    }
}

/// Draws it.
pub(super) fn summary_ui(ui: &mut Ui, view: &SummaryView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    ui.add_space(space::XS);
    ui.label(
        RichText::new(&view.honesty)
            .size(size::SMALL + 1.0)
            .color(colours.warning),
    );
    let small = |words: &str| RichText::new(words).size(size::SMALL).color(colours.weak);
    let number = |ui: &mut Ui, number: &(String, String)| {
        ui.label(RichText::new(&number.0).font(strong(size::BODY)));
        ui.label(small(&number.1));
    };
    if let Some(product) = &view.product {
        ui.horizontal_wrapped(|ui| number(ui, product));
    }
    ui.horizontal_wrapped(|ui| {
        if let Some(volume) = &view.volume {
            number(ui, volume);
        }
        let words = ["The plain model", "The lowest scores"].map(str::to_owned);
        let now = usize::from(view.from_worst);
        let picked = pick_ui(ui, "Reference point", now, &words);
        actions.extend(picked.map(|index| {
            act(TradeoffAction::SetReference)(if index == 0 {
                Reference::Base
            } else {
                Reference::Worst
            })
        }));
        if view.waiting > 0 {
            let words = format!("{} settings have no text yet", view.waiting);
            ui.label(small(&words));
        }
    });
    actions
}
