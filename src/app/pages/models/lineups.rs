//! The left column: lineups that come with the program, and those that a person saved.

use egui::text::LayoutJob;
use egui::{Button, FontId, RichText, ScrollArea, TextFormat, Ui, WidgetInfo, accesskit::Role};

use super::words::{self, weak_ui};
use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::models::form::FileRow;
use crate::app::state::models::{Models, Purpose};
use crate::app::state::region::Region;
use crate::app::theme::{palette, section, size, space, strong};
use crate::app::update::Action;
use crate::app::update::models::ModelsAction;
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers;
use crate::worker::shelf::ReadyLineup;

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LineupsView {
    /// Lineups that a person saved.
    pub saved: Vec<LineupRow>,
    /// Lineups that come with the program.
    pub ready: Vec<LineupRow>,
    /// What stands in place of saved lineups where there are none.
    pub saved_note: Option<&'static str>,
    /// The row for a file to be read.
    pub import: Option<FileRow>,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// One lineup of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct LineupRow {
    /// Its index in its list.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What to know before taking it.
    pub facts: String,
    /// Whether it is the one in hand.
    pub chosen: bool,
}

impl LineupsView {
    /// Decides what the column shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let models = &state.models;
        let in_hand = models.plan.lineup();
        let saved = models.saved.iter().enumerate().map(|(index, saved)| {
            let (about, facts) = match &saved.lineup {
                Ok(lineup) => {
                    let names: Vec<&str> = lineup
                        .objectives
                        .iter()
                        .map(|entry| entry.name.as_str())
                        .collect();
                    let base = name_of(models, &lineup.base.place);
                    (base, names.join(", "))
                }
                Err(failure) => ("Cannot be read".to_owned(), failure.summary.clone()),
            };
            LineupRow {
                index,
                name: saved.name.clone(),
                about,
                facts,
                chosen: models.plan.file.as_ref() == Some(&saved.file),
            }
        });
        let ready = models
            .ready
            .iter()
            .enumerate()
            .map(|(index, ready)| LineupRow {
                index,
                name: ready.lineup.name.clone(),
                about: ready.about.clone(),
                facts: ready_facts(models, ready),
                chosen: models.plan.file.is_none() && in_hand.as_ref() == Some(&ready.lineup),
            });
        Self {
            saved: saved.collect(),
            ready: ready.collect(),
            saved_note: match (&models.folder, models.saved.is_empty()) {
                (None, _) => {
                    Some("This system names no place to save lineups in; export them instead")
                }
                (Some(_), true) => Some("Lineups that you save are listed here"),
                (Some(_), false) => None,
            },
            import: models.file_row.clone().filter(|row| !row.writes),
            wants_focus: state.wants_keyboard(Region::Lineups),
        }
    }
}

/// What a place is called: by its model where that is at hand.
pub(super) fn name_of(models: &Models, place: &crate::worker::shelf::Place) -> String {
    match models.model(place) {
        Some(model) if !matches!(place, crate::worker::shelf::Place::BuiltIn(_)) => {
            model.facts.name.clone()
        }
        Some(_) | None => words::place(place),
    }
}

fn ready_facts(models: &Models, ready: &ReadyLineup) -> String {
    let away = ready.lineup.places().any(|place| models.is_away(place));
    let mut parts = Vec::new();
    if ready.download_bytes > 0 {
        parts.push(if away {
            format!("{} to download", numbers::bytes(ready.download_bytes))
        } else {
            "On this computer".to_owned()
        });
    }
    parts.push(format!("{} of memory", numbers::bytes(ready.memory_bytes)));
    parts.push(ready.licence.clone());
    parts.push(ready.tried.clone());
    parts.join(" · ")
}

/// Draws the column.
pub fn lineups_ui(ui: &mut Ui, view: &LineupsView) -> Vec<Action> {
    let mut actions = Vec::new();
    let target = egui::vec2(0.0, space::TARGET);
    ui.label(RichText::new("Lineups").text_style(section()))
        .on_hover_text("A lineup is a base model and the objectives that it is steered by");
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        let new = ui
            .add(Button::new("New lineup").min_size(target))
            .on_hover_text("Begin with an empty lineup; undo brings back the one in hand");
        if view.wants_focus {
            new.request_focus();
            actions.push(Action::RegionFocused(Region::Lineups));
        }
        if new.clicked() {
            actions.push(Action::Models(ModelsAction::New));
        }
        let open = view.import.is_some();
        let import = Button::selectable(open, "Import…")
            .min_size(target)
            .frame_when_inactive(true);
        if ui
            .add(import)
            .on_hover_text("Read a lineup.toml that somebody gave you, and keep it in the list")
            .clicked()
        {
            actions.push(Action::Models(ModelsAction::ToggleFileRow {
                writes: false,
            }));
        }
    });
    if let Some(row) = &view.import {
        actions.extend(file_row_ui(
            ui,
            row,
            "Path of the lineup",
            "Import",
            Purpose::Import,
        ));
    }
    ui.add_space(space::S);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show(ui, |ui| {
            ui.label(RichText::new("Yours").text_style(section()));
            if let Some(note) = view.saved_note {
                weak_ui(ui, note);
            }
            for row in &view.saved {
                ui.horizontal(|ui| {
                    let gap = ui.spacing().item_spacing.x;
                    let width = ui.available_width() - space::TARGET - gap;
                    if row_ui(ui, row, width) {
                        actions.push(Action::Models(ModelsAction::PickSaved(row.index)));
                    }
                    // No wider than the room that was left for it, or the column would grow with every frame.
                    ui.spacing_mut().button_padding.x = space::XS;
                    let delete = ui
                        .add(Button::new("✗").min_size(egui::Vec2::splat(space::TARGET)))
                        .on_hover_text("Delete this lineup; it can be brought back at once");
                    let label = format!("Delete {}", row.name);
                    delete.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
                    if delete.clicked() {
                        actions.push(Action::Models(ModelsAction::Delete(row.index)));
                    }
                });
            }
            ui.add_space(space::M);
            ui.label(RichText::new("Ready-made").text_style(section()));
            for row in &view.ready {
                let width = ui.available_width();
                if row_ui(ui, row, width) {
                    actions.push(Action::Models(ModelsAction::PickReady(row.index)));
                }
            }
        });
    actions
}

fn row_ui(ui: &mut Ui, row: &LineupRow, width: f32) -> bool {
    let colours = palette(ui);
    let mut text = LayoutJob::default();
    let format = |font, color| TextFormat {
        font_id: font,
        color,
        ..TextFormat::default()
    };
    let small = FontId::proportional(size::SMALL);
    text.append(&row.name, 0.0, format(strong(size::BODY), colours.text));
    for (line, colour) in [(&row.about, colours.text), (&row.facts, colours.weak)] {
        if !line.is_empty() {
            text.append(&format!("\n{line}"), 0.0, format(small.clone(), colour));
        }
    }
    text.wrap.max_width = width - 2.0 * ui.spacing().button_padding.x;
    let button = Button::selectable(row.chosen, text)
        .wrap()
        .min_size(egui::vec2(width, space::TARGET));
    // A row of buttons would put the text into the middle.
    let layout = egui::Layout::top_down(egui::Align::Min);
    let size = egui::vec2(width, space::TARGET);
    let response = ui.allocate_ui_with_layout(size, layout, |ui| ui.add(button));
    let response = response.inner;
    let label = format!("Lineup {}", row.name);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, row.chosen, &label));
    response.clicked()
}

/// A box for the path of a file, beside a button for the desktop's dialog.
pub(super) fn file_row_ui(
    ui: &mut Ui,
    row: &FileRow,
    label: &str,
    verb: &str,
    browse: Purpose,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let target = egui::vec2(0.0, space::TARGET);
    palette(ui).card().show(ui, |ui| {
        let field = Field {
            hint: "~/lineups/mine.toml",
            ..Field::line(label, &row.path)
        }
        .show(ui);
        if let Some(path) = field.text {
            actions.push(Action::Models(ModelsAction::EditFileRow(path)));
        }
        let mut go = field.entered;
        ui.horizontal_wrapped(|ui| {
            let there = !row.path.trim().is_empty();
            go |= ui
                .add_enabled(there, Button::new(verb).min_size(target))
                .clicked();
            if ui.add(Button::new("Browse…").min_size(target)).clicked() {
                actions.push(Action::Models(ModelsAction::Browse(browse)));
            }
        });
        if go {
            actions.push(Action::Models(ModelsAction::UseFileRow));
        }
    });
    actions
}
