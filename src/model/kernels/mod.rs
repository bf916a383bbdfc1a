//! Products written for one kind of processor. The only room, besides the memory map, with `unsafe` code.
//!
//! Writing one token per text asks for products of 1 to 8 rows with one weight matrix, and general matrix products read
//! such a matrix several times or in poor order. Here each block of weights is read once for all rows:
//!
//! 1. `isa` finds out once which vector instructions this processor has, and compiles each loop for all of them.
//! 2. `dense` multiplies f32, f16 and bf16 matrices as they lie in weight files; `blocks` multiplies matrices that
//!    `packed` has laid out in blocks of 4 or 8 bits.
//! 3. `product` is the safe way in: it checks every length and spreads outputs over a `team` of threads; `low_rank` adds
//!    adapters on the way.
//! 4. `attention` is that of single rows; `small` holds what else stands between the products: norms, gates, positions.
//!
//! `amx` is for training: products of many rows on the tile unit. `libraries` brings in what graphics cards need.
//!
//! Every output of every row is summed in an order of its own that neither the number of rows, nor the threads, nor its
//! place in the matrix can change: the row of a batch equals the row alone, bit for bit.
#![expect(
    unsafe_code,
    reason = "vector instructions and outputs shared by threads have no safe form"
)]
#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for a set of instructions only where it is inlined into the function that switches them on"
)]

pub(crate) mod amx;
mod attention;
mod blocks;
mod dense;
mod isa;
#[cfg(all(feature = "cuda", target_os = "linux"))]
pub(crate) mod libraries;
mod low_rank;
mod packed;
mod product;
mod small;
mod team;

pub use attention::{Attention, Heads, SPAN, Span, attend};
pub use isa::Isa;
pub use low_rank::LowRank;
pub use packed::{Format, Packed};
pub use product::{MatrixView, Product, Scratch, products};
pub use small::{Activation, gate, rms_norm, rms_norm_in_place, soft_cap, turn};
pub use team::{Team, with_team};

#[cfg(test)]
mod tests;
