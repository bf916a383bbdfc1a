//! What this program is, where its method comes from, and under which licences it and its parts stand.

use egui::{Button, CollapsingHeader, RichText, Ui};

use super::heading;
use super::licences::libraries_ui;
use crate::app::TITLE;
use crate::app::state::State;
use crate::app::theme::{size, space, strong};
use crate::app::update::Action;
use crate::app::widgets::words::note;

/// Whole texts of licences.
const TEXTS: [(&str, &str); 4] = [
    ("MIT licence", include_str!("../../../../LICENSE-MIT")),
    (
        "Apache licence 2.0",
        include_str!("../../../../LICENSE-APACHE"),
    ),
    (
        "SIL Open Font License: the typeface Inter",
        include_str!("../../../../assets/fonts/OFL.txt"),
    ),
    (
        "Licence of DejaVu Sans: symbols",
        include_str!("../../../../assets/fonts/DEJAVU.txt"),
    ),
];

/// What it is, in two sentences.
const WHAT: &str = "Counterpoise steers a language model while it writes: small reward models, one for each quality that you name, \
                    weigh every word, and a slider says how much each counts. You read the plain and the guided answer side by \
                    side, and see for every word why it was chosen.";

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutView {
    /// Facts for a report on something that went wrong, a line each.
    pub details: String,
}

impl AboutView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let (models, device) = match state.lineup_info() {
            Some(info) => (info.name.as_str(), info.device.as_str()),
            None => ("none", "none"),
        };
        let zoom = (state.settings.zoom * 100.0).round();
        Self {
            details: format!(
                "{TITLE} {}\nFeatures: {}\nSystem: {} {}\nModels: {models}\nDevice: {device}\nZoom: {zoom} %",
                env!("CARGO_PKG_VERSION"),
                features().join(", "),
                std::env::consts::OS,
                std::env::consts::ARCH,
            ),
        }
    }
}

fn features() -> Vec<&'static str> {
    let all = [
        ("gui", cfg!(feature = "gui")),
        ("cuda", cfg!(feature = "cuda")),
        ("metal", cfg!(feature = "metal")),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}

/// Draws it.
pub(super) fn about_ui(ui: &mut Ui, view: &AboutView) -> Vec<Action> {
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(TITLE).font(strong(size::TITLE)));
        ui.label(concat!("Version ", env!("CARGO_PKG_VERSION")));
    });
    ui.label(WHAT);
    heading(ui, "The method");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.hyperlink_to("GenARM", "https://arxiv.org/abs/2410.08193");
        ui.label(
            "by Xu and others, ICLR 2025: Reward Guided Generation with Autoregressive Reward Model for Test-time Alignment",
        );
    });
    heading(ui, "Licences");
    ui.label("Counterpoise, its built-in models and their texts: MIT or Apache 2.0, as you like");
    ui.label(
        "Typefaces: Inter (SIL Open Font License 1.1), symbols of DejaVu Sans (its own free licence), and those of the toolkit: \
         Ubuntu, Hack, Noto Emoji, emoji-icon-font (Ubuntu Font Licence, MIT, SIL Open Font License)",
    );
    libraries_ui(ui);
    for (name, text) in TEXTS {
        CollapsingHeader::new(name).show(ui, |ui| {
            ui.label(RichText::new(text).monospace().size(size::SMALL));
        });
    }
    heading(ui, "For a report");
    note(ui, &view.details);
    let button = Button::new("Copy details").min_size(egui::vec2(0.0, space::TARGET));
    if ui
        .add(button)
        .on_hover_text("Version, system and device, to be pasted into a report")
        .clicked()
    {
        ui.ctx().copy_text(view.details.clone());
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_details_name_version_system_and_device() {
        let details = AboutView::build(&State::default()).details;
        assert!(details.starts_with(concat!("Counterpoise ", env!("CARGO_PKG_VERSION"))));
        assert!(details.contains(std::env::consts::OS) && details.contains("Device: none"));
        assert!(details.contains("gui"));
    }
}
