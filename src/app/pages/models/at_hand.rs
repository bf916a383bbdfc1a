//! The right column: models on this computer.

use egui::{Button, RichText, ScrollArea, Spinner, Ui, WidgetInfo, accesskit::Role};

use super::lineups::name_of;
use super::words::{self, name_ui, obstacle_ui, weak_ui};
use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::models::Purpose;
use crate::app::state::region::Region;
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::update::models::ModelsAction;
use crate::app::widgets::field::Field;
use crate::domain::Obstacle;
use crate::worker::shelf::{FoundModel, Origin, Place, Subject};

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct AtHandView {
    /// What the list is narrowed down to.
    pub search: String,
    /// What stands in the box for a path.
    pub path: String,
    /// Whether models are being looked for.
    pub looking: bool,
    /// The models, by who keeps them.
    pub groups: Vec<(&'static str, Vec<ModelRow>)>,
    /// What could not be looked at, and what stands in place of an empty list.
    pub notes: Vec<String>,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// Where it is.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What it is.
    pub facts: String,
    /// Where it lies, in full.
    pub path: String,
    /// Whether it is the base of the lineup in hand.
    pub is_base: bool,
    /// Whether it can be the base: adapters cannot.
    pub can_be_base: bool,
    /// Whether it can join the lineup in hand as an objective.
    pub joins: bool,
    /// Why it cannot be used, or cannot join.
    pub obstacle: Option<Obstacle>,
    /// Whether the person opened it and can have it forgotten.
    pub opened: bool,
}

impl AtHandView {
    /// Decides what the column shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let models = &state.models;
        let wanted = models.search.to_lowercase();
        let fits = |model: &&FoundModel| {
            let text = format!("{} {}", model.facts.name, words::facts(&model.facts));
            wanted
                .split_whitespace()
                .all(|word| text.to_lowercase().contains(word))
        };
        let mut groups: Vec<(&'static str, Vec<ModelRow>)> = Vec::new();
        for model in models.found.models.iter().filter(fits) {
            let head = origin(model.origin);
            let row = row(state, model);
            match groups.last_mut() {
                Some((last, rows)) if *last == head => rows.push(row),
                Some(_) | None => groups.push((head, vec![row])),
            }
        }
        let mut notes = models.found.notes.clone();
        if groups.is_empty() && models.looking.is_none() && models.begun {
            notes.push("No model fits; try fewer words".to_owned());
        }
        Self {
            search: models.search.clone(),
            path: models.path.clone(),
            looking: models.looking.is_some(),
            groups,
            notes,
            wants_focus: state.wants_keyboard(Region::AtHand),
        }
    }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::BuiltIn => "Built in",
        Origin::Opened => "Opened by you",
        Origin::HuggingFace => "Hugging Face",
        Origin::LmStudio => "LM Studio",
        Origin::LlamaCpp => "llama.cpp",
    }
}

fn row(state: &State, model: &FoundModel) -> ModelRow {
    let models = &state.models;
    let place = model.place.clone();
    let subject = if model.is_adapter() {
        Subject::Adapter(place.clone())
    } else {
        Subject::Model(place.clone())
    };
    let unfinished = (!model.missing.is_empty()).then(|| Obstacle {
        summary: format!(
            "The download is not finished: {} files are missing",
            model.missing.len()
        ),
        hint: Some("Download it again; what has come is kept".to_owned()),
    });
    let broken = unfinished.or_else(|| model.facts.problem.clone());
    let base = models.plan.base.as_ref();
    let is_base = base.is_some_and(|base| base.place == place);
    let fit = models.fit(&subject);
    ModelRow {
        name: name_of(models, &place),
        facts: words::facts(&model.facts),
        path: model.facts.path.clone(),
        is_base,
        can_be_base: broken.is_none() && !model.is_adapter(),
        joins: broken.is_none() && !is_base && fit.is_some_and(|fit| fit.obstacle().is_none()),
        obstacle: broken.or_else(|| fit?.obstacle().cloned()),
        opened: model.origin == Origin::Opened,
        place,
    }
}

/// Draws the column.
pub fn at_hand_ui(ui: &mut Ui, view: &AtHandView) -> Vec<Action> {
    let mut actions = Vec::new();
    let target = egui::vec2(0.0, space::TARGET);
    ui.horizontal(|ui| {
        if view.looking {
            weak_ui(ui, "Looking for models");
            ui.add(Spinner::new().size(size::SMALL));
        } else if ui
            .add(Button::new(RichText::new("Look again").size(size::SMALL)).min_size(target))
            .on_hover_text("Look once more where programs keep models and where you opened some")
            .clicked()
        {
            actions.push(Action::Models(ModelsAction::LookAgain));
        }
    });
    let search = Field {
        hint: "Search",
        wants_focus: view.wants_focus,
        ..Field::line("Search models", &view.search)
    }
    .show(ui);
    if view.wants_focus {
        actions.push(Action::RegionFocused(Region::AtHand));
    }
    if let Some(words) = search.text {
        actions.push(Action::Models(ModelsAction::Search(words)));
    }
    let path = Field {
        hint: "Path of a folder, a .gguf or a lineup.toml",
        ..Field::line("Path to open", &view.path)
    }
    .show(ui);
    if let Some(path) = path.text {
        actions.push(Action::Models(ModelsAction::EditPath(path)));
    }
    let mut open = path.entered;
    ui.horizontal_wrapped(|ui| {
        let there = !view.path.trim().is_empty();
        open |= ui
            .add_enabled(there, Button::new("Open").min_size(target))
            .on_disabled_hover_text("Type a path first, or drop a file or folder onto the window")
            .clicked();
        for (words, purpose) in [
            ("Folder…", Purpose::ModelFolder),
            ("File…", Purpose::ModelFile),
        ] {
            if ui.add(Button::new(words).min_size(target)).clicked() {
                actions.push(Action::Models(ModelsAction::Browse(purpose)));
            }
        }
    });
    if open {
        actions.push(Action::Models(ModelsAction::OpenTyped));
    }
    ui.add_space(space::S);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show(ui, |ui| {
            for (head, rows) in &view.groups {
                ui.label(RichText::new(*head).text_style(section()));
                for row in rows {
                    palette(ui).card().show(ui, |ui| {
                        ui.set_min_width(ui.available_width());
                        actions.extend(row_ui(ui, row));
                    });
                }
                ui.add_space(space::S);
            }
            for note in &view.notes {
                weak_ui(ui, note);
            }
        });
    actions
}

fn row_ui(ui: &mut Ui, row: &ModelRow) -> Vec<Action> {
    let mut actions = Vec::new();
    let act = |action: fn(Place) -> ModelsAction| Action::Models(action(row.place.clone()));
    ui.scope(|ui| name_ui(ui, &row.name))
        .response
        .on_hover_text(&row.path);
    weak_ui(ui, &row.facts);
    if let Some(obstacle) = &row.obstacle {
        obstacle_ui(ui, &obstacle.summary, obstacle.hint.as_deref());
    }
    ui.horizontal_wrapped(|ui| {
        if row.is_base {
            weak_ui(ui, "The base of this lineup");
        } else if row.can_be_base
            && pressed(ui, "Use as base", &format!("Use {} as base", row.name))
        {
            actions.push(act(ModelsAction::SetBase));
        }
        if row.joins && pressed(ui, "+ Objective", &format!("Add {} as objective", row.name)) {
            actions.push(act(ModelsAction::AddModel));
        }
        if row.opened && pressed(ui, "Forget", &format!("Forget {}", row.name)) {
            actions.push(act(ModelsAction::Forget));
        }
    });
    actions
}

fn pressed(ui: &mut Ui, words: &str, label: &str) -> bool {
    let text = RichText::new(words).size(size::SMALL);
    let button = ui.add(Button::new(text).min_size(egui::vec2(0.0, space::TARGET)));
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    button.clicked()
}
