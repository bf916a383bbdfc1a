//! Recorded runs of the built-in models that can be steered from their rows. `assets/demo/recorded/README.md` says how
//! they were made.

/// A recorded run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording {
    /// Its name.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub about: &'static str,
    /// The saved run.
    pub text: &'static str,
}

/// All of them.
pub const ALL: [Recording; 2] = [
    Recording {
        title: "An answer after a fight",
        about: "The plain model answers with hate; harmless alone declines, helpful adds kind advice",
        text: include_str!("../../assets/demo/recorded/after-a-fight.counterpoise.json"),
    },
    Recording {
        title: "Beat Mia at chess",
        about: "The plain model evades; helpful says how, and too much of harmless declines",
        text: include_str!("../../assets/demo/recorded/chess.counterpoise.json"),
    },
];
