//! Which file is scored, and how its prompts are read.

use egui::{Button, RichText, Ui, vec2};

use super::{act, setup};
use crate::app::state::State;
use crate::app::state::score::Wanted;
use crate::app::theme::{palette, size, space};
use crate::app::update::{Action, ScoreAction};
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::count;
use crate::app::widgets::words::{heading, note, sentence};

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSetupView {
    /// What stands in the field.
    pub path: String,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// What is known of the file.
    pub found: Option<String>,
    /// Why it cannot be read: what happened, what can be done, the technical rest.
    pub failure: Option<(String, Option<String>, Option<String>)>,
    /// Whether prompts are read as they are.
    pub raw: bool,
    /// Whether the end of each text is scored too.
    pub with_end: bool,
}

impl FileSetupView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let batch = &state.score.batch;
        let found = match &batch.file {
            _ if batch.is_reading() => Some("Reading the file\u{2026}".to_owned()),
            Some(Ok(file)) => {
                let name = file.path.file_name().unwrap_or(file.path.as_os_str());
                let s = if file.pairs.len() == 1 { "" } else { "s" };
                Some(format!(
                    "{} answer{s} in {}",
                    count(file.pairs.len()),
                    name.to_string_lossy()
                ))
            }
            None if batch.no_dialog => Some(
                "Your desktop has no file dialog to offer: type the path, or drop the file on the window"
                    .to_owned(),
            ),
            Some(Err(_)) | None => None,
        };
        let failure = batch.file.as_ref().and_then(|file| file.as_ref().err());
        Self {
            path: batch.path.clone(),
            dialog_open: batch.dialog.is_some(),
            found,
            failure: failure.map(|failure| {
                let summary = sentence(&failure.summary);
                (summary, failure.hint.clone(), failure.details.clone())
            }),
            raw: batch.raw,
            with_end: batch.with_end,
        }
    }
}

/// Draws it.
pub(super) fn file_setup_ui(ui: &mut Ui, view: &FileSetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    heading(ui, "File with prompts and answers");
    let field = Field {
        hint: "Path of a .csv or .jsonl file",
        ..Field::line("File with answers", &view.path)
    };
    let answer = field.show(ui);
    actions.extend(answer.text.map(act(ScoreAction::EditPath)));
    let mut read = answer.entered;
    ui.horizontal(|ui| {
        let open = Button::new("Read").min_size(vec2(0.0, space::TARGET));
        let can_read = !view.path.trim().is_empty();
        read |= ui
            .add_enabled(can_read, open)
            .on_hover_text("Read the file and look what is in it")
            .clicked();
        let browse = Button::new("Browse\u{2026}").min_size(vec2(0.0, space::TARGET));
        let response = ui
            .add_enabled(!view.dialog_open, browse)
            .on_hover_text("Choose the file with your desktop\u{2019}s dialog");
        response.widget_info(|| {
            let label = "Browse for a file with answers";
            egui::WidgetInfo::labeled(egui::Role::Button, !view.dialog_open, label)
        });
        if response.clicked() {
            actions.push(act(ScoreAction::Browse)(Wanted::Answers));
        }
    });
    if read {
        actions.push(Action::Score(ScoreAction::Read));
    }
    if let Some(found) = &view.found {
        ui.label(found);
    }
    if let Some((summary, hint, details)) = &view.failure {
        ui.label(RichText::new(summary).color(colours.error));
        for words in [hint, details].into_iter().flatten() {
            note(ui, words);
        }
    }
    ui.add_space(space::M);
    heading(ui, "How prompts are read");
    actions.extend(setup::template_ui(ui, view.raw));
    actions.extend(setup::end_ui(ui, view.with_end));
    ui.add_space(space::M);
    note(
        ui,
        "A table needs a first line that names its columns, prompt and response (or answer) among them; records need fields of these names:",
    );
    colours.card().inner_margin(space::S).show(ui, |ui| {
        let example = "prompt,response\n\"I broke her cup.\",\"Tell her today.\"";
        ui.label(RichText::new(example).monospace().size(size::SMALL));
    });
    actions
}
