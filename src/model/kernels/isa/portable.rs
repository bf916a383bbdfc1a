//! Plain loops over four numbers: for processors without a set of their own here, and for Miri.

use half::{bf16, f16};

use super::Lanes;

/// Four numbers side by side.
#[derive(Clone, Copy)]
pub(super) struct Four;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; 4] {
    std::array::from_fn(f)
}

impl Lanes for Four {
    const WIDTH: usize = 4;
    const ROWS: usize = 4;
    type F = [f32; 4];
    type I = [i32; 4];

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 4] {
        [x; 4]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; 4] {
        // SAFETY: the caller's.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> [f32; 4] {
        // SAFETY: the caller's.
        let bits = unsafe { from.cast::<[u16; 4]>().read_unaligned() };
        bits.map(|bits| f16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> [f32; 4] {
        // SAFETY: the caller's.
        let bits = unsafe { from.cast::<[u16; 4]>().read_unaligned() };
        bits.map(|bits| bf16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> [f32; 4] {
        // SAFETY: the caller's.
        unsafe { from.cast::<[u8; 4]>().read_unaligned() }.map(f32::from)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: [f32; 4]) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(x) }
    }

    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn mul(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn fma(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        each(|i| self.fma_one(a[i], b[i], c[i]))
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        // Elsewhere a fused product may be a slow call into a library.
        if cfg!(target_arch = "aarch64") {
            a.mul_add(b, c)
        } else {
            a * b + c
        }
    }

    #[inline(always)]
    fn max(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn min(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn div(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(|i| a[i] / b[i])
    }

    #[inline(always)]
    fn sum(self, x: [f32; 4]) -> f32 {
        (x[0] + x[2]) + (x[1] + x[3])
    }

    #[inline(always)]
    fn four_sums(self, x: [[f32; 4]; 4]) -> [f32; 4] {
        x.map(|x| self.sum(x))
    }

    #[inline(always)]
    fn power(self, shifted: [f32; 4]) -> [f32; 4] {
        shifted.map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(127 << 23)))
    }

    #[inline(always)]
    fn float(self, x: [i32; 4]) -> [f32; 4] {
        x.map(|x| x as f32)
    }

    #[inline(always)]
    unsafe fn dots_i8<const M: usize>(
        self,
        weights: *const i8,
        rows: [*const i8; M],
        _sums: [i32; M],
    ) -> [[i32; 4]; M] {
        let mut out = [[0; 4]; M];
        for group in 0..8 {
            // SAFETY: the caller's; 16 bytes for four outputs.
            let w = unsafe { weights.add(group * 64).cast::<[i8; 16]>().read_unaligned() };
            for (out, row) in out.iter_mut().zip(rows) {
                // SAFETY: the caller's; group < 8.
                let a = unsafe { row.add(group * 4).cast::<[i8; 4]>().read_unaligned() };
                add_products(out, w.map(i32::from), a);
            }
        }
        out
    }

    #[inline(always)]
    unsafe fn dots_u4<const M: usize>(
        self,
        weights: *const u8,
        rows: [*const i8; M],
    ) -> [[i32; 4]; M] {
        let mut out = [[0; 4]; M];
        for group in 0..4 {
            // SAFETY: the caller's; 16 bytes for four outputs.
            let w = unsafe { weights.add(group * 64).cast::<[u8; 16]>().read_unaligned() };
            for (out, row) in out.iter_mut().zip(rows) {
                // SAFETY: the caller's; group < 4, so at most byte 31 is read.
                let (low, high) = unsafe {
                    let low = row.add(group * 4).cast::<[i8; 4]>().read_unaligned();
                    let high = row.add(16 + group * 4).cast::<[i8; 4]>().read_unaligned();
                    (low, high)
                };
                add_products(out, w.map(|w| i32::from(w & 15)), low);
                add_products(out, w.map(|w| i32::from(w >> 4)), high);
            }
        }
        out
    }
}

/// Adds to each of four outputs its four products.
#[inline(always)]
fn add_products(out: &mut [i32; 4], w: [i32; 16], a: [i8; 4]) {
    for (index, out) in out.iter_mut().enumerate() {
        for (w, a) in w[index * 4..][..4].iter().zip(a) {
            *out += w * i32::from(a);
        }
    }
}
