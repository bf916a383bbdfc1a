//! What a person can do on the Score page.

use std::path::PathBuf;

use crate::app::state::score::{Tab, Wanted};

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreAction {
    /// Wants another part of the page on screen.
    Show(Tab),
    /// Typed the prompt.
    EditPrompt(String),
    /// Typed an answer: the first (0) or the second (1).
    EditAnswer(usize, String),
    /// Wants the prompt read as it is, or in the chat template.
    SetRaw(bool),
    /// Wants the end of the text scored too, or not.
    SetEnd(bool),
    /// Wants a second answer beside the first, or not.
    SetCompare(bool),
    /// Wants the prompt and both texts of the Steer page in the boxes.
    TakeTexts,
    /// Wants the built-in sentences back.
    TakeBuiltIn,
    /// Wants the two sentences to show the numbers of another objective.
    SetObjective(usize),
    /// Wants what is in the boxes, or in the file, scored.
    Begin,
    /// Wants scoring to stop; what has come stays.
    Stop,
    /// Dropped a file onto the page.
    Drop(PathBuf),
    /// Typed the path of the file with answers.
    EditPath(String),
    /// Wants that file read.
    Read,
    /// Typed the path of the file for the scores.
    EditOut(String),
    /// Wants the scores written there.
    Save,
    /// Wants the desktop's file dialog.
    Browse(Wanted),
}
