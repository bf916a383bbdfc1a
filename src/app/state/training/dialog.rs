//! A file dialog of the desktop that was asked for on this page, while it is open.

/// A file dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// Its number.
    pub serial: u64,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a file dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file of preference pairs.
    Pairs,
    /// The folder of a base model.
    BaseFolder,
}
