//! The tile unit itself: matrices are packed into tiles of 16 × 32 numbers of 16 bits, and multiplied block by block.
#![expect(
    unsafe_code,
    reason = "instructions that the language has no safe form for"
)]

use std::arch::asm;
use std::arch::x86_64::{
    __cpuid, __cpuid_count, __m512, __m512bh, __m512i, _MM_HINT_ET0, _MM_HINT_T0, _mm_prefetch,
    _mm512_cvtne2ps_pbh, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_maskz_loadu_ps,
    _mm512_permutexvar_epi16, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_shuffle_i32x4,
    _mm512_store_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};
use std::cell::RefCell;
use std::sync::OnceLock;

use ndarray::{ArrayView2, ArrayViewMut2};

/// Rows of a tile; also the columns of a tile of sums.
const TILE: usize = 16;
/// Inner numbers of a tile.
const DEPTH: usize = 32;
/// Rows and columns of a block of sums: two tiles each way, so that each tile that is read is used twice.
const BLOCK: usize = 2 * TILE;
/// Lines of 64 bytes in a tile.
const LINES: usize = 16;

/// 64 bytes, where the processor likes them.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A block of sums that lies at the edge of its matrix.
#[repr(C, align(64))]
struct Block([f32; BLOCK * BLOCK]);

#[derive(Default)]
struct Scratch {
    left: Vec<Line>,
    right: Vec<Line>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// All eight tiles with 16 rows of 64 bytes.
static SHAPES: Line = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    Line(bytes)
};

/// Whether the processor has all that is needed and the system lets this program use it; asked once.
pub(super) fn available() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let leaf = if __cpuid(0).eax >= 7 {
            __cpuid_count(7, 0).edx
        } else {
            0
        };
        let (tile, bf16) = (leaf & (1 << 24) != 0, leaf & (1 << 22) != 0);
        tile && bf16
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512bf16")
            && permitted()
    })
}

/// Asks Linux for the tiles' part of the processor's state, which it grants per process.
fn permitted() -> bool {
    const REQUEST: libc::c_long = 0x1023;
    const TILE_DATA: libc::c_long = 18;
    // SAFETY: the call takes two numbers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST, TILE_DATA) == 0 }
}

/// Numbers by line (row of the left matrix, column of the right one) and depth. One of the two strides is 1.
#[derive(Clone, Copy)]
struct Source {
    at: *const f32,
    lines: usize,
    depth: usize,
    by_line: usize,
    by_depth: usize,
}

impl Source {
    /// A view read by its rows; `None` where its numbers are adjacent neither way.
    fn new(view: &ArrayView2<'_, f32>) -> Option<Self> {
        let (lines, depth) = view.dim();
        let by_line = usize::try_from(view.strides()[0]).ok()?;
        let by_depth = usize::try_from(view.strides()[1]).ok()?;
        (by_line == 1 || by_depth == 1).then_some(Self {
            at: view.as_ptr(),
            lines,
            depth,
            by_line,
            by_depth,
        })
    }

    /// Up to 16 adjacent numbers from (line, depth) on, and zeros where the matrix ends.
    ///
    /// # Safety
    /// The matrix that this was made of is still there; where `WHOLE`, it does not end before the last number.
    #[target_feature(enable = "avx512f")]
    unsafe fn load<const WHOLE: bool>(
        &self,
        line: usize,
        depth: usize,
        along_depth: bool,
    ) -> __m512 {
        if WHOLE {
            // SAFETY: as promised to this function, all 16 numbers lie inside the matrix.
            return unsafe {
                _mm512_loadu_ps(self.at.add(line * self.by_line + depth * self.by_depth))
            };
        }
        if line >= self.lines || depth >= self.depth {
            return _mm512_setzero_ps();
        }
        let left = if along_depth {
            self.depth - depth
        } else {
            self.lines - line
        };
        // SAFETY: (line, depth) lies inside the matrix, and only the numbers before its end are read.
        unsafe {
            let from = self.at.add(line * self.by_line + depth * self.by_depth);
            if left >= 16 {
                _mm512_loadu_ps(from)
            } else {
                _mm512_maskz_loadu_ps((1u16 << left) - 1, from)
            }
        }
    }

    /// Brings 32 lines from `line` on nearer, to be packed soon.
    fn fetch(&self, line: usize) {
        if self.by_line != 1 || line >= self.lines {
            return;
        }
        for depth in 0..self.depth {
            let from = self.at.wrapping_add(line + depth * self.by_depth);
            // SAFETY: the instruction reads nothing that could be missed.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(from.cast());
                _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(16).cast());
            }
        }
    }

    /// The tile that begins at (line, depth). For the left matrix its rows are lines; for the right one (`paired`) they are
    /// pairs of depths, each with the lines side by side.
    ///
    /// # Safety
    /// The matrix that this was made of is still there.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn tile(&self, line: usize, depth: usize, paired: bool, into: &mut [Line]) {
        // SAFETY: as promised to this function; the tile lies inside the matrix where that is said.
        unsafe {
            if line + TILE <= self.lines && depth + DEPTH <= self.depth {
                self.tile_of::<true>(line, depth, paired, into);
            } else {
                self.tile_of::<false>(line, depth, paired, into);
            }
        }
    }

    /// [`Self::tile`], which must lie inside the matrix where it is `WHOLE`.
    ///
    /// # Safety
    /// The matrix that this was made of is still there.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn tile_of<const WHOLE: bool>(
        &self,
        line: usize,
        depth: usize,
        paired: bool,
        into: &mut [Line],
    ) {
        let along_depth = self.by_depth == 1;
        let mut rows = [_mm512_setzero_si512(); LINES];
        if along_depth {
            for (i, row) in rows.iter_mut().enumerate() {
                // SAFETY: as promised to this function.
                let (low, high) = unsafe {
                    (
                        self.load::<WHOLE>(line + i, depth, true),
                        self.load::<WHOLE>(line + i, depth + 16, true),
                    )
                };
                *row = bits(low, high);
            }
        } else {
            let pairs = pair_order();
            for (i, row) in rows.iter_mut().enumerate() {
                // SAFETY: as promised to this function.
                let (low, high) = unsafe {
                    (
                        self.load::<WHOLE>(line, depth + 2 * i, false),
                        self.load::<WHOLE>(line, depth + 2 * i + 1, false),
                    )
                };
                *row = _mm512_permutexvar_epi16(pairs, bits(low, high));
            }
        }
        if along_depth == paired {
            rows = turned(&rows);
        }
        for (row, into) in rows.iter().zip(into) {
            // SAFETY: a line has 64 bytes and is aligned to as many.
            unsafe { _mm512_store_si512(std::ptr::from_mut(into).cast(), *row) };
        }
    }

    /// Packs the 32 lines from `line` on: for each 32 numbers of depth two tiles.
    ///
    /// # Safety
    /// The matrix that this was made of is still there.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn pack(&self, line: usize, paired: bool, into: &mut [Line]) {
        for (step, tiles) in into.chunks_exact_mut(2 * LINES).enumerate() {
            let (first, second) = tiles.split_at_mut(LINES);
            // SAFETY: as promised to this function.
            unsafe {
                self.tile(line, step * DEPTH, paired, first);
                self.tile(line + TILE, step * DEPTH, paired, second);
            }
        }
    }
}

/// 32 numbers rounded to 16 bits each.
#[target_feature(enable = "avx512f,avx512bf16")]
fn bits(low: __m512, high: __m512) -> __m512i {
    let rounded = _mm512_cvtne2ps_pbh(high, low);
    // SAFETY: both are 64 bytes without any rule on their bits.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(rounded) }
}

/// The order that takes number i of the lower and of the upper half side by side.
#[target_feature(enable = "avx512f")]
fn pair_order() -> __m512i {
    const ORDER: [u16; 32] = {
        let mut order = [0; 32];
        let mut i = 0;
        while i < 16 {
            order[2 * i] = i as u16;
            order[2 * i + 1] = i as u16 + 16;
            i += 1;
        }
        order
    };
    // SAFETY: 64 bytes are read from as many, and need not be aligned.
    unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) }
}

/// 16 × 16 numbers of 32 bits with rows and columns exchanged.
#[target_feature(enable = "avx512f")]
fn turned(r: &[__m512i; LINES]) -> [__m512i; LINES] {
    let mut a = *r;
    for i in 0..8 {
        a[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    // b[4g + c]: column c (of 4) of rows 4g to 4g + 3, in each of the four quarters of a line.
    let mut b = a;
    for g in 0..4 {
        b[4 * g] = _mm512_unpacklo_epi64(a[4 * g], a[4 * g + 2]);
        b[4 * g + 1] = _mm512_unpackhi_epi64(a[4 * g], a[4 * g + 2]);
        b[4 * g + 2] = _mm512_unpacklo_epi64(a[4 * g + 1], a[4 * g + 3]);
        b[4 * g + 3] = _mm512_unpackhi_epi64(a[4 * g + 1], a[4 * g + 3]);
    }
    let mut out = b;
    for c in 0..4 {
        let even_low = _mm512_shuffle_i32x4::<0x88>(b[c], b[4 + c]);
        let odd_low = _mm512_shuffle_i32x4::<0xdd>(b[c], b[4 + c]);
        let even_high = _mm512_shuffle_i32x4::<0x88>(b[8 + c], b[12 + c]);
        let odd_high = _mm512_shuffle_i32x4::<0xdd>(b[8 + c], b[12 + c]);
        out[c] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
        out[4 + c] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
        out[8 + c] = _mm512_shuffle_i32x4::<0xdd>(even_low, even_high);
        out[12 + c] = _mm512_shuffle_i32x4::<0xdd>(odd_low, odd_high);
    }
    out
}

/// See [`super::product`]; the sizes fit together and [`available`] has said yes.
pub(super) fn product(
    a: &ArrayView2<'_, f32>,
    b: &ArrayView2<'_, f32>,
    add: bool,
    c: &mut ArrayViewMut2<'_, f32>,
) -> bool {
    let ((m, k), n) = (a.dim(), b.dim().1);
    let (Some(left), Some(right)) = (Source::new(a), Source::new(&b.t())) else {
        return false;
    };
    let [by_row, 1] = *c.strides() else {
        return false;
    };
    let Ok(by_row) = usize::try_from(by_row) else {
        return false;
    };
    let panel = k.div_ceil(DEPTH) * 2 * LINES;
    let into = Sums {
        at: c.as_mut_ptr(),
        by_row,
        rows: m,
        cols: n,
        add,
    };
    SCRATCH.with_borrow_mut(|scratch| {
        let panels = m.div_ceil(BLOCK);
        fit(&mut scratch.left, panels * panel);
        fit(&mut scratch.right, panel);
        let (packed, right_panel) = (
            &mut scratch.left[..panels * panel],
            &mut scratch.right[..panel],
        );
        // SAFETY: the processor has the instructions; the views `a`, `b` and `c` outlive this call, and `into` covers `c`.
        unsafe {
            for (i, into) in packed.chunks_exact_mut(panel).enumerate() {
                left.pack(i * BLOCK, false, into);
            }
            asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, readonly));
            for col in (0..n).step_by(BLOCK) {
                right.pack(col, true, right_panel);
                right.fetch(col + BLOCK);
                into.fetch(0, col);
                for (i, left_panel) in packed.chunks_exact(panel).enumerate() {
                    into.fetch((i + 1) * BLOCK, col);
                    into.block(i * BLOCK, col, left_panel, right_panel);
                }
            }
            asm!("tilerelease", options(nostack, nomem));
        }
    });
    true
}

fn fit(buffer: &mut Vec<Line>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, Line([0; 64]));
    }
}

/// The matrix that is written.
struct Sums {
    at: *mut f32,
    by_row: usize,
    rows: usize,
    cols: usize,
    add: bool,
}

impl Sums {
    /// Brings a block nearer, to be written soon.
    fn fetch(&self, row: usize, col: usize) {
        for row in row..self.rows.min(row + BLOCK) {
            let from = self.at.wrapping_add(row * self.by_row + col);
            // SAFETY: the instruction changes nothing, and does nothing where there is no memory.
            unsafe {
                _mm_prefetch::<_MM_HINT_ET0>(from.cast());
                _mm_prefetch::<_MM_HINT_ET0>(from.wrapping_add(16).cast());
            }
        }
    }

    /// The 32 × 32 sums at (row, col), of which only those inside the matrix are written.
    ///
    /// # Safety
    /// The matrix is still there, tiles are configured by [`SHAPES`], and both panels are packed alike.
    unsafe fn block(&self, row: usize, col: usize, left: &[Line], right: &[Line]) {
        let (rows, cols) = (BLOCK.min(self.rows - row), BLOCK.min(self.cols - col));
        // SAFETY: (row, col) lies inside the matrix, and so do the `rows` × `cols` numbers from there on.
        unsafe {
            let into = self.at.add(row * self.by_row + col);
            if rows == BLOCK && cols == BLOCK {
                multiply(left, right, into, self.by_row, self.add);
                return;
            }
            let mut edge = Block([0.0; BLOCK * BLOCK]);
            multiply(left, right, edge.0.as_mut_ptr(), BLOCK, false);
            for (i, sums) in edge.0.chunks_exact(BLOCK).take(rows).enumerate() {
                let into = std::slice::from_raw_parts_mut(into.add(i * self.by_row), cols);
                for (into, sum) in into.iter_mut().zip(sums) {
                    *into = if self.add { *into + sum } else { *sum };
                }
            }
        }
    }
}

/// Writes (or with `add` adds) the 32 × 32 sums of two packed panels to `into`, whose rows begin `by_row` apart.
///
/// # Safety
/// Tiles are configured by [`SHAPES`], both panels are of one length, and `into` has room.
unsafe fn multiply(left: &[Line], right: &[Line], into: *mut f32, by_row: usize, add: bool) {
    // SAFETY: each round reads two tiles of either panel, and there are as many rounds as pairs of tiles. The 32 rows of 32
    // sums are the caller's to write.
    unsafe {
        asm!(
            "test {add:e}, {add:e}",
            "jz 2f",
            "tileloadd tmm0, [{top} + {by_row}*1]",
            "tileloadd tmm1, [{top} + {by_row}*1 + 64]",
            "tileloadd tmm2, [{bottom} + {by_row}*1]",
            "tileloadd tmm3, [{bottom} + {by_row}*1 + 64]",
            "jmp 3f",
            "2:",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "3:",
            "tileloadd tmm4, [{left} + {line}*1]",
            "tileloadd tmm6, [{right} + {line}*1]",
            "tileloadd tmm7, [{right} + {line}*1 + 1024]",
            "tileloadd tmm5, [{left} + {line}*1 + 1024]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {left}, 2048",
            "add {right}, 2048",
            "dec {rounds}",
            "jnz 3b",
            "tilestored [{top} + {by_row}*1], tmm0",
            "tilestored [{top} + {by_row}*1 + 64], tmm1",
            "tilestored [{bottom} + {by_row}*1], tmm2",
            "tilestored [{bottom} + {by_row}*1 + 64], tmm3",
            add = in(reg) u32::from(add),
            top = in(reg) into,
            bottom = in(reg) into.add(TILE * by_row),
            by_row = in(reg) by_row * size_of::<f32>(),
            line = in(reg) 64usize,
            left = inout(reg) left.as_ptr() => _,
            right = inout(reg) right.as_ptr() => _,
            rounds = inout(reg) left.len().min(right.len()) / (2 * LINES) => _,
            out("tmm0") _,
            out("tmm1") _,
            out("tmm2") _,
            out("tmm3") _,
            out("tmm4") _,
            out("tmm5") _,
            out("tmm6") _,
            out("tmm7") _,
            options(nostack),
        );
    }
}
