//! Low-rank changes to the products of a block, with their gradient.

use super::elementwise::dropout;
use super::layout::Site;
use super::matmul::{gemm, mat, mat_mut};
use super::simd::add;
use crate::model::config::Config;
use crate::model::decoder::Projection;

/// Rank, scale and targets of an adapter in training.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoraShape {
    pub(crate) rank: usize,
    /// alpha / rank.
    pub(crate) scale: f32,
    /// Share of the inputs that is left out in training.
    pub(crate) dropout: f32,
    pub(crate) targets: Vec<Projection>,
}

/// One adapted projection of one block: A `[rank, in]` and B `[out, rank]`, as PEFT keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) layer: usize,
    pub(crate) projection: Projection,
    pub(crate) input: usize,
    pub(crate) output: usize,
    /// First column within the site's output.
    pub(crate) column: usize,
    /// First number of A; B follows it.
    pub(crate) at: usize,
    /// Place of this pair's inner activations among those of its site.
    slot: usize,
}

/// Where the numbers of an adapter lie.
#[derive(Debug, Clone)]
pub(crate) struct LoraLayout {
    pub(crate) shape: LoraShape,
    /// Pairs by layer and site.
    sites: Vec<[Vec<Pair>; 4]>,
    pub(crate) len: usize,
}

/// What identifies a draw of dropout.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noise {
    /// Mixed from seed, step and unit; `None` where nothing is dropped.
    pub(crate) key: Option<u64>,
}

impl Noise {
    fn at(self, layer: usize, site: Site) -> Option<u64> {
        let place = (layer * 4 + site as usize + 1) as u64;
        self.key
            .map(|key| key.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

/// Buffers that adapters need in a pass.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Inputs with a share left out, or their gradient.
    dropped: Vec<f32>,
    /// Gradient with respect to the inner activations.
    inner: Vec<f32>,
}

/// Numbers in one product's pass: rows, input, and the output with its width.
pub(crate) struct Place<'a> {
    pub(crate) layer: usize,
    pub(crate) site: Site,
    pub(crate) rows: usize,
    pub(crate) x: &'a [f32],
    pub(crate) width: usize,
}

impl LoraLayout {
    pub(crate) fn new(config: &Config, shape: LoraShape) -> Self {
        let mut at = 0;
        let sites = (0..config.layers)
            .map(|layer| {
                let mut sites: [Vec<Pair>; 4] = Default::default();
                for &projection in &shape.targets {
                    let (input, output) = projection.widths(config);
                    let (site, columns) = Site::of(projection, config);
                    let pairs = &mut sites[site as usize];
                    pairs.push(Pair {
                        layer,
                        projection,
                        input,
                        output,
                        column: columns.start,
                        at,
                        slot: pairs.len(),
                    });
                    at += shape.rank * (input + output);
                }
                sites
            })
            .collect();
        Self {
            shape,
            sites,
            len: at,
        }
    }

    /// All pairs, bottom to top.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.sites.iter().flatten().flatten()
    }

    /// Inner activations that a token leaves at a site.
    pub(crate) fn inner_width(&self, layer: usize, site: Site) -> usize {
        self.sites[layer][site as usize].len() * self.shape.rank
    }

    /// A and B of a pair.
    pub(crate) fn split<'a>(&self, pair: &Pair, numbers: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        let rank = self.shape.rank;
        numbers[pair.at..pair.at + rank * (pair.input + pair.output)].split_at(rank * pair.input)
    }

    /// Adds what the adapter makes of the inputs to `y`, and keeps the inner activations.
    pub(crate) fn forward(
        &self,
        numbers: &[f32],
        place: &Place<'_>,
        noise: Noise,
        y: &mut [f32],
        inner: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (rank, rows) = (self.shape.rank, place.rows);
        let x = self.inputs(place, noise, &mut scratch.dropped);
        for pair in &self.sites[place.layer][place.site as usize] {
            let (a, b) = self.split(pair, numbers);
            let x = mat(x, rows, pair.input, pair.input);
            let inner = &mut inner[pair.slot * rows * rank..][..rows * rank];
            let a = mat(a, rank, pair.input, pair.input);
            gemm(1.0, &x, &a.t(), 0.0, mat_mut(inner, rows, rank, rank));
            let b = mat(b, pair.output, rank, rank);
            let y = mat_mut(&mut y[pair.column..], rows, pair.output, place.width);
            gemm(
                self.shape.scale,
                &mat(inner, rows, rank, rank),
                &b.t(),
                1.0,
                y,
            );
        }
    }

    /// Adds the gradient with respect to A and B to `grad`, and to the inputs to `dx`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a backward pass reads all that the forward pass read and made"
    )]
    pub(crate) fn backward(
        &self,
        numbers: &[f32],
        place: &Place<'_>,
        noise: Noise,
        dy: &[f32],
        inner: &[f32],
        grad: &mut [f32],
        dx: Option<&mut [f32]>,
        scratch: &mut Scratch,
    ) {
        let (rank, rows, scale) = (self.shape.rank, place.rows, self.shape.scale);
        let pairs = &self.sites[place.layer][place.site as usize];
        let Some(first) = pairs.first() else {
            return;
        };
        let width = first.input;
        scratch.inner.resize(pairs.len() * rows * rank, 0.0);
        let x = self.inputs(place, noise, &mut scratch.dropped);
        for pair in pairs {
            let (_, b) = self.split(pair, numbers);
            let dy = mat(&dy[pair.column..], rows, pair.output, place.width);
            let (da, db) =
                grad[pair.at..pair.at + rank * (width + pair.output)].split_at_mut(rank * width);
            let kept = mat(&inner[pair.slot * rows * rank..], rows, rank, rank);
            gemm(
                scale,
                &dy.t(),
                &kept,
                1.0,
                mat_mut(db, pair.output, rank, rank),
            );
            let slot = &mut scratch.inner[pair.slot * rows * rank..][..rows * rank];
            let b = mat(b, pair.output, rank, rank);
            gemm(scale, &dy, &b, 0.0, mat_mut(slot, rows, rank, rank));
            let slot = mat(slot, rows, rank, rank);
            let x = mat(x, rows, width, width);
            gemm(1.0, &slot.t(), &x, 1.0, mat_mut(da, rank, width, width));
        }
        let Some(dx) = dx else {
            return;
        };
        let key = self.key(place, noise);
        let mut keep = 0.0;
        for pair in pairs {
            let slot = mat(&scratch.inner[pair.slot * rows * rank..], rows, rank, rank);
            let a = mat(self.split(pair, numbers).0, rank, width, width);
            if key.is_none() {
                gemm(1.0, &slot, &a, 1.0, mat_mut(dx, rows, width, width));
            } else {
                let sum = mat_mut(&mut scratch.dropped, rows, width, width);
                gemm(1.0, &slot, &a, keep, sum);
                keep = 1.0;
            }
        }
        if let Some(key) = key {
            let sum = scratch.dropped.clone();
            dropout(&sum, self.shape.dropout, key, &mut scratch.dropped);
            add(dx, &scratch.dropped);
        }
    }

    fn key(&self, place: &Place<'_>, noise: Noise) -> Option<u64> {
        noise
            .at(place.layer, place.site)
            .filter(|_| self.shape.dropout > 0.0)
    }

    /// The inputs as the adapter reads them.
    fn inputs<'a>(&self, place: &Place<'a>, noise: Noise, dropped: &'a mut Vec<f32>) -> &'a [f32] {
        match self.key(place, noise) {
            Some(key) if !self.sites[place.layer][place.site as usize].is_empty() => {
                dropped.resize(place.x.len(), 0.0);
                dropout(place.x, self.shape.dropout, key, dropped);
                dropped
            }
            _ => place.x,
        }
    }
}
