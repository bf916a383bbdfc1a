//! What the machine is, where the system tells.

use crate::model::kernels::Isa;
use crate::worker::{machine, memory};

/// The machine that was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its processor's name, or its architecture.
    pub processor: String,
    /// For example `linux x86_64`.
    pub system: String,
    /// Threads that the processor offers to the program.
    pub cores: usize,
    /// Threads that compute.
    pub threads: usize,
    /// Memory in all, where the system tells.
    pub memory_bytes: Option<u64>,
    /// Which vector instructions the products use.
    pub kernels: &'static str,
}

impl Machine {
    /// This one.
    pub(super) fn here() -> Self {
        let processor = machine::processor();
        Self {
            processor: processor.name,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: processor.cores,
            threads: rayon::current_num_threads(),
            memory_bytes: memory::total_bytes(),
            kernels: Isa::best().name(),
        }
    }
}
