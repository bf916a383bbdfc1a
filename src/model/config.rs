//! `config.json` of the Llama family and its relatives, as transformers 4 and 5 write it, read and written.

mod check;
mod family;
mod gguf;
mod positions;
mod read;
mod write;

use serde_json::Value;

pub use self::family::Family;
use super::error::ModelError;
pub use super::kernels::Activation;
use super::rope::{Rope, RopeScaling};

/// What the supported models are called by the people who use them.
pub const SUPPORTED: &str = "Supported are Llama, Mistral, Qwen 2, Qwen 2.5, Qwen 3, Gemma, Gemma 2, Gemma 3, Phi-3, SmolLM, \
                             SmolLM3, OLMo 2 and Granite; more slowly, and without adapters, Phi 1 to 2, StableLM, \
                             StarCoder 2, Mamba, Mixtral and Qwen 3 MoE";

/// Where the norms of a block's two parts, attention and feed-forward, stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norms {
    /// On what goes into a part.
    Before,
    /// On what comes out of it, before that is added to the residual stream.
    After,
    /// On both.
    Both,
}

/// Norms of queries and keys before they are turned to their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkNorm {
    /// There are none.
    None,
    /// Of each head, all with the same weights.
    Heads,
    /// Over all heads together.
    Whole,
}

/// What some of a decoder's numbers are multiplied by; 1 where a family has no such thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scales {
    /// The embedding of a token.
    pub embedding: f64,
    /// Products of queries and keys; 1/√`head_dim` where there is none.
    pub attention: Option<f64>,
    /// What a part of a block adds to the residual stream.
    pub residual: f64,
    /// Logits.
    pub logits: f64,
}

impl Default for Scales {
    fn default() -> Self {
        Self {
            embedding: 1.0,
            attention: None,
            residual: 1.0,
            logits: 1.0,
        }
    }
}

/// Everything that decides the arithmetic of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which relative of Llama.
    pub family: Family,
    /// Rows of the embedding and columns of the logits.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Most tokens that the model was made to read.
    pub context: usize,
    /// ε inside the root mean square.
    pub norm_eps: f64,
    /// Rotary positions.
    pub rope: Rope,
    /// Those of the layers with a window, where they have their own.
    pub local_rope: Option<Rope>,
    /// Layers without rotary positions, in ascending order.
    pub no_rope: Vec<usize>,
    /// What the gate goes through.
    pub activation: Activation,
    /// Where a block's norms stand.
    pub norms: Norms,
    /// Whether norms multiply by 1 + their weights, as files keep them.
    pub norm_shift: bool,
    /// Multipliers.
    pub scales: Scales,
    /// Scores s become `cap · tanh(s / cap)` before the softmax over tokens.
    pub attention_cap: Option<f64>,
    /// The same for logits.
    pub logit_cap: Option<f64>,
    /// Whether files keep q, k and v in one matrix, and gate and up in another.
    pub fused: bool,
    /// Whether q, k and v have biases.
    pub qkv_bias: bool,
    /// Whether o has a bias.
    pub o_bias: bool,
    /// Whether gate, up and down have biases.
    pub mlp_bias: bool,
    /// Norms of q and k.
    pub qk_norm: QkNorm,
    /// Per layer: how many of the newest tokens (itself included) a token sees; `None` sees all.
    pub windows: Vec<Option<usize>>,
    /// Whether the head is the embedding turned round.
    pub tied: bool,
    /// Id that starts a text.
    pub bos: Option<u32>,
    /// Ids that end a text.
    pub eos: Vec<u32>,
    /// The dtype that the file states, for example `bfloat16`.
    pub dtype: Option<String>,
}

/// The sizes of a plain Llama model, from which [`Config::llama_like`] makes a whole configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlamaShape {
    /// Tokens of the vocabulary.
    pub vocab: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width inside the feed-forward part.
    pub intermediate: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads; divides `hidden`.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Most tokens that the model reads.
    pub context: usize,
    /// Whether the head is the embedding turned round.
    pub tied: bool,
}

/// The sizes that decide what a model takes in memory while it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Rows of the embedding.
    pub vocabulary: usize,
    /// Most tokens that the model was made to read.
    pub context: usize,
    /// Blocks.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width inside the feed-forward part.
    pub inner: usize,
    /// Query heads; 0 in a model without attention.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_width: usize,
}

impl Sizes {
    /// Keys and values of one token, in numbers.
    #[must_use]
    pub const fn token_numbers(&self) -> usize {
        2 * self.layers * self.kv_heads * self.head_width
    }
}

impl Config {
    /// A plain Llama of the given sizes: θ = 10,000, ε = 1e-5, no biases, no windows.
    #[must_use]
    pub fn llama_like(shape: LlamaShape) -> Self {
        Self {
            family: Family::Llama,
            vocab_size: shape.vocab,
            hidden_size: shape.hidden,
            intermediate_size: shape.intermediate,
            layers: shape.layers,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim: shape.hidden / shape.heads.max(1),
            context: shape.context,
            norm_eps: 1e-5,
            rope: Rope {
                theta: 10_000.0,
                scaling: RopeScaling::None,
                share: 1.0,
            },
            local_rope: None,
            no_rope: Vec::new(),
            activation: Activation::Silu,
            norms: Norms::Before,
            norm_shift: false,
            scales: Scales::default(),
            attention_cap: None,
            logit_cap: None,
            fused: false,
            qkv_bias: false,
            o_bias: false,
            mlp_bias: false,
            qk_norm: QkNorm::None,
            windows: vec![None; shape.layers],
            tied: shape.tied,
            bos: None,
            eos: Vec::new(),
            dtype: None,
        }
    }

    /// Reads the bytes of a `config.json`.
    ///
    /// # Errors
    /// Broken JSON, an architecture or option that this program does not compute, or sizes that do not fit together.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| ModelError::Broken {
            file: "config.json".to_owned(),
            why: "is not valid JSON".to_owned(),
            details: error.to_string(),
        })?;
        let Value::Object(fields) = value else {
            return Err(broken("is not a JSON object"));
        };
        let config = read::Reader(&read::of_text(fields)).config()?;
        config.check()?;
        Ok(config)
    }

    /// Its sizes.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            vocabulary: self.vocab_size,
            context: self.context,
            layers: self.layers,
            width: self.hidden_size,
            inner: self.intermediate_size,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_width: self.head_dim,
        }
    }

    /// Parameters of the model, tied ones counted once.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        let (h, q, kv) = (
            self.hidden_size,
            self.heads * self.head_dim,
            self.kv_heads * self.head_dim,
        );
        let bias = |on: bool, width: usize| if on { width } else { 0 };
        let norms = match self.norms {
            Norms::Before | Norms::After => 2,
            Norms::Both => 4,
        };
        let block = norms * h
            + 2 * h * q
            + 2 * h * kv
            + 3 * h * self.intermediate_size
            + bias(self.qkv_bias, q + 2 * kv)
            + bias(self.o_bias, h)
            + bias(self.mlp_bias, 2 * self.intermediate_size + h)
            + match self.qk_norm {
                QkNorm::None => 0,
                QkNorm::Heads => 2 * self.head_dim,
                QkNorm::Whole => q + kv,
            };
        let tables = if self.tied { 1 } else { 2 };
        (tables * self.vocab_size * h + self.layers * block + h) as u64
    }

    /// What the products of queries and keys are multiplied by.
    #[must_use]
    pub fn attention_scale(&self) -> f64 {
        let usual = || 1.0 / (self.head_dim as f64).sqrt();
        self.scales.attention.unwrap_or_else(usual)
    }

    /// The kinds of rotary positions that its layers have.
    pub fn ropes(&self) -> impl Iterator<Item = &Rope> {
        std::iter::once(&self.rope).chain(&self.local_rope)
    }

    /// Which of [`Self::ropes`] a layer has.
    #[must_use]
    pub fn rope_of(&self, layer: usize) -> Option<usize> {
        if self.no_rope.binary_search(&layer).is_ok() {
            return None;
        }
        Some(usize::from(
            self.local_rope.is_some() && self.windows[layer].is_some(),
        ))
    }

    /// Whether it computes what a Llama does, up to sizes, biases, windows and norms of the heads of q and k.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let plain_rope = !matches!(self.rope.scaling, RopeScaling::Long { .. })
            && self.rope.pairs(self.head_dim) * 2 == self.head_dim
            && self.local_rope.is_none()
            && self.no_rope.is_empty();
        let plain_norms =
            self.norms == Norms::Before && !self.norm_shift && self.qk_norm != QkNorm::Whole;
        let plain_numbers = self.scales == Scales::default()
            && self.attention_cap.is_none()
            && self.logit_cap.is_none();
        plain_rope
            && plain_norms
            && plain_numbers
            && self.activation == Activation::Silu
            && !self.fused
    }
}

fn broken(why: impl Into<String>) -> ModelError {
    ModelError::broken("config.json", why)
}

/// Ids from a field that holds one, a list, or nothing.
pub(crate) fn token_ids(value: Option<&Value>) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
