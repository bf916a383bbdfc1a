//! What colours the words, and the key to the colours.

use egui::{Button, ComboBox, RichText, Ui};

use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::settings::{Grain, HeatMode};
use crate::app::theme::{HeatScale, section, size, space};
use crate::app::update::{Action, ListingAction};
use crate::app::widgets::legend::Legend;

/// What the controls show.
#[derive(Debug, Clone, PartialEq)]
pub struct ColoursView {
    /// Whether words are coloured.
    pub on: bool,
    /// By which number.
    pub mode: HeatMode,
    /// What shares a colour.
    pub grain: Grain,
    /// Names of the objectives.
    pub objectives: Vec<String>,
    /// The one that colours.
    pub objective: usize,
    /// Whether the number belongs to one objective.
    pub needs_objective: bool,
    /// How numbers become colours.
    pub scale: HeatScale,
    /// What the colours show, in a few words.
    pub name: String,
    /// Whether every objective has a lane below the words; none where there is no objective.
    pub lanes: Option<bool>,
    /// Whether the table of all tokens is open.
    pub tokens_open: bool,
    /// Whether the scale is locked.
    pub locked: bool,
    /// What the colours say, in a sentence.
    pub sentence: String,
}

impl ColoursView {
    /// Decides what the controls show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let heat = state.settings.heat;
        let objectives: Vec<String> = state
            .objectives()
            .iter()
            .map(|objective| objective.name.clone())
            .collect();
        let needs_objective = heat.mode.is_of_objective();
        let name = objectives.get(state.focus.objective).cloned();
        let sentence = sentence(heat.mode, name.as_deref());
        Self {
            on: heat.on,
            mode: heat.mode,
            grain: heat.grain,
            objectives,
            objective: state.focus.objective,
            needs_objective,
            scale: HeatScale {
                kind: heat.mode.scale_kind(),
                limit: state.heat_scale,
            },
            name: match name.filter(|_| needs_objective) {
                Some(name) => format!("{} · {name}", heat.mode.label()),
                None => heat.mode.label().to_owned(),
            },
            lanes: (!state.objectives().is_empty()).then_some(heat.lanes),
            tokens_open: state.settings.tokens_open,
            locked: heat.locked.is_some(),
            sentence,
        }
    }
}

/// What the colours say.
fn sentence(mode: HeatMode, objective: Option<&str>) -> String {
    let of = objective.unwrap_or("chosen objective");
    match (mode, objective) {
        (HeatMode::Advantage, Some(name)) => {
            format!("Blue words are more {name} than the plain model's average, orange ones less")
        }
        (HeatMode::Advantage, None) => {
            "Blue words suit the objective better than the plain model's average, orange ones worse"
                .to_owned()
        }
        (HeatMode::Push, _) => format!(
            "Blue words are there also because of {of}: it pushed the choice towards them, against the plain model's best other word; orange ones stand there in spite of it"
        ),
        (HeatMode::Preference, _) => format!(
            "The {of} model finds blue words likelier than the plain model does, orange ones less likely"
        ),
        (HeatMode::Reward, _) => {
            format!("The deeper the colour, the less likely the {of} model finds the word")
        }
        (HeatMode::Influence, _) => {
            "Blue words were made likelier by guidance, orange ones less likely".to_owned()
        }
        (HeatMode::Entropy, _) => {
            "The deeper the colour, the more ways on the plain model saw here".to_owned()
        }
    }
}

/// Draws the controls.
pub fn colours_ui(ui: &mut Ui, view: &ColoursView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Colours").text_style(section()));
    ui.add_space(space::XS);
    let mut on = view.on;
    if ui
        .checkbox(&mut on, Shortcut::Heat.label())
        .on_hover_text(Shortcut::Heat.hint(ui.ctx()))
        .changed()
    {
        actions.push(Action::ToggleHeat);
    }
    if !view.on {
        return actions;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for mode in HeatMode::ALL {
            let words = RichText::new(mode.label()).size(size::SMALL);
            let button = Button::selectable(view.mode == mode, words)
                .min_size(egui::vec2(0.0, space::TARGET))
                .frame_when_inactive(true);
            if ui.add(button).on_hover_text(mode.tooltip()).clicked() {
                actions.push(Action::SetHeatMode(mode));
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for grain in Grain::ALL {
            let words = RichText::new(grain.label()).size(size::SMALL);
            let button = Button::selectable(view.grain == grain, words)
                .min_size(egui::vec2(0.0, space::TARGET))
                .frame_when_inactive(true);
            if ui.add(button).on_hover_text(grain.tooltip()).clicked() {
                actions.push(Action::SetGrain(grain));
            }
        }
    });
    if view.needs_objective && !view.objectives.is_empty() {
        let chosen = view.objectives.get(view.objective);
        ui.horizontal(|ui| {
            let label = ui.label("Objective");
            ComboBox::from_id_salt("heat objective")
                .selected_text(chosen.map_or("", String::as_str))
                .show_ui(ui, |ui| {
                    for (index, name) in view.objectives.iter().enumerate() {
                        if ui.selectable_label(index == view.objective, name).clicked() {
                            actions.push(Action::SetHeatObjective(index));
                        }
                    }
                })
                .response
                .labelled_by(label.id)
                .on_hover_text("Which objective's number colours the words");
        });
    }
    if let Some(mut lanes) = view.lanes {
        let lane = ui.checkbox(&mut lanes, Shortcut::Lanes.label());
        if lane.on_hover_text(Shortcut::Lanes.hint(ui.ctx())).changed() {
            actions.push(Action::ToggleLanes);
        }
    }
    let mut table = view.tokens_open;
    let tokens = ui.checkbox(&mut table, Shortcut::Tokens.label());
    if tokens
        .on_hover_text(Shortcut::Tokens.hint(ui.ctx()))
        .changed()
    {
        actions.push(Action::Listing(ListingAction::Toggle));
    }
    ui.add_space(space::XS);
    Legend {
        scale: view.scale,
        name: &view.name,
        sentence: &view.sentence,
    }
    .show(ui)
    .on_hover_text(
        "Numbers are in nats, natural logarithms of probabilities: +0.7 nats are twice as likely, −0.7 half as likely",
    );
    let mut locked = view.locked;
    if ui
        .checkbox(&mut locked, "Lock the scale")
        .on_hover_text("Keep the same colours for the same numbers, so that runs can be compared")
        .changed()
    {
        actions.push(Action::ToggleScaleLock);
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn influence_belongs_to_all_objectives_together() {
        let mut state = State::default();
        assert!(ColoursView::build(&state).needs_objective);
        state.settings.heat.mode = HeatMode::Influence;
        assert!(!ColoursView::build(&state).needs_objective);
    }
}
