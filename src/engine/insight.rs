//! Every number about one token choice (interfaces.md section 1), from the cached rows alone.

use std::sync::Arc;

use crate::domain::TokenId;

/// What one objective says of a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveInsight {
    /// `reward_i(v)`, nats.
    pub reward: f64,
    /// `reward_i(v) − Σ_u p_base(u)·reward_i(u)`, nats: better or worse than what the plain model would have said on average.
    pub advantage: f64,
}

/// One token that could stand at a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: TokenId,
    /// `base(v)`, nats.
    pub base: f64,
    /// `guided(v)` under the weights of the insight, nats.
    pub guided: f64,
    /// One per objective, in lineup order; empty where the step has no rewards.
    pub objectives: Vec<ObjectiveInsight>,
}

/// Every number about the token that was chosen at one position.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenInsight {
    /// The chosen token with its scores.
    pub chosen: Candidate,
    /// `Σ_v p_guided(v)·(guided(v) − base(v))`, nats.
    pub kl: f64,
    /// The likeliest tokens under guidance, best first.
    pub top: Arc<[Candidate]>,
}

impl Candidate {
    /// `guided(v) − base(v)`, nats: how much guidance raised this token.
    #[must_use]
    pub fn influence(&self) -> f64 {
        self.guided - self.base
    }
}
