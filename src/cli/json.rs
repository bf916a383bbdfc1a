//! The JSON shapes of interfaces.md section 4. Fields are only ever added.

use serde_json::{Value, json};

use crate::domain::{Finish, ObjectiveWeights, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::{Candidate, TokenInsight};
pub(crate) use crate::worker::document::{models, named, sampling};
use crate::worker::{LineupInfo, Step};

/// One scored token with its text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    id: TokenId,
    text: String,
    given: bool,
    insight: TokenInsight,
    weights: ObjectiveWeights,
}

impl Token {
    /// Keeps the numbers of a step and lets its rows go.
    pub(crate) fn new(step: Step) -> (usize, Self) {
        let GuidedStep {
            position,
            token,
            given,
            weights,
            insight,
            ..
        } = step.step;
        (
            position,
            Self {
                id: token,
                text: step.text,
                given,
                insight,
                weights,
            },
        )
    }

    pub(crate) fn insight(&self) -> &TokenInsight {
        &self.insight
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn push_text(&mut self, tail: &str) {
        self.text.push_str(tail);
    }
}

/// `{"harmless": 1.0, …}`
pub(crate) fn weights(info: &LineupInfo, weights: &[f64]) -> Value {
    named(&info.objectives, weights.iter().map(|&w| json!(w)))
}

/// The fields of a token; `initial` are the weights that the run began with.
pub(crate) fn token(info: &LineupInfo, token: &Token, initial: &[f64]) -> Value {
    let TokenInsight { chosen, kl, top } = &token.insight;
    let mut value = json!({
        "id": token.id,
        "text": token.text,
        "base": chosen.base,
        "guided": chosen.guided,
        "kl": kl,
        "objectives": objectives(info, chosen),
        "top": top.iter().map(|candidate| self::candidate(info, candidate)).collect::<Vec<_>>(),
    });
    if *token.weights != *initial {
        value["weights"] = weights(info, &token.weights);
    }
    if token.given {
        value["given"] = json!(true);
    }
    value
}

fn candidate(info: &LineupInfo, candidate: &Candidate) -> Value {
    json!({
        "id": candidate.id,
        "text": info.texts.get(candidate.id as usize),
        "base": candidate.base,
        "guided": candidate.guided,
        "objectives": objectives(info, candidate),
    })
}

fn objectives(info: &LineupInfo, candidate: &Candidate) -> Value {
    let values = candidate
        .objectives
        .iter()
        .map(|o| json!({"reward": o.reward, "advantage": o.advantage}));
    named(&info.objectives, values)
}

/// Sums over all tokens.
pub(crate) fn totals(info: &LineupInfo, tokens: &[Token]) -> Value {
    let sum = |f: &dyn Fn(&TokenInsight) -> f64| tokens.iter().map(|t| f(&t.insight)).sum::<f64>();
    let per_objective = (0..info.objectives.len()).map(|i| {
        json!({
            "reward": sum(&|t| t.chosen.objectives.get(i).map_or(0.0, |o| o.reward)),
            "advantage": sum(&|t| t.chosen.objectives.get(i).map_or(0.0, |o| o.advantage)),
        })
    });
    json!({
        "base": sum(&|t| t.chosen.base),
        "guided": sum(&|t| t.chosen.guided),
        "kl": sum(&|t| t.kl),
        "objectives": named(&info.objectives, per_objective),
    })
}

/// `eos`, `length` or `cancelled`.
pub(crate) fn finish(finish: Finish) -> Value {
    json!(finish)
}
