//! Models from the Hugging Face Hub: what is there, fetched into the cache that all programs share, what is here.
//!
//! [`access`] knows where the hub and the cache are and who asks, [`store`] the layout of the cache.

pub mod access;
pub mod error;
pub mod store;

pub use access::Access;
pub use error::HubError;
pub use store::Store;
