//! How a picture of a run looks.

use crate::domain::Pane;

/// What is chosen for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Light words on dark paper.
    pub dark: bool,
    /// Pixels for each point, from 1 to [`Look::MOST_SCALE`]; vector pictures have none.
    pub scale: u8,
    /// The one text that is shown; both where there is none.
    pub pane: Option<Pane>,
    /// Place of the objective whose advantage colours the words.
    pub objective: usize,
}

impl Look {
    /// The finest picture.
    pub const MOST_SCALE: u8 = 3;

    /// Which texts of a run it shows, from left to right.
    pub(crate) fn panes(&self, has_base: bool) -> Vec<Pane> {
        let both = [Pane::Base, Pane::Guided].into_iter();
        let wanted = |pane: &Pane| self.pane.is_none_or(|only| only == *pane);
        both.filter(|pane| *pane == Pane::Guided || has_base)
            .filter(wanted)
            .collect()
    }
}

impl Default for Look {
    fn default() -> Self {
        Self {
            dark: false,
            scale: 1,
            pane: None,
            objective: 0,
        }
    }
}
