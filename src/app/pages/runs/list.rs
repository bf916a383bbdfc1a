//! The list of runs: searched, narrowed down, and drawn only where it is on screen.

use std::sync::Arc;

use egui::{Button, ComboBox, RichText, ScrollArea, Ui};

use super::row::{ROW_HEIGHT, RowView, row_ui};
use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::past::{BESIDE, Found, Since};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::update::past::PastAction;
use crate::app::widgets::field::Field;
use crate::journal::now_secs;

/// What stands above the list, and which runs are in it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunsView {
    /// The runs found, and what they can be narrowed down by.
    pub found: Arc<Found>,
    /// How many there are in all.
    pub total: usize,
    /// What stands in the search box.
    pub search: String,
    /// The models that the list is narrowed down to.
    pub lineup: Option<String>,
    /// The objective that the listed runs were steered by.
    pub objective: Option<String>,
    /// From when on runs are listed.
    pub since: Since,
    /// Whether only pinned runs are listed.
    pub pinned_only: bool,
    /// What happened last, and whether it can be taken back.
    pub note: Option<(String, bool)>,
    /// Whether another window keeps the history, and this list is of this window's runs alone.
    pub is_beside: bool,
    /// A sentence where the list is empty.
    pub empty_note: Option<&'static str>,
    /// The prompt of the run that the next one is compared with.
    pub picked: Option<String>,
}

impl RunsView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let past = &state.past;
        let found = past.found(now_secs());
        let torn = past.torn.then(|| {
            "The program ended in the middle of a run: its last word was cut short and is left out"
                .to_owned()
        });
        let empty_note = match (found.runs.is_empty(), past.entries.is_empty(), past.kept) {
            (false, ..) => None,
            (true, true, true) => {
                Some("Every run is kept here. Go to Steer, write a prompt and press Run")
            }
            (true, true, false) => Some("No history is kept: there is no folder for it"),
            (true, false, _) => Some("No run fits; try fewer words, all models or any day"),
        };
        Self {
            total: past.entries.len(),
            search: past.search.clone(),
            lineup: past.lineup.clone(),
            objective: past.objective.clone(),
            since: past.since,
            pinned_only: past.pinned_only,
            note: (past.note.clone())
                .map(|note| (note, !past.deleted.is_empty()))
                .or_else(|| torn.map(|torn| (torn, false))),
            is_beside: past.is_beside,
            empty_note,
            picked: past
                .picked
                .and_then(|id| Some(past.entries.get(&id)?.prompt.clone())),
            found,
        }
    }
}

/// Names a list to choose from to screen readers.
fn name_it(response: &egui::Response, name: &str) {
    let ctx = &response.ctx;
    ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// Draws the list.
pub(super) fn list_ui(ui: &mut Ui, view: &RunsView, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut act = |action| actions.push(Action::Past(action));
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Runs").text_style(section()));
        let count = if view.found.runs.len() == view.total {
            format!("{}", view.total)
        } else {
            format!("{} of {}", view.found.runs.len(), view.total)
        };
        ui.label(RichText::new(count).color(weak));
    });
    ui.horizontal_wrapped(|ui| {
        let search = Field {
            hint: "Search prompts, texts and notes",
            width: 280.0,
            ..Field::line("Search runs", &view.search)
        };
        if let Some(words) = search.show(ui).text {
            act(PastAction::Search(words));
        }
        let mut narrow = |all: &str,
                          now: &Option<String>,
                          names: &[String],
                          action: fn(Option<String>) -> PastAction| {
            let combo = ComboBox::from_id_salt(all).selected_text(now.as_deref().unwrap_or(all));
            let shown = combo.show_ui(ui, |ui| {
                let mut choose = |words: &str, name: Option<String>| {
                    if ui.selectable_label(*now == name, words).clicked() {
                        act(action(name));
                    }
                };
                choose(all, None);
                for name in names {
                    choose(name, Some(name.clone()));
                }
            });
            name_it(
                &shown.response,
                &format!("Narrow down: {}", all.to_lowercase()),
            );
        };
        let found = &view.found;
        narrow(
            "All models",
            &view.lineup,
            &found.lineups,
            PastAction::FilterLineup,
        );
        let objectives = &found.objectives;
        narrow(
            "All objectives",
            &view.objective,
            objectives,
            PastAction::FilterObjective,
        );
        let days = ComboBox::from_id_salt("days of the list")
            .selected_text(view.since.label())
            .show_ui(ui, |ui| {
                for since in Since::ALL {
                    if ui
                        .selectable_label(view.since == since, since.label())
                        .clicked()
                    {
                        act(PastAction::FilterSince(since));
                    }
                }
            });
        name_it(&days.response, "Narrow down: days");
        let pinned = Button::selectable(view.pinned_only, "Pinned only")
            .frame_when_inactive(true)
            .min_size(egui::vec2(0.0, space::TARGET));
        if ui.add(pinned).clicked() {
            act(PastAction::TogglePinned);
        }
    });
    ui.add_space(space::XS);
    if view.is_beside {
        ui.label(RichText::new(BESIDE).size(size::SMALL));
    }
    let mut message = |words: &str, button: Option<(&str, PastAction)>, end: PastAction| {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(words).size(size::SMALL).color(weak));
            let target = egui::vec2(0.0, space::TARGET);
            let button = button.into_iter().chain([("Dismiss", end)]);
            for (words, action) in button {
                if ui
                    .add(Button::new(words).small().min_size(target))
                    .clicked()
                {
                    act(action);
                }
            }
        });
    };
    if let Some((words, undo)) = &view.note {
        let undo = undo.then_some(("Bring back the deleted run", PastAction::Undelete));
        message(words, undo, PastAction::DismissNote);
    }
    if let Some(prompt) = &view.picked {
        let short: String = prompt.chars().take(60).collect();
        let words = format!("Choose a run to compare with \"{short}\"");
        message(&words, None, PastAction::Pick(None));
    }
    if let Some(note) = view.empty_note {
        ui.add_space(space::L);
        ui.label(RichText::new(note).color(weak));
        return actions;
    }
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show_rows(ui, ROW_HEIGHT, view.found.runs.len(), |ui, range| {
            for id in &view.found.runs[range] {
                if let Some(row) = RowView::build(state, *id) {
                    actions.extend(row_ui(ui, &row));
                }
            }
        });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Entry;

    fn entry(id: u64, prompt: &str) -> Entry {
        Entry {
            id,
            prompt: prompt.to_owned(),
            text: "Be kind".to_owned(),
            lineup: "Demo".to_owned(),
            weights: vec![("harmless".to_owned(), 1.0)],
            scores: vec![0.2],
            strip_of: 0,
            strip: vec![0.1, -0.2],
            tokens: 2,
            bytes: 100,
            open: false,
            pinned: id == 2000,
            note: String::new(),
        }
    }

    #[test]
    fn the_list_is_narrowed_down_by_words_models_and_pins() {
        let mut state = State::default();
        assert!(RunsView::build(&state).empty_note.is_some());
        state.past.kept = true;
        for run in [
            entry(1000, "A dog"),
            entry(2000, "A cat"),
            entry(3000, "A dog and a cat"),
        ] {
            state.past.entries.insert(run.id, run);
        }
        assert_eq!(RunsView::build(&state).found.runs, [3000, 2000, 1000]);
        state.past.search = "KIND dog".to_owned();
        assert_eq!(RunsView::build(&state).found.runs, [3000, 1000]);
        state.past.search = "cat".to_owned();
        state.past.pinned_only = true;
        assert_eq!(RunsView::build(&state).found.runs, [2000]);
        state.past.lineup = Some("Other".to_owned());
        let view = RunsView::build(&state);
        assert!(view.found.runs.is_empty() && view.empty_note.is_some_and(|n| n.contains("fits")));
    }
}
