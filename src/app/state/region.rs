//! The parts of the window that F6 goes through, and where the keyboard is to be.

use super::State;
use super::page::Page;
use super::score::Tab;

/// A part of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    /// The list of prompts.
    Library,
    /// The prompt box.
    #[default]
    Prompt,
    /// The plain text.
    Base,
    /// The guided text.
    Guided,
    /// The sliders.
    Objectives,
    /// The table of all tokens.
    Tokens,
    /// On the Models page: the lists of lineups.
    Lineups,
    /// On the Models page: the lineup in hand.
    Composed,
    /// On the Models page: the models at hand.
    AtHand,
    /// Where something is prepared that takes a while.
    Setup,
    /// What came of that, and on the Runs page the list.
    Results,
    /// On the Runs page: files.
    Files,
}

/// A wish that the keyboard be somewhere; drawn panels grant it in the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FocusStep {
    /// Where.
    pub region: Region,
    /// Whether it is still to be granted.
    pub wanted: bool,
}

impl Page {
    /// Its parts, in the order of F6; a page begins in the last one.
    #[must_use]
    pub const fn regions(self) -> &'static [Region] {
        match self {
            Self::Start => &[],
            Self::Steer => &[
                Region::Base,
                Region::Guided,
                Region::Objectives,
                Region::Tokens,
                Region::Library,
                Region::Prompt,
            ],
            Self::Models => &[Region::Lineups, Region::Composed, Region::AtHand],
            Self::Train | Self::Tradeoff => &[Region::Setup, Region::Results],
            Self::Runs => &[Region::Results, Region::Files],
            Self::Score => &[
                Region::Setup,
                Region::Base,
                Region::Guided,
                Region::Results,
                Region::Objectives,
                Region::Tokens,
            ],
        }
    }
}

impl State {
    /// Whether the keyboard is wanted in a part of the window.
    #[must_use]
    pub fn wants_keyboard(&self, region: Region) -> bool {
        self.focus_step.wanted && self.focus_step.region == region
    }

    /// The next part of the page on screen that has anything to take the keyboard; none where no part has.
    pub(crate) fn next_region(&self) -> Option<Region> {
        let regions = self.page.regions();
        let now = regions
            .iter()
            .position(|region| *region == self.focus_step.region);
        let first = now.map_or(0, |now| now + 1);
        (regions.iter().cycle().skip(first))
            .take(regions.len())
            .copied()
            .find(|region| self.takes_keyboard(*region))
    }

    /// Whether a part of the page on screen is there and has anything to take the keyboard.
    fn takes_keyboard(&self, region: Region) -> bool {
        let showing = self.page == Page::Steer && self.is_showing();
        let texts = self.page != Page::Score || self.score.tab != Tab::File;
        match region {
            Region::Library => self.settings.library_open && !showing,
            Region::Base => texts && (self.looked_at()).is_some_and(|run| !run.base.is_empty()),
            Region::Guided => texts && (self.looked_at()).is_some_and(|run| !run.guided.is_empty()),
            Region::Objectives if self.page == Page::Score => {
                self.score.tab != Tab::OneWord && !self.draft.strips.is_empty()
            }
            Region::Objectives => !self.draft.strips.is_empty(),
            Region::Tokens => {
                let here = match self.page {
                    Page::Score => self.score.tab == Tab::Answers,
                    Page::Start
                    | Page::Steer
                    | Page::Models
                    | Page::Train
                    | Page::Tradeoff
                    | Page::Runs => !showing,
                };
                here && self.settings.tokens_open && self.hidden().is_none()
            }
            Region::Results => match self.page {
                Page::Tradeoff => self.tradeoff.sweep.is_some(),
                Page::Train => {
                    let training = &self.training;
                    training.run.is_some()
                        || !training.found.is_empty()
                        || !training.removed.is_empty()
                }
                Page::Score => self.score.tab == Tab::File && self.score.batch.run.is_some(),
                Page::Start | Page::Steer | Page::Models | Page::Runs => true,
            },
            Region::Prompt
            | Region::Lineups
            | Region::Composed
            | Region::AtHand
            | Region::Setup
            | Region::Files => true,
        }
    }
}
