//! A decoder put together from its tensors, by the names that they have in files.

use candle_core::{DType, Tensor};

use super::{Block, Decoder, Head, Linear, PartNorms, Projection};
use crate::model::config::{Config, Norms, QkNorm};
use crate::model::error::ModelError;
use crate::model::matrix::Matrix;

/// Where a decoder's tensors come from: files, random numbers, or the variables of a training run.
pub trait TensorSource {
    /// The tensor called `name` in weight files, in the shape that those files give it, on the device and of the dtype
    /// to compute in.
    ///
    /// # Errors
    /// A tensor that is missing, broken or of another shape.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError>;

    /// A weight matrix, `[outputs, inputs]`.
    ///
    /// # Errors
    /// As [`Self::tensor`].
    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix, ModelError> {
        Ok(Matrix::Dense(self.tensor(name, &[outputs, inputs])?))
    }

    /// A weight matrix whose outputs belong to several products, one after the other, as a matrix for each.
    ///
    /// # Errors
    /// As [`Self::tensor`].
    fn matrices(
        &mut self,
        name: &str,
        outputs: &[usize],
        inputs: usize,
    ) -> Result<Vec<Matrix>, ModelError> {
        let whole = self.tensor(name, &[outputs.iter().sum(), inputs])?;
        let mut from = 0;
        let parts = outputs.iter().map(|&count| {
            from += count;
            Ok(Matrix::Dense(whole.narrow(0, from - count, count)?))
        });
        parts.collect()
    }

    /// A norm's weights; kept in f32, because norms are computed so.
    ///
    /// # Errors
    /// As [`Self::tensor`].
    fn norm(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        Ok(self.tensor(name, &[width])?.to_dtype(DType::F32)?)
    }

    /// A product's bias; in f32 on the processor, where everything but weights is.
    ///
    /// # Errors
    /// As [`Self::tensor`].
    fn bias(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let bias = self.tensor(name, &[width])?;
        Ok(if bias.device().is_cpu() {
            bias.to_dtype(DType::F32)?
        } else {
            bias
        })
    }

    /// Called after each block, with how far the reading is (0 to 1); an error stops it.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] where a person stopped the loading.
    fn progress(&mut self, _fraction: f32) -> Result<(), ModelError> {
        Ok(())
    }
}

impl Decoder {
    /// Puts a decoder of this shape together from `source`.
    ///
    /// # Errors
    /// Whatever the source says.
    pub fn build(config: Config, source: &mut dyn TensorSource) -> Result<Self, ModelError> {
        let hidden = config.hidden_size;
        let embed = source.matrix("model.embed_tokens.weight", config.vocab_size, hidden)?;
        let blocks = (0..config.layers)
            .map(|layer| {
                let block = block(&config, layer, source)?;
                source.progress((layer + 1) as f32 / (config.layers + 1) as f32)?;
                Ok(block)
            })
            .collect::<Result<_, ModelError>>()?;
        let norm = norm(&config, "model.norm", hidden, source)?;
        let head = if config.tied {
            Head::Tied
        } else {
            Head::Untied(source.matrix("lm_head.weight", config.vocab_size, hidden)?)
        };
        source.progress(1.0)?;
        Ok(Self {
            config,
            embed,
            blocks,
            norm,
            head,
        })
    }
}

fn block(
    config: &Config,
    layer: usize,
    source: &mut dyn TensorSource,
) -> Result<Block, ModelError> {
    use Projection::{Down, Gate, K, O, Q, Up, V};
    let hidden = config.hidden_size;
    let (before, after) = match config.norms {
        Norms::Before => (true, false),
        Norms::After => (false, true),
        Norms::Both => (true, true),
    };
    // Where norms stand before alone, the second one is named for following attention.
    let before_mlp = if after {
        "pre_feedforward_layernorm"
    } else {
        "post_attention_layernorm"
    };
    let (q_width, k_width) = match config.qk_norm {
        QkNorm::None | QkNorm::Heads => (config.head_dim, config.head_dim),
        QkNorm::Whole => (Q.widths(config).1, K.widths(config).1),
    };
    let has_qk = config.qk_norm != QkNorm::None;
    let norm = |wanted: bool, name: &str, width: usize, source: &mut dyn TensorSource| {
        let name = format!("model.layers.{layer}.{name}");
        wanted
            .then(|| norm(config, &name, width, source))
            .transpose()
    };
    let before_attention = norm(before, "input_layernorm", hidden, source)?;
    let [q, k, v] = linears(config, layer, [Q, K, V], "qkv_proj", source)?;
    let o = linear(config, layer, O, source)?;
    let q_norm = norm(has_qk, "self_attn.q_norm", q_width, source)?;
    let k_norm = norm(has_qk, "self_attn.k_norm", k_width, source)?;
    let before_mlp = norm(before, before_mlp, hidden, source)?;
    let [gate, up] = linears(config, layer, [Gate, Up], "gate_up_proj", source)?;
    let down = linear(config, layer, Down, source)?;
    Ok(Block {
        attention_norms: PartNorms {
            before: before_attention,
            after: norm(after, "post_attention_layernorm", hidden, source)?,
        },
        q,
        k,
        v,
        o,
        q_norm,
        k_norm,
        mlp_norms: PartNorms {
            before: before_mlp,
            after: norm(after, "post_feedforward_layernorm", hidden, source)?,
        },
        gate,
        up,
        down,
    })
}

fn linear(
    config: &Config,
    layer: usize,
    projection: Projection,
    source: &mut dyn TensorSource,
) -> Result<Linear, ModelError> {
    let module = projection.module(layer);
    let (input, output) = projection.widths(config);
    let weight = source.matrix(&format!("{module}.weight"), output, input)?;
    let bias = projection
        .has_bias(config)
        .then(|| source.bias(&format!("{module}.bias"), output))
        .transpose()?;
    Ok(Linear { weight, bias })
}

/// Products of the same input, which some files keep in one matrix called `together`.
fn linears<const N: usize>(
    config: &Config,
    layer: usize,
    projections: [Projection; N],
    together: &str,
    source: &mut dyn TensorSource,
) -> Result<[Linear; N], ModelError> {
    let mut found = Vec::with_capacity(N);
    if config.fused {
        let outputs = projections.map(|projection| projection.widths(config).1);
        let parent = projections[0].parent();
        let name = format!("model.layers.{layer}.{parent}.{together}.weight");
        let weights = source.matrices(&name, &outputs, config.hidden_size)?;
        found.extend(
            weights
                .into_iter()
                .map(|weight| Linear { weight, bias: None }),
        );
    } else {
        for projection in projections {
            found.push(linear(config, layer, projection, source)?);
        }
    }
    found.try_into().map_err(|_| {
        ModelError::broken(
            "a weight file",
            format!("has other parts in {together} than expected"),
        )
    })
}

/// The weights of a norm as they are multiplied by.
fn norm(
    config: &Config,
    name: &str,
    width: usize,
    source: &mut dyn TensorSource,
) -> Result<Tensor, ModelError> {
    let weight = source.norm(&format!("{name}.weight"), width)?;
    Ok(if config.norm_shift {
        (weight + 1.0)?
    } else {
        weight
    })
}
