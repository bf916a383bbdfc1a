//! A person asks for so much guidance, and all sliders are multiplied by what gives it.

use std::sync::Arc;

use crate::app::state::State;
use crate::app::state::budget::{Budget, BudgetAnswer, Outcome};
use crate::app::state::history::EditKind;
use crate::app::state::run::Run;
use crate::engine::reweigh::guidance::Target;
use crate::worker::Command;

use super::{largest_weight, live, mended_weight, remember, weights_changed};

/// Asks for so much guidance.
pub(super) fn ask(state: &mut State, target: Target) {
    let nats = match target {
        Target::Total(nats) | Target::PerToken(nats) => nats,
    };
    let words = |run: &&Run| !run.writes_both() && !run.guided.is_empty();
    let Some(run) = state.run().filter(words).map(|run| run.id) else {
        return;
    };
    if !nats.is_finite() || nats < 0.0 {
        return;
    }
    let weights = state.draft.effective_weights();
    // A hand that asks for more and less multiplies what it began with: at 0 nothing would be left to multiply.
    let before = state.budget.take().filter(|old| old.weights == weights);
    let direction = before.map_or_else(|| Arc::clone(&weights), |old| old.direction);
    state.next_budget += 1;
    state.budget = Some(Budget {
        serial: state.next_budget,
        target,
        run,
        direction,
        weights,
        done: false,
        outcome: None,
    });
}

/// The hand that asks has let go.
pub(super) fn let_go(state: &mut State) {
    if let Some(budget) = &mut state.budget {
        budget.done = true;
    }
}

/// Takes in what was found, and moves the sliders.
pub fn on_budget(state: &mut State, answer: BudgetAnswer) -> Vec<Command> {
    let Some(mut budget) = state.budget.take() else {
        return Vec::new();
    };
    // Sliders that were moved meanwhile have the last word.
    if budget.weights != state.draft.effective_weights() {
        return Vec::new();
    }
    if budget.serial != answer.serial || budget.outcome.is_some() {
        state.budget = Some(budget);
        return Vec::new();
    }
    budget.outcome = Some(answer.outcome);
    let factor = match answer.outcome {
        Outcome::NothingToScale | Outcome::NoRows => None,
        Outcome::Scaled(found) => Some(found.factor),
    };
    if let Some(factor) = factor {
        remember(state, EditKind::Guidance);
        for (index, &weight) in budget.direction.iter().enumerate() {
            let largest = largest_weight(state, index);
            if let Some(strip) = state.draft.strips.get_mut(index).filter(|_| weight > 0.0) {
                strip.weight = mended_weight(weight * factor, largest);
            }
        }
        budget.weights = state.draft.effective_weights();
    }
    let done = budget.done;
    state.budget = Some(budget);
    if done {
        state.history.close_step();
    }
    if done || state.settings.live {
        weights_changed(state)
    } else {
        live::told(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::tests::{set_weight, written};
    use crate::app::update::{Action, apply, on_rejudged};

    fn answer(state: &mut State) -> Vec<Command> {
        let answer = state.budget_request().unwrap().answer().unwrap();
        on_budget(state, answer)
    }

    fn weights(state: &State) -> Vec<f64> {
        state.draft.effective_weights().to_vec()
    }

    fn outcome(state: &State) -> Outcome {
        state.budget.as_ref().unwrap().outcome.unwrap()
    }

    fn judge(state: &mut State) -> Vec<Command> {
        let request = state.reweight_request().unwrap();
        on_rejudged(state, request.answer())
    }

    #[test]
    fn half_the_guidance_is_found_by_one_factor_on_all_sliders_and_undo_goes_back() {
        let (mut state, _) = written();
        let (total, tokens) = state.run().unwrap().guidance();
        assert_eq!(tokens, 4);
        apply(&mut state, Action::SetGuidance(Target::Total(total / 2.0)));
        apply(&mut state, Action::EndEdit);
        answer(&mut state);
        let now = weights(&state);
        assert!(
            now[0] < 2.0 && (now[0] / now[1] - 2.0).abs() < 0.01,
            "{now:?}"
        );
        judge(&mut state);
        let (found, _) = state.run().unwrap().guidance();
        assert!(
            (found - total / 2.0).abs() < 0.02 * total,
            "{found} of {total}"
        );
        assert!(matches!(outcome(&state), Outcome::Scaled(found) if found.reached));
        apply(&mut state, Action::Undo);
        assert_eq!(weights(&state), [2.0, 1.0]);
    }

    #[test]
    fn a_total_and_an_average_are_the_same_question() {
        let (mut state, _) = written();
        let (total, tokens) = state.run().unwrap().guidance();
        let mut ask = |target| {
            apply(&mut state, Action::SetGuidance(target));
            answer(&mut state);
            weights(&state)
        };
        let each = total / 3.0 / tokens as f64;
        assert_eq!(ask(Target::Total(total / 3.0)), ask(Target::PerToken(each)));
    }

    #[test]
    fn a_hand_that_goes_through_zero_finds_its_way_back() {
        let (mut state, _) = written();
        let (total, _) = state.run().unwrap().guidance();
        apply(&mut state, Action::SetGuidance(Target::Total(0.0)));
        answer(&mut state);
        assert_eq!(weights(&state), [0.0, 0.0]);
        apply(&mut state, Action::SetGuidance(Target::Total(total)));
        answer(&mut state);
        let now = weights(&state);
        assert!(
            (now[0] - 2.0).abs() < 0.01 && (now[1] - 1.0).abs() < 0.01,
            "{now:?}"
        );
    }

    #[test]
    fn more_than_there_is_puts_a_slider_at_its_end_and_is_told() {
        let (mut state, _) = written();
        apply(&mut state, Action::SetGuidance(Target::Total(1e6)));
        answer(&mut state);
        assert_eq!(weights(&state), [3.0, 1.5]);
        assert!(matches!(outcome(&state), Outcome::Scaled(found) if !found.reached));
    }

    #[test]
    fn sliders_at_zero_cannot_be_multiplied_and_muted_ones_stay() {
        let (mut state, _) = written();
        apply(&mut state, Action::ToggleMute(0));
        apply(&mut state, Action::SetGuidance(Target::Total(0.01)));
        answer(&mut state);
        assert!((state.draft.strips[0].weight - 2.0).abs() < 1e-9);
        assert!(state.draft.strips[1].weight < 1.0);
        apply(&mut state, Action::ToggleMute(1));
        apply(&mut state, Action::SetGuidance(Target::Total(0.01)));
        answer(&mut state);
        assert_eq!(outcome(&state), Outcome::NothingToScale);
    }

    #[test]
    fn an_answer_that_comes_too_late_moves_nothing() {
        let (mut state, _) = written();
        apply(&mut state, Action::SetGuidance(Target::Total(0.5)));
        let old = state.budget_request().unwrap();
        apply(&mut state, Action::SetGuidance(Target::Total(0.4)));
        on_budget(&mut state, old.answer().unwrap());
        assert_eq!(weights(&state), [2.0, 1.0]);
        let late = state.budget_request().unwrap();
        set_weight(&mut state, 0, 1.0);
        on_budget(&mut state, late.answer().unwrap());
        assert_eq!(weights(&state), [1.0, 1.0]);
        late.cancel.cancel();
        assert_eq!(late.answer(), None);
    }
}
