//! `config.json` of the Llama family, as transformers 4 and 5 write it, read and written.

mod gguf;
mod read;

use serde_json::{Value, json};

use super::error::ModelError;
use super::rope::{Rope, RopeScaling};

/// What the supported models are called by the people who use them.
pub const SUPPORTED: &str =
    "Supported are the Llama, Mistral, Qwen2, Qwen2.5, Qwen3 and SmolLM families";

/// Which model of the Llama family; decides the defaults of `config.json` and the name written back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Llama 1, 2, 3, SmolLM, TinyLlama, Vicuna, Tulu 2…
    Llama,
    /// Mistral: a sliding window on every layer.
    Mistral,
    /// Qwen 2 and 2.5: biases on q, k and v; windows on the upper layers where asked for.
    Qwen2,
    /// Qwen 3: norms on the heads of q and k; a head width of its own.
    Qwen3,
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
    /// Whether q, k and v have biases.
    pub qkv_bias: bool,
    /// Whether o has a bias.
    pub o_bias: bool,
    /// Whether gate, up and down have biases.
    pub mlp_bias: bool,
    /// Whether the heads of q and k are normed.
    pub qk_norm: bool,
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
            },
            qkv_bias: false,
            o_bias: false,
            mlp_bias: false,
            qk_norm: false,
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
        let config = read::Reader(&fields).config()?;
        config.check()?;
        Ok(config)
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
        let block = 2 * h
            + 2 * h * q
            + 2 * h * kv
            + 3 * h * self.intermediate_size
            + bias(self.qkv_bias, q + 2 * kv)
            + bias(self.o_bias, h)
            + bias(self.mlp_bias, 2 * self.intermediate_size + h)
            + bias(self.qk_norm, 2 * self.head_dim);
        let tables = if self.tied { 1 } else { 2 };
        (tables * self.vocab_size * h + self.layers * block + h) as u64
    }

    /// The `config.json` that transformers loads this model from.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (architecture, model_type) = match self.family {
            Family::Llama => ("LlamaForCausalLM", "llama"),
            Family::Mistral => ("MistralForCausalLM", "mistral"),
            Family::Qwen2 => ("Qwen2ForCausalLM", "qwen2"),
            Family::Qwen3 => ("Qwen3ForCausalLM", "qwen3"),
        };
        let mut out = json!({
            "architectures": [architecture],
            "model_type": model_type,
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "max_position_embeddings": self.context,
            "rms_norm_eps": self.norm_eps,
            "rope_theta": self.rope.theta,
            "rope_scaling": scaling_json(&self.rope.scaling),
            "tie_word_embeddings": self.tied,
            "bos_token_id": self.bos,
            "eos_token_id": match self.eos.as_slice() {
                [] => Value::Null,
                [one] => json!(one),
                many => json!(many),
            },
            "torch_dtype": self.dtype.as_deref().unwrap_or("float32"),
        });
        let window = self.windows.iter().copied().flatten().next();
        match self.family {
            Family::Llama => {
                out["attention_bias"] = json!(self.qkv_bias);
                out["mlp_bias"] = json!(self.mlp_bias);
            }
            Family::Mistral => out["sliding_window"] = json!(window),
            Family::Qwen2 | Family::Qwen3 => {
                if self.family == Family::Qwen3 {
                    out["attention_bias"] = json!(self.qkv_bias);
                }
                out["use_sliding_window"] = json!(window.is_some());
                out["sliding_window"] = json!(window);
                out["layer_types"] = self
                    .windows
                    .iter()
                    .map(|window| match window {
                        Some(_) => "sliding_attention",
                        None => "full_attention",
                    })
                    .collect();
            }
        }
        out
    }

    fn check(&self) -> Result<(), ModelError> {
        // Far above any real model; what is larger is a damaged file, and must not decide how much memory is taken.
        let limits = [
            ("vocab_size", self.vocab_size, 1 << 24),
            ("hidden_size", self.hidden_size, 1 << 18),
            ("intermediate_size", self.intermediate_size, 1 << 20),
            ("num_hidden_layers", self.layers, 1 << 12),
            ("num_attention_heads", self.heads, 1 << 12),
            ("num_key_value_heads", self.kv_heads, 1 << 12),
            ("head_dim", self.head_dim, 1 << 12),
            ("max_position_embeddings", self.context, 1 << 28),
        ];
        for (name, value, limit) in limits {
            if value == 0 || value > limit {
                return Err(broken(format!("has {name} = {value}, which cannot be")));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(broken(format!(
                "has {} attention heads, which {} key-value heads do not divide",
                self.heads, self.kv_heads
            )));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(broken(format!("has an odd head_dim of {}", self.head_dim)));
        }
        if !(self.norm_eps.is_finite() && self.norm_eps >= 0.0) {
            return Err(broken(
                "has an rms_norm_eps that is not a number of 0 or more",
            ));
        }
        if !(self.rope.theta.is_finite() && self.rope.theta > 0.0) {
            return Err(broken("has a rope_theta that is not a number above 0"));
        }
        Ok(())
    }
}

fn broken(why: impl Into<String>) -> ModelError {
    ModelError::broken("config.json", why)
}

fn scaling_json(scaling: &RopeScaling) -> Value {
    match *scaling {
        RopeScaling::None => Value::Null,
        RopeScaling::Linear { factor } => {
            json!({"rope_type": "linear", "type": "linear", "factor": factor})
        }
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        } => json!({
            "rope_type": "llama3",
            "factor": factor,
            "low_freq_factor": low_freq_factor,
            "high_freq_factor": high_freq_factor,
            "original_max_position_embeddings": original_context,
        }),
    }
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
