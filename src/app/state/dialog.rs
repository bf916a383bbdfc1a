//! A file dialog of the desktop, while it is open.

/// A file dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// Its number.
    pub serial: u64,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was asked for, on the window's clock, seconds.
    pub since_secs: f64,
}

/// What a file dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file of preference pairs.
    Pairs,
    /// The folder of a base model.
    BaseFolder,
}

/// A dialog that closes sooner was not closed by a person: the desktop had none to show. Seconds.
pub const INSTANT_SECS: f64 = 0.4;
