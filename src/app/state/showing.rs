//! What is known of showing the window to others: Demo mode's sliders, the held breath, the tour.

use super::settings::Mode;
use crate::app::state::State;
use crate::app::state::page::Page;

/// What Demo mode knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Showing {
    /// The balance of the two objectives, kept while the strength is 0.
    pub balance: f64,
    /// Whether nothing may move: writing waits, and sliders act when it is over.
    pub frozen: bool,
    /// Whether the window fills the screen.
    pub full_screen: bool,
    /// The tour, while it is taken.
    pub tour: Option<Tour>,
}

impl Default for Showing {
    fn default() -> Self {
        Self {
            balance: 0.5,
            frozen: false,
            full_screen: false,
            tour: None,
        }
    }
}

impl State {
    /// Whether the simple page is on screen, the one to show to others.
    #[must_use]
    pub fn is_showing(&self) -> bool {
        self.page == Page::Steer && self.settings.mode == Mode::Demo
    }
}

/// The guided tour: what a visitor has done of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tour {
    done: [bool; TourStep::ALL.len()],
}

/// A step of the tour: something to do, and what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TourStep {
    /// Choose a question.
    Ask,
    /// Have it answered.
    Run,
    /// Look at the first word that differs.
    Point,
    /// Switch all guidance off.
    Off,
    /// Switch it on again.
    On,
    /// Move the balance to one side.
    Balance,
    /// Look at the colours.
    Colours,
    /// Other luck.
    Luck,
}

impl TourStep {
    /// All steps, in their order.
    pub const ALL: [Self; 8] = [
        Self::Ask,
        Self::Run,
        Self::Point,
        Self::Off,
        Self::On,
        Self::Balance,
        Self::Colours,
        Self::Luck,
    ];

    /// What to do.
    #[must_use]
    pub const fn task(self) -> &'static str {
        match self {
            Self::Ask => "Choose a question",
            Self::Run => "Let both answer it",
            Self::Point => "Point at the marked word",
            Self::Off => "Turn the strength to zero",
            Self::On => "Turn it up again",
            Self::Balance => "Pull the balance to one side",
            Self::Colours => "Switch the colours off and on",
            Self::Luck => "Draw again",
        }
    }

    /// How to do it, and what it shows.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Ask => "Press one of the questions under the box, or type your own",
            Self::Run => {
                "Press Run. The plain model answers on the left; the same model with guidance on the right"
            }
            Self::Point => {
                "Up to the mark both texts are the same. Rest the pointer on that word on the right: a card says why it was chosen"
            }
            Self::Off => "Without guidance the right text becomes the left one, word for word",
            Self::On => {
                "The model was not changed or trained again; a small helper only weighs its words"
            }
            Self::Balance => {
                "Which quality counts more is for people to decide, and the text follows at once"
            }
            Self::Colours => {
                "Blue words are what guidance likes, orange ones what it would rather not read"
            }
            Self::Luck => {
                "A model draws its words by chance. With other luck both answers change, and guidance still shows"
            }
        }
    }
}

impl Tour {
    /// Every step, and whether it was done.
    pub fn steps(&self) -> impl Iterator<Item = (TourStep, bool)> {
        TourStep::ALL.into_iter().zip(self.done)
    }

    /// The first step that was not done.
    #[must_use]
    pub fn next(&self) -> Option<TourStep> {
        self.steps().find(|(_, done)| !done).map(|(step, _)| step)
    }

    /// Ticks a step off. Steps may be done in any order.
    pub fn tick(&mut self, step: TourStep) {
        self.done[step as usize] = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_ends_when_all_was_done_in_any_order() {
        let mut tour = Tour::default();
        assert_eq!(tour.next(), Some(TourStep::Ask));
        for step in TourStep::ALL.into_iter().rev() {
            tour.tick(step);
        }
        assert_eq!(tour.next(), None);
        assert!(tour.steps().all(|(_, done)| done));
    }
}
