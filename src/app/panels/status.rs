//! The line at the bottom: what is going on, how fast, on what.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use crate::app::state::habits::Sheet;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::score::BatchRun;
use crate::app::state::tradeoff::{Sweep, SweepPhase};
use crate::app::state::training::TrainRun;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space};
use crate::app::update::{Action, HabitAction};
use crate::domain::{Finish, Pane};
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
    /// What is being trained meanwhile, and how far it is.
    pub training: Option<String>,
    /// How far the sweep is that is being written meanwhile.
    pub sweep: Option<String>,
    /// How far the file is that is being scored meanwhile.
    pub scoring: Option<String>,
    /// Said when rows are kept less exactly than they were scored.
    pub memory_note: Option<String>,
    /// The models' name.
    pub model: Option<String>,
    /// What the models are.
    pub model_help: String,
    /// Where they compute.
    pub device: Option<String>,
    /// Messages that came since their list was on screen.
    pub unread: usize,
}

impl StatusView {
    /// Decides what the line shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let info = state.lineup_info();
        let (doing, loading) = match (&state.lineup, state.settled_run()) {
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
            numbers: state.settled_run().map(numbers).unwrap_or_default(),
            training: state.training.active().map(training_words),
            sweep: state.tradeoff.active().map(sweep_words),
            scoring: state.score.batch.active().map(scoring_words),
            memory_note: state.looked_at().and_then(memory_note),
            model: info.map(|info| {
                if info.is_demo {
                    format!("{} (a small teaching model)", info.name)
                } else {
                    info.name.clone()
                }
            }),
            model_help,
            device: info.map(|info| short_device(&info.device)),
            unread: state.log.unread,
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

fn sweep_words(sweep: &Sweep) -> String {
    let waits = match sweep.phase {
        SweepPhase::Paused => " (waiting)",
        _ => "",
    };
    format!(
        "Sweep: {} of {} texts{waits}",
        sweep.pace.texts, sweep.pace.of
    )
}

fn scoring_words(run: &BatchRun) -> String {
    let (done, all) = (run.rows.len(), run.file.pairs.len());
    format!("Scoring a file: {done} of {all} answers")
}

fn training_words(run: &TrainRun) -> String {
    let name = &run.name;
    match run.steps() {
        Some(_) if run.control.is_paused() => format!("Training {name}: waiting"),
        Some((done, all)) => format!("Training {name}: {} %", 100 * done / all.max(1)),
        None => format!("Training {name}"),
    }
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
        // Words that come at reading speed take longer than writing them does.
        let secs = |speed: f64| run.token_count() as f64 / speed.max(f64::MIN_POSITIVE);
        let is_slowed =
            (run.tokens_per_sec()).is_some_and(|speed| run.writing_secs() > 1.5 * secs(speed));
        if run.writing_secs() >= 0.05 && !is_slowed {
            numbers.push(format!("{:.1} s", run.writing_secs()));
        }
    }
    numbers
}

/// What memory was saved on, and how far the numbers on screen may be off for it.
fn memory_note(run: &Run) -> Option<String> {
    let kept = |pane| {
        let trace = &run.text(pane).trace;
        let rank = match trace.precision() {
            Precision::Full => 0,
            Precision::Half => 1,
            Precision::Likely { .. } => 2,
            Precision::Partial { .. } => 3,
        };
        (rank, trace.precision())
    };
    // The text that has lost more speaks for both.
    let (guided, base) = (kept(Pane::Guided), kept(Pane::Base));
    let (_, precision) = if base.0 > guided.0 { base } else { guided };
    let what = match precision {
        Precision::Full => return None,
        Precision::Half => "To save memory, numbers are kept rounded".to_owned(),
        Precision::Likely { steps } => {
            format!(
                "Only the likeliest words are kept of {}",
                first_tokens(steps)
            )
        }
        Precision::Partial { dropped } => {
            return Some(format!(
                "Memory is short: {} no longer follow the sliders",
                first_tokens(dropped)
            ));
        }
    };
    let error = run.rejudged.as_ref().map_or(0.0, |rejudged| {
        rejudged.guided.error.max(rejudged.base.error)
    });
    Some(match error {
        error if error <= 0.0 => format!("{what}; those on screen are exact"),
        error if error < 0.01 => format!("{what}: right to within {} nats", at_most(error)),
        error => format!("{what}: right to within {error:.2} nats"),
    })
}

fn first_tokens(count: usize) -> String {
    match count {
        1 => "the first token".to_owned(),
        count => format!("the first {count} tokens"),
    }
}

/// A small bound, rounded up to one digit.
fn at_most(error: f64) -> String {
    let digits = (-error.log10().floor()).clamp(1.0, 8.0) as usize;
    let unit = 10f64.powi(digits as i32);
    format!("{:.digits$}", (error * unit).ceil() / unit)
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
        for beside in view.training.iter().chain(&view.sweep).chain(&view.scoring) {
            ui.label(small("·"));
            ui.label(small(beside));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if messages_ui(ui, view.unread) {
                actions.push(Action::Habit(HabitAction::Toggle(Sheet::Messages)));
            }
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
                    "The probabilities of all possible words are kept for every place in every text, so that a slider can follow at once. They may take a quarter of the free memory, at most 1 GiB; beyond that the oldest texts are kept less exactly. The words themselves are never lost",
                );
            }
        });
    });
    actions
}

/// The button for the list of messages; says whether it was pressed.
fn messages_ui(ui: &mut Ui, unread: usize) -> bool {
    let colours = palette(ui);
    let (words, label, color) = match unread {
        0 => (
            "Messages".to_owned(),
            "Show messages".to_owned(),
            colours.weak,
        ),
        unread => (
            format!("Messages: {unread} new"),
            format!("Show messages: {unread} new"),
            colours.accent,
        ),
    };
    let text = RichText::new(words).size(size::SMALL).color(color);
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .min_size(egui::vec2(0.0, space::TARGET));
    let response = ui.add(button).on_hover_text("Read again what was told");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &label));
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CancelToken, Prompt, RunId, Sampling};
    use crate::engine::decode::GuidedStep;
    use crate::engine::mix::log_softmax;
    use crate::engine::scorer::StepScores;
    use crate::engine::trace::Trace;

    #[test]
    fn the_device_is_named_without_the_reason() {
        assert_eq!(short_device("CPU: no CUDA device was found"), "CPU");
    }

    #[test]
    fn what_memory_was_saved_on_is_told() {
        let run = |budget: usize| {
            let mut run = Run::new(
                RunId(1),
                Prompt::default(),
                [1.0].into(),
                Sampling::default(),
                CancelToken::default(),
            );
            let mut trace = Trace::new(budget);
            for position in 0..4 {
                let row = |first: f32| log_softmax(&[first, 0.0, -1.0, -2.0]);
                let scores = StepScores {
                    base: row(0.0),
                    rewards: vec![row(1.0)],
                };
                trace.push(&GuidedStep::new(position, 0, scores, [1.0].into()));
            }
            run.guided.trace = trace.into();
            run
        };
        let whole = 4 * 2 * 4 * 4;
        assert_eq!(memory_note(&run(whole)), None);
        let rounded = memory_note(&run(whole / 2)).unwrap();
        assert_eq!(
            rounded,
            "To save memory, numbers are kept rounded; those on screen are exact"
        );
        let dropped = memory_note(&run(whole / 4)).unwrap();
        assert_eq!(
            dropped,
            "Memory is short: the first 2 tokens no longer follow the sliders"
        );
    }

    #[test]
    fn a_small_bound_is_rounded_up_to_one_digit() {
        assert_eq!(at_most(0.000_41), "0.0005");
        assert_eq!(at_most(0.009), "0.009");
        assert_eq!(at_most(0.001), "0.001");
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
