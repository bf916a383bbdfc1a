//! Families that the own decoder does not compute, through candle-transformers: each text by itself, token by token. Slow,
//! but right.

mod families;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use serde_json::{Map, Value};

use self::families::Kind;
use super::cache::KvCache;
use super::config::Sizes;
use super::error::ModelError;
use super::load::FileSource;
use super::pass::{RowSink, Segment, Wanted};
use crate::domain::{CancelToken, TokenId};

pub use self::families::FOREIGN;

/// A model while it reads one text.
pub(super) trait Reading: Send + Sync {
    /// Reads tokens, `[1, count]`, behind the first `before` of the text, and gives the logits after the last.
    fn read(&mut self, tokens: &Tensor, before: usize) -> candle_core::Result<Tensor>;

    /// The same text so far, to go its own way; nothing where the model cannot be copied.
    fn copy(&self) -> Option<Box<dyn Reading>>;
}

impl fmt::Debug for dyn Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// Makes a model that has read nothing, over weights that all of them share.
type Fresh = dyn Fn() -> candle_core::Result<Box<dyn Reading>> + Send + Sync;

/// What a `config.json` says of a model of another family.
#[derive(Debug, Clone)]
pub struct ForeignConfig {
    kind: &'static Kind,
    /// The fields that the library asks for.
    fields: Map<String, Value>,
    /// Its sizes.
    pub sizes: Sizes,
    /// Ids that end a text.
    pub eos: Vec<u32>,
    /// The dtype that the file states, for example `bfloat16`.
    pub dtype: Option<String>,
}

impl ForeignConfig {
    /// Reads the bytes of a `config.json`; nothing where the family is none of these.
    ///
    /// # Errors
    /// A file of such a family that is broken, or asks for what the library does not compute.
    pub fn from_json(bytes: &[u8]) -> Result<Option<Self>, ModelError> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
            return Ok(None);
        };
        let Some(kind) = Kind::of(&fields) else {
            return Ok(None);
        };
        kind.read(fields).map(Some)
    }

    /// The family's name for people, for example `Mamba`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.kind.name
    }
}

/// The weights of a model of another family.
#[derive(Clone)]
pub struct Foreign {
    /// What its file says.
    pub config: ForeignConfig,
    /// Parameters.
    pub parameters: u64,
    device: Device,
    dtype: DType,
    fresh: Arc<Fresh>,
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign")
            .field("config", &self.config)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl Foreign {
    /// Loads the weights from safetensors files.
    ///
    /// # Errors
    /// Tensors that are missing, broken or of another shape; cancellation.
    pub fn load(config: ForeignConfig, source: &mut FileSource<'_>) -> Result<Self, ModelError> {
        let (device, dtype) = (source.device.clone(), source.dtype);
        let weights = source.weights;
        let names = weights.names();
        let mut tensors = HashMap::with_capacity(names.len());
        let mut parameters = 0;
        for (index, name) in names.iter().enumerate() {
            if source.cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            // Some files keep masks beside the weights.
            let raw = weights
                .get(name)
                .filter(|raw| raw.number_type(name).is_ok());
            if let Some(raw) = raw {
                let tensor = raw.tensor(name, dtype, &device)?;
                parameters += tensor.elem_count() as u64;
                tensors.insert(config.kind.tensor_name(name), tensor);
            }
            (source.progress)((index + 1) as f32 / names.len() as f32);
        }
        let builder = VarBuilder::from_tensors(tensors, dtype, &device);
        let fresh =
            (config.kind.make)(&config.fields, builder).map_err(|error| ModelError::Broken {
                file: format!("the weight files of {}", source.role),
                why: "do not hold what config.json asks for".to_owned(),
                details: error.to_string(),
            })?;
        Ok(Self {
            config,
            parameters,
            device,
            dtype,
            fresh,
        })
    }

    /// An empty cache for one text.
    #[must_use]
    pub fn cache(&self) -> KvCache {
        let token_bytes = self.config.sizes.token_numbers() * self.dtype.size_in_bytes();
        KvCache::foreign(token_bytes as u64)
    }

    /// Reads the tokens of all segments, one text after the other, and hands their logits to `sink`.
    ///
    /// After an error the caches hold part of the new tokens: truncate them.
    ///
    /// # Errors
    /// An id outside the vocabulary, cancellation, a failing device, or what `sink` returns.
    pub fn forward(
        &self,
        segments: &mut [Segment<'_>],
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        for (index, segment) in segments.iter_mut().enumerate() {
            super::pass::check_ids(segment.tokens, self.config.sizes.vocabulary)?;
            self.read(index, segment, cancel, sink)?;
        }
        Ok(())
    }

    fn read(
        &self,
        index: usize,
        segment: &mut Segment<'_>,
        cancel: &CancelToken,
        sink: &mut RowSink<'_>,
    ) -> Result<(), ModelError> {
        let Segment {
            cache,
            tokens,
            wanted,
            ..
        } = segment;
        let mut reading = if let Some(reading) = cache.take_reading()? {
            reading
        } else {
            // Forgotten, or never read.
            let mut reading = (self.fresh)()?;
            let told = cache.told();
            self.read_on(
                reading.as_mut(),
                told,
                0,
                Wanted::Last,
                cancel,
                &mut |_, _| Ok(()),
            )?;
            reading
        };
        let before = cache.len();
        self.read_on(
            reading.as_mut(),
            tokens,
            before,
            *wanted,
            cancel,
            &mut |token, row| {
                let row: Vec<f32> = row.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
                sink(index, token, &row)
            },
        )?;
        cache.put_reading(reading, tokens);
        Ok(())
    }

    /// Gives the rows that are wanted: the library gives only those behind what it reads at once.
    fn read_on(
        &self,
        reading: &mut dyn Reading,
        tokens: &[TokenId],
        before: usize,
        wanted: Wanted,
        cancel: &CancelToken,
        behind: &mut dyn FnMut(usize, &Tensor) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let mut done = 0;
        while done < tokens.len() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let count = match wanted {
                Wanted::All => 1,
                Wanted::Last => self.config.kind.at_once.behind(before + done),
            };
            let piece = &tokens[done..tokens.len().min(done + count)];
            let input = Tensor::new(piece, &self.device)?.unsqueeze(0)?;
            let logits = reading.read(&input, before + done)?;
            done += piece.len();
            if wanted == Wanted::All || done == tokens.len() {
                behind(done - 1, &logits)?;
            }
        }
        Ok(())
    }
}
