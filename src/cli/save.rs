//! A run that is kept for a file while it is written, and the same prompt under other weights beside it.

use std::path::Path;
use std::sync::Arc;

use super::generate::GenerateArgs;
use super::session::Session;
use crate::domain::{Finish, ObjectiveWeights, Pane, Prompt, RunId, Sampling};
use crate::engine::decode::GuidedStep;
use crate::engine::trace::{StoredRows, StoredStep, Trace};
use crate::error::Failure;
use crate::journal::files;
use crate::journal::now_secs;
use crate::record::{Keep, Record, Text};
use crate::worker::{Command, Event, GenerateRequest, RunEnd, Step};

/// The largest weight of a grid.
const LARGEST: f64 = 2.0;

/// The steps of both texts with their rows.
#[derive(Debug, Default)]
pub(super) struct Kept {
    steps: [Vec<StoredStep>; 2],
    pieces: [Vec<String>; 2],
    given: [usize; 2],
}

impl Kept {
    /// Takes in a step, or one that has got its rewards.
    pub(super) fn take(&mut self, step: &Step) {
        let pane = step.pane as usize;
        let GuidedStep {
            position,
            token,
            given,
            scores,
            weights,
            insight,
        } = &step.step;
        let stored = StoredStep {
            token: *token,
            weights: weights.clone(),
            insight: insight.clone(),
            rows: (!scores.rewards.is_empty()).then(|| StoredRows::of(scores)),
        };
        if *given {
            self.given[pane] = self.given[pane].max(position + 1);
        }
        let steps = &mut self.steps[pane];
        if let Some(old) = steps.get_mut(*position) {
            *old = stored;
        } else {
            steps.push(stored);
            self.pieces[pane].push(step.text.clone());
        }
    }

    fn text(&mut self, pane: Pane, finish: Finish, tail: &str) -> Text {
        let mut pieces = std::mem::take(&mut self.pieces[pane as usize]);
        if let Some(last) = pieces.last_mut() {
            last.push_str(tail);
        }
        let steps = std::mem::take(&mut self.steps[pane as usize]);
        Text {
            pieces,
            trace: Arc::new(Trace::of_stored(steps)),
            given: self.given[pane as usize],
            finish,
        }
    }
}

/// What a run was and how it ended.
pub(super) struct Ended<'a> {
    pub(super) prompt: &'a Prompt,
    pub(super) rendered: &'a str,
    pub(super) prompt_tokens: usize,
    pub(super) sampling: &'a Sampling,
    pub(super) end: &'a RunEnd,
}

/// Writes the file of a run, with the texts of the grid where one is wanted.
pub(super) fn save(
    session: &mut Session,
    args: &GenerateArgs,
    path: &Path,
    ended: &Ended<'_>,
    mut kept: Kept,
    lineup: Option<&Path>,
) -> Result<(), Failure> {
    let end = ended.end;
    let base = end.base.as_ref();
    let base = base.map(|base| kept.text(Pane::Base, base.finish, &base.tail));
    let mut record = Record {
        info: Arc::clone(&session.info),
        prompt: ended.prompt.clone(),
        rendered: ended.rendered.to_owned(),
        prompt_tokens: ended.prompt_tokens,
        sampling: ended.sampling.clone(),
        weights: session.weights.clone(),
        base,
        guided: kept.text(Pane::Guided, end.guided.finish, &end.guided.tail),
        divergence: end.divergence,
        timing: end.timing,
        app: env!("CARGO_PKG_VERSION").to_owned(),
        at: now_secs(),
        lineup_file: lineup.map(|path| path.display().to_string()),
        titles: None,
        left_prompt: None,
        tree: Arc::default(),
        branches: Vec::new(),
    }
    .with_tree();
    for weights in grid(&session.weights, args.grid.unwrap_or(0)) {
        let text = guided_text(session, args, ended, &weights)?;
        record.add_branch(&weights, &text);
    }
    let keep = args.keep.map_or_else(Keep::default, Keep::Likely);
    let document = record.to_document(keep).to_string() + "\n";
    files::write_file(path, document.as_bytes())
}

/// Weights of the first two objectives from 0 to [`LARGEST`], `points` each; the others stay.
fn grid(weights: &[f64], points: usize) -> Vec<ObjectiveWeights> {
    let value = |index: usize| LARGEST * index as f64 / (points.max(2) - 1) as f64;
    let axes = weights.len().min(2) as u32;
    let count = if points == 0 { 0 } else { points.pow(axes) };
    let at = |index: usize| {
        let mut weights = weights.to_vec();
        for (axis, weight) in (0..axes).zip(&mut weights) {
            *weight = value(index / points.pow(axis) % points);
        }
        weights.into()
    };
    (0..count).map(at).collect()
}

/// What the models write under other weights.
fn guided_text(
    session: &mut Session,
    args: &GenerateArgs,
    ended: &Ended<'_>,
    weights: &ObjectiveWeights,
) -> Result<Text, Failure> {
    let run: RunId = session.new_run();
    session.send(Command::Generate(GenerateRequest {
        run,
        cancel: session.cancel.clone(),
        prompt: ended.prompt.clone(),
        weights: weights.clone(),
        sampling: ended.sampling.clone(),
        with_base: false,
        pace: None,
        beginning: args.beginning(),
        live: false,
    }))?;
    let mut kept = Kept::default();
    loop {
        let event = session.next_of(run)?;
        if let Event::Step { step, .. } = event {
            kept.take(&step);
        } else if let Event::Finished { end, .. } = event {
            if end.guided.finish == Finish::Cancelled {
                return Err(Failure::interrupted());
            }
            return Ok(kept.text(Pane::Guided, end.guided.finish, &end.guided.tail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grid;

    #[test]
    fn a_grid_covers_the_first_two_objectives() {
        let all = grid(&[0.5, 0.5, 0.7], 3);
        assert_eq!(all.len(), 9);
        assert_eq!(
            (&*all[0], &*all[8]),
            (&[0.0, 0.0, 0.7][..], &[2.0, 2.0, 0.7][..])
        );
        assert_eq!(*all[5], [2.0, 1.0, 0.7]);
        assert_eq!(grid(&[0.5], 2).len(), 2);
        assert!(grid(&[0.5], 0).is_empty());
    }
}
