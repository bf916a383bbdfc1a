//! Files in, a [`Scorer`](crate::engine::scorer::Scorer) out. The only room, besides `train`, that knows candle.

pub mod assemble;
mod bin;
pub mod cache;
pub mod config;
pub mod decoder;
pub mod device;
pub mod ensemble;
pub mod error;
pub mod files;
pub mod folder;
pub mod foreign;
pub mod gguf;
pub mod hub;
pub mod inspect;
pub mod join;
pub mod kernels;
pub mod lineup;
pub mod load;
pub mod local;
pub mod lora;
pub mod matrix;
pub mod net;
pub mod pass;
pub mod peft;
pub(crate) mod replace;
pub mod rope;
pub mod synthetic;
pub mod template;
pub mod text;
pub mod tiny;

pub use assemble::{LoadedLineup, load, load_built_in, weight_hash};
pub use config::Config;
pub use decoder::Decoder;
pub use error::ModelError;
