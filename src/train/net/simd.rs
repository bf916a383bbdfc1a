//! Loops compiled for the vector units found at run time, and an exponential that such loops can use.
#![expect(
    clippy::inline_always,
    reason = "helpers must end up inside the function that is compiled for the vector unit"
)]

/// Numbers summed side by side, so that sums vectorise.
pub(crate) const LANES: usize = 16;

/// Runs a loop in a function compiled for the best vector unit of this machine.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// e^x with a relative error below 2e-7, for any x; results below 1e-37 come out as about 1e-38.
///
/// Splits x = k·ln 2 + r with |r| ≤ ln 2 / 2 and takes the Taylor polynomial of degree 7 of e^r.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5·2²³: adding it leaves the nearest whole number in the low bits
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let mut sum = 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    sum * f32::from_bits(exponent << 23)
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Sum of `f(i)` over the indices below `len`, in an order that depends on `len` alone.
#[inline(always)]
pub(crate) fn sum(len: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = len - len % LANES;
    let mut start = 0;
    while start < whole {
        for (lane, total) in lanes.iter_mut().enumerate() {
            *total += f(start + lane);
        }
        start += LANES;
    }
    let mut rest = 0.0;
    for i in whole..len {
        rest += f(i);
    }
    lanes.iter().sum::<f32>() + rest
}

/// Largest element; −∞ for none.
#[inline(always)]
pub(crate) fn max(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (best, value) in lanes.iter_mut().zip(chunk) {
            *best = if *value > *best { *value } else { *best };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |best, value| best.max(*value))
}

/// Dot product.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    sum(a.len(), |i| a[i] * b[i])
}

/// target += source
pub(crate) fn add(target: &mut [f32], source: &[f32]) {
    vectorised(|| {
        for (into, value) in target.iter_mut().zip(source) {
            *into += value;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_seven_digits() {
        let mut worst = 0f64;
        for i in -86_000..87_000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.5e-7, "{worst}");
        assert!(exp(-1e9) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn sums_and_maxima_take_every_element() {
        let row: Vec<f32> = (0..37).map(|i| ((i * 7) % 37) as f32).collect();
        assert!((sum(37, |i| row[i]) - 666.0).abs() < 1e-3);
        assert!((max(&row) - 36.0).abs() < 1e-6);
        assert!((dot(&row, &row) - 16_206.0).abs() < 1e-1);
    }
}
