//! What a person can do on the Trade-off page.

use super::ScoresAction;
use crate::app::state::tradeoff::{Chart, PromptChoice, SortBy, SweepWay, Swept, TableOf};
use crate::engine::tradeoff::{Measure, Reference};

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum TradeoffAction {
    /// Wants other prompts answered.
    SetPrompts(PromptChoice),
    /// Ticked a prompt of the library, or took the tick away.
    Tick(usize),
    /// Ticked all prompts of the library, or none.
    TickAll(bool),
    /// Typed prompts.
    EditTyped(String),
    /// Wants a grid, or random weights.
    SetWay(SweepWay),
    /// Changed how an objective is swept.
    SetSwept {
        /// Which objective.
        objective: usize,
        /// How.
        swept: Swept,
    },
    /// Changed how many random settings there are, and the sum of their weights.
    SetRandom {
        /// How many.
        count: usize,
        /// The sum.
        total: f64,
    },
    /// Changed how many texts there are of each setting for each prompt.
    SetSamples(usize),
    /// Changed the longest text, tokens.
    SetMaxTokens(usize),
    /// Wants the sweep to begin.
    Start,
    /// Wants it to wait, or to go on.
    Pause(bool),
    /// Wants it to end; what is written stays.
    Stop,
    /// Wants texts scored another way.
    SetMeasure(Measure),
    /// Wants the hypervolume measured from elsewhere.
    SetReference(Reference),
    /// Wants another picture.
    SetChart(Chart),
    /// Wants another score to the right (place 0) or upwards (place 1).
    SetAxis {
        /// Which axis.
        place: usize,
        /// The objective, or behind them the independent score.
        objective: usize,
    },
    /// Wants these two scores in the scatter.
    ShowPair([usize; 2]),
    /// Marked a range on a parallel axis, or took the mark away.
    Mark {
        /// Which axis, from the left.
        axis: usize,
        /// From the least to the largest value.
        range: Option<[f64; 2]>,
    },
    /// Takes all marks away.
    Unmark,
    /// Wants the triangle coloured by another objective.
    SetColour(usize),
    /// Wants settings or texts in the table.
    SetTable(TableOf),
    /// Wants the table sorted by a column, or the other way round.
    Sort(SortBy),
    /// Wants the weights of a setting on the sliders.
    Load(usize),
    /// Moved the handle along the curve.
    Along(f64),
    /// Typed a path.
    EditPath(String),
    /// Wants so many pixels for each point of a picture.
    SetPictureScale(u8),
    /// Wants the desktop's file dialog.
    Browse,
    /// Wants the sweep in the file.
    Save,
    /// Has read what became of the save.
    DismissSaved,
    /// Did something about independent scores.
    Scores(ScoresAction),
}
