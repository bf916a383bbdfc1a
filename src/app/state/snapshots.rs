//! Two places to keep the sliders in, and a look at the other one for as long as a key is held.

use crate::app::state::TokenRef;
use crate::app::state::draft::Strip;
use crate::domain::RunId;

/// One of the two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// Its letter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// What holds on to a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Its key.
    Key,
    /// Its button in the window.
    Button,
}

/// A comparison that is being held, and what comes back when it is let go.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// Whose weights are in force.
    pub slot: Slot,
    /// What holds it.
    pub hold: Hold,
    /// The sliders before.
    pub strips: Vec<Strip>,
    /// The text before.
    pub shown: Option<RunId>,
    /// The token whose card was open before.
    pub pinned: Option<TokenRef>,
}
