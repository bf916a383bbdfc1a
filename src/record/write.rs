//! A run becomes a document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::json::{Outline, Token, Written};
use super::{Branch, EXTENSION, Record, Text, base64};
use crate::domain::{Objective, Prompt, TokenId};
use crate::engine::trace::{Detail, StoredRows};

/// How exactly rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None: the numbers alone.
    Nothing,
    /// As exactly as they are, unless they would take more than this many bytes.
    UpTo(usize),
    /// So many of the likeliest tokens.
    Likely(usize),
}

/// Most bytes of rows in a saved run unless something else is asked for: a file of about 43 MB.
const USUAL_BYTES: usize = 32 << 20;
/// How many tokens are kept where all would take more.
const LIKELY: usize = 512;

impl Default for Keep {
    fn default() -> Self {
        Self::UpTo(USUAL_BYTES)
    }
}

/// What a saved run has beside the fields of `generate --json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extra {
    /// When it was written, seconds since 1970.
    pub(super) at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lineup_file: Option<String>,
    pub(super) objectives: Vec<Objective>,
    pub(super) prompt: Prompt,
    pub(super) prompt_tokens: usize,
    /// Length of every row.
    pub(super) vocabulary: usize,
    /// `exact`, `rounded`, `likely` or none.
    pub(super) kept: Option<String>,
    /// Bytes of the rows before they became text.
    pub(super) bytes: usize,
    /// Texts of all token ids, or of those that the rows name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) texts: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<BTreeMap<TokenId, String>>,
    /// Parents before their children; the first is the root.
    pub(super) nodes: Vec<NodeDocument>,
    #[serde(default)]
    pub(super) branches: Vec<Branch>,
}

/// A place in the tree of rows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NodeDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<usize>,
    #[serde(default)]
    pub(super) token: TokenId,
    #[serde(default)]
    pub(super) text: String,
    /// Its rows, base64 of little-endian numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<String>,
}

impl Record {
    /// The `run/1` document, with its rows where they are wanted.
    #[must_use]
    pub fn to_document(&self, keep: Keep) -> Value {
        let (base, guided) = (self.base.as_ref().map(Token::of), Token::of(&self.guided));
        let mut document = Outline {
            info: &self.info,
            prompt: &self.prompt.text,
            rendered: &self.rendered,
            sampling: &self.sampling,
            weights: &self.weights,
            base: (self.base.as_ref().zip(base.as_ref()))
                .map(|(text, tokens)| written(text, tokens)),
            guided: written(&self.guided, &guided),
            divergence: self.divergence,
            timing: self.timing,
        }
        .document();
        document["app"] = json!(self.app);
        if keep != Keep::Nothing {
            document["record"] = json!(self.extra(keep));
        }
        document
    }

    fn extra(&self, keep: Keep) -> Extra {
        let rows = match keep {
            Keep::Nothing => self.rows_within(&[], 0),
            Keep::UpTo(most) => {
                let details = [Detail::AsKept, Detail::Rounded, Detail::Likely(LIKELY)];
                self.rows_within(&details, most)
            }
            Keep::Likely(count) => self.rows_within(&[Detail::Likely(count)], 0),
        };
        let whole = rows.iter().flatten().all(|rows| rows.tokens().is_none());
        let nodes = self.tree.nodes().iter().zip(&rows);
        Extra {
            at: self.at,
            lineup_file: self.lineup_file.clone(),
            objectives: self.info.objectives.clone(),
            prompt: self.prompt.clone(),
            prompt_tokens: self.prompt_tokens,
            vocabulary: self.info.texts.len(),
            kept: rows
                .iter()
                .flatten()
                .map(StoredRows::kept)
                .max()
                .map(|kept| format!("{kept:?}").to_lowercase()),
            bytes: rows.iter().flatten().map(StoredRows::bytes).sum(),
            texts: whole.then(|| self.info.texts.to_vec()),
            names: (!whole).then(|| self.named(&rows)),
            nodes: nodes
                .map(|(node, rows)| NodeDocument {
                    parent: node.parent,
                    token: node.token,
                    text: node.piece.clone(),
                    rows: rows.as_ref().map(|rows| base64::encode(&rows.to_bytes())),
                })
                .collect(),
            branches: self.branches.clone(),
        }
    }

    /// The rows of every place in the first of these ways that takes no more than `most` bytes, else in the last.
    pub(super) fn rows_within(&self, details: &[Detail], most: usize) -> Vec<Option<StoredRows>> {
        let mut rows = vec![None; self.tree.nodes().len()];
        for &detail in details {
            rows = self.rows_in(detail);
            let bytes: usize = rows.iter().flatten().map(StoredRows::bytes).sum();
            if bytes <= most {
                break;
            }
        }
        rows
    }

    fn rows_in(&self, detail: Detail) -> Vec<Option<StoredRows>> {
        let nodes = self.tree.nodes();
        let weights = self.weights_at();
        let mut depth = vec![0; nodes.len()];
        let mut all = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            depth[index] = node.parent.map_or(0, |parent| depth[parent] + 1);
            let luck = (self.sampling.seed, depth[index]);
            let reduced =
                |rows: &StoredRows| rows.reduced(detail, weights[index], &node.said(), luck);
            all.push(node.rows.as_ref().map(reduced));
        }
        all
    }

    /// The weights under which the first text that passed each place went on from there.
    fn weights_at(&self) -> Vec<&[f64]> {
        let texts = self.base.iter().chain([&self.guided]).map(|text| {
            let steps = text.trace.steps().iter();
            steps.map(|step| (step.token, &*step.weights)).collect()
        });
        let branches = self.branches.iter().map(|branch| {
            let tokens = branch.tokens.iter();
            tokens.map(|&token| (token, &*branch.weights)).collect()
        });
        let mut found = vec![None; self.tree.nodes().len()];
        for path in texts.chain(branches) {
            let path: Vec<(TokenId, &[f64])> = path;
            let mut place = Some(0);
            for (token, weights) in path {
                let Some(here) = place else { break };
                found[here].get_or_insert(weights);
                place = self.tree.child(here, token);
            }
        }
        let found = found.into_iter();
        found
            .map(|weights| weights.unwrap_or(&self.weights))
            .collect()
    }

    /// The texts of all tokens that the rows or the texts name.
    pub(super) fn named(&self, rows: &[Option<StoredRows>]) -> BTreeMap<TokenId, String> {
        let texts = &self.info.texts;
        let kept = rows
            .iter()
            .flatten()
            .filter_map(StoredRows::tokens)
            .flatten();
        let said = self.tree.nodes().iter().map(|node| &node.token);
        let written = self.base.iter().chain([&self.guided]);
        let steps = written.flat_map(|text| text.trace.steps());
        let listed = steps.flat_map(|step| step.insight.top.iter().map(|other| &other.id));
        kept.chain(said)
            .chain(listed)
            .filter_map(|&id| Some((id, texts.get(id as usize)?.clone())))
            .collect()
    }
}

/// A text with its tokens as the document has them.
fn written<'a>(text: &Text, tokens: &'a [Token]) -> Written<'a> {
    Written {
        text: text.text(),
        tokens,
        finish: text.finish,
    }
}

/// A name for the file of a run: the first words of its prompt.
#[must_use]
pub fn file_name(prompt: &str, extension: &str) -> String {
    let words: Vec<String> = prompt
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_lowercase)
        .collect();
    let name: String = words.join("-").chars().take(60).collect();
    let name = if name.is_empty() {
        "run".to_owned()
    } else {
        name
    };
    let extension = if extension == "json" {
        EXTENSION
    } else {
        extension
    };
    format!("{name}.{extension}")
}
