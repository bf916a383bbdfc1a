//! Demo mode's controls: which of two qualities counts more, how strongly guidance acts, and what the colours say.

use egui::{Align, Layout, RichText, Slider, Ui, WidgetInfo};

use crate::app::shortcuts::Shortcut;
use crate::app::state::blend::{Blend, STRONGEST};
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::{Action, ShowAction};
use crate::app::widgets::toggle::toggle;

/// What the controls show.
#[derive(Debug, Clone, PartialEq)]
pub struct BlendView {
    /// Names of the two qualities and where the sliders stand; nothing before the models are there.
    pub pair: Option<([String; 2], Blend)>,
    /// A sentence where there are no sliders.
    pub empty_note: Option<&'static str>,
    /// Whether words are coloured.
    pub coloured: bool,
    /// What the colours say.
    pub legend: String,
    /// Whether everything stands still.
    pub frozen: bool,
}

impl BlendView {
    /// Decides what the controls show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let objectives = state.objectives();
        let name = |index: usize| capital(&objectives[index].name);
        let colours = objectives.get(state.focus.objective).map(|o| &o.name);
        Self {
            pair: state.blend().map(|(pair, blend)| (pair.map(name), blend)),
            empty_note: match (&state.lineup, objectives.is_empty()) {
                (LineupState::Loading { .. }, _) => {
                    Some("The sliders appear when the models are loaded")
                }
                (LineupState::Missing, _) => Some("No models, no sliders"),
                (LineupState::Ready(_), true) => {
                    Some("These models have no objective to guide by; add one on the Models page")
                }
                (LineupState::Ready(_), false) => None,
            },
            coloured: state.settings.heat.on,
            legend: colours.map_or_else(String::new, |name| {
                format!("Blue words are more {name} than usual, orange ones less")
            }),
            frozen: state.showing.frozen,
        }
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// Draws the controls in one row, or below each other where there is no room.
pub fn blend_ui(ui: &mut Ui, view: &BlendView) -> Vec<Action> {
    let mut actions = Vec::new();
    palette(ui).card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        if let Some(note) = view.empty_note {
            ui.label(note);
        }
        if let Some((names, blend)) = &view.pair {
            sliders_ui(ui, names, *blend, &mut actions);
        }
        ui.add_space(space::XS);
        ui.horizontal_wrapped(|ui| {
            let label = Shortcut::Heat.label();
            if toggle(ui, "Colours", label, view.coloured)
                .on_hover_text("Colour the words (H)")
                .clicked()
            {
                actions.push(Action::ToggleHeat);
            }
            if toggle(
                ui,
                "Freeze",
                "Freeze: let everything stand still",
                view.frozen,
            )
            .on_hover_text(
                "Let everything stand still while people read; sliders act when it goes on (F)",
            )
            .clicked()
            {
                actions.push(Action::Show(ShowAction::ToggleFreeze));
            }
            let note = match (view.frozen, view.coloured) {
                (true, _) => "Everything stands still",
                (false, true) => view.legend.as_str(),
                (false, false) => "",
            };
            ui.label(RichText::new(note).color(palette(ui).weak));
        });
    });
    actions
}

fn sliders_ui(ui: &mut Ui, names: &[String; 2], blend: Blend, actions: &mut Vec<Action>) {
    let two = names[0] != names[1];
    let lower = [names[0].to_lowercase(), names[1].to_lowercase()];
    let wide = ui.available_width() > 640.0;
    let mut draw = |ui: &mut Ui| {
        let width = if wide && two {
            (ui.available_width() - space::XL) / 2.0
        } else {
            ui.available_width()
        };
        if two {
            let words = blend.balance_words([&lower[0], &lower[1]]);
            let ends = [names[0].as_str(), names[1].as_str()];
            let value = slider_ui(
                ui,
                width,
                "Balance",
                ends,
                &words,
                blend.balance,
                1.0,
                actions,
            );
            if let Some(balance) = value {
                actions.push(Action::Show(ShowAction::SetBlend(Blend {
                    balance,
                    ..blend
                })));
            }
            if wide {
                ui.add_space(space::XL - ui.spacing().item_spacing.x);
            }
        }
        let words = blend.strength_words();
        let name = if two {
            "Strength".to_owned()
        } else {
            names[0].clone()
        };
        let ends = ["Plain model", "Very strong"];
        let value = slider_ui(
            ui,
            width,
            &name,
            ends,
            words,
            blend.strength,
            STRONGEST,
            actions,
        );
        if let Some(strength) = value {
            actions.push(Action::Show(ShowAction::SetBlend(Blend {
                strength,
                ..blend
            })));
        }
    };
    if wide && two {
        ui.horizontal(|ui| draw(ui));
    } else {
        draw(ui);
    }
}

/// A slider with a name, what it stands at in words, and a word at either end.
#[expect(
    clippy::too_many_arguments,
    reason = "all of them are words and numbers of one control"
)]
fn slider_ui(
    ui: &mut Ui,
    width: f32,
    name: &str,
    ends: [&str; 2],
    words: &str,
    value: f64,
    most: f64,
    actions: &mut Vec<Action>,
) -> Option<f64> {
    let mut moved = value;
    let mut changed = false;
    let weak = palette(ui).weak;
    ui.allocate_ui_with_layout(egui::vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
        ui.set_width(width);
        ui.horizontal(|ui| {
            ui.label(RichText::new(name).text_style(section()));
            ui.label(RichText::new(words).size(size::HEADING).color(weak));
        });
        ui.spacing_mut().slider_width = width - space::S;
        ui.spacing_mut().interact_size.y = 28.0;
        let slider = Slider::new(&mut moved, 0.0..=most)
            .show_value(false)
            .step_by(0.01);
        let response = ui.add(slider);
        let label = format!("{name}: {words}");
        response.widget_info(|| WidgetInfo::slider(true, value, &label));
        changed = response.changed();
        if response.drag_stopped() || response.lost_focus() {
            actions.push(Action::EndEdit);
        }
        ui.horizontal(|ui| {
            ui.label(RichText::new(ends[0]).color(weak));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(ends[1]).color(weak));
            });
        });
    });
    changed.then_some(moved)
}
