//! How the training learns: a few numbers that matter, the others behind a fold. Words, ranges and usual values are those of
//! `counterpoise train arm`.

use egui::{CollapsingHeader, DragValue, Ui};

use crate::app::state::State;
use crate::app::theme::space;
use crate::app::update::{Action, TrainAction};
use crate::app::widgets::words::{heading, note};
use crate::train::options::{self, Kind, NUMBERS, Number, SWITCHES};
use crate::train::order::ArmOrder;

/// Numbers that stand before the fold.
const FIRST: [Number; 5] = [
    options::EPOCHS,
    options::BATCH,
    options::LR,
    options::BETA,
    options::HOLD_OUT,
];

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsView {
    /// The numbers before the fold.
    pub first: Vec<NumberView>,
    /// Those behind it.
    pub more: Vec<NumberView>,
    /// Switches behind the fold: name, words, explanation, state.
    pub switches: Vec<(&'static str, &'static str, &'static str, bool)>,
    /// Threads at work.
    pub threads: usize,
    /// Threads that the machine has.
    pub cores: usize,
    /// Whether the fold is open.
    pub more_open: bool,
    /// Whether passes, batch and warm-up follow the number of pairs.
    pub sized: bool,
}

/// A number on show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberView {
    /// As [`Number::name`].
    pub name: &'static str,
    /// Its words.
    pub label: &'static str,
    /// Its explanation.
    pub help: &'static str,
    /// Its value.
    pub value: f64,
    /// Its range.
    pub range: (f64, f64),
    /// Whether it is whole.
    pub whole: bool,
    /// Whether 0 says that there is no limit.
    pub open: bool,
}

impl NumberView {
    fn of(number: &Number, order: &ArmOrder) -> Self {
        Self {
            name: number.name,
            label: number.label,
            help: number.help,
            value: number.of(order),
            range: number.range,
            whole: number.kind != Kind::Real,
            open: number.kind == Kind::Open,
        }
    }
}

impl SettingsView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.training;
        let order = &page.draft.order;
        let first = |number: &&Number| FIRST.iter().any(|one| one.name == number.name);
        let (cores, threads) = (
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            order.settings.threads,
        );
        Self {
            first: FIRST
                .iter()
                .map(|number| NumberView::of(number, order))
                .collect(),
            more: NUMBERS
                .iter()
                .filter(|number| !first(number))
                .map(|number| NumberView::of(number, order))
                .collect(),
            switches: SWITCHES
                .iter()
                .map(|one| (one.name, one.label, one.help, one.of(order)))
                .collect(),
            threads: threads.unwrap_or(cores),
            cores,
            more_open: page.more_open,
            sized: page.draft.sized && page.data().is_some(),
        }
    }
}

/// Draws them.
pub(super) fn settings_ui(ui: &mut Ui, view: &SettingsView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Settings");
    if view.sized {
        note(
            ui,
            "Passes, pairs per step and warm-up follow the number of pairs",
        );
    }
    for number in &view.first {
        actions.extend(number_ui(ui, number));
    }
    let header = CollapsingHeader::new("More settings")
        .open(Some(view.more_open))
        .show(ui, |ui| actions.extend(more_ui(ui, view)));
    if header.header_response.clicked() {
        actions.push(Action::Train(TrainAction::ToggleMore));
    }
    actions
}

fn more_ui(ui: &mut Ui, view: &SettingsView) -> Vec<Action> {
    let mut actions = Vec::new();
    for number in &view.more {
        actions.extend(number_ui(ui, number));
    }
    let threads = NumberView {
        name: "threads",
        label: "Threads",
        help: "Threads at work; those left over write texts meanwhile",
        value: view.threads as f64,
        range: (1.0, view.cores as f64),
        whole: true,
        open: false,
    };
    if let Some(Action::Train(TrainAction::SetNumber { value, .. })) = number_ui(ui, &threads) {
        actions.push(Action::Train(TrainAction::SetThreads(value as usize)));
    }
    for (name, label, help, on) in &view.switches {
        let mut on = *on;
        if ui.checkbox(&mut on, *label).on_hover_text(*help).changed() {
            actions.push(Action::Train(TrainAction::Turn(name)));
        }
        note(ui, help);
    }
    ui.add_space(space::XS);
    let usual = ui.button("Usual settings");
    if usual
        .on_hover_text("All settings as they are without any change")
        .clicked()
    {
        actions.push(Action::Train(TrainAction::UsualSettings));
    }
    actions
}

/// A number with its explanation under it.
fn number_ui(ui: &mut Ui, number: &NumberView) -> Option<Action> {
    let mut value = number.value;
    ui.add_space(space::HAIR);
    ui.horizontal(|ui| {
        let label = ui.label(number.label);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (least, most) = number.range;
            let open = number.open;
            let mut drag = DragValue::new(&mut value)
                .range(least..=most)
                .max_decimals(if number.whole { 0 } else { 6 })
                .speed(speed(number))
                .update_while_editing(false);
            if open {
                drag = drag.custom_formatter(|value, _| {
                    if value < 1.0 {
                        "no limit".to_owned()
                    } else {
                        format!("{value:.0}")
                    }
                });
            }
            ui.add(drag)
                .labelled_by(label.id)
                .on_hover_text(number.help);
        });
    });
    note(ui, number.help);
    let changed = value.to_bits() != number.value.to_bits();
    changed.then_some(Action::Train(TrainAction::SetNumber {
        name: number.name,
        value,
    }))
}

/// How fast a drag changes a number: by about a hundredth of it.
fn speed(number: &NumberView) -> f64 {
    if number.whole {
        (number.value / 100.0).max(0.1)
    } else {
        (number.value.abs() / 100.0).max(1e-5)
    }
}
