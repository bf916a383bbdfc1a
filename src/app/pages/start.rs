//! The start page: three ways in.

use egui::{Button, CentralPanel, RichText, ScrollArea, Ui, vec2};

use crate::app::state::State;
use crate::app::state::habits::Sheet;
use crate::app::state::page::Page;
use crate::app::state::settings::Mode;
use crate::app::theme::{palette, section, size, space, strong};
use crate::app::update::past::PastAction;
use crate::app::update::{Action, HabitAction, ShowAction};

/// Greatest width of the cards together, and of one below which they stand below each other, points.
const WIDTH: f32 = 960.0;
const NARROW: f32 = 660.0;
/// Height of a button, points.
const BUTTON: f32 = 32.0;
/// Most buttons of a card.
const MOST_BUTTONS: usize = 2;
/// Height of a card's words, so that the buttons stand in line.
const WORDS: f32 = 130.0;

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartView {
    /// Whether it comes first at the next start.
    pub greet: bool,
}

impl StartView {
    /// Decides what the page shows.
    #[must_use]
    pub const fn build(state: &State) -> Self {
        Self {
            greet: state.settings.greet,
        }
    }
}

/// A way in: its name, what one gets, and its buttons.
struct Way {
    name: &'static str,
    words: &'static str,
    buttons: &'static [WayIn],
}

/// A button's words, and what it does.
type WayIn = (&'static str, fn() -> Vec<Action>);

const WAYS: [Way; 3] = [
    Way {
        name: "See it at once",
        words: "A small teaching model, built in: choose a question, pull two sliders, and read what changes and why. Works without a network. The tour takes three minutes.",
        buttons: &[
            ("Take the tour", || {
                vec![Action::Show(ShowAction::BeginTour)]
            }),
            ("Demo without the tour", || enter(Mode::Demo, Page::Steer)),
        ],
    },
    Way {
        name: "Explore in the lab",
        words: "The same models with everything: a slider for each objective, the numbers behind every word, branches, snapshots, and training of your own objectives.",
        buttons: &[
            ("Open the lab", || enter(Mode::Lab, Page::Steer)),
            ("Play a recorded run", || {
                let mut actions = enter(Mode::Lab, Page::Steer);
                actions.push(Action::Past(PastAction::OpenDemo(0)));
                actions
            }),
        ],
    },
    Way {
        name: "Use other models",
        words: "Models on this computer or from the Hugging Face Hub. A sentence such as \u{201c}You are always polite\u{201d} becomes an objective at once; fetching models needs a network.",
        buttons: &[("Choose models", || enter(Mode::Lab, Page::Models))],
    },
];

fn enter(mode: Mode, page: Page) -> Vec<Action> {
    vec![Action::Show(ShowAction::SetMode(mode)), Action::GoTo(page)]
}

/// Draws the page.
pub fn start_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let view = StartView::build(state);
    let mut actions = Vec::new();
    let column = super::column(ui);
    CentralPanel::default().frame(column).show(ui, |ui| {
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .show(ui, |ui| {
                let room = ui.available_width();
                let width = room.min(WIDTH);
                ui.add_space(space::XL);
                ui.horizontal_top(|ui| {
                    ui.add_space(((room - width) / 2.0).max(0.0));
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        page_ui(ui, &view, width, &mut actions);
                    });
                });
            });
    });
    actions
}

fn page_ui(ui: &mut Ui, view: &StartView, width: f32, actions: &mut Vec<Action>) {
    let colours = palette(ui);
    ui.label(RichText::new("Steer a language model while it writes").font(strong(size::TITLE)));
    ui.add_space(space::XS);
    ui.label(
        RichText::new("Two answers to one question: what the plain model writes, and what it writes when you say what matters")
            .size(size::HEADING)
            .color(colours.weak),
    );
    ui.add_space(space::XL);
    let count = if width < NARROW { 1 } else { WAYS.len() };
    let card = (width - space::M * (count as f32 - 1.0)) / count as f32;
    for row in WAYS.chunks(count) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            for way in row {
                ui.vertical(|ui| {
                    ui.set_width(card);
                    way_ui(ui, way, count > 1, actions);
                });
            }
        });
        ui.add_space(space::M);
    }
    ui.add_space(space::M);
    let mut greet = view.greet;
    if ui
        .checkbox(&mut greet, "Begin here at the next start")
        .changed()
    {
        actions.push(Action::Show(ShowAction::Greet(greet)));
    }
    ui.add_space(space::S);
    ui.horizontal_wrapped(|ui| {
        ui.label(
            RichText::new(concat!("Counterpoise ", env!("CARGO_PKG_VERSION")))
                .size(size::SMALL)
                .color(colours.weak),
        );
        for (words, sheet) in [("About", Sheet::About), ("Settings", Sheet::Settings)] {
            let button = Button::new(RichText::new(words).size(size::SMALL))
                .frame_when_inactive(false)
                .min_size(vec2(0.0, space::TARGET));
            if ui.add(button).clicked() {
                actions.push(Action::Habit(HabitAction::Toggle(sheet)));
            }
        }
    });
}

fn way_ui(ui: &mut Ui, way: &Way, in_line: bool, actions: &mut Vec<Action>) {
    let colours = palette(ui);
    colours.card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.vertical(|ui| {
            if in_line {
                ui.set_min_height(WORDS);
            }
            ui.label(RichText::new(way.name).text_style(section()));
            ui.add_space(space::XS);
            ui.label(way.words);
        });
        ui.add_space(space::S);
        for (index, (words, act)) in way.buttons.iter().enumerate() {
            let text = RichText::new(*words);
            let button = if index == 0 {
                Button::new(text.color(colours.on_accent)).fill(colours.accent)
            } else {
                Button::new(text)
            };
            let button = button.min_size(vec2(0.0, BUTTON));
            let pressed = ui.vertical_centered_justified(|ui| ui.add(button));
            if pressed.inner.clicked() {
                actions.extend(act());
            }
            ui.add_space(space::XS);
        }
        // As high as the card with most buttons.
        for _ in way.buttons.len()..if in_line { MOST_BUTTONS } else { 0 } {
            ui.allocate_space(vec2(0.0, BUTTON));
            ui.add_space(space::XS);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_leads_somewhere_else() {
        let mut seen = Vec::new();
        for way in &WAYS {
            assert!(!way.buttons.is_empty() && way.words.len() > 40);
            for (_, act) in way.buttons {
                let actions = act();
                assert!(!actions.is_empty() && !seen.contains(&actions));
                seen.push(actions);
            }
        }
    }
}
