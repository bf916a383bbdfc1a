//! The forms for a new objective: a sentence, a reward model, or an expert against an amateur.

use egui::{Button, ComboBox, Grid, RichText, Ui, WidgetInfo, accesskit::Role};

use super::lineups::name_of;
use super::words::{self, obstacle_ui, weak_ui};
use crate::app::state::State;
use crate::app::state::models::Models;
use crate::app::state::models::form::{Form, FormKind, SENTENCES};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::update::models::ModelsAction;
use crate::app::widgets::field::Field;
use crate::domain::Obstacle;
use crate::worker::shelf::{Check, Fit, Place, Subject};

/// What this part shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FormsView {
    /// Whether there is a base to join.
    pub has_base: bool,
    /// The form that is open.
    pub form: Option<FormView>,
}

/// An open form.
#[derive(Debug, Clone, PartialEq)]
pub enum FormView {
    /// A sentence.
    Sentence {
        /// Its name.
        name: String,
        /// The sentence.
        text: String,
        /// Whether sentences can join this base; nothing while that is not known.
        fit: Option<Fit>,
    },
    /// Everyone who could join.
    Model(Vec<Candidate>),
    /// One model against another.
    Contrast {
        /// Its name.
        name: String,
        /// Whose likes count.
        expert: Option<Place>,
        /// Whose likes count against.
        amateur: Option<Place>,
        /// The models to choose from.
        candidates: Vec<Candidate>,
    },
}

/// A model or adapter that wants to join.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Where it is.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What it is.
    pub facts: String,
    /// Whether it can join; nothing while that is not known.
    pub fit: Option<Fit>,
    /// Why it cannot be used at all.
    pub problem: Option<Obstacle>,
}

impl Candidate {
    /// Whether it is known that it can join.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.problem.is_none()
            && self
                .fit
                .as_ref()
                .is_some_and(|fit| fit.obstacle().is_none())
    }
}

impl FormsView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let models = &state.models;
        let form = models.form.clone().map(|form| match form {
            Form::Sentence { name, text } => FormView::Sentence {
                name,
                text,
                fit: models.fit(&Subject::Sentence).cloned(),
            },
            Form::Model => FormView::Model(candidates(models, true)),
            Form::Contrast {
                name,
                expert,
                amateur,
            } => FormView::Contrast {
                name,
                expert,
                amateur,
                candidates: candidates(models, false),
            },
        });
        Self {
            has_base: models.plan.base.is_some(),
            form,
        }
    }
}

/// Who could join, those who can first.
fn candidates(models: &Models, adapters: bool) -> Vec<Candidate> {
    let all = models.found.models.iter();
    let mut candidates: Vec<Candidate> = all
        .filter(|model| adapters || !model.is_adapter())
        .map(|model| {
            let place = model.place.clone();
            let subject = if model.is_adapter() {
                Subject::Adapter(place.clone())
            } else {
                Subject::Model(place.clone())
            };
            Candidate {
                name: name_of(models, &place),
                facts: words::facts(&model.facts),
                fit: models.fit(&subject).cloned(),
                problem: model.facts.problem.clone(),
                place,
            }
        })
        .collect();
    candidates.sort_by_key(|candidate| !candidate.joins());
    candidates
}

/// Draws the buttons for new objectives and the form that is open.
pub fn forms_ui(ui: &mut Ui, view: &FormsView) -> Vec<Action> {
    let mut actions = Vec::new();
    let open = view.form.as_ref().map(|form| match form {
        FormView::Sentence { .. } => FormKind::Sentence,
        FormView::Model(_) => FormKind::Model,
        FormView::Contrast { .. } => FormKind::Contrast,
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("+ Objective").text_style(section()));
        for kind in FormKind::ALL {
            let button = Button::selectable(open == Some(kind), kind.label())
                .frame_when_inactive(true)
                .min_size(egui::vec2(0.0, space::TARGET));
            if ui
                .add_enabled(view.has_base, button)
                .on_hover_text(kind.about())
                .on_disabled_hover_text("Choose a base first")
                .clicked()
            {
                actions.push(Action::Models(ModelsAction::ToggleForm(kind)));
            }
        }
    });
    let Some(form) = &view.form else {
        return actions;
    };
    palette(ui).card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        actions.extend(match form {
            FormView::Sentence { name, text, fit } => sentence_ui(ui, name, text, fit.as_ref()),
            FormView::Model(candidates) => table_ui(ui, candidates),
            FormView::Contrast {
                name,
                expert,
                amateur,
                candidates,
            } => contrast_ui(ui, name, [expert.as_ref(), amateur.as_ref()], candidates),
        });
    });
    actions
}

fn sentence_ui(ui: &mut Ui, name: &str, text: &str, fit: Option<&Fit>) -> Vec<Action> {
    let mut actions = Vec::new();
    let form = |name: &str, text: &str| {
        Action::Models(ModelsAction::EditForm(Form::Sentence {
            name: name.to_owned(),
            text: text.to_owned(),
        }))
    };
    ui.horizontal_wrapped(|ui| {
        weak_ui(ui, "Begin with");
        for (suggested, sentence) in SENTENCES {
            let button = Button::new(RichText::new(suggested).size(size::SMALL))
                .min_size(egui::vec2(0.0, space::TARGET));
            if ui.add(button).on_hover_text(sentence).clicked() {
                actions.push(form(suggested, sentence));
            }
        }
    });
    ui.label("Name");
    let field = Field {
        hint: "polite",
        ..Field::line("Name of the new objective", name)
    }
    .show(ui);
    if let Some(name) = &field.text {
        actions.push(form(name, text));
    }
    ui.label("Sentence");
    let field = Field {
        hint: "You are always polite.",
        rows: 3,
        ..Field::line("Sentence of the new objective", text)
    }
    .show(ui);
    if let Some(text) = &field.text {
        actions.push(form(name, text));
    }
    match fit.map(|fit| &fit.template) {
        Some(Check::Failed(obstacle)) => {
            obstacle_ui(ui, &obstacle.summary, obstacle.hint.as_deref());
        }
        Some(Check::Passed(words)) => weak_ui(ui, words),
        Some(Check::Unneeded) => {}
        None => weak_ui(ui, "Looking whether sentences can join this base"),
    }
    let ready = !text.trim().is_empty();
    actions.extend(add_ui(ui, ready, "Write the sentence first"));
    actions
}

fn add_ui(ui: &mut Ui, ready: bool, why_not: &str) -> Vec<Action> {
    let button = Button::new("Add objective").min_size(egui::vec2(0.0, 32.0));
    let add = ui
        .add_enabled(ready, button)
        .on_disabled_hover_text(why_not);
    add.clicked()
        .then_some(Action::Models(ModelsAction::AddFromForm))
        .into_iter()
        .collect()
}

fn table_ui(ui: &mut Ui, candidates: &[Candidate]) -> Vec<Action> {
    let mut actions = Vec::new();
    if candidates.is_empty() {
        ui.label("There is nothing else on this computer yet: add a folder or a file on the right");
        return actions;
    }
    let colours = palette(ui);
    Grid::new("candidates")
        .num_columns(5)
        .spacing([space::M, space::XS])
        .show(ui, |ui| {
            for head in ["Model", "Vocabulary", "Shape", "Template", ""] {
                ui.label(RichText::new(head).size(size::SMALL).color(colours.weak));
            }
            ui.end_row();
            for candidate in candidates {
                ui.label(&candidate.name).on_hover_text(&candidate.facts);
                match (&candidate.problem, &candidate.fit) {
                    (None, Some(fit)) => {
                        for (what, check) in words::checks(fit) {
                            cell_ui(ui, what, check);
                        }
                    }
                    (Some(_), _) => {
                        ui.label(
                            RichText::new("✗ cannot run")
                                .size(size::SMALL)
                                .color(colours.error),
                        );
                        ui.label("");
                        ui.label("");
                    }
                    (None, None) => {
                        weak_ui(ui, "Looking…");
                        ui.label("");
                        ui.label("");
                    }
                }
                let add = Button::new("Add").min_size(egui::vec2(0.0, space::TARGET));
                let add = ui.add_enabled(candidate.joins(), add);
                let label = format!("Add {}", candidate.name);
                add.widget_info(|| WidgetInfo::labeled(Role::Button, candidate.joins(), &label));
                if add.clicked() {
                    let place = candidate.place.clone();
                    actions.push(Action::Models(ModelsAction::AddModel(place)));
                }
                ui.end_row();
            }
        });
    for candidate in candidates {
        let obstacle = candidate
            .problem
            .as_ref()
            .or_else(|| candidate.fit.as_ref()?.obstacle());
        if let Some(obstacle) = obstacle {
            let summary = format!("{}: {}", candidate.name, obstacle.summary);
            obstacle_ui(ui, &summary, obstacle.hint.as_deref());
        }
    }
    actions
}

fn cell_ui(ui: &mut Ui, what: &str, check: &Check) {
    let colours = palette(ui);
    let colour = match check {
        Check::Passed(_) => colours.text,
        Check::Failed(_) => colours.error,
        Check::Unneeded => colours.weak,
    };
    let words = RichText::new(words::verdict(check))
        .size(size::SMALL)
        .color(colour);
    ui.label(words)
        .on_hover_text(format!("{what}: {}", words::reason(check)));
}

fn contrast_ui(
    ui: &mut Ui,
    name: &str,
    chosen: [Option<&Place>; 2],
    candidates: &[Candidate],
) -> Vec<Action> {
    let mut actions = Vec::new();
    let form = |name: &str, [expert, amateur]: [Option<&Place>; 2]| {
        Action::Models(ModelsAction::EditForm(Form::Contrast {
            name: name.to_owned(),
            expert: expert.cloned(),
            amateur: amateur.cloned(),
        }))
    };
    ui.label("Name");
    let field = Field {
        hint: "instructed",
        ..Field::line("Name of the new objective", name)
    }
    .show(ui);
    if let Some(name) = &field.text {
        actions.push(form(name, chosen));
    }
    for (side, words) in [
        (0, "Expert: what it likes counts for a word"),
        (1, "Amateur: what it likes counts against a word"),
    ] {
        ui.label(words);
        let label = if side == 0 { "Expert" } else { "Amateur" };
        if let Some(place) = pick_ui(ui, label, chosen[side], candidates) {
            let mut next = chosen;
            next[side] = Some(place);
            actions.push(form(name, next));
        }
    }
    let ready = chosen.iter().all(Option::is_some) && chosen[0] != chosen[1];
    actions.extend(add_ui(ui, ready, "Choose two different models first"));
    actions
}

fn pick_ui<'a>(
    ui: &mut Ui,
    label: &str,
    now: Option<&Place>,
    candidates: &'a [Candidate],
) -> Option<&'a Place> {
    let mut picked = None;
    let shown = now
        .and_then(|now| candidates.iter().find(|one| one.place == *now))
        .map_or("Choose a model", |one| one.name.as_str());
    let combo = ComboBox::from_id_salt(label)
        .selected_text(shown)
        .width(ui.available_width().min(320.0))
        .show_ui(ui, |ui| {
            for one in candidates {
                let button = Button::selectable(now == Some(&one.place), one.name.as_str());
                let why_not = one
                    .problem
                    .as_ref()
                    .or_else(|| one.fit.as_ref()?.obstacle())
                    .map_or("Looking whether it can join", |obstacle| {
                        obstacle.summary.as_str()
                    });
                if ui
                    .add_enabled(one.joins(), button)
                    .on_hover_text(&one.facts)
                    .on_disabled_hover_text(why_not)
                    .clicked()
                {
                    picked = Some(&one.place);
                }
            }
        });
    combo.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, label);
        info.current_text_value = Some(shown.to_owned());
        info
    });
    picked
}
