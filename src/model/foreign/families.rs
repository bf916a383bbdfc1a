//! The families of candle-transformers that can be used: their fields, what of them the library leaves out, and how a
//! model is made.

use std::sync::Arc;

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{mamba, mixtral, phi, qwen3_moe, stable_lm, starcoder2};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{ForeignConfig, Fresh, Reading};
use crate::model::config::{Sizes, token_ids};
use crate::model::error::ModelError;

/// What these families are called by the people who use them.
pub const FOREIGN: &str = "Phi 1 to 2, StableLM, StarCoder 2, Mamba, Mixtral and Qwen 3 MoE";

/// Most tokens that are read at once.
const CHUNK: usize = 256;

/// What a model can read at once, apart from single tokens.
#[derive(Clone, Copy)]
pub(super) enum AtOnce {
    Nothing,
    /// The beginning of a text.
    Beginning,
    /// Any part of it.
    AnyPart,
}

impl AtOnce {
    /// Most tokens at once behind the first `before` of a text.
    pub(super) const fn behind(self, before: usize) -> usize {
        match (self, before) {
            (Self::Beginning, 0) | (Self::AnyPart, _) => CHUNK,
            (Self::Nothing | Self::Beginning, _) => 1,
        }
    }
}

/// One family.
pub(super) struct Kind {
    /// Its name for people.
    pub(super) name: &'static str,
    architecture: &'static str,
    model_type: &'static str,
    /// Fields with the values that they have where the file leaves them out.
    defaults: fn() -> Value,
    /// Fields that the library does not look at, with the only value that is right with it.
    only: fn() -> Value,
    pub(super) at_once: AtOnce,
    /// Where a tensor is called otherwise in files.
    renamed: &'static [(&'static str, &'static str)],
    pub(super) make: fn(&Map<String, Value>, VarBuilder<'static>) -> Result<Arc<Fresh>>,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

static KINDS: [Kind; 6] = [
    Kind {
        name: "Phi",
        architecture: "PhiForCausalLM",
        model_type: "phi",
        defaults: || {
            json!({
                "num_key_value_heads": null, "hidden_act": "gelu_new", "max_position_embeddings": 2048,
                "layer_norm_eps": 1e-5, "tie_word_embeddings": false, "rope_theta": 10_000.0,
                "partial_rotary_factor": 0.5, "qk_layernorm": false,
            })
        },
        only: || json!({"qk_layernorm": false, "tie_word_embeddings": false}),
        at_once: AtOnce::Beginning,
        renamed: &[],
        make: |fields, builder| {
            let model = phi::Model::new(&parsed(fields)?, builder)?;
            Ok(copied(model, |model, tokens, _| model.forward(tokens)))
        },
    },
    Kind {
        name: "StableLM",
        architecture: "StableLmForCausalLM",
        model_type: "stablelm",
        defaults: || {
            json!({
                "num_key_value_heads": 32, "hidden_act": "silu", "max_position_embeddings": 4096,
                "layer_norm_eps": 1e-5, "rope_theta": 10_000.0, "partial_rotary_factor": 0.25,
                "use_qkv_bias": false, "use_cache": true,
            })
        },
        only: || {
            json!({
                "qk_layernorm": false, "use_parallel_residual": false, "tie_word_embeddings": false,
                "use_cache": true,
            })
        },
        at_once: AtOnce::AnyPart,
        renamed: &[],
        make: |fields, builder| {
            let config: stable_lm::Config = parsed(fields)?;
            let make = move || stable_lm::Model::new(&config, builder.clone());
            // Told of once, that the weights are there.
            make()?;
            Ok(Arc::new(move || {
                Ok(Box::new(Held {
                    model: make()?,
                    read: stable_lm::Model::forward,
                    copy: |_| None,
                }) as Box<dyn Reading>)
            }))
        },
    },
    Kind {
        name: "StarCoder 2",
        architecture: "Starcoder2ForCausalLM",
        model_type: "starcoder2",
        defaults: || {
            json!({
                "num_key_value_heads": 2, "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 4096,
                "norm_epsilon": 1e-5, "rope_theta": 10_000.0, "use_bias": true, "sliding_window": null,
            })
        },
        only: || json!({"tie_word_embeddings": true}),
        at_once: AtOnce::AnyPart,
        renamed: &[],
        make: |fields, builder| {
            let model = starcoder2::Model::new(&parsed(fields)?, builder)?;
            Ok(copied(model, starcoder2::Model::forward))
        },
    },
    Kind {
        name: "Mamba",
        architecture: "MambaForCausalLM",
        model_type: "mamba",
        // Mamba reads texts of any length; so much the program allows.
        defaults: || json!({"max_position_embeddings": 1 << 20}),
        only: || {
            json!({
                "state_size": 16, "conv_kernel": 4, "expand": 2, "use_bias": false, "use_conv_bias": true,
                "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true, "hidden_act": "silu",
            })
        },
        at_once: AtOnce::Nothing,
        renamed: &[("embeddings.weight", "embedding.weight"), ("backbone.", "")],
        make: |fields, builder| {
            let size = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
            let config = mamba::Config {
                d_model: size("hidden_size"),
                n_layer: size("num_hidden_layers"),
                vocab_size: size("vocab_size"),
                pad_vocab_size_multiple: 1,
            };
            let (dtype, device) = (builder.dtype(), builder.device().clone());
            let model = Arc::new(mamba::Model::new(&config, builder)?);
            Ok(Arc::new(move || {
                let state = mamba::State::new(1, &config, dtype, &device)?;
                let model = (Arc::clone(&model), state);
                Ok(Box::new(Held {
                    model,
                    read: |(model, state), tokens, _| model.forward(&tokens.squeeze(0)?, state),
                    copy: |(model, state)| {
                        let state = mamba::State {
                            hs: state.hs.clone(),
                            prev_xs: state.prev_xs.clone(),
                            pos: state.pos,
                        };
                        Some((Arc::clone(model), state))
                    },
                }) as Box<dyn Reading>)
            }))
        },
    },
    Kind {
        name: "Mixtral",
        architecture: "MixtralForCausalLM",
        model_type: "mixtral",
        defaults: || {
            json!({
                "num_key_value_heads": 8, "hidden_act": "silu", "max_position_embeddings": 131_072,
                "rms_norm_eps": 1e-5, "rope_theta": 1_000_000.0, "sliding_window": 131_072,
                "num_experts_per_tok": 2, "num_local_experts": 8, "use_flash_attn": false,
            })
        },
        only: || json!({"tie_word_embeddings": false}),
        at_once: AtOnce::AnyPart,
        renamed: &[],
        make: |fields, builder| {
            let model = mixtral::Model::new(&parsed(fields)?, builder)?;
            Ok(copied(model, mixtral::Model::forward))
        },
    },
    Kind {
        name: "Qwen 3 MoE",
        architecture: "Qwen3MoeForCausalLM",
        model_type: "qwen3_moe",
        defaults: || {
            json!({
                "attention_bias": false, "num_key_value_heads": 4, "max_position_embeddings": 32_768,
                "sliding_window": null, "max_window_layers": 28, "tie_word_embeddings": false,
                "rope_theta": 10_000.0, "rms_norm_eps": 1e-6, "use_sliding_window": false, "hidden_act": "silu",
                "decoder_sparse_step": 1, "moe_intermediate_size": 768, "num_experts_per_tok": 8,
                "num_experts": 128, "norm_topk_prob": false, "head_dim": 128, "intermediate_size": 6144,
            })
        },
        only: || json!({"use_sliding_window": false, "mlp_only_layers": []}),
        at_once: AtOnce::AnyPart,
        renamed: &[],
        make: |fields, builder| {
            let model = qwen3_moe::ModelForCausalLM::new(&parsed(fields)?, builder)?;
            Ok(copied(model, qwen3_moe::ModelForCausalLM::forward))
        },
    },
];

/// A model of the library, and how it is asked.
struct Held<M> {
    model: M,
    read: fn(&mut M, &Tensor, usize) -> Result<Tensor>,
    copy: fn(&M) -> Option<M>,
}

impl<M: Send + Sync + 'static> Reading for Held<M> {
    fn read(&mut self, tokens: &Tensor, before: usize) -> Result<Tensor> {
        (self.read)(&mut self.model, tokens, before)
    }

    fn copy(&self) -> Option<Box<dyn Reading>> {
        Some(Box::new(Self {
            model: (self.copy)(&self.model)?,
            read: self.read,
            copy: self.copy,
        }))
    }
}

/// For models whose copies share their weights, and whose keys and values are not written to in place.
fn copied<M: Clone + Send + Sync + 'static>(
    model: M,
    read: fn(&mut M, &Tensor, usize) -> Result<Tensor>,
) -> Arc<Fresh> {
    Arc::new(move || {
        Ok(Box::new(Held {
            model: model.clone(),
            read,
            copy: |model| Some(model.clone()),
        }) as Box<dyn Reading>)
    })
}

fn parsed<C: DeserializeOwned>(fields: &Map<String, Value>) -> Result<C> {
    serde_json::from_value(Value::Object(fields.clone())).map_err(candle_core::Error::wrap)
}

impl Kind {
    /// The family that a file is of, if it is one of these.
    pub(super) fn of(fields: &Map<String, Value>) -> Option<&'static Self> {
        let named = fields.get("architectures").and_then(|list| list.get(0));
        let (named, model_type) = (named.and_then(Value::as_str), fields.get("model_type"));
        KINDS.iter().find(|kind| match named {
            Some(name) => name == kind.architecture,
            None => model_type.and_then(Value::as_str) == Some(kind.model_type),
        })
    }

    /// What the library calls a tensor of a file.
    pub(super) fn tensor_name(&self, name: &str) -> String {
        let renamed = self.renamed.iter();
        renamed.fold(name.to_owned(), |name, (from, to)| {
            name.replacen(from, to, 1)
        })
    }

    pub(super) fn read(
        &'static self,
        mut fields: Map<String, Value>,
    ) -> std::result::Result<ForeignConfig, ModelError> {
        // transformers 5 keeps these two together.
        for inner in ["rope_parameters", "rope_scaling"] {
            if let Some(Value::Object(inner)) = fields.get(inner).cloned() {
                let kind = inner.get("rope_type").or_else(|| inner.get("type"));
                if kind.is_some_and(|kind| kind != "default") {
                    return Err(self.unsupported("rotary scaling"));
                }
                fields.extend(inner);
            }
        }
        fields.retain(|_, value| !value.is_null());
        // transformers 5 has one name for what its families called by several.
        if let Some(count) = fields.get("num_local_experts").cloned() {
            fields.entry("num_experts").or_insert(count);
        }
        let Value::Object(mut all) = (self.defaults)() else {
            return Err(self.unsupported("its fields"));
        };
        all.extend(fields);
        let Value::Object(only) = (self.only)() else {
            return Err(self.unsupported("its fields"));
        };
        for (name, right) in only {
            if all.get(&name).is_some_and(|said| *said != right) {
                return Err(self.unsupported(&format!("{name} = {}", all[&name])));
            }
        }
        let size = |name: &str, least: u64| -> std::result::Result<usize, ModelError> {
            // Far above any real model; what is larger is a damaged file.
            match all.get(name).and_then(Value::as_u64) {
                Some(size) if (least..1 << 28).contains(&size) => Ok(size as usize),
                _ => Err(ModelError::broken(
                    "config.json",
                    format!("has no {name} that can be"),
                )),
            }
        };
        let (layers, hidden) = (size("num_hidden_layers", 1)?, size("hidden_size", 1)?);
        let mut context = size("max_position_embeddings", 1)?;
        // The library does not look at windows token by token, so texts end where one would begin to hide something.
        let window = all.get("sliding_window").filter(|window| !window.is_null());
        if window.is_some() && all.get("use_sliding_window") != Some(&json!(false)) {
            context = context.min(size("sliding_window", 1)?);
        }
        let (heads, kv_heads, head_width) = if self.model_type == "mamba" {
            (0, 0, 0)
        } else {
            let heads = size("num_attention_heads", 1)?;
            let kv_heads = match all.get("num_key_value_heads") {
                None | Some(Value::Null) => heads,
                Some(_) => size("num_key_value_heads", 1)?,
            };
            let fits = heads.is_multiple_of(kv_heads)
                && (hidden.is_multiple_of(heads) || all.contains_key("head_dim"));
            if !fits {
                return Err(ModelError::broken(
                    "config.json",
                    format!(
                        "has {heads} attention heads, which {kv_heads} key-value heads and a width of {hidden} do not fit"
                    ),
                ));
            }
            let width = match all.get("head_dim") {
                Some(_) => size("head_dim", 1)?,
                None => hidden / heads,
            };
            (heads, kv_heads, width)
        };
        Ok(ForeignConfig {
            kind: self,
            sizes: Sizes {
                vocabulary: size("vocab_size", 1)?,
                context,
                layers,
                width: hidden,
                inner: match all.get("intermediate_size") {
                    Some(_) => size("intermediate_size", 1)?,
                    None => 4 * hidden,
                },
                heads,
                kv_heads,
                head_width,
            },
            eos: token_ids(all.get("eos_token_id")),
            dtype: ["dtype", "torch_dtype"]
                .iter()
                .find_map(|name| all.get(*name).and_then(Value::as_str))
                .map(str::to_owned),
            fields: all,
        })
    }

    fn unsupported(&self, what: &str) -> ModelError {
        ModelError::unsupported(
            format!("a {} model with {what}", self.name),
            crate::model::config::SUPPORTED,
        )
    }
}
