//! Where each weight lies in the one vector that holds them all.

use std::ops::Range;

use ndarray::ArrayView2;

use super::attention::Heads;
use super::matmul::mat;
use crate::model::config::{Config, QkNorm};
use crate::model::decoder::Projection;

/// A product of the network: one matrix `[in, out]`, to which one or more projections of the model belong side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// First number of the weights.
    pub(crate) at: usize,
    /// Width of the input.
    pub(crate) input: usize,
    /// Width of the output.
    pub(crate) output: usize,
    /// First number of the biases.
    pub(crate) bias: Option<usize>,
}

impl Matrix {
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + self.input * self.output
    }

    pub(crate) fn bias_range(&self) -> Option<Range<usize>> {
        self.bias.map(|at| at..at + self.output)
    }

    pub(crate) fn view<'a>(&self, weights: &'a [f32]) -> ArrayView2<'a, f32> {
        mat(&weights[self.range()], self.input, self.output, self.output)
    }
}

/// The four products of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Queries, keys and values.
    Qkv,
    /// Attention output.
    Out,
    /// Gate and up.
    GateUp,
    /// Down.
    Down,
}

impl Site {
    pub(crate) const ALL: [Self; 4] = [Self::Qkv, Self::Out, Self::GateUp, Self::Down];

    /// The model's projections that lie in this product, from left to right.
    pub(crate) fn projections(self) -> &'static [Projection] {
        match self {
            Self::Qkv => &[Projection::Q, Projection::K, Projection::V],
            Self::Out => &[Projection::O],
            Self::GateUp => &[Projection::Gate, Projection::Up],
            Self::Down => &[Projection::Down],
        }
    }

    /// In which product a projection lies, and its columns there.
    pub(crate) fn of(projection: Projection, config: &Config) -> (Self, Range<usize>) {
        let site = match projection {
            Projection::Q | Projection::K | Projection::V => Self::Qkv,
            Projection::O => Self::Out,
            Projection::Gate | Projection::Up => Self::GateUp,
            Projection::Down => Self::Down,
        };
        let mut from = 0;
        for &other in site.projections() {
            let width = other.widths(config).1;
            if other == projection {
                return (site, from..from + width);
            }
            from += width;
        }
        (site, 0..0)
    }
}

/// Places of one block's weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockLayout {
    pub(crate) input_norm: Range<usize>,
    pub(crate) post_norm: Range<usize>,
    /// Norms of the query and key heads.
    pub(crate) head_norms: Option<[Range<usize>; 2]>,
    /// In the order of [`Site::ALL`].
    pub(crate) products: [Matrix; 4],
}

impl BlockLayout {
    pub(crate) fn product(&self, site: Site) -> &Matrix {
        &self.products[site as usize]
    }
}

/// Places of all weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `[vocab, hidden]`
    pub(crate) embed: Range<usize>,
    pub(crate) blocks: Vec<BlockLayout>,
    pub(crate) norm: Range<usize>,
    /// `[hidden, vocab]`, where the head is not the embedding turned round.
    pub(crate) head: Option<Matrix>,
    /// Numbers in all.
    pub(crate) len: usize,
}

/// Hands out places one after the other.
struct Places(usize);

impl Places {
    fn take(&mut self, len: usize) -> Range<usize> {
        let from = self.0;
        self.0 += len;
        from..self.0
    }

    fn matrix(&mut self, input: usize, output: usize, bias: bool) -> Matrix {
        Matrix {
            at: self.take(input * output).start,
            input,
            output,
            bias: bias.then(|| self.take(output).start),
        }
    }
}

impl Layout {
    pub(crate) fn new(config: &Config) -> Self {
        let mut places = Places(0);
        let hidden = config.hidden_size;
        let embed = places.take(config.vocab_size * hidden);
        let blocks = (0..config.layers)
            .map(|_| BlockLayout {
                input_norm: places.take(hidden),
                post_norm: places.take(hidden),
                head_norms: (config.qk_norm != QkNorm::None)
                    .then(|| [places.take(config.head_dim), places.take(config.head_dim)]),
                products: Site::ALL.map(|site| {
                    let parts = site.projections();
                    let output = parts.iter().map(|part| part.widths(config).1).sum();
                    let (input, bias) = (parts[0].widths(config).0, parts[0].has_bias(config));
                    places.matrix(input, output, bias)
                }),
            })
            .collect();
        let norm = places.take(hidden);
        let head = (!config.tied).then(|| places.matrix(hidden, config.vocab_size, false));
        Self {
            embed,
            blocks,
            norm,
            head,
            len: places.0,
        }
    }

    /// Ranges of the numbers to which weight decay applies: matrices, and neither norms nor biases.
    pub(crate) fn decayed(&self) -> Vec<Range<usize>> {
        let mut ranges = vec![self.embed.clone()];
        for block in &self.blocks {
            ranges.extend(block.products.iter().map(Matrix::range));
        }
        ranges.extend(self.head.as_ref().map(Matrix::range));
        ranges
    }
}

/// Sizes of the attention of each block.
pub(crate) fn heads(config: &Config, layer: usize) -> Heads {
    Heads {
        queries: config.heads,
        keys: config.kv_heads,
        dim: config.head_dim,
        window: config.windows[layer],
    }
}
