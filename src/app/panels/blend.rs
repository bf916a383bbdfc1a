//! Demo mode's controls: which of two qualities counts more, how strongly guidance acts, and what the colours say.

use egui::{Align, Layout, RichText, Slider, SliderClamping, Ui, WidgetInfo};

use crate::app::shortcuts::Shortcut;
use crate::app::state::blend::{Blend, STRONGEST};
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, HabitAction, ShowAction};
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
    /// Whether what the plain model writes is hidden until it is pointed at.
    pub blurred: bool,
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
            blurred: state.settings.habits.blur,
        }
    }
}

/// What the blur does, in a sentence.
pub(super) const BLUR: &str = "Blur what the plain model writes until I point at it";

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
            if toggle(ui, "Blur", BLUR, view.blurred)
                .on_hover_text(BLUR)
                .clicked()
            {
                actions.push(Action::Habit(HabitAction::ToggleBlur));
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
    let balance = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let slider = WordSlider {
            name: "Balance",
            words: &blend.balance_words([&lower[0], &lower[1]]),
            ends: [&names[0], &names[1]],
            value: blend.balance,
            most: 1.0,
        };
        if let Some(balance) = slider.show(ui, actions) {
            let moved = Blend { balance, ..blend };
            actions.push(Action::Show(ShowAction::SetBlend(moved)));
        }
    };
    let strength = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let slider = WordSlider {
            name: if two { "Strength" } else { &names[0] },
            words: blend.strength_words(),
            ends: ["Plain model", "Very strong"],
            value: blend.strength,
            most: STRONGEST,
        };
        if let Some(strength) = slider.show(ui, actions) {
            let moved = Blend { strength, ..blend };
            actions.push(Action::Show(ShowAction::SetBlend(moved)));
        }
    };
    if !two {
        strength(ui, actions);
    } else if ui.available_width() < SIDE_BY_SIDE {
        balance(ui, actions);
        strength(ui, actions);
    } else {
        ui.spacing_mut().item_spacing.x = space::XL;
        ui.columns_const(|[left, right]| {
            balance(left, actions);
            strength(right, actions);
        });
    }
}

/// Width from which on the sliders stand beside each other, points.
const SIDE_BY_SIDE: f32 = 560.0;

/// A slider with a name, what it stands at in words, and a word at either end.
struct WordSlider<'a> {
    name: &'a str,
    words: &'a str,
    ends: [&'a str; 2],
    value: f64,
    most: f64,
}

impl WordSlider<'_> {
    /// Draws it over the full width; says where it was moved to.
    fn show(self, ui: &mut Ui, actions: &mut Vec<Action>) -> Option<f64> {
        let weak = palette(ui).weak;
        let mut moved = self.value;
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing = egui::vec2(space::S, space::HAIR);
            let width = ui.available_width();
            ui.horizontal(|ui| {
                ui.label(RichText::new(self.name).font(strong(size::HEADING)));
                ui.label(RichText::new(self.words).size(size::HEADING).color(weak));
            });
            ui.spacing_mut().slider_width = width;
            // A slider that rounds or clamps what it draws tells of a move that nobody made.
            let slider = Slider::new(&mut moved, 0.0..=self.most)
                .show_value(false)
                .clamping(SliderClamping::Never)
                .smart_aim(false);
            let response = ui.add(slider);
            let label = format!("{}: {}", self.name, self.words);
            response.widget_info(|| WidgetInfo::slider(true, self.value, &label));
            if response.drag_stopped() || response.lost_focus() {
                actions.push(Action::EndEdit);
            }
            ui.horizontal(|ui| {
                ui.label(RichText::new(self.ends[0]).size(size::SMALL).color(weak));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(RichText::new(self.ends[1]).size(size::SMALL).color(weak));
                });
            });
            response.changed().then_some(moved)
        })
        .inner
    }
}
