//! The command palette over the window.

use egui::{Button, Key, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::habits::Sheet;
use crate::app::state::past::Wish;
use crate::app::state::settings::ThemeChoice;
use crate::app::theme::{palette, size, space};
use crate::app::update::past::PastAction;
use crate::app::update::{Action, HabitAction, SideAction};

/// Width of the palette and most height of its list, points.
const WIDTH: f32 = 520.0;
const HEIGHT: f32 = 360.0;
/// Height of what surrounds the list, and least height of the list itself, points.
const FRAME: f32 = 130.0;
const LEAST: f32 = 48.0;

/// How many of the newest runs are searched, and listed; the page of all runs has the others.
const SEARCHED_RUNS: usize = 500;
const SHOWN_RUNS: usize = 8;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub label: String,
    /// What it does, in a sentence.
    pub about: String,
    /// The command whose keys do the same.
    pub shortcut: Option<Shortcut>,
    /// What it does.
    pub action: Action,
}

/// What can be done now and has all the words that were typed: names that begin so come first, then the table's order.
#[must_use]
fn found(state: &State, search: &str) -> Vec<Item> {
    let commands = Shortcut::in_reading_order().into_iter().filter(|shortcut| {
        // To hold a key cannot be chosen from a list.
        shortcut.is_listed() && *shortcut != Shortcut::Compare && shortcut.is_there(state)
    });
    let commands = commands.map(|shortcut| Item {
        label: shortcut.label().to_owned(),
        about: shortcut.tooltip().to_owned(),
        shortcut: Some(shortcut),
        action: shortcut.action(),
    });
    let sheet = |sheet, label: &str, about: &str| Item {
        label: label.to_owned(),
        about: about.to_owned(),
        shortcut: None,
        action: Action::Habit(HabitAction::Toggle(sheet)),
    };
    let sheets = [
        sheet(Sheet::Messages, "Messages", "Read again what was told"),
        sheet(
            Sheet::About,
            "About Counterpoise",
            "Version, licences, and where the method comes from",
        ),
    ];
    let column = state.can_keep().then(|| Item {
        label: "Keep in a column".to_owned(),
        about: "Keep the guided text in a column of its own, to compare it with others".to_owned(),
        shortcut: None,
        action: Action::Side(SideAction::Keep),
    });
    let themes = ThemeChoice::ALL.map(|theme| Item {
        label: format!("Theme: {}", theme.label().to_lowercase()),
        about: "Colours of the window".to_owned(),
        shortcut: None,
        action: Action::SetTheme(theme),
    });
    let prompts = state.library.prompts.iter().enumerate();
    let prompts = prompts
        .filter(|(_, prompt)| state.library.may_show(prompt))
        .map(|(index, prompt)| Item {
            label: format!("Prompt: {}", prompt.title),
            about: prompt.text.clone(),
            shortcut: None,
            action: Action::PickPrompt(index),
        });
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |item: &Item| {
        let text = format!("{} {}", item.label, item.about).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let all = (commands.chain(column).chain(sheets))
        .chain(themes)
        .chain(prompts);
    let mut found: Vec<Item> = all.filter(fits).collect();
    if let Some(first) = words.first() {
        // Keeps the order within both.
        found.sort_by_key(|item| !item.label.to_lowercase().starts_with(first.as_str()));
        if !state.is_showing() {
            found.extend(runs(state, &words));
        }
    }
    found
}

/// The newest runs that have all the words.
fn runs(state: &State, words: &[String]) -> impl Iterator<Item = Item> {
    let newest = state.past.entries.values().rev().take(SEARCHED_RUNS);
    let fitting = newest.filter(|entry| entry.has(words)).take(SHOWN_RUNS);
    fitting.map(|entry| Item {
        label: format!("Run: {}", entry.prompt),
        about: entry.text.clone(),
        shortcut: None,
        action: Action::Past(PastAction::Open(entry.id, Wish::Show)),
    })
}

/// What the palette shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PaletteView {
    /// What was typed.
    pub search: String,
    /// What was found.
    pub items: Vec<Item>,
    /// Which of it is chosen.
    pub chosen: usize,
}

impl PaletteView {
    /// Decides what the palette shows; nothing where it is closed.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let open = state.palette.as_ref()?;
        let items = found(state, &open.search);
        Some(Self {
            search: open.search.clone(),
            chosen: open.chosen.min(items.len().saturating_sub(1)),
            items,
        })
    }
}

/// Draws the palette.
pub fn palette_ui(ui: &mut Ui, view: &PaletteView) -> Vec<Action> {
    let mut actions = Vec::new();
    let (up, down, enter) = ui.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        (
            pressed(Key::ArrowUp),
            pressed(Key::ArrowDown),
            pressed(Key::Enter),
        )
    });
    let modal = Modal::new(egui::Id::unique("command palette")).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 2.0 * space::XL));
        let mut search = view.search.clone();
        let edit = TextEdit::singleline(&mut search)
            .hint_text("What do you want to do?")
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &view.search, &search, "");
            info.label = Some("Find a command".to_owned());
            info
        });
        response.request_focus();
        if response.changed() {
            actions.push(Action::SearchPalette(search));
        }
        ui.add_space(space::S);
        if view.items.is_empty() {
            ui.label(RichText::new("No command has these words").color(palette(ui).weak));
        }
        // The field above stays in sight, however low the window is.
        let most = ui.ctx().content_rect().height() - FRAME;
        let list = ScrollArea::vertical().max_height(most.clamp(LEAST, HEIGHT));
        list.min_scrolled_height(LEAST).show(ui, |ui| {
            for (index, item) in view.items.iter().enumerate() {
                let chosen = index == view.chosen;
                let keys = item.shortcut.map(|s| ui.ctx().format_shortcut(&s.keys()));
                let button = Button::selectable(chosen, item.label.as_str())
                    .shortcut_text(keys.unwrap_or_default())
                    .min_size(egui::vec2(ui.available_width(), space::TARGET));
                let response = ui.add(button).on_hover_text(&item.about);
                if chosen && (up || down) {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    actions.push(Action::TogglePalette);
                    actions.push(item.action.clone());
                }
            }
        });
        if let Some(item) = view.items.get(view.chosen) {
            ui.add_space(space::XS);
            let about = RichText::new(&item.about).size(size::SMALL);
            ui.label(about.color(palette(ui).weak));
            if enter {
                actions.push(Action::TogglePalette);
                actions.push(item.action.clone());
            }
        }
    });
    let last = view.items.len().saturating_sub(1);
    if up {
        actions.push(Action::ChooseInPalette(view.chosen.saturating_sub(1)));
    }
    if down {
        actions.push(Action::ChooseInPalette((view.chosen + 1).min(last)));
    }
    if modal.should_close() && actions.is_empty() {
        actions.push(Action::TogglePalette);
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::library::Library;

    #[test]
    fn what_begins_with_the_typed_word_comes_first() {
        let state = State::default();
        let labels = |search: &str| -> Vec<String> {
            found(&state, search)
                .into_iter()
                .map(|item| item.label)
                .collect()
        };
        assert_eq!(labels("zoom")[..2], ["Zoom in", "Zoom out"]);
        assert_eq!(labels("usual size"), ["Usual size"]);
        assert!(labels("no such command").is_empty());
        assert!(
            !labels("").contains(&"Previous branch".to_owned()),
            "there is none"
        );
    }

    #[test]
    fn prompts_are_found_by_their_words() {
        let state = State {
            library: Library::built_in(),
            ..State::default()
        };
        let prompt = &state.library.prompts[1];
        let found = found(&state, &prompt.title);
        assert!(
            found
                .iter()
                .any(|item| item.action == Action::PickPrompt(1))
        );
    }

    #[test]
    fn the_newest_runs_are_found_by_their_words() {
        let mut state = State::default();
        for id in 1..=20u64 {
            // What has a default is left out.
            let entry = serde_json::json!({
                "id": id, "prompt": format!("Question {id}"), "text": "Be kind",
                "lineup": "Demo", "weights": [],
            });
            let entry = serde_json::from_value(entry).unwrap();
            state.past.entries.insert(id, entry);
        }
        state.settings.mode = crate::app::state::settings::Mode::Lab;
        let opened = |search: &str| -> Vec<u64> {
            let items = found(&state, search).into_iter();
            let id = |item: Item| {
                let Action::Past(PastAction::Open(id, Wish::Show)) = item.action else {
                    return None;
                };
                Some(id)
            };
            items.filter_map(id).collect()
        };
        assert_eq!(opened("KIND question 7"), [17, 7]);
        assert_eq!(opened("kind"), (13..=20).rev().collect::<Vec<_>>());
        assert_eq!(opened(""), [0; 0]);
    }
}
