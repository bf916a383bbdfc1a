//! The Score page: words of one's own on the left, what each objective says of them in the middle, the sliders on the right.

mod answers;
mod compare;
mod exchange;
mod file;
mod file_setup;
mod setup;
mod totals;

use egui::{CentralPanel, RichText, ScrollArea, Ui};

use crate::app::pages::{self, setup::Column};
use crate::app::panels::{SCROLL_BAR, card, colours, keyboard_here, objectives, panes, problem};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::state::score::Tab;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, ScoreAction};

pub use answers::{AnswerView, AnswersView};
pub use compare::CompareView;
pub use exchange::ExchangeView;
pub use file::FileView;
pub use file_setup::FileSetupView;
pub use setup::SetupView;
pub use totals::TotalsView;

/// Draws the page.
pub fn score_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let column = super::column(ui);
    let setup = SetupView::build(state);
    let prepared = Column {
        name: "score_setup",
        start: "score_start",
        width: 320.0,
        widths: 280.0..=560.0,
    };
    let mut actions = prepared.show(
        ui,
        state,
        |ui| setup::start_ui(ui, &setup),
        |ui| {
            let mut actions = setup::tabs_ui(ui, &setup);
            actions.extend(match setup.tab {
                Tab::Answers | Tab::OneWord => setup::setup_ui(ui, &setup),
                Tab::File => file_setup::file_setup_ui(ui, &FileSetupView::build(state)),
            });
            actions
        },
    );
    // Raw rewards do not follow the sliders.
    if setup.tab != Tab::OneWord {
        actions.extend(pages::controls_column(ui, "score_controls", |ui| {
            controls_ui(ui, state, setup.tab)
        }));
    }
    if setup.tab == Tab::Answers {
        actions.extend(pages::tokens_row(ui, "scored_tokens", state));
    }
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(keyboard_here(ui, state, Region::Results));
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        match setup.tab {
            Tab::Answers | Tab::OneWord => actions.extend(texts_ui(ui, state, setup.tab)),
            Tab::File => actions.extend(file::file_ui(ui, &FileView::build(state))),
        }
    });
    actions
}

/// The right column: the sliders, and what colours the words where a person can choose that.
fn controls_ui(ui: &mut Ui, state: &State, tab: Tab) -> Vec<Action> {
    let mut actions = objectives::objectives_ui(ui, &objectives::ObjectivesView::build(state));
    if tab == Tab::Answers {
        ui.add_space(space::L);
        actions.extend(colours::colours_ui(ui, &colours::ColoursView::build(state)));
    }
    actions
}

/// The scored texts, with what they come to below.
fn texts_ui(ui: &mut Ui, state: &State, tab: Tab) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut places = panes::WordPlaces::default();
    let Some(view) = AnswersView::build(state) else {
        welcome_ui(ui, tab);
        return actions;
    };
    let room = ui.available_height();
    ScrollArea::vertical()
        .id_salt("scored texts")
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show(ui, |ui| {
            let (done, there) = answers::answers_ui(ui, state, &view, room);
            actions.extend(done);
            places = there;
            ui.add_space(space::S);
            if tab == Tab::OneWord {
                if let Some(view) = ExchangeView::build(state) {
                    actions.extend(exchange::exchange_ui(ui, &view));
                }
            } else {
                if let Some(view) = CompareView::build(state) {
                    compare::compare_ui(ui, &view);
                    ui.add_space(space::S);
                }
                if let Some(view) = TotalsView::build(state) {
                    totals::totals_ui(ui, &view);
                }
            }
            answers::rendered_ui(ui, &view);
        });
    if let Some(view) = card::CardView::build(state) {
        actions.extend(card::card_ui(ui, &view, places));
    }
    actions
}

/// What the part of the page is for, where nothing has been scored yet.
fn welcome_ui(ui: &mut Ui, tab: Tab) {
    let (title, lines): (&str, &[&str]) = match tab {
        Tab::Answers => (
            "See what each objective says of your own words",
            &[
                "Paste a prompt and an answer on the left, or drop a text file. The models read it and judge every word; nothing is written.",
                "With a second answer, both stand side by side, with what they come to and where they part.",
                "Change a word and score again: the numbers of all words before it stay as they are.",
            ],
        ),
        Tab::OneWord | Tab::File => (
            "One word makes the difference",
            &[
                "Type a prompt and two answers that differ in one word: beneath them stands by how much an objective prefers one word to the other.",
                "The built-in sentences are about being harmless, which these models have no objective for.",
            ],
        ),
    };
    ui.label(RichText::new(title).font(strong(size::TITLE)));
    for line in lines {
        ui.label(RichText::new(*line).color(palette(ui).weak));
    }
}

/// Wraps an action of this page.
fn act<T>(wrap: impl Fn(T) -> ScoreAction) -> impl Fn(T) -> Action {
    move |value| Action::Score(wrap(value))
}
