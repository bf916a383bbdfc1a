//! What a person can do on the page for training.

use std::path::PathBuf;

use crate::app::state::training::BaseChoice;
use crate::app::state::training::Purpose;
use crate::train::data::Label;

/// What a person did on the page.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainAction {
    /// Typed the path of the pairs.
    EditPath(String),
    /// Chose or dropped a file of pairs.
    PickData(PathBuf),
    /// Wants the desktop's file dialog.
    Browse(Purpose),
    /// Wants one of two judgements followed.
    SetLabel(Label),
    /// Wants the pair so many places further in the preview.
    MovePair(isize),
    /// Typed the objective's name.
    EditName(String),
    /// Wants this base.
    SetBase(BaseChoice),
    /// Typed the folder of the base.
    EditBasePath(String),
    /// Set a number, by its name among [`NUMBERS`](crate::train::options::NUMBERS).
    SetNumber {
        /// Which.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Turned a switch, by its name among [`SWITCHES`](crate::train::options::SWITCHES).
    Turn(&'static str),
    /// Wants so many threads.
    SetThreads(usize),
    /// Wants all settings as they usually are.
    UsualSettings,
    /// Unfolded or folded the rarer settings.
    ToggleMore,
    /// Wants the training to begin.
    Start,
    /// Wants it to wait, or to go on.
    Pause(bool),
    /// Wants it to stop at once.
    Stop,
    /// Wants a training of before, in this folder, to go on from its checkpoint.
    GoOn(PathBuf),
    /// Wants the objective in this folder in the lineup in use, or out of it.
    Join(PathBuf),
    /// Wants the training of before in this folder deleted.
    Delete(PathBuf),
    /// Wants the training that was deleted from this folder back.
    BringBack(PathBuf),
    /// Wants the lineup from before the last change.
    LineupBefore,
    /// Wants the settings again and the training off the screen.
    Leave,
    /// Unfolded or folded the failure's details.
    ToggleDetails,
}
