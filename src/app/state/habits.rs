//! What a person sets once: how the window looks and behaves, and on what it computes. Kept in the settings' file.

use serde::{Deserialize, Serialize};

use super::State;
use super::settings::{HeatSettings, Settings};

/// When the card of a word under the pointer opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardHabit {
    /// A moment after the pointer has come to rest.
    #[default]
    Hover,
    /// Only while Ctrl is held.
    WithCtrl,
    /// Never: a click opens it.
    Click,
}

impl CardHabit {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Hover, Self::WithCtrl, Self::Click];

    /// Words on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hover => "On pointing",
            Self::WithCtrl => "With Ctrl",
            Self::Click => "On a click",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Hover => "The card opens when the pointer rests on a word for a moment",
            Self::WithCtrl => "The card opens only while Ctrl is held and the pointer is on a word",
            Self::Click => "The card opens only when a word is clicked",
        }
    }
}

/// A sheet over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// What is set once.
    Settings,
    /// What was told.
    Messages,
    /// What this program is.
    About,
}

impl Sheet {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 3] = [Self::Settings, Self::Messages, Self::About];

    /// The word on its tab.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Messages => "Messages",
            Self::About => "About",
        }
    }
}

/// What models are computed on, as a person may choose it in this build: name and words.
pub const DEVICES: &[(&str, &str)] = &[
    ("auto", "The best there is"),
    ("cpu", "Processor"),
    #[cfg(feature = "cuda")]
    ("cuda", "Graphics card"),
    #[cfg(feature = "metal")]
    ("metal", "Graphics card"),
];

/// Smallest and largest size of the texts, per cent.
pub(crate) const TEXT_RANGE: (u32, u32) = (75, 200);

/// Most threads that can be asked for.
pub(crate) const MOST_THREADS: usize = 1024;

/// What a person sets once, beside theme, zoom and colours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// Size of what the models write, per cent of the usual one.
    pub text_percent: u32,
    /// When cards open.
    pub cards: CardHabit,
    /// Whether scroll bars are always seen.
    pub scroll_bars: bool,
    /// Whether nothing on screen moves or fades by itself.
    pub still: bool,
    /// Whether Demo mode hides what the plain model writes until it is pointed at.
    pub blur: bool,
    /// Threads on the processor; as many as it has where nothing is said.
    pub threads: Option<usize>,
    /// What models are computed on, by its name in [`DEVICES`]; the best there is where nothing is said.
    pub device: Option<String>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            text_percent: 100,
            cards: CardHabit::default(),
            scroll_bars: false,
            still: false,
            blur: false,
            threads: None,
            device: None,
        }
    }
}

impl Habits {
    /// Back into the ranges; a device that this build does not have is forgotten.
    #[must_use]
    pub(crate) fn mended(mut self) -> Self {
        self.text_percent = self.text_percent.clamp(TEXT_RANGE.0, TEXT_RANGE.1);
        self.threads =
            (self.threads.filter(|&threads| threads > 0)).map(|threads| threads.min(MOST_THREADS));
        self.device = self
            .device
            .filter(|name| name != "auto" && DEVICES.iter().any(|(known, _)| known == name));
        self
    }

    /// The size of what the models write, beside the usual one.
    #[must_use]
    pub fn text_factor(&self) -> f32 {
        self.text_percent as f32 / 100.0
    }
}

impl Settings {
    /// The same with what the settings' sheet shows as it usually is.
    #[must_use]
    pub(crate) fn usual(&self) -> Self {
        self.with_sheet_of(&Self::default())
    }

    /// The same with what the settings' sheet shows of `other`. What was opened and where one is stays, and so does the
    /// history's limit: runs that a lower one removes do not come back.
    #[must_use]
    pub(crate) fn with_sheet_of(&self, other: &Self) -> Self {
        Self {
            theme: other.theme,
            zoom: other.zoom,
            heat: HeatSettings {
                on: other.heat.on,
                locked: other.heat.locked,
                ..self.heat
            },
            reading_pace: other.reading_pace,
            habits: other.habits.clone(),
            ..self.clone()
        }
    }
}

impl State {
    /// Whether the card of a word under the pointer may open now.
    #[must_use]
    pub fn hover_opens_card(&self) -> bool {
        match self.settings.habits.cards {
            CardHabit::Hover => true,
            CardHabit::WithCtrl => self.focus.ctrl_held,
            CardHabit::Click => false,
        }
    }

    /// Whether what the plain model writes is hidden until it is pointed at.
    #[must_use]
    pub fn blurs_base(&self) -> bool {
        self.is_showing() && self.settings.habits.blur
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_out_of_range_are_mended() {
        let broken = Habits {
            text_percent: 9000,
            threads: Some(0),
            device: Some("abacus".to_owned()),
            ..Habits::default()
        };
        let mended = broken.mended();
        assert_eq!(mended.text_percent, 200);
        assert_eq!((mended.threads, mended.device), (None, None));
        let many = Habits {
            threads: Some(1_000_000),
            device: Some("cpu".to_owned()),
            ..Habits::default()
        };
        let many = many.mended();
        assert_eq!(many.threads, Some(MOST_THREADS));
        assert_eq!(many.device.as_deref(), Some("cpu"));
    }

    #[test]
    fn settings_without_habits_and_with_unknown_ones_can_be_read() {
        let old: Settings = serde_json::from_str(r#"{"zoom": 1.5}"#).unwrap();
        assert_eq!(old.habits, Habits::default());
        let text = r#"{"habits": {"cards": "with-ctrl", "of the future": 1}}"#;
        let new: Settings = serde_json::from_str(text).unwrap();
        assert_eq!(new.habits.cards, CardHabit::WithCtrl);
        assert_eq!(new.habits.text_percent, 100);
    }

    #[test]
    fn the_usual_settings_leave_what_is_not_on_the_sheet() {
        let mut settings = Settings {
            zoom: 2.0,
            opened: vec!["/models".into()],
            last_lineup: Some("lineup".to_owned()),
            history_bytes: 77,
            ..Settings::default()
        };
        settings.habits.blur = true;
        let usual = settings.usual();
        assert_eq!(
            usual,
            Settings {
                opened: settings.opened.clone(),
                last_lineup: settings.last_lineup.clone(),
                history_bytes: 77,
                ..Settings::default()
            }
        );
    }
}
