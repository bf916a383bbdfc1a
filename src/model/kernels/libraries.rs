//! Libraries that are loaded when they are wanted and not when the program starts.
//!
//! A program that was linked to a library does not start where that is missing, and cannot say why. So a build for graphics
//! cards may leave their functions open (`packaging/cuda.sh`): the system fills them in at their first call, from the
//! libraries that were loaded here. In a build that was linked the usual way, they are there already.

use std::ffi::{CStr, CString};

/// Loads a library for the whole program, for good.
///
/// # Errors
/// The system's reason, which names the file.
pub(crate) fn load(name: &str) -> Result<(), String> {
    let file = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: the name ends with a zero byte. What a library does when it is loaded is its maker's: names come from a list
    // in this program, and places from the system.
    let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !library.is_null() {
        return Ok(());
    }
    // SAFETY: no arguments; what comes back is null or a text that stays until the next such call of this thread.
    let reason = unsafe {
        let reason = libc::dlerror();
        (!reason.is_null()).then(|| CStr::from_ptr(reason).to_string_lossy().into_owned())
    };
    Err(reason.unwrap_or_else(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_there_is_loaded_and_another_is_named() {
        assert_eq!(load("libc.so.6"), Ok(()));
        let reason = load("libno_such_thing.so.1").unwrap_err();
        assert!(reason.starts_with("libno_such_thing.so.1: "), "{reason}");
        assert!(load("a\0b").is_err());
    }
}
