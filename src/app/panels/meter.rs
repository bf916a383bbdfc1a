//! How much guidance the text has: a number that is read, and that can be set.

use egui::{DragValue, Response, RichText, Ui};

use crate::app::state::State;
use crate::app::state::budget::Outcome;
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::engine::reweigh::guidance::Target;

/// What the meter shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meter {
    /// Over the whole text, nats.
    pub total: f64,
    /// On average for each token, nats.
    pub each: f64,
    /// Whether it can be set.
    pub can_set: bool,
}

impl Meter {
    /// Decides what the meter shows; nothing without words.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let (total, tokens) = state.run()?.guidance();
        if tokens == 0 {
            return None;
        }
        let mut meter = Self {
            total,
            each: total / tokens as f64,
            can_set: state.run().is_some_and(|run| !run.writes_both()),
        };
        // Until it is found, the number that was asked for stands where it was typed.
        let asked = state.budget.as_ref().filter(|b| b.outcome.is_none());
        match asked.map(|budget| budget.target) {
            None => {}
            Some(Target::Total(nats)) => meter.total = nats,
            Some(Target::PerToken(nats)) => meter.each = nats,
        }
        Some(meter)
    }
}

/// What came of a guidance that was asked for, in one sentence, until the sliders are moved again.
#[must_use]
pub(super) fn budget_note(state: &State) -> Option<String> {
    let budget = state.budget.as_ref()?;
    let outcome = budget.outcome?;
    if budget.weights != state.draft.effective_weights() {
        return None;
    }
    let asked = match budget.target {
        Target::Total(nats) => format!("{nats:.1} nats of guidance"),
        Target::PerToken(nats) => format!("{nats:.2} nats of guidance per token"),
    };
    let found = match outcome {
        Outcome::NothingToScale => {
            return Some(
                "Raise a slider first: all stand at 0, and 0 cannot be multiplied".to_owned(),
            );
        }
        Outcome::NoRows => {
            return Some(
                "The guidance of this text cannot be set: its numbers are no longer kept"
                    .to_owned(),
            );
        }
        Outcome::Scaled(found) => found,
    };
    if !found.reached {
        let total = match budget.target {
            Target::Total(_) => format!("{:.1}", found.total),
            Target::PerToken(_) => format!("{:.2}", found.total / found.steps.max(1) as f64),
        };
        return Some(format!(
            "{asked} cannot be reached: with a slider at its end this text has {total}"
        ));
    }
    let all = state
        .runs
        .get(&budget.run)
        .map_or(0, |run| run.guided.len());
    let over = if found.steps < all {
        format!(
            ", counted over the {} tokens whose numbers are kept",
            found.steps
        )
    } else {
        String::new()
    };
    // The text that is written again has its own guidance.
    let text = if state.shown == Some(budget.run) {
        "this text"
    } else {
        "the text before"
    };
    Some(format!(
        "All sliders times {:.2} gave {text} {asked}{over}",
        found.factor
    ))
}

const HELP: &str = "How far the sliders moved the choices away from the plain model's (Kullback-Leibler divergence, in \
                    nats), added up over the text. 0 is the plain model itself; 0.7 nats at one token are as much \
                    as ruling out half of what the plain model might say there, 2.3 nats nine tenths";
const SET: &str =
    "Drag it or type a number: all sliders are multiplied so that this text has so much";

/// Draws the meter.
pub fn meter_ui(ui: &mut Ui, meter: &Meter) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.spacing_mut().item_spacing.x = space::XS;
    ui.spacing_mut().button_padding.x = space::XS;
    let word = RichText::new("Guidance").size(size::SMALL);
    ui.label(word.color(palette(ui).weak)).on_hover_text(HELP);
    let (mut total, mut each) = (meter.total, meter.each);
    let number = DragValue::new(&mut total)
        .range(0.0..=100_000.0)
        .speed((meter.total * 0.01).max(0.02))
        .fixed_decimals(1)
        .suffix(" nats")
        .update_while_editing(false);
    let response = number_ui(ui, meter, number, "Guidance of the whole text, nats");
    actions.extend(asked(&response, Target::Total(total)));
    let number = DragValue::new(&mut each)
        .range(0.0..=1000.0)
        .speed((meter.each * 0.01).max(0.001))
        .fixed_decimals(2)
        .suffix(" per token")
        .update_while_editing(false);
    let response = number_ui(ui, meter, number, "Guidance per token, nats");
    actions.extend(asked(&response, Target::PerToken(each)));
    actions
}

fn number_ui(ui: &mut Ui, meter: &Meter, number: DragValue<'_>, label: &str) -> Response {
    let response = ui
        .add_enabled(meter.can_set, number)
        .on_hover_text(format!("{HELP}\n{SET}"))
        .on_disabled_hover_text(format!("{HELP}\nIt can be set when both texts are written"));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_label(label));
    response
}

fn asked(response: &Response, target: Target) -> Vec<Action> {
    let mut actions = Vec::new();
    if response.changed() {
        actions.push(Action::SetGuidance(target));
    }
    if response.drag_stopped() || (response.changed() && !response.dragged()) {
        actions.push(Action::EndEdit);
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::budget::Budget;
    use crate::domain::RunId;
    use crate::engine::reweigh::guidance::Guidance;

    #[test]
    fn what_came_of_it_is_told_until_the_sliders_move() {
        let mut state = State::default();
        let found = |reached| {
            Outcome::Scaled(Guidance {
                factor: 0.5,
                total: 4.0,
                steps: 8,
                reached,
            })
        };
        let mut say = |target, outcome| {
            state.budget = Some(Budget {
                serial: 1,
                target,
                run: RunId(1),
                direction: [].into(),
                weights: [].into(),
                done: true,
                outcome: Some(outcome),
            });
            budget_note(&state).unwrap()
        };
        let total = say(Target::Total(4.0), found(true));
        assert_eq!(
            total,
            "All sliders times 0.50 gave the text before 4.0 nats of guidance"
        );
        let each = say(Target::PerToken(9.0), found(false));
        assert_eq!(
            each,
            "9.00 nats of guidance per token cannot be reached: with a slider at its end this text has 0.50"
        );
        assert!(say(Target::Total(1.0), Outcome::NothingToScale).starts_with("Raise a slider"));
        assert!(say(Target::Total(1.0), Outcome::NoRows).contains("no longer kept"));
        state.budget.as_mut().unwrap().weights = [1.0].into();
        assert_eq!(budget_note(&state), None);
    }
}
