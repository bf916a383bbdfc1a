//! The words of a text with their rows, and those of the text before that still stand behind them.

use std::sync::Arc;

use crate::domain::{Finish, ObjectiveWeights, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::TokenInsight;
use crate::engine::trace::Trace;

/// One of the two texts.
#[derive(Debug, Clone, Default)]
pub struct WrittenText {
    /// The characters that each token completes.
    pub pieces: Vec<String>,
    /// Rows, weights and numbers of each token.
    pub trace: Arc<Trace>,
    /// Why it ended, where it has: a text that is steered takes over the plain one's.
    pub finish: Option<Finish>,
}

impl WrittenText {
    /// Puts a token at its position: at the end, or in the place of the one there. One beyond the end is ignored.
    pub(crate) fn put(&mut self, step: &GuidedStep, piece: &str) {
        if let Some(old) = self.pieces.get_mut(step.position) {
            piece.clone_into(old);
        } else if step.position == self.pieces.len() {
            self.pieces.push(piece.to_owned());
        } else {
            return;
        }
        Arc::make_mut(&mut self.trace).replace(step);
    }

    /// Adds what no token completed.
    pub(crate) fn append_tail(&mut self, tail: &str) {
        if let Some(last) = self.pieces.last_mut() {
            last.push_str(tail);
        }
    }

    /// The first `len` tokens of it.
    #[must_use]
    pub(crate) fn beginning(&self, len: usize) -> Self {
        let mut text = self.clone();
        text.pieces.truncate(len);
        if len < self.len() {
            Arc::make_mut(&mut text.trace).truncate(len);
            text.finish = None;
        }
        text
    }

    /// The tokens before position `len`.
    #[must_use]
    pub(crate) fn tokens(&self, len: usize) -> Vec<TokenId> {
        let steps = self.trace.steps().iter().take(len);
        steps.map(|step| step.token).collect()
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether nothing is written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The weights that a token was written with.
    #[must_use]
    pub fn weights(&self, index: usize) -> Option<&ObjectiveWeights> {
        self.trace.steps().get(index).map(|step| &step.weights)
    }
}

/// What stood behind the place from which a text is written again: it stays, dimmed, until new words take its place.
#[derive(Debug, Clone, Default)]
pub struct Ghost {
    /// Position of its first word.
    pub from: usize,
    /// Its words.
    pub words: Vec<GhostWord>,
    /// Where the text before parted from the plain one.
    pub fork_at: Option<usize>,
}

/// One token that is to be replaced.
#[derive(Debug, Clone)]
pub struct GhostWord {
    /// Its characters.
    pub text: String,
    /// Its numbers.
    pub insight: TokenInsight,
    /// The weights that they belong to.
    pub weights: ObjectiveWeights,
}
