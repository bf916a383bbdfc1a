//! Models, places and reasons in words.

use egui::{RichText, Ui};

use crate::app::theme::{palette, size, strong};
use crate::app::widgets::numbers;
use crate::domain::{ModelFacts, ModelKind};
use crate::worker::shelf::{Check, Fit, Place, Source};

/// What a place is called where its model is not at hand.
pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Hub { repo, .. } => repo.clone(),
        Place::BuiltIn(path) => match path.rsplit('/').next() {
            Some("base") | None => "Built-in base".to_owned(),
            Some(name) => format!("Built-in {name}"),
        },
        Place::Path(path) => {
            let path = std::path::Path::new(path);
            path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            )
        }
    }
}

/// The facts about a model in a line.
pub(super) fn facts(facts: &ModelFacts) -> String {
    let mut parts = Vec::new();
    match &facts.kind {
        ModelKind::Whole(Some(whole)) => {
            parts.push(whole.family.clone());
            parts.push(format!("{} parameters", numbers::many(whole.parameters)));
            parts.push(format!("reads {} tokens", numbers::count(whole.context)));
            if !whole.has_template {
                parts.push("no chat template".to_owned());
            }
        }
        ModelKind::Whole(None) => parts.push(facts.format.name().to_owned()),
        ModelKind::Adapter(adapter) => {
            parts.push(format!("Adapter of rank {}", adapter.rank));
            // A path of the machine that it was trained on tells nobody anything.
            if let Some(base) = adapter
                .base
                .as_ref()
                .filter(|base| !base.starts_with(['.', '/']))
            {
                parts.push(format!("made for {base}"));
            }
        }
    }
    if facts.file_bytes > 0 {
        parts.push(numbers::bytes(facts.file_bytes));
    }
    parts.extend(facts.licence.clone());
    parts.join(" · ")
}

/// Where an objective comes from, in a line.
pub(super) fn source(source: &Source, name_of: impl Fn(&Place) -> String) -> String {
    match source {
        Source::Adapter(place) => format!("Adapter {}", name_of(place)),
        Source::Model(place) => format!("Model {}", name_of(place)),
        Source::System(wish) => format!("Sentence: {}", wish.trim()),
        Source::Contrast { expert, amateur } => {
            format!("{} against {}", name_of(expert), name_of(amateur))
        }
    }
}

/// The three checks of a fit, each with its name.
pub(super) fn checks(fit: &Fit) -> [(&'static str, &Check); 3] {
    [
        ("Vocabulary", &fit.vocabulary),
        ("Shape", &fit.shape),
        ("Template", &fit.template),
    ]
}

/// One check in a word.
pub(super) const fn verdict(check: &Check) -> &'static str {
    match check {
        Check::Passed(_) => "✓ fits",
        Check::Failed(_) => "✗ does not fit",
        Check::Unneeded => "any",
    }
}

/// A check in a sentence.
pub(super) fn reason(check: &Check) -> &str {
    match check {
        Check::Passed(words) => words,
        Check::Failed(obstacle) => &obstacle.summary,
        Check::Unneeded => "Does not matter here",
    }
}

/// Draws words of second rank.
pub(super) fn weak_ui(ui: &mut Ui, words: &str) {
    let colour = palette(ui).weak;
    ui.label(RichText::new(words).size(size::SMALL).color(colour));
}

/// Draws why something cannot be, and what would help.
pub(super) fn obstacle_ui(ui: &mut Ui, summary: &str, hint: Option<&str>) {
    let colours = palette(ui);
    ui.label(
        RichText::new(summary)
            .size(size::SMALL)
            .color(colours.error),
    );
    if let Some(hint) = hint {
        ui.label(RichText::new(hint).size(size::SMALL).color(colours.text));
    }
}

/// Draws a name.
pub(super) fn name_ui(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(strong(size::BODY)));
}
