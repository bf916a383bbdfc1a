//! The weights of a model in training: one vector, to and from the tensors that files and decoders have.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::error::TrainError;
use super::net::layout::{Layout, Matrix, Site};
use super::random::Random;
use crate::model::config::Config;
use crate::model::decoder::{Decoder, Head, Projection, TensorSource};
use crate::model::error::ModelError;

/// A tensor as weight files keep it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// For example `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// For example `[out, in]`.
    pub shape: Vec<usize>,
    /// Row by row.
    pub values: Vec<f32>,
}

/// A model's weights, f32, in the layout that training uses.
#[derive(Debug, Clone)]
pub struct Weights {
    pub(crate) config: Config,
    pub(crate) layout: Layout,
    pub(crate) values: Vec<f32>,
}

impl Weights {
    /// Weights to begin with: normal with standard deviation 0.02, those that end in the residual stream divided by
    /// √(2·layers) (Radford et al., GPT-2), norms 1 and biases 0.
    #[must_use]
    pub fn random(config: Config, seed: u64) -> Self {
        let layout = Layout::new(&config);
        let mut values = vec![0f32; layout.len];
        let mut purpose = 0;
        let mut fill = |values: &mut [f32], deviation: f64| {
            purpose += 1;
            let mut random = Random::new(seed, purpose);
            for value in values {
                *value = (random.normal() * deviation) as f32;
            }
        };
        let deviation = 0.02;
        let residual = deviation / (2.0 * config.layers as f64).sqrt();
        fill(&mut values[layout.embed.clone()], deviation);
        for block in &layout.blocks {
            for site in Site::ALL {
                let scale = match site {
                    Site::Qkv | Site::GateUp => deviation,
                    Site::Out | Site::Down => residual,
                };
                fill(&mut values[block.product(site).range()], scale);
            }
        }
        if let Some(head) = &layout.head {
            fill(&mut values[head.range()], deviation);
        }
        for block in &layout.blocks {
            values[block.input_norm.clone()].fill(1.0);
            values[block.post_norm.clone()].fill(1.0);
            for norm in block.head_norms.iter().flatten() {
                values[norm.clone()].fill(1.0);
            }
        }
        values[layout.norm.clone()].fill(1.0);
        Self {
            config,
            layout,
            values,
        }
    }

    /// Makes the model surer: multiplies all of its logits by `factor`, as drawing at temperature 1 / `factor` would, by the
    /// weights of its last norm.
    pub fn sharpen(&mut self, factor: f32) {
        for value in &mut self.values[self.layout.norm.clone()] {
            *value *= factor;
        }
    }

    /// A copy of a decoder's weights, in f32 on the CPU.
    ///
    /// # Errors
    /// A device that fails.
    pub fn from_decoder(decoder: &Decoder) -> Result<Self, TrainError> {
        let config = decoder.config.clone();
        let layout = Layout::new(&config);
        let mut values = vec![0f32; layout.len];
        copy(
            &decoder.embed.tensor(DType::F32)?,
            &mut values[layout.embed.clone()],
        )?;
        for (places, block) in layout.blocks.iter().zip(&decoder.blocks) {
            for (range, norms) in [
                (&places.input_norm, &block.attention_norms),
                (&places.post_norm, &block.mlp_norms),
            ] {
                if let Some(norm) = &norms.before {
                    copy(norm, &mut values[range.clone()])?;
                }
            }
            if let Some([q, k]) = &places.head_norms {
                for (range, norm) in [(q, &block.q_norm), (k, &block.k_norm)] {
                    if let Some(norm) = norm {
                        copy(norm, &mut values[range.clone()])?;
                    }
                }
            }
            for projection in Projection::ALL {
                let (site, columns) = Site::of(projection, &config);
                let matrix = places.product(site);
                let linear = block.linear(projection);
                let part = inputs_first(&linear.weight)?;
                let rows = values[matrix.range()].chunks_exact_mut(matrix.output);
                for (row, part) in rows.zip(part.chunks_exact(columns.len())) {
                    row[columns.clone()].copy_from_slice(part);
                }
                if let (Some(bias), Some(range)) = (&linear.bias, matrix.bias_range()) {
                    copy(bias, &mut values[range][columns])?;
                }
            }
        }
        copy(&decoder.norm, &mut values[layout.norm.clone()])?;
        if let (Some(matrix), Head::Untied(weight)) = (&layout.head, &decoder.head) {
            values[matrix.range()].copy_from_slice(&inputs_first(weight)?);
        }
        Ok(Self {
            config,
            layout,
            values,
        })
    }

    /// A decoder with these weights, on the CPU in f32.
    ///
    /// # Errors
    /// No memory.
    pub fn to_decoder(&self) -> Result<Decoder, TrainError> {
        let named = self.named().into_iter();
        let mut source = Source(named.map(|tensor| (tensor.name.clone(), tensor)).collect());
        Ok(Decoder::build(self.config.clone(), &mut source)?)
    }

    /// Sizes of the model.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Every tensor under the name and in the shape that weight files give it.
    #[must_use]
    pub fn named(&self) -> Vec<NamedTensor> {
        let config = &self.config;
        let hidden = config.hidden_size;
        let mut out = Vec::new();
        let mut push = |name: String, shape: &[usize], values: Vec<f32>| {
            out.push(NamedTensor {
                name,
                shape: shape.to_vec(),
                values,
            });
        };
        let plain = |range: &std::ops::Range<usize>| self.values[range.clone()].to_vec();
        let table = [config.vocab_size, hidden];
        push(
            "model.embed_tokens.weight".to_owned(),
            &table,
            plain(&self.layout.embed),
        );
        for (layer, places) in self.layout.blocks.iter().enumerate() {
            let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
            push(
                name("input_layernorm"),
                &[hidden],
                plain(&places.input_norm),
            );
            push(
                name("post_attention_layernorm"),
                &[hidden],
                plain(&places.post_norm),
            );
            if let Some([q, k]) = &places.head_norms {
                push(name("self_attn.q_norm"), &[config.head_dim], plain(q));
                push(name("self_attn.k_norm"), &[config.head_dim], plain(k));
            }
            for projection in Projection::ALL {
                let (input, output) = projection.widths(config);
                let module = projection.module(layer);
                let (site, columns) = Site::of(projection, config);
                let matrix = places.product(site);
                let values = self.turned(matrix, columns.clone());
                push(format!("{module}.weight"), &[output, input], values);
                if let Some(range) = matrix.bias_range() {
                    let values = self.values[range][columns].to_vec();
                    push(format!("{module}.bias"), &[output], values);
                }
            }
        }
        push(
            "model.norm.weight".to_owned(),
            &[hidden],
            plain(&self.layout.norm),
        );
        if let Some(head) = &self.layout.head {
            let values = self.turned(head, 0..head.output);
            push("lm_head.weight".to_owned(), &table, values);
        }
        out
    }

    /// Columns of a matrix as rows: `[out, in]`.
    fn turned(&self, matrix: &Matrix, columns: std::ops::Range<usize>) -> Vec<f32> {
        let values = &self.values[matrix.range()];
        let mut out = Vec::with_capacity(columns.len() * matrix.input);
        for column in columns {
            out.extend(values.iter().skip(column).step_by(matrix.output));
        }
        out
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(tensor
        .to_dtype(DType::F32)?
        .contiguous()?
        .flatten_all()?
        .to_vec1()?)
}

/// The weights of a product as `[in, out]`.
fn inputs_first(weight: &crate::model::matrix::Matrix) -> Result<Vec<f32>, ModelError> {
    numbers(&weight.tensor(DType::F32)?.t()?)
}

fn copy(tensor: &Tensor, into: &mut [f32]) -> Result<(), ModelError> {
    into.copy_from_slice(&numbers(tensor)?);
    Ok(())
}

/// Gives a decoder the tensors that it asks for by name.
struct Source(HashMap<String, NamedTensor>);

impl TensorSource for Source {
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let found = self.0.remove(name).ok_or_else(|| ModelError::Missing {
            what: format!("the tensor {name}"),
            path: String::new(),
        })?;
        Ok(Tensor::from_vec(found.values, shape, &Device::Cpu)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::LlamaShape;

    #[test]
    fn sharpening_scales_the_last_norm_and_nothing_else() {
        let config = Config::llama_like(LlamaShape {
            vocab: 16,
            hidden: 8,
            intermediate: 16,
            layers: 1,
            heads: 2,
            kv_heads: 2,
            context: 32,
            tied: true,
        });
        let plain = Weights::random(config, 3);
        let mut sharp = plain.clone();
        sharp.sharpen(1.5);
        for (before, after) in plain.named().iter().zip(sharp.named()) {
            let factor = if before.name == "model.norm.weight" {
                1.5
            } else {
                1.0
            };
            let expected: Vec<f32> = before.values.iter().map(|value| value * factor).collect();
            assert_eq!(after.values, expected, "{}", before.name);
        }
    }
}
