//! The file of one run: a line for each word, as it comes.

mod read;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::summary::Summary;
use crate::domain::{
    Finish, ModelInfo, Objective, ObjectiveWeights, Pane, Prompt, Sampling, TokenId,
};
use crate::engine::insight::TokenInsight;
use crate::engine::scorer::Row;
use crate::engine::trace::{Detail, StoredRows, TraceStep};
use crate::record::{Timing, base64};

pub use read::read;

/// How many of the likeliest tokens are kept of every step.
pub const LIKELY: usize = 128;

/// What is known when a run begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// Name of the models.
    pub lineup: String,
    /// Their objectives.
    pub objectives: Vec<Objective>,
    /// The models.
    pub models: Vec<ModelInfo>,
    /// On what they compute.
    pub device: String,
    /// Whether they are the built-in ones.
    pub is_demo: bool,
    /// Length of every row.
    pub vocabulary: usize,
    /// What they read.
    pub prompt: Prompt,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The weights at the beginning.
    pub weights: Vec<f64>,
    /// Seconds since 1970.
    pub at: u64,
    /// Version of the program.
    pub app: String,
    /// The lineup.toml that the models were loaded from, where it was one.
    #[serde(default)]
    pub lineup_file: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Run(Box<Head>),
    Started {
        rendered: String,
        prompt_tokens: usize,
    },
    Step(Box<StepLine>),
    From {
        position: usize,
        weights: Vec<f64>,
    },
    End(Ending),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The plain text, where one was written.
    pub base: Option<Finish>,
    /// The guided text.
    pub guided: Finish,
    /// Characters that no token of the texts completed.
    #[serde(default)]
    pub tails: [String; 2],
    /// How long it took.
    pub timing: Timing,
}

/// A word; short names, because there are many.
#[derive(Debug, Serialize, Deserialize)]
struct StepLine {
    pane: Pane,
    at: usize,
    id: TokenId,
    text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    given: bool,
    /// Where they are not those of the run or of the last `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Vec<f64>>,
    kl: Option<f64>,
    #[serde(default)]
    entropy: Option<f64>,
    /// Base, guided, then reward and advantage of each objective; null is −∞.
    scores: Vec<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<String>,
    /// Texts of tokens that were not named before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<TokenId, String>,
}

/// Writes the file of a run.
#[derive(Debug)]
pub struct BlobWriter {
    file: File,
    texts: Arc<[String]>,
    objectives: usize,
    seed: u64,
    weights: Vec<f64>,
    named: HashSet<TokenId>,
    /// The rows that were written last: the two texts have them in common until they part.
    last: Option<(usize, Row)>,
    /// What the list shows of it.
    pub(super) summary: Summary,
    /// Bytes so far.
    pub bytes: u64,
}

/// A word on its way into the file.
#[derive(Debug, Clone)]
pub struct Word<'a> {
    /// Which text.
    pub pane: Pane,
    /// Its position.
    pub at: usize,
    /// Its characters.
    pub text: &'a str,
    /// Whether it was given rather than drawn.
    pub given: bool,
    /// Its token.
    pub token: TokenId,
    /// The weights that it was written with.
    pub weights: &'a ObjectiveWeights,
    /// Its numbers.
    pub insight: &'a TokenInsight,
    /// Its rows, where they are known.
    pub rows: Option<StoredRows>,
    /// By which rows are known again.
    pub base: Option<&'a Row>,
}

impl BlobWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path, head: &Head, texts: Arc<[String]>) -> std::io::Result<Self> {
        let mut writer = Self {
            file: File::create_new(path)?,
            texts,
            objectives: head.objectives.len(),
            seed: head.sampling.seed,
            weights: head.weights.clone(),
            named: HashSet::new(),
            last: None,
            summary: Summary::new(
                head.objectives.iter().map(|o| o.name.clone()),
                &head.weights,
            ),
            bytes: 0,
        };
        writer.append(&Line::Run(Box::new(head.clone())))?;
        Ok(writer)
    }

    fn append(&mut self, line: &Line) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.bytes += bytes.len() as u64;
        self.file.write_all(&bytes)
    }

    /// The models have read the prompt.
    ///
    /// # Errors
    /// What the disk says.
    pub fn started(&mut self, rendered: &str, prompt_tokens: usize) -> std::io::Result<()> {
        self.append(&Line::Started {
            rendered: rendered.to_owned(),
            prompt_tokens,
        })
    }

    /// The guided text goes on otherwise from `position` on, under other weights.
    ///
    /// # Errors
    /// What the disk says.
    pub fn from(&mut self, position: usize, weights: &[f64]) -> std::io::Result<()> {
        self.weights = weights.to_vec();
        self.summary.from(position, weights);
        self.last = None;
        self.append(&Line::From {
            position,
            weights: weights.to_vec(),
        })
    }

    /// A word was written.
    ///
    /// # Errors
    /// What the disk says.
    pub fn word(&mut self, word: Word<'_>) -> std::io::Result<()> {
        match word.pane {
            Pane::Base => {}
            Pane::Guided => self.summary.word(word.at, word.text, word.insight),
        }
        let known = |(at, row): &(usize, Row)| {
            *at == word.at && word.base.is_some_and(|base| Arc::ptr_eq(base, row))
        };
        let rows = word
            .rows
            .filter(|_| !self.last.as_ref().is_some_and(known))
            .map(|rows| {
                let luck = (self.seed, word.at);
                rows.reduced(Detail::Likely(LIKELY), word.weights, &[word.token], luck)
            });
        if rows.is_some() {
            self.last = word.base.map(|base| (word.at, Arc::clone(base)));
        }
        let kept = rows.as_ref().and_then(StoredRows::tokens);
        let top = word.insight.top.iter().map(|candidate| candidate.id);
        let ids = kept
            .into_iter()
            .flatten()
            .copied()
            .chain(top)
            .chain([word.token]);
        let mut names = BTreeMap::new();
        for id in ids {
            if self.named.insert(id)
                && let Some(text) = self.texts.get(id as usize)
            {
                names.insert(id, text.clone());
            }
        }
        let chosen = &word.insight.chosen;
        let said = chosen.objectives.iter();
        let scores = [chosen.base, chosen.guided]
            .into_iter()
            .chain(said.flat_map(|o| [o.reward, o.advantage]));
        let line = StepLine {
            pane: word.pane,
            at: word.at,
            id: word.token,
            text: word.text.to_owned(),
            given: word.given,
            weights: (**word.weights != *self.weights).then(|| word.weights.to_vec()),
            kl: finite(word.insight.kl),
            entropy: word.insight.entropy,
            scores: scores.map(finite).collect(),
            rows: rows.map(|rows| base64::encode(&rows.to_bytes())),
            names,
        };
        self.append(&Line::Step(Box::new(line)))
    }

    /// A word of a text that is there already.
    ///
    /// # Errors
    /// What the disk says.
    pub fn known_word(
        &mut self,
        pane: Pane,
        at: usize,
        step: &TraceStep,
        text: &str,
        given: bool,
    ) -> std::io::Result<()> {
        let complete = step.insight.chosen.objectives.len() == self.objectives;
        self.word(Word {
            pane,
            at,
            text,
            given,
            token: step.token,
            weights: &step.weights,
            insight: &step.insight,
            rows: step.stored_rows().filter(|_| complete),
            base: None,
        })
    }

    /// The run is over.
    ///
    /// # Errors
    /// What the disk says.
    pub fn end(&mut self, ending: &Ending) -> std::io::Result<()> {
        self.summary.end(&ending.tails[1]);
        self.append(&Line::End(ending.clone()))
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests;
