//! Undo and redo over the lineup that is being put together.

use super::plan::Plan;

/// How many steps back are kept.
const DEPTH: usize = 100;

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

/// The stacks.
#[derive(Debug, Default)]
pub struct Steps {
    undo: Vec<Plan>,
    redo: Vec<Plan>,
    last: Option<StepKind>,
}

impl Steps {
    /// Remembers `before`, the lineup before an edit of this kind, unless the edit goes on with the one before it.
    pub(crate) fn remember(&mut self, kind: StepKind, before: &Plan) {
        self.redo.clear();
        let goes_on = kind != StepKind::Single && self.last == Some(kind);
        self.last = Some(kind);
        if !goes_on && self.undo.last() != Some(before) {
            self.undo.push(before.clone());
            if self.undo.len() > DEPTH {
                self.undo.remove(0);
            }
        }
    }

    /// The next edit is a new step, whatever its kind.
    pub(crate) fn close(&mut self) {
        self.last = None;
    }

    /// Goes one step back from `now`.
    pub(crate) fn undo(&mut self, now: &Plan) -> Option<Plan> {
        self.last = None;
        // A step that changed nothing after all would look like a dead key.
        while self.undo.last() == Some(now) {
            self.undo.pop();
        }
        let before = self.undo.pop()?;
        self.redo.push(now.clone());
        Some(before)
    }

    /// Goes one step forward from `now`.
    pub(crate) fn redo(&mut self, now: &Plan) -> Option<Plan> {
        self.last = None;
        let after = self.redo.pop()?;
        self.undo.push(now.clone());
        Some(after)
    }

    /// The lineup has got a file: so had it before its last changes, as far as a person cares.
    pub(crate) fn filed(&mut self, file: &std::path::Path) {
        let unfiled = |plan: &&mut Plan| plan.file.is_none();
        for stack in [&mut self.undo, &mut self.redo] {
            for plan in stack.iter_mut().rev().take_while(unfiled) {
                plan.file = Some(file.to_owned());
            }
        }
    }

    /// Whether there is anything to go back to.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is anything to go forward to.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }
}
