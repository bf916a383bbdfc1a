//! JSON shapes that documents of more than one kind share (interfaces.md section 4). Fields are only ever added.

use serde_json::{Map, Value, json};

use crate::domain::{LineupInfo, Objective, Sampling};

/// `{"harmless": …, …}`: one value per objective.
pub(crate) fn named(objectives: &[Objective], values: impl Iterator<Item = Value>) -> Value {
    let map: Map<String, Value> = objectives
        .iter()
        .map(|o| o.name.clone())
        .zip(values)
        .collect();
    Value::Object(map)
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
