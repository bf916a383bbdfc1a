//! What cannot be is found before memory is taken for it.

use super::{Config, Scales, broken};
use crate::model::error::ModelError;
use crate::model::rope::RopeScaling;

impl Config {
    /// Whether the sizes fit together and the numbers are numbers.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        // Far above any real model; what is larger is a damaged file, and must not decide how much memory is taken.
        let limits = [
            ("vocab_size", self.vocab_size, 1 << 24),
            ("hidden_size", self.hidden_size, 1 << 18),
            ("intermediate_size", self.intermediate_size, 1 << 20),
            ("num_hidden_layers", self.layers, 1 << 12),
            ("num_attention_heads", self.heads, 1 << 12),
            ("num_key_value_heads", self.kv_heads, 1 << 12),
            ("head_dim", self.head_dim, 1 << 12),
            ("max_position_embeddings", self.context, 1 << 28),
        ];
        for (name, value, limit) in limits {
            if value == 0 || value > limit {
                return Err(broken(format!("has {name} = {value}, which cannot be")));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(broken(format!(
                "has {} attention heads, which {} key-value heads do not divide",
                self.heads, self.kv_heads
            )));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(broken(format!("has an odd head_dim of {}", self.head_dim)));
        }
        if !(self.norm_eps.is_finite() && self.norm_eps >= 0.0) {
            return Err(broken(
                "has an rms_norm_eps that is not a number of 0 or more",
            ));
        }
        for rope in self.ropes() {
            if !(rope.theta.is_finite() && rope.theta > 0.0) {
                return Err(broken("has a rope_theta that is not a number above 0"));
            }
            let turned = self.head_dim as f64 * rope.share;
            let pairs = rope.pairs(self.head_dim);
            if pairs == 0 || pairs > self.head_dim / 2 || !(turned as usize).is_multiple_of(2) {
                return Err(broken(format!(
                    "has a partial_rotary_factor of {}, which turns no whole pairs of a head",
                    rope.share
                )));
            }
            if let RopeScaling::Long { short, long, .. } = &rope.scaling {
                for (name, factors) in [("short_factor", short), ("long_factor", long)] {
                    let sound = |factor: &f64| factor.is_finite() && *factor > 0.0;
                    if factors.len() != pairs || !factors.iter().all(sound) {
                        return Err(broken(format!(
                            "has a {name} that is not {pairs} numbers above 0"
                        )));
                    }
                }
            }
        }
        let caps = [
            ("attn_logit_softcapping", self.attention_cap),
            ("final_logit_softcapping", self.logit_cap),
        ];
        for (name, cap) in caps {
            if cap.is_some_and(|cap| !(cap.is_finite() && cap > 0.0)) {
                return Err(broken(format!("has a {name} that is not a number above 0")));
            }
        }
        let Scales {
            embedding,
            attention,
            residual,
            logits,
        } = self.scales;
        let scales = [Some(embedding), attention, Some(residual), Some(logits)];
        if scales.into_iter().flatten().any(|scale| !scale.is_finite()) {
            return Err(broken("has a multiplier that is not a number"));
        }
        Ok(())
    }
}
