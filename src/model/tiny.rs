//! Tiny random models: small enough to make and run in a test, whole enough to be loaded like any other.

use candle_core::{Device, Tensor};

use super::config::{Config, LlamaShape};
use super::decoder::{Decoder, Projection, TensorSource};
use super::error::ModelError;
use super::lora::{Lora, LoraPair};

/// Random weights that depend on nothing but the seed and the order in which they are asked for.
#[derive(Debug, Clone)]
pub struct RandomWeights {
    state: u64,
}

impl RandomWeights {
    /// A source that always gives the same tensors for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, evenly spread over −1 to 1 (splitmix64).
    pub fn number(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
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
        let count = shape.iter().product();
        let numbers: Vec<f32> = (0..count).map(|_| centre + size * self.number()).collect();
        Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?)
    }
}

impl TensorSource for RandomWeights {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        if name.ends_with("norm.weight") {
            return self.spread(shape, 1.0, 0.3);
        }
        // Wide enough that every part of the model moves the logits.
        let size = match shape {
            [_, input] => 2.0 / (*input as f32).sqrt(),
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
    let mut random = RandomWeights::new(seed);
    let blocks = (0..config.layers)
        .map(|_| {
            let mut block = [const { None }; 7];
            for &target in targets {
                let (input, output) = target.widths(config);
                block[target as usize] = Some(LoraPair {
                    a: random.spread(&[input, rank], 0.0, 0.5)?,
                    b: random.spread(&[rank, output], 0.0, 0.5)?,
                    scale: 0.5,
                });
            }
            Ok(block)
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(Lora { blocks })
}
