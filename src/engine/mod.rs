//! Guided decoding. Pure: slices in, slices out; no model, file, clock or printing.

pub mod decode;
pub mod insight;
pub mod scorer;
