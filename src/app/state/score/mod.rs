//! What the Score page knows: texts that a person gives, and the numbers of each of their words.

mod batch;
mod exchange;
mod sheet;

pub use batch::{
    Batch, BatchFile, BatchPhase, BatchRun, BatchSaved, FileAnswer, FileRequest, Wanted,
};
pub use exchange::{BUILT_IN, Exchange, NoExchange, OBJECTIVE};
pub use sheet::{Draft, Sheet, Side, SidePhase, pane_of};

use crate::app::state::State;
use crate::app::state::page::Page;
use crate::app::state::rejudged::ReweightRequest;
use crate::app::state::run::Run;

/// The parts of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// An answer, or two to compare.
    #[default]
    Answers,
    /// Two sentences that differ in one word.
    OneWord,
    /// Every answer of a file.
    File,
}

impl Tab {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Answers, Self::OneWord, Self::File];

    /// The words on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Answers => "Answers",
            Self::OneWord => "One word exchanged",
            Self::File => "A file",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Answers => "Score an answer word by word, or compare two",
            Self::OneWord => {
                "Two sentences that differ in one word, and the one number that tells them apart"
            }
            Self::File => "Score every answer of a file, and keep the sums as a table",
        }
    }
}

/// Everything that the page knows.
#[derive(Debug, Default)]
pub struct Scoring {
    /// The part on screen.
    pub tab: Tab,
    /// An answer, or two to compare.
    pub answers: Sheet,
    /// Two sentences that differ in one word.
    pub sentences: Sheet,
    /// The objective whose numbers the two sentences show, where a person chose one.
    pub objective: Option<usize>,
    /// Every answer of a file.
    pub batch: Batch,
    /// Numbers have come since [`crate::app::update::settle`].
    pub(crate) unsettled: bool,
}

impl Scoring {
    /// The texts on screen, where the part on screen has such.
    #[must_use]
    pub const fn sheet(&self) -> Option<&Sheet> {
        match self.tab {
            Tab::Answers => Some(&self.answers),
            Tab::OneWord => Some(&self.sentences),
            Tab::File => None,
        }
    }

    /// The same, to write to.
    pub(crate) const fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        match self.tab {
            Tab::Answers => Some(&mut self.answers),
            Tab::OneWord => Some(&mut self.sentences),
            Tab::File => None,
        }
    }

    /// Whether the part on screen has something to stop.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self.sheet() {
            Some(sheet) => sheet.is_busy(),
            None => self.batch.active().is_some(),
        }
    }

    /// Lets nothing of the page go on: for a window that is closed.
    pub(crate) fn stop_all(&mut self) {
        self.answers.stop();
        self.sentences.stop();
        if let Some(run) = self.batch.active() {
            run.cancel.cancel();
        }
    }

    /// Whether anything on the page is still to come.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.answers.is_busy()
            || self.sentences.is_busy()
            || self.batch.active().is_some()
            || self.batch.is_waiting()
    }
}

impl State {
    /// The run whose texts are on screen: on the Score page that of the scored texts.
    #[must_use]
    pub fn looked_at(&self) -> Option<&Run> {
        match self.page {
            Page::Score => self.score.sheet()?.run.as_ref(),
            Page::Start
            | Page::Steer
            | Page::Models
            | Page::Train
            | Page::Tradeoff
            | Page::Runs => self.run(),
        }
    }

    /// What to ask the re-judging thread, where the numbers of scored texts do not follow the sliders yet.
    #[must_use]
    pub fn scored_request(&self) -> Option<ReweightRequest> {
        let sheet = self.score.sheet().filter(|_| self.page == Page::Score)?;
        sheet.reweight_request(&self.draft.effective_weights())
    }

    /// The objective whose numbers the two sentences of [`Tab::OneWord`] show.
    #[must_use]
    pub fn exchange_objective(&self) -> usize {
        let objectives = self.objectives();
        let usual = || {
            let mut names = objectives.iter().map(|objective| objective.name.as_str());
            names.position(|name| name == OBJECTIVE).unwrap_or(0)
        };
        let chosen = self.score.objective;
        chosen
            .filter(|&chosen| chosen < objectives.len())
            .unwrap_or_else(usual)
    }
}
