//! Language models: from random weights, or onwards from weights that are there.

use std::path::Path;

use super::checkpoint::Store;
use super::config::Settings;
use super::error::TrainError;
use super::events::Observer;
use super::examples::{Examples, TextExample};
use super::net::pass::Network;
use super::run::{Job, Summary};
use super::weights::Weights;
use crate::domain::CancelToken;
use crate::model::config::{Config, LlamaShape};
use crate::model::text::Text;

/// Sizes of a plain Llama from scratch; its vocabulary is that of the tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Width of the residual stream; an even multiple of `heads`.
    pub hidden: usize,
    /// Width inside the feed-forward part; 8/3 of `hidden` where nothing is said.
    pub intermediate: Option<usize>,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads, a divisor of `heads`; as many where nothing is said.
    pub kv_heads: Option<usize>,
    /// Most tokens that the model reads.
    pub context: usize,
    /// Whether the head is the embedding turned round.
    pub tied: bool,
}

impl Sizes {
    /// Random weights of these sizes.
    ///
    /// # Errors
    /// Sizes that do not fit together.
    pub fn weights(&self, text: &Text, seed: u64) -> Result<Weights, TrainError> {
        let kv_heads = self.kv_heads.unwrap_or(self.heads);
        let fits = self.hidden > 0
            && self.layers > 0
            && self.heads > 0
            && kv_heads > 0
            && self.intermediate != Some(0)
            && self.hidden.is_multiple_of(self.heads * 2)
            && self.heads.is_multiple_of(kv_heads);
        if !fits {
            return Err(TrainError::Setting(format!(
                "a width of {} does not divide into {} heads of an even width over {kv_heads} key heads and {} blocks",
                self.hidden, self.heads, self.layers
            )));
        }
        let mut config = Config::llama_like(LlamaShape {
            vocab: text.size(),
            hidden: self.hidden,
            // A multiple of 16 suits the processor's vectors.
            intermediate: self
                .intermediate
                .unwrap_or_else(|| (self.hidden * 8 / 3).next_multiple_of(16)),
            layers: self.layers,
            heads: self.heads,
            kv_heads,
            context: self.context,
            tied: self.tied,
        });
        config.eos = text.ends().to_vec();
        Ok(Weights::random(config, seed))
    }
}

/// Random weights of the sizes in a configuration file, whose vocabulary must have room for the tokenizer.
///
/// # Errors
/// A file that is missing, broken or too small for the tokenizer.
pub fn from_config(path: &Path, text: &Text, seed: u64) -> Result<Weights, TrainError> {
    let bytes = std::fs::read(path).map_err(|source| TrainError::Read {
        path: path.to_owned(),
        source,
    })?;
    let config = Config::from_json(&bytes)?;
    if config.vocab_size < text.size() {
        return Err(TrainError::Model {
            summary: format!(
                "the tokenizer has {} tokens and the configuration room for {}",
                text.size(),
                config.vocab_size
            ),
            details: path.display().to_string(),
        });
    }
    Ok(Weights::random(config, seed))
}

/// Trains all weights to make the counted tokens of `examples` likely; `eval` only judges.
///
/// With a `store`, checkpoints are written there, and an earlier one is continued where the store says so.
///
/// # Errors
/// Settings or examples that cannot be; a full disk; an interruption; a loss that is no number.
pub fn train(
    settings: &Settings,
    mut weights: Weights,
    examples: &[TextExample],
    eval: &[TextExample],
    store: Option<&Store>,
    observer: &mut dyn Observer,
    cancel: &CancelToken,
) -> Result<(Weights, Summary), TrainError> {
    let (train, eval) = (Examples::Texts(examples), Examples::Texts(eval));
    let positions = train.longest().max(eval.longest());
    let job = Job {
        settings,
        network: Network::new(weights.config.clone(), None, positions).with(settings.products),
        frozen: &[],
        trained: std::mem::take(&mut weights.values),
        preference: None,
        train,
        eval,
        store,
    };
    let (values, summary) = job.run(observer, cancel)?;
    weights.values = values;
    Ok((weights, summary))
}
