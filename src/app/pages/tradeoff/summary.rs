//! The trade-off in two numbers, how they were measured, and how far to trust them.

use egui::{RichText, Ui};

use super::act;
use super::chart::pick_ui;
use crate::app::state::State;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, TradeoffAction};
use crate::app::widgets::numbers::signed;
use crate::engine::tradeoff::{HONESTY, Reference};

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryView {
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
        let names: Vec<&str> = outcome
            .axes
            .iter()
            .map(|&axis| sweep.record.objective(axis))
            .collect();
        let volume = outcome.hypervolume.zip(outcome.reference.as_ref());
        let from_worst = page.look.reference == Reference::Worst;
        let power = match names.len() {
            1 => "",
            2 => "²",
            3 => "³",
            _ => "ⁿ",
        };
        let unit = match outcome.measure.unit() {
            unit if names.len() == 1 => unit.to_owned(),
            unit => format!("({unit}){power}"),
        };
        Some(Self {
            volume: volume.map(|(volume, reference)| {
                let point: Vec<String> = names
                    .iter()
                    .zip(reference)
                    .map(|(name, value)| format!("{name} {}", signed(*value, 3)))
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
                        names.join(", "),
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
        RichText::new(HONESTY)
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
