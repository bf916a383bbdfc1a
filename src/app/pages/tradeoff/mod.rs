//! The Trade-off page: which weights are tried on the left; what they reach on the right.

mod chart;
mod matrix;
mod parallel;
mod progress;
mod scatter;
mod scores;
mod setup;
mod summary;
mod table;
mod triangle;

use egui::{CentralPanel, RichText, ScrollArea, Ui};

use crate::app::pages::setup::Column;
use crate::app::panels::{SCROLL_BAR, keyboard_here, problem};
use crate::app::state::State;
use crate::app::state::region::Region;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, TradeoffAction};

pub use chart::ChartView;
pub(in crate::app) use chart::picture_ui;
pub use progress::ProgressView;
pub use scores::{Judge, ScoresView};
pub use setup::SetupView;
pub use summary::SummaryView;
pub use table::TableView;

/// Draws the page.
pub fn tradeoff_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let column = super::column(ui);
    let setup = SetupView::build(state);
    let prepared = Column {
        name: "tradeoff_setup",
        start: "tradeoff_start",
        width: 380.0,
        widths: 340.0..=560.0,
    };
    let mut actions = prepared.show(
        ui,
        state,
        |ui| setup::start_ui(ui, &setup),
        |ui| setup::setup_ui(ui, &setup),
    );
    CentralPanel::default().frame(column).show(ui, |ui| {
        actions.extend(keyboard_here(ui, state, Region::Results));
        if let Some(view) = problem::ProblemView::build(state) {
            actions.extend(problem::problem_ui(ui, &view));
            ui.add_space(space::S);
        }
        let Some(progress) = ProgressView::build(state) else {
            welcome_ui(ui);
            return;
        };
        actions.extend(progress::progress_ui(ui, &progress));
        ui.add_space(space::S);
        let room = ui.available_height();
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .content_margin(SCROLL_BAR)
            .show(ui, |ui| {
                if let Some(view) = ChartView::build(state) {
                    actions.extend(chart::chart_ui(ui, &view, room));
                }
                if let Some(view) = SummaryView::build(state) {
                    actions.extend(summary::summary_ui(ui, &view));
                }
                if let Some(view) = ScoresView::build(state) {
                    actions.extend(scores::scores_ui(ui, &view));
                }
                ui.add_space(space::S);
                if let Some(view) = TableView::build(state) {
                    actions.extend(table::table_ui(ui, state, &view));
                }
            });
    });
    actions
}

/// What the page is for, where nothing has been tried yet.
fn welcome_ui(ui: &mut Ui) {
    ui.label(RichText::new("See what each objective costs the others").font(strong(size::TITLE)));
    for line in [
        "A sweep writes answers under many settings of the sliders, all with the same luck, and scores each by every objective. Each setting becomes a point: the further right and up, the better.",
        "Settings that nothing else beats are ringed. Click a point, or drag the handle along the curve, and its weights stand on your sliders.",
        "On the left, choose prompts and weights, then start. You can go on writing on the other pages meanwhile.",
    ] {
        ui.label(RichText::new(line).color(palette(ui).weak));
    }
}

/// Wraps an action of this page.
fn act<T>(wrap: impl Fn(T) -> TradeoffAction) -> impl Fn(T) -> Action {
    move |value| Action::Tradeoff(wrap(value))
}
