//! What a person can do on the Models page.

use std::path::PathBuf;

use crate::app::state::models::form::{Form, FormKind};
use crate::app::state::models::{Purpose, Side};
use crate::app::update::models::HubAction;
use crate::domain::Colour;
use crate::worker::shelf::Place;

/// What a person did on the Models page.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelsAction {
    /// Wants something of the hub.
    Hub(HubAction),
    /// Wants something else in the right column.
    ShowSide(Side),
    /// Wants models looked for again.
    LookAgain,
    /// Typed into the box that narrows the list of models down.
    Search(String),
    /// Typed into the box for a path.
    EditPath(String),
    /// Wants what stands in the box for a path opened.
    OpenTyped,
    /// Wants this file or folder opened: it was dropped onto the window.
    Open(PathBuf),
    /// Wants a folder or file that was opened no longer looked into.
    Forget(Place),
    /// Wants the desktop's file dialog.
    Browse(Purpose),
    /// Opened or closed the row for a file to be read or written.
    ToggleFileRow {
        /// Whether a lineup is to be written there.
        writes: bool,
    },
    /// Typed into the box of that row.
    EditFileRow(String),
    /// Wants the file in that row read or written.
    UseFileRow,
    /// Wants a new lineup.
    New,
    /// Took a ready-made lineup, by its index.
    PickReady(usize),
    /// Took a saved lineup, by its index.
    PickSaved(usize),
    /// Typed the lineup's name.
    EditName(String),
    /// Chose the base.
    SetBase(Place),
    /// Chose how prompts are put to the base: `chat`, `raw`, a Jinja text, or its own way.
    SetBaseTemplate(Option<String>),
    /// Opened a form for a new objective, or closed it.
    ToggleForm(FormKind),
    /// Changed what stands in the form.
    EditForm(Form),
    /// Wants the objective that the form describes.
    AddFromForm,
    /// Wants an adapter or a model as an objective.
    AddModel(Place),
    /// Typed an objective's name.
    Rename(usize, String),
    /// Typed what an objective is about.
    EditAbout(usize, String),
    /// Typed an objective's sentence.
    EditSentence(usize, String),
    /// Chose an objective's colour.
    SetColour(usize, Colour),
    /// Changed the weight that an objective starts from.
    SetWeight(usize, f64),
    /// Chose how prompts are put to an objective's model.
    SetTemplate(usize, Option<String>),
    /// Wants an objective gone.
    Remove(usize),
    /// Unfolded or folded an objective's details.
    Unfold(usize),
    /// Ended an edit that undo takes back in one step.
    EndEdit,
    /// Went one step back.
    Undo,
    /// Went one step forward.
    Redo,
    /// Wants the lineup loaded, to steer with it.
    Load,
    /// Wants the lineup saved.
    Save,
    /// Wants a saved lineup deleted, by its index.
    Delete(usize),
    /// Wants the lineup back that was deleted last.
    Undelete,
    /// Has read what happened last.
    DismissNote,
    /// Wants done once more what has failed.
    Retry,
}
