//! What the forward pass leaves for the backward pass. Buffers are used again and again, so memory is mapped once.

use super::layout::Site;
use super::lora::Scratch;
use super::pass::Network;
use super::unit::Unit;
use crate::domain::CancelToken;
use crate::model::config::QkNorm;

/// What one block leaves, each `[tokens, width]`.
#[derive(Debug, Default)]
pub(super) struct BlockTape {
    /// The residual stream before attention, and before the feed-forward part.
    pub(super) streams: [Vec<f32>; 2],
    /// The same behind their norms.
    pub(super) normed: [Vec<f32>; 2],
    /// 1 / rms of those norms, `[tokens]`.
    pub(super) scales: [Vec<f32>; 2],
    /// Queries and keys before the norms of their heads.
    pub(super) raw_heads: Vec<f32>,
    /// 1 / rms of those norms, `[tokens, heads]`.
    pub(super) head_scales: Vec<f32>,
    /// Queries, keys and values, turned to their positions.
    pub(super) qkv: Vec<f32>,
    /// What attention gives.
    pub(super) mixed: Vec<f32>,
    /// Logarithms of attention's sums, `[tokens, heads]`.
    pub(super) sums: Vec<f32>,
    /// Gates and ups.
    pub(super) gate_up: Vec<f32>,
    /// silu(gate)·up
    pub(super) gated: Vec<f32>,
    /// Inner activations of the adapter, by site.
    pub(super) inner: [Vec<f32>; 4],
}

/// Buffers of one worker.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(super) blocks: Vec<BlockTape>,
    /// The residual stream after the last block, then its gradient.
    pub(super) stream: Vec<f32>,
    /// Rows of the stream that count, before and behind the last norm, and 1 / rms.
    pub(super) last: [Vec<f32>; 2],
    pub(super) last_scales: Vec<f32>,
    /// Log-probability of each target.
    pub(super) log_probs: Vec<f32>,
    /// How much the loss grows with −log p of each target.
    pub(super) pulls: Vec<f32>,
    pub(super) logits: Vec<f32>,
    /// Gradient of the counted rows, before and behind the last norm.
    pub(super) dlast: [Vec<f32>; 2],
    /// Gradients inside a block, by width.
    pub(super) dnormed: Vec<f32>,
    pub(super) dmixed: Vec<f32>,
    pub(super) dqkv: Vec<f32>,
    pub(super) dhead: Vec<f32>,
    pub(super) dgated: Vec<f32>,
    pub(super) scores: Vec<f32>,
    pub(super) lora: Scratch,
    /// Ends a pass between two blocks; what it leaves is of no use then.
    pub(super) cancel: CancelToken,
}

/// Makes a buffer `len` long; what it held does not matter.
fn fit(buffer: &mut Vec<f32>, len: usize) {
    if buffer.len() > len {
        buffer.truncate(len);
    } else {
        buffer.resize(len, 0.0);
    }
}

impl Tape {
    /// Buffers for passes that a person may stop.
    pub(crate) fn stopped_by(cancel: &CancelToken) -> Self {
        Self {
            cancel: cancel.clone(),
            ..Self::default()
        }
    }

    /// Makes every buffer fit a unit.
    pub(super) fn fit(&mut self, network: &Network, unit: &Unit) {
        let config = &network.config;
        let (tokens, targets) = (unit.tokens.len(), unit.targets.len());
        let hidden = config.hidden_size;
        let mixed = config.heads * config.head_dim;
        let keyed = (config.heads + config.kv_heads) * config.head_dim;
        let qkv = keyed + config.kv_heads * config.head_dim;
        let inner = config.intermediate_size;
        self.blocks.resize_with(config.layers, BlockTape::default);
        for (layer, block) in self.blocks.iter_mut().enumerate() {
            for i in 0..2 {
                fit(&mut block.streams[i], tokens * hidden);
                fit(&mut block.normed[i], tokens * hidden);
                fit(&mut block.scales[i], tokens);
            }
            if config.qk_norm != QkNorm::None {
                fit(&mut block.raw_heads, tokens * keyed);
                fit(
                    &mut block.head_scales,
                    tokens * (config.heads + config.kv_heads),
                );
            }
            fit(&mut block.qkv, tokens * qkv);
            fit(&mut block.mixed, tokens * mixed);
            fit(&mut block.sums, tokens * config.heads);
            fit(&mut block.gate_up, tokens * 2 * inner);
            fit(&mut block.gated, tokens * inner);
            if let Some(lora) = &network.lora {
                for site in Site::ALL {
                    let width = lora.inner_width(layer, site);
                    fit(&mut block.inner[site as usize], tokens * width);
                }
            }
        }
        fit(&mut self.stream, tokens * hidden);
        for i in 0..2 {
            fit(&mut self.last[i], targets * hidden);
            fit(&mut self.dlast[i], targets * hidden);
        }
        fit(&mut self.last_scales, targets);
        fit(&mut self.log_probs, targets);
        fit(&mut self.pulls, targets);
        fit(&mut self.dnormed, tokens * hidden);
        fit(&mut self.dmixed, tokens * mixed);
        fit(&mut self.dqkv, tokens * qkv);
        fit(&mut self.dgated, tokens * inner);
        fit(
            &mut self.scores,
            2 * super::attention::scratch_len(&unit.segments),
        );
    }

    /// Log-probability (nats) of each target of the last unit.
    #[cfg(test)]
    pub(crate) fn log_probs(&self) -> &[f32] {
        &self.log_probs
    }
}
