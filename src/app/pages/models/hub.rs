//! The right column: searching the Hugging Face Hub.

use egui::{Button, RichText, ScrollArea, Spinner, Ui};

use super::words::{name_ui, obstacle_ui, weak_ui};
use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::models::hub::Shown;
use crate::app::state::region::Region;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::Action;
use crate::app::update::models::HubAction;
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers;
use crate::error::Failure;
use crate::worker::hub::{FoundRepo, HubAccess, Remedy, RepoFile};

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct HubView {
    /// What stands in the search box.
    pub query: String,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// Whether an answer is being waited for.
    pub busy: bool,
    /// Why the last request failed, and what would help.
    pub problem: Option<(Failure, Option<Remedy>)>,
    /// The repository whose files are shown.
    pub shown: Option<Shown>,
    /// What was found.
    pub results: Vec<(FoundRepo, String)>,
    /// What stands in place of results.
    pub note: Option<&'static str>,
    /// Where the token comes from, or that there is none.
    pub token_note: Option<String>,
    /// What stands in the box for a token.
    pub token: String,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

impl HubView {
    /// Decides what the column shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let hub = &state.models.hub;
        let offline = hub.access.as_ref().is_some_and(|access| access.offline);
        let results = hub.results.iter().flatten();
        Self {
            query: hub.query.clone(),
            offline,
            busy: hub.searching.is_some() || hub.asking.is_some(),
            problem: hub.problem.clone(),
            shown: hub.shown.clone(),
            results: results.map(|repo| (repo.clone(), about(repo))).collect(),
            note: match &hub.results {
                _ if offline => Some(
                    "HF_HUB_OFFLINE forbids the network, so only this computer can be searched",
                ),
                None => Some("Search for a model by name, for example SmolLM2 instruct"),
                Some(results) if results.is_empty() => {
                    Some("Nothing was found; try fewer or other words")
                }
                Some(_) => None,
            },
            token_note: hub.access.as_ref().map(token_note),
            token: hub.token.clone(),
            wants_focus: state.wants_keyboard(Region::AtHand),
        }
    }
}

fn token_note(access: &HubAccess) -> String {
    match &access.token_from {
        Some(from) => format!("Asks with your token from {from}"),
        None => "Asks without a token; models behind terms need one".to_owned(),
    }
}

/// What a search says about a repository, in a line.
fn about(repo: &FoundRepo) -> String {
    let mut parts = Vec::new();
    if let Some(downloads) = repo.downloads {
        parts.push(format!("{} downloads a month", numbers::many(downloads)));
    }
    parts.extend(repo.licence.clone());
    if let Some(updated) = &repo.updated {
        parts.push(format!("changed {updated}"));
    }
    if repo.gated {
        parts.push("behind terms".to_owned());
    }
    parts.join(" · ")
}

/// Draws the column.
pub fn hub_ui(ui: &mut Ui, view: &HubView) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    let target = egui::vec2(0.0, space::TARGET);
    let field = Field {
        hint: "Name of a model, or words from it",
        wants_focus: view.wants_focus,
        ..Field::line("Search Hugging Face", &view.query)
    }
    .show(ui);
    if view.wants_focus {
        actions.push(Action::RegionFocused(Region::AtHand));
    }
    if let Some(words) = field.text {
        actions.push(HubAction::EditQuery(words).into());
    }
    let mut go = field.entered;
    ui.horizontal(|ui| {
        let ready = !view.offline && !view.query.trim().is_empty();
        go |= ui
            .add_enabled(ready, Button::new("Search").min_size(target))
            .on_disabled_hover_text(view.note.unwrap_or_default())
            .clicked();
        if view.busy {
            ui.add(Spinner::new().size(size::BODY));
            weak_ui(ui, "Asking");
        }
    });
    if go && !view.offline {
        actions.push(HubAction::Search.into());
    }
    if let Some(note) = &view.token_note {
        weak_ui(ui, note);
    }
    if let Some((failure, remedy)) = &view.problem {
        palette(ui).card().show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            obstacle_ui(ui, &failure.summary, hint(failure, remedy.as_ref()));
            actions.extend(remedy_ui(ui, remedy.as_ref(), &view.token));
        });
    }
    ui.add_space(space::XS);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show(ui, |ui| {
            if let Some(shown) = &view.shown {
                actions.extend(shown_ui(ui, shown));
                return;
            }
            if let Some(note) = view.note {
                weak_ui(ui, note);
            }
            for (repo, about) in &view.results {
                palette(ui).card().show(ui, |ui| {
                    ui.set_min_width(ui.available_width());
                    name_ui(ui, &repo.repo);
                    weak_ui(ui, about);
                    let words = RichText::new("Files…").size(size::SMALL);
                    let files = ui.add(Button::new(words).min_size(target));
                    let label = format!("Files of {}", repo.repo);
                    files.widget_info(|| {
                        egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &label)
                    });
                    if files.clicked() {
                        actions.push(HubAction::Pick(repo.repo.clone()).into());
                    }
                });
            }
        });
    actions
}

/// What to do, in the words of the window: where a token is wanted there is a box for it.
pub(super) fn hint<'a>(failure: &'a Failure, remedy: Option<&Remedy>) -> Option<&'a str> {
    match remedy {
        Some(Remedy::Token {
            gated, with_token, ..
        }) => Some(match (gated, with_token) {
            (true, false) => "Accept the terms on its page, then give your token here",
            (true, true) => {
                "Accept the terms on its page with that account, or give another token here"
            }
            (false, false) => "Check the name; if it is private, give your token here",
            (false, true) => "Give a token here that may read it",
        }),
        Some(Remedy::Space { .. } | Remedy::Again) | None => failure.hint.as_deref(),
    }
}

/// Draws what would help against a failure.
pub(super) fn remedy_ui(ui: &mut Ui, remedy: Option<&Remedy>, token: &str) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    match remedy {
        Some(Remedy::Token { page, gated, .. }) => {
            let words = if *gated {
                "Open its page to accept the terms"
            } else {
                "Open its page"
            };
            ui.hyperlink_to(words, page);
            let field = Field {
                hint: "hf_…",
                ..Field::line("Your token", token)
            }
            .secret()
            .show(ui);
            if let Some(token) = field.text {
                actions.push(HubAction::EditToken(token).into());
            }
            let keep = ui
                .add_enabled(!token.trim().is_empty(), Button::new("Keep the token"))
                .on_hover_text("It is kept in the file that all programs for the hub share, readable by you only");
            if keep.clicked() || field.entered {
                actions.push(HubAction::KeepToken.into());
            }
        }
        // The failure's own words say how much is missing, and a button beside them tries again.
        Some(Remedy::Space { .. } | Remedy::Again) | None => {}
    }
    actions
}

fn shown_ui(ui: &mut Ui, shown: &Shown) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    let info = &shown.info;
    let target = egui::vec2(0.0, space::TARGET);
    if ui
        .add(Button::new("Back to the results").min_size(target))
        .clicked()
    {
        actions.push(HubAction::Unpick.into());
    }
    name_ui(ui, &info.at.repo);
    let mut facts = Vec::new();
    if let Some(parameters) = info.parameters {
        facts.push(format!("{} parameters", numbers::many(parameters)));
    }
    if info.gated {
        facts.push("behind terms".to_owned());
    }
    facts.push(match &info.licence {
        Some(licence) => format!("licence {licence}"),
        None => "no licence named".to_owned(),
    });
    if let Some(updated) = &info.updated {
        facts.push(format!("changed {updated}"));
    }
    facts.push(format!(
        "commit {}",
        info.commit.get(..8).unwrap_or(&info.commit)
    ));
    weak_ui(ui, &facts.join(" · "));
    ui.hyperlink_to("Its page", &info.page);
    ui.add_space(space::XS);
    let to_come = shown.bytes_to_come();
    let words = if to_come == 0 && !shown.wanted.is_empty() {
        "All of it is here".to_owned()
    } else {
        format!("Download {}", numbers::bytes(to_come))
    };
    let fetch = RichText::new(words)
        .font(strong(size::BODY))
        .color(palette(ui).on_accent);
    let fetch = Button::new(fetch)
        .fill(palette(ui).accent)
        .min_size(egui::vec2(0.0, 32.0));
    if ui
        .add_enabled(to_come > 0, fetch)
        .on_hover_text("Fetch the ticked files into the cache that all programs share")
        .on_disabled_hover_text("Nothing is ticked that is not here")
        .clicked()
    {
        actions.push(HubAction::FetchWanted.into());
    }
    ui.add_space(space::XS);
    for file in &info.files {
        if let Some(action) = file_ui(ui, file, shown.wanted.contains(&file.path)) {
            actions.push(action.into());
        }
    }
    actions
}

fn file_ui(ui: &mut Ui, file: &RepoFile, wanted: bool) -> Option<HubAction> {
    let mut ticked = wanted;
    let here = if file.here { " · here" } else { "" };
    let words = format!("{} · {}{here}", file.path, numbers::bytes(file.bytes));
    let box_ = ui.checkbox(&mut ticked, RichText::new(words).size(size::SMALL));
    box_.changed()
        .then(|| HubAction::ToggleFile(file.path.clone()))
}
