//! What weights a hand can give, and what weights that have come to rest mean.

use crate::app::state::State;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::worker::Command;

use super::live;

/// What weights that have come to rest mean for the worker.
pub(super) fn weights_changed(state: &mut State) -> Vec<Command> {
    let mut commands = live::told(state);
    commands.extend(live::steer(state));
    commands
}

/// The largest weight that a hand can give: a quiet objective in nats of pull needs more than the number box allows.
pub(super) fn largest_weight(state: &State, objective: usize) -> f64 {
    let measured = state.units.measured.as_ref();
    let unit = measured.and_then(|measured| measured.unit(objective));
    let at_top = unit.filter(|_| state.settings.in_nats);
    at_top.map_or(LARGEST_TYPED_WEIGHT, |unit| {
        LARGEST_TYPED_WEIGHT.max(unit.top / unit.nats)
    })
}

/// A weight from 0 to `largest`.
pub(super) fn mended_weight(weight: f64, largest: f64) -> f64 {
    if !weight.is_finite() {
        return 0.0;
    }
    let weight = weight.clamp(0.0, largest);
    // Sums and steps of sliders give numbers such as 0.30000000000000004. Other numbers mean all their digits: the weight
    // behind a round pull, a lineup's own weight of a third, the weight that gives the guidance asked for.
    let short = (weight * 1e5).round() / 1e5;
    if (short - weight).abs() < 1e-12 {
        short
    } else {
        weight
    }
}
