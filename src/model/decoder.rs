//! Our transformer: the weights of a decoder of the Llama family and its relatives. [`super::pass`] runs it.

mod build;

use candle_core::{DType, Device, Tensor};

pub use self::build::TensorSource;
use super::cache::KvCache;
use super::config::Config;
use super::error::ModelError;
use super::kernels::Format;
use super::matrix::Matrix;

/// A product `x·Wᵀ + b`.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[out, in]`, as in files.
    pub weight: Matrix,
    /// `[out]`.
    pub bias: Option<Tensor>,
}

impl Linear {
    /// `[rows, in]` to `[rows, out]`, by tensor operations; the processor's passes go through the kernels.
    ///
    /// # Errors
    /// Shapes that do not fit, or a failing device.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let y = self.weight.forward(x)?;
        match &self.bias {
            Some(bias) => Ok(y.broadcast_add(bias)?),
            None => Ok(y),
        }
    }
}

/// The products of a block that an adapter may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Projection {
    /// Queries.
    Q,
    /// Keys.
    K,
    /// Values.
    V,
    /// Attention output.
    O,
    /// Feed-forward gate.
    Gate,
    /// Feed-forward up.
    Up,
    /// Feed-forward down.
    Down,
}

impl Projection {
    /// All seven, in the order of their discriminants.
    pub const ALL: [Self; 7] = [
        Self::Q,
        Self::K,
        Self::V,
        Self::O,
        Self::Gate,
        Self::Up,
        Self::Down,
    ];

    /// The name in weight files and adapter settings, for example `q_proj`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Q => "q_proj",
            Self::K => "k_proj",
            Self::V => "v_proj",
            Self::O => "o_proj",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
        }
    }

    /// The part of a block that it stands in, as in weight files: `self_attn` or `mlp`.
    #[must_use]
    pub fn parent(self) -> &'static str {
        match self {
            Self::Q | Self::K | Self::V | Self::O => "self_attn",
            Self::Gate | Self::Up | Self::Down => "mlp",
        }
    }

    /// Name of its module in weight files, for example `model.layers.3.self_attn.q_proj`.
    #[must_use]
    pub fn module(self, layer: usize) -> String {
        format!("model.layers.{layer}.{}.{}", self.parent(), self.name())
    }

    /// Widths of its input and output.
    #[must_use]
    pub fn widths(self, config: &Config) -> (usize, usize) {
        let hidden = config.hidden_size;
        let q = config.heads * config.head_dim;
        let kv = config.kv_heads * config.head_dim;
        match self {
            Self::Q => (hidden, q),
            Self::K | Self::V => (hidden, kv),
            Self::O => (q, hidden),
            Self::Gate | Self::Up => (hidden, config.intermediate_size),
            Self::Down => (config.intermediate_size, hidden),
        }
    }

    /// Whether the model has a bias here.
    #[must_use]
    pub fn has_bias(self, config: &Config) -> bool {
        match self {
            Self::Q | Self::K | Self::V => config.qkv_bias,
            Self::O => config.o_bias,
            Self::Gate | Self::Up | Self::Down => config.mlp_bias,
        }
    }
}

/// The norms of one part of a block, each `[hidden]`, f32.
#[derive(Debug, Clone)]
pub struct PartNorms {
    /// Of what goes in.
    pub before: Option<Tensor>,
    /// Of what comes out.
    pub after: Option<Tensor>,
}

/// One block: attention, then feed-forward, each with its norms and added to the residual stream.
#[derive(Debug, Clone)]
pub struct Block {
    /// Norms of attention.
    pub attention_norms: PartNorms,
    /// Queries.
    pub q: Linear,
    /// Keys.
    pub k: Linear,
    /// Values.
    pub v: Linear,
    /// Attention output.
    pub o: Linear,
    /// Norm of each query head, `[head_dim]`, or of all together, `[heads · head_dim]`; f32.
    pub q_norm: Option<Tensor>,
    /// The same for keys.
    pub k_norm: Option<Tensor>,
    /// Norms of feed-forward.
    pub mlp_norms: PartNorms,
    /// Feed-forward gate.
    pub gate: Linear,
    /// Feed-forward up.
    pub up: Linear,
    /// Feed-forward down.
    pub down: Linear,
}

impl Block {
    /// The product named by `projection`.
    #[must_use]
    pub fn linear(&self, projection: Projection) -> &Linear {
        match projection {
            Projection::Q => &self.q,
            Projection::K => &self.k,
            Projection::V => &self.v,
            Projection::O => &self.o,
            Projection::Gate => &self.gate,
            Projection::Up => &self.up,
            Projection::Down => &self.down,
        }
    }

    /// The same, to be changed.
    pub fn linear_mut(&mut self, projection: Projection) -> &mut Linear {
        match projection {
            Projection::Q => &mut self.q,
            Projection::K => &mut self.k,
            Projection::V => &mut self.v,
            Projection::O => &mut self.o,
            Projection::Gate => &mut self.gate,
            Projection::Up => &mut self.up,
            Projection::Down => &mut self.down,
        }
    }
}

/// From the last norm to logits.
#[derive(Debug, Clone)]
pub enum Head {
    /// The embedding, turned round.
    Tied,
    /// Weights of its own, `[vocab, hidden]`.
    Untied(Matrix),
}

/// A decoder's weights and sizes.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// Sizes.
    pub config: Config,
    /// `[vocab, hidden]`.
    pub embed: Matrix,
    /// Bottom to top.
    pub blocks: Vec<Block>,
    /// The last norm, `[hidden]`, f32.
    pub norm: Tensor,
    /// Logits.
    pub head: Head,
}

impl Decoder {
    /// The same decoder with its matrices in blocks of this format, on the processor.
    ///
    /// # Errors
    /// No memory.
    pub fn packed(&self, format: Format) -> Result<Self, ModelError> {
        let mut packed = self.clone();
        packed.embed = self.embed.packed(format)?;
        for block in &mut packed.blocks {
            for projection in Projection::ALL {
                let linear = block.linear_mut(projection);
                linear.weight = linear.weight.packed(format)?;
            }
        }
        if let Head::Untied(matrix) = &self.head {
            packed.head = Head::Untied(matrix.packed(format)?);
        }
        Ok(packed)
    }

    /// An empty cache for one text under this model.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn cache(&self) -> Result<KvCache, ModelError> {
        KvCache::new(&self.config, self.dtype(), self.device())
    }

    /// Where the weights are.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.embed.device()
    }

    /// What everything between the weights is computed in: f32 on the processor, whatever the weights are.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match &self.embed {
            Matrix::Dense(tensor) if !tensor.device().is_cpu() => tensor.dtype(),
            Matrix::Dense(_) | Matrix::Packed(_) => DType::F32,
        }
    }

    /// What the numbers of an adapter over these weights are kept in, where its file has them in `own`.
    #[must_use]
    pub fn adapter_dtype(&self, own: DType) -> DType {
        let packed = |block: &Block| {
            let mut linears = Projection::ALL.into_iter();
            linears.any(|projection| matches!(block.linear(projection).weight, Matrix::Packed(_)))
        };
        if self.device().is_cpu() {
            Self::adapter_dtype_beside(self.blocks.iter().any(packed), own)
        } else {
            self.dtype()
        }
    }

    /// The same on the processor, beside weights that are `packed` or not: there is nothing to win by more bits than the file
    /// has, nor beside weights of 4 or 8 bits by more than 16.
    #[must_use]
    pub const fn adapter_dtype_beside(packed: bool, own: DType) -> DType {
        match own {
            DType::F16 | DType::BF16 => own,
            _ if packed => DType::F16,
            _ => DType::F32,
        }
    }

    /// From the last norm to logits.
    #[must_use]
    pub fn logit_weights(&self) -> &Matrix {
        match &self.head {
            Head::Tied => &self.embed,
            Head::Untied(matrix) => matrix,
        }
    }
}
