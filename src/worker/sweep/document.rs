//! The shapes of a sweep in files. Fields are only ever added.

use serde_json::{Map, Value, json};

use super::SweepRecord;
use crate::engine::tradeoff::{
    HONESTY, Independent, Mean, Measure, Origin, Outcome, Row, Standing,
};
use crate::record::json::{models, named, sampling};
use crate::record::table::csv_line;

/// The columns that every sweep of these models has.
pub(super) fn columns(record: &SweepRecord) -> Vec<String> {
    let names: Vec<&str> = record
        .info
        .objectives
        .iter()
        .map(|objective| objective.name.as_str())
        .collect();
    let mut head: Vec<String> = ["setting", "prompt", "sample", "seed"]
        .map(str::to_owned)
        .to_vec();
    head.extend(names.iter().map(|name| format!("weight {name}")));
    head.extend(["finish", "tokens", "base"].map(str::to_owned));
    for name in &names {
        for measure in Measure::ALL {
            head.push(format!("{} {name}", measure.name()));
        }
    }
    head.extend(["prompt text", "text", "key"].map(str::to_owned));
    head
}

/// One line per text; independent scores stand behind everything else.
pub(super) fn csv(record: &SweepRecord) -> String {
    let mut out = String::new();
    let mut head = columns(record);
    head.extend(record.independent.iter().map(|one| one.label.clone()));
    csv_line(&mut out, &head);
    let objectives = record.info.objectives.len();
    for row in record.in_order() {
        let mut cells = vec![
            row.setting.to_string(),
            row.prompt.to_string(),
            row.sample.to_string(),
            record.seed(row).to_string(),
        ];
        let weights = record.settings.get(row.setting);
        cells.extend(weights.iter().flat_map(|w| w.iter()).map(f64::to_string));
        cells.push(json!(row.finish).as_str().unwrap_or_default().to_owned());
        cells.push(row.scores.tokens.to_string());
        cells.push(row.scores.base.to_string());
        for objective in 0..objectives {
            for measure in Measure::ALL {
                let score = row.scores.score(measure, objective);
                cells.push(score.map_or_else(String::new, |score| score.to_string()));
            }
        }
        let prompt = record.prompts.get(row.prompt);
        cells.push(prompt.map_or_else(String::new, |prompt| prompt.text.clone()));
        cells.push(row.text.clone());
        cells.push(record.key(row));
        for independent in &record.independent {
            let score = independent.score(Measure::default(), row);
            cells.push(score.map_or_else(String::new, |score| score.to_string()));
        }
        csv_line(&mut out, &cells);
    }
    out
}

/// Everything.
pub(super) fn json(record: &SweepRecord, outcome: &Outcome) -> Value {
    let mut document = of_objectives(record, outcome);
    if record.independent.is_empty() {
        return document;
    }
    let one = |one: &Independent| {
        let (origin, name) = match &one.origin {
            Origin::File(name) => ("file", name),
            Origin::Model(name) => ("models", name),
        };
        json!({
            "name": one.label,
            "origin": origin,
            "from": name,
            "unit": one.unit(Measure::default()),
            "texts": one.texts.len(),
        })
    };
    document["independent"] = record.independent.iter().map(one).collect();
    document
}

/// Front and volume over other scores than those of the objectives that are swept.
pub(super) fn on_axes(record: &SweepRecord, outcome: &Outcome) -> Value {
    let names = record.score_names();
    let name = |&axis: &usize| names.get(axis).copied().unwrap_or_default();
    let reference = outcome.reference.as_ref().map(|reference| {
        let pairs = outcome.front_axes.iter().map(name).zip(reference);
        pairs
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<Map<String, Value>>()
    });
    let front = outcome.standings.iter().enumerate();
    json!({
        "scores": outcome.front_axes.iter().map(name).collect::<Vec<_>>(),
        "reference": reference,
        "hypervolume": outcome.hypervolume,
        "pareto": front.filter(|(_, one)| one.on_front).map(|(index, _)| index).collect::<Vec<_>>(),
        "note": record.honesty(&outcome.front_axes),
    })
}

fn of_objectives(record: &SweepRecord, outcome: &Outcome) -> Value {
    let info = &record.info;
    let rows: Vec<Value> = record
        .in_order()
        .into_iter()
        .map(|row| self::row(record, row))
        .collect();
    let standings: Vec<Value> = outcome
        .standings
        .iter()
        .map(|standing| self::standing(record, standing))
        .collect();
    let by_axis = |values: &[f64]| -> Value {
        let names = outcome.axes.iter().map(|&axis| record.objective(axis));
        let pairs = names
            .zip(values)
            .map(|(name, value)| (name.to_owned(), json!(value)));
        Value::Object(pairs.collect())
    };
    json!({
        "schema": "counterpoise.sweep/1",
        "lineup": info.name,
        "seed": record.sampling.seed,
        "sampling": sampling(&record.sampling),
        "samples": record.samples,
        "prompts": record.prompts.iter().map(|prompt| &prompt.text).collect::<Vec<_>>(),
        "complete": record.complete,
        "summary": {
            "score": outcome.measure.name(),
            "unit": outcome.measure.unit(),
            "objectives": outcome.axes.iter().map(|&axis| record.objective(axis)).collect::<Vec<_>>(),
            "reference": outcome.reference.as_deref().map(by_axis),
            "hypervolume": outcome.hypervolume,
            "mean_inner_product": outcome.inner_product,
            "note": HONESTY,
        },
        "settings": standings,
        "rows": rows,
        "app": env!("CARGO_PKG_VERSION"),
        "device": info.device,
        "models": models(info),
    })
}

fn standing(record: &SweepRecord, standing: &Standing) -> Value {
    let objectives = &record.info.objectives;
    let mean = |mean: &Option<Mean>| {
        mean.map_or(
            Value::Null,
            |mean| json!({"mean": mean.value, "half_width_95": mean.half}),
        )
    };
    let mut value = json!({
        "weights": named(objectives, standing.weights.iter().map(|w| json!(w))),
        "texts": standing.texts,
        "scores": named(objectives, standing.scores.iter().map(mean)),
        "pareto": standing.on_front,
        "base": standing.is_base,
    });
    if !record.independent.is_empty() {
        let means = record
            .independent
            .iter()
            .zip(standing.scores.iter().skip(objectives.len()));
        value["independent"] = means
            .map(|(one, score)| (one.label.clone(), mean(score)))
            .collect();
    }
    value
}

fn row(record: &SweepRecord, row: &Row) -> Value {
    let scores = &row.scores;
    let sums: Map<String, Value> = record
        .info
        .objectives
        .iter()
        .zip(scores.rewards.iter().zip(&scores.advantages))
        .map(|(objective, (reward, advantage))| {
            let sums = json!({"reward": reward, "advantage": advantage});
            (objective.name.clone(), sums)
        })
        .collect();
    let mut value = json!({
        "setting": row.setting,
        "prompt": row.prompt,
        "sample": row.sample,
        "seed": record.seed(row),
        "text": row.text,
        "finish": row.finish,
        "tokens": scores.tokens,
        "base": scores.base,
        "objectives": sums,
        "key": record.key(row),
    });
    if !record.independent.is_empty() {
        let scores = record.independent.iter().map(|one| {
            let score = one.score(Measure::default(), row);
            (one.label.clone(), json!(score))
        });
        value["independent"] = scores.collect();
    }
    value
}
