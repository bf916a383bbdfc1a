//! One press of "Run": what was asked, what came back and how far it is.

use std::sync::Arc;

use crate::domain::{CancelToken, ObjectiveWeights, Pane, Prompt, RunId, Sampling};
use crate::engine::decode::GuidedStep;
use crate::engine::insight::TokenInsight;
use crate::engine::reweigh::Reweighted;
use crate::engine::trace::Trace;
use crate::error::Failure;
use crate::worker::RunEnd;

/// How far a run is.
#[derive(Debug, Clone)]
pub enum RunPhase {
    /// The models read the prompt.
    Reading,
    /// Words are coming.
    Writing,
    /// It came to its end, or was stopped.
    Ended(Box<RunEnd>),
    /// It failed; what was written stays.
    Failed(Failure),
    /// Another run took its place while it was being written: what it still tells is stale.
    Replaced,
}

/// One of the two texts.
#[derive(Debug, Clone)]
pub struct WrittenText {
    /// The characters that each token completes.
    pub pieces: Vec<String>,
    /// Rows, weights and numbers of each token.
    pub trace: Arc<Trace>,
}

impl Default for WrittenText {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            trace: Arc::new(Trace::new(ROW_BUDGET_BYTES)),
        }
    }
}

impl WrittenText {
    /// Puts a token at its position: at the end, or in the place of the one there. One beyond the end is ignored.
    pub(crate) fn put(&mut self, step: &GuidedStep, piece: &str) {
        if let Some(old) = self.pieces.get_mut(step.position) {
            piece.clone_into(old);
        } else if step.position == self.pieces.len() {
            self.pieces.push(piece.to_owned());
        } else {
            return;
        }
        Arc::make_mut(&mut self.trace).replace(step);
    }

    /// Adds what no token completed.
    pub(crate) fn append_tail(&mut self, tail: &str) {
        if let Some(last) = self.pieces.last_mut() {
            last.push_str(tail);
        }
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether nothing is written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The weights that a token was written with.
    #[must_use]
    pub fn weights(&self, index: usize) -> Option<&ObjectiveWeights> {
        self.trace.steps().get(index).map(|step| &step.weights)
    }
}

/// A request to see a finished run under other weights.
#[derive(Debug, Clone)]
pub struct ReweightRequest {
    /// Which run.
    pub run: RunId,
    /// The weights.
    pub weights: ObjectiveWeights,
    /// How the run's tokens were drawn.
    pub sampling: Sampling,
    /// The plain text's rows.
    pub base: Arc<Trace>,
    /// The guided text's rows.
    pub guided: Arc<Trace>,
}

impl ReweightRequest {
    /// Does the work; for the thread that answers the newest request.
    #[must_use]
    pub fn answer(&self) -> Rejudged {
        Rejudged {
            run: self.run,
            weights: Arc::clone(&self.weights),
            base: self.base.reweight(&self.weights, &self.sampling),
            guided: self.guided.reweight(&self.weights, &self.sampling),
        }
    }
}

/// Numbers of a finished run under the weights that the sliders have now.
#[derive(Debug, Clone)]
pub struct Rejudged {
    /// Which run.
    pub run: RunId,
    /// Those weights.
    pub weights: ObjectiveWeights,
    /// The plain text (its choices do not depend on weights: only the numbers count).
    pub base: Reweighted,
    /// The guided text, with the first choice that would change.
    pub guided: Reweighted,
}

/// A run and its results.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// What it read.
    pub prompt: Prompt,
    /// How its tokens were drawn.
    pub sampling: Sampling,
    /// Stops it.
    pub cancel: CancelToken,
    /// How far it is.
    pub phase: RunPhase,
    /// The prompt as the base model read it.
    pub rendered: String,
    /// Its length in tokens.
    pub prompt_tokens: usize,
    /// Whether the prompt lies outside what the lineup says that it knows.
    pub unfamiliar: bool,
    /// The plain text.
    pub base: WrittenText,
    /// The guided text.
    pub guided: WrittenText,
    /// Numbers under other weights than the recorded ones.
    pub rejudged: Option<Rejudged>,
    /// When the first word came, on the window's clock, seconds.
    pub first_word_secs: Option<f64>,
    /// When the last word came.
    pub last_word_secs: f64,
}

/// Most bytes of rows kept for one text.
pub const ROW_BUDGET_BYTES: usize = 384 << 20;

impl Run {
    /// A run that has just been asked for.
    #[must_use]
    pub(crate) fn new(id: RunId, prompt: Prompt, sampling: Sampling, cancel: CancelToken) -> Self {
        Self {
            id,
            prompt,
            sampling,
            cancel,
            phase: RunPhase::Reading,
            rendered: String::new(),
            prompt_tokens: 0,
            unfamiliar: false,
            base: WrittenText::default(),
            guided: WrittenText::default(),
            rejudged: None,
            first_word_secs: None,
            last_word_secs: 0.0,
        }
    }

    /// Whether it still reads or writes.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match self.phase {
            RunPhase::Reading | RunPhase::Writing => true,
            RunPhase::Ended(_) | RunPhase::Failed(_) | RunPhase::Replaced => false,
        }
    }

    /// One of the texts.
    #[must_use]
    pub fn text(&self, pane: Pane) -> &WrittenText {
        match pane {
            Pane::Base => &self.base,
            Pane::Guided => &self.guided,
        }
    }

    /// The same, to write to.
    pub(crate) fn text_mut(&mut self, pane: Pane) -> &mut WrittenText {
        match pane {
            Pane::Base => &mut self.base,
            Pane::Guided => &mut self.guided,
        }
    }

    /// Whether a text has come to its end: the run has, or this text falls behind the other one, with which it is written
    /// in step.
    #[must_use]
    pub fn has_ended(&self, pane: Pane) -> bool {
        let other = match pane {
            Pane::Base => &self.guided,
            Pane::Guided => &self.base,
        };
        !self.is_active() || self.text(pane).len() + 1 < other.len()
    }

    /// The numbers of a token as they are to be shown: re-judged where that is done, else as written.
    #[must_use]
    pub fn insight(&self, pane: Pane, index: usize) -> Option<&TokenInsight> {
        let rejudged = self.rejudged.as_ref().and_then(|rejudged| {
            match pane {
                Pane::Base => &rejudged.base,
                Pane::Guided => &rejudged.guided,
            }
            .insights
            .get(index)?
            .as_ref()
        });
        rejudged.or_else(|| {
            let step = self.text(pane).trace.steps().get(index)?;
            Some(&step.insight)
        })
    }

    /// The first position at which the two texts have different tokens, as far as both are written.
    #[must_use]
    pub fn first_difference(&self) -> Option<usize> {
        let (base, guided) = (self.base.trace.steps(), self.guided.trace.steps());
        let differs = base
            .iter()
            .zip(guided)
            .position(|(a, b)| a.token != b.token);
        if differs.is_some() || self.is_active() || base.is_empty() {
            return differs;
        }
        // One text may simply be longer.
        (base.len() != guided.len()).then(|| base.len().min(guided.len()))
    }

    /// Whether some token was written with other weights than `weights`.
    #[must_use]
    pub fn written_otherwise(&self, weights: &[f64]) -> bool {
        let steps = self.guided.trace.steps();
        steps.iter().any(|step| *step.weights != *weights)
    }

    /// What to ask for so that the numbers on screen follow `weights`; nothing while it writes, or where they do already.
    #[must_use]
    pub fn reweight_request(&self, weights: &ObjectiveWeights) -> Option<ReweightRequest> {
        if self.is_active() || self.guided.is_empty() {
            return None;
        }
        let shown = match &self.rejudged {
            Some(rejudged) => rejudged.weights == *weights,
            None => !self.written_otherwise(weights),
        };
        (!shown).then(|| ReweightRequest {
            run: self.id,
            weights: Arc::clone(weights),
            sampling: self.sampling.clone(),
            base: Arc::clone(&self.base.trace),
            guided: Arc::clone(&self.guided.trace),
        })
    }

    /// Tokens of both texts so far.
    #[must_use]
    pub fn token_count(&self) -> usize {
        self.base.len() + self.guided.len()
    }

    /// Seconds of writing so far, or in all.
    #[must_use]
    pub fn writing_secs(&self) -> f64 {
        match &self.phase {
            RunPhase::Ended(end) => end.base_secs.max(end.guided_secs),
            RunPhase::Reading | RunPhase::Writing | RunPhase::Failed(_) | RunPhase::Replaced => {
                self.first_word_secs
                    .map_or(0.0, |first| (self.last_word_secs - first).max(0.0))
            }
        }
    }

    /// Tokens of both texts per second of work; told at the end, since a text may be written slowly on purpose.
    #[must_use]
    pub fn tokens_per_sec(&self) -> Option<f64> {
        match &self.phase {
            RunPhase::Ended(end) => (end.tokens_per_sec > 0.0).then_some(end.tokens_per_sec),
            RunPhase::Reading | RunPhase::Writing | RunPhase::Failed(_) | RunPhase::Replaced => {
                None
            }
        }
    }

    /// Forgets the rows and keeps the numbers, for runs that only undo can bring back.
    pub(crate) fn drop_rows(&mut self) {
        for pane in [Pane::Base, Pane::Guided] {
            let text = self.text_mut(pane);
            Arc::make_mut(&mut text.trace).forget_rows();
        }
    }
}
