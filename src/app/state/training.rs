//! The page for reward models of one's own: what is being prepared, what is being trained, what was trained before.

mod curves;
mod dialog;
mod draft;
mod joining;

pub use curves::{Curve, Curves, Point, thinned};
pub use dialog::{Dialog, Purpose};
pub(crate) use draft::name_for;
pub use draft::{BaseChoice, TrainDraft, typed_path, usable_name};
pub use joining::{JoinAnswer, JoinRequest};

use std::path::{Path, PathBuf};

use crate::domain::{LineupSource, RunId};
use crate::error::Failure;
use crate::train::data::{BadLine, Label, Pair, survey};
use crate::train::events::{DataReport, EvalReport, Plan, StepReport};
use crate::train::order::ArmOrder;
use crate::train::record::Found;
use crate::train::removal::{Removal, RemovalDone, Removed};
use crate::train::run::Summary;
use crate::train::trainer::{Command, Control};

/// Pairs that a preview holds.
const SHOWN_PAIRS: usize = 200;
/// Bad lines that a preview names.
const SHOWN_FAULTS: usize = 500;

/// Everything that the page knows.
#[derive(Debug, Default)]
pub struct Training {
    /// What the next training would be.
    pub draft: TrainDraft,
    /// What its file of pairs holds.
    pub preview: Preview,
    /// Which of the pairs in the preview is shown.
    pub shown_pair: usize,
    /// The training on screen.
    pub run: Option<TrainRun>,
    /// Trainings of before, by name.
    pub found: Vec<Found>,
    /// The folder that holds a folder for each training; none where there is no place for it.
    pub root: Option<PathBuf>,
    /// Whether the rarer settings are unfolded.
    pub more_open: bool,
    /// The file dialog that is open.
    pub dialog: Option<Dialog>,
    /// Whether the desktop had no file dialog to show when it was asked for one.
    pub no_dialog: bool,
    /// The lineup in use is to be changed so.
    pub joining: Option<JoinRequest>,
    /// The lineup from before a change that has not been loaded yet.
    pub lineup_before: Option<LineupSource>,
    /// Trainings that were deleted and can be brought back, the last one first.
    pub removed: Vec<Removed>,
    /// What is being deleted or brought back.
    pub removing: Option<RemovalRequest>,
    /// What the trainer is to be told; the window takes it out.
    pub outbox: Vec<Command>,
    /// Number of the last question for a preview.
    pub(crate) next_preview: u64,
    /// Number of the last training.
    pub(crate) next_run: u64,
    /// Number of the last change of a lineup.
    pub(crate) next_join: u64,
    /// Number of the last deletion.
    pub(crate) next_removal: u64,
    /// Number of the last file dialog.
    pub(crate) next_dialog: u64,
}

/// A training that is to be deleted or brought back.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovalRequest {
    /// Number of the question; the answer carries it.
    pub serial: u64,
    /// What is to be done.
    pub removal: Removal,
}

impl RemovalRequest {
    /// Moves folders: for a thread of its own.
    #[must_use]
    pub fn answer(self) -> (u64, RemovalDone) {
        (self.serial, self.removal.carry_out())
    }
}

/// What is known of a file of pairs.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Preview {
    /// No file has been named.
    #[default]
    None,
    /// It is being read.
    Reading(PreviewRequest),
    /// It was read.
    Ready(DataPreview),
    /// It cannot be read.
    Failed(Failure),
}

/// A file to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRequest {
    /// Number of the question; the answer carries it.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// Which of two judgements to follow.
    pub label: Option<Label>,
}

/// What was found in a file of pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPreview {
    /// The file.
    pub path: PathBuf,
    /// Good pairs in it.
    pub count: usize,
    /// The first of them.
    pub pairs: Vec<Pair>,
    /// Lines that will be left out.
    pub faults: usize,
    /// The first of them, each with its reason.
    pub skipped: Vec<BadLine>,
    /// Whether its lines are judged twice, so that a label must be chosen.
    pub labelled: bool,
}

/// What came of a [`PreviewRequest`].
#[derive(Debug, Clone)]
pub struct PreviewAnswer {
    /// Number of the question.
    pub serial: u64,
    /// What was found.
    pub result: Result<DataPreview, Failure>,
}

impl PreviewRequest {
    /// Reads the file: slow work, for a thread of its own.
    #[must_use]
    pub fn answer(self) -> PreviewAnswer {
        let result = survey(&self.path, self.label)
            .map_err(Failure::from)
            .map(|found| DataPreview {
                path: self.path,
                count: found.pairs.len(),
                faults: found.skipped.len(),
                labelled: found.labelled,
                pairs: found.pairs.into_iter().take(SHOWN_PAIRS).collect(),
                skipped: found.skipped.into_iter().take(SHOWN_FAULTS).collect(),
            });
        PreviewAnswer {
            serial: self.serial,
            result,
        }
    }
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Something is being read: what, in words.
    Preparing(&'static str),
    /// It learns.
    Learning,
    /// It is to wait, and does so after the step in hand.
    Pausing,
    /// It waits.
    Paused,
    /// It is to stop.
    Stopping,
    /// A person stopped it.
    Stopped {
        /// Whether it can go on.
        saved: bool,
    },
    /// It has learnt, and its result is on disk.
    Done(Summary),
    /// It failed.
    Failed(Failure),
}

/// A training on screen.
#[derive(Debug)]
pub struct TrainRun {
    /// Its name among the trainer's runs.
    pub id: RunId,
    /// The objective's name.
    pub name: String,
    /// What was ordered.
    pub order: ArmOrder,
    /// A person's hand on it.
    pub control: Control,
    /// How far it is.
    pub phase: Phase,
    /// What was read: the pairs, and those that only judge where they come from a file of their own.
    pub data: Vec<DataReport>,
    /// Facts from before the first step.
    pub plan: Option<Plan>,
    /// Numbers of every step.
    pub curves: Curves,
    /// The last step.
    pub last: Option<StepReport>,
    /// Judgements of the held-out pairs, in order.
    pub judged: Vec<EvalReport>,
    /// Steps that the newest checkpoint holds.
    pub saved: Option<u64>,
    /// Whether the failure's details are unfolded.
    pub details_open: bool,
}

impl TrainRun {
    /// A training that has just been asked for.
    #[must_use]
    pub fn new(id: RunId, name: String, order: ArmOrder) -> Self {
        Self {
            id,
            name,
            order,
            control: Control::default(),
            phase: Phase::Preparing("Starting"),
            data: Vec::new(),
            plan: None,
            curves: Curves::default(),
            last: None,
            judged: Vec::new(),
            saved: None,
            details_open: false,
        }
    }

    /// Whether it still works or waits.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match self.phase {
            Phase::Preparing(_)
            | Phase::Learning
            | Phase::Pausing
            | Phase::Paused
            | Phase::Stopping => true,
            Phase::Stopped { .. } | Phase::Done(_) | Phase::Failed(_) => false,
        }
    }

    /// Steps done and steps in all, once they are known.
    #[must_use]
    pub fn steps(&self) -> Option<(u64, u64)> {
        let plan = self.plan.as_ref()?;
        let done = self.last.as_ref().map_or(plan.resumed, |last| last.step);
        Some((done, plan.steps))
    }

    /// Seconds until it has learnt, as its last steps went; none before the first step of this sitting.
    #[must_use]
    pub fn secs_left(&self) -> Option<f64> {
        let (done, all) = self.steps()?;
        Some(self.curves.secs_per_step()? * (all - done.min(all)) as f64)
    }
}

impl Training {
    /// The training on screen, while it works or waits.
    #[must_use]
    pub fn active(&self) -> Option<&TrainRun> {
        self.run.as_ref().filter(|run| run.is_active())
    }

    /// The file to be looked at, where that is to be done.
    #[must_use]
    pub fn preview_request(&self) -> Option<&PreviewRequest> {
        match &self.preview {
            Preview::Reading(request) => Some(request),
            Preview::None | Preview::Ready(_) | Preview::Failed(_) => None,
        }
    }

    /// The preview, where the file could be read.
    #[must_use]
    pub fn data(&self) -> Option<&DataPreview> {
        match &self.preview {
            Preview::Ready(data) => Some(data),
            Preview::None | Preview::Reading(_) | Preview::Failed(_) => None,
        }
    }

    /// The folder of an objective of this name.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join(name))
    }

    /// The training of before that has this folder.
    #[must_use]
    pub fn found_at(&self, folder: &Path) -> Option<&Found> {
        let mut all = self.found.iter();
        all.find(|found| found.record.order.out == folder)
    }
}
