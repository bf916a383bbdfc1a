//! AVX2 and AVX-512.

#[allow(
    clippy::wildcard_imports,
    reason = "eighty instructions are clearer where they are used"
)]
use std::arch::x86_64::*;

use super::{Kernel, Lanes};

/// Runs a loop with AVX-512.
///
/// # Safety
/// The processor has these instructions.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn avx512<K: Kernel>(kernel: K) {
    kernel.run(Sixteen(()));
}

/// Runs a loop with AVX2.
///
/// # Safety
/// The processor has these instructions.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn avx2<K: Kernel>(kernel: K) {
    kernel.run(Eight(()));
}

/// AVX-512: sixteen numbers side by side. Made by [`avx512`] alone.
#[derive(Clone, Copy)]
pub(super) struct Sixteen(());

/// AVX2: eight numbers side by side. Made by [`avx2`] alone.
#[derive(Clone, Copy)]
pub(super) struct Eight(());

/// Wraps calls of instructions that a value of the implementing type proves to be there.
macro_rules! here {
    ($body:expr) => {{
        // SAFETY: `self` was made by the function that has these instructions switched on; where the body reads or
        // writes memory, its caller answers for the place.
        #[allow(clippy::macro_metavars_in_unsafe, reason = "a shorthand of this file")]
        unsafe {
            $body
        }
    }};
}

impl Lanes for Sixteen {
    const WIDTH: usize = 16;
    const ROWS: usize = 8;
    type F = __m512;
    type I = __m512i;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        here!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        here!(_mm512_loadu_ps(from))
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> __m512 {
        here!(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast())))
    }

    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> __m512 {
        here!({
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        })
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> __m512 {
        here!(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(
            from.cast()
        ))))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m512) {
        here!(_mm512_storeu_ps(to, x));
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        here!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        here!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        here!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        here!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        here!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        here!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn sum(self, x: __m512) -> f32 {
        here!({
            let high = _mm512_shuffle_f32x4::<0b00_00_11_10>(x, x);
            let half = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_castps512_ps256(high));
            sum_eight(half)
        })
    }

    #[inline(always)]
    fn four_sums(self, [a, b, c, d]: [__m512; 4]) -> [f32; 4] {
        here!({
            // Quarters 0 + 2 and 1 + 3 of each vector, then both, then one quarter per vector.
            let halves = |a, b| {
                let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
                _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b))
            };
            let (ab, cd) = (halves(a, b), halves(c, d));
            let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd);
            let four = _mm512_add_ps(even, _mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd));
            let two = _mm512_add_ps(four, _mm512_permute_ps::<0b01_00_11_10>(four));
            let one = _mm512_add_ps(two, _mm512_permute_ps::<0b10_11_00_01>(two));
            let firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            let sums = _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, one));
            let mut out = [0.0; 4];
            _mm_storeu_ps(out.as_mut_ptr(), sums);
            out
        })
    }

    #[inline(always)]
    fn power(self, shifted: __m512) -> __m512 {
        here!({
            let n = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
            _mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_set1_epi32(127 << 23)))
        })
    }

    #[inline(always)]
    fn prefetch(self, from: *const u8) {
        here!(_mm_prefetch::<_MM_HINT_T0>(from.cast()));
    }

    #[inline(always)]
    fn float(self, x: __m512i) -> __m512 {
        here!(_mm512_cvtepi32_ps(x))
    }

    #[inline(always)]
    unsafe fn dots_i8<const M: usize>(
        self,
        weights: *const i8,
        rows: [*const i8; M],
        sums: [i32; M],
    ) -> [__m512i; M] {
        // The instruction wants one side without sign: weights are lifted by 128, and 128·Σa is taken off again.
        here!({
            let lift = _mm512_set1_epi8(-128);
            let mut out = sums.map(|sum| _mm512_set1_epi32(-128 * sum));
            for group in 0..8 {
                let w = _mm512_xor_si512(_mm512_loadu_si512(weights.add(group * 64).cast()), lift);
                for (out, row) in out.iter_mut().zip(rows) {
                    *out = _mm512_dpbusd_epi32(*out, w, _mm512_set1_epi32(four(row, group)));
                }
            }
            out
        })
    }

    #[inline(always)]
    unsafe fn dots_u4<const M: usize>(
        self,
        weights: *const u8,
        rows: [*const i8; M],
    ) -> [__m512i; M] {
        here!({
            let mask = _mm512_set1_epi8(15);
            let mut out = [_mm512_setzero_si512(); M];
            for group in 0..4 {
                let both = _mm512_loadu_si512(weights.add(group * 64).cast());
                let low = _mm512_and_si512(both, mask);
                let high = _mm512_and_si512(_mm512_srli_epi16::<4>(both), mask);
                for (out, row) in out.iter_mut().zip(rows) {
                    *out = _mm512_dpbusd_epi32(*out, low, _mm512_set1_epi32(four(row, group)));
                    let a = _mm512_set1_epi32(four(row, group + 4));
                    *out = _mm512_dpbusd_epi32(*out, high, a);
                }
            }
            out
        })
    }
}

impl Lanes for Eight {
    const WIDTH: usize = 8;
    const ROWS: usize = 4;
    type F = __m256;
    type I = __m256i;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        here!(_mm256_set1_ps(x))
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        here!(_mm256_loadu_ps(from))
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> __m256 {
        here!(_mm256_cvtph_ps(_mm_loadu_si128(from.cast())))
    }

    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> __m256 {
        here!({
            let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
        })
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> __m256 {
        here!(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(
            from.cast()
        ))))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m256) {
        here!(_mm256_storeu_ps(to, x));
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        here!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        here!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        here!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        here!(_mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        here!(_mm256_min_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        here!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn sum(self, x: __m256) -> f32 {
        here!(sum_eight(x))
    }

    #[inline(always)]
    fn four_sums(self, [a, b, c, d]: [__m256; 4]) -> [f32; 4] {
        here!({
            let halves = |a, b| {
                let low = _mm256_permute2f128_ps::<0x20>(a, b);
                _mm256_add_ps(low, _mm256_permute2f128_ps::<0x31>(a, b))
            };
            let (ab, cd) = (halves(a, b), halves(c, d));
            let low = _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd);
            let two = _mm256_add_ps(low, _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd));
            let even = _mm256_shuffle_ps::<0b10_00_10_00>(two, two);
            let one = _mm256_add_ps(even, _mm256_shuffle_ps::<0b11_01_11_01>(two, two));
            // a and c lie in the low half, b and d in the high one.
            let (ac, bd) = (_mm256_castps256_ps128(one), _mm256_extractf128_ps::<1>(one));
            let mut out = [0.0; 4];
            _mm_storeu_ps(out.as_mut_ptr(), _mm_unpacklo_ps(ac, bd));
            out
        })
    }

    #[inline(always)]
    fn power(self, shifted: __m256) -> __m256 {
        here!({
            let n = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
            _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_set1_epi32(127 << 23)))
        })
    }

    #[inline(always)]
    fn prefetch(self, from: *const u8) {
        here!(_mm_prefetch::<_MM_HINT_T0>(from.cast()));
    }

    #[inline(always)]
    fn float(self, x: __m256i) -> __m256 {
        here!(_mm256_cvtepi32_ps(x))
    }

    #[inline(always)]
    unsafe fn dots_i8<const M: usize>(
        self,
        weights: *const i8,
        rows: [*const i8; M],
        _sums: [i32; M],
    ) -> [__m256i; M] {
        // The instruction wants one side without sign: the weights' signs go to the rows' numbers. Those lie within
        // ±127, so that two products together, at most 2·128·127, fit into 16 bits.
        here!({
            let ones = _mm256_set1_epi16(1);
            let mut out = [_mm256_setzero_si256(); M];
            for group in 0..8 {
                let w = _mm256_loadu_si256(weights.add(group * 64).cast());
                let size = _mm256_abs_epi8(w);
                for (out, row) in out.iter_mut().zip(rows) {
                    let a = _mm256_sign_epi8(_mm256_set1_epi32(four(row, group)), w);
                    let pairs = _mm256_maddubs_epi16(size, a);
                    *out = _mm256_add_epi32(*out, _mm256_madd_epi16(pairs, ones));
                }
            }
            out
        })
    }

    #[inline(always)]
    unsafe fn dots_u4<const M: usize>(
        self,
        weights: *const u8,
        rows: [*const i8; M],
    ) -> [__m256i; M] {
        // 16 products of at most 15·127 fit into 16 bits, so pairs are widened once per block.
        here!({
            let mask = _mm256_set1_epi8(15);
            let mut pairs = [_mm256_setzero_si256(); M];
            for group in 0..4 {
                let both = _mm256_loadu_si256(weights.add(group * 64).cast());
                let low = _mm256_and_si256(both, mask);
                let high = _mm256_and_si256(_mm256_srli_epi16::<4>(both), mask);
                for (pairs, row) in pairs.iter_mut().zip(rows) {
                    let a = _mm256_set1_epi32(four(row, group));
                    let b = _mm256_set1_epi32(four(row, group + 4));
                    let sum = _mm256_add_epi16(
                        _mm256_maddubs_epi16(low, a),
                        _mm256_maddubs_epi16(high, b),
                    );
                    *pairs = _mm256_add_epi16(*pairs, sum);
                }
            }
            let ones = _mm256_set1_epi16(1);
            pairs.map(|pairs| _mm256_madd_epi16(pairs, ones))
        })
    }
}

/// Four numbers of a row as one.
///
/// # Safety
/// `4·group + 4` bytes can be read at `row`.
#[inline(always)]
unsafe fn four(row: *const i8, group: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { row.add(group * 4).cast::<i32>().read_unaligned() }
}

/// # Safety
/// The processor has AVX.
#[inline(always)]
unsafe fn sum_eight(x: __m256) -> f32 {
    // SAFETY: the caller's.
    unsafe {
        let half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
        _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
    }
}
