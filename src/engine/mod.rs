//! Guided decoding. Pure: slices in, slices out; no model, file, clock or printing.
//!
//! A [`scorer::Scorer`] gives the rows of every model, [`mix`] adds them up, [`noise`] and [`sample`] choose, [`decode`]
//! repeats, [`kept`] lets it go on from any token of an earlier text, [`batch`] writes many texts at once, [`trace`]
//! remembers, [`insight`] says what each choice means, [`tradeoff`] what many settings of the weights come to, and [`units`]
//! how loud each reward model is.

pub mod batch;
pub mod decode;
#[cfg(test)]
pub(crate) mod fake;
pub mod insight;
pub mod kept;
mod lanes;
pub mod mix;
pub mod noise;
pub mod reweigh;
pub mod sample;
pub mod scale;
pub mod scorer;
pub mod split;
pub mod sums;
pub mod trace;
pub mod tradeoff;
pub mod units;
pub mod words;
