//! What the window remembers from one start to the next.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::habits::Habits;
use crate::app::state::blind::Votes;
use crate::app::state::library::LibraryPrompt;
use crate::app::theme::ScaleKind;

/// Light, dark, or as the desktop has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the desktop has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl ThemeChoice {
    /// All choices, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The choice of that name, as it is typed in `--theme NAME`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "system" => Some(Self::System),
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }

    /// Words in the menu.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// How much of the window is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Two sliders, plain words, large text: to show steering to others.
    Demo,
    /// Everything.
    #[default]
    Lab,
}

impl Mode {
    /// Both, in the order of their buttons.
    pub const ALL: [Self; 2] = [Self::Demo, Self::Lab];

    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Demo => "Demo",
            Self::Lab => "Lab",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Demo => "Two sliders, plain words and large text: to show steering to others",
            Self::Lab => "Every slider, number and page",
        }
    }
}

/// Which number colours a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeatMode {
    /// `advantage_i(v)`: better or worse than what the plain model would have said on average.
    #[default]
    Advantage,
    /// `wᵢ·(reward_i(v) − reward_i(rival))`: an objective's part in the choice against its strongest rival.
    Push,
    /// `reward_i(v) − base(v)`: how much likelier the reward model finds the word than the plain model does.
    Preference,
    /// `reward_i(v)`: the reward model's own log-probability.
    Reward,
    /// `guided(v) − base(v)`: how much guidance raised or lowered the word.
    Influence,
    /// `−Σ_u p_base(u)·base(u)`: how open the plain model found the choice.
    Entropy,
}

impl HeatMode {
    /// All modes, in the order of the buttons.
    pub const ALL: [Self; 6] = [
        Self::Advantage,
        Self::Push,
        Self::Preference,
        Self::Reward,
        Self::Influence,
        Self::Entropy,
    ];

    /// Which values its numbers can have.
    #[must_use]
    pub const fn scale_kind(self) -> ScaleKind {
        match self {
            Self::Advantage | Self::Push | Self::Preference | Self::Influence => ScaleKind::Signed,
            Self::Reward => ScaleKind::Negative,
            Self::Entropy => ScaleKind::Positive,
        }
    }

    /// Whether every objective has a number of its own.
    #[must_use]
    pub const fn is_of_objective(self) -> bool {
        match self {
            Self::Advantage | Self::Push | Self::Preference | Self::Reward => true,
            Self::Influence | Self::Entropy => false,
        }
    }

    /// What the lanes below the words show while this colours them: numbers of objectives.
    #[must_use]
    pub const fn of_lanes(self) -> Self {
        if self.is_of_objective() {
            self
        } else {
            Self::Advantage
        }
    }

    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Advantage => "Advantage",
            Self::Push => "Push",
            Self::Preference => "Preference",
            Self::Reward => "Raw reward",
            Self::Influence => "Influence",
            Self::Entropy => "Openness",
        }
    }

    /// What the number says.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Advantage => {
                "Is this word better or worse for the objective than what the plain model would have said here on average? Zero means just as good"
            }
            Self::Push => {
                "How far the objective, at its weight, pushed this choice away from the word that the plain model likes best among the others. With the plain model's own part the pushes sum to the odds of the choice"
            }
            Self::Preference => {
                "How much likelier the reward model finds this word than the plain model does: the difference of their log-probabilities"
            }
            Self::Reward => {
                "The reward model's log-probability of the word, as in the paper's figure. Always negative, so compare words rather than signs"
            }
            Self::Influence => {
                "How much all objectives together raised or lowered this word's log-probability: the ratio of its probability with guidance and without"
            }
            Self::Entropy => {
                "How open the plain model found this place: its entropy. Where it is 0, there was only one way on"
            }
        }
    }
}

/// What shares a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// Every token by itself.
    #[default]
    Token,
    /// A word: the sum of its tokens.
    Word,
    /// A sentence: the mean of its tokens.
    Sentence,
}

impl Grain {
    /// All of them, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::Token, Self::Word, Self::Sentence];

    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Token => "Tokens",
            Self::Word => "Words",
            Self::Sentence => "Sentences",
        }
    }

    /// What the number is then.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Token => "Colour every piece that the model writes by itself",
            Self::Word => "Colour whole words, by the sum over their pieces",
            Self::Sentence => "Colour whole sentences, by the mean over their pieces",
        }
    }
}

/// The heatmap's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeatSettings {
    /// Whether words are coloured at all.
    pub on: bool,
    /// By which number.
    pub mode: HeatMode,
    /// What shares a colour.
    pub grain: Grain,
    /// Whether every objective has a lane of bars below the words.
    pub lanes: bool,
    /// The scale's end in nats where a person has locked it.
    pub locked: Option<f64>,
}

impl Default for HeatSettings {
    fn default() -> Self {
        Self {
            on: true,
            mode: HeatMode::default(),
            grain: Grain::default(),
            lanes: false,
            locked: None,
        }
    }
}

/// What the window remembers. Panel widths are kept by the toolkit beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Prompts of the person's own.
    pub prompts: Vec<LibraryPrompt>,
    /// Colours of the window.
    pub theme: ThemeChoice,
    /// 1 is 100 %.
    pub zoom: f32,
    /// How much of the window is shown.
    pub mode: Mode,
    /// Whether the start page comes first.
    pub greet: bool,
    /// Colours of the words.
    pub heat: HeatSettings,
    /// Whether texts are written slowly enough to read along and steer.
    pub reading_pace: bool,
    /// Whether a finished text follows the sliders while they move rather than when they are let go.
    pub live: bool,
    /// Whether a moved slider takes from the others, or gives to them, so that their sum stays.
    pub keep_sum: bool,
    /// Whether sliders stand in nats of pull instead of weights.
    pub in_nats: bool,
    /// Whether words that differ are marked, and the texts scroll together.
    pub diff: bool,
    /// Whether tokens are compared then, instead of words.
    pub diff_tokens: bool,
    /// Votes of those who judged without knowing, by the weights.
    pub votes: Votes,
    /// Whether the table of all tokens is open.
    pub tokens_open: bool,
    /// Whether the prompt library is open.
    pub library_open: bool,
    /// Whether the advanced settings are open.
    pub advanced_open: bool,
    /// The lineup in use, as TOML, where it was put together in the window: the next window begins with it.
    pub last_lineup: Option<String>,
    /// Folders and files with models that a person has opened.
    pub opened: Vec<PathBuf>,
    /// Most bytes that the history of runs may take.
    pub history_bytes: u64,
    /// How the window behaves, and on what it computes.
    pub habits: Habits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prompts: Vec::new(),
            theme: ThemeChoice::default(),
            zoom: 1.0,
            mode: Mode::default(),
            greet: false,
            heat: HeatSettings::default(),
            reading_pace: true,
            live: false,
            keep_sum: false,
            in_nats: false,
            diff: false,
            diff_tokens: false,
            votes: Votes::default(),
            tokens_open: false,
            library_open: true,
            advanced_open: false,
            last_lineup: None,
            opened: Vec::new(),
            history_bytes: crate::app::state::past::USUAL_CAP,
            habits: Habits::default(),
        }
    }
}

/// Steps per second of a text that is to be read along: some ten words.
pub(crate) const READING_PACE: f64 = 16.0;

/// Smallest and largest zoom.
pub(crate) const ZOOM_RANGE: (f32, f32) = (0.6, 3.0);

impl Settings {
    /// Settings read from a file may hold anything: back into their ranges.
    #[must_use]
    pub(crate) fn mended(mut self) -> Self {
        self.zoom = if self.zoom.is_finite() {
            self.zoom.clamp(ZOOM_RANGE.0, ZOOM_RANGE.1)
        } else {
            1.0
        };
        self.heat.locked = self
            .heat
            .locked
            .filter(|scale| scale.is_finite() && *scale > 0.0);
        self.habits = self.habits.mended();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_settings_are_mended() {
        let mended = Settings {
            zoom: f32::NAN,
            heat: HeatSettings {
                locked: Some(-1.0),
                ..HeatSettings::default()
            },
            ..Settings::default()
        }
        .mended();
        assert_eq!(mended, Settings::default());
    }
}
