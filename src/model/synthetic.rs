//! Models of real shapes with random weights, made in memory: anyone can measure speed with them, without downloads.

mod memory;

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, WithDType};
use half::{bf16, f16};

use super::config::{Config, LlamaShape};
use super::decoder::{Decoder, Head, Projection, TensorSource};
use super::device::{self, Picked};
use super::ensemble::{BASE, Ensemble, Reader, Reward, Trunk};
use super::error::ModelError;
use super::kernels::{Format, Packed};
use super::lora::AdapterStack;
use super::matrix::Matrix;
use super::net::Net;
use super::template::Template;
use super::text::Text;
use super::tiny::{self, RandomWeights};
use crate::domain::{CancelToken, ComputeSettings};
use crate::engine::scorer::Vocabulary;

/// Sizes of well-known models, and a small one for trying out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Two blocks, 2 million parameters: no real model, but fast to make.
    Tiny,
    /// SmolLM2-135M.
    M135,
    /// TinyLlama-1.1B.
    B1,
    /// Llama-2-7B.
    B7,
}

/// How the weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quant {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Brain floats.
    Bf16,
    /// 8 bits; matrices whose inputs are no whole blocks of 32 stay in single precision.
    Q8_0,
    /// 4 bits; matrices whose inputs are no whole blocks of 256 are kept in 8 bits.
    Q4K,
}

/// A lineup of random models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Sizes of every model in it.
    pub shape: Shape,
    /// How their weights are kept; adapters are in half precision where these have 16 bits or fewer.
    pub quant: Quant,
    /// Adapters over the base, on all seven products of every block: one objective each.
    pub adapters: usize,
    /// Rank of the adapters, 1 or more.
    pub rank: usize,
    /// Whole reward models: one objective each, with weights of their own.
    pub whole: usize,
}

impl Shape {
    /// All of them, smallest first.
    pub const ALL: [Self; 4] = [Self::Tiny, Self::M135, Self::B1, Self::B7];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::M135 => "135m",
            Self::B1 => "1b",
            Self::B7 => "7b",
        }
    }

    /// Every size.
    #[must_use]
    pub fn config(self) -> Config {
        let (vocab, hidden, intermediate, layers, heads, kv_heads, tied) = match self {
            Self::Tiny => (2048, 256, 512, 2, 4, 2, true),
            Self::M135 => (49152, 576, 1536, 30, 9, 3, true),
            Self::B1 => (32000, 2048, 5632, 22, 32, 4, false),
            Self::B7 => (32000, 4096, 11008, 32, 32, 32, false),
        };
        Config::llama_like(LlamaShape {
            vocab,
            hidden,
            intermediate,
            layers,
            heads,
            kv_heads,
            context: 2048,
            tied,
        })
    }
}

impl Quant {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Q8_0, Self::Q4K];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4_k",
        }
    }

    /// What adapters beside such weights are kept in.
    #[must_use]
    pub const fn adapter_type(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 | Self::Q8_0 | Self::Q4K => "f16",
        }
    }

    fn of_adapters(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 | Self::Q8_0 | Self::Q4K => DType::F16,
        }
    }

    /// How a matrix of so many inputs is kept.
    fn of(self, inputs: usize) -> Self {
        let whole = |format: Format| inputs.is_multiple_of(format.block_len());
        match self {
            Self::Q4K if whole(Format::Q4K) => Self::Q4K,
            Self::Q4K | Self::Q8_0 if whole(Format::Q8_0) => Self::Q8_0,
            Self::Q4K | Self::Q8_0 => Self::F32,
            other @ (Self::F32 | Self::F16 | Self::Bf16) => other,
        }
    }

    /// Bytes that a matrix takes.
    fn bytes(self, outputs: usize, inputs: usize) -> u64 {
        let count = (outputs * inputs) as u64;
        match self.of(inputs) {
            Self::F32 => 4 * count,
            Self::F16 | Self::Bf16 => 2 * count,
            Self::Q8_0 => Packed::bytes_of(Format::Q8_0, outputs, inputs),
            Self::Q4K => Packed::bytes_of(Format::Q4K, outputs, inputs),
        }
    }
}

/// Outputs and inputs of every matrix of a model.
fn matrices(config: &Config) -> impl Iterator<Item = (usize, usize)> + '_ {
    let tables = if config.tied { 1 } else { 2 };
    let blocks = std::iter::repeat_n(Projection::ALL, config.layers).flatten();
    std::iter::repeat_n((config.vocab_size, config.hidden_size), tables).chain(blocks.map(
        |projection| {
            let (inputs, outputs) = projection.widths(config);
            (outputs, inputs)
        },
    ))
}

impl Spec {
    /// Bytes of the matrices of one model, format by format, those that there are.
    #[must_use]
    pub fn weight_bytes(&self) -> Vec<(Quant, u64)> {
        let config = self.shape.config();
        Quant::ALL
            .into_iter()
            .map(|quant| {
                let kept = matrices(&config).filter(|&(_, inputs)| self.quant.of(inputs) == quant);
                (quant, kept.map(|(o, i)| self.quant.bytes(o, i)).sum())
            })
            .filter(|&(_, bytes)| bytes > 0)
            .collect()
    }

    /// Bytes of all adapters.
    #[must_use]
    pub fn adapter_bytes(&self) -> u64 {
        let config = self.shape.config();
        let widths = Projection::ALL.map(|projection| {
            let (inputs, outputs) = projection.widths(&config);
            inputs + outputs
        });
        let numbers = widths.iter().sum::<usize>() * config.layers * self.rank * self.adapters;
        let size = self.quant.of_adapters().size_in_bytes();
        (size * numbers) as u64
    }

    /// Bytes that making and running it takes at most, with `texts` texts of `tokens` tokens being read by one model each.
    #[must_use]
    pub fn bytes_needed(&self, texts: usize, tokens: usize) -> u64 {
        let config = self.shape.config();
        let weights: u64 = self.weight_bytes().iter().map(|(_, bytes)| bytes).sum();
        // While a matrix is made, its numbers are there in single precision too.
        let largest = matrices(&config).map(|(o, i)| 4 * (o * i) as u64).max();
        let token = 8 * config.layers * config.kv_heads * config.head_dim;
        weights * (1 + self.whole as u64)
            + self.adapter_bytes()
            + largest.unwrap_or(0)
            + (texts * tokens * token) as u64
    }
}

/// Random models, ready to be put together.
#[derive(Debug)]
pub struct Models {
    spec: Spec,
    picked: Picked,
    base: Decoder,
    whole: Vec<Decoder>,
    text: Arc<Text>,
}

impl Models {
    /// Makes the weights. `progress` is told how far it is, 0 to 1.
    ///
    /// # Errors
    /// A device that is not there or that cannot hold packed weights, no memory, or cancellation.
    pub fn make(
        spec: Spec,
        settings: &ComputeSettings,
        progress: &mut dyn FnMut(f32),
        cancel: &CancelToken,
    ) -> Result<Self, ModelError> {
        let picked = device::pick(settings.device.as_deref(), settings.threads)?;
        if !picked.device.is_cpu() && matches!(spec.quant, Quant::Q8_0 | Quant::Q4K) {
            return Err(ModelError::Usage(
                "weights of 4 or 8 bits are computed on the processor only: use --quant f32, f16 or bf16, or --device cpu"
                    .to_owned(),
            ));
        }
        let config = spec.shape.config();
        let count = 1 + spec.whole;
        let mut decoders = Vec::with_capacity(count);
        for index in 0..count {
            let mut source = Source {
                random: RandomWeights::new(index as u64 + 1),
                quant: spec.quant,
                picked: &picked,
                numbers: Vec::new(),
                progress: &mut |far| progress((index as f32 + far) / count as f32),
                cancel,
            };
            decoders.push(Decoder::build(config.clone(), &mut source)?);
        }
        let text = Arc::new(Text::of_words(config.vocab_size)?);
        Ok(Self {
            spec,
            picked,
            base: decoders.remove(0),
            whole: decoders,
            text,
        })
    }

    /// The base alone, or with every objective. The weights are shared by all that are put together.
    ///
    /// # Errors
    /// No memory.
    pub fn scorer(&self, with_objectives: bool) -> Result<Ensemble, ModelError> {
        let (adapters, whole) = if with_objectives {
            (self.spec.adapters, self.whole.as_slice())
        } else {
            (0, &[][..])
        };
        let base = Reader {
            trunk: BASE,
            adapter: None,
            text: Arc::clone(&self.text),
            template: Arc::new(Template::Raw),
            wish: None,
            label: "base model".to_owned(),
        };
        let mut readers = vec![base.clone()];
        let mut names = Vec::new();
        for adapter in 0..adapters {
            let name = format!("adapter {}", adapter + 1);
            readers.push(Reader {
                adapter: Some(adapter),
                label: format!("objective {name}"),
                ..base.clone()
            });
            names.push(name);
        }
        for index in 0..whole.len() {
            let name = format!("model {}", index + 1);
            readers.push(Reader {
                trunk: 1 + index,
                label: format!("objective {name}"),
                ..base.clone()
            });
            names.push(name);
        }
        let mut trunks = vec![Trunk {
            net: Net::Own(self.base.clone()),
            adapters: self.stack(adapters)?,
        }];
        trunks.extend(whole.iter().map(|decoder| Trunk {
            net: Net::Own(decoder.clone()),
            adapters: None,
        }));
        let vocabulary = Vocabulary {
            texts: self.text.texts(self.base.config.vocab_size).into(),
            ends: Vec::new(),
        };
        let rewards = (1..readers.len()).map(Reward::Row).collect();
        Ok(Ensemble::new(trunks, readers, rewards, names, vocabulary))
    }

    fn stack(&self, adapters: usize) -> Result<Option<AdapterStack>, ModelError> {
        if adapters == 0 {
            return Ok(None);
        }
        let (config, device) = (&self.base.config, &self.picked.device);
        let dtype = if device.is_cpu() {
            self.spec.quant.of_adapters()
        } else {
            self.base.dtype()
        };
        let adapters = (0..adapters as u64)
            .map(|index| {
                let (rank, seed) = (self.spec.rank, 1000 + index);
                let mut lora = tiny::adapter_as(config, &Projection::ALL, rank, seed, dtype)?;
                for pair in lora.blocks.iter_mut().flatten().flatten() {
                    pair.a = pair.a.to_device(device)?;
                    pair.b = pair.b.to_device(device)?;
                }
                Ok(lora)
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        AdapterStack::new(adapters).map(Some)
    }

    /// Parameters of the base.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.base.config.parameters()
    }

    /// Which device computes, and why, in words.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.picked.words
    }

    /// Whether the processor computes.
    #[must_use]
    pub fn on_processor(&self) -> bool {
        self.picked.device.is_cpu()
    }

    /// Bytes of the base's matrices, format by format, as they lie in memory.
    ///
    /// # Errors
    /// A tensor that is not a matrix.
    pub fn weight_bytes(&self) -> Result<u64, ModelError> {
        let bytes = |matrix: &Matrix| match matrix {
            Matrix::Dense(tensor) => tensor.elem_count() * tensor.dtype().size_in_bytes(),
            Matrix::Packed(packed) => packed.bytes(),
        };
        let blocks = self.base.blocks.iter().flat_map(|block| {
            Projection::ALL.map(|projection| bytes(&block.linear(projection).weight))
        });
        let head = match &self.base.head {
            Head::Tied => 0,
            Head::Untied(matrix) => bytes(matrix),
        };
        Ok((bytes(&self.base.embed) + blocks.sum::<usize>() + head) as u64)
    }
}

/// Random weights in their final form.
struct Source<'a> {
    random: RandomWeights,
    quant: Quant,
    picked: &'a Picked,
    /// One matrix's numbers before they are packed; kept, so that making a model leaves no holes in the memory behind.
    numbers: Vec<f32>,
    progress: &'a mut dyn FnMut(f32),
    cancel: &'a CancelToken,
}

impl TensorSource for Source<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.random.tensor(name, shape)?;
        Ok(tensor.to_device(&self.picked.device)?)
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix, ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let quant = self.quant.of(inputs);
        let device = &self.picked.device;
        let shape = (outputs, inputs);
        if quant == Quant::F32 {
            let tensor = self.random.tensor(name, &[outputs, inputs])?;
            return Ok(Matrix::Dense(tensor.to_device(device)?));
        }
        let count = outputs * inputs;
        // The first matrix, that of the tokens, is the largest.
        if self.numbers.len() < count {
            self.numbers = vec![0.0; count];
        }
        let numbers = &mut self.numbers[..count];
        let size = RandomWeights::spread_of(inputs);
        self.random.fill(numbers, 0.0, size);
        match quant {
            Quant::Q8_0 => packed(Format::Q8_0, numbers, shape),
            Quant::Q4K => packed(Format::Q4K, numbers, shape),
            Quant::F16 => dense(numbers, shape, device, f16::from_f32),
            Quant::Bf16 => dense(numbers, shape, device, bf16::from_f32),
            Quant::F32 => dense(numbers, shape, device, |number| number),
        }
    }

    fn progress(&mut self, fraction: f32) -> Result<(), ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        (self.progress)(fraction);
        Ok(())
    }
}

fn packed(
    format: Format,
    numbers: &[f32],
    (outputs, inputs): (usize, usize),
) -> Result<Matrix, ModelError> {
    let packed = Packed::quantise(format, numbers, outputs, inputs)?;
    Ok(Matrix::Packed(Arc::new(packed)))
}

fn dense<T: WithDType>(
    numbers: &[f32],
    shape: (usize, usize),
    device: &Device,
    round: impl Fn(f32) -> T,
) -> Result<Matrix, ModelError> {
    let numbers: Vec<T> = numbers.iter().map(|&number| round(number)).collect();
    Ok(Matrix::Dense(Tensor::from_vec(numbers, shape, device)?))
}

#[cfg(test)]
mod tests;
