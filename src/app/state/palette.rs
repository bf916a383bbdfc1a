//! The command palette: everything that can be done, found by typing.

/// The palette while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed.
    pub search: String,
    /// Which of the found commands is chosen.
    pub chosen: usize,
}
