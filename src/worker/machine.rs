//! What this machine offers, and what this build can use of it.

use crate::domain::hub::{HubAccess, LocalRepo};
pub use crate::domain::machine::*;
use crate::error::Failure;
use crate::model::hub::access::Access;
use crate::model::kernels::{Isa, amx};
use crate::model::{ModelError, device};

/// Its processor.
#[must_use]
pub fn processor() -> Processor {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim().to_owned());
    Processor {
        name: name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        vectors: Isa::here().iter().map(|isa| isa.name()).collect(),
        tiles: amx::available(),
    }
}

/// Its graphics cards; none where this build computes on the processor alone.
///
/// # Errors
/// Which driver or library is missing, or what the driver says.
pub fn cards() -> Result<Vec<Card>, Failure> {
    device::cards().map_err(ModelError::into)
}

/// How it speaks to the Hugging Face Hub, and where downloaded models are.
///
/// # Errors
/// No home folder, or a token that is none.
pub fn hub() -> Result<HubAccess, Failure> {
    Ok(Access::from_env()?.facts())
}

/// The models in the local cache.
///
/// # Errors
/// A cache that cannot be read.
pub fn downloaded() -> Result<Vec<LocalRepo>, Failure> {
    Ok(Access::from_env()?.store().list()?)
}
