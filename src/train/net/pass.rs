//! The forward and the backward pass of a decoder.

use super::attention::{Attended, attend, attend_grad};
use super::elementwise::{Rotary, rms_norm, rms_norm_grad, swiglu, swiglu_grad};
use super::head::{HeadGrad, HeadWeights, head};
use super::layout::{BlockLayout, Layout, Site, heads};
use super::lora::{LoraLayout, LoraShape, Noise};
use super::products::Run;
use super::simd::{add, vectorised};
use super::tape::{BlockTape, Tape};
use super::unit::Unit;
use crate::model::config::Config;
use crate::train::config::Products;
use crate::train::loss::{Goal, Outcome};

/// A decoder that can be trained: sizes and places, without the numbers.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) config: Config,
    pub(crate) layout: Layout,
    /// Where only an adapter is trained, its shape; the trunk is frozen then.
    pub(crate) lora: Option<LoraLayout>,
    /// How exact the products with the model's weights are.
    pub(crate) products: Products,
    rotary: Rotary,
}

/// The numbers of a network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a> {
    /// The model's weights, in the order of [`Layout`].
    pub(crate) base: &'a [f32],
    /// The adapter's; empty where there is none.
    pub(crate) lora: &'a [f32],
}

impl Network {
    /// A network for sequences of up to `positions` tokens.
    pub(crate) fn new(config: Config, lora: Option<LoraShape>, positions: usize) -> Self {
        let frequencies = config.rope.frequencies(config.head_dim, false);
        Self {
            layout: Layout::new(&config),
            lora: lora.map(|shape| LoraLayout::new(&config, shape)),
            rotary: Rotary::new(&frequencies, positions),
            products: Products::Full,
            config,
        }
    }

    /// The same with products as exact as `products` says.
    pub(crate) fn with(self, products: Products) -> Self {
        Self { products, ..self }
    }

    /// Numbers that training changes.
    pub(crate) fn trained(&self) -> usize {
        self.lora.as_ref().map_or(self.layout.len, |lora| lora.len)
    }

    /// Memory of a tape per token, bytes.
    pub(crate) fn tape_bytes(&self) -> usize {
        let config = &self.config;
        let heads = (2 * config.heads + 2 * config.kv_heads) * config.head_dim;
        let block = 4 * config.hidden_size + heads + 3 * config.intermediate_size;
        (config.layers + 1) * block * 4
    }

    /// What the goal makes of a unit, without any gradient.
    pub(crate) fn judge(
        &self,
        numbers: Numbers<'_>,
        unit: &Unit,
        goal: &Goal,
        tape: &mut Tape,
    ) -> Outcome {
        self.forward(numbers, unit, Noise::default(), tape);
        self.head(numbers, unit, tape, None);
        goal.measure(unit, &tape.log_probs).0
    }

    /// Adds the gradient of the goal over a unit to `grad`.
    pub(crate) fn learn(
        &self,
        numbers: Numbers<'_>,
        unit: &Unit,
        goal: &Goal,
        noise: Noise,
        tape: &mut Tape,
        grad: &mut [f32],
    ) -> Outcome {
        self.forward(numbers, unit, noise, tape);
        let outcome = match (goal.even_pull(), &self.lora) {
            (Some(pull), _) => {
                tape.pulls.fill(pull);
                self.head(numbers, unit, tape, Some(&mut *grad));
                goal.measure(unit, &tape.log_probs).0
            }
            // The gradient of each row is linear in its pull, which is known only after all rows are.
            (None, Some(_)) => {
                tape.pulls.fill(1.0);
                self.head(numbers, unit, tape, Some(&mut *grad));
                let (outcome, pulls) = goal.measure(unit, &tape.log_probs);
                let rows = tape.dlast[1].chunks_exact_mut(self.config.hidden_size);
                for (row, target) in rows.zip(&unit.targets) {
                    for slope in row {
                        *slope *= pulls[target.sequence];
                    }
                }
                outcome
            }
            (None, None) => {
                self.head(numbers, unit, tape, None);
                let (outcome, pulls) = goal.measure(unit, &tape.log_probs);
                for (pull, target) in tape.pulls.iter_mut().zip(&unit.targets) {
                    *pull = pulls[target.sequence];
                }
                self.head(numbers, unit, tape, Some(&mut *grad));
                outcome
            }
        };
        self.backward(numbers, unit, noise, tape, grad);
        outcome
    }

    fn forward(&self, numbers: Numbers<'_>, unit: &Unit, noise: Noise, tape: &mut Tape) {
        tape.fit(self, unit);
        let (hidden, base) = (self.config.hidden_size, numbers.base);
        let embed = &base[self.layout.embed.clone()];
        let eps = self.config.norm_eps as f32;
        for (row, &token) in tape.stream.chunks_exact_mut(hidden).zip(&unit.tokens) {
            row.copy_from_slice(&embed[token as usize * hidden..][..hidden]);
        }
        for (layer, (places, saved)) in self.layout.blocks.iter().zip(&mut tape.blocks).enumerate()
        {
            if tape.cancel.is_cancelled() {
                return;
            }
            let mut run = Run {
                network: self,
                numbers,
                places,
                layer,
                rows: unit.tokens.len(),
                noise,
                scratch: &mut tape.lora,
            };
            saved.streams[0].copy_from_slice(&tape.stream);
            let weight = &base[places.input_norm.clone()];
            rms_norm(
                &tape.stream,
                weight,
                eps,
                &mut saved.normed[0],
                &mut saved.scales[0],
            );
            run.product(
                Site::Qkv,
                &saved.normed[0],
                &mut saved.qkv,
                false,
                &mut saved.inner,
            );
            self.place_heads(base, places, unit, saved);
            let sizes = heads(&self.config, layer);
            let (mixed, sums) = (&mut saved.mixed, &mut saved.sums);
            attend(
                &sizes,
                &unit.segments,
                &saved.qkv,
                mixed,
                sums,
                &mut tape.scores,
            );
            run.product(
                Site::Out,
                &saved.mixed,
                &mut tape.stream,
                true,
                &mut saved.inner,
            );

            saved.streams[1].copy_from_slice(&tape.stream);
            let weight = &base[places.post_norm.clone()];
            rms_norm(
                &tape.stream,
                weight,
                eps,
                &mut saved.normed[1],
                &mut saved.scales[1],
            );
            run.product(
                Site::GateUp,
                &saved.normed[1],
                &mut saved.gate_up,
                false,
                &mut saved.inner,
            );
            swiglu(
                &saved.gate_up,
                self.config.intermediate_size,
                &mut saved.gated,
            );
            run.product(
                Site::Down,
                &saved.gated,
                &mut tape.stream,
                true,
                &mut saved.inner,
            );
        }
        for (row, target) in tape.last[0].chunks_exact_mut(hidden).zip(&unit.targets) {
            row.copy_from_slice(&tape.stream[target.row * hidden..][..hidden]);
        }
        let [before, behind] = &mut tape.last;
        let weight = &base[self.layout.norm.clone()];
        rms_norm(before, weight, eps, behind, &mut tape.last_scales);
    }

    /// Log-probabilities of the targets, and with `grad` the gradient of what `tape.pulls` weighs.
    fn head(&self, numbers: Numbers<'_>, unit: &Unit, tape: &mut Tape, grad: Option<&mut [f32]>) {
        let range = match &self.layout.head {
            Some(matrix) => matrix.range(),
            None => self.layout.embed.clone(),
        };
        let weights = HeadWeights {
            weights: &numbers.base[range.clone()],
            hidden: self.config.hidden_size,
            vocab: self.config.vocab_size,
            tied: self.layout.head.is_none(),
            products: self.products,
        };
        let grad = grad.map(|grad| HeadGrad {
            pull: &tape.pulls,
            dx: &mut tape.dlast[1],
            dw: self.lora.is_none().then(|| &mut grad[range]),
        });
        let token = |row: usize| unit.targets[row].token;
        head(
            weights,
            &tape.last[1],
            token,
            &mut tape.log_probs,
            grad,
            &mut tape.logits,
        );
    }

    fn backward(
        &self,
        numbers: Numbers<'_>,
        unit: &Unit,
        noise: Noise,
        tape: &mut Tape,
        grad: &mut [f32],
    ) {
        let (hidden, base) = (self.config.hidden_size, numbers.base);
        let full = self.lora.is_none();
        let weight = &base[self.layout.norm.clone()];
        let [before, behind] = &mut tape.dlast;
        before.fill(0.0);
        let dw = full.then(|| &mut grad[self.layout.norm.clone()]);
        rms_norm_grad(&tape.last[0], weight, &tape.last_scales, behind, before, dw);
        tape.stream.fill(0.0);
        for (row, target) in before.chunks_exact(hidden).zip(&unit.targets) {
            add(&mut tape.stream[target.row * hidden..][..hidden], row);
        }
        let blocks = self.layout.blocks.iter().zip(&mut tape.blocks).enumerate();
        for (layer, (places, saved)) in blocks.rev() {
            if tape.cancel.is_cancelled() {
                return;
            }
            let rows = unit.tokens.len();
            let mut run = Run {
                network: self,
                numbers,
                places,
                layer,
                rows,
                noise,
                scratch: &mut tape.lora,
            };
            let (dgated, dnormed) = (&mut tape.dgated, &mut tape.dnormed);
            let inner = &saved.inner;
            run.product_grad(
                Site::Down,
                &saved.gated,
                &tape.stream,
                Some(dgated),
                inner,
                grad,
            );
            swiglu_grad(&mut saved.gate_up, self.config.intermediate_size, dgated);
            let dy = &saved.gate_up;
            run.product_grad(
                Site::GateUp,
                &saved.normed[1],
                dy,
                Some(dnormed),
                inner,
                grad,
            );
            let weight = &base[places.post_norm.clone()];
            let dw = full.then(|| &mut grad[places.post_norm.clone()]);
            let (x, scales) = (&saved.streams[1], &saved.scales[1]);
            rms_norm_grad(x, weight, scales, dnormed, &mut tape.stream, dw);

            let dmixed = &mut tape.dmixed;
            run.product_grad(
                Site::Out,
                &saved.mixed,
                &tape.stream,
                Some(dmixed),
                inner,
                grad,
            );
            let attended = Attended {
                qkv: &saved.qkv,
                out: &saved.mixed,
                sums: &saved.sums,
                dout: dmixed,
            };
            let sizes = heads(&self.config, layer);
            let (dqkv, scores) = (&mut tape.dqkv, &mut tape.scores);
            attend_grad(&sizes, &unit.segments, &attended, dqkv, scores);
            self.place_heads_grad(base, places, unit, saved, dqkv, &mut tape.dhead, grad);
            // Nothing below the first block is trained where the trunk is frozen.
            let below = full || layer > 0;
            let dx = below.then_some(&mut *dnormed);
            run.product_grad(Site::Qkv, &saved.normed[0], dqkv, dx, &saved.inner, grad);
            if below {
                let weight = &base[places.input_norm.clone()];
                let dw = full.then(|| &mut grad[places.input_norm.clone()]);
                let (x, scales) = (&saved.streams[0], &saved.scales[0]);
                rms_norm_grad(x, weight, scales, dnormed, &mut tape.stream, dw);
            }
        }
        if full {
            let embed = &mut grad[self.layout.embed.clone()];
            for (row, &token) in tape.stream.chunks_exact(hidden).zip(&unit.tokens) {
                add(&mut embed[token as usize * hidden..][..hidden], row);
            }
        }
    }

    /// Norms the heads of queries and keys where the model does so, and turns them to their positions.
    fn place_heads(&self, base: &[f32], places: &BlockLayout, unit: &Unit, saved: &mut BlockTape) {
        let config = &self.config;
        let (dim, queries) = (config.head_dim, config.heads * config.head_dim);
        let keyed = queries + config.kv_heads * dim;
        let row = keyed + config.kv_heads * dim;
        if let Some([q_norm, k_norm]) = &places.head_norms {
            let eps = config.norm_eps as f32;
            let rows = saved
                .qkv
                .chunks_exact_mut(row)
                .zip(saved.raw_heads.chunks_exact_mut(keyed))
                .zip(saved.head_scales.chunks_exact_mut(keyed / dim));
            for ((qkv, raw), scales) in rows {
                raw.copy_from_slice(&qkv[..keyed]);
                let (q_scales, k_scales) = scales.split_at_mut(config.heads);
                let (q, k) = qkv[..keyed].split_at_mut(queries);
                rms_norm(&raw[..queries], &base[q_norm.clone()], eps, q, q_scales);
                rms_norm(&raw[queries..], &base[k_norm.clone()], eps, k, k_scales);
            }
        }
        self.turn(unit, &mut saved.qkv, keyed, row, false);
    }

    fn turn(&self, unit: &Unit, qkv: &mut [f32], keyed: usize, row: usize, back: bool) {
        vectorised(|| {
            for (qkv, &position) in qkv.chunks_exact_mut(row).zip(&unit.positions) {
                for head in qkv[..keyed].chunks_exact_mut(self.config.head_dim) {
                    self.rotary.turn(head, position, back);
                }
            }
        });
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a backward pass reads all that the forward pass read and made"
    )]
    fn place_heads_grad(
        &self,
        base: &[f32],
        places: &BlockLayout,
        unit: &Unit,
        saved: &BlockTape,
        dqkv: &mut [f32],
        dhead: &mut Vec<f32>,
        grad: &mut [f32],
    ) {
        let config = &self.config;
        let (dim, queries) = (config.head_dim, config.heads * config.head_dim);
        let keyed = queries + config.kv_heads * dim;
        let row = keyed + config.kv_heads * dim;
        self.turn(unit, dqkv, keyed, row, true);
        let Some(norms) = &places.head_norms else {
            return;
        };
        dhead.resize(keyed, 0.0);
        let rows = dqkv
            .chunks_exact_mut(row)
            .zip(saved.raw_heads.chunks_exact(keyed))
            .zip(saved.head_scales.chunks_exact(keyed / dim));
        for ((dqkv, raw), scales) in rows {
            dhead.fill(0.0);
            let parts = [
                (0..queries, 0..config.heads),
                (queries..keyed, config.heads..keyed / dim),
            ];
            for (norm, (numbers, heads)) in norms.iter().zip(parts) {
                let dw = self.lora.is_none().then(|| &mut grad[norm.clone()]);
                let (x, scales) = (&raw[numbers.clone()], &scales[heads]);
                let dy = &dqkv[numbers.clone()];
                rms_norm_grad(x, &base[norm.clone()], scales, dy, &mut dhead[numbers], dw);
            }
            dqkv[..keyed].copy_from_slice(dhead);
        }
    }
}
