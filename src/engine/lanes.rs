//! Plain loops over f32, compiled for the vector units found at run time.
#![expect(
    clippy::inline_always,
    reason = "helpers must end up inside the function that is compiled for the vector unit"
)]

use std::f32::consts::LOG2_E;

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` compiled for the best vector unit of this machine: AVX2 with fused products, NEON, or plain code. AVX-512
/// would win nothing, since memory is the limit.
pub(crate) fn run<Op: WithSimd>(work: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    Arch::new().dispatch(work)
}

/// 2^x for x ≤ 0 with a relative error below 2.5e-7; below −126 it stays about 1e-38.
///
/// Takes the polynomial of degree 5 with the smallest relative error (7.5e-8) on ±½ and puts the whole part into the
/// exponent.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let all = |x: f32| simd.splat_f32s(x);
    let x = simd.max_f32s(x, all(-126.0));
    // Adding 1.5·2²³ leaves the nearest whole number in the low bits.
    let round = all(12_582_912.0);
    let shifted = simd.add_f32s(x, round);
    let r = simd.sub_f32s(x, simd.sub_f32s(shifted, round));
    let mut sum = all(1.327_647_2e-3);
    for coefficient in [9.675_542e-3, 5.550_713e-2, 2.402_212e-1, 6.931_469_4e-1] {
        sum = simd.mul_add_e_f32s(sum, r, all(coefficient));
    }
    sum = simd.mul_add_e_f32s(sum, r, all(1.0 + f32::EPSILON));
    let shift = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(sum), shift))
}

/// log Σ exp(x) of a row of f32, within 3e-7; −∞ for an empty row.
pub(crate) fn log_mass(row: &[f32]) -> f64 {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if top == f32::NEG_INFINITY {
        return f64::from(top);
    }
    f64::from(top) + run(Mass { row, top }).ln()
}

/// Numbers that are summed in f32 before they join the sum in f64.
const BLOCK: usize = 1024;

/// Σ exp(x − top).
struct Mass<'a> {
    row: &'a [f32],
    top: f32,
}

impl WithSimd for Mass<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (top, scale) = (simd.splat_f32s(self.top), simd.splat_f32s(LOG2_E));
        let mut total = 0.0;
        for block in self.row.chunks(BLOCK) {
            let (whole, rest) = S::as_simd_f32s(block);
            // Four sums, so that one addition need not wait for the other.
            let mut sums = [simd.splat_f32s(0.0); 4];
            let (fours, few) = whole.as_chunks::<4>();
            for four in fours {
                for (sum, &x) in sums.iter_mut().zip(four) {
                    // The difference first: it is exact where it matters, and a large top would cost digits.
                    let e = exp2(simd, simd.mul_f32s(simd.sub_f32s(x, top), scale));
                    *sum = simd.add_f32s(*sum, e);
                }
            }
            for &x in few {
                let e = exp2(simd, simd.mul_f32s(simd.sub_f32s(x, top), scale));
                sums[0] = simd.add_f32s(sums[0], e);
            }
            for sum in sums {
                total += f64::from(simd.reduce_sum_f32s(sum));
            }
            for &x in rest {
                total += f64::from(x - self.top).exp();
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Worst;

    impl WithSimd for Worst {
        type Output = f64;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let mut worst = 0f64;
            for i in 0..125_000 {
                let x = -(i as f32) / 1000.0;
                let got = f64::from(simd.reduce_max_f32s(exp2(simd, simd.splat_f32s(x))));
                let exact = f64::from(x).exp2();
                worst = worst.max((got - exact).abs() / exact);
            }
            worst
        }
    }

    #[test]
    fn the_exponential_is_right_to_seven_digits() {
        for worst in [run(Worst), Arch::Scalar.dispatch(Worst)] {
            assert!(worst < 2.5e-7, "{worst}");
        }
    }

    #[test]
    fn the_mass_of_a_row_is_right_to_seven_digits() {
        for (len, scale) in [(1, 1.0), (7, 30.0), (1023, 5.0), (5000, 0.1), (49_152, 8.0)] {
            let row: Vec<f32> = (0..len)
                .map(|i| ((i * 7919 % 1009) as f32 / 504.5 - 1.0) * scale + 40.0)
                .collect();
            let exact = crate::engine::mix::log_sum_exp(row.iter().map(|&x| f64::from(x)));
            let got = log_mass(&row);
            assert!((got - exact).abs() < 3e-7, "{len}: {got} and {exact}");
        }
        for (row, mass) in [
            (&[][..], f64::NEG_INFINITY),
            (&[f32::NEG_INFINITY; 9], f64::NEG_INFINITY),
            (&[f32::NEG_INFINITY, 2.5], 2.5),
        ] {
            assert_eq!(log_mass(row).to_bits(), mass.to_bits());
        }
    }
}
