//! The objectives of the lineup in hand.

use egui::{Align, Button, DragValue, Layout, RichText, Ui, WidgetInfo, accesskit::Role};

use super::composed::template_ui;
use super::lineups::name_of;
use super::words::{self, obstacle_ui, weak_ui};
use crate::app::state::State;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::app::state::models::Models;
use crate::app::state::models::plan::subjects;
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::update::models::ModelsAction;
use crate::app::widgets::field::Field;
use crate::app::widgets::swatch::swatch;
use crate::domain::{Colour, Obstacle};
use crate::worker::shelf::{Entry, Source};

/// What this part shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectivesView {
    /// One per objective.
    pub rows: Vec<ObjectiveRow>,
    /// What stands in their place where there are none.
    pub note: Option<&'static str>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveRow {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// The weight that its slider starts from.
    pub weight: f64,
    /// Where it comes from.
    pub source: String,
    /// What it is about.
    pub about: String,
    /// Its sentence, where it is one.
    pub sentence: Option<String>,
    /// How prompts are put to its model.
    pub template: Option<String>,
    /// Whether it can join.
    pub standing: Standing,
    /// Whether its details are unfolded.
    pub unfolded: bool,
}

/// Whether an objective can join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can, as far as headers and tokenizers say.
    Joins,
    /// That is being found out, or there is no base to join.
    Unknown,
    /// It cannot: why, and what would help.
    Cannot(Obstacle),
}

impl ObjectivesView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let models = &state.models;
        let plan = &models.plan;
        let rows = plan.objectives.iter().enumerate().map(|(index, entry)| {
            let sentence = match &entry.source {
                Source::System(wish) => Some(wish.clone()),
                Source::Adapter(_) | Source::Model(_) | Source::Contrast { .. } => None,
            };
            ObjectiveRow {
                name: entry.name.clone(),
                colour: plan.colour(index),
                weight: entry.weight,
                source: words::source(&entry.source, |place| name_of(models, place)),
                about: entry.about.clone(),
                sentence,
                template: entry.template.clone(),
                standing: standing(models, entry),
                unfolded: models.unfolded == Some(index),
            }
        });
        Self {
            rows: rows.collect(),
            note: plan
                .objectives
                .is_empty()
                .then_some("Nothing steers the base yet: add an objective"),
        }
    }
}

fn standing(models: &Models, entry: &Entry) -> Standing {
    if let Some(place) = entry.source.places().find(|place| models.is_away(place)) {
        return Standing::Cannot(Obstacle {
            summary: format!("{} is not on this computer", words::place(place)),
            hint: Some("Download it first".to_owned()),
        });
    }
    let mut all_known = true;
    for subject in subjects(entry) {
        match models.fit(&subject) {
            // A template of its own overrules what the base's does.
            Some(_) if entry.template.is_some() && entry.source.places().next().is_none() => {}
            Some(fit) => {
                if let Some(obstacle) = fit.obstacle() {
                    return Standing::Cannot(obstacle.clone());
                }
            }
            None => all_known = false,
        }
    }
    if all_known {
        Standing::Joins
    } else {
        Standing::Unknown
    }
}

/// Draws the objectives.
pub fn objectives_ui(ui: &mut Ui, view: &ObjectivesView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Objectives").text_style(section()))
        .on_hover_text("What the base is steered towards, each with a slider of its own");
    if let Some(note) = view.note {
        ui.label(note);
    }
    for (index, row) in view.rows.iter().enumerate() {
        palette(ui).card().show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            actions.extend(row_ui(ui, index, row));
        });
    }
    actions
}

fn row_ui(ui: &mut Ui, index: usize, row: &ObjectiveRow) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut act = |action| actions.push(Action::Models(action));
    let name = if row.name.is_empty() {
        "the objective"
    } else {
        &row.name
    };
    ui.horizontal(|ui| {
        if let Some(colour) = swatch(ui, name, row.colour) {
            act(ModelsAction::SetColour(index, colour));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if named(ui, "✗", &format!("Remove {name}"))
                .on_hover_text("Take it out of the lineup; undo brings it back")
                .clicked()
            {
                act(ModelsAction::Remove(index));
            }
            let words = if row.unfolded { "Less" } else { "More" };
            if named(ui, words, &format!("{words} of {name}"))
                .on_hover_text("Its description, sentence and template")
                .clicked()
            {
                act(ModelsAction::Unfold(index));
            }
            let mut weight = row.weight;
            let number = DragValue::new(&mut weight)
                .range(0.0..=LARGEST_TYPED_WEIGHT)
                .speed(0.01)
                .fixed_decimals(2);
            let number = ui
                .add(number)
                .on_hover_text("Where its slider stands when the lineup is loaded");
            let label = format!("Weight of {name}");
            number.widget_info(|| {
                let mut info = WidgetInfo::drag_value(true, row.weight);
                info.label = Some(label.clone());
                info
            });
            if number.changed() {
                act(ModelsAction::SetWeight(index, weight));
            }
            if number.drag_stopped() || number.lost_focus() {
                act(ModelsAction::EndEdit);
            }
            let label = format!("Name of {name}");
            let field = Field {
                hint: "Name",
                width: ui.available_width(),
                ..Field::line(&label, &row.name)
            }
            .show(ui);
            if let Some(name) = field.text {
                act(ModelsAction::Rename(index, name));
            }
            if field.left {
                act(ModelsAction::EndEdit);
            }
        });
    });
    weak_ui(ui, &row.source);
    match &row.standing {
        Standing::Joins => {}
        Standing::Unknown => weak_ui(ui, "Looking whether it can join"),
        Standing::Cannot(obstacle) => {
            obstacle_ui(ui, &obstacle.summary, obstacle.hint.as_deref());
        }
    }
    if row.unfolded {
        ui.add_space(space::XS);
        actions.extend(details_ui(ui, index, name, row));
    }
    actions
}

fn named(ui: &mut Ui, words: &str, label: &str) -> egui::Response {
    let text = RichText::new(words).size(size::SMALL);
    let response = ui.add(Button::new(text).min_size(egui::Vec2::splat(space::TARGET)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    response
}

fn details_ui(ui: &mut Ui, index: usize, name: &str, row: &ObjectiveRow) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut act = |action| actions.push(Action::Models(action));
    ui.label("What it is about");
    let label = format!("About {name}");
    let field = Field {
        hint: "A sentence for the tooltip of its slider",
        ..Field::line(&label, &row.about)
    }
    .show(ui);
    if let Some(about) = field.text {
        act(ModelsAction::EditAbout(index, about));
    }
    let mut ended = field.left;
    if let Some(sentence) = &row.sentence {
        ui.label("Sentence");
        let label = format!("Sentence of {name}");
        let field = Field {
            rows: 3,
            ..Field::line(&label, sentence)
        }
        .show(ui);
        if let Some(sentence) = field.text {
            act(ModelsAction::EditSentence(index, sentence));
        }
        ended |= field.left;
    }
    if let Some((template, step)) = template_ui(ui, name, "As the base's", row.template.as_deref())
    {
        act(ModelsAction::SetTemplate(index, template));
        ended |= step;
    }
    if ended {
        act(ModelsAction::EndEdit);
    }
    actions
}
