//! The middle of the page: the lineup in hand, its name, what can be done with it, and its base.

use egui::{Align, Button, ComboBox, Layout, RichText, Ui, WidgetInfo, accesskit::Role};

use super::lineups::{file_row_ui, name_of};
use super::words::{self, name_ui, obstacle_ui, weak_ui};
use crate::app::state::models::form::FileRow;
use crate::app::state::models::{PATIENCE_SECS, Purpose, Side};
use crate::app::state::region::Region;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, section, size, space, strong};
use crate::app::update::Action;
use crate::app::update::models::{HubAction, ModelsAction};
use crate::app::widgets::field::Field;
use crate::domain::LineupSource;
use crate::error::Failure;
use crate::worker::hub::RepoAt;
use crate::worker::shelf::Place;

/// What this part shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposedView {
    /// The lineup's name.
    pub name: String,
    /// Where it stands: saved, changed, in use.
    pub standing: String,
    /// Why it cannot be loaded or saved yet.
    pub gap: Option<String>,
    /// Why it cannot be saved at all.
    pub unsavable: Option<&'static str>,
    /// Whether saving would change anything.
    pub unsaved: bool,
    /// The row for a file to be written.
    pub export: Option<FileRow>,
    /// The name that an exported file is offered under.
    pub export_name: String,
    /// What happened last.
    pub note: Option<String>,
    /// Whether a lineup was deleted and can be brought back.
    pub can_undelete: bool,
    /// What to say of a file dialog that is being waited for.
    pub dialog: Option<&'static str>,
    /// The base.
    pub base: Option<BaseView>,
    /// What has to be downloaded before it can be loaded.
    pub missing: Option<MissingView>,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// The base of the lineup in hand.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub facts: String,
    /// How prompts are put to it.
    pub template: Option<String>,
    /// Why it cannot be used: what is the matter and what would help.
    pub problem: Option<(String, Option<String>)>,
}

/// What the lineup in hand needs and this computer does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct MissingView {
    /// In a sentence.
    pub words: String,
    /// Whether it is being fetched.
    pub fetching: bool,
}

impl ComposedView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let models = &state.models;
        let plan = &models.plan;
        let unsaved = models.is_unsaved();
        Self {
            name: plan.name.clone(),
            standing: standing(state, unsaved),
            gap: plan.gap(),
            unsavable: models
                .folder
                .is_none()
                .then_some("This system names no place to save lineups in; export it instead"),
            unsaved,
            export: models.file_row.clone().filter(|row| row.writes),
            export_name: format!("{}.toml", plan.name.trim()),
            note: models.note.as_ref().map(|note| note.words.clone()),
            can_undelete: models.note.as_ref().is_some_and(|note| {
                note.deleted.as_ref().is_some_and(|deleted| deleted.lineup.is_ok())
            }),
            dialog: models.dialog.as_ref().map(|dialog| {
                if state.now_secs - dialog.since_secs >= PATIENCE_SECS {
                    "The desktop's file dialog has not answered yet. If none has opened, your desktop offers none: type the path instead, or drop the file onto the window"
                } else {
                    "Waiting for the file dialog"
                }
            }),
            base: base(state),
            missing: missing(state),
            wants_focus: state.wants_keyboard(Region::Composed),
        }
    }
}

fn standing(state: &State, unsaved: bool) -> String {
    let models = &state.models;
    let in_use = match (&state.lineup, models.plan.lineup()) {
        (LineupState::Ready(_), Some(lineup)) => match &state.source {
            LineupSource::Composed(text) => lineup.to_toml().is_ok_and(|own| *own == **text),
            LineupSource::Demo => models
                .ready
                .first()
                .is_some_and(|built_in| built_in.lineup == lineup),
            LineupSource::File(_) => false,
        },
        (LineupState::Ready(_) | LineupState::Loading { .. } | LineupState::Missing, _) => false,
    };
    let saved = match (unsaved, &models.plan.file) {
        (true, Some(_)) => "Changed since it was saved",
        (true, None) => "Not saved yet",
        (false, Some(_)) => "Saved",
        (false, None) => "",
    };
    let in_use = if in_use {
        "In use on the Steer page"
    } else {
        ""
    };
    let parts: Vec<&str> = [in_use, saved]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" · ")
}

fn missing(state: &State) -> Option<MissingView> {
    let models = &state.models;
    let mut repos: Vec<RepoAt> = Vec::new();
    for place in models.plan.places().filter(|place| models.is_away(place)) {
        if let Place::Hub { repo, revision, .. } = place {
            let at = RepoAt {
                repo: repo.clone(),
                revision: revision.clone(),
            };
            if !repos.contains(&at) {
                repos.push(at);
            }
        }
    }
    let fetching = repos.iter().all(|at| models.hub.is_fetching(at));
    let names: Vec<&str> = repos.iter().map(|at| at.repo.as_str()).collect();
    let words = match names.as_slice() {
        [] => return None,
        [one] if fetching => format!("{one} is on its way"),
        many if fetching => format!("{} are on their way", many.join(" and ")),
        [one] => format!("{one} has to be downloaded first"),
        many => format!("{} have to be downloaded first", many.join(" and ")),
    };
    Some(MissingView { words, fetching })
}

fn base(state: &State) -> Option<BaseView> {
    let models = &state.models;
    let base = models.plan.base.as_ref()?;
    let model = models.model(&base.place);
    let told = |failure: &Failure| (failure.summary.clone(), failure.hint.clone());
    let own = model.and_then(|model| model.facts.problem.as_ref());
    let problem = if models.is_away(&base.place) {
        Some(("It is not on this computer".to_owned(), None))
    } else if let Some(obstacle) = own {
        Some((obstacle.summary.clone(), obstacle.hint.clone()))
    } else {
        models.base_problem.as_ref().map(told)
    };
    Some(BaseView {
        name: name_of(models, &base.place),
        facts: model.map_or_else(String::new, |model| words::facts(&model.facts)),
        template: base.template.clone(),
        problem,
    })
}

/// Draws the lineup's name and what can be done with it.
pub fn head_ui(ui: &mut Ui, view: &ComposedView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            actions.extend(buttons_ui(ui, view));
            let field = Field {
                hint: "Name of the lineup",
                width: ui.available_width(),
                wants_focus: view.wants_focus,
                ..Field::line("Name of the lineup", &view.name)
            }
            .show(ui);
            if view.wants_focus {
                actions.push(Action::RegionFocused(Region::Composed));
            }
            if let Some(name) = field.text {
                actions.push(Action::Models(ModelsAction::EditName(name)));
            }
            if field.left {
                actions.push(Action::Models(ModelsAction::EndEdit));
            }
        });
    });
    if let Some(row) = &view.export {
        let purpose = Purpose::Export(view.export_name.clone());
        actions.extend(file_row_ui(ui, row, "Path to write to", "Export", purpose));
    }
    if !view.standing.is_empty() {
        weak_ui(ui, &view.standing);
    }
    if let Some(missing) = &view.missing {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&missing.words).color(colours.warning));
            let (words, action) = if missing.fetching {
                let show = ModelsAction::ShowSide(Side::Downloads);
                ("Show the download", Action::Models(show))
            } else {
                ("Download", HubAction::FetchMissing.into())
            };
            if ui.button(words).clicked() {
                actions.push(action);
            }
        });
    }
    if let Some(dialog) = view.dialog {
        ui.label(RichText::new(dialog).color(colours.warning));
    }
    if let Some(note) = &view.note {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(note).color(colours.text));
            if view.can_undelete && ui.button("Bring it back").clicked() {
                actions.push(Action::Models(ModelsAction::Undelete));
            }
            let close = ui.small_button("✗").on_hover_text("Close this line");
            close.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close this line"));
            if close.clicked() {
                actions.push(Action::Models(ModelsAction::DismissNote));
            }
        });
    }
    actions
}

/// From right to left.
fn buttons_ui(ui: &mut Ui, view: &ComposedView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let tall = egui::vec2(0.0, 32.0);
    let gap = view.gap.as_deref();
    let missing = view.missing.as_ref().map(|missing| missing.words.as_str());
    let words = RichText::new("Load and steer")
        .font(strong(size::BODY))
        .color(colours.on_accent);
    let load = Button::new(words).fill(colours.accent).min_size(tall);
    if ui
        .add_enabled(gap.or(missing).is_none(), load)
        .on_hover_text("Load these models and go to the Steer page")
        .on_disabled_hover_text(gap.or(missing).unwrap_or_default())
        .clicked()
    {
        actions.push(Action::Models(ModelsAction::Load));
    }
    let why_not = gap.or(view.unsavable);
    let can_save = why_not.is_none() && view.unsaved;
    if ui
        .add_enabled(can_save, Button::new("Save").min_size(tall))
        .on_hover_text("Keep this lineup in the list")
        .on_disabled_hover_text(why_not.unwrap_or("It is as it was saved"))
        .clicked()
    {
        actions.push(Action::Models(ModelsAction::Save));
    }
    let export = Button::selectable(view.export.is_some(), "Export…")
        .frame_when_inactive(true)
        .min_size(tall);
    if ui
        .add_enabled(gap.is_none(), export)
        .on_hover_text("Write this lineup to a lineup.toml for somebody else")
        .on_disabled_hover_text(gap.unwrap_or_default())
        .clicked()
    {
        actions.push(Action::Models(ModelsAction::ToggleFileRow { writes: true }));
    }
    actions
}

/// Draws the base.
pub fn base_ui(ui: &mut Ui, view: &ComposedView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Base").text_style(section()))
        .on_hover_text("The model that writes; the objectives steer it");
    palette(ui).card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        let Some(base) = &view.base else {
            ui.label("Choose a base from the list on the right");
            return;
        };
        name_ui(ui, &base.name);
        if !base.facts.is_empty() {
            weak_ui(ui, &base.facts);
        }
        if let Some((summary, hint)) = &base.problem {
            obstacle_ui(ui, summary, hint.as_deref());
        }
        ui.add_space(space::XS);
        let now = base.template.as_deref();
        if let Some((template, ended)) = template_ui(ui, "the base", "Its own", now) {
            actions.push(Action::Models(ModelsAction::SetBaseTemplate(template)));
            if ended {
                actions.push(Action::Models(ModelsAction::EndEdit));
            }
        }
    });
    actions
}

/// What a person begins with who writes a template.
const OWN_TEMPLATE: &str = "{% if system %}{{ system }}\n\n{% endif %}{{ prompt }}\n";

/// Draws the choice of how prompts are put to a model; gives the new choice, and whether it is a step by itself.
pub(super) fn template_ui(
    ui: &mut Ui,
    whose: &str,
    usual: &str,
    now: Option<&str>,
) -> Option<(Option<String>, bool)> {
    let own = now.filter(|text| !["chat", "raw"].contains(text));
    let choices = [
        (None, usual),
        (Some("chat"), "Chat template"),
        (Some("raw"), "Prompt as it is"),
        (Some(own.unwrap_or(OWN_TEMPLATE)), "Text of your own"),
    ];
    let shown = choices
        .iter()
        .find(|(choice, _)| *choice == now)
        .map_or("Text of your own", |(_, words)| words);
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.label("Template").on_hover_text(
            "How a prompt is put to the model; one that was trained to chat knows how by itself",
        );
        let combo = ComboBox::from_id_salt(("template", whose))
            .selected_text(shown)
            .width(160.0)
            .show_ui(ui, |ui| {
                for (choice, words) in choices {
                    if ui.selectable_label(choice == now, words).clicked() && choice != now {
                        chosen = Some((choice.map(str::to_owned), true));
                    }
                }
            });
        let label = format!("Template of {whose}");
        combo.response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ComboBox, true, &label);
            info.current_text_value = Some(shown.to_owned());
            info
        });
    });
    if let Some(text) = own {
        let label = format!("Template text of {whose}");
        let field = Field {
            rows: 3,
            hint: "Jinja, with {{ prompt }} and {{ system }}",
            ..Field::line(&label, text)
        }
        .show(ui);
        if let Some(text) = field.text {
            chosen = Some((Some(text), false));
        }
    }
    chosen
}
