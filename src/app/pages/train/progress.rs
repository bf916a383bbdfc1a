//! The training on screen: what it does, how far it is, how it ended.

use egui::{ProgressBar, RichText, Ui};

use super::shelf::joining;
use super::{Way, row_ui, share_words};
use crate::app::panels::problem::{ProblemView, problem_ui};
use crate::app::state::State;
use crate::app::state::training::{Phase, TrainRun, Training};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{self, Action, TrainAction};
use crate::app::widgets::numbers::count;
use crate::app::widgets::words::{note, sentence, time_words};
use crate::train::run::Summary;

/// What is shown of the training.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressView {
    /// The objective's name.
    pub name: String,
    /// What is going on, in a few words.
    pub doing: String,
    /// From 0 to 1, where it is known.
    pub fraction: Option<f32>,
    /// Steps, speed and time.
    pub numbers: Vec<String>,
    /// What was left out or cut while reading.
    pub notes: Vec<String>,
    /// How it ended, in a sentence.
    pub result: Option<String>,
    /// What failed.
    pub problem: Option<ProblemView>,
    /// What can be done.
    pub buttons: Vec<Way>,
}

impl ProgressView {
    /// Decides what is shown; nothing where no training is on screen.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let run = state.training.run.as_ref()?;
        let problem = problem(&state.training, run);
        Some(Self {
            name: run.name.clone(),
            doing: doing(&run.phase),
            fraction: fraction(run),
            numbers: numbers(run),
            notes: notes(run),
            result: match &run.phase {
                Phase::Done(summary) => Some(result(summary)),
                _ => None,
            },
            buttons: if problem.is_some() {
                Vec::new()
            } else {
                buttons(state, run)
            },
            problem,
        })
    }
}

fn doing(phase: &Phase) -> String {
    match phase {
        Phase::Preparing(what) => format!("{what}…"),
        Phase::Learning => "Learning…".to_owned(),
        Phase::Pausing => "It will wait after this step…".to_owned(),
        Phase::Paused => "Waiting".to_owned(),
        Phase::Stopping => "Stopping…".to_owned(),
        Phase::Stopped { saved: true } => "Stopped; it can go on from here".to_owned(),
        Phase::Stopped { saved: false } => "Stopped before the first step".to_owned(),
        Phase::Done(_) => "Done".to_owned(),
        Phase::Failed(_) => "It failed".to_owned(),
    }
}

fn fraction(run: &TrainRun) -> Option<f32> {
    let (done, all) = run.steps()?;
    Some(done as f32 / all.max(1) as f32)
}

fn numbers(run: &TrainRun) -> Vec<String> {
    let mut numbers = Vec::new();
    if let Some((done, all)) = run.steps() {
        numbers.push(format!(
            "Step {} of {}",
            count(done as usize),
            count(all as usize)
        ));
    }
    if let Some(last) = &run.last {
        numbers.push(format!(
            "{} tokens/s",
            count(last.tokens_per_sec.round() as usize)
        ));
        numbers.push(format!("{} so far", time_words(last.secs)));
    }
    if let (true, Some(left)) = (run.is_active(), run.secs_left()) {
        numbers.push(format!("{} left", time_words(left)));
    }
    if let (true, Some(saved)) = (run.is_active(), run.saved) {
        numbers.push(format!("checkpoint at step {}", count(saved as usize)));
    }
    numbers
}

fn notes(run: &TrainRun) -> Vec<String> {
    let mut notes = Vec::new();
    for data in &run.data {
        for (many, one, more) in [
            (
                data.skipped.len(),
                "1 line was left out",
                "lines were left out",
            ),
            (
                data.prompts_cut,
                "1 prompt lost its beginning",
                "prompts lost their beginning",
            ),
            (
                data.answers_cut,
                "1 pair lost the end of an answer",
                "pairs lost the end of an answer",
            ),
        ] {
            match many {
                0 => {}
                1 => notes.push(one.to_owned()),
                many => notes.push(format!("{} {more}", count(many))),
            }
        }
    }
    notes
}

fn result(summary: &Summary) -> String {
    match &summary.eval {
        Some(eval) => match eval.eval_accuracy {
            Some(share) => format!(
                "It prefers the same answer as people in {} of {} held-out pairs",
                share_words(share, eval.eval_accuracy_95),
                count(eval.eval_examples)
            ),
            None => format!("Held-out loss {:.3}", eval.eval_loss),
        },
        None => "No pairs were held out, so nobody knows how well it does on new ones".to_owned(),
    }
}

fn problem(page: &Training, run: &TrainRun) -> Option<ProblemView> {
    let Phase::Failed(failure) = &run.phase else {
        return None;
    };
    let mut ways = Vec::new();
    if page
        .found_at(&run.order.out)
        .is_some_and(|one| one.can_go_on)
    {
        let again = TrainAction::GoOn(run.order.out.clone());
        ways.push(("Go on from the checkpoint", Action::Train(again)));
    }
    ways.push(("Dismiss", Action::Train(TrainAction::Leave)));
    Some(ProblemView {
        summary: sentence(&failure.summary),
        hint: failure.hint.clone(),
        details: failure.details.clone(),
        details_open: run.details_open,
        ways,
        toggle: Action::Train(TrainAction::ToggleDetails),
    })
}

fn buttons(state: &State, run: &TrainRun) -> Vec<Way> {
    let pause = Way::new(
        "Pause",
        "Wait after this step; a checkpoint is written, and texts get the whole machine",
        TrainAction::Pause(true),
    );
    let go_on = Way::new(
        "Go on",
        "Learn on from where it waits",
        TrainAction::Pause(false),
    );
    let stop = Way::new(
        "Stop",
        "Stop at once and write a checkpoint, from which it can go on another day",
        TrainAction::Stop,
    );
    let leave = Way::new(
        "Close",
        "Take it off the screen; it stays in the list",
        TrainAction::Leave,
    );
    let found = state.training.found_at(&run.order.out);
    match &run.phase {
        Phase::Preparing(_) => vec![stop],
        Phase::Learning => vec![pause, stop],
        Phase::Pausing | Phase::Paused => vec![go_on, stop],
        Phase::Stopping => Vec::new(),
        Phase::Stopped { .. } => {
            let again = found.filter(|found| found.can_go_on).map(|found| {
                Way::new(
                    "Go on",
                    "Learn on from the checkpoint",
                    TrainAction::GoOn(found.record.order.out.clone()),
                )
            });
            again.into_iter().chain([leave]).collect()
        }
        Phase::Done(_) => {
            let join = found.filter(|found| !found.can_go_on).map(|found| {
                let order = &found.record.order;
                let is_in = update::way(state, &order.out, &order.base) == update::Way::Leave;
                Way {
                    first: !is_in,
                    ..joining(state, found)
                }
            });
            join.into_iter().chain([leave]).collect()
        }
        Phase::Failed(_) => vec![leave],
    }
}

/// Draws it.
pub(super) fn progress_ui(ui: &mut Ui, view: &ProgressView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    if let Some(problem) = &view.problem {
        actions.extend(problem_ui(ui, problem));
        ui.add_space(space::S);
    }
    colours.card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        actions.extend(row_ui(ui, "progress", &view.buttons, None, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(&view.name).font(strong(size::HEADING)));
                ui.label(RichText::new(&view.doing).color(colours.weak));
            });
        }));
        let bar = ProgressBar::new(view.fraction.unwrap_or(0.0)).desired_height(8.0);
        ui.add(bar.fill(colours.accent));
        if !view.numbers.is_empty() {
            note(ui, &view.numbers.join("  ·  "));
        }
        for words in &view.notes {
            note(ui, words);
        }
        if let Some(result) = &view.result {
            ui.label(RichText::new(result).font(strong(size::BODY)));
        }
    });
    actions
}
