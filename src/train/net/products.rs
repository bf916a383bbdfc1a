//! The products of a block: with the model's weights, and with an adapter's where one is trained.

use super::layout::{BlockLayout, Matrix, Site};
use super::lora::{Noise, Place, Scratch};
use super::matmul::{mat, mat_mut, product};
use super::pass::{Network, Numbers};
use super::simd::add;

/// The products of one block in one pass.
pub(super) struct Run<'a> {
    pub(super) network: &'a Network,
    pub(super) numbers: Numbers<'a>,
    pub(super) places: &'a BlockLayout,
    pub(super) layer: usize,
    pub(super) rows: usize,
    pub(super) noise: Noise,
    pub(super) scratch: &'a mut Scratch,
}

impl Run<'_> {
    /// y = x·W + b, or with `add_up` y += x·W + b, and what the adapter adds.
    pub(super) fn product(
        &mut self,
        site: Site,
        x: &[f32],
        y: &mut [f32],
        add_up: bool,
        inner: &mut [Vec<f32>; 4],
    ) {
        let matrix: &Matrix = self.places.product(site);
        let (rows, output) = (self.rows, matrix.output);
        let mut add_up = add_up;
        if let Some(bias) = matrix.bias_range() {
            let bias = &self.numbers.base[bias];
            if add_up {
                y.chunks_exact_mut(output).for_each(|y| add(y, bias));
            } else {
                y.chunks_exact_mut(output)
                    .for_each(|y| y.copy_from_slice(bias));
            }
            add_up = true;
        }
        let input = mat(x, rows, matrix.input, matrix.input);
        let weights = matrix.view(self.numbers.base);
        product(
            self.network.products,
            &input,
            &weights,
            add_up,
            mat_mut(y, rows, output, output),
        );
        if let Some(lora) = &self.network.lora {
            let inner = &mut inner[site as usize];
            let place = self.place(site, x, output);
            lora.forward(
                self.numbers.lora,
                &place,
                self.noise,
                y,
                inner,
                self.scratch,
            );
        }
    }

    fn place<'x>(&self, site: Site, x: &'x [f32], width: usize) -> Place<'x> {
        Place {
            layer: self.layer,
            site,
            rows: self.rows,
            x,
            width,
        }
    }

    /// Writes the gradient with respect to x to `dx`, and adds that of the trained weights to `grad`.
    pub(super) fn product_grad(
        &mut self,
        site: Site,
        x: &[f32],
        dy: &[f32],
        mut dx: Option<&mut Vec<f32>>,
        inner: &[Vec<f32>; 4],
        grad: &mut [f32],
    ) {
        let matrix = self.places.product(site);
        let (rows, input, output) = (self.rows, matrix.input, matrix.output);
        let slopes = mat(dy, rows, output, output);
        if let Some(dx) = dx.as_deref_mut() {
            let weights = matrix.view(self.numbers.base);
            product(
                self.network.products,
                &slopes,
                &weights.t(),
                false,
                mat_mut(dx, rows, input, input),
            );
        }
        if let Some(lora) = &self.network.lora {
            let place = self.place(site, x, output);
            let (inner, dx) = (&inner[site as usize], dx.map(Vec::as_mut_slice));
            let numbers = self.numbers.lora;
            lora.backward(
                numbers,
                &place,
                self.noise,
                dy,
                inner,
                grad,
                dx,
                self.scratch,
            );
            return;
        }
        let x = mat(x, rows, input, input);
        let dw = mat_mut(&mut grad[matrix.range()], input, output, output);
        product(self.network.products, &x.t(), &slopes, true, dw);
        if let Some(bias) = matrix.bias_range() {
            let db = &mut grad[bias];
            dy.chunks_exact(output).for_each(|dy| add(db, dy));
        }
    }
}
