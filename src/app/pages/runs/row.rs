//! One run in the list.

use egui::{Button, Id, Label, Rect, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::app::state::State;
use crate::app::state::past::Wish;
use crate::app::theme::{HeatScale, ScaleKind, palette, size, space, strong};
use crate::app::update::Action;
use crate::app::update::past::PastAction;
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::signed;
use crate::domain::calendar::Moment;

/// Height of every row, points.
pub(super) const ROW_HEIGHT: f32 = 116.0;
/// Where the toolkit's memory has the run whose note has just been opened.
const OPENED: &str = "opened note";
/// Height and width of the strip, points.
const STRIP: egui::Vec2 = vec2(160.0, 12.0);

/// What a row shows.
#[derive(Debug, Clone, PartialEq)]
pub struct RowView {
    /// The run's number.
    pub id: u64,
    /// The prompt, on one line.
    pub prompt: String,
    /// The beginning of the guided text, on one line.
    pub text: String,
    /// When it was written.
    pub time: String,
    /// Weights and mean advantages.
    pub numbers: String,
    /// Advantages along the text, nats.
    pub strip: Vec<f32>,
    /// Which objective the strip shows.
    pub strip_of: String,
    /// Whether it is pinned.
    pub pinned: bool,
    /// The note.
    pub note: String,
    /// What stands in the box for the note, while it is being written.
    pub noting: Option<String>,
    /// The run that it would be compared with.
    pub compare_with: Option<u64>,
}

impl RowView {
    /// Decides what a row shows; nothing for a run that is gone.
    #[must_use]
    pub fn build(state: &State, id: u64) -> Option<Self> {
        let past = &state.past;
        let entry = past.entries.get(&id)?;
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let weights = entry
            .weights
            .iter()
            .enumerate()
            .map(|(index, (name, weight))| match entry.scores.get(index) {
                Some(score) => format!("{name} × {weight:.2}, advantage {}", signed(*score, 2)),
                None => format!("{name} × {weight:.2}"),
            });
        let numbers = format!(
            "{} · {} tokens · {}",
            weights.collect::<Vec<_>>().join(" · "),
            entry.tokens,
            entry.lineup
        );
        Some(Self {
            id,
            prompt: line(&entry.prompt),
            text: if entry.open {
                "Being written…".to_owned()
            } else {
                line(&entry.text)
            },
            time: time_words(entry.at()),
            numbers,
            strip: entry.strip.clone(),
            strip_of: (entry.weights.get(entry.strip_of))
                .map_or_else(String::new, |(name, _)| name.clone()),
            pinned: entry.pinned,
            note: line(&entry.note),
            noting: (past.noting.as_ref())
                .filter(|(noted, _)| *noted == id)
                .map(|(_, words)| words.clone()),
            compare_with: past.picked.filter(|picked| *picked != id),
        })
    }
}

/// Day and time in UTC.
pub(super) fn time_words(secs: u64) -> String {
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Moment::utc(secs);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Draws a row.
pub(super) fn row_ui(ui: &mut Ui, row: &RowView) -> Vec<Action> {
    let mut actions = Vec::new();
    let size = vec2(ui.available_width(), ROW_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let card = rect.shrink2(vec2(0.0, space::HAIR));
    let colours = palette(ui);
    ui.painter().rect(
        card,
        crate::app::theme::radius::CARD,
        colours.panel,
        egui::Stroke::new(1.0, colours.border),
        egui::StrokeKind::Inside,
    );
    let inner = egui::UiBuilder::new()
        .id_salt(row.id)
        .max_rect(card.shrink2(vec2(space::M, space::XS)));
    let mut content = ui.new_child(inner);
    content.set_clip_rect(card.intersect(ui.clip_rect()));
    content.spacing_mut().item_spacing.y = space::HAIR;
    row_content(&mut content, row, &mut actions);
    actions
}

fn row_content(ui: &mut Ui, row: &RowView, actions: &mut Vec<Action>) {
    let weak = palette(ui).weak;
    let small = |text: &str| RichText::new(text).size(size::SMALL).color(weak);
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(small(&row.time));
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let prompt = RichText::new(&row.prompt).font(strong(size::BODY));
                ui.add(Label::new(prompt).truncate());
            });
        });
    });
    ui.add(Label::new(&row.text).truncate());
    ui.horizontal(|ui| {
        strip_ui(ui, row);
        ui.add(Label::new(small(&row.numbers)).truncate());
    });
    ui.horizontal(|ui| {
        let mut act = |action| actions.push(Action::Past(action));
        let mut press = |ui: &mut Ui, words: &str, help: &str, action: PastAction| {
            let text = RichText::new(words).size(size::SMALL);
            let button = ui.add(Button::new(text).min_size(vec2(0.0, space::TARGET)));
            let label = format!("{words}: {}", row.prompt);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
            if button.on_hover_text(help).clicked() {
                act(action);
            }
        };
        let show = PastAction::Open(row.id, Wish::Show);
        press(
            ui,
            "Restore",
            "Show it on the Steer page with its prompt, weights and seed",
            show,
        );
        match row.compare_with {
            None => press(
                ui,
                "Compare…",
                "Choose this run for the left pane, then another one for the right",
                PastAction::Pick(Some(row.id)),
            ),
            Some(left) => press(
                ui,
                "Compare with this",
                "Show both runs side by side, this one on the right",
                PastAction::Open(left, Wish::Left(row.id)),
            ),
        }
        let (pin, help) = if row.pinned {
            (
                "★ Pinned",
                "Let it be removed again when the history grows too large",
            )
        } else {
            ("☆ Pin", "Never remove it by itself")
        };
        press(ui, pin, help, PastAction::Pin(row.id, !row.pinned));
        press(
            ui,
            "Export…",
            "Write it to a file",
            PastAction::ToggleExport(Some(row.id)),
        );
        let copy = PastAction::Open(row.id, Wish::Command);
        press(
            ui,
            "Copy as command",
            "Copy the command line that writes it again",
            copy,
        );
        press(
            ui,
            "Delete",
            "Take it out of the history",
            PastAction::Delete(row.id),
        );
        note_ui(ui, row, actions);
    });
}

/// The note, or a box to write it in.
fn note_ui(ui: &mut Ui, row: &RowView, actions: &mut Vec<Action>) {
    let mut act = |action| actions.push(Action::Past(action));
    if let Some(words) = &row.noting {
        let label = format!("Note on {}", row.prompt);
        // The keyboard follows the click that opened the box.
        let opened = ui.data_mut(|data| data.remove_temp::<u64>(Id::unique(OPENED)));
        let answer = Field {
            hint: "Note, then Enter",
            wants_focus: opened == Some(row.id),
            ..Field::line(&label, words)
        }
        .show(ui);
        if let Some(words) = answer.text {
            act(PastAction::Note(row.id, words));
        }
        if answer.left {
            act(PastAction::EndNote);
        }
        return;
    }
    let words = if row.note.is_empty() {
        "Note…"
    } else {
        &row.note
    };
    let text = RichText::new(words).size(size::SMALL);
    let button = ui.add(
        Button::new(text)
            .truncate()
            .min_size(vec2(0.0, space::TARGET)),
    );
    let label = format!("Note: {}", row.prompt);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    if button.clicked() {
        ui.data_mut(|data| data.insert_temp(Id::unique(OPENED), row.id));
        act(PastAction::Note(row.id, row.note.clone()));
    }
}

/// The text's advantages from left to right, as colours and as bars: never colour alone.
fn strip_ui(ui: &mut Ui, row: &RowView) {
    let (rect, response) = ui.allocate_exact_size(STRIP, Sense::hover());
    let colours = palette(ui);
    let scale = HeatScale::for_values(ScaleKind::Signed, row.strip.iter().map(|&x| f64::from(x)));
    // Where nothing is preferred the line of zero is seen alone.
    let zero = egui::Stroke::new(1.0, colours.border);
    ui.painter().hline(rect.x_range(), rect.center().y, zero);
    let part = rect.width() / row.strip.len().max(1) as f32;
    for (index, &value) in row.strip.iter().enumerate() {
        let left = rect.left() + part * index as f32;
        let cell = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(part, rect.height()));
        let colour = scale.color(colours, f64::from(value));
        ui.painter().rect_filled(cell, 0.0, colour);
        let share = (f64::from(value) / scale.limit).clamp(-1.0, 1.0) as f32;
        let bar = Rect::from_two_pos(
            egui::pos2(left, rect.center().y),
            egui::pos2(
                left + part - 1.0,
                rect.center().y - share * rect.height() / 2.0,
            ),
        );
        let ink = if value < 0.0 {
            colours.below
        } else {
            colours.above
        };
        ui.painter().rect_filled(bar, 0.0, ink);
    }
    let label = format!("Advantage for {} along the text", row.strip_of);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    response.on_hover_text(label);
}

#[cfg(test)]
mod tests {
    use super::time_words;

    #[test]
    fn seconds_become_days() {
        assert_eq!(time_words(0), "1970-01-01 00:00 UTC");
        assert_eq!(time_words(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(time_words(1_795_302_959), "2026-11-21 23:15 UTC");
    }
}
