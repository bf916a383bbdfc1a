//! The facts of a GGUF file in the words of `config.json`, so that both go through the same defaults and checks.

use serde_json::{Map, Value, json};

use super::{Config, SUPPORTED};
use crate::model::error::ModelError;
use crate::model::gguf::Gguf;

/// What GGUF files call an architecture, and what `config.json` calls it.
const ARCHITECTURES: [(&str, &str); 10] = [
    ("llama", "LlamaForCausalLM"),
    ("qwen2", "Qwen2ForCausalLM"),
    ("qwen3", "Qwen3ForCausalLM"),
    ("gemma", "GemmaForCausalLM"),
    ("gemma2", "Gemma2ForCausalLM"),
    ("gemma3", "Gemma3ForCausalLM"),
    ("phi3", "Phi3ForCausalLM"),
    ("smollm3", "SmolLM3ForCausalLM"),
    ("olmo2", "Olmo2ForCausalLM"),
    ("granite", "GraniteForCausalLM"),
];

/// Facts by their names behind the architecture's, and the fields that they become.
const WHOLE: [(&str, &str); 7] = [
    ("context_length", "max_position_embeddings"),
    ("embedding_length", "hidden_size"),
    ("block_count", "num_hidden_layers"),
    ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
];
const NUMBERS: [(&str, &str); 8] = [
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("rope.freq_base", "rope_theta"),
    ("attn_logit_softcapping", "attn_logit_softcapping"),
    ("final_logit_softcapping", "final_logit_softcapping"),
    ("attention.scale", "attention_multiplier"),
    ("embedding_scale", "embedding_multiplier"),
    ("residual_scale", "residual_multiplier"),
    ("logit_scale", "logits_scaling"),
];

impl Config {
    /// What the facts of a GGUF file say of the model in it.
    ///
    /// # Errors
    /// An architecture or option that this program does not compute, or facts that are missing or do not fit together.
    pub fn from_gguf(file: &Gguf) -> Result<Self, ModelError> {
        let fields = Facts(file).fields()?;
        let bytes = Value::Object(fields).to_string().into_bytes();
        let mut config = Self::from_json(&bytes).map_err(|error| match error {
            ModelError::Broken { why, details, .. } => ModelError::Broken {
                file: file.file().to_owned(),
                why,
                details,
            },
            other => other,
        })?;
        let has = |name: &str| file.tensor(&format!("blk.0.{name}.bias")).is_some();
        // These files keep the weights of norms with the 1 that was added to them.
        config.norm_shift = false;
        config.qkv_bias = has("attn_q");
        config.o_bias = has("attn_output");
        config.mlp_bias = has("ffn_gate");
        Ok(config)
    }
}

/// Reads facts.
struct Facts<'a>(&'a Gguf);

impl Facts<'_> {
    /// The name of a fact of this architecture.
    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.0.architecture())
    }

    fn broken(&self, why: impl Into<String>) -> ModelError {
        ModelError::broken(self.0.file(), why)
    }

    fn whole(&self, name: &str) -> Result<Option<u64>, ModelError> {
        let name = self.name(name);
        match self.0.whole(&name) {
            None if self.0.says(&name) => {
                let differ = self.0.len_of(&name).is_some();
                Err(if differ {
                    ModelError::unsupported(
                        format!("a model whose layers differ in {name}"),
                        SUPPORTED,
                    )
                } else {
                    self.broken(format!("has a {name} that is no whole number"))
                })
            }
            found => Ok(found),
        }
    }

    fn number(&self, name: &str) -> Result<Option<f64>, ModelError> {
        let name = self.name(name);
        match self.0.number(&name) {
            None if self.0.says(&name) => {
                Err(self.broken(format!("has a {name} that is no number")))
            }
            found => Ok(found),
        }
    }

    fn fields(&self) -> Result<Map<String, Value>, ModelError> {
        let called = self.0.architecture();
        let Some((_, architecture)) = ARCHITECTURES.iter().find(|(name, _)| *name == called) else {
            return Err(if called.is_empty() {
                self.broken("names no architecture")
            } else {
                ModelError::unsupported(format!("the architecture {called}"), SUPPORTED)
            });
        };
        if self.whole("expert_count")?.unwrap_or(0) > 0 {
            return Err(ModelError::unsupported(
                "a mixture of experts in a GGUF file",
                SUPPORTED,
            ));
        }
        let mut fields = Map::new();
        fields.insert("architectures".to_owned(), json!([architecture]));
        for (name, field) in WHOLE {
            match self.whole(name)? {
                Some(whole) => _ = fields.insert(field.to_owned(), json!(whole)),
                None if field == "head_dim" || field == "num_key_value_heads" => {}
                None => return Err(self.broken(format!("has no {}", self.name(name)))),
            }
        }
        for (name, field) in NUMBERS {
            if let Some(number) = self.number(name)? {
                fields.insert(field.to_owned(), json!(number));
            }
        }
        self.shapes(&mut fields)?;
        self.windows(&mut fields)?;
        self.scaling(&mut fields)?;
        let ids = |name: &str| self.0.whole(&format!("tokenizer.ggml.{name}_token_id"));
        fields.insert("bos_token_id".to_owned(), json!(ids("bos")));
        let ends: Vec<u64> = ["eos", "eot", "eom"].into_iter().filter_map(ids).collect();
        fields.insert("eos_token_id".to_owned(), json!(ends));
        fields.insert("torch_dtype".to_owned(), json!(self.dtype()));
        Ok(fields)
    }

    /// Sizes that only the tensors tell.
    fn shapes(&self, fields: &mut Map<String, Value>) -> Result<(), ModelError> {
        let embedding = self.0.tensor("token_embd.weight");
        let Some(&[vocabulary, _]) = embedding.as_ref().map(|stored| stored.shape) else {
            return Err(self.broken("has no matrix token_embd.weight"));
        };
        let tied = self.0.tensor("output.weight").is_none();
        fields.insert("vocab_size".to_owned(), json!(vocabulary));
        fields.insert("tie_word_embeddings".to_owned(), json!(tied));
        let size = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or(0);
        let usual = size("hidden_size").checked_div(size("num_attention_heads"));
        let width = match size("head_dim") {
            0 => usual.unwrap_or(0),
            width => width,
        };
        if let Some(turned) = self.whole("rope.dimension_count")?
            && turned != width
            && width > 0
        {
            let share = turned as f64 / width as f64;
            fields.insert("partial_rotary_factor".to_owned(), json!(share));
        }
        // Every head is as wide as the file says or implies, whatever a family's default is.
        fields.insert("head_dim".to_owned(), json!(width));
        if !fields.contains_key("num_key_value_heads") {
            let heads = fields["num_attention_heads"].clone();
            fields.insert("num_key_value_heads".to_owned(), heads);
        }
        // Gemma 2 and 3 divide scores by the root of the head width, but for their largest models.
        let largest = match self.0.architecture() {
            "gemma2" => 46,
            "gemma3" => 62,
            _ => 0,
        };
        let is_largest = fields["num_hidden_layers"] == json!(largest);
        let scalar = usual.filter(|_| is_largest).unwrap_or(width);
        fields.insert("query_pre_attn_scalar".to_owned(), json!(scalar));
        Ok(())
    }

    fn windows(&self, fields: &mut Map<String, Value>) -> Result<(), ModelError> {
        let window = self.whole("attention.sliding_window")?.filter(|&w| w > 0);
        fields.insert("sliding_window".to_owned(), json!(window));
        if let Some(every) = self.whole("attention.sliding_window_pattern")? {
            fields.insert("sliding_window_pattern".to_owned(), json!(every));
        }
        Ok(())
    }

    /// How rotary positions reach longer contexts.
    fn scaling(&self, fields: &mut Map<String, Value>) -> Result<(), ModelError> {
        let kind = self.0.text(&self.name("rope.scaling.type"));
        let short = self.0.factors("rope_factors_short.weight")?;
        let long = self.0.factors("rope_factors_long.weight")?;
        let context = fields["max_position_embeddings"].clone();
        let scaling = match (short, long, self.0.factors("rope_freqs.weight")?) {
            (Some(short), Some(long), _) => {
                let original = self.whole("rope.scaling.original_context_length")?;
                let original = original.map_or(context, |original| json!(original));
                fields.insert(
                    "original_max_position_embeddings".to_owned(),
                    original.clone(),
                );
                let mut scaling = json!({
                    "rope_type": "longrope", "short_factor": short, "long_factor": long,
                    "original_max_position_embeddings": original,
                });
                if let Some(factor) = self.number("rope.scaling.attn_factor")? {
                    scaling["attention_factor"] = json!(factor);
                }
                scaling
            }
            // Llama 3's frequencies, worked out when the file was made.
            (_, _, Some(factors)) => json!({
                "rope_type": "longrope", "short_factor": factors, "long_factor": factors,
                "original_max_position_embeddings": context, "attention_factor": 1.0,
            }),
            (_, _, None) => match kind {
                None | Some("none" | "") => return Ok(()),
                Some("linear") => json!({
                    "rope_type": "linear",
                    "factor": self.number("rope.scaling.factor")?.unwrap_or(1.0),
                }),
                Some(other) => json!({"rope_type": other}),
            },
        };
        fields.insert("rope_scaling".to_owned(), scaling);
        Ok(())
    }

    /// What to compute in where the device has half precision.
    fn dtype(&self) -> &'static str {
        let embedding = self.0.tensor("blk.0.ffn_down.weight");
        match embedding.map(|stored| stored.number_type.name) {
            Some("F32") => "float32",
            Some("BF16") => "bfloat16",
            Some(_) | None => "float16",
        }
    }
}
