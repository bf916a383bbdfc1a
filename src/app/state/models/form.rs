//! The forms of the Models page: a new objective, a file.

use crate::worker::shelf::Place;

/// The form for a new objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A sentence that the base itself reads.
    Sentence {
        /// Its name.
        name: String,
        /// The sentence.
        text: String,
    },
    /// An adapter or a whole model, picked from all who could join.
    Model,
    /// One model against another.
    Contrast {
        /// Its name.
        name: String,
        /// Whose likes count.
        expert: Option<Place>,
        /// Whose likes count against.
        amateur: Option<Place>,
    },
}

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// A sentence.
    Sentence,
    /// An adapter or a whole model.
    Model,
    /// One model against another.
    Contrast,
}

impl FormKind {
    /// All forms, in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Sentence, Self::Model, Self::Contrast];

    /// Words on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sentence => "Describe it…",
            Self::Model => "Adapter or model…",
            Self::Contrast => "Expert and amateur…",
        }
    }

    /// What it makes, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Sentence => {
                "Say in a sentence what is wanted: the base reads the prompt with it and without it, and what the sentence changes becomes the objective"
            }
            Self::Model => {
                "A reward model: an adapter over the base, or a whole model with the same tokens"
            }
            Self::Contrast => {
                "What one model likes more than another, for example a trained model more than its untrained self"
            }
        }
    }

    /// The form, still empty.
    #[must_use]
    pub const fn blank(self) -> Form {
        match self {
            Self::Sentence => Form::Sentence {
                name: String::new(),
                text: String::new(),
            },
            Self::Model => Form::Model,
            Self::Contrast => Form::Contrast {
                name: String::new(),
                expert: None,
                amateur: None,
            },
        }
    }
}

impl Form {
    /// Which form it is.
    #[must_use]
    pub const fn kind(&self) -> FormKind {
        match self {
            Self::Sentence { .. } => FormKind::Sentence,
            Self::Model => FormKind::Model,
            Self::Contrast { .. } => FormKind::Contrast,
        }
    }
}

/// Sentences to start from: a name and what the base is told.
pub const SENTENCES: [(&str, &str); 6] = [
    (
        "helpful",
        "You are a helpful assistant. Give concrete, complete and useful answers.",
    ),
    (
        "harmless",
        "You are a careful assistant. Never write anything hurtful, dangerous or illegal; where a request asks for it, say no kindly and offer something better.",
    ),
    (
        "humorous",
        "You are a witty assistant. Make every answer funny.",
    ),
    (
        "brief",
        "You are a terse assistant. Answer in as few words as possible.",
    ),
    (
        "kind",
        "You are a warm and gentle assistant. Be kind in every sentence.",
    ),
    (
        "plain",
        "You explain everything in plain words that a ten-year-old understands.",
    ),
];

/// The row for a file to be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Whether a lineup is to be written there; else one is to be read.
    pub writes: bool,
    /// What stands in its box.
    pub path: String,
}
