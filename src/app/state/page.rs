//! The pages of the window.

/// What fills the window between the bar at the top and the line at the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// Two texts, a prompt and the sliders.
    #[default]
    Steer,
    /// Which models steer, and where they come from.
    Models,
    /// Reward models of one's own.
    Train,
}

impl Page {
    /// All pages, in the order of their buttons and keys.
    pub const ALL: [Self; 3] = [Self::Steer, Self::Models, Self::Train];

    /// The word on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Steer => "Steer",
            Self::Models => "Models",
            Self::Train => "Train",
        }
    }

    /// What it is for, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Steer => "Write with the models and steer them by the sliders",
            Self::Models => "Choose the models and objectives that the sliders stand for",
            Self::Train => "Make an objective of your own from examples",
        }
    }
}
