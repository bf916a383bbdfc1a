//! What a person can do on the Runs page.

use std::path::PathBuf;

use crate::app::state::past::{Since, Wish};
use crate::record::export::Format;
use crate::record::look::Look;

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum PastAction {
    /// Typed into the search box.
    Search(String),
    /// Wants the runs of these models only, or of all.
    FilterLineup(Option<String>),
    /// Wants the runs that this objective steered only, or all.
    FilterObjective(Option<String>),
    /// Wants the runs from then on only.
    FilterSince(Since),
    /// Wants the pinned runs only, or all.
    TogglePinned,
    /// Wants a run of the history read.
    Open(u64, Wish),
    /// Wants a saved run read.
    OpenFile(PathBuf),
    /// Typed into the box for a path.
    EditPath(String),
    /// Wants the file of that path opened.
    OpenTyped,
    /// Wants to choose a saved run in the desktop's dialog.
    AskFile,
    /// Wants to choose in the desktop's dialog where a run is written.
    AskPlace,
    /// Wants the run on screen written to a file, wherever in the window that is said.
    ExportShown,
    /// Wants a run that comes with the program, by its place in the list.
    OpenDemo(usize),
    /// Pinned a run or let it go.
    Pin(u64, bool),
    /// Begins to write a note, or goes on.
    Note(u64, String),
    /// Has written the note.
    EndNote,
    /// Wants the next run compared with this one, or no longer.
    Pick(Option<u64>),
    /// Deleted a run.
    Delete(u64),
    /// Wants the run back that was deleted last.
    Undelete,
    /// Opens the row for a file to be written, or closes it; without a number, of the run on screen.
    ToggleExport(Option<u64>),
    /// Wants another format.
    SetFormat(Format),
    /// Wants a picture to look otherwise.
    SetLook(Look),
    /// Typed into the row's box for a path.
    EditExport(String),
    /// Wants the file written.
    Export,
    /// Wants the command of the run on screen in the clipboard.
    CopyCommand,
    /// Most gigabytes that the history may take.
    SetCap(f64),
    /// Let go of that number: what is beyond it may be removed.
    EndCap,
    /// Has read what happened.
    DismissNote,
    /// Wants the models of the recorded run loaded, so that it can go on.
    LoadItsModels,
    /// Wants the models back that were there before the recorded run.
    LeaveReplay,
}
