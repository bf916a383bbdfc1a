//! The page for reward models of one's own: pairs, base and settings on the left; the training and those before it on the
//! right.

mod curves;
mod data;
mod progress;
mod settings;
mod setup;
mod shelf;

use egui::{Align, Button, CentralPanel, Id, Layout, RichText, ScrollArea, Ui};

use crate::app::pages::setup::Column;
use crate::app::panels::{SCROLL_BAR, keyboard_here, problem};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::state::training::Purpose;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, TrainAction};

pub use curves::CurvesView;
pub use data::DataView;
pub use progress::ProgressView;
pub use settings::SettingsView;
pub use setup::SetupView;
pub use shelf::ShelfView;

/// Draws the page.
pub fn train_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let column = super::column(ui);
    let setup = SetupView::build(state);
    let prepared = Column {
        name: "train_setup",
        start: "train_start",
        width: 430.0,
        widths: 360.0..=620.0,
    };
    let mut actions = prepared.show(
        ui,
        state,
        |ui| setup::start_ui(ui, &setup),
        |ui| {
            let mut actions = data::data_ui(ui, &DataView::build(state));
            ui.add_space(space::M);
            actions.extend(setup::setup_ui(ui, &setup));
            ui.add_space(space::M);
            actions.extend(settings::settings_ui(ui, &SettingsView::build(state)));
            actions
        },
    );
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(keyboard_here(ui, state, Region::Results));
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .content_margin(SCROLL_BAR)
            .show(ui, |ui| {
                if let Some(view) = ProgressView::build(state) {
                    actions.extend(progress::progress_ui(ui, &view));
                    if let Some(curves) = CurvesView::build(state) {
                        curves::curves_ui(ui, &curves);
                    }
                } else {
                    welcome_ui(ui);
                }
                ui.add_space(space::L);
                actions.extend(shelf::shelf_ui(ui, &ShelfView::build(state)));
            });
    });
    actions
}

/// What the page is for, where nothing is being trained.
fn welcome_ui(ui: &mut Ui) {
    ui.label(RichText::new("Train an objective of your own").font(strong(size::TITLE)));
    for line in [
        "You need a file of pairs: a question, an answer that people preferred and one that they did not. A few hundred show what works, a few thousand work well.",
        "What comes out is a reward model: it learns to find the preferred answers likelier, and a slider then lets it speak for every next word.",
        "You can go on writing on the other page meanwhile, let it wait, stop it and go on another day.",
    ] {
        ui.label(RichText::new(line).color(palette(ui).weak));
    }
    ui.add_space(space::S);
    ui.label(RichText::new("A line of such a file:").color(palette(ui).weak));
    palette(ui).card().show(ui, |ui| {
        ui.label(RichText::new(EXAMPLE).monospace().size(size::SMALL + 1.0));
    });
}

/// What a file of pairs may look like.
const EXAMPLE: &str =
    r#"{"prompt": "I broke her cup.", "chosen": "Tell her today.", "rejected": "Hide it."}"#;

/// A button: its words, what it does in a sentence, the action, and how it stands among the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// Its words.
    pub words: &'static str,
    /// What it does, or why it cannot be done now.
    pub help: String,
    /// What a click means.
    pub action: Action,
    /// Whether it can be done now.
    pub enabled: bool,
    /// Whether it is what most people want next.
    pub first: bool,
}

impl Way {
    fn new(words: &'static str, help: &str, action: TrainAction) -> Self {
        Self {
            words,
            help: help.to_owned(),
            action: Action::Train(action),
            enabled: true,
            first: false,
        }
    }
}

/// A text with buttons to its right; `of` says for assistive tools whose they are, where there are several of the same
/// words.
fn row_ui(
    ui: &mut Ui,
    id: &str,
    ways: &[Way],
    of: Option<&str>,
    text: impl FnOnce(&mut Ui),
) -> Vec<Action> {
    let mut actions = Vec::new();
    // The text takes what the buttons left in the frame before.
    let place = Id::unique(("beside", id));
    let behind = ui.data(|data| data.get_temp(place)).unwrap_or(USUAL_BEHIND);
    let room = ui.available_width() - behind - ui.spacing().item_spacing.x;
    let mut buttons_ui = |ui: &mut Ui, ways: &mut dyn Iterator<Item = &Way>| {
        for way in ways {
            actions.extend(way_ui(ui, way, of));
        }
        ui.min_rect().width()
    };
    let width = if room < LEAST_ROOM {
        text(ui);
        ui.horizontal(|ui| buttons_ui(ui, &mut ways.iter())).inner
    } else {
        let row = ui.horizontal(|ui| {
            ui.vertical(|ui| {
                ui.set_max_width(room);
                text(ui);
            });
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| buttons_ui(ui, &mut ways.iter().rev()))
        });
        row.inner.inner
    };
    if (width - behind).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(place, width));
        ui.ctx().request_repaint();
    }
    actions
}

/// A text that would have less room beside its buttons, points, stands above them.
const LEAST_ROOM: f32 = 160.0;
/// Width of buttons before it is known, points.
const USUAL_BEHIND: f32 = 120.0;

fn way_ui(ui: &mut Ui, way: &Way, of: Option<&str>) -> Option<Action> {
    let colours = palette(ui);
    let button = if way.first && way.enabled {
        let words = RichText::new(way.words).color(colours.on_accent);
        Button::new(words).fill(colours.accent)
    } else {
        Button::new(way.words)
    };
    let button = button.min_size(egui::vec2(0.0, space::TARGET));
    let response = ui
        .add_enabled(way.enabled, button)
        .on_hover_text(&way.help)
        .on_disabled_hover_text(&way.help);
    if let Some(name) = of {
        let label = format!("{}: {name}", way.words);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, way.enabled, &label));
    }
    response.clicked().then(|| way.action.clone())
}

/// Wraps an action of this page.
fn act<T>(wrap: impl Fn(T) -> TrainAction) -> impl Fn(T) -> Action {
    move |value| Action::Train(wrap(value))
}

/// What to do where the desktop has no file dialog.
const NO_DIALOG: &str =
    "Your desktop has no file dialog to offer: type the path, or drop the file on the window";

/// The button for the desktop's file dialog, `(whether one is open, what it is for)`, its label and what it does.
fn browse_ui(
    ui: &mut Ui,
    (is_open, purpose): (bool, Purpose),
    label: &str,
    help: &str,
) -> Option<Action> {
    let button = Button::new("Browse…").min_size(egui::vec2(0.0, space::TARGET));
    let response = ui
        .add_enabled(!is_open, button)
        .on_hover_text(help)
        .on_disabled_hover_text("The dialog is open");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, !is_open, label));
    let clicked = response.clicked();
    clicked.then(|| act(TrainAction::Browse)(purpose))
}

/// A share with its 95 % interval, as people read it.
fn share_words(share: f64, interval: Option<[f64; 2]>) -> String {
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    match interval {
        Some([low, high]) => format!(
            "{}\u{a0}% (95\u{a0}% interval {} to {}\u{a0}%)",
            percent(share),
            percent(low),
            percent(high)
        ),
        None => format!("{}\u{a0}%", percent(share)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_as_people_read_them() {
        assert_eq!(
            share_words(0.78, Some([0.631, 0.88])),
            "78\u{a0}% (95\u{a0}% interval 63 to 88\u{a0}%)"
        );
    }
}
