//! The tour: what to do next, and what was done.

use egui::{RichText, ScrollArea, Ui};

use crate::app::state::State;
use crate::app::state::showing::{Tour, TourStep};
use crate::app::theme::{palette, section, size, space, strong};
use crate::app::update::{Action, ShowAction};

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TourView {
    /// Every step, and whether it was done.
    pub steps: Vec<(TourStep, bool)>,
    /// The one to do now; nothing when all are done.
    pub next: Option<TourStep>,
}

impl TourView {
    /// Decides what the list shows; nothing where the tour is not taken.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let tour: &Tour = state.showing.tour.as_ref()?;
        Some(Self {
            steps: tour.steps().collect(),
            next: tour.next(),
        })
    }
}

/// Draws the list.
pub fn tour_ui(ui: &mut Ui, view: &TourView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let done = view.steps.iter().filter(|(_, done)| *done).count();
    ui.label(RichText::new("Tour").text_style(section()));
    let count = format!("{done} of {} done", view.steps.len());
    ui.label(RichText::new(count).color(colours.weak));
    ui.add_space(space::S);
    ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        for (number, (step, done)) in view.steps.iter().enumerate() {
            let now = view.next == Some(*step);
            let mark = if *done { "\u{2714}".to_owned() } else { format!("{}.", number + 1) };
            let said = if *done { "done: " } else { "" };
            let color = if *done && !now { colours.weak } else { colours.text };
            let font = if now { strong(size::HEADING) } else { egui::FontId::proportional(size::BODY) };
            let text = format!("{mark} {}", step.task());
            let label = ui.label(RichText::new(text).font(font).color(color));
            label.widget_info(|| {
                let text = format!("{said}{}", step.task());
                egui::WidgetInfo::labeled(egui::Role::Label, true, text)
            });
            if now {
                ui.label(RichText::new(step.about()).size(size::BODY));
            }
            ui.add_space(space::XS);
        }
        if view.next.is_none() {
            ui.add_space(space::S);
            ui.label(RichText::new("You have just aligned a model").font(strong(size::TITLE)));
            ui.label(
                "Nothing in it was trained or changed. At every word a helper said how much it likes each possible next one, and you decided how much that counts.",
            );
            ui.add_space(space::S);
            if ui.button("Look at all the numbers in Lab mode").clicked() {
                actions.push(Action::Show(ShowAction::EndTour));
                actions.push(Action::Show(ShowAction::SetMode(crate::app::state::settings::Mode::Lab)));
            }
        }
    });
    ui.add_space(space::S);
    if ui.button("End the tour").clicked() {
        actions.push(Action::Show(ShowAction::EndTour));
    }
    actions
}
