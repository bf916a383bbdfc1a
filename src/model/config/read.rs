//! Fields of `config.json`, with the defaults that transformers gives them.

use serde_json::{Map, Value};

use super::family::{Bias, Traits};
use super::{Activation, Config, Family, SUPPORTED, Scales, broken, token_ids};
use crate::model::error::ModelError;

/// The fields of a model's text part, where it has others as well; what that leaves out stands beside it.
pub(super) fn of_text(mut fields: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(text)) = fields.remove("text_config") {
        let architectures = fields.remove("architectures");
        let said = text.into_iter().filter(|(_, value)| !value.is_null());
        fields.extend(said);
        fields.extend(architectures.map(|names| ("architectures".to_owned(), names)));
    }
    fields
}

/// Reads fields with the defaults that transformers gives them.
pub(super) struct Reader<'a>(pub(super) &'a Map<String, Value>);

impl Reader<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn size(&self, name: &str) -> Result<Option<usize>, ModelError> {
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

    pub(super) fn number(&self, name: &str, default: f64) -> Result<f64, ModelError> {
        Ok(self.number_if(name)?.unwrap_or(default))
    }

    fn number_if(&self, name: &str) -> Result<Option<f64>, ModelError> {
        self.get(name)
            .map(|value| {
                value
                    .as_f64()
                    .ok_or_else(|| broken(format!("has {name} = {value} where a number belongs")))
            })
            .transpose()
    }

    /// The field where the file has it, be it null, and the family's default where not.
    fn cap(&self, name: &str, default: Option<f64>) -> Result<Option<f64>, ModelError> {
        if self.0.contains_key(name) {
            self.number_if(name)
        } else {
            Ok(default)
        }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, ModelError> {
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
        let Some(name) = named.or(model_type) else {
            return Err(broken("names no architecture"));
        };
        let known = |family: &Family| match named {
            Some(name) => family.traits().architectures.contains(&name),
            None => family.traits().model_type == name,
        };
        Family::ALL
            .into_iter()
            .find(known)
            .ok_or_else(|| ModelError::unsupported(format!("the architecture {name}"), SUPPORTED))
    }

    pub(super) fn config(&self) -> Result<Config, ModelError> {
        let family = self.family()?;
        let traits = family.traits();
        if self.get("quantization_config").is_some() {
            return Err(ModelError::unsupported(
                "a model whose safetensors are quantized",
                "Use the model's f16, bf16 or f32 files",
            ));
        }
        self.check_activation(&traits)?;
        if self.flag("use_bidirectional_attention", false)? {
            return Err(ModelError::unsupported(
                "a model whose tokens see those behind them (use_bidirectional_attention)",
                SUPPORTED,
            ));
        }
        let hidden_size = self.needed("hidden_size")?;
        let layers = self.needed("num_hidden_layers")?;
        if layers > 1 << 12 {
            return Err(broken(format!(
                "has num_hidden_layers = {layers}, which cannot be"
            )));
        }
        let heads = match traits.heads {
            Some(usual) => self.size("num_attention_heads")?.unwrap_or(usual),
            None => self.needed("num_attention_heads")?,
        };
        let usual_width = || hidden_size.checked_div(heads).unwrap_or(0);
        let context = self
            .size("max_position_embeddings")?
            .unwrap_or(traits.context);
        let (attention_bias, mlp_bias) = (
            self.flag("attention_bias", false)?,
            self.flag("mlp_bias", false)?,
        );
        let bias = |bias: Bias, written: bool| match bias {
            Bias::Never => false,
            Bias::Always => true,
            Bias::AsWritten => written,
        };
        let no_rope = self.no_rope(&traits, layers)?;
        let (rope, local_rope) = self.ropes(&traits, context)?;
        let mut eos = self.ids("eos_token_id");
        eos.dedup();
        Ok(Config {
            family,
            vocab_size: match traits.vocab {
                Some(usual) => self.size("vocab_size")?.unwrap_or(usual),
                None => self.needed("vocab_size")?,
            },
            hidden_size,
            intermediate_size: self.needed("intermediate_size")?,
            layers,
            heads,
            kv_heads: self
                .size("num_key_value_heads")?
                .or(traits.kv_heads)
                .unwrap_or(heads),
            head_dim: self
                .size("head_dim")?
                .or(traits.head_dim)
                .unwrap_or_else(usual_width),
            context,
            norm_eps: self.number("rms_norm_eps", traits.norm_eps)?,
            rope,
            local_rope,
            windows: self.windows(&traits, layers, &no_rope)?,
            no_rope,
            activation: traits.activation,
            norms: traits.norms,
            norm_shift: traits.norm_shift,
            scales: self.scales(&traits, hidden_size)?,
            attention_cap: self.cap("attn_logit_softcapping", traits.attention_cap)?,
            logit_cap: self.cap("final_logit_softcapping", traits.logit_cap)?,
            fused: traits.fused,
            qkv_bias: bias(traits.qkv_bias, attention_bias),
            o_bias: bias(traits.o_bias, attention_bias),
            mlp_bias: bias(traits.mlp_bias, mlp_bias),
            qk_norm: traits.qk_norm,
            tied: self.flag("tie_word_embeddings", traits.tied)?,
            bos: self.ids("bos_token_id").first().copied(),
            eos,
            dtype: ["dtype", "torch_dtype"]
                .iter()
                .find_map(|name| self.get(name).and_then(Value::as_str))
                .map(str::to_owned),
        })
    }

    fn check_activation(&self, traits: &Traits) -> Result<(), ModelError> {
        // The first Gemma's files say "gelu" and mean its approximation.
        let said = ["hidden_activation", "hidden_act"]
            .into_iter()
            .find_map(|name| self.get(name).and_then(Value::as_str));
        let known: &[&str] = match traits.activation {
            Activation::Silu => &["silu", "swish"],
            Activation::GeluTanh => &["gelu_pytorch_tanh", "gelu"],
        };
        match said {
            Some(act) if !known.contains(&act) => Err(ModelError::unsupported(
                format!("the activation {act}"),
                SUPPORTED,
            )),
            _ => Ok(()),
        }
    }

    fn scales(&self, traits: &Traits, hidden_size: usize) -> Result<Scales, ModelError> {
        let mut scales = Scales::default();
        if traits.rooted_embedding {
            scales.embedding = (hidden_size as f64).sqrt();
        }
        if let Some(usual) = traits.query_scalar {
            let scalar = self.number("query_pre_attn_scalar", usual)?;
            scales.attention = Some(1.0 / scalar.sqrt());
        }
        if traits.multipliers {
            scales = Scales {
                embedding: self.number("embedding_multiplier", 1.0)?,
                attention: Some(self.number("attention_multiplier", 1.0)?),
                residual: self.number("residual_multiplier", 1.0)?,
                logits: 1.0 / self.number("logits_scaling", 1.0)?,
            };
        }
        Ok(scales)
    }
}
