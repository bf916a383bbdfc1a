//! The differentiable decoder: forward and backward passes over flat buffers, written out by hand.
//!
//! 1. [`unit`]: sequences are packed one after the other into a row of tokens, without padding; a pair's two answers
//!    share their prompt.
//! 2. [`layout`]: all weights lie in one vector; queries, keys and values are one matrix, so are gate and up.
//! 3. [`pass`]: the forward pass keeps what the backward pass needs in a [`pass::Tape`] that is used again and again.
//! 4. [`head`]: logits exist only for positions that count, a few rows at a time, and give loss and gradient at once.
//!
//! Threads work on different units, each with a tape and a gradient of its own, and gradients are added in a fixed
//! order: results depend on the number of shards, and on nothing else that changes between runs.

pub(crate) mod attention;
#[cfg(test)]
mod check;
pub(crate) mod elementwise;
pub(crate) mod head;
pub(crate) mod layout;
pub(crate) mod lora;
pub(crate) mod matmul;
pub(crate) mod pass;
mod products;
pub(crate) mod simd;
pub(crate) mod tape;
pub(crate) mod unit;
