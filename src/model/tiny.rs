//! Tiny random models: small enough to make and run in a test, whole enough to be loaded like any other.

mod gguf;
pub mod lineup;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

pub use self::gguf::write_gguf;
use super::config::{Config, LlamaShape};
use super::decoder::{Decoder, Projection, TensorSource};
use super::error::ModelError;
use super::lora::{Lora, LoraPair};

/// Random weights that depend on nothing but the seed and the order in which they are asked for.
#[derive(Debug, Clone)]
pub struct RandomWeights {
    state: u64,
}

/// What the state grows by from one number to the next.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Numbers that one thread makes at a time.
const PIECE: usize = 1 << 16;

impl RandomWeights {
    /// A source that always gives the same tensors for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, evenly spread over −1 to 1 (splitmix64).
    pub fn number(&mut self) -> f32 {
        self.state = self.state.wrapping_add(STRIDE);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// The next numbers, evenly spread over `−size` to `size` and shifted by `centre`, made on all threads.
    pub fn fill(&mut self, numbers: &mut [f32], centre: f32, size: f32) {
        let from = self.state;
        let after = |count: usize| from.wrapping_add(STRIDE.wrapping_mul(count as u64));
        self.state = after(numbers.len());
        numbers
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, numbers)| {
                let mut random = Self::new(after(piece * PIECE));
                for number in numbers {
                    *number = centre + size * random.number();
                }
            });
    }

    /// How widely [`TensorSource::tensor`] spreads the weights of a product: wide enough that every part of a model moves
    /// the logits.
    #[must_use]
    pub fn spread_of(inputs: usize) -> f32 {
        2.0 / (inputs as f32).sqrt()
    }

    /// A tensor of numbers evenly spread over `−size` to `size`, shifted by `centre`, on the CPU.
    ///
    /// # Errors
    /// No memory.
    pub fn spread(
        &mut self,
        shape: &[usize],
        centre: f32,
        size: f32,
    ) -> Result<Tensor, ModelError> {
        let mut numbers = vec![0.0; shape.iter().product()];
        self.fill(&mut numbers, centre, size);
        Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?)
    }
}

impl TensorSource for RandomWeights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        if name.ends_with("norm.weight") {
            return self.spread(shape, 1.0, 0.3);
        }
        let size = match shape {
            [_, input] => Self::spread_of(*input),
            _ => 0.3,
        };
        self.spread(shape, 0.0, size)
    }
}

/// A two-block Llama of 64 tokens with shared key heads.
#[must_use]
pub fn config() -> Config {
    let mut config = Config::llama_like(LlamaShape {
        vocab: 64,
        hidden: 16,
        intermediate: 24,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        context: 640,
        tied: true,
    });
    config.bos = Some(1);
    config.eos = vec![2];
    config
}

/// A two-block Llama whose widths are whole blocks of every type of number that files keep.
#[must_use]
pub fn config_of_blocks() -> Config {
    Config {
        hidden_size: 256,
        head_dim: 64,
        intermediate_size: 512,
        context: 128,
        tied: false,
        ..config()
    }
}

/// A decoder of this shape with random weights.
///
/// # Errors
/// No memory.
pub fn decoder(config: Config, seed: u64) -> Result<Decoder, ModelError> {
    Decoder::build(config, &mut RandomWeights::new(seed))
}

/// A random adapter of this rank on the given products of every block.
///
/// # Errors
/// No memory.
pub fn adapter(
    config: &Config,
    targets: &[Projection],
    rank: usize,
    seed: u64,
) -> Result<Lora, ModelError> {
    adapter_as(config, targets, rank, seed, DType::F32)
}

/// The same, its numbers rounded to another type.
///
/// # Errors
/// No memory.
pub fn adapter_as(
    config: &Config,
    targets: &[Projection],
    rank: usize,
    seed: u64,
    dtype: DType,
) -> Result<Lora, ModelError> {
    let mut random = RandomWeights::new(seed);
    let blocks = (0..config.layers)
        .map(|_| {
            let mut block = [const { None }; 7];
            for &target in targets {
                let (input, output) = target.widths(config);
                block[target as usize] = Some(LoraPair {
                    a: random
                        .spread(&[input, rank], 0.0, 0.5)?
                        .t()?
                        .contiguous()?
                        .to_dtype(dtype)?,
                    b: random.spread(&[rank, output], 0.0, 0.5)?.to_dtype(dtype)?,
                    scale: 0.5,
                });
            }
            Ok(block)
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(Lora { blocks })
}

/// Keeps a copy of every tensor that a decoder asks for, under its name.
struct Recorder {
    random: RandomWeights,
    tensors: HashMap<String, Tensor>,
}

impl TensorSource for Recorder {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.random.tensor(name, shape)?;
        self.tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    }
}

/// Every tensor of a random model, under its name.
fn recorded(config: &Config, seed: u64) -> Result<HashMap<String, Tensor>, ModelError> {
    let mut recorder = Recorder {
        random: RandomWeights::new(seed),
        tensors: HashMap::new(),
    };
    Decoder::build(config.clone(), &mut recorder)?;
    Ok(recorder.tensors)
}

/// The first three of the 64 tokens of [`write_model`]: what is unknown, starts a text, ends one.
const SPECIALS: [&str; 3] = ["<unk>", "<s>", "</s>"];

/// The others: a space, letters, digits and marks.
const LETTERS: &str = "\u{2581}abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-+*/=<>|#@&%$\n";

/// Writes a model folder with random weights: config.json, model.safetensors, tokenizer.json and
/// `tokenizer_config.json`.
/// The tokenizer knows 64 single letters and puts `<s>` (id 1) before a text; `</s>` (id 2) ends one.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_model(folder: &Path, config: &Config, seed: u64) -> Result<(), ModelError> {
    let tensors = recorded(config, seed)?;
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))?;
    write(folder, "config.json", &config.to_json().to_string())?;
    write(folder, "tokenizer.json", &tokenizer().to_string())?;
    let settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    });
    write(folder, "tokenizer_config.json", &settings.to_string())
}

/// Writes a PEFT adapter folder with random matrices for models of this shape; α is twice the rank.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_adapter(
    folder: &Path,
    config: &Config,
    targets: &[Projection],
    rank: usize,
    seed: u64,
) -> Result<(), ModelError> {
    let lora = adapter(config, targets, rank, seed)?;
    let mut tensors = HashMap::new();
    for (layer, block) in lora.blocks.iter().enumerate() {
        for (projection, pair) in Projection::ALL.into_iter().zip(block) {
            if let Some(pair) = pair {
                let module = format!("base_model.model.{}", projection.module(layer));
                tensors.insert(format!("{module}.lora_A.weight"), pair.a.clone());
                tensors.insert(format!("{module}.lora_B.weight"), pair.b.t()?.contiguous()?);
            }
        }
    }
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    candle_core::safetensors::save(&tensors, folder.join("adapter_model.safetensors"))?;
    let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
    let settings = json!({
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": names,
        "bias": "none",
    });
    write(folder, "adapter_config.json", &settings.to_string())
}

fn tokenizer() -> Value {
    let mut vocabulary = Map::new();
    let letters = LETTERS.chars().map(String::from);
    for token in SPECIALS.map(str::to_owned).into_iter().chain(letters) {
        vocabulary.insert(token, json!(vocabulary.len()));
    }
    let added: Vec<Value> = SPECIALS
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({
                "id": id, "content": content, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            })
        })
        .collect();
    let space = json!({"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"});
    let back = json!({"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "});
    json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": space,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {"type": "Sequence", "decoders": [back, {"type": "Fuse"}]},
        "model": {
            "type": "BPE", "unk_token": "<unk>", "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": [],
        },
    })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), ModelError> {
    std::fs::write(folder.join(name), text).map_err(|error| unwritable(folder, &error))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> ModelError {
    ModelError::Read {
        what: "the folder to write to".to_owned(),
        details: format!("{error}: {}", folder.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_made_on_all_threads_are_those_made_one_by_one() {
        let (mut together, mut alone) = (RandomWeights::new(5), RandomWeights::new(5));
        let mut numbers = vec![0.0; 2 * PIECE + 3];
        together.fill(&mut numbers, 0.0, 1.0);
        for number in numbers {
            assert_eq!(number.to_bits(), alone.number().to_bits());
        }
        assert_eq!(together.number().to_bits(), alone.number().to_bits());
    }
}
