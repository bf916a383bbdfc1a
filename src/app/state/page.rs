//! The pages of the window.

/// What fills the window between the bar at the top and the line at the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// The ways in.
    Start,
    /// Two texts, a prompt and the sliders.
    #[default]
    Steer,
    /// Which models steer, and where they come from.
    Models,
    /// Reward models of one's own.
    Train,
    /// Many settings of the weights at once.
    Tradeoff,
    /// The history of runs, and runs from files.
    Runs,
    /// The numbers of texts that a person gives.
    Score,
}

impl Page {
    /// The pages that have a button and a key, in their order; the start page is reached by the program's name.
    pub const ALL: [Self; 6] = [
        Self::Steer,
        Self::Models,
        Self::Train,
        Self::Tradeoff,
        Self::Runs,
        Self::Score,
    ];

    /// The word on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Steer => "Steer",
            Self::Models => "Models",
            Self::Train => "Train",
            Self::Tradeoff => "Trade-off",
            Self::Runs => "Runs",
            Self::Score => "Score",
        }
    }

    /// What it is for, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Start => "Choose how to begin",
            Self::Steer => "Write with the models and steer them by the sliders",
            Self::Models => "Choose the models and objectives that the sliders stand for",
            Self::Train => "Make an objective of your own from examples",
            Self::Tradeoff => {
                "Try many weights at once and see what each objective costs the others"
            }
            Self::Runs => "Find, compare, restore and export what was written",
            Self::Score => "See what each objective says of words of your own",
        }
    }
}
