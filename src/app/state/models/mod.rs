//! The Models page: what is at hand, and the lineup that is being put together.

pub mod estimate;
pub mod form;
pub mod hub;
pub mod plan;
pub mod steps;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::CancelToken;
use crate::error::Failure;
use crate::worker::Command;
use crate::worker::shelf::{
    Base, Fit, Found, FoundModel, Place, ReadyLineup, SavedLineup, Subject,
};

use estimate::Estimated;
use form::{FileRow, Form};
use hub::Hub;
use plan::Plan;
use steps::Steps;

/// Everything that the page knows.
#[derive(Debug, Default)]
pub struct Models {
    /// The folder of saved lineups; none where the system has no place for a program's data.
    pub folder: Option<PathBuf>,
    /// Whether models and lineups have been asked for.
    pub begun: bool,
    /// Stops the search for models that is going on.
    pub looking: Option<CancelToken>,
    /// The models at hand.
    pub found: Found,
    /// Lineups that come with the program.
    pub ready: Vec<ReadyLineup>,
    /// Lineups that a person saved, by name.
    pub saved: Vec<SavedLineup>,
    /// The lineup that is being put together.
    pub plan: Plan,
    /// The ways back to what it was.
    pub steps: Steps,
    /// Who could join the base.
    pub fits: BTreeMap<Subject, Fit>,
    /// The question about it that is being answered.
    pub judging: Option<Judging>,
    /// What a lineup takes in memory: that in hand, unless it has changed since.
    pub estimated: Option<Estimated>,
    /// Why the base cannot be read.
    pub base_problem: Option<Failure>,
    /// Number of the next question.
    pub(crate) next_serial: u64,
    /// What the right column shows.
    pub side: Side,
    /// Models on the Hugging Face Hub.
    pub hub: Hub,
    /// What the list of models is narrowed down to.
    pub search: String,
    /// What stands in the box for a path.
    pub path: String,
    /// The form for a new objective.
    pub form: Option<Form>,
    /// The row for a file to be read or written.
    pub file_row: Option<FileRow>,
    /// Whether the lineup that is being opened is to be kept.
    pub importing: bool,
    /// The objective whose details are unfolded.
    pub unfolded: Option<usize>,
    /// The file dialog that is open.
    pub dialog: Option<Dialog>,
    /// What happened last.
    pub note: Option<Note>,
    /// What would do once more what has failed.
    pub retry: Option<Command>,
}

/// What the right column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Models on this computer.
    #[default]
    AtHand,
    /// Models on the Hugging Face Hub.
    Hub,
    /// What is being fetched.
    Downloads,
}

impl Side {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::AtHand, Self::Hub, Self::Downloads];
}

/// A question about who could join.
#[derive(Debug, Clone)]
pub struct Judging {
    /// Its number.
    pub serial: u64,
    /// The base that it is about.
    pub base: Base,
    /// Who is asked about.
    pub subjects: Vec<Subject>,
    /// Stops it.
    pub cancel: CancelToken,
}

/// A file dialog of the desktop.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// Its number.
    pub serial: u64,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was asked for, on the window's clock, seconds.
    pub since_secs: f64,
}

/// What became of a file dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialogAnswer {
    /// A path.
    Chosen(PathBuf),
    /// A person closed it.
    Closed,
    /// The desktop has none to offer.
    NeverShown,
}

/// What a file dialog is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A folder with models.
    ModelFolder,
    /// A model in one file, or a lineup.
    ModelFile,
    /// A lineup to be read.
    Import,
    /// A file for a lineup to be written to; the name that it is offered under.
    Export(String),
}

/// What happened last, in a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The sentence.
    pub words: String,
    /// The lineup that was deleted and can be brought back.
    pub deleted: Option<Box<SavedLineup>>,
}

/// Seconds after which a file dialog that has not answered may not have come at all.
pub const PATIENCE_SECS: f64 = 5.0;

impl Note {
    /// A sentence by itself.
    pub fn of(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            deleted: None,
        }
    }
}

impl Models {
    /// The model at a place, where it is at hand.
    #[must_use]
    pub fn model(&self, place: &Place) -> Option<&FoundModel> {
        self.found.models.iter().find(|model| model.place == *place)
    }

    /// Whether a place has to be downloaded first. A list that is not there yet says nothing.
    #[must_use]
    pub fn is_away(&self, place: &Place) -> bool {
        match place {
            Place::Hub { .. } => {
                self.looking.is_none()
                    && self.begun
                    && self
                        .model(place)
                        .is_none_or(|model| !model.missing.is_empty())
            }
            Place::Path(_) | Place::BuiltIn(_) => false,
        }
    }

    /// What a saved lineup is in the list by.
    #[must_use]
    pub fn saved_at(&self, file: &std::path::Path) -> Option<&SavedLineup> {
        self.saved.iter().find(|saved| saved.file == file)
    }

    /// Whether the lineup differs from what is saved of it, or from nothing.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        let Some(lineup) = self.plan.lineup() else {
            return !self.plan.is_blank();
        };
        let saved = self
            .plan
            .file
            .as_deref()
            .and_then(|file| self.saved_at(file));
        match saved {
            Some(saved) => saved.lineup.as_ref() != Ok(&lineup),
            None => !self.ready.iter().any(|ready| ready.lineup == lineup),
        }
    }

    /// Everyone who could join: the lineup's own first, then what is at hand.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let own = self.plan.objectives.iter().flat_map(plan::subjects);
        let at_hand = self.found.models.iter().map(|model| {
            let place = model.place.clone();
            if model.is_adapter() {
                Subject::Adapter(place)
            } else {
                Subject::Model(place)
            }
        });
        let mut subjects = vec![Subject::Sentence];
        for subject in own.chain(at_hand) {
            if !subjects.contains(&subject) && !self.is_away(subject_place(&subject)) {
                subjects.push(subject);
            }
        }
        subjects
    }

    /// Whether it is known that somebody can or cannot join.
    #[must_use]
    pub fn fit(&self, subject: &Subject) -> Option<&Fit> {
        self.fits.get(subject)
    }
}

fn subject_place(subject: &Subject) -> &Place {
    const NOWHERE: &Place = &Place::BuiltIn(String::new());
    match subject {
        Subject::Sentence => NOWHERE,
        Subject::Adapter(place) | Subject::Model(place) => place,
    }
}

#[cfg(test)]
pub(crate) mod tests;
