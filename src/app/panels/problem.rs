//! The error card: what happened, what can be done, the details, and a way on.

use egui::{Button, RichText, ScrollArea, Ui};

use super::message::message_ui;
use crate::app::state::page::Page;
use crate::app::state::{LineupState, ProblemPlace, State};
use crate::app::theme::{palette, size, space};
use crate::app::update::models::ModelsAction;
use crate::app::update::{Action, TrainAction, can_run};
use crate::worker::LineupSource;

/// What the card shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ProblemView {
    /// What happened.
    pub summary: String,
    /// What can be done.
    pub hint: Option<String>,
    /// The technical rest.
    pub details: Option<String>,
    /// Whether it is unfolded.
    pub details_open: bool,
    /// Ways on: words and what they do.
    pub ways: Vec<(&'static str, Action)>,
    /// Unfolds or folds the details.
    pub toggle: Action,
}

impl ProblemView {
    /// Decides whether there is a card and what it offers.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let problem = state.problem.as_ref()?;
        let no_models = match state.lineup {
            LineupState::Missing => true,
            LineupState::Ready(_) | LineupState::Loading { .. } => false,
        };
        let mut ways = Vec::new();
        match problem.during {
            ProblemPlace::Loading => ways.push(("Try again", Action::RetryLoading)),
            ProblemPlace::Run if can_run(state) => ways.push(("Run again", Action::Run)),
            ProblemPlace::Models => {
                // It is about what is not on screen.
                if state.page != Page::Models {
                    return None;
                }
                if state.models.retry.is_some() {
                    ways.push(("Try again", Action::Models(ModelsAction::Retry)));
                }
            }
            ProblemPlace::Run | ProblemPlace::Worker | ProblemPlace::Runs | ProblemPlace::Score => {
            }
        }
        if problem.during == ProblemPlace::Loading && state.training.lineup_before.is_some() {
            let back = Action::Train(TrainAction::LineupBefore);
            ways.push(("Use the models from before", back));
        }
        let own_models = match state.source {
            LineupSource::File(_) | LineupSource::Composed(_) => true,
            LineupSource::Demo => false,
        };
        if own_models && (no_models || problem.during == ProblemPlace::Loading) {
            ways.push(("Use the built-in model", Action::UseBuiltIn));
        }
        if problem.during == ProblemPlace::Loading && state.page != Page::Models {
            ways.push(("Choose models", Action::GoTo(Page::Models)));
        }
        ways.push(("Dismiss", Action::DismissProblem));
        Some(Self {
            summary: problem.failure.summary.clone(),
            hint: problem.failure.hint.clone(),
            details: problem.failure.details.clone(),
            details_open: problem.details_open,
            ways,
            toggle: Action::ToggleProblemDetails,
        })
    }

    /// Everything as text, to be pasted into a report.
    fn as_text(&self) -> String {
        let parts = [
            Some(&self.summary),
            self.hint.as_ref(),
            self.details.as_ref(),
        ];
        let lines: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        lines.join("\n")
    }
}

/// Draws the card.
pub fn problem_ui(ui: &mut Ui, view: &ProblemView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let tint = (colours.error_soft, colours.error);
    message_ui(ui, tint, &view.summary, view.hint.as_deref(), |ui| {
        ui.add_space(space::XS);
        ui.horizontal_wrapped(|ui| {
            for (words, action) in &view.ways {
                let button = Button::new(*words).min_size(egui::vec2(0.0, space::TARGET));
                if ui.add(button).clicked() {
                    actions.push(action.clone());
                }
            }
            if view.details.is_some() {
                let words = if view.details_open {
                    "Hide details"
                } else {
                    "Show details"
                };
                if ui.button(words).clicked() {
                    actions.push(view.toggle.clone());
                }
            }
        });
        if let (true, Some(details)) = (view.details_open, &view.details) {
            ui.add_space(space::XS);
            ScrollArea::vertical().max_height(120.0).show(ui, |ui| {
                ui.label(RichText::new(details).monospace().size(size::SMALL));
            });
            if ui
                .button("Copy")
                .on_hover_text("Copy the message with its details")
                .clicked()
            {
                ui.ctx().copy_text(view.as_text());
            }
        }
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Problem;
    use crate::error::Failure;

    fn words(view: &ProblemView) -> Vec<&str> {
        view.ways.iter().map(|(words, _)| *words).collect()
    }

    #[test]
    fn models_that_cannot_be_loaded_offer_another_try_and_the_built_in_ones() {
        let mut state = State {
            source: LineupSource::File("lineup.toml".into()),
            problem: Some(Problem {
                failure: Failure::input("The file is missing"),
                during: ProblemPlace::Loading,
                details_open: false,
            }),
            ..State::default()
        };
        let view = ProblemView::build(&state).unwrap();
        assert_eq!(
            words(&view),
            [
                "Try again",
                "Use the built-in model",
                "Choose models",
                "Dismiss"
            ]
        );
        state.source = LineupSource::Demo;
        let view = ProblemView::build(&state).unwrap();
        assert_eq!(words(&view), ["Try again", "Choose models", "Dismiss"]);
    }

    #[test]
    fn no_problem_no_card() {
        assert_eq!(ProblemView::build(&State::default()), None);
    }
}
