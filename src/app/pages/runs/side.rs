//! The right column: runs from files, recorded demos, and how much the history takes.

use egui::{Button, RichText, Role, Ui, WidgetInfo};

use super::export::export_ui;
use crate::app::panels::disk::cap_ui;
use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::past::ExportRow;
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::update::past::PastAction;
use crate::app::widgets::field::Field;
use crate::demo::recordings;

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SideView {
    /// What stands in the box for a path.
    pub path: String,
    /// Whether a file dialog is open.
    pub asking: bool,
    /// Whether there is a run on screen to be saved.
    pub has_run: bool,
    /// The row for a file to be written, and the prompt of its run.
    pub export: Option<(ExportRow, String)>,
    /// Names of that run's objectives.
    pub objectives: Vec<String>,
    /// Bytes that the history takes, and may take.
    pub used: Option<(u64, u64)>,
}

/// How many words of a prompt say which run is exported.
const SHOWN_WORDS: usize = 8;

impl SideView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let past = &state.past;
        let prompt_of = |row: &ExportRow| {
            let words: Vec<&str> = state.prompt_of(row.id).split_whitespace().collect();
            let more = if words.len() > SHOWN_WORDS { "…" } else { "" };
            words[..words.len().min(SHOWN_WORDS)].join(" ") + more
        };
        Self {
            path: past.path.clone(),
            asking: past.dialog.is_some(),
            has_run: state.run().is_some_and(|run| !run.guided.is_empty()),
            export: past.export.clone().map(|row| {
                let prompt = prompt_of(&row);
                (row, prompt)
            }),
            objectives: (past.export.as_ref())
                .map_or_else(Vec::new, |row| state.objectives_of(row.id)),
            used: past
                .kept
                .then_some((past.used, state.settings.history_bytes)),
        }
    }
}

/// Draws the column.
pub(super) fn side_ui(ui: &mut Ui, view: &SideView) -> Vec<Action> {
    let mut actions = Vec::new();
    let target = egui::vec2(0.0, space::TARGET);
    let weak = palette(ui).weak;
    let note = |ui: &mut Ui, words: &str| {
        ui.label(RichText::new(words).size(size::SMALL).color(weak));
    };
    if let Some((row, prompt)) = &view.export {
        actions.extend(export_ui(ui, row, prompt, &view.objectives));
        ui.add_space(space::M);
    }
    let mut more = Vec::new();
    let mut act = |action| actions.push(Action::Past(action));
    ui.label(RichText::new("Open a saved run").text_style(section()));
    let path = Field {
        hint: "Path of a .counterpoise.json",
        ..Field::line("Path of a saved run", &view.path)
    }
    .show(ui);
    if let Some(path) = path.text {
        act(PastAction::EditPath(path));
    }
    let there = !view.path.trim().is_empty();
    ui.horizontal_wrapped(|ui| {
        let open = ui
            .add_enabled(there, Button::new("Open run").min_size(target))
            .on_disabled_hover_text("Type a path first, or drop a file onto the window");
        if open.clicked() || path.entered {
            act(PastAction::OpenTyped);
        }
        let browse = Button::new("Browse\u{2026}").min_size(target);
        let browse = ui.add_enabled(!view.asking, browse);
        browse.widget_info(|| {
            WidgetInfo::labeled(Role::Button, !view.asking, "Browse for a saved run")
        });
        let help = Shortcut::Open.hint(ui.ctx());
        let browse = browse.on_hover_text(help);
        if browse
            .on_disabled_hover_text("The dialog is open")
            .clicked()
        {
            act(PastAction::AskFile);
        }
    });
    note(ui, "Or drop the file onto the window");
    ui.add_space(space::L);

    ui.label(RichText::new("The run on screen").text_style(section()));
    ui.horizontal_wrapped(|ui| {
        let mut press = |ui: &mut Ui, words: &str, action: PastAction| {
            let button = ui
                .add_enabled(view.has_run, Button::new(words).min_size(target))
                .on_disabled_hover_text("Nothing is written on the Steer page yet");
            if button.clicked() {
                act(action);
            }
        };
        press(ui, "Export…", PastAction::ToggleExport(None));
        press(ui, "Copy as command", PastAction::CopyCommand);
    });
    ui.add_space(space::L);

    ui.label(RichText::new("Recorded demos").text_style(section()));
    note(
        ui,
        "Runs that can be steered from their rows, with no model",
    );
    for (index, recording) in recordings::ALL.iter().enumerate() {
        let button = Button::new(recording.title)
            .wrap()
            .min_size(egui::vec2(ui.available_width(), space::TARGET));
        if ui.add(button).on_hover_text(recording.about).clicked() {
            act(PastAction::OpenDemo(index));
        }
    }
    ui.add_space(space::L);

    ui.label(RichText::new("Disk").text_style(section()));
    match view.used {
        None => note(ui, "No history is kept"),
        Some((used, cap)) => {
            ui.label(format!("{:.1} MB used", used as f64 / 1e6));
            ui.horizontal_wrapped(|ui| more.extend(cap_ui(ui, cap)));
            note(
                ui,
                "Beyond that the oldest runs that are not pinned are removed",
            );
        }
    }
    actions.extend(more);
    actions
}
