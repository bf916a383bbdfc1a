//! How tokens are drawn, behind a fold: most people never need it.

use egui::{Button, CollapsingHeader, DragValue, RichText, Ui};

use crate::app::state::State;
use crate::app::state::draft::SamplingPreset;
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::domain::Sampling;

/// What the fold shows.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvancedView {
    /// Whether it is open.
    pub open: bool,
    /// The settings.
    pub sampling: Sampling,
    /// Whether texts are written slowly enough to read along.
    pub reading_pace: bool,
    /// Longest response that the models can hold.
    pub most_tokens: usize,
    /// Which device was picked and why.
    pub device: Option<String>,
}

impl AdvancedView {
    /// Decides what the fold shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let info = state.lineup_info();
        Self {
            open: state.settings.advanced_open,
            sampling: state.draft.sampling.clone(),
            reading_pace: state.settings.reading_pace,
            most_tokens: info.map_or(4096, |info| info.context_len.max(1)),
            device: info.map(|info| info.device.clone()),
        }
    }
}

/// Draws the fold.
pub fn advanced_ui(ui: &mut Ui, view: &AdvancedView) -> Vec<Action> {
    let mut actions = Vec::new();
    let header = CollapsingHeader::new("Advanced")
        .open(Some(view.open))
        .show(ui, |ui| actions.extend(settings_ui(ui, view)));
    if header
        .header_response
        .on_hover_text("How words are drawn, and on what they are computed")
        .clicked()
    {
        actions.push(Action::ToggleAdvanced);
    }
    actions
}

fn settings_ui(ui: &mut Ui, view: &AdvancedView) -> Vec<Action> {
    let mut actions = Vec::new();
    let now = &view.sampling;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for preset in SamplingPreset::ALL {
            let after = preset.applied_to(now);
            let words = RichText::new(preset.label()).size(size::SMALL);
            let button = Button::selectable(after == *now, words)
                .min_size(egui::vec2(0.0, space::TARGET))
                .frame_when_inactive(true);
            if ui.add(button).on_hover_text(preset.tooltip()).clicked() {
                actions.push(Action::SetSampling(after));
            }
        }
    });
    ui.add_space(space::XS);
    let mut next = now.clone();
    let mut ended = false;
    egui::Grid::new("sampling")
        .num_columns(2)
        .spacing([space::M, space::XS])
        .show(ui, |ui| {
            ended |= number_ui(
                ui,
                "Temperature τ",
                "Divides every score before a word is drawn: 1 as the models say, lower is calmer, 0 always takes the likeliest word",
                DragValue::new(&mut next.temperature).range(0.0..=5.0).speed(0.01).max_decimals(2),
            );
            ended |= number_ui(
                ui,
                "Top-k",
                "Draw only among this many of the likeliest words; 0 keeps all",
                DragValue::new(&mut next.top_k).range(0..=10_000).speed(0.2),
            );
            ended |= number_ui(
                ui,
                "Top-p",
                "Draw only among the likeliest words that make up this share of the probability; 1 keeps all",
                DragValue::new(&mut next.top_p).range(0.01..=1.0).speed(0.005).max_decimals(3),
            );
            ended |= number_ui(
                ui,
                "Min-p",
                "Draw only words at least this fraction as likely as the likeliest; 0 keeps all",
                DragValue::new(&mut next.min_p).range(0.0..=1.0).speed(0.005).max_decimals(3),
            );
            let seed_help = "The same seed gives both texts the same luck, so they differ only because of the sliders";
            let label = ui.label("Seed").on_hover_text(seed_help);
            ui.horizontal(|ui| {
                let seed = DragValue::new(&mut next.seed).speed(1.0);
                let seed = ui.add(seed).labelled_by(label.id).on_hover_text(seed_help);
                ended |= seed.drag_stopped() || seed.lost_focus();
                let dice = Button::new("🎲").min_size(egui::Vec2::splat(space::TARGET));
                let dice = ui.add(dice).on_hover_text("Another seed for the next run");
                dice.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, "Random seed")
                });
                if dice.clicked() {
                    actions.push(Action::RollSeed);
                }
            });
            ui.end_row();
            ended |= number_ui(
                ui,
                "Length",
                "Longest answer, in tokens: pieces of words that the model reads and writes",
                DragValue::new(&mut next.max_tokens).range(1..=view.most_tokens).speed(1.0),
            );
        });
    if next != *now {
        actions.push(Action::SetSampling(next));
    }
    if ended {
        actions.push(Action::EndEdit);
    }
    ui.add_space(space::XS);
    let mut pace = view.reading_pace;
    if ui
        .checkbox(&mut pace, "Write at reading speed")
        .on_hover_text("Slow enough to read along and to move the sliders meanwhile; otherwise as fast as the models can")
        .changed()
    {
        actions.push(Action::TogglePace);
    }
    if let Some(device) = &view.device {
        ui.add_space(space::XS);
        ui.label(
            RichText::new(device)
                .size(size::SMALL)
                .color(palette(ui).weak),
        )
        .on_hover_text("What the models are computed on");
    }
    actions
}

/// One row; says whether an edit of its number has come to an end.
fn number_ui(ui: &mut Ui, label: &str, help: &str, number: DragValue<'_>) -> bool {
    let label = ui.label(label).on_hover_text(help);
    let response = ui.add(number).labelled_by(label.id).on_hover_text(help);
    ui.end_row();
    response.drag_stopped() || response.lost_focus()
}
