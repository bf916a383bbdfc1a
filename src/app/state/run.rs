//! One press of "Run": what was asked, what came back and how far it is.

use std::sync::Arc;

use crate::app::state::branches::Fork;
use crate::app::state::rejudged::{Rejudged, ReweightRequest};
use crate::app::state::steadiness::Steadiness;
use crate::app::state::written::{Ghost, GhostWord, WrittenText};
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, Prompt, RunId, Sampling};
use crate::engine::insight::TokenInsight;
use crate::engine::reweigh::{Divergence, Reweighted};
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

/// Where a guided text that goes on from another one has come from. The plain text is the other's.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The run whose text it goes on from.
    pub parent: RunId,
    /// The first token that is not the other's.
    pub from: usize,
    /// What moved sliders changed first; none where the other text was not at its end and simply went on.
    pub change: Option<Divergence>,
}

/// The numbers of a token, and the weights that they belong to.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The numbers.
    pub insight: &'a TokenInsight,
    /// The weights.
    pub weights: &'a ObjectiveWeights,
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
    /// The weights that the guided text is written with: writing from scratch with them gives the same text, unless they
    /// were moved while it was written along with the plain one.
    pub weights: ObjectiveWeights,
    /// Where the guided text has come from, if it goes on from another one.
    pub origin: Option<Origin>,
    /// How many tokens at the guided text's beginning stay whatever the weights are: a person chose them.
    pub given: usize,
    /// The first run of the tree that it belongs to.
    pub root: RunId,
    /// The first run of the branch that it belongs to: moved sliders write a branch again, and no new one.
    pub branch: RunId,
    /// Where its branch leaves another one.
    pub fork: Option<Fork>,
    /// What stood behind `origin.from` in the text before, until it is replaced.
    pub ghost: Ghost,
    /// Numbers under other weights than the recorded ones.
    pub rejudged: Option<Rejudged>,
    /// What stands above the two texts, where they are of two runs.
    pub titles: Option<[String; 2]>,
    /// What the left of two runs answers, where that is not what the right one answers.
    pub left_prompt: Option<Prompt>,
    /// How far each slider can move before the guided text changes.
    pub steadiness: Option<Steadiness>,
    /// When it was asked for, on the window's clock, seconds.
    pub asked_secs: f64,
    /// When the first word came, on the window's clock, seconds.
    pub first_word_secs: Option<f64>,
    /// When the last word came.
    pub last_word_secs: f64,
}

/// For how long a text that is written again is expected to be there at once.
const FRESH_SECS: f64 = 0.3;

impl Run {
    /// A run that has just been asked for.
    #[must_use]
    pub(crate) fn new(
        id: RunId,
        prompt: Prompt,
        weights: ObjectiveWeights,
        sampling: Sampling,
        cancel: CancelToken,
    ) -> Self {
        Self {
            id,
            prompt,
            sampling,
            cancel,
            weights,
            origin: None,
            given: 0,
            root: id,
            branch: id,
            fork: None,
            ghost: Ghost::default(),
            phase: RunPhase::Reading,
            rendered: String::new(),
            prompt_tokens: 0,
            unfamiliar: false,
            base: WrittenText::default(),
            guided: WrittenText::default(),
            rejudged: None,
            titles: None,
            left_prompt: None,
            steadiness: None,
            asked_secs: 0.0,
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

    /// A run whose guided text goes on from this one's behind its first `from` tokens, under other weights. What is known
    /// of the texts under those weights stays known.
    pub(crate) fn branch(
        &self,
        id: RunId,
        from: usize,
        weights: ObjectiveWeights,
        change: Option<Divergence>,
    ) -> Self {
        let rejudged = self
            .rejudged
            .as_ref()
            .filter(|rejudged| rejudged.weights == weights)
            .map(|rejudged| {
                let known = rejudged.guided.insights.iter().take(from);
                Rejudged {
                    run: id,
                    weights: Arc::clone(&weights),
                    base: rejudged.base.clone(),
                    guided: Reweighted {
                        insights: known.cloned().collect(),
                        ..Reweighted::default()
                    },
                }
            });
        Self {
            id,
            cancel: CancelToken::default(),
            phase: RunPhase::Writing,
            base: self.base.clone(),
            guided: WrittenText {
                finish: None,
                ..self.guided.beginning(from)
            },
            weights,
            origin: Some(Origin {
                parent: self.id,
                from,
                change,
            }),
            given: self.given.min(from),
            fork: self.fork.clone(),
            ghost: self.ghost_from(from),
            rejudged,
            titles: self.titles.clone(),
            left_prompt: self.left_prompt.clone(),
            steadiness: None,
            asked_secs: 0.0,
            first_word_secs: None,
            last_word_secs: 0.0,
            prompt: self.prompt.clone(),
            sampling: self.sampling.clone(),
            rendered: self.rendered.clone(),
            ..*self
        }
    }

    /// Whether it goes on from another text and was asked for only a moment ago. Most such runs are over by then: what
    /// says that something is being written would only flicker.
    #[must_use]
    pub fn is_fresh(&self, now_secs: f64) -> bool {
        self.is_active() && self.origin.is_some() && now_secs - self.asked_secs < FRESH_SECS
    }

    /// Whether it writes the plain text too at the moment: then moved sliders act from the next word on.
    #[must_use]
    pub fn writes_both(&self) -> bool {
        self.is_active() && self.origin.is_none()
    }

    /// Whether the guided text was left before its end because another one took its place.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        match self.phase {
            RunPhase::Reading | RunPhase::Writing | RunPhase::Replaced => self.origin.is_some(),
            RunPhase::Ended(_) | RunPhase::Failed(_) => false,
        }
    }

    /// Whether it came to its end by itself.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.phase {
            RunPhase::Ended(end) => end.guided.finish != Finish::Cancelled,
            RunPhase::Reading | RunPhase::Writing | RunPhase::Failed(_) | RunPhase::Replaced => {
                false
            }
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
        let is_kept = pane == Pane::Base && self.origin.is_some();
        !self.is_active() || is_kept || self.text(pane).len() + 1 < other.len()
    }

    /// The numbers of a token as they are to be shown: re-judged where that is done, else as written.
    #[must_use]
    pub fn seen(&self, pane: Pane, index: usize) -> Option<Seen<'_>> {
        let rejudged = self.rejudged.as_ref().and_then(|rejudged| {
            let text = match pane {
                Pane::Base => &rejudged.base,
                Pane::Guided => &rejudged.guided,
            };
            Some(Seen {
                insight: text.insights.get(index)?.as_ref()?,
                weights: &rejudged.weights,
            })
        });
        rejudged.or_else(|| {
            let step = self.text(pane).trace.steps().get(index)?;
            Some(Seen {
                insight: &step.insight,
                weights: &step.weights,
            })
        })
    }

    /// The numbers of [`Run::seen`] alone.
    #[must_use]
    pub fn insight(&self, pane: Pane, index: usize) -> Option<&TokenInsight> {
        self.seen(pane, index).map(|seen| seen.insight)
    }

    /// The words of the text before that still stand behind what is written, while more is to come.
    #[must_use]
    pub fn ghost_words(&self) -> &[GhostWord] {
        let words = &self.ghost.words;
        words.get(self.ghost_start()..).unwrap_or_default()
    }

    /// How many words of the text before no longer stand there.
    fn ghost_start(&self) -> usize {
        let words = &self.ghost.words;
        if !self.is_active() {
            return words.len();
        }
        let replaced = self.guided.len().saturating_sub(self.ghost.from);
        if replaced == 0 {
            return 0;
        }
        // The rest of a word whose beginning is replaced would read as another word.
        let rest = words.iter().skip(replaced);
        let broken = rest.take_while(|word| word.text.starts_with(char::is_alphanumeric));
        replaced + broken.count()
    }

    /// What stands from position `from` on now, for a text that is to replace it word by word.
    fn ghost_from(&self, from: usize) -> Ghost {
        let own = (from..self.guided.len()).filter_map(|index| {
            let seen = self.seen(Pane::Guided, index)?;
            Some(GhostWord {
                text: self.guided.pieces[index].clone(),
                insight: seen.insight.clone(),
                weights: Arc::clone(seen.weights),
            })
        });
        Ghost {
            from,
            words: own.chain(self.ghost_words().iter().cloned()).collect(),
            fork_at: self.fork_at(),
        }
    }

    /// Where the two texts part, as it is shown: while words of the text before still stand there, where they do.
    #[must_use]
    pub fn fork_at(&self) -> Option<usize> {
        let ghost = || {
            let word = self.ghost.fork_at?.checked_sub(self.ghost.from)?;
            let behind = word.checked_sub(self.ghost_start())?;
            (behind < self.ghost_words().len()).then_some(self.guided.len() + behind)
        };
        self.first_difference().or_else(ghost)
    }

    /// How far guidance moved the choices of the guided text as it stands, nats: in all, and over how many tokens that is
    /// known.
    #[must_use]
    pub fn guidance(&self) -> (f64, usize) {
        let written = (0..self.guided.len()).filter_map(|index| self.insight(Pane::Guided, index));
        let known = written.chain(self.ghost_words().iter().map(|word| &word.insight));
        known.fold((0.0, 0), |(total, tokens), insight| {
            (total + insight.kl.max(0.0), tokens + 1)
        })
    }

    /// The objective that spoke most for the first guided token that the plain text does not have.
    #[must_use]
    pub fn deciding_objective(&self) -> Option<usize> {
        let insight = self.insight(Pane::Guided, self.first_difference()?)?;
        let scores = insight.chosen.objectives.iter().zip(self.weights.iter());
        let pushes = scores.map(|(score, weight)| weight * score.advantage);
        let (objective, push) = pushes.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (push > 0.0).then_some(objective)
    }

    /// The first position at which the two texts have different tokens, as far as both are written.
    #[must_use]
    pub fn first_difference(&self) -> Option<usize> {
        let (base, guided) = (self.base.trace.steps(), self.guided.trace.steps());
        let differs = base
            .iter()
            .zip(guided)
            .position(|(a, b)| a.token != b.token);
        if differs.is_some() || self.is_active() || base.is_empty() || guided.is_empty() {
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

    /// What to ask for so that the numbers on screen follow `weights`; nothing where they do already, or while it writes,
    /// unless the text is to be steered over to them.
    #[must_use]
    pub fn reweight_request(
        &self,
        weights: &ObjectiveWeights,
        to_steer: bool,
    ) -> Option<ReweightRequest> {
        let waits = to_steer && self.origin.is_some() && self.weights != *weights;
        if (self.is_active() && !waits) || self.guided.is_empty() {
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
            given: self.given,
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
            RunPhase::Ended(end) => end.timing.base_secs.max(end.timing.guided_secs),
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
            RunPhase::Ended(end) => Some(end.timing.tokens_per_sec).filter(|speed| *speed > 0.0),
            RunPhase::Reading | RunPhase::Writing | RunPhase::Failed(_) | RunPhase::Replaced => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::decode::GuidedStep;
    use crate::engine::mix::log_softmax;
    use crate::engine::scorer::StepScores;

    fn put(run: &mut Run, texts: &[&str]) {
        for text in texts {
            let scores = StepScores {
                base: log_softmax(&[0.0, 1.0]),
                rewards: vec![log_softmax(&[1.0, 0.0])],
            };
            let step = GuidedStep::new(run.guided.len(), 0, scores, [1.0].into());
            run.guided.put(&step, text);
        }
    }

    fn ghost(run: &Run) -> String {
        run.ghost_words().iter().map(|word| &*word.text).collect()
    }

    #[test]
    fn new_words_take_the_places_of_old_ones_and_no_half_word_stays() {
        let sampling = Sampling::default();
        let cancel = CancelToken::default();
        let mut old = Run::new(RunId(1), Prompt::of("Why?"), [1.0].into(), sampling, cancel);
        put(&mut old, &["The", " shout", "ing", " hurt", " me", ".", ""]);
        let mut new = old.branch(RunId(2), 1, [2.0].into(), None);
        assert_eq!(ghost(&new), " shouting hurt me.");
        put(&mut new, &[" loud"]);
        assert_eq!(ghost(&new), " hurt me.");
        put(&mut new, &[" words"]);
        assert_eq!(ghost(&new), " hurt me.");
        put(&mut new, &[" hurt"]);
        // It is written again before it has come to its end: what stands is what is replaced.
        let newest = new.branch(RunId(3), 2, [3.0].into(), None);
        assert_eq!(ghost(&newest), " words hurt me.");
        new.phase = RunPhase::Replaced;
        assert_eq!(ghost(&new), "");
        assert!(newest.guidance().1 > new.guidance().1);
        let asked = Run {
            asked_secs: 5.0,
            ..newest
        };
        assert!(asked.is_fresh(5.1) && !asked.is_fresh(6.0) && !old.is_fresh(0.0));
    }
}
