//! The run as the page's scripts read it.

use serde_json::{Value, json};

use crate::domain::{Colour, Finish, Pane, TokenId};
use crate::engine::insight::{Candidate, expectations};
use crate::engine::noise::PositionNoise;
use crate::engine::trace::{Detail, StoredRows};
use crate::record::{NEEDS_MODEL, Record, base64, paint, preview_words};

/// Most bytes of rows in a page: a file of about 4 MB.
const MOST_BYTES: usize = 3 << 20;
/// How exactly rows are kept: the first way that fits, else the last.
const DETAILS: [Detail; 5] = [
    Detail::AsKept,
    Detail::Rounded,
    Detail::Likely(512),
    Detail::Likely(128),
    Detail::Likely(32),
];

/// The whole run.
pub(super) fn data(record: &Record) -> Value {
    let rows = record.rows_within(&DETAILS, MOST_BYTES);
    let whole = rows.iter().flatten().all(|rows| rows.tokens().is_none());
    let objectives = record.info.objectives.iter().enumerate();
    let objectives: Vec<Value> = objectives
        .map(|(index, objective)| {
            let colour = objective.colour.unwrap_or(Colour::at(index)).name();
            json!({"name": objective.name, "about": objective.about, "colour": colour})
        })
        .collect();
    let sampling = &record.sampling;
    let branches: Vec<&Vec<f64>> = record.branches.iter().map(|b| &b.weights).collect();
    let texts = [Pane::Base, Pane::Guided].map(|pane| text(record, pane, &rows));
    let maps = [paint::LIGHT, paint::DARK].map(|paints| paints.signed.map(paint::digits));
    json!({
        "needsModel": NEEDS_MODEL,
        "previewWords": preview_words(rows.iter().flatten()),
        // Numbers of the page's language do not reach so far.
        "seed": sampling.seed.to_string(),
        "sampling": {
            "temperature": sampling.temperature,
            "top_k": if sampling.top_k < record.info.texts.len() { sampling.top_k } else { 0 },
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
        },
        "most": most_tokens(record),
        "objectives": objectives,
        "weights": *record.weights,
        "vocabulary": record.info.texts.len(),
        "names": if whole { json!(*record.info.texts) } else { json!(record.named(&rows)) },
        "ends": record.ends(),
        "places": places(record, &rows),
        "texts": texts,
        "branches": branches,
        "maps": maps,
    })
}

/// How long a text may become: a model's context may have ended one before the length that was asked for.
fn most_tokens(record: &Record) -> usize {
    let texts = record.base.iter().chain([&record.guided]);
    let full = texts.filter(|text| text.finish == Finish::Length);
    let longest = full.map(|text| text.pieces.len()).max();
    longest.unwrap_or(record.sampling.max_tokens)
}

fn places(record: &Record, rows: &[Option<StoredRows>]) -> Vec<Value> {
    let nodes = record.tree.nodes();
    let mut depth = vec![0; nodes.len()];
    let mut places = Vec::with_capacity(nodes.len());
    for (index, (node, rows)) in nodes.iter().zip(rows).enumerate() {
        depth[index] = node.parent.map_or(0, |parent| depth[parent] + 1);
        let mut place = json!({"parent": node.parent, "token": node.token, "piece": node.piece});
        if let Some(rows) = rows {
            let scores = rows.scores();
            let means = scores.map(|scores| expectations(&scores.base, &scores.rewards));
            let noise = PositionNoise::new(record.sampling.seed, depth[index]);
            place["rows"] = json!(base64::encode(&rows.to_bytes()));
            place["means"] = json!(means);
            place["luckiest"] = json!(luckiest(rows, noise, record.info.texts.len()));
        }
        places.push(place);
    }
    places
}

/// The token with the most noise among those that are not kept.
fn luckiest(rows: &StoredRows, noise: PositionNoise, vocabulary: usize) -> Option<TokenId> {
    let kept = rows.tokens()?;
    // One in thirty is above 3.4; where all of these are kept, the others are looked at too.
    for level in [3.4, f64::NEG_INFINITY] {
        let others = noise.above(level, vocabulary);
        let others = others.filter(|token| kept.binary_search(token).is_err());
        let found = others.max_by(|&a, &b| noise.gumbel(a).total_cmp(&noise.gumbel(b)));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn text(record: &Record, pane: Pane, rows: &[Option<StoredRows>]) -> Value {
    let Some(text) = record.text(pane) else {
        return Value::Null;
    };
    let mut place = record.is_in_tree(pane).then_some(0);
    let mut steps = Vec::with_capacity(text.pieces.len());
    for (step, piece) in text.trace.steps().iter().zip(&text.pieces) {
        let chosen = &step.insight.chosen;
        let known = |rows: &StoredRows| rows.knows(chosen);
        let known = place.filter(|&place| rows[place].as_ref().is_some_and(known));
        let said = chosen.objectives.iter();
        let means: Vec<f64> = said.map(|said| said.reward - said.advantage).collect();
        let mut value = json!({
            "piece": piece,
            "place": known,
            "chosen": candidate(chosen),
            "means": means,
            "kl": step.insight.kl,
            "top": step.insight.top.iter().map(candidate).collect::<Vec<_>>(),
        });
        if *step.weights != *record.weights {
            value["weights"] = json!(*step.weights);
        }
        steps.push(value);
        place = place.and_then(|place| record.tree.child(place, step.token));
    }
    json!({
        "title": super::title(record, pane),
        "given": text.given,
        "finish": text.finish,
        "steps": steps,
    })
}

/// Id, plain and guided log-probability, and rewards: their advantages are what they have beyond the means.
fn candidate(candidate: &Candidate) -> Value {
    let mut numbers = vec![json!(candidate.id)];
    numbers.push(json!(candidate.base));
    numbers.push(json!(candidate.guided));
    let rewards = candidate.objectives.iter();
    numbers.extend(rewards.map(|said| json!(said.reward)));
    Value::Array(numbers)
}
