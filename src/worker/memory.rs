//! How much memory the machine has, where it says so in the usual place.

/// Bytes that programs can take without others having to give way; none where the system does not tell.
#[must_use]
pub fn free_bytes() -> Option<u64> {
    told("MemAvailable:")
}

/// Bytes of memory in all.
#[must_use]
pub fn total_bytes() -> Option<u64> {
    told("MemTotal:")
}

fn told(name: &str) -> Option<u64> {
    in_table(&std::fs::read_to_string("/proc/meminfo").ok()?, name)
}

/// A line of Linux's table, for example `MemAvailable:   12345 kB`.
fn in_table(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_nonsense_is_not() {
        let table = "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(in_table(table, "MemAvailable:"), Some(2 << 20));
        assert_eq!(in_table(table, "SwapTotal:"), None);
        assert_eq!(in_table("MemAvailable: much", "MemAvailable:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_no_more_free_than_it_has() {
        let (free, all) = (free_bytes().unwrap(), total_bytes().unwrap());
        assert!(free <= all && all > 0);
    }
}
