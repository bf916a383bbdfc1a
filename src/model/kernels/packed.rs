//! Matrices of 4 or 8 bits per weight, laid out so that one vector holds the same inputs of 16 outputs.
//!
//! Files (GGUF) keep each output's blocks one after the other. Here 16 outputs form a tile, and within each block of 32
//! inputs a line of 64 bytes holds four inputs of all 16 outputs (for 4 bits: eight, in the low and high halves of the
//! bytes). So a product needs no sum across a vector, and a line is unpacked once for all rows. The last tile is filled up
//! with zeros.

use half::f16;
use rayon::prelude::*;

use crate::model::error::ModelError;

/// Outputs per tile.
pub(super) const TILE: usize = 16;

/// Inputs per block.
pub(super) const BLOCK: usize = 32;

/// Inputs that share one pair of scales in [`Format::Q4K`].
const SUPER: usize = 256;

/// How weights are packed; the names and block layouts are those of GGUF files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// 8 bits and one f16 scale per 32 weights.
    Q8_0,
    /// 4 bits, 6-bit scale and minimum per 32 weights, f16 scale and minimum per 256 weights.
    Q4K,
}

impl Format {
    /// Weights per block of the file.
    #[must_use]
    pub fn block_len(self) -> usize {
        match self {
            Self::Q8_0 => BLOCK,
            Self::Q4K => SUPER,
        }
    }

    /// Bytes per block of the file.
    #[must_use]
    pub fn block_bytes(self) -> usize {
        match self {
            Self::Q8_0 => 2 + BLOCK,
            Self::Q4K => 4 + 12 + SUPER / 2,
        }
    }
}

/// 64 bytes, aligned to the lines of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; 64]);

/// A packed matrix.
#[derive(Debug, Clone)]
pub struct Packed {
    format: Format,
    outputs: usize,
    inputs: usize,
    /// Tile by tile, block by block: 8 lines for 8 bits, 4 for 4 bits.
    pub(super) lines: Vec<Line>,
    /// Tile by tile. 8 bits: 16 scales per block. 4 bits: 16 scales and 16 minima per 256 inputs. As bits of f16.
    pub(super) scales: Vec<u16>,
    /// 4 bits only: 16 scales and 16 minima per block, 6 bits each.
    pub(super) fine: Vec<u8>,
}

impl Packed {
    /// Packs blocks as they are in a GGUF file: output by output, block by block.
    ///
    /// # Errors
    /// Sizes that do not fit each other.
    pub fn from_blocks(
        format: Format,
        bytes: &[u8],
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, ModelError> {
        let row = check(format, outputs, inputs)? * format.block_bytes();
        if Some(bytes.len()) != row.checked_mul(outputs) {
            return Err(misfit(format!(
                "{} bytes are not {outputs} × {inputs} weights in the format {format:?}",
                bytes.len()
            )));
        }
        Self::from_rows(format, outputs, inputs, |output, into| {
            into.copy_from_slice(&bytes[output * row..][..row]);
        })
    }

    /// The same where the blocks of an output come from elsewhere: `fill` writes them, output by output in any order.
    ///
    /// # Errors
    /// Sizes that do not fit each other.
    pub fn from_rows(
        format: Format,
        outputs: usize,
        inputs: usize,
        fill: impl Fn(usize, &mut [u8]) + Sync,
    ) -> Result<Self, ModelError> {
        check(format, outputs, inputs)?;
        Ok(Self::pack(format, outputs, inputs, fill))
    }

    /// Rounds weights `[outputs, inputs]` to this format and packs them.
    ///
    /// # Errors
    /// Sizes that do not fit each other.
    pub fn quantise(
        format: Format,
        weights: &[f32],
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, ModelError> {
        check(format, outputs, inputs)?;
        if Some(weights.len()) != outputs.checked_mul(inputs) {
            return Err(misfit(format!(
                "{} weights are not {outputs} × {inputs}",
                weights.len()
            )));
        }
        Ok(Self::pack(format, outputs, inputs, |output, into| {
            let weights = weights[output * inputs..][..inputs].chunks_exact(format.block_len());
            for (weights, into) in weights.zip(into.chunks_exact_mut(format.block_bytes())) {
                match format {
                    Format::Q8_0 => round_q8(weights, into),
                    Format::Q4K => round_q4k(weights, into),
                }
            }
        }))
    }

    /// Bytes that a matrix of so many outputs and inputs takes in this format.
    #[must_use]
    pub fn bytes_of(format: Format, outputs: usize, inputs: usize) -> u64 {
        // Tiles of 16 outputs. 8 bits: 32 weights and one scale of two bytes. 4 bits: 32 weights in 16 bytes with two fine
        // scales; 256 share two coarse ones of two bytes.
        let per_256 = match format {
            Format::Q8_0 => 8 * 34,
            Format::Q4K => 8 * 18 + 4,
        };
        (outputs.next_multiple_of(TILE) * inputs) as u64 * per_256 / 256
    }

    /// How the weights are packed.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Numbers that come out of a product.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Numbers that go into a product.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines.len() * 64 + self.scales.len() * 2 + self.fine.len()
    }

    /// The weights of one output, as f32: `inputs` numbers.
    ///
    /// # Panics
    /// An output that is not there, or a slice of another length.
    pub fn unpack(&self, output: usize, weights: &mut [f32]) {
        assert!(output < self.outputs && weights.len() == self.inputs);
        let (tile, place) = (output / TILE, output % TILE);
        let blocks = self.inputs / BLOCK;
        for (block, weights) in weights.chunks_exact_mut(BLOCK).enumerate() {
            let at = tile * blocks + block;
            let number = |index: usize| f16::from_bits(self.scales[index]).to_f32();
            match self.format {
                Format::Q8_0 => {
                    let scale = number(at * TILE + place);
                    let lines = &self.lines[at * 8..][..8];
                    for (index, weight) in weights.iter_mut().enumerate() {
                        let byte = lines[index / 4].0[place * 4 + index % 4];
                        *weight = scale * f32::from(byte.cast_signed());
                    }
                }
                Format::Q4K => {
                    let coarse = (at / (SUPER / BLOCK)) * 2 * TILE + place;
                    let fine = at * 2 * TILE + place;
                    let scale = number(coarse) * f32::from(self.fine[fine]);
                    let least = number(coarse + TILE) * f32::from(self.fine[fine + TILE]);
                    let lines = &self.lines[at * 4..][..4];
                    for (index, weight) in weights.iter_mut().enumerate() {
                        let byte = lines[index / 4 % 4].0[place * 4 + index % 4];
                        let nibble = if index < 16 { byte & 15 } else { byte >> 4 };
                        *weight = scale * f32::from(nibble) - least;
                    }
                }
            }
        }
    }

    /// `fill` writes the file blocks of one output.
    fn pack(
        format: Format,
        outputs: usize,
        inputs: usize,
        fill: impl Fn(usize, &mut [u8]) + Sync,
    ) -> Self {
        let tiles = outputs.div_ceil(TILE);
        let blocks = inputs / BLOCK;
        let (lines, scales, fine) = match format {
            Format::Q8_0 => (blocks * 8, blocks * TILE, 0),
            Format::Q4K => (blocks * 4, inputs / SUPER * 2 * TILE, blocks * 2 * TILE),
        };
        let mut packed = Self {
            format,
            outputs,
            inputs,
            lines: large_pages(tiles * lines, Line([0; 64])),
            scales: vec![0; tiles * scales],
            fine: vec![0; tiles * fine],
        };
        let bytes = inputs / format.block_len() * format.block_bytes();
        // A slice of length 0 cannot be cut into chunks.
        let fine_parts: Vec<&mut [u8]> = if fine == 0 {
            std::iter::repeat_with(<&mut [u8]>::default)
                .take(tiles)
                .collect()
        } else {
            packed.fine.chunks_exact_mut(fine).collect()
        };
        packed
            .lines
            .par_chunks_exact_mut(lines.max(1))
            .zip(packed.scales.par_chunks_exact_mut(scales.max(1)))
            .zip(fine_parts)
            .enumerate()
            .for_each(|(tile, ((lines, scales), fine))| {
                let mut row = vec![0; bytes];
                for place in 0..TILE.min(outputs - tile * TILE) {
                    fill(tile * TILE + place, &mut row);
                    match format {
                        Format::Q8_0 => place_q8(&row, place, lines, scales),
                        Format::Q4K => place_q4k(&row, place, lines, scales, fine),
                    }
                }
            });
        packed
    }
}

/// So many of `item`, in memory for which the system is asked for large pages: finding small ones one by one costs a step
/// that reads all weights once more time than the sums.
fn large_pages<T: Copy>(count: usize, item: T) -> Vec<T> {
    let mut all: Vec<T> = Vec::with_capacity(count);
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        const SMALL: usize = 4096;
        let start = all.as_ptr().addr().next_multiple_of(SMALL);
        let end = all.as_ptr().addr() + count * size_of::<T>();
        let len = end.saturating_sub(start) / SMALL * SMALL;
        // SAFETY: advice about whole pages inside of what was just allocated; it changes no content, and a system that does
        // not take it goes on as before.
        unsafe { libc::madvise(start as *mut libc::c_void, len, libc::MADV_HUGEPAGE) };
    }
    all.resize(count, item);
    all
}

/// Checks that the inputs are whole blocks and returns their number.
fn check(format: Format, outputs: usize, inputs: usize) -> Result<usize, ModelError> {
    let len = format.block_len();
    if outputs == 0 || inputs == 0 || !inputs.is_multiple_of(len) {
        return Err(misfit(format!(
            "a matrix of {outputs} × {inputs} cannot be packed in the format {format:?}, whose blocks have {len} weights"
        )));
    }
    Ok(inputs / len)
}

fn misfit(what: String) -> ModelError {
    ModelError::misfit(what, "The weight file may be damaged")
}

fn place_q8(row: &[u8], place: usize, lines: &mut [Line], scales: &mut [u16]) {
    for ((block, lines), scales) in row
        .chunks_exact(2 + BLOCK)
        .zip(lines.chunks_exact_mut(8))
        .zip(scales.chunks_exact_mut(TILE))
    {
        scales[place] = u16::from_le_bytes([block[0], block[1]]);
        for (four, line) in block[2..].chunks_exact(4).zip(lines) {
            line.0[place * 4..][..4].copy_from_slice(four);
        }
    }
}

fn place_q4k(row: &[u8], place: usize, lines: &mut [Line], scales: &mut [u16], fine: &mut [u8]) {
    for (index, block) in row.chunks_exact(4 + 12 + SUPER / 2).enumerate() {
        scales[index * 2 * TILE + place] = u16::from_le_bytes([block[0], block[1]]);
        scales[(index * 2 + 1) * TILE + place] = u16::from_le_bytes([block[2], block[3]]);
        for part in 0..8 {
            let at = index * 8 + part;
            let (scale, least) = six_bits(&block[4..16], part);
            fine[at * 2 * TILE + place] = scale;
            fine[(at * 2 + 1) * TILE + place] = least;
            // Two parts share 32 bytes: the first in the low halves.
            let bytes = &block[16 + part / 2 * 32..][..32];
            let nibble = |index: usize| (bytes[index] >> (part % 2 * 4)) & 15;
            for index in 0..16 {
                lines[at * 4 + index / 4].0[place * 4 + index % 4] =
                    nibble(index) | nibble(index + 16) << 4;
            }
        }
    }
}

/// Scale and minimum of part 0 to 7 out of their 12 bytes.
fn six_bits(bytes: &[u8], part: usize) -> (u8, u8) {
    if part < 4 {
        (bytes[part] & 63, bytes[part + 4] & 63)
    } else {
        let low = bytes[part + 4];
        (
            (low & 15) | (bytes[part - 4] >> 6) << 4,
            (low >> 4) | (bytes[part] >> 6) << 4,
        )
    }
}

fn round_q8(weights: &[f32], into: &mut [u8]) {
    let most = weights.iter().fold(0f32, |most, w| most.max(w.abs()));
    let scale = f16::from_f32(most / 127.0);
    into[..2].copy_from_slice(&scale.to_le_bytes());
    let inverse = inverse(most / 127.0);
    for (weight, byte) in weights.iter().zip(&mut into[2..]) {
        *byte = ((weight * inverse).round() as i8).cast_unsigned();
    }
}

fn round_q4k(weights: &[f32], into: &mut [u8]) {
    let ranges: Vec<(f32, f32)> = weights
        .chunks_exact(BLOCK)
        .map(|part| {
            let least = part.iter().copied().fold(0f32, f32::min);
            let most = part.iter().copied().fold(0f32, f32::max);
            ((most - least) / 15.0, -least)
        })
        .collect();
    let largest = |pick: fn(&(f32, f32)) -> f32| ranges.iter().map(pick).fold(0f32, f32::max);
    let scale = f16::from_f32(largest(|range| range.0) / 63.0);
    let least = f16::from_f32(largest(|range| range.1) / 63.0);
    into[..2].copy_from_slice(&scale.to_le_bytes());
    into[2..4].copy_from_slice(&least.to_le_bytes());
    into[4..].fill(0);
    for (part, (weights, range)) in weights.chunks_exact(BLOCK).zip(&ranges).enumerate() {
        let fine = (range.0 * inverse(scale.to_f32())).round().min(63.0) as u8;
        let low = (range.1 * inverse(least.to_f32())).round().min(63.0) as u8;
        if part < 4 {
            into[4 + part] |= fine;
            into[8 + part] |= low;
        } else {
            into[8 + part] = (fine & 15) | low << 4;
            into[part] |= fine >> 4 << 6;
            into[4 + part] |= low >> 4 << 6;
        }
        let inverse = inverse(scale.to_f32() * f32::from(fine));
        let lift = least.to_f32() * f32::from(low);
        for (index, weight) in weights.iter().enumerate() {
            let nibble = ((weight + lift) * inverse).round().clamp(0.0, 15.0) as u8;
            into[16 + part / 2 * 32 + index] |= nibble << (part % 2 * 4);
        }
    }
}

fn inverse(x: f32) -> f32 {
    if x > 0.0 { 1.0 / x } else { 0.0 }
}
