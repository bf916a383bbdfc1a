//! A run as a document: what was asked, both texts with all their numbers, and the rows from which other weights can be
//! tried without the models.
//!
//! [`Record`] is the run in memory, the same whether it was written a moment ago or read from a file: a text is its pieces
//! and a [`Trace`], whose steps hold the weights, the numbers (`insight`: lanes and candidate cards) and the rows. What
//! shows or exports a run needs nothing else. [`Record::to_document`] and [`read`] are the two ways between it and the
//! `run/1` document; [`tree`] keeps rows by the tokens before them, and [`scorer`] answers from it in place of the models.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod base64;
pub mod command;
pub mod export;
mod html;
pub(crate) mod json;
pub mod look;
pub(crate) mod paint;
mod read;
pub mod scored;
pub mod scorer;
mod svg;
pub mod table;
pub mod tree;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::numbers;
use crate::domain::{Finish, LineupInfo, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::trace::{Kept, StoredRows, Trace};
use crate::error::Failure;

#[cfg(feature = "gui")]
pub(crate) use html::title;
pub(crate) use read::LARGEST_VOCABULARY;
pub use read::{LARGEST_FILE, read};
#[cfg(feature = "gui")]
pub use svg::plot;
#[cfg(feature = "gui")]
pub(crate) use svg::{caption, values};
pub use tree::Tree;
pub use write::{Keep, file_name};

/// Names the document and its version.
pub const SCHEMA: &str = "counterpoise.run/1";
/// How the name of a saved run ends.
pub const EXTENSION: &str = "counterpoise.json";
/// What is said where the recorded rows end.
pub const NEEDS_MODEL: &str = "The recording does not go this way: it needs the model from here";

/// How long writing took.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// Reading the prompt, seconds.
    pub prefill_secs: f64,
    /// Seconds from the first token to the base's last.
    pub base_secs: f64,
    /// Seconds from the first token to the guided text's last.
    pub guided_secs: f64,
    /// Tokens of both texts per second of writing.
    pub tokens_per_sec: f64,
}

/// One of the two texts.
#[derive(Debug, Clone)]
pub struct Text {
    /// The characters that each token completes.
    pub pieces: Vec<String>,
    /// Rows, weights and numbers of each token.
    pub trace: Arc<Trace>,
    /// How many tokens at its beginning were given rather than drawn.
    pub given: usize,
    /// Why it ended.
    pub finish: Finish,
}

impl Text {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        self.pieces.concat()
    }

    /// Its tokens.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        self.trace.steps().iter().map(|step| step.token).collect()
    }
}

/// What is true of numbers under other weights that come from these rows.
fn preview_words<'a>(rows: impl Iterator<Item = &'a StoredRows> + Clone) -> String {
    match rows.clone().map(StoredRows::kept).max() {
        None => "No rows are kept: the sliders change nothing".to_owned(),
        Some(Kept::Exact) => "Preview exact".to_owned(),
        Some(Kept::Rounded) => "Preview from rows in 16 bits".to_owned(),
        Some(Kept::Likely) => {
            let counts = rows.filter_map(StoredRows::tokens).map(<[_]>::len);
            let fewest = counts.min().unwrap_or_default();
            format!("Preview from the top {fewest} tokens")
        }
    }
}

/// Another guided text whose rows are in the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The weights that it was written with.
    pub weights: Vec<f64>,
    /// Its tokens.
    pub tokens: Vec<TokenId>,
}

/// A run with everything that is needed to open it again, to show it and to steer it.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which models wrote it, and their objectives.
    pub info: Arc<LineupInfo>,
    /// What they read.
    pub prompt: Prompt,
    /// The same with the base model's template.
    pub rendered: String,
    /// Its length in tokens.
    pub prompt_tokens: usize,
    /// How tokens were drawn.
    pub sampling: Sampling,
    /// The weights that the guided text is written with.
    pub weights: ObjectiveWeights,
    /// The plain text, where one was written.
    pub base: Option<Text>,
    /// The guided text.
    pub guided: Text,
    /// First position at which the two differ.
    pub divergence: Option<usize>,
    /// How long it took.
    pub timing: Timing,
    /// Version of the program that wrote it.
    pub app: String,
    /// When it was written, seconds since 1970 in UTC.
    pub at: u64,
    /// The lineup.toml that the models were loaded from, where it was one.
    pub lineup_file: Option<String>,
    /// What stands above the two texts, where they are of two runs.
    pub titles: Option<[String; 2]>,
    /// What the left of two runs answers, where that is not what the right one answers.
    pub left_prompt: Option<Prompt>,
    /// The rows of these texts and of all branches.
    pub tree: Arc<Tree>,
    /// Other guided texts.
    pub branches: Vec<Branch>,
}

impl Record {
    /// One of its texts.
    #[must_use]
    pub const fn text(&self, pane: Pane) -> Option<&Text> {
        match pane {
            Pane::Base => self.base.as_ref(),
            Pane::Guided => Some(&self.guided),
        }
    }

    /// What was asked: of two runs with prompts of their own both.
    #[must_use]
    pub(crate) fn asked(&self) -> Cow<'_, str> {
        let Some(left) = &self.left_prompt else {
            return Cow::Borrowed(&self.prompt.text);
        };
        let words = |prompt: &Prompt| match &prompt.system {
            Some(system) => format!("{} (system text: {system})", prompt.text),
            None => prompt.text.clone(),
        };
        let (left, right) = (words(left), words(&self.prompt));
        Cow::Owned(format!("Left: {left}\nRight: {right}"))
    }

    /// The system text that all of it answers.
    pub(crate) fn system(&self) -> Option<&str> {
        let own = self.prompt.system.as_deref();
        own.filter(|_| self.left_prompt.is_none())
    }

    /// Whether the tree is about one of its texts: rows hold for their prompt only.
    pub(crate) const fn is_in_tree(&self, pane: Pane) -> bool {
        matches!(pane, Pane::Guided) || self.left_prompt.is_none()
    }

    /// Refuses what can hold one run only.
    pub(crate) fn check_one(&self) -> Result<(), Failure> {
        if self.titles.is_none() {
            return Ok(());
        }
        Err(
            Failure::usage("These are two runs side by side, and this holds one")
                .hint("Take each run by itself, or both as a page, a picture or a transcript"),
        )
    }

    /// The tokens that are known to end a text.
    pub(crate) fn ends(&self) -> Vec<TokenId> {
        let texts = self.base.iter().chain([&self.guided]);
        let mut ends: Vec<TokenId> = texts
            .filter(|text| text.finish == Finish::Eos)
            .filter_map(|text| Some(text.trace.steps().last()?.token))
            .collect();
        ends.dedup();
        ends
    }

    /// How exactly the worst of its rows are kept; none where there are no rows at all.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        self.tree.kept()
    }

    /// What is true of numbers that other weights give, in a few words.
    #[must_use]
    pub fn preview_words(&self) -> String {
        preview_words(
            self.tree
                .nodes()
                .iter()
                .filter_map(|node| node.rows.as_ref()),
        )
    }

    /// Whether these models are the ones that wrote it: the same weights in the same places.
    #[must_use]
    pub fn is_of(&self, info: &LineupInfo) -> bool {
        let same_objectives = self.info.objectives.len() == info.objectives.len()
            && (self.info.objectives.iter().zip(&info.objectives))
                .all(|(a, b)| a.name == b.name && a.kind == b.kind);
        let (own, other) = (&self.info.models, &info.models);
        same_objectives
            && !own.is_empty()
            && own.len() == other.len()
            && (own.iter().zip(other))
                .all(|(a, b)| !a.sha256.is_empty() && (&a.role, &a.sha256) == (&b.role, &b.sha256))
    }

    /// Puts the rows of its texts into the tree; done once, when a run has been put together from what was written.
    #[must_use]
    pub fn with_tree(mut self) -> Self {
        let mut tree = Tree::default();
        for pane in [Pane::Base, Pane::Guided] {
            if let Some(text) = self.text(pane).filter(|_| self.is_in_tree(pane)) {
                tree.add(text);
            }
        }
        self.tree = Arc::new(tree);
        self
    }

    /// The guided texts of two runs beside one another, this one's on the left.
    ///
    /// # Errors
    /// They are of different models.
    pub fn beside(&self, right: &Self) -> Result<Self, Failure> {
        let names = |run: &Self| {
            let objectives = run.info.objectives.iter();
            objectives.map(|o| o.name.clone()).collect::<Vec<_>>()
        };
        let vocabulary = |run: &Self| run.info.texts.len();
        if names(self) != names(right) || vocabulary(self) != vocabulary(right) {
            return Err(Failure::usage(
                "These two runs are of different models and cannot be compared",
            )
            .hint("Choose two runs with the same objectives"));
        }
        let title = |run: &Self| {
            let weights = names(run).into_iter().zip(run.weights.iter());
            let weights: Vec<String> = weights
                .map(|(name, weight)| format!("{name} {}", numbers::weight(*weight)))
                .collect();
            let Sampling {
                seed, temperature, ..
            } = run.sampling;
            let weights = weights.join(" · ");
            format!("{weights} · seed {seed} · temperature {temperature}")
        };
        // Runs of the history name only those tokens that they met.
        let texts = self.info.texts.iter().zip(right.info.texts.iter());
        let texts: Arc<[String]> = texts
            .map(|(a, b)| if b.is_empty() { a } else { b }.clone())
            .collect();
        let (a, b) = (self.guided.tokens(), right.guided.tokens());
        let differs = a.iter().zip(&b).position(|(a, b)| a != b);
        let longer = (a.len() != b.len()).then(|| a.len().min(b.len()));
        let both = Self {
            info: Arc::new(LineupInfo {
                texts,
                ..(*right.info).clone()
            }),
            base: Some(self.guided.clone()),
            divergence: differs.or(longer),
            titles: Some([title(self), title(right)]),
            left_prompt: (self.prompt != right.prompt).then(|| self.prompt.clone()),
            branches: Vec::new(),
            ..right.clone()
        };
        Ok(both.with_tree())
    }

    /// Adds another guided text, as written under `weights`.
    pub fn add_branch(&mut self, weights: &[f64], text: &Text) {
        Arc::make_mut(&mut self.tree).add(text);
        self.branches.push(Branch {
            weights: weights.to_vec(),
            tokens: text.tokens(),
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
