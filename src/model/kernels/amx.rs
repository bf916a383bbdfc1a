//! Matrix products on the tile unit of recent Intel processors (AMX): numbers are rounded to 16 bits (bfloat16) on the way
//! in, products are summed in 32.
//!
//! Instructions and tile formats: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.

use ndarray::{ArrayView2, ArrayViewMut2};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;

/// Multiplications from which on packing pays.
const SMALLEST: usize = 1 << 17;

/// Whether this processor has the tile unit, and the system lets this program use it.
pub(crate) fn available() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return tiles::available();
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    return false;
}

/// c = a·b, or with `add` c += a·b. Returns `false`, with `c` as it was, where the tile unit is missing or would not be
/// faster: few numbers, or a matrix whose numbers are adjacent neither in rows nor in columns (in rows, for `c`).
///
/// The order of sums depends on the sizes alone.
///
/// # Panics
/// Where the sizes do not fit together.
pub(crate) fn product(
    a: &ArrayView2<'_, f32>,
    b: &ArrayView2<'_, f32>,
    add: bool,
    c: &mut ArrayViewMut2<'_, f32>,
) -> bool {
    let ((m, k), (inner, n)) = (a.dim(), b.dim());
    assert!(
        inner == k && c.dim() == (m, n),
        "the sizes of a product fit together"
    );
    let large = m.saturating_mul(n).saturating_mul(k) >= SMALLEST && m >= 16 && n >= 16;
    if !large || !available() {
        return false;
    }
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return tiles::product(a, b, add, c);
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    {
        let _ = add;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::bf16;
    use ndarray::ShapeBuilder;
    use proptest::prelude::*;

    /// Numbers that use all bits, and some padding that must not be read.
    fn numbers(seed: usize, len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 7919 + seed * 104_729) as f32 * 0.618).sin())
            .collect()
    }

    /// A matrix of `rows` × `cols` in a buffer with gaps of NaN, in rows or turned round.
    fn stored(seed: usize, rows: usize, cols: usize, gap: usize, turned: bool) -> Vec<f32> {
        let (lines, width) = if turned { (cols, rows) } else { (rows, cols) };
        let mut buffer = vec![f32::NAN; lines * (width + gap)];
        for (line, values) in buffer
            .chunks_exact_mut(width + gap)
            .zip(numbers(seed, lines * width).chunks_exact(width))
        {
            line[..width].copy_from_slice(values);
        }
        buffer
    }

    fn view(
        buffer: &[f32],
        rows: usize,
        cols: usize,
        gap: usize,
        turned: bool,
    ) -> ArrayView2<'_, f32> {
        let (lines, width) = if turned { (cols, rows) } else { (rows, cols) };
        let view = ArrayView2::from_shape((lines, width).strides((width + gap, 1)), buffer);
        let Ok(view) = view else {
            unreachable!("the buffer was made for it")
        };
        if turned { view.reversed_axes() } else { view }
    }

    fn rounded(value: f32) -> f64 {
        f64::from(bf16::from_f32(value))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        #[cfg_attr(miri, ignore = "Miri has no tile unit")]
        fn products_are_those_of_the_rounded_numbers(
            sizes in (16usize..140, 16usize..140, 1usize..200),
            gaps in (0usize..20, 0usize..20, 0usize..20),
            turned in any::<(bool, bool)>(),
            add in any::<bool>(),
        ) {
            if !available() {
                eprintln!("not tested: this processor has no tile unit");
                return Ok(());
            }
            let (m, n, k) = sizes;
            let (a, b) = (stored(1, m, k, gaps.0, turned.0), stored(2, k, n, gaps.1, turned.1));
            let (a, b) = (view(&a, m, k, gaps.0, turned.0), view(&b, k, n, gaps.1, turned.1));
            let before = numbers(3, m * (n + gaps.2));
            let mut after = before.clone();
            let shape = (m, n).strides((n + gaps.2, 1));
            let Ok(mut c) = ArrayViewMut2::from_shape(shape, &mut after) else {
                unreachable!("the buffer was made for it")
            };
            let done = product(&a, &b, add, &mut c);
            prop_assert_eq!(done, m * n * k >= SMALLEST);
            for (at, (after, before)) in after.iter().zip(&before).enumerate() {
                let (i, j) = (at / (n + gaps.2), at % (n + gaps.2));
                if !done || j >= n {
                    prop_assert_eq!(after.to_bits(), before.to_bits());
                    continue;
                }
                let terms = (0..k).map(|l| rounded(a[[i, l]]) * rounded(b[[l, j]]));
                let (sum, size) = terms.fold((0.0, 1.0), |(sum, size), term| (sum + term, size + term.abs()));
                let expected = sum + if add { f64::from(*before) } else { 0.0 };
                prop_assert!((f64::from(*after) - expected).abs() < 1e-5 * size, "{after} {expected}");
            }
        }
    }
}
