//! The line at the bottom: what is going on, how fast, on what.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use crate::app::state::run::{Run, RunPhase};
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::domain::Finish;
use crate::engine::trace::Precision;

/// What the line shows.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusView {
    /// What is going on.
    pub doing: String,
    /// How far loading is, where it is going on: from 0 to 1 where known.
    pub loading: Option<Option<f32>>,
    /// Numbers of the run on screen.
    pub numbers: Vec<String>,
    /// Said once when the memory for re-judging is used up.
    pub memory_note: Option<String>,
    /// The models' name.
    pub model: Option<String>,
    /// What the models are.
    pub model_help: String,
    /// Where they compute.
    pub device: Option<String>,
}

impl StatusView {
    /// Decides what the line shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let info = state.lineup_info();
        let (doing, loading) = match (&state.lineup, state.run()) {
            (
                LineupState::Loading {
                    stage, fraction, ..
                },
                _,
            ) => (format!("Loading the models: {stage}"), Some(*fraction)),
            (_, Some(run)) => (phase_words(run), None),
            (LineupState::Ready(_), None) => ("Ready".to_owned(), None),
            (LineupState::Missing, None) => ("No models are loaded".to_owned(), None),
        };
        let model_help = info.map_or_else(String::new, |info| {
            let size = info.parameters as f64 / 1e6;
            let what = if info.is_demo {
                " A small teaching model: it knows everyday situations and nothing else"
            } else {
                ""
            };
            format!(
                "{size:.1} million parameters, {} objectives.{what}",
                info.objectives.len()
            )
        });
        Self {
            doing,
            loading,
            numbers: state.run().map(numbers).unwrap_or_default(),
            memory_note: state.run().and_then(memory_note),
            model: info.map(|info| {
                if info.is_demo {
                    format!("{} (a small teaching model)", info.name)
                } else {
                    info.name.clone()
                }
            }),
            model_help,
            device: info.map(|info| short_device(&info.device)),
        }
    }
}

/// The device without the reason for it, which "Advanced" tells.
fn short_device(device: &str) -> String {
    device
        .split([':', ',', ';', '('])
        .next()
        .unwrap_or(device)
        .trim()
        .to_owned()
}

fn phase_words(run: &Run) -> String {
    match &run.phase {
        RunPhase::Reading => "Reading the prompt…".to_owned(),
        RunPhase::Writing if run.cancel.is_cancelled() => "Stopping…".to_owned(),
        RunPhase::Writing => "Writing…".to_owned(),
        RunPhase::Ended(end) => match end.guided.finish {
            Finish::Eos => "Done".to_owned(),
            Finish::Length => "Done: the longest length was reached".to_owned(),
            Finish::Cancelled => "Stopped".to_owned(),
        },
        RunPhase::Failed(_) => "It failed; what was written stays".to_owned(),
        RunPhase::Replaced => "Stopped".to_owned(),
    }
}

fn numbers(run: &Run) -> Vec<String> {
    let mut numbers = Vec::new();
    if run.token_count() > 0 {
        numbers.push(format!("{} tokens", run.token_count()));
        if let Some(speed) = run.tokens_per_sec() {
            numbers.push(format!("{speed:.0} tokens/s"));
        }
        if run.writing_secs() >= 0.05 {
            numbers.push(format!("{:.1} s", run.writing_secs()));
        }
    }
    numbers
}

fn memory_note(run: &Run) -> Option<String> {
    let words = |precision| match precision {
        Precision::Full => None,
        Precision::Half => Some("Long text: numbers are kept in half precision".to_owned()),
        Precision::Likely { steps } => Some(format!(
            "Long text: the first {steps} words follow the sliders by their likeliest words only"
        )),
        Precision::Partial { dropped } => Some(format!(
            "Long text: the first {dropped} words no longer follow the sliders"
        )),
    };
    let guided = words(run.guided.trace.precision());
    guided.or_else(|| words(run.base.trace.precision()))
}

/// Draws the line.
pub fn status_ui(ui: &mut Ui, view: &StatusView) -> Vec<Action> {
    let mut actions = Vec::new();
    let weak = palette(ui).weak;
    let small = |text: &str| RichText::new(text).size(size::SMALL).color(weak);
    ui.horizontal(|ui| {
        ui.set_min_height(space::TARGET);
        ui.label(small(&view.doing));
        if let Some(fraction) = view.loading {
            if let Some(fraction) = fraction {
                ui.add(
                    ProgressBar::new(fraction)
                        .desired_width(120.0)
                        .desired_height(6.0),
                );
            }
            if ui
                .small_button("Cancel")
                .on_hover_text("Stop loading the models")
                .clicked()
            {
                actions.push(Action::CancelLoading);
            }
        }
        for number in &view.numbers {
            ui.label(small("·"));
            ui.label(small(number));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(device) = &view.device {
                ui.label(small(device))
                    .on_hover_text("What the models are computed on");
                ui.label(small("·"));
            }
            if let Some(model) = &view.model {
                ui.label(small(model)).on_hover_text(&view.model_help);
            }
            if let Some(note) = &view.memory_note {
                ui.label(
                    RichText::new(note)
                        .size(size::SMALL)
                        .color(palette(ui).warning),
                )
                .on_hover_text(
                    "Every word's probabilities are kept in memory so that sliders can re-judge the text; there is room for only so many",
                );
            }
        });
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_named_without_the_reason() {
        assert_eq!(short_device("CPU: no CUDA device was found"), "CPU");
    }

    #[test]
    fn loading_is_told_even_over_an_old_result() {
        let mut state = State::default();
        crate::app::update::load(&mut state);
        let view = StatusView::build(&state);
        assert!(view.doing.starts_with("Loading"));
        assert_eq!(view.loading, Some(None));
    }
}
