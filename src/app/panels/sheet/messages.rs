//! Everything that was told in this session, the newest first.

use egui::{Button, RichText, Ui};

use crate::app::state::State;
use crate::app::state::log::{MOST_MESSAGES, Message};
use crate::app::theme::{digits, palette, size, space, strong};
use crate::app::update::{Action, HabitAction};
use crate::app::widgets::words::note;
use crate::domain::calendar::Moment;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagesView<'a> {
    /// The newest first.
    pub rows: Vec<Row<'a>>,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The message.
    pub message: &'a Message,
    /// When it came, in words.
    pub time: String,
}

impl<'a> MessagesView<'a> {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &'a State) -> Self {
        let rows = state.log.messages.iter().map(|message| Row {
            message,
            time: time_of(message.at),
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// Everything as text, to be pasted into a report.
    fn as_text(&self) -> String {
        let texts: Vec<String> = self.rows.iter().map(Row::as_text).collect();
        texts.join("\n\n")
    }
}

impl Row<'_> {
    fn as_text(&self) -> String {
        let words = &self.message.words;
        let what = if words.is_problem {
            "problem"
        } else {
            "notice"
        };
        let mut text = format!("{} {what}: {}", self.time, words.summary);
        for more in words.hint.iter().chain(&words.details) {
            text.push('\n');
            text.push_str(more);
        }
        text
    }
}

/// Time of day, in UTC as all times of this program.
fn time_of(secs: u64) -> String {
    let at = Moment::utc(secs);
    format!("{:02}:{:02}:{:02} UTC", at.hour, at.minute, at.second)
}

/// Draws them.
pub(super) fn messages_ui(ui: &mut Ui, view: &MessagesView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    if view.rows.is_empty() {
        ui.add_space(space::S);
        ui.label("Nothing was told yet");
        note(
            ui,
            "Notices and errors stay here when they have left the screen, until the window is closed",
        );
        return actions;
    }
    ui.horizontal_wrapped(|ui| {
        let button = Button::new("Copy all").min_size(egui::vec2(0.0, space::TARGET));
        if ui
            .add(button)
            .on_hover_text("Copy all messages with their details")
            .clicked()
        {
            ui.ctx().copy_text(view.as_text());
        }
        note(
            ui,
            &format!("The last {MOST_MESSAGES} are kept until the window is closed"),
        );
    });
    for row in &view.rows {
        ui.separator();
        ui.push_id(row.message.number, |ui| row_ui(ui, row, &mut actions));
    }
    actions
}

fn row_ui(ui: &mut Ui, row: &Row<'_>, actions: &mut Vec<Action>) {
    let colours = palette(ui);
    let Message {
        number,
        words,
        open,
        ..
    } = row.message;
    ui.horizontal_wrapped(|ui| {
        ui.label(
            RichText::new(&row.time)
                .font(digits(size::SMALL))
                .color(colours.weak),
        );
        if words.is_problem {
            let mark = RichText::new("Problem")
                .size(size::SMALL)
                .color(colours.error);
            ui.label(mark);
        }
    });
    ui.label(RichText::new(&words.summary).font(strong(size::BODY)));
    if let Some(hint) = &words.hint {
        ui.label(hint);
    }
    let Some(details) = &words.details else {
        return;
    };
    let fold = if *open {
        "Hide details"
    } else {
        "Show details"
    };
    let button = Button::new(RichText::new(fold).size(size::SMALL));
    if ui
        .add(button.min_size(egui::vec2(0.0, space::TARGET)))
        .clicked()
    {
        actions.push(Action::Habit(HabitAction::Unfold(*number)));
    }
    if *open {
        ui.label(RichText::new(details).monospace().size(size::SMALL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::log::Words;

    #[test]
    fn messages_are_copied_with_their_time_and_details() {
        let mut state = State::default();
        let message = |number, at, summary: &str, details: Option<&str>| Message {
            number,
            at,
            words: Words {
                is_problem: details.is_some(),
                summary: summary.to_owned(),
                hint: None,
                details: details.map(str::to_owned),
            },
            open: false,
        };
        state.log.messages.push_front(message(0, 59, "Saved", None));
        state
            .log
            .messages
            .push_front(message(1, 86_400 + 3_661, "It broke", Some("os error 5")));
        assert_eq!(
            MessagesView::build(&state).as_text(),
            "01:01:01 UTC problem: It broke\nos error 5\n\n00:00:59 UTC notice: Saved"
        );
    }
}
