//! How much memory the machine has and the program takes.

use sysinfo::{MemoryRefreshKind, System};

/// Bytes that programs can take without others having to give way, or that a container leaves to this one; none where the
/// system does not tell.
#[must_use]
pub fn free_bytes() -> Option<u64> {
    let system = seen()?;
    let free = known(system.available_memory());
    match limit(&system) {
        // What a container has read from files counts as taken, and can be given back: only what programs hold counts here.
        Some((total, held)) => {
            let left = total.saturating_sub(held);
            Some(free.map_or(left, |free| free.min(left)))
        }
        None => free,
    }
}

/// Bytes of memory in all, or of what a container leaves to this program.
#[must_use]
pub fn total_bytes() -> Option<u64> {
    let system = seen()?;
    limit(&system)
        .map(|(total, _)| total)
        .or_else(|| known(system.total_memory()))
}

fn seen() -> Option<System> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    Some(system)
}

/// A container's limit, where it is tighter than the machine's memory, and what programs hold in it.
fn limit(system: &System) -> Option<(u64, u64)> {
    let limits = system.cgroup_limits()?;
    let tighter = limits.total_memory > 0 && limits.total_memory < system.total_memory();
    tighter.then_some((limits.total_memory, limits.rss))
}

fn known(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

/// The most memory that the program has had at once, since [`forget_peak`] where the system can forget. Only Linux tells.
#[must_use]
pub fn peak_bytes() -> Option<u64> {
    in_table(
        &std::fs::read_to_string("/proc/self/status").ok()?,
        "VmHWM:",
    )
}

/// Has the system start anew with its peak, so that what a model was made from does not count.
pub fn forget_peak() {
    // Where it refuses, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of one of Linux's tables, for example `VmHWM:   12345 kB`.
fn in_table(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_no_more_free_than_it_has() {
        let (free, all) = (free_bytes().unwrap(), total_bytes().unwrap());
        assert!(free <= all);
    }

    #[test]
    fn sizes_are_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t  12 kB\n";
        assert_eq!(in_table(status, "VmHWM:"), Some(12 * 1024));
        assert_eq!(in_table(status, "VmSwap:"), None);
        assert_eq!(in_table("VmHWM: much", "VmHWM:"), None);
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
