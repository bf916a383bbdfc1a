//! The models of [`super::write_model`] as GGUF files.

use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Tensor};

use super::{LETTERS, SPECIALS, recorded, unwritable};
use crate::model::config::Config;
use crate::model::decoder::Projection;
use crate::model::error::ModelError;
use crate::model::gguf::NumberType;

/// Writes the model of [`super::write_model`] as one GGUF file whose matrices are of the type called `kind`, for example
/// `Q4_K`; norms stay in single precision, as they do in files that people use.
///
/// # Errors
/// A file that cannot be written, or widths that are no whole blocks of this type.
pub fn write_gguf(path: &Path, config: &Config, seed: u64, kind: &str) -> Result<(), ModelError> {
    let tensors = gguf_tensors(config, seed, kind)?;
    let facts = gguf_facts(config);
    let facts: Vec<(&str, &Value)> = facts.iter().map(|(name, fact)| (*name, fact)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let mut file = std::fs::File::create(path).map_err(|error| unwritable(path, &error))?;
    Ok(gguf_file::write(&mut file, &facts, &tensors)?)
}

/// What the file says of the model and its tokenizer.
fn gguf_facts(config: &Config) -> Vec<(&'static str, Value)> {
    let whole = |size: usize| Value::U32(size as u32);
    let text = |text: &str| Value::String(text.to_owned());
    let letters = LETTERS.chars().map(|letter| text(&letter.to_string()));
    let tokens: Vec<Value> = SPECIALS.map(text).into_iter().chain(letters).collect();
    let kinds = (0..tokens.len()).map(|id| Value::I32([2, 3, 3].get(id).copied().unwrap_or(1)));
    let kinds = kinds.collect();
    let scores = (0..tokens.len()).map(|id| Value::F32(-(id as f32)));
    let scores = scores.collect();
    vec![
        ("general.architecture", text("llama")),
        ("general.name", text("Tiny")),
        ("general.license", text("mit")),
        ("llama.context_length", whole(config.context)),
        ("llama.embedding_length", whole(config.hidden_size)),
        ("llama.block_count", whole(config.layers)),
        ("llama.feed_forward_length", whole(config.intermediate_size)),
        ("llama.attention.head_count", whole(config.heads)),
        ("llama.attention.head_count_kv", whole(config.kv_heads)),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::F32(config.norm_eps as f32),
        ),
        ("llama.rope.freq_base", Value::F32(config.rope.theta as f32)),
        ("tokenizer.ggml.model", text("llama")),
        ("tokenizer.ggml.tokens", Value::Array(tokens)),
        ("tokenizer.ggml.scores", Value::Array(scores)),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        ("tokenizer.ggml.add_space_prefix", Value::Bool(false)),
        ("tokenizer.ggml.bos_token_id", whole(1)),
        ("tokenizer.ggml.eos_token_id", whole(2)),
    ]
}

fn gguf_tensors(
    config: &Config,
    seed: u64,
    kind: &str,
) -> Result<Vec<(String, QTensor)>, ModelError> {
    let unknown = || ModelError::Usage(format!("there is no number type {kind}"));
    let kind = (0..64)
        .filter_map(NumberType::from_id)
        .find(|known| known.name == kind)
        .and_then(NumberType::readable)
        .ok_or_else(unknown)?;
    let mut tensors: Vec<(String, Tensor)> = recorded(config, seed)?.into_iter().collect();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    tensors
        .into_iter()
        .map(|(name, tensor)| {
            let tensor = match (name.contains("q_proj"), name.contains("k_proj")) {
                (true, _) => interleaved(&tensor, config.heads)?,
                (_, true) => interleaved(&tensor, config.kv_heads)?,
                (false, false) => tensor,
            };
            let kind = if tensor.rank() == 2 {
                kind
            } else {
                GgmlDType::F32
            };
            let tensor = tensor.to_dtype(DType::F32)?;
            Ok((gguf_name(&name), QTensor::quantize(&tensor, kind)?))
        })
        .collect()
}

/// Rows as files keep them that turn neighbours: the halves of each head shuffled into one another.
fn interleaved(matrix: &Tensor, heads: usize) -> Result<Tensor, ModelError> {
    let (rows, inputs) = matrix.dims2()?;
    Ok(matrix
        .reshape((heads, 2, rows / heads / 2, inputs))?
        .transpose(1, 2)?
        .reshape((rows, inputs))?
        .contiguous()?)
}

fn gguf_name(name: &str) -> String {
    let mut own = name.to_owned();
    for projection in Projection::ALL {
        let theirs = match projection {
            Projection::Q => "attn_q",
            Projection::K => "attn_k",
            Projection::V => "attn_v",
            Projection::O => "attn_output",
            Projection::Gate => "ffn_gate",
            Projection::Up => "ffn_up",
            Projection::Down => "ffn_down",
        };
        own = own.replace(
            &format!("{}.{}", projection.parent(), projection.name()),
            theirs,
        );
    }
    for (ours, theirs) in [
        ("model.layers.", "blk."),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
    ] {
        own = own.replace(ours, theirs);
    }
    own
}
