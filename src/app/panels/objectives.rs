//! One strip per objective: slider, number, mute and solo; and what they add up to.

use egui::{Button, DragValue, RichText, Slider, Ui, WidgetInfo};

use crate::app::state::draft::{LARGEST_TYPED_WEIGHT, LARGEST_WEIGHT};
use crate::app::state::{LineupState, Region, State};
use crate::app::theme::{digits, palette, section, size, space, strong};
use crate::app::update::Action;

/// What the strips show.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectivesView {
    /// One per objective.
    pub strips: Vec<StripView>,
    /// The mix in one line.
    pub formula: String,
    /// A sentence about what the sliders do at the moment.
    pub note: Option<String>,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct StripView {
    /// Its name.
    pub name: String,
    /// One sentence about it.
    pub about: String,
    /// Where its slider stands.
    pub weight: f64,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it is soloed.
    pub soloed: bool,
    /// Whether it has any effect: neither muted nor silenced by another's solo.
    pub counts: bool,
}

impl ObjectivesView {
    /// Decides what the strips show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let any_solo = state.draft.strips.iter().any(|strip| strip.soloed);
        let strips =
            state
                .objectives()
                .iter()
                .zip(&state.draft.strips)
                .map(|(objective, strip)| StripView {
                    name: objective.name.clone(),
                    about: objective.about.clone(),
                    weight: strip.weight,
                    muted: strip.muted,
                    soloed: strip.soloed,
                    counts: !strip.muted && (strip.soloed || !any_solo),
                });
        Self {
            strips: strips.collect(),
            formula: state.draft.formula(state.objectives()),
            note: note(state),
            wants_focus: state.focus_step.wanted && state.focus_step.region == Region::Objectives,
        }
    }
}

fn note(state: &State) -> Option<String> {
    match &state.lineup {
        LineupState::Loading { .. } => {
            return Some("The sliders appear when the models are loaded".to_owned());
        }
        LineupState::Missing => return Some("No models, no sliders".to_owned()),
        LineupState::Ready(_) => {}
    }
    let run = state.run()?;
    let weights = state.draft.effective_weights();
    if run.is_active() {
        return Some("Move a slider: it acts from the next word on".to_owned());
    }
    if run.guided.is_empty() || !run.written_otherwise(&weights) {
        return None;
    }
    let judged = run
        .rejudged
        .as_ref()
        .filter(|rejudged| rejudged.weights == weights)?;
    let text = state.lineup_info().map(|info| &info.texts);
    Some(match (judged.guided.divergence, text) {
        (Some(change), Some(texts)) => {
            let word = |id: u32| {
                texts
                    .get(id as usize)
                    .map_or_else(String::new, |text| text.trim().to_owned())
            };
            format!(
                "With these sliders the guided text would change at word {}: \"{}\" instead of \"{}\"",
                change.position + 1,
                word(change.to),
                word(change.from),
            )
        }
        (Some(change), None) => format!(
            "With these sliders the guided text would change at word {}",
            change.position + 1
        ),
        (None, _) => "With these sliders the guided text would stay the same".to_owned(),
    })
}

/// Draws the strips.
pub fn objectives_ui(ui: &mut Ui, view: &ObjectivesView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Objectives").text_style(section()))
        .on_hover_text("What the guided text should be more of: the higher the slider, the harder this objective pulls on every word");
    ui.add_space(space::XS);
    for (index, strip) in view.strips.iter().enumerate() {
        let wants_focus = view.wants_focus && index == 0;
        actions.extend(strip_ui(ui, index, strip, wants_focus));
        ui.add_space(space::S);
    }
    if !view.strips.is_empty() {
        let colours = palette(ui);
        ui.label(
            RichText::new(&view.formula)
                .font(digits(size::SMALL))
                .color(colours.weak),
        )
        .on_hover_text(
            "How the models are mixed, as sums of log-probabilities: the plain model counts once, each objective as often as its slider says",
        );
    }
    if let Some(note) = &view.note {
        ui.add_space(space::XS);
        ui.label(
            RichText::new(note)
                .size(size::SMALL)
                .color(palette(ui).weak),
        );
    }
    actions
}

fn strip_ui(ui: &mut Ui, index: usize, strip: &StripView, wants_focus: bool) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    ui.horizontal(|ui| {
        let colour = if strip.counts {
            colours.text
        } else {
            colours.weak
        };
        ui.label(
            RichText::new(&strip.name)
                .font(strong(size::BODY))
                .color(colour),
        )
        .on_hover_text(&strip.about);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let small = egui::vec2(space::TARGET, space::TARGET);
            let solo = Button::selectable(strip.soloed, "S").min_size(small);
            let solo = ui
                .add(solo)
                .on_hover_text("Solo: only soloed objectives count");
            solo.widget_info(|| {
                WidgetInfo::selected(
                    egui::accesskit::Role::Button,
                    true,
                    strip.soloed,
                    format!("Solo {}", strip.name),
                )
            });
            if solo.clicked() {
                actions.push(Action::ToggleSolo(index));
            }
            let mute = Button::selectable(strip.muted, "M").min_size(small);
            let mute = ui
                .add(mute)
                .on_hover_text("Mute: this objective counts as 0, its slider stays");
            mute.widget_info(|| {
                WidgetInfo::selected(
                    egui::accesskit::Role::Button,
                    true,
                    strip.muted,
                    format!("Mute {}", strip.name),
                )
            });
            if mute.clicked() {
                actions.push(Action::ToggleMute(index));
            }
            let mut typed = strip.weight;
            let number = DragValue::new(&mut typed)
                .range(0.0..=LARGEST_TYPED_WEIGHT)
                .speed(0.01)
                .fixed_decimals(2)
                .update_while_editing(false);
            let number = ui.add(number);
            if number.changed() {
                actions.push(Action::SetWeight {
                    objective: index,
                    weight: typed,
                });
            }
            if number.drag_stopped() || number.lost_focus() {
                actions.push(Action::EndEdit);
            }
        });
    });
    let mut weight = strip.weight.min(LARGEST_WEIGHT);
    let slider = Slider::new(&mut weight, 0.0..=LARGEST_WEIGHT)
        .step_by(0.05)
        .show_value(false)
        .trailing_fill(true);
    ui.spacing_mut().slider_width = ui.available_width();
    let response = ui.add(slider);
    response
        .widget_info(|| WidgetInfo::slider(true, strip.weight, format!("{} weight", strip.name)));
    if wants_focus {
        response.request_focus();
        actions.push(Action::RegionFocused(Region::Objectives));
    }
    if response.double_clicked() {
        actions.push(Action::ResetWeight(index));
    } else if response.changed() {
        actions.push(Action::SetWeight {
            objective: index,
            weight,
        });
    }
    if response.drag_stopped() || response.lost_focus() {
        actions.push(Action::EndEdit);
    }
    actions
}
