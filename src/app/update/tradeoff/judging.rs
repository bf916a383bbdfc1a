//! The texts of a sweep, scored by models that did not steer it: those in use. A few at a time go to the worker, so that
//! whatever else is wanted of it need not wait long.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::scores::add;
use crate::app::state::State;
use crate::app::state::tradeoff::scores::{Judged, Judging};
use crate::app::widgets::numbers::count;
use crate::domain::{CancelToken, Finish, LineupInfo, RunId};
use crate::engine::sums::TextSums;
use crate::engine::tradeoff::{Given, Independent, Origin, TextScores};
use crate::error::{Failure, FailureKind};
use crate::worker::sweep::SweepRecord;
use crate::worker::{Command, Event, ScoreRequest};

/// Texts that the worker is given at a time.
const AT_A_TIME: usize = 4;

/// What an objective's scores are made by: two that are made by the same are the same.
fn made_by(info: &LineupInfo, objective: usize) -> Option<(String, Vec<(&str, &str)>)> {
    let one = info.objectives.get(objective)?;
    let of_role = |role: &str| -> Vec<(&str, &str)> {
        let models = info.models.iter().filter(|model| model.role == role);
        models
            .map(|model| (model.source.as_str(), model.sha256.as_str()))
            .collect()
    };
    let mut made = of_role(&one.name);
    // A sentence makes of the base an objective, and what is built in has no files of its own: their names tell them apart.
    let named = made.is_empty() || made.iter().any(|(source, _)| *source == "built-in");
    if made.is_empty() {
        made.extend(of_role("base"));
    }
    let kind = if named {
        format!("{:?} {}", one.kind, one.name)
    } else {
        format!("{:?}", one.kind)
    };
    Some((kind, made))
}

/// The objectives of these models that did not steer the sweep, by their places.
#[must_use]
pub fn others(info: &LineupInfo, record: &SweepRecord) -> Vec<usize> {
    let steered = &record.info;
    let did_steer = |objective: usize| {
        let made = made_by(info, objective);
        (0..steered.objectives.len()).any(|other| made_by(steered, other) == made)
    };
    (0..info.objectives.len())
        .filter(|&objective| !did_steer(objective))
        .collect()
}

/// Begins to score the texts that are there, each once.
pub(super) fn begin(state: &mut State) -> Vec<Command> {
    let now = state.now_secs;
    let Some(info) = super::ready(state) else {
        return Vec::new();
    };
    let page = &mut state.tradeoff;
    let Some(sweep) = &page.sweep else {
        return Vec::new();
    };
    let record = &sweep.record;
    let objectives = others(&info, record);
    if objectives.is_empty() || record.rows.is_empty() || page.scores.judging.is_some() {
        return Vec::new();
    }
    let mut texts: Vec<Judged> = Vec::new();
    let mut known = BTreeMap::new();
    for row in record.in_order() {
        let Some(prompt) = record.prompts.get(row.prompt) else {
            continue;
        };
        let with_end = row.finish == Finish::Eos;
        let place = *known
            .entry((row.prompt, row.text.as_str(), with_end))
            .or_insert_with(|| {
                texts.push(Judged {
                    prompt: Arc::clone(prompt),
                    text: row.text.clone(),
                    with_end,
                    places: Vec::new(),
                });
                texts.len() - 1
            });
        texts[place].places.push(row.place());
    }
    page.scores.note = None;
    page.scores.judging = Some(Judging {
        scores: vec![BTreeMap::new(); objectives.len()],
        info,
        objectives,
        cancel: CancelToken::default(),
        texts,
        next: 0,
        given: VecDeque::new(),
        done: 0,
        failed: None,
        began_secs: now,
        last_secs: now,
    });
    go_on(state)
}

/// Gives the worker as many texts as it should have; without any left it is the end.
fn go_on(state: &mut State) -> Vec<Command> {
    let Some(judging) = state.tradeoff.scores.judging.as_mut() else {
        return Vec::new();
    };
    let weights = vec![0.0; judging.info.objectives.len()];
    let mut commands = Vec::new();
    while judging.given.len() < AT_A_TIME
        && let Some(text) = judging.texts.get(judging.next)
    {
        let run = RunId(state.next_run);
        state.next_run += 1;
        judging.given.push_back((run, judging.next));
        judging.next += 1;
        commands.push(Command::Score(ScoreRequest {
            run,
            cancel: judging.cancel.clone(),
            prompt: (*text.prompt).clone(),
            response: text.text.clone(),
            with_end: text.with_end,
            told: false,
            weights: weights.clone().into(),
        }));
    }
    if judging.given.is_empty() {
        end(state, "Scored");
    }
    commands
}

/// Takes in what the worker tells of a text; nothing where it is none of these.
pub(in crate::app::update) fn on_event(state: &mut State, event: &Event) -> Option<Vec<Command>> {
    let (run, sums) = match event {
        Event::Scored { run, sums, .. } => (*run, Ok(sums)),
        Event::Failed {
            run: Some(run),
            failure,
        } => (*run, Err(failure)),
        Event::Loading { .. }
        | Event::Loaded(_)
        | Event::Started { .. }
        | Event::Step { .. }
        | Event::BaseScored { .. }
        | Event::Superseded { .. }
        | Event::Finished { .. }
        | Event::Judged { .. }
        | Event::Evaluated { .. }
        | Event::Calibrated { .. }
        | Event::Ahead { .. }
        | Event::Measured { .. }
        | Event::Sweep(_)
        | Event::Hub(_)
        | Event::Shelf(_)
        | Event::Failed { run: None, .. } => return None,
    };
    let now = state.now_secs;
    let judging = state.tradeoff.scores.judging.as_mut()?;
    let place = judging.given.iter().position(|(given, _)| *given == run)?;
    let (_, index) = judging.given.remove(place)?;
    judging.done += 1;
    judging.last_secs = now;
    match sums {
        Ok(sums) => keep(judging, index, sums),
        // Who stopped it knows.
        Err(failure) if failure.kind == FailureKind::Interrupted => {}
        Err(failure) => match &mut judging.failed {
            Some((times, _)) => *times += 1,
            None => judging.failed = Some((1, failure.clone())),
        },
    }
    Some(go_on(state))
}

fn keep(judging: &mut Judging, text: usize, sums: &TextSums) {
    for (&objective, scores) in judging.objectives.iter().zip(&mut judging.scores) {
        let Some(sum) = sums.objectives.get(objective) else {
            continue;
        };
        let given = Given::Sums(TextScores {
            tokens: sums.tokens,
            base: sums.base,
            rewards: vec![sum.reward],
            advantages: vec![sum.advantage],
        });
        for place in &judging.texts[text].places {
            scores.insert(*place, given.clone());
        }
    }
}

/// Ends it; what is scored stays.
pub(in crate::app::update) fn stop(state: &mut State) {
    if let Some(judging) = &state.tradeoff.scores.judging {
        judging.cancel.cancel();
        end(state, "Stopped");
    }
}

/// Lets it go without a word, as where its sweep is gone.
pub(super) fn forget(state: &mut State) {
    if let Some(judging) = state.tradeoff.scores.judging.take() {
        judging.cancel.cancel();
    }
}

fn end(state: &mut State, how: &str) {
    let Some(judging) = state.tradeoff.scores.judging.take() else {
        return;
    };
    let info = &judging.info;
    let name = |objective: &usize| {
        let one = info.objectives.get(*objective);
        one.map_or("", |one| one.name.as_str())
    };
    let scored = judging.scores.first().map_or(0, BTreeMap::len);
    let texts: usize = judging.texts.iter().map(|text| text.places.len()).sum();
    let s = if texts == 1 { "" } else { "s" };
    let mut words = vec![format!(
        "{how}: {} scores for {} of {} text{s}",
        info.name,
        count(scored),
        count(texts)
    )];
    if let Some((times, failure)) = &judging.failed {
        let times = count(*times);
        words.push(format!("{times} could not be scored: {}", failure.summary));
    }
    let note = match judging.failed {
        Some((_, failure)) if scored == 0 => Err(Failure {
            summary: format!("No text could be scored: {}", failure.summary),
            ..failure
        }),
        _ => Ok(words.join("; ")),
    };
    let new = judging
        .objectives
        .iter()
        .zip(judging.scores)
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(objective, texts)| {
            Independent::new(name(objective), Origin::Model(info.name.clone()), texts)
        })
        .collect();
    add(state, new);
    state.tradeoff.scores.note = Some(note);
}
