//! A box for text that has a name.

use egui::{Key, TextEdit, Ui, WidgetInfo};

/// A box for text.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name to screen readers.
    pub label: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// What stands there while it is empty.
    pub hint: &'a str,
    /// How many lines it shows; one that shows a single line takes no more.
    pub rows: usize,
    /// How wide it is, points; infinity for as wide as there is room.
    pub width: f32,
    /// Whether it should take the keyboard.
    pub wants_focus: bool,
    /// Whether what stands in it is nobody else's business.
    pub is_secret: bool,
}

/// What became of a box.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldAnswer {
    /// What stands in it now, where that changed.
    pub text: Option<String>,
    /// Whether the person has left it.
    pub left: bool,
    /// Whether the person pressed Enter in a box of a single line.
    pub entered: bool,
}

impl Field<'_> {
    /// A box of a single line.
    #[must_use]
    pub const fn line<'a>(label: &'a str, text: &'a str) -> Field<'a> {
        Field {
            label,
            text,
            hint: "",
            rows: 1,
            width: f32::INFINITY,
            wants_focus: false,
            is_secret: false,
        }
    }

    /// The same with dots for letters.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui) -> FieldAnswer {
        let mut text = self.text.to_owned();
        let edit = if self.rows > 1 {
            TextEdit::multiline(&mut text).desired_rows(self.rows)
        } else {
            TextEdit::singleline(&mut text)
        };
        let edit = edit
            .hint_text(self.hint)
            .desired_width(self.width)
            .password(self.is_secret);
        let response = ui.add(edit);
        let enabled = ui.is_enabled();
        response.widget_info(|| {
            let told = if self.is_secret { "" } else { self.text };
            let mut info = WidgetInfo::text_edit(enabled, told, told, self.hint);
            info.label = Some(self.label.to_owned());
            info
        });
        if self.wants_focus {
            response.request_focus();
        }
        let left = response.lost_focus();
        FieldAnswer {
            text: response.changed().then_some(text),
            left,
            entered: self.rows <= 1 && left && ui.input(|input| input.key_pressed(Key::Enter)),
        }
    }
}
