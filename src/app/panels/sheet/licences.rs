//! The libraries that the program is built of, and the whole texts of their licences.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use egui::{CollapsingHeader, Id, RichText, ScrollArea, TextStyle, Ui};
use serde::Deserialize;

use crate::app::theme::{size, space, strong};
use crate::app::widgets::words::note;

/// Name, version and licence of each library, a line each.
const LIBRARIES: &str = include_str!("../../../../assets/licences/libraries.txt");

/// The texts, packed.
const PACKED: &[u8] = include_bytes!("../../../../assets/licences/texts.json.gz");

/// The texts of all libraries.
#[derive(Debug, Default, Deserialize)]
struct Licences {
    /// Each distinct text once.
    texts: Vec<String>,
    /// Which of them each library, by name and version, brings along.
    of: BTreeMap<String, Vec<usize>>,
    /// Libraries that bring none: theirs are the usual texts of the licences that they name.
    named: Vec<String>,
}

/// Unpacked when somebody first asks; empty where the program's own file is broken, which its tests forbid.
static LICENCES: LazyLock<Licences> = LazyLock::new(|| {
    let mut json = String::new();
    let read = flate2::read::GzDecoder::new(PACKED).read_to_string(&mut json);
    read.ok()
        .and_then(|_| serde_json::from_str(&json).ok())
        .unwrap_or_default()
});

/// What a library's name and version are in its line.
fn key(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(key, _)| key)
}

/// The texts of a library, and whether they are its own.
fn texts_of(key: &str) -> (Vec<&'static str>, bool) {
    let places = LICENCES.of.get(key);
    let texts = places.into_iter().flatten();
    let texts = texts.filter_map(|&place| LICENCES.texts.get(place));
    let own = !LICENCES.named.iter().any(|named| named == key);
    (texts.map(String::as_str).collect(), own)
}

/// Draws the list, and the texts of the library that was pressed last.
pub(super) fn libraries_ui(ui: &mut Ui) {
    let lines: Vec<&str> = LIBRARIES.lines().collect();
    CollapsingHeader::new(format!("{} libraries", lines.len())).show(ui, |ui| {
        if ui.button("Copy the list").clicked() {
            ui.ctx().copy_text(LIBRARIES.to_owned());
        }
        note(ui, "Press one to read its licence");
        let shown = Id::unique("library whose licence is shown");
        let before: Option<usize> = ui.data(|data| data.get_temp(shown)).flatten();
        let mut open = before;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical()
                .id_salt("libraries")
                .max_height(200.0)
                .auto_shrink([false, true])
                .show_rows(ui, space::TARGET, lines.len(), |ui, range| {
                    for index in range {
                        let text = RichText::new(lines[index]).text_style(TextStyle::Small);
                        let row = egui::Button::selectable(open == Some(index), text)
                            .min_size(egui::vec2(ui.available_width(), space::TARGET));
                        if ui.add(row).clicked() {
                            open = (open != Some(index)).then_some(index);
                        }
                    }
                });
        });
        ui.data_mut(|data| data.insert_temp(shown, open));
        if let Some(line) = open.and_then(|index| lines.get(index)) {
            texts_ui(ui, key(line), open != before);
        }
    });
}

/// Draws the texts of a library; what was pressed just now is brought into sight.
fn texts_ui(ui: &mut Ui, key: &str, is_new: bool) {
    let (texts, own) = texts_of(key);
    ui.add_space(space::S);
    ui.horizontal_wrapped(|ui| {
        let name = ui.label(RichText::new(key).font(strong(size::BODY)));
        if is_new {
            name.scroll_to_me(Some(egui::Align::Center));
        }
        if ui.small_button("Copy its licence").clicked() {
            ui.ctx().copy_text(texts.join("\n\n"));
        }
    });
    if !own {
        note(
            ui,
            "It brings no text of its own: this is the usual one of each licence that it names",
        );
    }
    ScrollArea::vertical()
        .id_salt("licence of a library")
        .max_height(260.0)
        // As high as that in a sheet that scrolls itself.
        .min_scrolled_height(260.0)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for text in texts {
                ui.label(RichText::new(text).monospace().size(size::SMALL));
                ui.separator();
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_the_text_of_its_licence() {
        for line in LIBRARIES.lines() {
            let (texts, _) = texts_of(key(line));
            assert!(texts.iter().all(|text| !text.trim().is_empty()), "{line}");
            assert!(texts.iter().any(|text| text.len() > 400), "{line}");
        }
        let listed = LIBRARIES.lines().map(key);
        assert!(
            LICENCES
                .of
                .keys()
                .map(String::as_str)
                .eq(listed.collect::<std::collections::BTreeSet<_>>())
        );
    }

    #[test]
    fn a_licence_is_the_one_that_is_named() {
        let of = |name: &str| {
            let line = LIBRARIES.lines().find(|line| line.starts_with(name));
            texts_of(key(line.unwrap()))
        };
        let (egui, own) = of("egui 0");
        assert!(!own);
        assert!(egui[0].contains("Permission is hereby granted"));
        assert!(egui[1].contains("Apache License"));
        let (serde, own) = of("serde ");
        assert!(
            own && serde
                .iter()
                .any(|text| text.contains("Permission is hereby granted"))
        );
    }

    #[test]
    fn the_texts_are_small_and_each_is_there_once() {
        assert!(PACKED.len() < 300_000);
        let mut all: Vec<&String> = LICENCES.texts.iter().collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), LICENCES.texts.len());
    }
}
