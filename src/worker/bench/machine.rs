//! What the machine is and what the program takes of it, where the system tells.

use crate::model::kernels::Isa;

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
        let info = read("/proc/cpuinfo");
        let name = info
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
            .map(|(_, name)| name.trim().to_owned());
        Self {
            processor: name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads: rayon::current_num_threads(),
            memory_bytes: kib(&read("/proc/meminfo"), "MemTotal:"),
            kernels: Isa::best().name(),
        }
    }
}

/// Memory that can be had.
pub(super) fn free_bytes() -> Option<u64> {
    kib(&read("/proc/meminfo"), "MemAvailable:")
}

/// The most memory that the program has had at once, since [`forget_peak`] where the system can forget.
pub(super) fn peak_bytes() -> Option<u64> {
    kib(&read("/proc/self/status"), "VmHWM:")
}

/// Has the system start anew with its peak, so that what a model was made from does not count.
pub(super) fn forget_peak() {
    // Where it refuses, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The number behind a name in a list of lines such as `VmHWM:  1234 kB`, in bytes.
fn kib(lines: &str, name: &str) -> Option<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t  12 kB\n";
        assert_eq!(kib(status, "VmHWM:"), Some(12 * 1024));
        assert_eq!(kib(status, "VmSwap:"), None);
        assert_eq!(kib("VmHWM: much", "VmHWM:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_grows_with_what_is_taken() {
        forget_peak();
        let before = peak_bytes();
        let taken = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = peak_bytes();
        assert!(before.is_some() && after >= before);
        drop(taken);
    }
}
