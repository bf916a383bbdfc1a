//! Which vector instructions there are, found out once, and loops compiled for each of them.

#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

/// A set of vector instructions that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    NeonDot,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Isa {
    /// All sets that this processor has, the fastest first; the last one runs anywhere.
    #[must_use]
    pub fn here() -> &'static [Self] {
        static HERE: OnceLock<Vec<Isa>> = OnceLock::new();
        HERE.get_or_init(|| {
            let mut sets = Vec::new();
            #[cfg(target_arch = "x86_64")]
            {
                let avx2 = is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c");
                if avx2
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    sets.push(Self(Set::Avx512));
                }
                if avx2 {
                    sets.push(Self(Set::Avx2));
                }
            }
            #[cfg(target_arch = "aarch64")]
            {
                if std::arch::is_aarch64_feature_detected!("dotprod") {
                    sets.push(Self(Set::NeonDot));
                }
                sets.push(Self(Set::Neon));
            }
            sets.push(Self(Set::Portable));
            sets
        })
    }

    /// The fastest set.
    #[must_use]
    pub fn best() -> Self {
        Self::here()[0]
    }

    /// Its name, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot => "NEON with byte products",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "NEON",
            Set::Portable => "portable",
        }
    }

    /// Runs a loop as compiled for this set.
    pub(super) fn run<K: Kernel>(self, kernel: K) {
        match self.0 {
            // SAFETY: `here` is the only maker of these values, and it has asked the processor.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { x86::avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { x86::avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot => unsafe { neon::dotprod(kernel) },
            #[cfg(target_arch = "aarch64")]
            Set::Neon => neon::neon(kernel),
            Set::Portable => kernel.run(portable::Four),
        }
    }
}

/// A loop over vectors of any width. `run` must be `#[inline(always)]`, so that it is compiled for the caller's set.
pub(super) trait Kernel {
    /// Runs it.
    fn run<L: Lanes>(self, lanes: L);
}

/// A vector of f32 and what the loops do with it. Having a value of this type proves that the processor can do it.
pub(super) trait Lanes: Copy {
    /// Numbers per vector; divides 16.
    const WIDTH: usize;
    /// Most rows whose sums fit into the registers at once: 4 or 8.
    const ROWS: usize;
    /// A vector of f32.
    type F: Copy;
    /// A vector of i32.
    type I: Copy;

    /// The same number everywhere.
    fn splat(self, x: f32) -> Self::F;
    /// Reads a vector.
    ///
    /// # Safety
    /// `WIDTH` numbers can be read at `from`; so for the others.
    unsafe fn load(self, from: *const f32) -> Self::F;
    /// Reads and widens half-precision numbers.
    unsafe fn load_f16(self, from: *const u16) -> Self::F;
    /// Reads and widens brain floats.
    unsafe fn load_bf16(self, from: *const u16) -> Self::F;
    /// Reads and widens bytes.
    unsafe fn load_u8(self, from: *const u8) -> Self::F;
    /// Writes a vector.
    unsafe fn store(self, to: *mut f32, x: Self::F);
    /// `a + b`
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b`
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b + c`
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `a · b + c` for single numbers, rounded as the vectors round it.
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32;
    /// The larger; `b` where one is not a number.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller; `b` where one is not a number.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// The sum of the vector, in a fixed order.
    fn sum(self, x: Self::F) -> f32;
    /// The sums of four vectors, each in the order of [`Self::sum`].
    fn four_sums(self, x: [Self::F; 4]) -> [f32; 4];
    /// 2ⁿ for vectors of n + 1.5·2²³, −127 < n < 128.
    fn power(self, shifted: Self::F) -> Self::F;

    /// Asks for the memory at `from`, which need not be there.
    #[inline(always)]
    fn prefetch(self, _from: *const u8) {}
    /// As f32.
    fn float(self, x: Self::I) -> Self::F;
    /// For each output of the vector, `Σ w·a` over a block of 32 inputs, for M rows. The weights are signed bytes, four
    /// inputs of 16 outputs after each other, eight times; `sums` are the sums of each row's 32 numbers.
    ///
    /// # Safety
    /// 7·64 + 4·`WIDTH` bytes can be read at `weights`, and 32 at each of `rows`.
    unsafe fn dots_i8<const M: usize>(
        self,
        weights: *const i8,
        rows: [*const i8; M],
        sums: [i32; M],
    ) -> [Self::I; M];
    /// The same for weights of 4 bits without sign: four times 64 bytes, the first four groups of four inputs in the low
    /// halves, the others in the high ones.
    ///
    /// # Safety
    /// 3·64 + 4·`WIDTH` bytes can be read at `weights`, and 32 at each of `rows`.
    unsafe fn dots_u4<const M: usize>(
        self,
        weights: *const u8,
        rows: [*const i8; M],
    ) -> [Self::I; M];
}

/// eˣ within 2 units of the last place, for x clamped to −87 … 88; not a number stays not a number.
#[inline(always)]
pub(super) fn exp<L: Lanes>(l: L, x: L::F) -> L::F {
    let x = l.min(l.splat(88.0), l.max(l.splat(-87.0), x));
    let magic = l.splat(12_582_912.0);
    let shifted = l.fma(x, l.splat(std::f32::consts::LOG2_E), magic);
    let n = l.add(shifted, l.splat(-12_582_912.0));
    // x − n·ln 2, with ln 2 in two parts.
    let r = l.fma(n, l.splat(-0.693_359_4), x);
    let r = l.fma(n, l.splat(2.121_944_4e-4), r);
    let mut p = l.splat(1.987_569_1e-4);
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
        1.0,
        1.0,
    ] {
        p = l.fma(p, r, l.splat(c));
    }
    l.mul(p, l.power(shifted))
}
