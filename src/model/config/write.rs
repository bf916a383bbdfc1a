//! The way back: the `config.json` of a configuration.

use serde_json::{Value, json};

use super::family::Windowed;
use super::{Activation, Config};
use crate::model::rope::{Rope, RopeScaling};

impl Config {
    /// The `config.json` that transformers loads this model from.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let traits = self.family.traits();
        let act = match self.activation {
            Activation::Silu => "silu",
            Activation::GeluTanh => "gelu_pytorch_tanh",
        };
        let mut out = json!({
            "architectures": [traits.architectures[0]],
            "model_type": traits.model_type,
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": act,
            "max_position_embeddings": self.context,
            "rms_norm_eps": self.norm_eps,
            "rope_theta": self.rope.theta,
            "rope_scaling": scaling(&self.rope),
            "tie_word_embeddings": self.tied,
            "bos_token_id": self.bos,
            "eos_token_id": match self.eos.as_slice() {
                [] => Value::Null,
                [one] => json!(one),
                many => json!(many),
            },
            "torch_dtype": self.dtype.as_deref().unwrap_or("float32"),
            "attention_bias": self.qkv_bias,
            "mlp_bias": self.mlp_bias,
        });
        let window = self.windows.iter().copied().flatten().next();
        if traits.windowed != Windowed::Never {
            out["sliding_window"] = json!(window);
        }
        if matches!(traits.windowed, Windowed::Upper | Windowed::Unturned) {
            out["use_sliding_window"] = json!(window.is_some());
        }
        if !matches!(traits.windowed, Windowed::Never | Windowed::All) {
            let kind = |window: &Option<usize>| match window {
                Some(_) => "sliding_attention",
                None => "full_attention",
            };
            out["layer_types"] = self.windows.iter().map(kind).collect();
        }
        if self.activation == Activation::GeluTanh {
            out["hidden_activation"] = json!(act);
        }
        if traits.query_scalar.is_some() {
            out["query_pre_attn_scalar"] = json!(self.attention_scale().powi(-2));
            out["attn_logit_softcapping"] = json!(self.attention_cap);
            out["final_logit_softcapping"] = json!(self.logit_cap);
        }
        if traits.multipliers {
            out["embedding_multiplier"] = json!(self.scales.embedding);
            out["attention_multiplier"] = json!(self.attention_scale());
            out["residual_multiplier"] = json!(self.scales.residual);
            out["logits_scaling"] = json!(1.0 / self.scales.logits);
        }
        if traits.no_rope_every.is_some() {
            out["no_rope_layers"] = (0..self.layers)
                .map(|layer| u8::from(self.rope_of(layer).is_some()))
                .collect();
        }
        if traits.partial {
            out["partial_rotary_factor"] = json!(self.rope.share);
        }
        if let Some(local) = &self.local_rope {
            out["rope_local_base_freq"] = json!(local.theta);
        }
        if let RopeScaling::Long {
            original_context, ..
        } = self.rope.scaling
        {
            out["original_max_position_embeddings"] = json!(original_context);
        }
        out
    }
}

fn scaling(rope: &Rope) -> Value {
    match &rope.scaling {
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
        RopeScaling::Long {
            short,
            long,
            amplitude,
            ..
        } => json!({
            "rope_type": "longrope",
            "type": "longrope",
            "short_factor": short,
            "long_factor": long,
            "attention_factor": amplitude,
        }),
    }
}
