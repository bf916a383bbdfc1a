//! NEON, which every processor of 64-bit ARM has, with and without its later instruction for products of bytes.

use std::arch::aarch64::*;
use std::arch::asm;

use super::{Kernel, Lanes};

/// Runs a loop with NEON as every processor has it.
pub(super) fn neon<K: Kernel>(kernel: K) {
    kernel.run(Pair::<false>(()));
}

/// Runs a loop with NEON and products of bytes.
///
/// # Safety
/// The processor has `dotprod`.
#[target_feature(enable = "neon,dotprod")]
pub(super) unsafe fn dotprod<K: Kernel>(kernel: K) {
    kernel.run(Pair::<true>(()));
}

/// Two vectors of four numbers: enough sums at once to keep the processor busy, few enough for its registers. `DOT`:
/// with products of bytes. Made by the functions above alone.
#[derive(Clone, Copy)]
pub(super) struct Pair<const DOT: bool>(());

/// Wraps calls of instructions that a value of the implementing type proves to be there.
macro_rules! here {
    ($body:expr) => {{
        // SAFETY: NEON belongs to this kind of processor, and a `Pair<true>` was made where products of bytes were found;
        // where the body reads or writes memory, its caller answers for the place.
        #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe, reason = "a shorthand of this file")]
        unsafe {
            $body
        }
    }};
}

impl<const DOT: bool> Lanes for Pair<DOT> {
    const WIDTH: usize = 8;
    const ROWS: usize = 4;
    type F = [float32x4_t; 2];
    type I = [int32x4_t; 2];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        here!([vdupq_n_f32(x); 2])
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::F {
        here!([vld1q_f32(from), vld1q_f32(from.add(4))])
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> Self::F {
        here!({
            let halves = vreinterpretq_f16_u16(vld1q_u16(from));
            [
                vcvt_f32_f16(vget_low_f16(halves)),
                vcvt_high_f32_f16(halves),
            ]
        })
    }

    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> Self::F {
        here!({
            let halves = vld1q_u16(from);
            [
                vreinterpretq_f32_u32(vshll_n_u16::<16>(vget_low_u16(halves))),
                vreinterpretq_f32_u32(vshll_high_n_u16::<16>(halves)),
            ]
        })
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> Self::F {
        here!({
            let wide = vmovl_u8(vld1_u8(from));
            [
                vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))),
                vcvtq_f32_u32(vmovl_high_u16(wide)),
            ]
        })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: Self::F) {
        here!({
            vst1q_f32(to, x[0]);
            vst1q_f32(to.add(4), x[1]);
        });
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        here!([vaddq_f32(a[0], b[0]), vaddq_f32(a[1], b[1])])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        here!([vmulq_f32(a[0], b[0]), vmulq_f32(a[1], b[1])])
    }

    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        here!([vfmaq_f32(c[0], a[0], b[0]), vfmaq_f32(c[1], a[1], b[1])])
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // The instruction for it would not take `b` where only `a` is no number.
        here!([
            vbslq_f32(vcgtq_f32(a[0], b[0]), a[0], b[0]),
            vbslq_f32(vcgtq_f32(a[1], b[1]), a[1], b[1]),
        ])
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        here!([
            vbslq_f32(vcltq_f32(a[0], b[0]), a[0], b[0]),
            vbslq_f32(vcltq_f32(a[1], b[1]), a[1], b[1]),
        ])
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        here!([vdivq_f32(a[0], b[0]), vdivq_f32(a[1], b[1])])
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        here!({
            let four = vaddq_f32(x[0], x[1]);
            let two = vpaddq_f32(four, four);
            vgetq_lane_f32::<0>(vpaddq_f32(two, two))
        })
    }

    #[inline(always)]
    fn four_sums(self, [a, b, c, d]: [Self::F; 4]) -> [f32; 4] {
        here!({
            let ab = vpaddq_f32(vaddq_f32(a[0], a[1]), vaddq_f32(b[0], b[1]));
            let cd = vpaddq_f32(vaddq_f32(c[0], c[1]), vaddq_f32(d[0], d[1]));
            let mut out = [0.0; 4];
            vst1q_f32(out.as_mut_ptr(), vpaddq_f32(ab, cd));
            out
        })
    }

    #[inline(always)]
    fn power(self, shifted: Self::F) -> Self::F {
        here!({
            let bias = vdupq_n_s32(127 << 23);
            let n = [
                vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted[0])),
                vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted[1])),
            ];
            [
                vreinterpretq_f32_s32(vaddq_s32(n[0], bias)),
                vreinterpretq_f32_s32(vaddq_s32(n[1], bias)),
            ]
        })
    }

    #[inline(always)]
    fn float(self, x: Self::I) -> Self::F {
        here!([vcvtq_f32_s32(x[0]), vcvtq_f32_s32(x[1])])
    }

    #[inline(always)]
    unsafe fn dots_i8<const M: usize>(
        self,
        weights: *const i8,
        rows: [*const i8; M],
        _sums: [i32; M],
    ) -> [Self::I; M] {
        here!({
            let mut out = [[vdupq_n_s32(0); 2]; M];
            for half in 0..2 {
                let mut w = [[vdupq_n_s8(0); 2]; 4];
                for (group, w) in w.iter_mut().enumerate() {
                    let line = weights.add((half * 4 + group) * 64);
                    *w = [vld1q_s8(line), vld1q_s8(line.add(16))];
                }
                for (out, row) in out.iter_mut().zip(rows) {
                    let row = row.add(half * 16);
                    if DOT {
                        add_sixteen(out, &w, vld1q_s8(row));
                        continue;
                    }
                    for (group, w) in w.iter().enumerate() {
                        let a = four(row, group);
                        for (out, &w) in out.iter_mut().zip(w) {
                            // Two products together, at most 2·128·127, fit into 16 bits.
                            let low = vmull_s8(vget_low_s8(w), vget_low_s8(a));
                            let pairs = vpaddq_s16(low, vmull_high_s8(w, a));
                            *out = vpadalq_s16(*out, pairs);
                        }
                    }
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
    ) -> [Self::I; M] {
        here!({
            let mut low = [[vdupq_n_s8(0); 2]; 4];
            let mut high = low;
            for (group, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
                for (vector, (low, high)) in low.iter_mut().zip(high).enumerate() {
                    let both = vld1q_u8(weights.add(group * 64 + vector * 16));
                    *low = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
                    *high = vreinterpretq_s8_u8(vshrq_n_u8::<4>(both));
                }
            }
            let mut out = [[vdupq_n_s32(0); 2]; M];
            for (out, row) in out.iter_mut().zip(rows) {
                if DOT {
                    add_sixteen(out, &low, vld1q_s8(row));
                    add_sixteen(out, &high, vld1q_s8(row.add(16)));
                    continue;
                }
                // 16 products of at most 15·127 fit into 16 bits, so they are widened once per block.
                let mut sums = [[vdupq_n_s16(0); 2]; 2];
                for (group, (low, high)) in low.iter().zip(&high).enumerate() {
                    let (a, b) = (four(row, group), four(row, group + 4));
                    for (sums, (&low, &high)) in sums.iter_mut().zip(low.iter().zip(high)) {
                        sums[0] = vmlal_s8(sums[0], vget_low_s8(low), vget_low_s8(a));
                        sums[1] = vmlal_high_s8(sums[1], low, a);
                        sums[0] = vmlal_s8(sums[0], vget_low_s8(high), vget_low_s8(b));
                        sums[1] = vmlal_high_s8(sums[1], high, b);
                    }
                }
                for (out, sums) in out.iter_mut().zip(sums) {
                    *out = vpaddlq_s16(vpaddq_s16(sums[0], sums[1]));
                }
            }
            out
        })
    }
}

/// Four numbers of a row, four times.
///
/// # Safety
/// `4·group + 4` bytes can be read at `row`.
#[inline(always)]
unsafe fn four(row: *const i8, group: usize) -> int8x16_t {
    // SAFETY: the caller's.
    unsafe {
        let four = row.add(group * 4).cast::<i32>().read_unaligned();
        vreinterpretq_s8_s32(vdupq_n_s32(four))
    }
}

/// Adds the products of four groups of four weights, for each of eight outputs, with sixteen numbers of a row.
///
/// # Safety
/// The processor has `dotprod`.
#[inline(always)]
unsafe fn add_sixteen(out: &mut [int32x4_t; 2], w: &[[int8x16_t; 2]; 4], a: int8x16_t) {
    for (vector, out) in out.iter_mut().enumerate() {
        // SAFETY: the caller's.
        unsafe {
            *out = dot::<0>(*out, w[0][vector], a);
            *out = dot::<1>(*out, w[1][vector], a);
            *out = dot::<2>(*out, w[2][vector], a);
            *out = dot::<3>(*out, w[3][vector], a);
        }
    }
}

/// Adds to each of four sums the product of its four bytes of `w` with the four bytes `LANE` of `a`.
///
/// # Safety
/// The processor has `dotprod`.
#[inline(always)]
unsafe fn dot<const LANE: usize>(sums: int32x4_t, w: int8x16_t, a: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // The function for it asks for a later compiler than the rest of the program does.
    // SAFETY: the instruction is there, as the caller says, and works on registers alone.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {w:v}.16b, {a:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            w = in(vreg) w,
            a = in(vreg) a,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
