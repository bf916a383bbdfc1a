//! Training of language models and reward models, on the CPU in f32.
//!
//! 1. [`data`] reads files and says which lines are bad; [`tokens`] turns texts into token sequences.
//! 2. [`lm`] and [`arm`] take sequences and settings; [`base`] and [`weights`] are what they start from.
//! 3. [`run`] goes through the batches: each is shared out over threads by its `examples`, passed through the
//!    differentiable decoder in `net`, and ends in one step of the optimiser.
//! 4. [`order`] is a reward model as a person wants it, read and carried out; [`options`] names what can be set;
//!    [`trainer`] is the thread that does it for the window, [`record`] finds it again after a restart, [`removal`] deletes it,
//!    and [`join`] brings it into a lineup.
//! 5. [`events`] tell whoever watches; nothing here prints.
//! 6. [`checkpoint`] keeps a run so that it can go on and end in the same bits; [`export`] writes its result.

pub mod arm;
mod average;
pub mod base;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod error;
pub mod events;
pub mod examples;
pub mod export;
pub(crate) mod files;
pub mod join;
pub mod lm;
pub mod loss;
mod memory;
mod net;
mod optimiser;
pub mod options;
pub mod order;
mod random;
pub mod record;
pub mod removal;
pub mod run;
pub mod tokenizer;
pub mod tokens;
pub mod trainer;
pub mod weights;

pub use error::TrainError;
