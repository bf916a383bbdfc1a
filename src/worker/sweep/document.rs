//! The shapes of a sweep in files. Fields are only ever added.

use serde_json::{Map, Value, json};

use super::SweepRecord;
use crate::engine::tradeoff::{HONESTY, Mean, Measure, Outcome, Row, Standing};
use crate::record::export;
use crate::record::json::{models, named, sampling};

/// One line per text.
pub(super) fn csv(record: &SweepRecord) -> String {
    let names: Vec<&str> = record
        .info
        .objectives
        .iter()
        .map(|objective| objective.name.as_str())
        .collect();
    let mut out = String::new();
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
    head.extend(["prompt text", "text"].map(str::to_owned));
    line(&mut out, &head);
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
        for objective in 0..names.len() {
            for measure in Measure::ALL {
                let score = row.scores.score(measure, objective);
                cells.push(score.map_or_else(String::new, |score| score.to_string()));
            }
        }
        let prompt = record.prompts.get(row.prompt);
        cells.push(prompt.map_or_else(String::new, |prompt| prompt.text.clone()));
        cells.push(row.text.clone());
        line(&mut out, &cells);
    }
    out
}

/// A line of cells, quoted where they must be (RFC 4180).
fn line(out: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&export::cell(cell));
    }
    out.push_str("\r\n");
}

/// Everything.
pub(super) fn json(record: &SweepRecord, outcome: &Outcome) -> Value {
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
    json!({
        "weights": named(objectives, standing.weights.iter().map(|w| json!(w))),
        "texts": standing.texts,
        "scores": named(objectives, standing.scores.iter().map(mean)),
        "pareto": standing.on_front,
        "base": standing.is_base,
    })
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
    json!({
        "setting": row.setting,
        "prompt": row.prompt,
        "sample": row.sample,
        "seed": record.seed(row),
        "text": row.text,
        "finish": row.finish,
        "tokens": scores.tokens,
        "base": scores.base,
        "objectives": sums,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut out = String::new();
        let cells = ["plain", "a, b", "say \"no\"", "two\nlines", "-0.5"].map(str::to_owned);
        line(&mut out, &cells);
        assert_eq!(
            out,
            "plain,\"a, b\",\"say \"\"no\"\"\",\"two\nlines\",-0.5\r\n"
        );
    }
}
