//! Fields of `config.json`, with the defaults that transformers gives them.

use serde_json::{Map, Value};

use super::{Config, Family, SUPPORTED, broken, token_ids};
use crate::model::error::ModelError;
use crate::model::rope::{Rope, RopeScaling};

/// Reads fields with the defaults that transformers gives them.
pub(super) struct Reader<'a>(pub(super) &'a Map<String, Value>);

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn size(&self, name: &str) -> Result<Option<usize>, ModelError> {
        self.get(name)
            .map(|value| {
                value.as_u64().map(|size| size as usize).ok_or_else(|| {
                    broken(format!("has {name} = {value} where a whole number belongs"))
                })
            })
            .transpose()
    }

    fn needed(&self, name: &str) -> Result<usize, ModelError> {
        self.size(name)?
            .ok_or_else(|| broken(format!("has no {name}")))
    }

    fn number(&self, name: &str, default: f64) -> Result<f64, ModelError> {
        self.get(name).map_or(Ok(default), |value| {
            value
                .as_f64()
                .ok_or_else(|| broken(format!("has {name} = {value} where a number belongs")))
        })
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, ModelError> {
        self.get(name).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| broken(format!("has {name} = {value} where true or false belongs")))
        })
    }

    fn ids(&self, name: &str) -> Vec<u32> {
        token_ids(self.get(name))
    }

    fn family(&self) -> Result<Family, ModelError> {
        let named = self
            .get("architectures")
            .and_then(|list| list.get(0))
            .and_then(Value::as_str);
        let model_type = self.get("model_type").and_then(Value::as_str);
        match (named, model_type) {
            (Some("LlamaForCausalLM" | "LLaMAForCausalLM"), _) | (None, Some("llama")) => {
                Ok(Family::Llama)
            }
            (Some("MistralForCausalLM"), _) | (None, Some("mistral")) => Ok(Family::Mistral),
            (Some("Qwen2ForCausalLM"), _) | (None, Some("qwen2")) => Ok(Family::Qwen2),
            (Some("Qwen3ForCausalLM"), _) | (None, Some("qwen3")) => Ok(Family::Qwen3),
            (Some(name), _) | (None, Some(name)) => Err(ModelError::unsupported(
                format!("the architecture {name}"),
                SUPPORTED,
            )),
            (None, None) => Err(broken("names no architecture")),
        }
    }

    pub(super) fn config(&self) -> Result<Config, ModelError> {
        let family = self.family()?;
        if self.get("quantization_config").is_some() {
            return Err(ModelError::unsupported(
                "a model whose safetensors are quantized",
                "Use the model's f16, bf16 or f32 files",
            ));
        }
        if let Some(act) = self.get("hidden_act").and_then(Value::as_str)
            && !matches!(act, "silu" | "swish")
        {
            return Err(ModelError::unsupported(
                format!("the activation {act}"),
                SUPPORTED,
            ));
        }
        let hidden_size = self.needed("hidden_size")?;
        let layers = self.needed("num_hidden_layers")?;
        let heads = self.needed("num_attention_heads")?;
        let context = self
            .size("max_position_embeddings")?
            .unwrap_or(match family {
                Family::Llama => 2048,
                Family::Mistral => 131_072,
                Family::Qwen2 | Family::Qwen3 => 32_768,
            });
        let attention_bias = self.flag("attention_bias", false)?;
        let mut eos = self.ids("eos_token_id");
        eos.dedup();
        Ok(Config {
            family,
            vocab_size: self.needed("vocab_size")?,
            hidden_size,
            intermediate_size: self.needed("intermediate_size")?,
            layers,
            heads,
            kv_heads: self.size("num_key_value_heads")?.unwrap_or(match family {
                Family::Llama => heads,
                Family::Mistral => 8,
                Family::Qwen2 | Family::Qwen3 => 32,
            }),
            head_dim: self.size("head_dim")?.unwrap_or(match family {
                Family::Qwen3 => 128,
                Family::Llama | Family::Mistral | Family::Qwen2 => {
                    hidden_size.checked_div(heads).unwrap_or(0)
                }
            }),
            context,
            norm_eps: self.number("rms_norm_eps", 1e-6)?,
            rope: self.rope(context)?,
            qkv_bias: match family {
                Family::Llama | Family::Qwen3 => attention_bias,
                Family::Mistral => false,
                Family::Qwen2 => true,
            },
            o_bias: match family {
                Family::Llama | Family::Qwen3 => attention_bias,
                Family::Mistral | Family::Qwen2 => false,
            },
            mlp_bias: family == Family::Llama && self.flag("mlp_bias", false)?,
            qk_norm: family == Family::Qwen3,
            windows: self.windows(family, layers)?,
            tied: self.flag("tie_word_embeddings", false)?,
            bos: self.ids("bos_token_id").first().copied(),
            eos,
            dtype: ["dtype", "torch_dtype"]
                .iter()
                .find_map(|name| self.get(name).and_then(Value::as_str))
                .map(str::to_owned),
        })
    }

    /// transformers 4 keeps `rope_theta` and `rope_scaling` apart; transformers 5 puts both in `rope_parameters`.
    fn rope(&self, context: usize) -> Result<Rope, ModelError> {
        let empty = Map::new();
        let parameters = ["rope_parameters", "rope_scaling"]
            .iter()
            .find_map(|name| self.get(name))
            .map_or(Ok(&empty), |value| {
                value
                    .as_object()
                    .ok_or_else(|| broken("has rotary settings that are not an object"))
            })?;
        let inner = Reader(parameters);
        let theta = inner.number("rope_theta", self.number("rope_theta", 10_000.0)?)?;
        let partial = inner.number(
            "partial_rotary_factor",
            self.number("partial_rotary_factor", 1.0)?,
        )?;
        if (partial - 1.0).abs() > f64::EPSILON {
            return Err(ModelError::unsupported(
                "a model that turns only part of each head (partial_rotary_factor)",
                SUPPORTED,
            ));
        }
        let kind = ["rope_type", "type"]
            .iter()
            .find_map(|name| inner.get(name).and_then(Value::as_str))
            .unwrap_or("default");
        let positive = |name: &str| -> Result<f64, ModelError> {
            let value = inner.number(name, f64::NAN)?;
            if value.is_finite() && value > 0.0 {
                Ok(value)
            } else {
                Err(broken(format!(
                    "has rotary scaling {kind} without a {name} above 0"
                )))
            }
        };
        let scaling = match kind {
            "default" => RopeScaling::None,
            "linear" => RopeScaling::Linear {
                factor: positive("factor")?,
            },
            "llama3" => RopeScaling::Llama3 {
                factor: positive("factor")?,
                low_freq_factor: positive("low_freq_factor")?,
                high_freq_factor: positive("high_freq_factor")?,
                original_context: inner
                    .size("original_max_position_embeddings")?
                    .unwrap_or(context),
            },
            other => {
                return Err(ModelError::unsupported(
                    format!("the rotary scaling {other}"),
                    "Supported are default, linear and llama3",
                ));
            }
        };
        Ok(Rope { theta, scaling })
    }

    fn windows(&self, family: Family, layers: usize) -> Result<Vec<Option<usize>>, ModelError> {
        if layers > 1 << 12 {
            return Err(broken(format!(
                "has num_hidden_layers = {layers}, which cannot be"
            )));
        }
        // Mistral's default is a window where the field is absent and none where it is null.
        let window = match (self.0.get("sliding_window"), family) {
            (None, Family::Mistral | Family::Qwen2 | Family::Qwen3) => Some(4096),
            _ => self.size("sliding_window")?,
        };
        if window == Some(0) {
            return Err(broken("has sliding_window = 0, which cannot be"));
        }
        let from = match family {
            Family::Llama => return Ok(vec![None; layers]),
            Family::Mistral => 0,
            Family::Qwen2 | Family::Qwen3 => {
                if !self.flag("use_sliding_window", false)? {
                    return Ok(vec![None; layers]);
                }
                self.size("max_window_layers")?.unwrap_or(28)
            }
        };
        let Some(types) = self.get("layer_types") else {
            return Ok((0..layers)
                .map(|layer| window.filter(|_| layer >= from))
                .collect());
        };
        let types = types.as_array().map_or(&[][..], Vec::as_slice);
        if types.len() != layers {
            return Err(broken(format!(
                "has {} layer_types for {layers} layers",
                types.len()
            )));
        }
        types
            .iter()
            .map(|kind| match kind.as_str() {
                Some("full_attention") => Ok(None),
                Some("sliding_attention") => Ok(window),
                _ => Err(ModelError::unsupported(
                    format!("the layer type {kind}"),
                    SUPPORTED,
                )),
            })
            .collect()
    }
}
