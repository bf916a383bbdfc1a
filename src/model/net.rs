//! A set of weights in memory, whoever computes with it.

use candle_core::DType;

use super::cache::KvCache;
use super::config::{Config, Sizes};
use super::decoder::Decoder;
use super::device;
use super::error::ModelError;
use super::foreign::{Foreign, ForeignConfig};
use super::load::FileSource;
use super::lora::AdapterStack;
use super::pass::{RowSink, Segment};
use crate::domain::CancelToken;

/// What a `config.json` says of a model.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one for each model")]
pub enum NetConfig {
    /// For the own decoder.
    Own(Config),
    /// For candle-transformers.
    Foreign(ForeignConfig),
}

impl NetConfig {
    /// Reads the bytes of a `config.json`.
    ///
    /// # Errors
    /// Broken JSON, an architecture or option that this program does not compute, or sizes that do not fit together.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        match ForeignConfig::from_json(bytes)? {
            Some(config) => Ok(Self::Foreign(config)),
            None => Config::from_json(bytes).map(Self::Own),
        }
    }

    /// The family's name for people, for example `Gemma 2`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self {
            Self::Own(config) => config.family.name(),
            Self::Foreign(config) => config.family(),
        }
    }

    /// That of a model which can have adapters; `role` says whose they would be.
    ///
    /// # Errors
    /// A model of candle-transformers.
    pub fn own(&self, role: &str) -> Result<&Config, ModelError> {
        match self {
            Self::Own(config) => Ok(config),
            Self::Foreign(config) => Err(no_adapters(config, role)),
        }
    }

    /// Its sizes.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        match self {
            Self::Own(config) => config.sizes(),
            Self::Foreign(config) => config.sizes,
        }
    }

    /// Ids that end a text.
    #[must_use]
    pub fn eos(&self) -> &[u32] {
        match self {
            Self::Own(config) => &config.eos,
            Self::Foreign(config) => &config.eos,
        }
    }

    /// What its weights are computed in where a person wants `wanted`, which may be `auto` or nothing. candle-transformers
    /// computes in the type of the weights, and processors have no arithmetic for half precision.
    ///
    /// # Errors
    /// An unknown name.
    pub fn computed_in(
        &self,
        wanted: Option<&str>,
        on_processor: bool,
    ) -> Result<DType, ModelError> {
        let dtype = device::dtype(wanted, self.dtype())?;
        Ok(match self {
            Self::Foreign(_) if on_processor => DType::F32,
            Self::Own(_) | Self::Foreign(_) => dtype,
        })
    }

    /// The dtype that the file states, for example `bfloat16`.
    fn dtype(&self) -> Option<&str> {
        match self {
            Self::Own(config) => config.dtype.as_deref(),
            Self::Foreign(config) => config.dtype.as_deref(),
        }
    }
}

fn no_adapters(config: &ForeignConfig, role: &str) -> ModelError {
    ModelError::unsupported(
        format!("an adapter over {} ({role})", config.family()),
        "Merge it into its model with Python's PEFT, and name that as the model of the objective",
    )
}

/// The weights of a model.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one for each model")]
pub enum Net {
    /// For the own decoder.
    Own(Decoder),
    /// For candle-transformers.
    Foreign(Foreign),
}

impl Net {
    /// Loads the weights of a model from safetensors files.
    ///
    /// # Errors
    /// Tensors that are missing, broken or of another shape; cancellation.
    pub fn load(config: NetConfig, source: &mut FileSource<'_>) -> Result<Self, ModelError> {
        match config {
            NetConfig::Own(config) => Decoder::build(config, source).map(Self::Own),
            NetConfig::Foreign(config) => Foreign::load(config, source).map(Self::Foreign),
        }
    }

    /// That of a model which can have adapters; `role` says whose they would be.
    ///
    /// # Errors
    /// A model of candle-transformers.
    pub fn own(&self, role: &str) -> Result<&Decoder, ModelError> {
        match self {
            Self::Own(decoder) => Ok(decoder),
            Self::Foreign(foreign) => Err(no_adapters(&foreign.config, role)),
        }
    }

    /// Most tokens that the model was made to read.
    #[must_use]
    pub fn context(&self) -> usize {
        match self {
            Self::Own(decoder) => decoder.config.context,
            Self::Foreign(foreign) => foreign.config.sizes.context,
        }
    }

    /// Numbers in a row of logits.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::Own(decoder) => decoder.config.vocab_size,
            Self::Foreign(foreign) => foreign.config.sizes.vocabulary,
        }
    }

    /// Parameters, tied ones counted once.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        match self {
            Self::Own(decoder) => decoder.config.parameters(),
            Self::Foreign(foreign) => foreign.parameters,
        }
    }

    /// Most new tokens of a text in one pass that give the very rows of reading them one by one.
    #[must_use]
    pub fn steady_rows(&self) -> usize {
        match self {
            Self::Own(decoder) => decoder.steady_rows(),
            Self::Foreign(_) => 1,
        }
    }

    /// An empty cache for one text under this model.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn cache(&self) -> Result<KvCache, ModelError> {
        match self {
            Self::Own(decoder) => decoder.cache(),
            Self::Foreign(foreign) => Ok(foreign.cache()),
        }
    }

    /// Reads the tokens of all segments and hands their logits to `sink`. After an error the caches hold part of the new
    /// tokens: truncate them.
    ///
    /// # Errors
    /// An id outside the vocabulary, cancellation, a failing device, or what `sink` returns.
    pub fn forward(
        &self,
        adapters: Option<&AdapterStack>,
        segments: &mut [Segment<'_>],
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        match self {
            Self::Own(decoder) => decoder.forward(adapters, segments, cancel, sink),
            Self::Foreign(foreign) => foreign.forward(segments, cancel, sink),
        }
    }
}
