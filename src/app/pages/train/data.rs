//! The file of pairs: its path, which judgement counts, the pairs one by one, the lines that are left out.

use egui::{Align, Button, CollapsingHeader, Layout, RichText, ScrollArea, TextEdit, Ui};

use super::{NO_DIALOG, act, browse_ui};
use crate::app::state::State;
use crate::app::state::training::Purpose;
use crate::app::state::training::{DataPreview, Preview};
use crate::app::theme::{palette, size, space};
use crate::app::update::{Action, TrainAction};
use crate::app::widgets::numbers::count;
use crate::app::widgets::words::{heading, note, sentence};
use crate::train::data::{BadLine, Label, Pair, PairPrompt};

/// Letters of a text that the preview shows.
const MOST_LETTERS: usize = 600;

/// What is shown of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct DataView {
    /// The path in its field.
    pub path: String,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// Whether there was none to show.
    pub no_dialog: bool,
    /// What is known of it, in a sentence.
    pub status: String,
    /// Whether that is a failure, and what can be done.
    pub failure: Option<Option<String>>,
    /// Whether one of two judgements is to be chosen, and which is.
    pub label: Option<Option<Label>>,
    /// The pair on show.
    pub pair: Option<PairView>,
    /// Lines that are left out, with their reasons.
    pub skipped: Vec<BadLine>,
    /// How many there are in all.
    pub faults: usize,
}

/// One pair on show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairView {
    /// Its number among those shown, from 1.
    pub number: usize,
    /// Of how many, in words.
    pub of: String,
    /// Its line in the file.
    pub line: usize,
    /// The question, or the dialogue so far.
    pub prompt: String,
    /// The preferred answer.
    pub chosen: String,
    /// The other one.
    pub rejected: String,
}

impl DataView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.training;
        let mut view = Self {
            path: page.draft.path.clone(),
            dialog_open: page.dialog.is_some(),
            no_dialog: page.no_dialog,
            status: String::new(),
            failure: None,
            label: None,
            pair: None,
            skipped: Vec::new(),
            faults: 0,
        };
        match &page.preview {
            Preview::None => {
                "JSON or JSON Lines, plain or .gz; type a path or drop a file on the window"
                    .clone_into(&mut view.status);
            }
            Preview::Reading(_) => "Reading…".clone_into(&mut view.status),
            Preview::Failed(failure) => {
                view.status = sentence(&failure.summary);
                view.failure = Some(failure.details.clone());
            }
            Preview::Ready(data) => {
                view.status = match (data.count, data.faults) {
                    (0, faults) => format!("None of {} lines is a pair", count(faults)),
                    (pairs, 0) => format!("{} pairs", count(pairs)),
                    (pairs, 1) => format!("{} pairs; 1 line is left out", count(pairs)),
                    (pairs, faults) => {
                        format!(
                            "{} pairs; {} lines are left out",
                            count(pairs),
                            count(faults)
                        )
                    }
                };
                view.label = data.labelled.then_some(page.draft.order.label);
                view.skipped.clone_from(&data.skipped);
                view.faults = data.faults;
                view.pair = data
                    .pairs
                    .get(page.shown_pair)
                    .map(|pair| PairView::of(pair, page.shown_pair, shown_words(data)));
            }
        }
        view
    }
}

impl PairView {
    fn of(pair: &Pair, index: usize, of: String) -> Self {
        let prompt = match &pair.prompt {
            PairPrompt::Words(text) | PairPrompt::Written(text) => text.clone(),
            PairPrompt::Chat(messages) => messages
                .iter()
                .map(|message| format!("{}: {}", message.role, message.content))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        Self {
            number: index + 1,
            of,
            line: pair.line,
            prompt: end_of(prompt.trim()),
            chosen: beginning_of(pair.chosen.trim()),
            rejected: beginning_of(pair.rejected.trim()),
        }
    }
}

fn shown_words(data: &DataPreview) -> String {
    let shown = data.pairs.len();
    if shown < data.count {
        format!("the first {}", count(shown))
    } else {
        count(shown)
    }
}

/// The beginning of a long text.
fn beginning_of(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_LETTERS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The end of a long text: of a dialogue, what was said last matters.
fn end_of(text: &str) -> String {
    let excess = text.chars().count().saturating_sub(MOST_LETTERS);
    if excess == 0 {
        return text.to_owned();
    }
    let rest: String = text.chars().skip(excess).collect();
    format!("…{rest}")
}

/// Draws it.
pub(super) fn data_ui(ui: &mut Ui, view: &DataView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Pairs");
    let mut path = view.path.clone();
    let response = ui
        .horizontal(|ui| {
            let browse = "Choose a file of pairs with your desktop's dialog";
            let purpose = (view.dialog_open, Purpose::Pairs);
            actions.extend(browse_ui(ui, purpose, "Browse for pairs", browse));
            let field = TextEdit::singleline(&mut path)
                .hint_text("Path of a file of preference pairs")
                .desired_width(f32::INFINITY);
            ui.add(field)
        })
        .inner;
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, &view.path, &view.path, "");
        info.label = Some("File of pairs".to_owned());
        info
    });
    if response.changed() {
        actions.push(act(TrainAction::EditPath)(path));
    }
    if view.no_dialog {
        note(ui, NO_DIALOG);
    }
    status_ui(ui, view);
    if let Some(label) = view.label {
        actions.extend(label_ui(ui, label));
    }
    if let Some(pair) = &view.pair {
        actions.extend(pair_ui(ui, pair));
    }
    if view.faults > 0 {
        skipped_ui(ui, view);
    }
    actions
}

fn status_ui(ui: &mut Ui, view: &DataView) {
    let colours = palette(ui);
    let Some(details) = &view.failure else {
        note(ui, &view.status);
        return;
    };
    let words = RichText::new(&view.status).size(size::SMALL);
    let response = ui.label(words.color(colours.error));
    if let Some(details) = details {
        response.on_hover_text(details);
    }
}

fn label_ui(ui: &mut Ui, label: Option<Label>) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        ui.label("Each pair is judged twice: follow");
        for (word, one, help) in [
            (
                "Helpful",
                Label::Helpful,
                "The answer that was found better (better_response_id)",
            ),
            (
                "Harmless",
                Label::Harmless,
                "The answer that was found safer (safer_response_id)",
            ),
        ] {
            if ui
                .radio(label == Some(one), word)
                .on_hover_text(help)
                .clicked()
            {
                action = Some(act(TrainAction::SetLabel)(one));
            }
        }
    });
    action
}

fn pair_ui(ui: &mut Ui, pair: &PairView) -> Option<Action> {
    let mut action = None;
    let colours = palette(ui);
    colours.card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            note(
                ui,
                &format!("Pair {} of {}, line {}", pair.number, pair.of, pair.line),
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (word, label, by) in [("▶", "Next pair", 1), ("◀", "Previous pair", -1)] {
                    let button = Button::new(word).min_size(egui::Vec2::splat(space::TARGET));
                    let response = ui.add(button).on_hover_text(label);
                    response.widget_info(|| {
                        egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label)
                    });
                    if response.clicked() {
                        action = Some(act(TrainAction::MovePair)(by));
                    }
                }
            });
        });
        for (name, text, colour) in [
            ("Prompt", &pair.prompt, colours.weak),
            ("Preferred", &pair.chosen, colours.above),
            ("Other", &pair.rejected, colours.below),
        ] {
            ui.label(RichText::new(name).size(size::SMALL).color(colour).strong());
            ScrollArea::vertical()
                .id_salt(name)
                .max_height(84.0)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    ui.label(RichText::new(text).size(size::SMALL + 1.0))
                });
        }
    });
    action
}

fn skipped_ui(ui: &mut Ui, view: &DataView) {
    let words = match view.faults {
        1 => "1 line left out".to_owned(),
        faults => format!("{} lines left out", count(faults)),
    };
    CollapsingHeader::new(words)
        .id_salt("left out")
        .show(ui, |ui| {
            ScrollArea::vertical().max_height(120.0).show(ui, |ui| {
                for bad in &view.skipped {
                    note(ui, &format!("Line {}: {}", bad.line, bad.reason));
                }
                let more = view.faults - view.skipped.len();
                if more > 0 {
                    note(ui, &format!("… and {} more", count(more)));
                }
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_dialogues_the_end_is_shown_and_of_long_answers_the_beginning() {
        let long = format!("{}ä", "x".repeat(700));
        assert!(end_of(&long).starts_with('…') && end_of(&long).ends_with('ä'));
        assert_eq!(end_of(&long).chars().count(), MOST_LETTERS + 1);
        assert!(beginning_of(&long).ends_with('…'));
        assert_eq!(beginning_of("short"), "short");
    }
}
