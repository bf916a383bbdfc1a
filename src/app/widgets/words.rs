//! Headings, notes and sentences, the same on every page.

use egui::{RichText, Ui};

use crate::app::theme::{palette, section, size};

/// The name of a part of a page.
pub fn heading(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).text_style(section()));
}

/// An explanation under what it explains.
pub fn note(ui: &mut Ui, words: &str) {
    ui.label(
        RichText::new(words)
            .size(size::SMALL)
            .color(palette(ui).weak),
    );
}

/// A failure's words as a sentence of the window.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A length of time in words that nobody needs to the second.
pub fn time_words(secs: f64) -> String {
    let secs = secs.max(0.0).round() as u64;
    match (secs / 3600, secs / 60 % 60) {
        (0, 0) => format!("{secs} s"),
        (0, minutes) if minutes < 10 => format!("{minutes} min {} s", secs % 60),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sentences_are_told_as_people_read_them() {
        let told = [0.4, 59.0, 61.0, 899.0, 7300.0].map(time_words);
        assert_eq!(told, ["0 s", "59 s", "1 min 1 s", "14 min", "2 h 1 min"]);
        assert_eq!(sentence("the disk is full"), "The disk is full");
    }
}
