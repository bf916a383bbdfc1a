//! What a person does on the page for training, and what the trainer and the preview's thread tell.

mod action;
mod dialog;
mod joining;
mod removing;

pub use action::TrainAction;
pub use dialog::on_dialog;
pub use joining::{Way, can_change, on_joined, way};
pub use removing::{on_removed, why_not};

use std::path::Path;

use crate::app::state::State;
use crate::app::state::training::{
    BaseChoice, DataPreview, Phase, Preview, PreviewAnswer, PreviewRequest, TrainDraft, TrainRun,
    Training, name_for, typed_path, usable_name,
};
use crate::domain::RunId;
use crate::train::options::{NUMBERS, Number, SWITCHES};
use crate::train::order::ArmOrder;
use crate::train::trainer::{Command, Event};
use crate::worker;

/// Applies what a person did.
pub(super) fn apply(state: &mut State, action: TrainAction) -> Vec<worker::Command> {
    let builds_on = lineup_base(state);
    let page = &mut state.training;
    match action {
        TrainAction::EditPath(text) => {
            page.draft.path = text;
            page.no_dialog = false;
            look_at_data(page);
        }
        TrainAction::PickData(path) => {
            page.draft.path = path.display().to_string();
            page.no_dialog = false;
            look_at_data(page);
        }
        TrainAction::Browse(purpose) => dialog::ask(page, purpose),
        TrainAction::SetLabel(label) => {
            page.draft.order.label = Some(label);
            look_at_data(page);
        }
        TrainAction::MovePair(by) => {
            let count = page.data().map_or(0, |data| data.pairs.len());
            if count > 0 {
                let at = page.shown_pair as isize + by;
                page.shown_pair = at.rem_euclid(count as isize) as usize;
            }
        }
        TrainAction::EditName(name) => {
            page.draft.named = !name.is_empty();
            page.draft.name = name;
        }
        TrainAction::SetBase(base) => page.draft.base = base,
        TrainAction::EditBasePath(path) => page.draft.base_path = path,
        TrainAction::SetNumber { name, value } => {
            let known = |number: &&Number| number.name == name;
            if let Some(number) = NUMBERS.iter().find(known) {
                page.draft.set(number, value);
                fit(page);
            }
        }
        TrainAction::Turn(name) => {
            if let Some(switch) = SWITCHES.iter().find(|switch| switch.name == name) {
                let on = switch.of(&page.draft.order);
                switch.put(&mut page.draft.order, !on);
            }
        }
        TrainAction::SetThreads(threads) => {
            page.draft.order.settings.threads = Some(threads.max(1));
        }
        TrainAction::UsualSettings => {
            let usual = TrainDraft::default();
            page.draft.order = ArmOrder {
                label: page.draft.order.label,
                ..usual.order
            };
            page.draft.sized = true;
            fit(page);
        }
        TrainAction::ToggleMore => page.more_open = !page.more_open,
        TrainAction::Start => {
            if let Ok(order) = ready(page, builds_on.as_deref()) {
                let name = page.draft.name.clone();
                start(page, name, order, false);
            }
        }
        TrainAction::Pause(wanted) => pause(page, wanted),
        TrainAction::Stop => {
            if let Some(run) = page.run.as_mut().filter(|run| run.is_active()) {
                run.control.cancel.cancel();
                run.phase = Phase::Stopping;
            }
        }
        TrainAction::GoOn(folder) => go_on(page, &folder),
        TrainAction::Join(folder) => joining::ask(state, &folder),
        TrainAction::Delete(folder) => removing::delete(state, &folder),
        TrainAction::BringBack(folder) => removing::bring_back(page, &folder),
        TrainAction::LineupBefore => return joining::back(state),
        TrainAction::Leave => {
            if page.active().is_none() {
                page.run = None;
            }
        }
        TrainAction::ToggleDetails => {
            if let Some(run) = &mut page.run {
                run.details_open = !run.details_open;
            }
        }
    }
    Vec::new()
}

/// The base of the lineup in use, as an order names it; none before models are loaded or where it has no files of its own.
#[must_use]
pub fn lineup_base(state: &State) -> Option<String> {
    let info = state.lineup_info()?;
    if info.is_demo {
        return Some("demo".to_owned());
    }
    let base = info.models.iter().find(|model| model.role == "base")?;
    Some(base.source.clone())
}

/// The order that would be started, or what is missing for it, in one sentence.
///
/// # Errors
/// That sentence.
pub fn ready(page: &Training, lineup_base: Option<&str>) -> Result<ArmOrder, String> {
    let draft = &page.draft;
    if page.active().is_some() {
        return Err("A training is under way".to_owned());
    }
    let data = match &page.preview {
        Preview::None => return Err("Choose a file of preference pairs".to_owned()),
        Preview::Reading(_) => return Err("The pairs are being read".to_owned()),
        Preview::Failed(failure) => return Err(failure.summary.clone()),
        Preview::Ready(data) => data,
    };
    if data.labelled && draft.order.label.is_none() {
        return Err("Choose which of the two judgements to follow".to_owned());
    }
    let base = match draft.base {
        BaseChoice::BuiltIn => "demo".to_owned(),
        BaseChoice::Lineup => lineup_base
            .ok_or("No models are loaded: choose another base")?
            .to_owned(),
        BaseChoice::Folder if draft.base_path.trim().is_empty() => {
            return Err("Name the folder of the base model".to_owned());
        }
        BaseChoice::Folder => typed_path(&draft.base_path).display().to_string(),
    };
    usable_name(&draft.name)?;
    let out = page
        .folder(&draft.name)
        .ok_or("This system has no place for the program's files")?;
    if page.found_at(&out).is_some() {
        return Err(format!(
            "There is an objective called {} already",
            draft.name
        ));
    }
    let order = ArmOrder {
        base,
        data: data.path.clone(),
        out,
        ..draft.order.clone()
    };
    let (learnt, _) = order.split(data.count);
    if learnt == 0 {
        return Err("No pairs are left to learn from".to_owned());
    }
    order.check().map_err(|error| error.to_string())?;
    Ok(order)
}

/// Takes in what the trainer tells; what belongs to a training that is no longer on screen is dropped.
pub fn on_trainer(state: &mut State, event: Event) {
    let page = &mut state.training;
    let mut over = false;
    match event {
        Event::Found(found) => {
            page.found = found;
            name_after_data(page);
        }
        Event::Stage(id, words) => on_run(page, id, |run| {
            if run.phase != Phase::Stopping {
                run.phase = Phase::Preparing(words);
            }
        }),
        Event::Data(id, report) => on_run(page, id, |run| run.data.push(report)),
        Event::Started(id, plan) => on_run(page, id, |run| {
            // Steps behind the checkpoint are done again.
            run.curves.cut(plan.resumed);
            run.judged.retain(|eval| eval.step <= plan.resumed);
            run.plan = Some(plan);
            if matches!(run.phase, Phase::Preparing(_)) {
                run.phase = if run.control.is_paused() {
                    Phase::Pausing
                } else {
                    Phase::Learning
                };
            }
        }),
        Event::Step(id, report) => on_run(page, id, |run| {
            run.curves.add(&report);
            run.last = Some(report);
        }),
        Event::Evaluated(id, report) => on_run(page, id, |run| run.judged.push(report)),
        Event::Saved(id, step) => on_run(page, id, |run| run.saved = Some(step)),
        Event::Paused(id, _) => on_run(page, id, |run| {
            if run.phase == Phase::Pausing {
                run.phase = Phase::Paused;
            }
        }),
        Event::GoesOn(id) => on_run(page, id, |run| {
            if run.phase == Phase::Paused {
                run.phase = Phase::Learning;
            }
        }),
        Event::Finished(id, summary) => {
            on_run(page, id, |run| run.phase = Phase::Done(summary));
            over = true;
        }
        Event::Stopped { run: id, saved, .. } => {
            on_run(page, id, |run| run.phase = Phase::Stopped { saved });
            over = true;
        }
        Event::Failed(id, failure) => {
            on_run(page, id, |run| run.phase = Phase::Failed(failure));
            over = true;
        }
    }
    if over {
        look_for_trainings(page);
    }
}

/// Takes in a preview; one for a file that is no longer named is dropped.
pub fn on_preview(state: &mut State, answer: PreviewAnswer) {
    let page = &mut state.training;
    if page.preview_request().map(|request| request.serial) != Some(answer.serial) {
        return;
    }
    page.shown_pair = 0;
    page.preview = match answer.result {
        Ok(data) => Preview::Ready(data),
        Err(failure) => Preview::Failed(failure),
    };
    name_after_data(page);
    fit(page);
}

/// The trainer's thread is gone.
pub fn on_trainer_lost(state: &mut State) {
    let page = &mut state.training;
    if let Some(run) = page.run.as_mut().filter(|run| run.is_active()) {
        run.phase = Phase::Failed(
            crate::error::Failure::failed("The part of the program that trains has ended")
                .hint("Close the window and open it again, and go on from the checkpoint"),
        );
    }
}

/// Asks for the trainings of before.
pub fn look_for_trainings(page: &mut Training) {
    if let Some(root) = page.root.clone() {
        page.outbox.push(Command::Look(root));
    }
}

fn on_run(page: &mut Training, id: RunId, change: impl FnOnce(&mut TrainRun)) {
    if let Some(run) = page.run.as_mut().filter(|run| run.id == id) {
        change(run);
    }
}

fn look_at_data(page: &mut Training) {
    if page.draft.path.trim().is_empty() {
        page.preview = Preview::None;
        return;
    }
    page.next_preview += 1;
    page.preview = Preview::Reading(PreviewRequest {
        serial: page.next_preview,
        path: typed_path(&page.draft.path),
        label: page.draft.order.label,
    });
}

/// Names the objective after its file, where a person has not named it, by a name that is free.
fn name_after_data(page: &mut Training) {
    let Some(data) = page.data().filter(|_| !page.draft.named) else {
        return;
    };
    let stem = match name_for(&data.path) {
        stem if usable_name(&stem).is_ok() => stem,
        _ => "mine".to_owned(),
    };
    let taken = |name: &str| {
        page.folder(name)
            .is_some_and(|at| page.found_at(&at).is_some())
    };
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let free = std::iter::once(stem.clone())
        .chain(numbered)
        .find(|name| !taken(name));
    page.draft.name = free.unwrap_or(stem);
}

fn fit(page: &mut Training) {
    if let Some(count) = page.data().map(|data: &DataPreview| data.count) {
        page.draft.fit(count);
    }
}

fn start(page: &mut Training, name: String, order: ArmOrder, resume: bool) {
    page.next_run += 1;
    let mut run = TrainRun::new(RunId(page.next_run), name, order.clone());
    // One that goes on while it is on screen keeps its curves.
    let before = page
        .run
        .take()
        .filter(|old| resume && old.order.out == order.out);
    if let Some(before) = before {
        run.curves = before.curves;
        run.judged = before.judged;
    }
    page.outbox.push(Command::Start {
        run: run.id,
        order: Box::new(order),
        resume,
        control: run.control.clone(),
    });
    page.run = Some(run);
}

fn pause(page: &mut Training, wanted: bool) {
    let Some(run) = page.run.as_mut().filter(|run| run.is_active()) else {
        return;
    };
    match run.phase {
        Phase::Learning | Phase::Preparing(_) | Phase::Pausing | Phase::Paused => {}
        Phase::Stopping | Phase::Stopped { .. } | Phase::Done(_) | Phase::Failed(_) => return,
    }
    run.control.pause(wanted);
    run.phase = match (wanted, &run.phase) {
        (true, Phase::Learning) => Phase::Pausing,
        (false, Phase::Pausing) => Phase::Learning,
        (_, phase) => phase.clone(),
    };
}

fn go_on(page: &mut Training, folder: &Path) {
    if page.active().is_some() {
        return;
    }
    let Some(found) = page.found_at(folder).filter(|found| found.can_go_on) else {
        return;
    };
    let name = found.name.clone();
    let mut order = found.record.order.clone();
    // What does not decide the result is as it is set now.
    let now = &page.draft.order.settings;
    order.settings.threads = now.threads;
    order.settings.save_every = now.save_every;
    order.settings.eval_every = now.eval_every;
    start(page, name, order, true);
}

#[cfg(test)]
mod tests;
