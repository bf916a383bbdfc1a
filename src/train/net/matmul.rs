//! Matrix products on slices, in place and with strides, so that nothing is copied or transposed.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use crate::model::kernels::amx;
use crate::train::config::Products;

/// `rows` × `cols` numbers whose rows begin `stride` apart.
///
/// # Panics
/// Where the slice is too short: a mistake in this room, like an index out of bounds.
pub(crate) fn mat(data: &[f32], rows: usize, cols: usize, stride: usize) -> ArrayView2<'_, f32> {
    match ArrayView2::from_shape((rows, cols).strides((stride, 1)), data) {
        Ok(view) => view,
        Err(error) => unreachable!("{rows} rows of {cols} in {} numbers: {error}", data.len()),
    }
}

/// The same, to be written.
///
/// # Panics
/// Where the slice is too short.
pub(crate) fn mat_mut(
    data: &mut [f32],
    rows: usize,
    cols: usize,
    stride: usize,
) -> ArrayViewMut2<'_, f32> {
    let len = data.len();
    match ArrayViewMut2::from_shape((rows, cols).strides((stride, 1)), data) {
        Ok(view) => view,
        Err(error) => unreachable!("{rows} rows of {cols} in {len} numbers: {error}"),
    }
}

/// c = alpha·a·b + beta·c
pub(crate) fn gemm(
    alpha: f32,
    a: &ArrayView2<'_, f32>,
    b: &ArrayView2<'_, f32>,
    beta: f32,
    mut c: ArrayViewMut2<'_, f32>,
) {
    general_mat_mul(alpha, a, b, beta, &mut c);
}

/// c = a·b, or with `add` c += a·b, as exact as `products` says.
pub(crate) fn product(
    products: Products,
    a: &ArrayView2<'_, f32>,
    b: &ArrayView2<'_, f32>,
    add: bool,
    mut c: ArrayViewMut2<'_, f32>,
) {
    let done = match products {
        Products::Full => false,
        Products::Half => amx::product(a, b, add, &mut c),
    };
    if !done {
        gemm(1.0, a, b, f32::from(u8::from(add)), c);
    }
}
