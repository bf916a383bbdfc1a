//! A pass on the processor, by the kernels.
//!
//! General tensor operations spend more time on bookkeeping than on the few rows of a step, and read the weights in poor
//! order. Here the rows go from one kernel to the next in memory that is kept between passes. What comes out for a token
//! depends on the tokens before it alone, bit for bit: not on what else is in the pass, nor on how a text is cut into
//! passes.

use std::cell::RefCell;
use std::ops::Range;

use super::{Piece, RowSink, Segment, Wanted};
use candle_core::Tensor;

use crate::model::decoder::{Block, Decoder, Linear, Projection};
use crate::model::error::ModelError;
use crate::model::kernels::{
    Attention, Heads, Isa, Product, Scratch, Span, Team, attend, gate, products, rms_norm,
    rms_norm_in_place, soft_cap, turn, with_team,
};
use crate::model::lora::{AdapterStack, OpenChanges};
use crate::model::matrix::{OpenMatrix, Reading};
use crate::model::rope::Turns;

/// Rows whose logits are worked out together.
const LOGIT_ROWS: usize = 16;

thread_local! {
    /// Of the thread that runs the passes, so that no step asks for memory.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// What lies between the kernels: rows of numbers.
#[derive(Default)]
struct Memory {
    x: Vec<f32>,
    normed: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    mixed: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    change: Vec<f32>,
    logits: Vec<f32>,
    scratch: Scratch,
}

/// One row of the pass.
#[derive(Clone, Copy)]
struct Row {
    segment: usize,
    /// Index of its token in the segment.
    token: usize,
    /// New tokens of its text before it in this pass.
    ahead: usize,
}

/// Takes the pieces through the decoder and hands the logits that are wanted to `sink`.
pub(super) fn pass(
    decoder: &Decoder,
    adapters: Option<&AdapterStack>,
    segments: &mut [Segment<'_>],
    pieces: &[Piece],
    sink: &mut RowSink<'_>,
) -> Result<(), ModelError> {
    let mut memory = MEMORY.take();
    let rows: Vec<Row> = pieces
        .iter()
        .flat_map(|piece| {
            (0..piece.rows).map(|ahead| Row {
                segment: piece.segment,
                token: piece.from + ahead,
                ahead,
            })
        })
        .collect();
    let wanted: Vec<usize> = (0..rows.len())
        .filter(|&row| {
            let Row { segment, token, .. } = rows[row];
            let segment = &segments[segment];
            segment.wanted == Wanted::All || token + 1 == segment.tokens.len()
        })
        .collect();
    let mut groups = wanted.chunks(LOGIT_ROWS);
    let pass = Pass {
        decoder,
        adapters,
        isa: Isa::best(),
        rows: &rows,
        pieces,
    };
    let mut group = groups.next();
    with_team(|team| {
        pass.run(team, segments, &mut memory)?;
        group.map_or(Ok(()), |group| pass.logits(team, group, &mut memory))
    })?;
    for piece in pieces {
        segments[piece.segment].cache.commit(piece.rows);
    }
    while let Some(wanted) = group {
        let logits = memory.logits.chunks_exact(decoder.config.vocab_size);
        for (&row, logits) in wanted.iter().zip(logits) {
            sink(rows[row].segment, rows[row].token, logits)?;
        }
        group = groups.next();
        if let Some(wanted) = group {
            with_team(|team| pass.logits(team, wanted, &mut memory))?;
        }
    }
    MEMORY.set(memory);
    Ok(())
}

/// One pass.
struct Pass<'a> {
    decoder: &'a Decoder,
    adapters: Option<&'a AdapterStack>,
    isa: Isa,
    rows: &'a [Row],
    pieces: &'a [Piece],
}

/// A product of the trunk and its changes while kernels read them.
struct Open<'a> {
    weights: OpenMatrix<'a>,
    bias: Option<Reading<'a>>,
    changes: OpenChanges<'a>,
    sizes: (usize, usize),
}

impl Open<'_> {
    /// The product, from and to these rows; `of_adapter` are the rows of each adapter.
    fn product<'s>(
        &'s self,
        of_adapter: &'s [Vec<usize>],
        y: &'s mut [f32],
    ) -> Result<Product<'s>, ModelError> {
        Ok(Product {
            weights: self.weights.view()?,
            bias: self.bias.as_ref().map(Reading::numbers).transpose()?,
            changes: self.changes.of(of_adapter, self.sizes)?,
            outputs: self.sizes.1,
            y,
        })
    }
}

impl Pass<'_> {
    /// Leaves the rows behind the last block in `memory`; keys and values are written but not counted.
    fn run(
        &self,
        team: &Team,
        segments: &mut [Segment<'_>],
        memory: &mut Memory,
    ) -> Result<(), ModelError> {
        let config = &self.decoder.config;
        let (isa, count) = (self.isa, self.rows.len());
        let residual = config.scales.residual as f32;
        let of_adapter = self.rows_of_adapters(segments);
        let positions: Vec<(usize, bool)> = self
            .rows
            .iter()
            .map(|row| segments[row.segment].cache.position(row.ahead))
            .collect();
        let turns: Vec<Turns> = config
            .ropes()
            .map(|rope| rope.turns(config.head_dim, &positions))
            .collect();
        let q_width = config.heads * config.head_dim;
        let kv_width = config.kv_heads * config.head_dim;
        let m = memory;
        for (numbers, width) in [
            (&mut m.normed, config.hidden_size),
            (&mut m.q, q_width),
            (&mut m.k, kv_width),
            (&mut m.v, kv_width),
            (&mut m.mixed, q_width),
            (&mut m.gate, config.intermediate_size),
            (&mut m.up, config.intermediate_size),
            (&mut m.change, config.hidden_size),
        ] {
            numbers.resize(count * width, 0.0);
        }
        self.embed(segments, &mut m.x)?;
        for (layer, block) in self.decoder.blocks.iter().enumerate() {
            let open = |projection| self.open(layer, block, projection);
            let (attention_norms, mlp_norms) = (&block.attention_norms, &block.mlp_norms);
            let input = self.normed(&m.x, attention_norms.before.as_ref(), &mut m.normed)?;
            let (q, k, v) = (
                open(Projection::Q),
                open(Projection::K),
                open(Projection::V),
            );
            self.products(
                team,
                input,
                &mut [
                    q.product(&of_adapter, &mut m.q)?,
                    k.product(&of_adapter, &mut m.k)?,
                    v.product(&of_adapter, &mut m.v)?,
                ],
                &mut m.scratch,
            )?;
            for (heads, norm) in [(&mut m.q, &block.q_norm), (&mut m.k, &block.k_norm)] {
                self.norm_in_place(heads, norm.as_ref())?;
                if let Some(rope) = config.rope_of(layer) {
                    let width = heads.len() / count;
                    let rows = heads.chunks_exact_mut(width);
                    for (row, (cos, sin)) in rows.zip(turns[rope].rows()) {
                        turn(row, config.head_dim, cos, sin);
                    }
                }
            }
            self.attention(team, layer, segments, (&m.q, &m.k, &m.v), &mut m.mixed)?;
            let o = open(Projection::O);
            let product = o.product(&of_adapter, &mut m.change)?;
            self.products(team, &m.mixed, &mut [product], &mut m.scratch)?;
            self.norm_in_place(&mut m.change, attention_norms.after.as_ref())?;
            add(&mut m.x, &m.change, residual);
            let input = self.normed(&m.x, mlp_norms.before.as_ref(), &mut m.normed)?;
            let (gates, ups) = (open(Projection::Gate), open(Projection::Up));
            self.products(
                team,
                input,
                &mut [
                    gates.product(&of_adapter, &mut m.gate)?,
                    ups.product(&of_adapter, &mut m.up)?,
                ],
                &mut m.scratch,
            )?;
            gate(team, isa, config.activation, &mut m.gate, &m.up);
            let down = open(Projection::Down);
            let product = down.product(&of_adapter, &mut m.change)?;
            self.products(team, &m.gate, &mut [product], &mut m.scratch)?;
            self.norm_in_place(&mut m.change, mlp_norms.after.as_ref())?;
            add(&mut m.x, &m.change, residual);
        }
        Ok(())
    }

    /// What goes into a part of a block: `x` behind its norm, which is worked out in `out`, or `x` itself.
    fn normed<'m>(
        &self,
        x: &'m [f32],
        norm: Option<&Tensor>,
        out: &'m mut [f32],
    ) -> Result<&'m [f32], ModelError> {
        let Some(norm) = norm else {
            return Ok(x);
        };
        let weight = Reading::new(norm);
        rms_norm(self.isa, x, weight.numbers()?, self.eps(), out);
        Ok(out)
    }

    fn norm_in_place(&self, x: &mut [f32], norm: Option<&Tensor>) -> Result<(), ModelError> {
        if let Some(norm) = norm {
            let weight = Reading::new(norm);
            rms_norm_in_place(self.isa, x, weight.numbers()?, self.eps());
        }
        Ok(())
    }

    fn eps(&self) -> f32 {
        self.decoder.config.norm_eps as f32
    }

    /// The rows of each adapter.
    fn rows_of_adapters(&self, segments: &[Segment<'_>]) -> Vec<Vec<usize>> {
        let mut of_adapter = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            if let (Some(adapter), Some(_)) = (segments[row.segment].adapter, self.adapters) {
                if of_adapter.len() <= adapter {
                    of_adapter.resize_with(adapter + 1, Vec::new);
                }
                of_adapter[adapter].push(index);
            }
        }
        of_adapter
    }

    fn embed(&self, segments: &[Segment<'_>], x: &mut Vec<f32>) -> Result<(), ModelError> {
        let ids: Vec<u32> = self
            .rows
            .iter()
            .map(|row| segments[row.segment].tokens[row.token])
            .collect();
        let rows = self.decoder.embed.rows(&ids, self.decoder.dtype())?;
        x.clear();
        let scale = self.decoder.config.scales.embedding as f32;
        let rows = Reading::new(&rows);
        x.extend(rows.numbers()?.iter().map(|number| number * scale));
        Ok(())
    }

    fn open<'s>(&'s self, layer: usize, block: &'s Block, projection: Projection) -> Open<'s> {
        let Linear { weight, bias } = block.linear(projection);
        Open {
            weights: weight.open(),
            bias: bias.as_ref().map(Reading::new),
            changes: self
                .adapters
                .map(|stack| stack.open(layer, projection))
                .unwrap_or_default(),
            sizes: projection.widths(&self.decoder.config),
        }
    }

    fn products(
        &self,
        team: &Team,
        x: &[f32],
        list: &mut [Product<'_>],
        scratch: &mut Scratch,
    ) -> Result<(), ModelError> {
        let inputs = x.len() / self.rows.len();
        products(team, self.isa, x, inputs, list, scratch)
    }

    /// Writes the new keys and values and mixes what each row may look at.
    fn attention(
        &self,
        team: &Team,
        layer: usize,
        segments: &mut [Segment<'_>],
        (q, k, v): (&[f32], &[f32], &[f32]),
        out: &mut [f32],
    ) -> Result<(), ModelError> {
        let config = &self.decoder.config;
        let width = config.kv_heads * config.head_dim;
        let new = k.chunks_exact(width).zip(v.chunks_exact(width));
        for (row, (keys, values)) in self.rows.iter().zip(new) {
            segments[row.segment]
                .cache
                .put(layer, row.ahead, keys, values)?;
        }
        let seen: Vec<Range<usize>> = self
            .rows
            .iter()
            .map(|row| {
                let to = segments[row.segment].cache.len() + row.ahead + 1;
                config.windows[layer].map_or(0, |window| to.saturating_sub(window))..to
            })
            .collect();
        let caches = self
            .pieces
            .iter()
            .map(|piece| &segments[piece.segment].cache);
        let spans: Vec<Vec<Span<'_>>> = caches
            .map(|cache| cache.spans(layer))
            .collect::<Result<_, _>>()?;
        let texts: Vec<Attention<'_>> = self
            .pieces
            .iter()
            .zip(&spans)
            .map(|(piece, spans)| Attention {
                spans,
                rows: &seen[piece.at..][..piece.rows],
            })
            .collect();
        let sizes = Heads {
            heads: config.heads,
            kv_heads: config.kv_heads,
            width: config.head_dim,
            scale: config.attention_scale() as f32,
            cap: config.attention_cap.map(|cap| cap as f32),
        };
        attend(team, self.isa, sizes, q, &texts, out)
    }

    /// Leaves the logits of some rows in `memory`.
    fn logits(&self, team: &Team, wanted: &[usize], m: &mut Memory) -> Result<(), ModelError> {
        let config = &self.decoder.config;
        let width = config.hidden_size;
        let norm = Reading::new(&self.decoder.norm);
        m.normed.resize(wanted.len() * width, 0.0);
        for (&row, normed) in wanted.iter().zip(m.normed.chunks_exact_mut(width)) {
            let x = &m.x[row * width..][..width];
            rms_norm(self.isa, x, norm.numbers()?, self.eps(), normed);
        }
        // The same as to multiply the logits, of which there are many more.
        let scale = config.scales.logits as f32;
        m.normed.iter_mut().for_each(|number| *number *= scale);
        m.logits.resize(wanted.len() * config.vocab_size, 0.0);
        let weights = self.decoder.logit_weights().open();
        let product = Product {
            weights: weights.view()?,
            bias: None,
            changes: Vec::new(),
            outputs: config.vocab_size,
            y: &mut m.logits,
        };
        let list = &mut [product];
        products(team, self.isa, &m.normed, width, list, &mut m.scratch)?;
        if let Some(cap) = config.logit_cap {
            soft_cap(team, self.isa, cap as f32, &mut m.logits);
        }
        Ok(())
    }
}

fn add(x: &mut [f32], change: &[f32], scale: f32) {
    for (x, change) in x.iter_mut().zip(change) {
        *x += change * scale;
    }
}
