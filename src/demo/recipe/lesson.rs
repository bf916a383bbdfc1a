//! What differs between the trainings of the reward models.

use crate::demo::sample::Objective;

/// How a reward model is trained.
pub(super) struct Lesson {
    /// β of GenARM's loss.
    pub(super) beta: f64,
    /// Steps for a thousand of the base.
    pub(super) steps: u64,
    /// Share of the steps, the last ones, whose mean the model is; 0 takes what the very last one left.
    pub(super) averaged: f64,
    /// Learning rate behind the last step, as a share of the highest.
    pub(super) lr_end: f64,
}

/// At a β of 1 the rewards stop growing once a weight of 1 settles a choice, so that several at once still leave sound English.
/// What helps is learnt soon, and what comes after is at the expense of the English. What is harmful has to be told in words
/// that no model has seen, too, which takes larger rewards and more steps at a rate that stays high; the mean over them keeps
/// what they have in common and leaves sound English at large weights.
pub(super) const fn lesson(objective: Objective) -> Lesson {
    let (beta, steps, averaged, lr_end) = match objective {
        Objective::Helpful => (1.0, 5, 0.0, 0.0),
        Objective::Harmless => (0.5, 15, 0.5, 0.25),
        Objective::Humorous => (1.0, 10, 0.0, 0.0),
    };
    Lesson {
        beta,
        steps,
        averaged,
        lr_end,
    }
}
