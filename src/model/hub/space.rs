//! Room on the disk.

use std::path::Path;

use sysinfo::{DiskRefreshKind, Disks};

/// Bytes that are free on the disk of this folder, or of the closest one above it that exists. None where the system does
/// not tell: then the disk itself refuses when it is full.
#[must_use]
pub(super) fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let there = std::fs::canonicalize(there).ok()?;
    let disks =
        Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    disks
        .into_iter()
        .filter(|disk| there.starts_with(disk.mount_point()))
        .filter(|disk| is_same_disk(disk.mount_point(), &there))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(sysinfo::Disk::available_space)
}

/// Not every mounted disk is in the list; the closest one in it may be another.
#[cfg(unix)]
fn is_same_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).map(|about| about.dev()).ok();
    device(a).is_some_and(|a| device(b) == Some(a))
}

#[cfg(not(unix))]
fn is_same_disk(_: &Path, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_yet_to_come_is_on_the_disk_of_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("not").join("yet");
        if let Some(free) = free(folder.path()) {
            assert!(free > 0);
            assert!(super::free(&deep).is_some());
        }
        assert_eq!(super::free(Path::new("relative and nowhere")), None);
    }
}
