//! The loop: scores in, one chosen token out, until the text ends.

use crate::domain::{ObjectiveWeights, TokenId};
use crate::engine::insight::TokenInsight;
use crate::engine::scorer::StepScores;

/// One position of a text: the scores there, the weights used and the token chosen.
#[derive(Debug, Clone)]
pub struct GuidedStep {
    /// Position in the response, from 0.
    pub position: usize,
    /// The chosen token.
    pub token: TokenId,
    /// The rows that the choice was made from.
    pub scores: StepScores,
    /// The weights that the choice was made with (zeros in the base pane).
    pub weights: ObjectiveWeights,
    /// Numbers of the choice under the *guided* weights of the run at that moment, in both panes.
    pub insight: TokenInsight,
}
