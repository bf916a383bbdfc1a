//! Undo and redo: over words, sliders, sampling and the result that was on screen with them, and over whatever else is edited.

use crate::app::state::draft::Draft;
use crate::domain::RunId;

/// How many steps back are kept.
const DEPTH: usize = 100;

/// One state to go back to.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Words, sliders and sampling.
    pub draft: Draft,
    /// The result on screen.
    pub shown: Option<RunId>,
}

/// What changed; edits of one kind in a row are one step of undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditKind {
    /// Typing in the prompt box.
    Typing,
    /// Moving the slider of one objective.
    Weight(usize),
    /// Moving one of Demo mode's two sliders.
    Blend,
    /// Asking for more or less guidance.
    Guidance,
    /// Going along the settings of a sweep.
    Curve,
    /// Changing how tokens are drawn.
    Sampling,
    /// Anything that is a step by itself.
    Single,
}

/// What sorts of edits there are.
pub trait Edit: Copy + PartialEq {
    /// Whether such an edit is a step by itself, whatever came before it.
    fn is_single(self) -> bool;
}

impl Edit for EditKind {
    fn is_single(self) -> bool {
        self == Self::Single
    }
}

/// The stacks: of states `S`, between which lie edits `K`.
#[derive(Debug)]
pub struct History<S = Snapshot, K = EditKind> {
    pub(super) undo: Vec<S>,
    pub(super) redo: Vec<S>,
    last: Option<K>,
}

impl<S, K> Default for History<S, K> {
    fn default() -> Self {
        Self {
            undo: Vec::new(),
            redo: Vec::new(),
            last: None,
        }
    }
}

impl<S: PartialEq, K: Edit> History<S, K> {
    /// Remembers `before`, the state before an edit of this kind, unless the edit goes on with the one before it.
    pub(crate) fn remember(&mut self, kind: K, before: S) {
        self.redo.clear();
        let goes_on = !kind.is_single() && self.last == Some(kind);
        self.last = Some(kind);
        if !goes_on && self.undo.last() != Some(&before) {
            self.undo.push(before);
            if self.undo.len() > DEPTH {
                self.undo.remove(0);
            }
        }
    }

    /// Whether an edit goes on, as while a slider is held.
    #[must_use]
    pub(crate) const fn is_open(&self) -> bool {
        self.last.is_some()
    }

    /// The next edit is a new step, whatever its kind.
    pub(crate) fn close_step(&mut self) {
        self.last = None;
    }

    /// Goes one step back from `now`.
    pub(crate) fn undo(&mut self, now: S) -> Option<S> {
        self.last = None;
        // A step that changed nothing after all would look like a dead key.
        while self.undo.last() == Some(&now) {
            self.undo.pop();
        }
        let before = self.undo.pop()?;
        self.redo.push(now);
        Some(before)
    }

    /// Goes one step forward from `now`.
    pub(crate) fn redo(&mut self, now: S) -> Option<S> {
        self.last = None;
        let after = self.redo.pop()?;
        self.undo.push(now);
        Some(after)
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

impl History {
    /// The slider that a hand is moving.
    #[must_use]
    pub fn moving(&self) -> Option<usize> {
        match self.last? {
            EditKind::Weight(index) => Some(index),
            EditKind::Typing
            | EditKind::Blend
            | EditKind::Guidance
            | EditKind::Curve
            | EditKind::Sampling
            | EditKind::Single => None,
        }
    }

    /// Runs that undo or redo may bring back.
    pub(crate) fn runs(&self) -> impl Iterator<Item = RunId> + '_ {
        self.undo
            .iter()
            .chain(&self.redo)
            .filter_map(|snapshot| snapshot.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        let mut draft = Draft::default();
        draft.prompt.text = text.to_owned();
        Snapshot { draft, shown: None }
    }

    #[test]
    fn edits_of_one_kind_are_one_step() {
        let mut history = History::default();
        history.remember(EditKind::Typing, snapshot(""));
        history.remember(EditKind::Typing, snapshot("a"));
        history.remember(EditKind::Typing, snapshot("ab"));
        assert_eq!(history.undo(snapshot("abc")).unwrap(), snapshot(""));
        assert!(!history.can_undo());
    }

    #[test]
    fn a_closed_step_starts_a_new_one() {
        let mut history = History::default();
        history.remember(EditKind::Typing, snapshot(""));
        history.close_step();
        history.remember(EditKind::Typing, snapshot("one "));
        assert_eq!(history.undo(snapshot("one two")).unwrap(), snapshot("one "));
        assert_eq!(history.undo(snapshot("one ")).unwrap(), snapshot(""));
    }

    #[test]
    fn redo_brings_back_what_undo_took() {
        let mut history = History::default();
        history.remember(EditKind::Single, snapshot("old"));
        let old = history.undo(snapshot("new")).unwrap();
        assert_eq!(history.redo(old).unwrap(), snapshot("new"));
    }

    #[test]
    fn a_new_edit_forgets_what_could_be_redone() {
        let mut history = History::default();
        history.remember(EditKind::Single, snapshot("a"));
        history.undo(snapshot("b")).unwrap();
        history.remember(EditKind::Single, snapshot("a"));
        assert!(!history.can_redo());
    }
}
