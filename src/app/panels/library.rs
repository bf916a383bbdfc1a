//! The left column: prompts to start with, searched and narrowed down by tag.

use egui::{Button, RichText, ScrollArea, TextEdit, Ui};

use crate::app::state::State;
use crate::app::state::library::Purpose;
use crate::app::state::region::Region;
use crate::app::theme::{palette, section, size, space, strong};
use crate::app::update::{Action, HabitAction, LibraryAction};
use crate::app::widgets::field::Field;

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryView {
    /// Words in the search box.
    pub search: String,
    /// Tags, and whether each is picked.
    pub tags: Vec<(String, bool)>,
    /// The prompts found.
    pub items: Vec<LibraryItem>,
    /// How many there are in all.
    pub total: usize,
    /// How many are hidden because they may upset.
    pub hidden: usize,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
    /// Whether what stands in the prompt box can be kept.
    pub can_keep: bool,
    /// How many prompts are the person's own.
    pub own: usize,
    /// What stands in the box for prompts of others.
    pub import: String,
    /// What became of adding them or of writing one's own, whether that went wrong, and how many can be taken out again.
    pub note: Option<(String, bool, usize)>,
    /// The titles of the prompts that were removed last.
    pub removed: Vec<String>,
    /// Whether a file dialog is open.
    pub asking: bool,
}

/// One prompt in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryItem {
    /// Its index in the library.
    pub index: usize,
    /// Its name.
    pub title: String,
    /// Why it is worth a look.
    pub why: String,
    /// Its words.
    pub text: String,
    /// Whether it stands in the prompt box.
    pub selected: bool,
    /// Whether it is the person's own.
    pub own: bool,
}

impl LibraryView {
    /// Decides what the column shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let library = &state.library;
        let items = library.found().into_iter().map(|index| {
            let prompt = &library.prompts[index];
            LibraryItem {
                index,
                title: prompt.title.clone(),
                why: prompt.why.clone(),
                text: prompt.text.clone(),
                selected: prompt.text == state.draft.prompt.text,
                own: index >= library.built_in,
            }
        });
        Self {
            search: library.search.clone(),
            tags: library
                .tags()
                .into_iter()
                .map(|tag| (tag.to_owned(), library.tag.as_deref() == Some(tag)))
                .collect(),
            items: items.collect(),
            total: library.prompts.len(),
            hidden: library.hidden(),
            wants_focus: state.wants_keyboard(Region::Library),
            can_keep: library.can_keep(state.draft.prompt.text.trim()),
            own: library.own().len(),
            import: library.import.clone(),
            note: (library.note.clone()).map(|note| (note, library.is_fault, library.added.len())),
            removed: (library.removed.iter())
                .map(|prompt| prompt.title.clone())
                .collect(),
            asking: library.dialog.is_some(),
        }
    }

    /// A sentence where the list would be empty.
    #[must_use]
    pub fn empty_note(&self) -> Option<&'static str> {
        match (self.items.is_empty(), self.total) {
            (false, _) => None,
            (true, all) if all > 0 && all == self.hidden => None,
            (true, 0) => Some("There are no prompts to show"),
            (true, _) => Some("No prompt fits; try fewer words or another tag"),
        }
    }
}

/// Draws the column.
pub fn library_ui(ui: &mut Ui, state: &State, view: &LibraryView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label(RichText::new("Prompts").text_style(section()));
    ui.add_space(space::XS);
    let mut search = view.search.clone();
    let search_box = TextEdit::singleline(&mut search)
        .hint_text("Search")
        .desired_width(f32::INFINITY);
    let response = ui.add(search_box);
    response.widget_info(|| {
        let mut info =
            egui::WidgetInfo::text_edit(true, view.search.as_str(), view.search.as_str(), "Search");
        info.label = Some("Search prompts".to_owned());
        info
    });
    if view.wants_focus {
        response.request_focus();
        actions.push(Action::RegionFocused(Region::Library));
    }
    if response.changed() {
        actions.push(Action::SearchLibrary(search));
    }
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for (tag, picked) in &view.tags {
            let button = Button::selectable(*picked, RichText::new(tag).size(size::SMALL))
                .min_size(egui::vec2(0.0, space::TARGET))
                .frame_when_inactive(true);
            let hint = if *picked {
                "Show all prompts again".to_owned()
            } else {
                format!("Show only prompts of the kind \"{tag}\"")
            };
            if ui.add(button).on_hover_text(hint).clicked() {
                actions.push(Action::ToggleTag(tag.clone()));
            }
        }
    });
    ui.add_space(space::S);
    actions.extend(note_ui(ui, view));
    if let Some(note) = view.empty_note() {
        ui.label(RichText::new(note).color(palette(ui).weak));
    }
    if consent_ui(ui, view.hidden) {
        actions.push(Action::Habit(HabitAction::AgreeToSensitive));
        ui.add_space(space::S);
    }
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(super::SCROLL_BAR)
        .show(ui, |ui| {
            for item in &view.items {
                if item_ui(ui, item) {
                    actions.push(Action::PickPrompt(item.index));
                }
                if item.own
                    && item.selected
                    && small(ui, true, "Remove", "Remove this prompt of yours").clicked()
                {
                    actions.push(Action::Library(LibraryAction::Remove(item.index)));
                }
            }
            ui.add_space(space::M);
            actions.extend(own_ui(ui, state, view));
        });
    actions
}

fn small(ui: &mut Ui, enabled: bool, words: &str, help: &str) -> egui::Response {
    let words = RichText::new(words).size(size::SMALL);
    let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
    ui.add_enabled(enabled, button).on_hover_text(help)
}

/// What became of prompts that were added or written, and the way back.
fn note_ui(ui: &mut Ui, view: &LibraryView) -> Vec<Action> {
    let mut actions = Vec::new();
    let Some((note, is_fault, added)) = &view.note else {
        return actions;
    };
    let colours = palette(ui);
    let color = if *is_fault {
        colours.warning
    } else {
        colours.weak
    };
    ui.label(RichText::new(note).size(size::SMALL).color(color));
    ui.horizontal_wrapped(|ui| {
        if *added > 0 && small(ui, true, "Take out again", "Remove what was added last").clicked() {
            actions.push(Action::Library(LibraryAction::TakeOut));
        }
        if small(ui, true, "Dismiss", "Put this note away").clicked() {
            actions.push(Action::Library(LibraryAction::DismissNote));
        }
    });
    ui.add_space(space::S);
    actions
}

/// Prompts of the person's own: kept, brought back, given to others and taken from them.
fn own_ui(ui: &mut Ui, state: &State, view: &LibraryView) -> Vec<Action> {
    let mut actions = Vec::new();
    let act = Action::Library;
    let help = "Keep what stands in the prompt box in this list";
    if small(ui, view.can_keep, "Keep this prompt", help).clicked() {
        actions.push(act(LibraryAction::Keep));
    }
    let back = match view.removed.len() {
        0 => None,
        1 => Some("Bring the removed one back".to_owned()),
        count => Some(format!("Bring the {count} removed ones back")),
    };
    if let Some(back) = back
        && small(ui, true, &back, &view.removed.join("\n")).clicked()
    {
        actions.push(act(LibraryAction::BringBack));
    }
    egui::CollapsingHeader::new("Share prompts")
        .id_salt("share prompts")
        .show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                let help = "Add the prompts of a JSON file to this list; it can be dropped onto the window too";
                if small(ui, !view.asking, "Import prompts\u{2026}", help).clicked() {
                    actions.push(act(LibraryAction::Ask(Purpose::Import)));
                }
                let help = "Write all prompts of your own to a JSON file";
                let can = view.own > 0 && !view.asking;
                if small(ui, can, "Export prompts\u{2026}", help).clicked() {
                    actions.push(act(LibraryAction::Ask(Purpose::Export)));
                }
            });
            let help = "Copy all prompts of your own as JSON, for somebody else or for a file";
            if small(ui, view.own > 0, "Copy mine as JSON", help).clicked()
                && let Ok(json) = serde_json::to_string_pretty(state.library.own())
            {
                ui.copy_text(json);
            }
            let field = Field {
                hint: "Paste prompts of others here, as JSON",
                rows: 3,
                ..Field::line("Prompts of others", &view.import)
            };
            if let Some(text) = field.show(ui).text {
                actions.push(act(LibraryAction::EditImport(text)));
            }
            let some = !view.import.trim().is_empty();
            if small(ui, some, "Add these", "Add them to this list").clicked() {
                actions.push(act(LibraryAction::Import));
            }
        });
    actions
}

/// The button that shows the prompts which may upset, where some are hidden; says whether it was pressed.
pub(super) fn consent_ui(ui: &mut Ui, hidden: usize) -> bool {
    if hidden == 0 {
        return false;
    }
    let words = RichText::new("Show prompts that may upset").size(size::SMALL);
    let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
    let plural = if hidden == 1 {
        "prompt is"
    } else {
        "prompts are"
    };
    let hint = format!("{hidden} {plural} hidden. They stay in sight until the window is closed");
    ui.add(button).on_hover_text(hint).clicked()
}

fn item_ui(ui: &mut Ui, item: &LibraryItem) -> bool {
    let colours = palette(ui);
    let mut text = egui::text::LayoutJob::default();
    let format = |font, color| egui::TextFormat {
        font_id: font,
        color,
        ..egui::TextFormat::default()
    };
    text.append(&item.title, 0.0, format(strong(size::BODY), colours.text));
    text.append(
        &format!("\n{}", item.why),
        0.0,
        format(egui::FontId::proportional(size::SMALL), colours.weak),
    );
    let button = Button::selectable(item.selected, text)
        .wrap()
        .min_size(egui::vec2(ui.available_width(), space::TARGET));
    let response = ui.add(button).on_hover_text(&item.text);
    let label = format!("{}: {}", item.title, item.why);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, item.selected, &label)
    });
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::library::LibraryPrompt;

    #[test]
    fn prompts_that_may_upset_stand_behind_a_button() {
        let mut state = State::default();
        state.library.prompts = vec![LibraryPrompt {
            title: "A".to_owned(),
            text: "Why?".to_owned(),
            tag: "hard".to_owned(),
            why: "To see".to_owned(),
            sensitive: true,
        }];
        let view = LibraryView::build(&state);
        assert!(view.items.is_empty() && view.tags.is_empty());
        assert_eq!((view.hidden, view.empty_note()), (1, None));
        state.library.agreed = true;
        let view = LibraryView::build(&state);
        assert_eq!((view.items.len(), view.hidden), (1, 0));
    }

    #[test]
    fn the_prompt_in_the_box_is_marked_and_an_empty_list_says_why() {
        let mut state = State::default();
        state.library.prompts = vec![LibraryPrompt {
            title: "A".to_owned(),
            text: "Why?".to_owned(),
            tag: "everyday".to_owned(),
            why: "To see".to_owned(),
            sensitive: false,
        }];
        state.draft.prompt.text = "Why?".to_owned();
        let view = LibraryView::build(&state);
        assert!(view.items[0].selected);
        assert_eq!(view.empty_note(), None);
        state.library.search = "nothing like it".to_owned();
        assert!(LibraryView::build(&state).empty_note().is_some());
    }
}
