//! How far the sweep on screen is, what can be done with it, and where it is kept.

use std::path::Path;

use egui::{Button, ProgressBar, RichText, Ui};

use super::act;
use crate::app::state::State;
use crate::app::state::tradeoff::{NO_DIALOG, Saved, SweepPhase, Wanted};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{self, Action, TradeoffAction};
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::count;
use crate::app::widgets::toggle::toggle;
use crate::app::widgets::words::{note, sentence, time_words};
use crate::record::look::Look;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressView {
    /// What is going on.
    pub doing: String,
    /// From 0 to 1.
    pub fraction: f32,
    /// Numbers beside it.
    pub numbers: String,
    /// Whether more texts will come, and whether they wait.
    pub active: Option<bool>,
    /// Why it failed, and what can be done.
    pub failure: Option<(String, Option<String>)>,
    /// Whether there is anything to keep.
    pub can_save: bool,
    /// What stands in the field for the file.
    pub path: String,
    /// Pixels for each point, where that file is a picture.
    pub picture_scale: Option<u8>,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// What became of the last save, and whether that is a failure.
    pub saved: Option<(String, bool)>,
}

impl ProgressView {
    /// Decides what is shown; nothing before the first sweep.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let page = &state.tradeoff;
        let sweep = page.sweep.as_ref()?;
        let pace = &sweep.pace;
        let doing = match &sweep.phase {
            SweepPhase::Writing => "Writing…",
            SweepPhase::Paused => "Waiting",
            SweepPhase::Stopped => "Stopped; what was written is below",
            SweepPhase::Done => "Done",
            SweepPhase::Failed(_) => "It failed; what was written before is below",
        };
        let mut numbers = vec![format!("{} of {} texts", count(pace.texts), count(pace.of))];
        if let Some(speed) = pace.tokens_per_sec() {
            numbers.push(format!("{} tokens/s", count(speed.round() as usize)));
        }
        match (&sweep.phase, pace.secs_left()) {
            (SweepPhase::Writing | SweepPhase::Paused, Some(left)) => {
                numbers.push(format!("{} left", time_words(left)));
            }
            _ if pace.secs > 0.0 => numbers.push(time_words(pace.secs)),
            _ => {}
        }
        let saved = match &page.saved {
            Saved::Not if page.no_dialog => Some((NO_DIALOG.to_owned(), false)),
            Saved::Not => None,
            Saved::Writing(_) | Saved::Painting(..) => Some(("Saving…".to_owned(), false)),
            Saved::At(path) => Some((format!("Saved as {}", path.display()), false)),
            Saved::Failed(failure) => {
                let hint = failure.hint.as_ref();
                let hint = hint.map_or_else(String::new, |hint| format!(". {hint}"));
                Some((format!("{}{hint}", sentence(&failure.summary)), true))
            }
        };
        Some(Self {
            doing: doing.to_owned(),
            fraction: pace.texts as f32 / pace.of.max(1) as f32,
            numbers: numbers.join("  ·  "),
            active: sweep
                .is_active()
                .then_some(sweep.phase == SweepPhase::Paused),
            failure: match &sweep.phase {
                SweepPhase::Failed(failure) => {
                    Some((sentence(&failure.summary), failure.hint.clone()))
                }
                _ => None,
            },
            can_save: !sweep.record.rows.is_empty(),
            path: page.path.clone(),
            picture_scale: update::has_pixels(Path::new(page.path.trim()))
                .then_some(page.look.picture_scale),
            dialog_open: matches!(page.dialog, Some((_, Wanted::Sweep))),
            saved,
        })
    }
}

/// Draws it.
pub(super) fn progress_ui(ui: &mut Ui, view: &ProgressView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let button =
        |words: &str| Button::new(words.to_owned()).min_size(egui::vec2(0.0, space::TARGET));
    colours.card().inner_margin(space::S).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(&view.doing).font(strong(size::BODY)));
            note(ui, &view.numbers);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let Some(paused) = view.active else { return };
                let stop = ui.add(button("Stop"));
                let help = "End the sweep; what is written stays";
                if stop.on_hover_text(help).clicked() {
                    actions.push(Action::Tradeoff(TradeoffAction::Stop));
                }
                let (words, help) = if paused {
                    ("Go on", "Write on from where it waits")
                } else {
                    (
                        "Pause",
                        "Let it wait, so that other texts get the whole machine",
                    )
                };
                if ui.add(button(words)).on_hover_text(help).clicked() {
                    actions.push(act(TradeoffAction::Pause)(!paused));
                }
            });
        });
        if view.active.is_some() {
            let bar = ProgressBar::new(view.fraction).desired_height(6.0);
            ui.add(bar.fill(colours.accent));
        }
        if let Some((summary, hint)) = &view.failure {
            ui.label(RichText::new(summary).color(colours.error));
            if let Some(hint) = hint {
                note(ui, hint);
            }
        }
        if view.can_save {
            actions.extend(save_ui(ui, view));
        }
    });
    actions
}

fn save_ui(ui: &mut Ui, view: &ProgressView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        let save = Button::new("Save").min_size(egui::vec2(0.0, space::TARGET));
        let browse = Button::new("Browse…").min_size(egui::vec2(0.0, space::TARGET));
        let field = Field {
            hint: "All texts and scores: .csv or .json; the picture: .png or .svg",
            width: (ui.available_width() - 160.0).max(120.0),
            ..Field::line("File for the sweep", &view.path)
        };
        let answer = field.show(ui);
        actions.extend(answer.text.map(act(TradeoffAction::EditPath)));
        let response = ui
            .add_enabled(!view.dialog_open, browse)
            .on_hover_text("Choose the file with your desktop's dialog")
            .on_disabled_hover_text("The dialog is open");
        response.widget_info(|| {
            let label = "Browse for the sweep's file";
            egui::WidgetInfo::labeled(egui::Role::Button, !view.dialog_open, label)
        });
        if response.clicked() {
            actions.push(Action::Tradeoff(TradeoffAction::Browse));
        }
        let help = "Write all texts with their scores (.csv for a table, .json for everything), or the picture (.png, or .svg for papers)";
        if ui.add(save).on_hover_text(help).clicked() || answer.entered {
            actions.push(Action::Tradeoff(TradeoffAction::Save));
        }
    });
    if let Some(now) = view.picture_scale {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Pixels of the picture").size(size::SMALL));
            for scale in 1..=Look::MOST_SCALE {
                let words = format!("{scale}×");
                if toggle(ui, &words, &words, now == scale).clicked() {
                    actions.push(act(TradeoffAction::SetPictureScale)(scale));
                }
            }
        });
    }
    if let Some((words, failed)) = &view.saved {
        let colours = palette(ui);
        let colour = if *failed { colours.error } else { colours.weak };
        let words = RichText::new(words).size(size::SMALL).color(colour);
        ui.add(egui::Label::new(words).wrap());
    }
    actions
}
