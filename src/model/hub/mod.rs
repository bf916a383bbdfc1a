//! Models from the Hugging Face Hub: what is there, fetched into the cache that all programs share, what is here.
//!
//! [`access`] knows where the hub and the cache are and who asks, [`store`] the layout of the cache, [`info`] asks the hub
//! what it has, [`choose`] which files of that are wanted. [`mod@download`] fetches several at once, each through `fetch`:
//! only bytes that are missing move, and only bytes with the right hash stay.

pub mod access;
mod cell;
pub mod checksum;
pub mod choose;
pub mod control;
pub mod download;
pub mod error;
mod fetch;
pub mod info;
pub mod patience;
mod space;
pub mod store;
pub mod wire;

pub use access::Access;
pub use control::Control;
pub use download::{Wanted, download};
pub use error::HubError;
pub use patience::Patience;
pub use store::Store;
pub use wire::Wire;
