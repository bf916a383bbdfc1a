//! A document becomes a run: everything is checked, and what does not fit is told in one sentence.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Map;

use super::write::{Extra, NodeDocument};
use super::{Branch, Record, SCHEMA, Text, Timing, Tree, base64};
use crate::domain::{
    Finish, LineupInfo, ModelInfo, Objective, ObjectiveWeights, Prompt, RewardKind, Sampling,
    TokenId,
};
use crate::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};
use crate::engine::trace::{StoredRows, StoredStep, Trace};
use crate::error::Failure;

/// Largest file that is read, bytes.
pub const LARGEST_FILE: u64 = 512 << 20;
/// Most tokens that a vocabulary may have.
pub(crate) const LARGEST_VOCABULARY: usize = 1 << 22;

#[derive(Deserialize)]
struct Version {
    schema: Option<String>,
}

/// A number; JSON has no −∞ and says null.
type Score = Option<f64>;
type Weights = Map<String, serde_json::Value>;

#[derive(Deserialize)]
struct Document {
    lineup: String,
    prompt: String,
    #[serde(default)]
    rendered: String,
    seed: u64,
    sampling: Sampling,
    weights: Weights,
    base: Option<TextDocument>,
    guided: TextDocument,
    divergence: Option<usize>,
    #[serde(default)]
    timing: Timing,
    #[serde(default)]
    app: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    models: Vec<ModelInfo>,
    record: Option<Extra>,
}

#[derive(Deserialize)]
struct TextDocument {
    tokens: Vec<TokenDocument>,
    finish: Finish,
}

#[derive(Deserialize)]
struct TokenDocument {
    id: TokenId,
    text: String,
    base: Score,
    guided: Score,
    kl: Score,
    #[serde(default)]
    entropy: Score,
    objectives: HashMap<String, Pair>,
    #[serde(default)]
    top: Vec<CandidateDocument>,
    weights: Option<Weights>,
    #[serde(default)]
    given: bool,
}

#[derive(Deserialize)]
struct CandidateDocument {
    id: TokenId,
    text: Option<String>,
    base: Score,
    guided: Score,
    objectives: HashMap<String, Pair>,
}

#[derive(Deserialize)]
struct Pair {
    reward: Score,
    advantage: Score,
}

fn damaged(what: &str) -> Failure {
    Failure::input("This file is not a whole saved run").details(what.to_owned())
}

/// Reads a saved run, or a document of `generate --json`, which has no rows.
///
/// # Errors
/// Text that is no such document, one of a newer version, or one whose parts do not fit together.
pub fn read(text: &str) -> Result<Record, Failure> {
    let not_json = |error: serde_json::Error| {
        Failure::input("This file is not a saved run")
            .hint("A saved run is a JSON file that ends in .counterpoise.json")
            .details(error.to_string())
    };
    let version: Version = serde_json::from_str(text).map_err(not_json)?;
    match version.schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) if other.starts_with("counterpoise.run/") => {
            return Err(
                Failure::input("This run was saved by a newer version of the program")
                    .hint("Install the newest version to open it")
                    .details(other.to_owned()),
            );
        }
        Some(_) | None => {
            return Err(Failure::input("This file is not a saved run")
                .hint("A saved run is a JSON file that ends in .counterpoise.json"));
        }
    }
    let mut document: Document =
        serde_json::from_str(text).map_err(|error| damaged(&error.to_string()))?;
    let extra = document.record.take();
    if extra
        .as_ref()
        .is_some_and(|extra| extra.vocabulary > LARGEST_VOCABULARY)
    {
        return Err(damaged("the vocabulary is too large"));
    }
    let objectives = match &extra {
        Some(extra) => extra.objectives.clone(),
        None => unknown_objectives(&document.weights),
    };
    let names: Vec<&str> = objectives.iter().map(|o| o.name.as_str()).collect();
    let weights = weights(&document.weights, &names)?;
    let texts = texts(&document, extra.as_ref())?;
    let tree = match &extra {
        Some(extra) => tree(&extra.nodes, extra.vocabulary, objectives.len())?,
        None => Tree::default(),
    };
    let read_text = |text: &TextDocument| self::text(text, &names, &weights, &tree, texts.len());
    let base = document.base.as_ref().map(read_text).transpose()?;
    let guided = read_text(&document.guided)?;
    let branches = extra
        .as_ref()
        .map_or_else(Vec::new, |extra| extra.branches.clone());
    check_branches(&branches, &tree, names.len())?;
    let prompt = extra.as_ref().map_or_else(
        || Prompt::of(&document.prompt),
        |extra| extra.prompt.clone(),
    );
    let sampling = Sampling {
        seed: document.seed,
        ..document.sampling
    };
    sampling.check().map_err(|reason| damaged(&reason))?;
    let built_in = |model: &ModelInfo| model.source.starts_with("built-in");
    let info = LineupInfo {
        name: document.lineup,
        objectives,
        texts: texts.into(),
        device: document.device,
        context_len: usize::MAX / 2,
        is_demo: !document.models.is_empty() && document.models.iter().all(built_in),
        models: document.models,
        ..LineupInfo::default()
    };
    Ok(Record {
        info: Arc::new(info),
        prompt,
        rendered: document.rendered,
        prompt_tokens: extra.as_ref().map_or(0, |extra| extra.prompt_tokens),
        sampling,
        weights,
        base,
        guided,
        divergence: document.divergence,
        timing: document.timing,
        app: document.app,
        at: extra.as_ref().map_or(0, |extra| extra.at),
        lineup_file: extra.as_ref().and_then(|extra| extra.lineup_file.clone()),
        titles: None,
        left_prompt: None,
        tree: Arc::new(tree),
        branches,
    })
}

/// What a document without rows tells of its objectives.
fn unknown_objectives(weights: &Weights) -> Vec<Objective> {
    let objective = |(name, weight): (&String, &serde_json::Value)| Objective {
        name: name.clone(),
        kind: RewardKind::Model,
        weight: weight.as_f64().unwrap_or_default(),
        about: String::new(),
        colour: None,
    };
    weights.iter().map(objective).collect()
}

fn weights(named: &Weights, names: &[&str]) -> Result<ObjectiveWeights, Failure> {
    if named.len() != names.len() {
        return Err(damaged("weights and objectives are not the same number"));
    }
    let weight = |name: &&str| {
        let weight = named.get(*name).and_then(serde_json::Value::as_f64);
        weight.ok_or_else(|| damaged(&format!("there is no weight for {name}")))
    };
    names.iter().map(weight).collect()
}

/// Texts of all ids up to the largest.
fn texts(document: &Document, extra: Option<&Extra>) -> Result<Vec<String>, Failure> {
    if let Some(extra) = extra {
        return match &extra.texts {
            Some(all) if all.len() == extra.vocabulary => Ok(all.clone()),
            Some(_) => Err(damaged("the vocabulary has another length than it says")),
            None => {
                let mut texts = vec![String::new(); extra.vocabulary];
                for (&id, text) in extra.names.iter().flatten() {
                    let place = texts.get_mut(id as usize);
                    text.clone_into(place.ok_or_else(|| damaged("a token has no place"))?);
                }
                // What stood at the top when the text was written need not be among the rows' likeliest.
                let written = document.base.iter().chain([&document.guided]);
                for other in written
                    .flat_map(|text| &text.tokens)
                    .flat_map(|token| &token.top)
                {
                    let place = texts.get_mut(other.id as usize);
                    if let (Some(place), Some(text)) = (place, &other.text)
                        && place.is_empty()
                    {
                        text.clone_into(place);
                    }
                }
                Ok(texts)
            }
        };
    }
    let both = document.base.iter().chain([&document.guided]);
    let tokens = || both.clone().flat_map(|text| &text.tokens);
    let candidates = || tokens().flat_map(|token| &token.top);
    let largest = tokens()
        .map(|token| token.id)
        .chain(candidates().map(|candidate| candidate.id))
        .max();
    let count = largest.map_or(0, |largest| largest as usize + 1);
    if count > LARGEST_VOCABULARY {
        return Err(damaged("a token id is too large"));
    }
    let mut texts = vec![String::new(); count];
    for token in tokens() {
        token.text.clone_into(&mut texts[token.id as usize]);
    }
    for candidate in candidates() {
        if let Some(text) = &candidate.text {
            text.clone_into(&mut texts[candidate.id as usize]);
        }
    }
    Ok(texts)
}

fn tree(nodes: &[NodeDocument], vocabulary: usize, objectives: usize) -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    for (index, node) in nodes.iter().enumerate() {
        let place = match node.parent {
            None if index == 0 => 0,
            Some(parent) if parent < index && (node.token as usize) < vocabulary => {
                tree.grow(parent, node.token, &node.text)
            }
            Some(_) | None => return Err(damaged("the places of the rows are out of order")),
        };
        if place != index {
            return Err(damaged("two places of the rows are the same"));
        }
        if let Some(rows) = &node.rows {
            let rows = base64::decode(rows)
                .and_then(|bytes| StoredRows::from_bytes(&bytes, vocabulary, objectives))
                .ok_or_else(|| damaged(&format!("the rows at place {index} cannot be read")))?;
            tree.put(place, rows);
        }
    }
    Ok(tree)
}

fn check_branches(branches: &[Branch], tree: &Tree, objectives: usize) -> Result<(), Failure> {
    let whole = |branch: &Branch| {
        let mut place = Some(0);
        for &token in &branch.tokens {
            place = place.and_then(|place| tree.child(place, token));
        }
        place.is_some() && branch.weights.len() == objectives
    };
    if branches.iter().all(whole) {
        Ok(())
    } else {
        Err(damaged("a branch leaves the rows"))
    }
}

fn score(score: Score) -> f64 {
    score.unwrap_or(f64::NEG_INFINITY)
}

fn text(
    document: &TextDocument,
    names: &[&str],
    usual: &ObjectiveWeights,
    tree: &Tree,
    vocabulary: usize,
) -> Result<Text, Failure> {
    let mut place = Some(0);
    let mut last = usual.clone();
    let mut steps = Vec::with_capacity(document.tokens.len());
    for token in &document.tokens {
        if token.id as usize >= vocabulary {
            return Err(damaged("a token is not in the vocabulary"));
        }
        let of_token = token.weights.as_ref();
        let weights = of_token.map_or(Ok(usual.clone()), |named| self::weights(named, names))?;
        // Tokens in a row mostly have the same weights; they share them as when they were written.
        let weights = if *weights == *last {
            last.clone()
        } else {
            weights
        };
        last = weights.clone();
        let chosen = candidate(token.id, token.base, token.guided, &token.objectives, names)?;
        let top = token.top.iter().map(|c| {
            if c.id as usize >= vocabulary {
                return Err(damaged("an alternative is not in the vocabulary"));
            }
            candidate(c.id, c.base, c.guided, &c.objectives, names)
        });
        steps.push(StoredStep {
            token: token.id,
            weights,
            insight: TokenInsight {
                chosen,
                kl: token.kl.unwrap_or(f64::INFINITY),
                entropy: token.entropy,
                top: top.collect::<Result<_, _>>()?,
            },
            rows: place.and_then(|place| tree.rows(place)).cloned(),
        });
        place = place.and_then(|place| tree.child(place, token.id));
    }
    let given = document.tokens.iter().rposition(|token| token.given);
    Ok(Text {
        pieces: document.tokens.iter().map(|t| t.text.clone()).collect(),
        trace: Arc::new(Trace::of_stored(steps)),
        given: given.map_or(0, |last| last + 1),
        finish: document.finish,
    })
}

fn candidate(
    id: TokenId,
    base: Score,
    guided: Score,
    objectives: &HashMap<String, Pair>,
    names: &[&str],
) -> Result<Candidate, Failure> {
    let pair = |name: &&str| {
        let pair = objectives.get(*name);
        let pair = pair.ok_or_else(|| damaged(&format!("a token has no reward of {name}")))?;
        Ok(ObjectiveInsight {
            reward: score(pair.reward),
            advantage: score(pair.advantage),
        })
    };
    // A text that only the base has read has no rewards.
    let objectives = if objectives.is_empty() {
        Vec::new()
    } else {
        names.iter().map(pair).collect::<Result<_, Failure>>()?
    };
    Ok(Candidate {
        id,
        base: score(base),
        guided: score(guided),
        objectives,
    })
}
