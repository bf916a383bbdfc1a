//! The JSON shapes of interfaces.md section 4. Fields are only ever added.

use serde_json::{Map, Value, json};

use crate::domain::{Finish, LineupInfo, Objective, ObjectiveWeights, Sampling, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::{Candidate, TokenInsight};
use crate::engine::sums::TextSums;

use super::{SCHEMA, Text, Timing};

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
    pub(crate) fn new(step: GuidedStep, text: String) -> Self {
        Self {
            id: step.token,
            text,
            given: step.given,
            insight: step.insight,
            weights: step.weights,
        }
    }

    /// All tokens of a text.
    pub(crate) fn of(text: &Text) -> Vec<Self> {
        let steps = text.trace.steps().iter().zip(&text.pieces).enumerate();
        steps
            .map(|(position, (step, piece))| Self {
                id: step.token,
                text: piece.clone(),
                given: position < text.given,
                insight: step.insight.clone(),
                weights: step.weights.clone(),
            })
            .collect()
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

pub(crate) fn named(objectives: &[Objective], values: impl Iterator<Item = Value>) -> Value {
    let map: Map<String, Value> = objectives
        .iter()
        .map(|o| o.name.clone())
        .zip(values)
        .collect();
    Value::Object(map)
}

/// The fields of a token; `initial` are the weights that the run began with.
pub(crate) fn token(info: &LineupInfo, token: &Token, initial: &[f64]) -> Value {
    let TokenInsight {
        chosen,
        kl,
        entropy,
        top,
    } = &token.insight;
    let mut value = json!({
        "id": token.id,
        "text": token.text,
        "base": chosen.base,
        "guided": chosen.guided,
        "kl": kl,
        "entropy": entropy,
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
pub(crate) fn totals(info: &LineupInfo, sums: &TextSums) -> Value {
    let per_objective = (0..info.objectives.len()).map(|index| {
        let (reward, advantage) = sums
            .objectives
            .get(index)
            .map_or((0.0, 0.0), |sum| (sum.reward, sum.advantage));
        json!({"reward": reward, "advantage": advantage})
    });
    json!({
        "base": sums.base,
        "guided": sums.guided,
        "kl": sums.kl,
        "objectives": named(&info.objectives, per_objective),
    })
}

/// How tokens were drawn, the seed apart.
pub(crate) fn sampling(sampling: &Sampling) -> Value {
    json!({
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "max_tokens": sampling.max_tokens,
    })
}

/// Every model of the lineup.
pub(crate) fn models(info: &LineupInfo) -> Value {
    info.models
        .iter()
        .map(|model| {
            json!({
                "role": model.role, "source": model.source, "sha256": model.sha256, "kept": model.kept,
            })
        })
        .collect()
}

/// `eos`, `length` or `cancelled`.
pub(crate) fn finish(finish: Finish) -> Value {
    json!(finish)
}

/// One of the two texts of a run.
pub(crate) struct Written<'a> {
    pub(crate) text: String,
    pub(crate) tokens: &'a [Token],
    pub(crate) finish: Finish,
}

/// A run without its rows.
pub(crate) struct Outline<'a> {
    pub(crate) info: &'a LineupInfo,
    pub(crate) prompt: &'a str,
    pub(crate) rendered: &'a str,
    pub(crate) sampling: &'a Sampling,
    pub(crate) weights: &'a [f64],
    pub(crate) base: Option<Written<'a>>,
    pub(crate) guided: Written<'a>,
    pub(crate) divergence: Option<usize>,
    pub(crate) timing: Timing,
}

impl Outline<'_> {
    /// The `run/1` document of interfaces.md section 4.
    pub(crate) fn document(&self) -> Value {
        let info = self.info;
        let text = |written: &Written<'_>| {
            let tokens = written.tokens.iter();
            let tokens: Vec<Value> = tokens
                .map(|token| self::token(info, token, self.weights))
                .collect();
            json!({"text": written.text, "tokens": tokens, "finish": finish(written.finish)})
        };
        json!({
            "schema": SCHEMA,
            "lineup": info.name,
            "prompt": self.prompt,
            "rendered": self.rendered,
            "seed": self.sampling.seed,
            "sampling": sampling(self.sampling),
            "weights": weights(info, self.weights),
            "base": self.base.as_ref().map(text),
            "guided": text(&self.guided),
            "divergence": self.divergence,
            "timing": self.timing,
            "app": env!("CARGO_PKG_VERSION"),
            "device": info.device,
            "models": models(info),
        })
    }
}
