//! The Trade-off page: what the next sweep would try, the sweep on screen, and how it is looked at.

mod curve;
mod dots;
mod matching;
mod saving;
pub mod scores;
mod setup;

use std::sync::Arc;

use crate::domain::{CancelToken, RunId};
use crate::engine::tradeoff::{Measure, Outcome, Reference};
use crate::error::Failure;
use crate::worker::sweep::{Pace, SweepRecord};

pub use curve::Curve;
pub use dots::Dot;
pub(in crate::app) use dots::{first_words, score_words, weights_words};
pub use matching::Matched;
pub use saving::{SaveAnswer, SaveRequest, Saved};
pub use scores::Scores;
pub use setup::{
    LONGEST_TEXT, MOST_RANDOM, MOST_SAMPLES, MOST_STEPS, PromptChoice, Setup, SweepWay, Swept,
};

/// How long the numbers of a growing sweep may lag behind its rows, seconds: working them out takes time itself.
pub(crate) const LAG_SECS: f64 = 0.25;

/// What is said where the desktop shows no file dialog.
pub(crate) const NO_DIALOG: &str = "Your desktop has no file dialog to offer: type the path";

/// What a file dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The file for the sweep.
    Sweep,
    /// The file for the texts that somebody is to score.
    Texts,
    /// The file with their scores.
    Scores,
}

/// Everything that the page knows.
#[derive(Debug, Default)]
pub struct Tradeoff {
    /// What the next sweep would try.
    pub setup: Setup,
    /// The sweep on screen.
    pub sweep: Option<Sweep>,
    /// How it is looked at.
    pub look: Look,
    /// Tokens per second of the last sweep with the models in use.
    pub speed: Option<f64>,
    /// What stands in the field for the file.
    pub path: String,
    /// The file dialog that is open, by its number and what it is for.
    pub dialog: Option<(u64, Wanted)>,
    /// Whether the desktop had no file dialog to show.
    pub no_dialog: bool,
    /// The sweep is being written to a file, or what came of it.
    pub saved: Saved,
    /// Scores of the texts from elsewhere.
    pub scores: Scores,
    /// Number of the last file dialog or save.
    pub(crate) serial: u64,
}

/// A sweep on screen.
#[derive(Debug)]
pub struct Sweep {
    /// Its name.
    pub run: RunId,
    /// Stops it.
    pub cancel: CancelToken,
    /// What it is and has written.
    pub record: SweepRecord,
    /// How far it is.
    pub pace: Pace,
    /// What goes on.
    pub phase: SweepPhase,
    /// What its rows come to.
    pub outcome: Arc<Outcome>,
    /// The same as it stands in pictures.
    pub dots: Arc<[Dot]>,
    /// Whether rows have come since.
    pub(crate) stale: bool,
    /// When the outcome was worked out, seconds of the window's clock.
    pub(crate) worked_out_secs: f64,
}

/// What goes on in a sweep.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepPhase {
    /// Texts are being written.
    Writing,
    /// It waits.
    Paused,
    /// A person stopped it.
    Stopped,
    /// All texts are there.
    Done,
    /// It failed; the texts before that are there.
    Failed(Failure),
}

impl Sweep {
    /// Whether more texts will come.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.phase, SweepPhase::Writing | SweepPhase::Paused)
    }
}

/// Which picture stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chart {
    /// Two objectives against each other.
    #[default]
    Scatter,
    /// The shares of three weights, coloured by a score.
    Triangle,
    /// Every pair of objectives.
    Matrix,
    /// All weights and scores on axes side by side.
    Parallel,
}

impl Chart {
    /// The word on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Scatter => "Scatter",
            Self::Triangle => "Triangle",
            Self::Matrix => "All pairs",
            Self::Parallel => "Parallel",
        }
    }
}

/// What the table lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableOf {
    /// The settings of the weights.
    #[default]
    Settings,
    /// The texts.
    Texts,
}

/// A column of the table that it can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The order of the sweep.
    #[default]
    Order,
    /// The weight of an objective.
    Weight(usize),
    /// The score for an objective, or behind them an independent one.
    Score(usize),
    /// How many texts, or tokens.
    Count,
}

/// How the sweep on screen is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// How texts are scored.
    pub measure: Measure,
    /// Where the hypervolume is measured from.
    pub reference: Reference,
    /// The picture.
    pub chart: Chart,
    /// The scores to the right and upwards in the scatter: objectives by their places in the lineup, behind them the
    /// independent ones.
    pub axes: [usize; 2],
    /// The score that colours the triangle.
    pub colour: usize,
    /// Ranges that are marked on the parallel axes.
    pub marks: Vec<Option<[f64; 2]>>,
    /// What the table lists.
    pub table: TableOf,
    /// What it is sorted by.
    pub sort: SortBy,
    /// Whether the largest come first.
    pub descending: bool,
    /// The setting whose weights were put on the sliders last.
    pub loaded: Option<usize>,
    /// Pixels for each point of a picture that is kept in a file.
    pub picture_scale: u8,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            measure: Measure::default(),
            reference: Reference::default(),
            chart: Chart::default(),
            axes: [0, 1],
            colour: 0,
            marks: Vec::new(),
            table: TableOf::default(),
            sort: SortBy::default(),
            descending: false,
            loaded: None,
            picture_scale: 2,
        }
    }
}

impl Look {
    /// The scores that the front is over: the objectives that are swept, or what stands on the axes where an independent
    /// score is among it.
    #[must_use]
    pub fn front_axes(&self, record: &SweepRecord) -> Vec<usize> {
        let [right, up] = self.axes;
        if self
            .axes
            .iter()
            .all(|&axis| record.independent_at(axis).is_none())
        {
            record.axes.clone()
        } else if right == up {
            vec![right]
        } else {
            vec![right, up]
        }
    }

    /// The scores that the picture shows.
    #[must_use]
    pub fn looked_at(&self, record: &SweepRecord) -> Vec<usize> {
        match self.chart {
            Chart::Scatter => self.axes.to_vec(),
            Chart::Triangle => vec![self.colour],
            Chart::Matrix | Chart::Parallel => (0..record.score_names().len()).collect(),
        }
    }
}

impl Tradeoff {
    /// Whether anything on the page is still to come.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.active().is_some() || !self.scores.wishes.is_empty() || self.scores.judging.is_some()
    }

    /// The sweep that is being written or waits.
    #[must_use]
    pub fn active(&self) -> Option<&Sweep> {
        self.sweep.as_ref().filter(|sweep| sweep.is_active())
    }

    /// The way along the settings that the handle is drawn along.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        let sweep = self.sweep.as_ref()?;
        Curve::of(&sweep.outcome, self.look.axes)
    }
}
