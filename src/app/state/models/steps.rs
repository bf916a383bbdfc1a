//! Undo and redo over the lineup that is being put together.

use super::plan::Plan;
use crate::app::state::history::{Edit, History};

/// What changed; edits of one kind in a row are one step of undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Typing the lineup's name.
    Name,
    /// Typing the base's template.
    BaseTemplate,
    /// Typing an objective's name.
    Objective(usize),
    /// Typing what an objective is about.
    About(usize),
    /// Typing its sentence.
    Sentence(usize),
    /// Typing its template.
    Template(usize),
    /// Changing its weight.
    Weight(usize),
    /// Anything that is a step by itself.
    Single,
}

impl Edit for StepKind {
    fn is_single(self) -> bool {
        self == Self::Single
    }
}

/// The lineups before and behind the one in hand.
pub type Steps = History<Plan, StepKind>;

impl Steps {
    /// The lineup has got a file: so had it before its last changes, as far as a person cares.
    pub(crate) fn filed(&mut self, file: &std::path::Path) {
        let unfiled = |plan: &&mut Plan| plan.file.is_none();
        for stack in [&mut self.undo, &mut self.redo] {
            for plan in stack.iter_mut().rev().take_while(unfiled) {
                plan.file = Some(file.to_owned());
            }
        }
    }
}
