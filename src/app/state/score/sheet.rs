//! An answer to a prompt, or two, and the numbers of their tokens. The first stands in the place of the plain text of a
//! [`Run`], the second in that of the guided text: so they are coloured, carded and re-weighed like texts that were written.

use std::sync::Arc;

use crate::app::state::difference::Difference;
use crate::app::state::rejudged::ReweightRequest;
use crate::app::state::run::{Run, RunPhase};
use crate::app::state::settings::Grain;
use crate::app::state::written::WrittenText;
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, Prompt, RunId, Sampling};
use crate::engine::sums::TextSums;
use crate::engine::trace::Trace;
use crate::error::{Failure, FailureKind};
use crate::record::Timing;
use crate::worker::{RunEnd, ScoreRequest, Step, StreamEnd};

/// The pane of a run in which an answer stands.
#[must_use]
pub const fn pane_of(side: usize) -> Pane {
    match side {
        0 => Pane::Base,
        _ => Pane::Guided,
    }
}

/// What a person has typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The prompt.
    pub prompt: String,
    /// Whether it is read as it is, without the chat template.
    pub raw: bool,
    /// Whether the end of the text is scored too.
    pub with_end: bool,
    /// The answer, and the one to compare it with.
    pub answers: [String; 2],
    /// Whether there is one to compare with.
    pub compare: bool,
}

impl Draft {
    /// The prompt as the models are given it.
    #[must_use]
    pub fn prompt(&self) -> Prompt {
        Prompt {
            raw: self.raw,
            ..Prompt::of(self.prompt.clone())
        }
    }

    /// The text to score on a side, where there is one.
    #[must_use]
    pub fn answer(&self, side: usize) -> Option<&str> {
        let wanted = side == 0 || self.compare;
        let text = self.answers.get(side).filter(|_| wanted)?;
        (!text.trim().is_empty()).then_some(text.as_str())
    }
}

/// How far an answer is.
#[derive(Debug, Clone, PartialEq)]
pub enum SidePhase {
    /// It waits, or the models read the prompt.
    Reading,
    /// Numbers are coming.
    Scoring,
    /// All are there.
    Done,
    /// A person stopped it; what has come stays.
    Stopped,
    /// It failed; what has come stays.
    Failed(Failure),
}

/// One answer that is scored, or was.
#[derive(Debug, Clone)]
pub struct Side {
    /// Its name.
    pub run: RunId,
    /// Stops it.
    pub cancel: CancelToken,
    /// How far it is.
    pub phase: SidePhase,
    /// The words that are scored.
    pub text: String,
    /// Whether the end is too.
    pub with_end: bool,
    /// Tokens that were there before; 0 where it was scored from nothing.
    pub before: usize,
    /// Tokens told so far.
    pub told: usize,
    /// The first token that is another one than before; none as long as all are the same.
    pub changed_at: Option<usize>,
}

impl Side {
    /// Why it failed, where it did.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            SidePhase::Failed(failure) => Some(failure),
            SidePhase::Reading | SidePhase::Scoring | SidePhase::Done | SidePhase::Stopped => None,
        }
    }

    /// Whether more numbers are to come.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.phase, SidePhase::Reading | SidePhase::Scoring)
    }
}

/// One or two answers to a prompt.
#[derive(Debug, Default)]
pub struct Sheet {
    /// What stands in the boxes.
    pub draft: Draft,
    /// The scored texts, the first answer as its plain text.
    pub run: Option<Run>,
    /// What is known of each answer.
    pub sides: [Option<Side>; 2],
    /// How two answers differ, where both are scored.
    pub difference: Option<Difference>,
}

impl Sheet {
    /// Whether numbers are to come.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.sides.iter().flatten().any(Side::is_busy)
    }

    /// Lets the comparison follow the texts.
    pub(crate) fn compare(&mut self) {
        let run = self.run.as_ref();
        let run = run.filter(|_| self.is_comparison() && !self.is_busy());
        self.difference = run.map(|run| Difference::between(run, Grain::Word));
    }

    /// Whether an answer that is to be scored is not, or no longer.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        (0..2).any(|side| self.is_stale_at(side))
    }

    fn is_stale_at(&self, side: usize) -> bool {
        let Some(text) = self.draft.answer(side) else {
            return false;
        };
        let same_prompt = self
            .run
            .as_ref()
            .is_some_and(|run| run.prompt == self.draft.prompt());
        let known = self.sides[side].as_ref().filter(|_| same_prompt);
        !known.is_some_and(|known| {
            known.phase == SidePhase::Done
                && known.text == text
                && known.with_end == self.draft.with_end
        })
    }

    /// Whether there are two scored answers.
    #[must_use]
    pub fn is_comparison(&self) -> bool {
        let shown = |side: usize| self.text(side).is_some_and(|text| !text.is_empty());
        shown(0) && shown(1)
    }

    /// The scored tokens of a side.
    #[must_use]
    pub fn text(&self, side: usize) -> Option<&WrittenText> {
        self.sides[side].as_ref()?;
        Some(self.run.as_ref()?.text(pane_of(side)))
    }

    /// Sums over the tokens of a side under the weights that the numbers on screen are for.
    #[must_use]
    pub fn sums(&self, side: usize) -> Option<TextSums> {
        let (run, text) = (self.run.as_ref()?, self.text(side)?);
        let tokens = (0..text.len()).filter_map(|index| run.insight(pane_of(side), index));
        Some(TextSums::of(tokens)).filter(|sums| sums.tokens > 0)
    }

    /// Begins to score what has changed, or all of it again where nothing has. Numbers of the same words behind the same
    /// prompt stay.
    pub(crate) fn begin(
        &mut self,
        weights: &ObjectiveWeights,
        titles: [&str; 2],
        row_bytes: usize,
        next_run: &mut u64,
    ) -> Vec<ScoreRequest> {
        self.stop();
        let mut new_id = || {
            let id = RunId(*next_run);
            *next_run += 1;
            id
        };
        let stale = self.is_stale();
        let todo = [0, 1].map(|side| !stale || self.is_stale_at(side));
        let prompt = self.draft.prompt();
        let known = self.run.take().filter(|run| run.prompt == prompt);
        if known.is_none() {
            self.sides = [None, None];
        }
        let mut run = known.unwrap_or_else(|| {
            let cancel = CancelToken::default();
            let sampling = Sampling::default();
            let mut run = Run::new(
                RunId(0),
                prompt.clone(),
                Arc::clone(weights),
                sampling,
                cancel,
            );
            for side in 0..2 {
                run.text_mut(pane_of(side)).trace = Arc::new(Trace::new(row_bytes / 2));
            }
            run
        });
        // Answers about the texts as they were are for another run.
        run.id = new_id();
        run.phase = RunPhase::Reading;
        run.rejudged = None;
        run.titles = Some(titles.map(str::to_owned));
        let mut requests = Vec::new();
        for (side, is_due) in todo.into_iter().enumerate() {
            let Some(text) = self.draft.answer(side).map(str::to_owned) else {
                self.sides[side] = None;
                *run.text_mut(pane_of(side)) = run.text(pane_of(side)).beginning(0);
                continue;
            };
            if !is_due {
                continue;
            }
            let request = ScoreRequest {
                run: new_id(),
                cancel: CancelToken::default(),
                prompt: prompt.clone(),
                response: text.clone(),
                with_end: self.draft.with_end,
                told: true,
                weights: Arc::clone(weights),
            };
            self.sides[side] = Some(Side {
                run: request.run,
                cancel: request.cancel.clone(),
                phase: SidePhase::Reading,
                text,
                with_end: request.with_end,
                before: run.text(pane_of(side)).len(),
                told: 0,
                changed_at: None,
            });
            requests.push(request);
        }
        self.run = Some(run);
        requests
    }

    /// Asks what is being scored to stop.
    pub(crate) fn stop(&mut self) {
        for side in 0..2 {
            let busy = self.sides[side].as_mut().filter(|known| known.is_busy());
            if let Some(known) = busy {
                known.cancel.cancel();
                known.phase = SidePhase::Stopped;
                self.cut(side);
            }
        }
        self.settle();
    }

    /// Forgets all numbers; the words stay.
    pub(crate) fn forget(&mut self) {
        self.stop();
        self.run = None;
        self.sides = [None, None];
    }

    /// The side that a run of the worker scores.
    #[must_use]
    pub(crate) fn side_of(&self, run: RunId) -> Option<usize> {
        let of_run = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.run == run);
        self.sides.iter().position(of_run)
    }

    /// The prompt has been read.
    pub(crate) fn started(&mut self, side: usize, rendered: &str, tokens: usize, unfamiliar: bool) {
        if let (Some(run), Some(side)) = (&mut self.run, &mut self.sides[side])
            && side.is_busy()
        {
            rendered.clone_into(&mut run.rendered);
            run.prompt_tokens = tokens;
            run.unfamiliar = unfamiliar;
            run.phase = RunPhase::Writing;
            side.phase = SidePhase::Scoring;
        }
    }

    /// A token with its numbers: one that was there before keeps those that it had.
    pub(crate) fn take(&mut self, side: usize, step: &Step) {
        let (Some(run), Some(known)) = (&mut self.run, &mut self.sides[side]) else {
            return;
        };
        if !known.is_busy() {
            return;
        }
        let text = run.text_mut(pane_of(side));
        let position = step.step.position;
        known.told = position + 1;
        if known.changed_at.is_none() {
            let before = text.trace.steps().get(position);
            let same = before.is_some_and(|before| before.token == step.step.token)
                && text.pieces.get(position) == Some(&step.text);
            if same {
                return;
            }
            known.changed_at = Some(position);
            *text = text.beginning(position);
        }
        text.put(&step.step, &step.text);
    }

    /// All tokens of a side have been told.
    pub(crate) fn scored(&mut self, side: usize, tokens: usize, tail: &str) {
        let (Some(run), Some(known)) = (&mut self.run, &mut self.sides[side]) else {
            return;
        };
        if !known.is_busy() {
            return;
        }
        let text = run.text_mut(pane_of(side));
        if known.changed_at.is_none() && tokens < text.len() {
            known.changed_at = Some(tokens);
            *text = text.beginning(tokens);
        }
        if known.changed_at.is_some() {
            text.append_tail(tail);
        }
        known.phase = SidePhase::Done;
        self.settle();
    }

    /// It could not be scored.
    pub(crate) fn failed(&mut self, side: usize, failure: Failure) {
        let known = self.sides[side].as_mut();
        let Some(known) = known.filter(|known| known.is_busy()) else {
            return;
        };
        known.phase = match failure.kind {
            FailureKind::Interrupted => SidePhase::Stopped,
            FailureKind::Failed | FailureKind::Usage | FailureKind::Input => {
                SidePhase::Failed(failure)
            }
        };
        self.cut(side);
        self.settle();
    }

    /// Takes away what nothing has been told of: it belongs to the words as they were.
    fn cut(&mut self, side: usize) {
        if let (Some(run), Some(known)) = (&mut self.run, &mut self.sides[side])
            && known.changed_at.is_none()
        {
            let text = run.text_mut(pane_of(side));
            *text = text.beginning(known.told);
        }
    }

    /// Ends the run when both sides have.
    fn settle(&mut self) {
        if self.is_busy() {
            return;
        }
        let ends = [0, 1].map(|side| self.stream_end(side));
        if let Some(run) = &mut self.run {
            let [base, guided] = ends;
            run.given = run.guided.len();
            run.phase = RunPhase::Ended(Box::new(RunEnd {
                base: Some(base),
                guided,
                divergence: None,
                timing: Timing::default(),
            }));
        }
    }

    fn stream_end(&self, side: usize) -> StreamEnd {
        let pieces = self.text(side).map_or(&[][..], |text| &text.pieces);
        let known = self.sides[side].as_ref();
        let done = known.is_some_and(|known| known.phase == SidePhase::Done);
        let with_end = known.is_some_and(|known| known.with_end);
        StreamEnd {
            finish: match (done, with_end) {
                (true, true) => Finish::Eos,
                (true, false) => Finish::Length,
                (false, _) => Finish::Cancelled,
            },
            text: pieces.concat(),
            tail: String::new(),
            tokens: pieces.len(),
        }
    }

    /// What to ask for so that all numbers follow `weights`; nothing while more are to come, or where they do already.
    #[must_use]
    pub(crate) fn reweight_request(&self, weights: &ObjectiveWeights) -> Option<ReweightRequest> {
        let run = self.run.as_ref().filter(|_| !self.is_busy())?;
        if run.base.is_empty() && run.guided.is_empty() {
            return None;
        }
        let shown = run.rejudged.as_ref().map_or_else(
            || {
                let steps = run.base.trace.steps().iter();
                let mut steps = steps.chain(run.guided.trace.steps());
                steps.all(|step| step.weights == *weights)
            },
            |rejudged| rejudged.weights == *weights,
        );
        (!shown).then(|| ReweightRequest {
            run: run.id,
            weights: Arc::clone(weights),
            sampling: run.sampling.clone(),
            base: Arc::clone(&run.base.trace),
            guided: Arc::clone(&run.guided.trace),
            given: run.guided.len(),
        })
    }
}
