//! The loop: scores in, one chosen token out, until the texts end.
//!
//! A text may begin with tokens that are decided already: those that a change of weights leaves as they are, the one that
//! a person picked instead of another, the words that a person typed. It goes on behind them exactly as if it had been
//! written from scratch, since rows depend on the tokens before and noise on the seed and the position alone.
//!
//! The plain and the guided text are one stream until their first differing token; only then is the plain stream forked
//! off, read by the base alone. So with all weights 0 the two texts are the same by construction, and a text that has not
//! diverged costs nothing extra. When both have ended, the rest of the plain text is read once more by the objectives, in
//! one pass, so that it can be coloured too.

use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::insight::{TOP, TokenInsight};
use crate::engine::kept::{KeptStreams, Reading};
use crate::engine::mix::{Mixed, mix};
use crate::engine::sample::draw;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId, Vocabulary};

mod read;

pub use read::{reward_sums, rows_along, score};

/// One position of a text: the scores there, the weights used and the token chosen.
#[derive(Debug, Clone)]
pub struct GuidedStep {
    /// Position in the response, from 0.
    pub position: usize,
    /// The chosen token.
    pub token: TokenId,
    /// Whether the token was given rather than drawn: no weights would change it.
    pub given: bool,
    /// The rows at this position.
    pub scores: StepScores,
    /// The guided weights at that moment; the base pane's choice itself is made with weights 0.
    pub weights: ObjectiveWeights,
    /// Numbers of the choice under `weights`, in both panes.
    pub insight: TokenInsight,
}

impl GuidedStep {
    /// Puts together what is known of a choice.
    #[must_use]
    pub fn new(
        position: usize,
        token: TokenId,
        scores: StepScores,
        weights: ObjectiveWeights,
    ) -> Self {
        let mixed = mix(&scores, &weights);
        Self::of_mixed(position, token, scores, weights, &mixed)
    }

    /// As [`GuidedStep::new`], where the rows are mixed under `weights` already.
    fn of_mixed(
        position: usize,
        token: TokenId,
        scores: StepScores,
        weights: ObjectiveWeights,
        mixed: &Mixed,
    ) -> Self {
        let insight = TokenInsight::of_mixed(&scores, mixed, token, TOP);
        Self {
            position,
            token,
            given: false,
            scores,
            weights,
            insight,
        }
    }
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// What the models read first.
    pub prompt: &'a Prompt,
    /// How tokens are drawn.
    pub sampling: &'a Sampling,
    /// Whether the plain model writes too.
    pub with_base: bool,
    /// What the texts begin with: tokens that are not drawn. None of them but the last may end the text.
    pub prefix: &'a [TokenId],
    /// Steps are told from this position on: whoever asks has those before. At most the length of `prefix` counts.
    pub told_from: usize,
}

/// What the loop tells while it runs.
#[derive(Debug)]
pub enum Progress {
    /// The prompt has been read, and the tokens before the first step that is told.
    Opened,
    /// A token was chosen.
    Step(Pane, Box<GuidedStep>),
    /// One of the texts ended.
    Ended(Pane, Finish),
    /// The plain text's steps after the fork, now with rewards; the first stands at the position of its first step.
    BaseScored(Vec<GuidedStep>),
}

/// Who watches the loop and sets its weights.
pub trait Director {
    /// The weights for the next token.
    fn weights(&mut self) -> ObjectiveWeights;
    /// Asked before each pass; false ends the texts as [`Finish::Cancelled`].
    fn goes_on(&mut self) -> bool {
        true
    }
    /// Called for everything that happens, in order.
    fn progress(&mut self, progress: Progress);
}

/// One text being written.
#[derive(Debug, Default)]
struct Writing {
    tokens: Vec<TokenId>,
    finish: Option<Finish>,
}

impl Writing {
    /// A text of which these tokens are there already.
    fn begun(tokens: &[TokenId], vocabulary: &Vocabulary, most: usize) -> Self {
        let mut writing = Self {
            tokens: tokens.to_vec(),
            finish: None,
        };
        if let Some(last) = writing.tokens.pop() {
            writing.push(last, vocabulary.is_end(last), most);
        }
        writing
    }

    fn alive(&self) -> bool {
        self.finish.is_none()
    }

    fn push(&mut self, token: TokenId, is_end: bool, most: usize) {
        self.tokens.push(token);
        if is_end {
            self.finish = Some(Finish::Eos);
        } else if self.tokens.len() >= most {
            self.finish = Some(Finish::Length);
        }
    }
}

/// Writes the guided text and, where asked, the plain one beside it. Returns the position of their first difference.
///
/// # Errors
/// Whatever the scorer reports; cancellation is no error: both texts end as [`Finish::Cancelled`].
pub fn decode(
    scorer: &mut dyn Scorer,
    job: &Job<'_>,
    cancel: &CancelToken,
    director: &mut dyn Director,
) -> Result<Option<usize>, EngineError> {
    let mut kept = KeptStreams::new(0);
    let outcome = decode_on(scorer, &mut kept, job, cancel, director);
    kept.clear(scorer);
    outcome
}

/// As [`decode`], on streams that earlier texts left open; the guided text's stays open for later ones.
///
/// # Errors
/// As [`decode`].
pub fn decode_on(
    scorer: &mut dyn Scorer,
    kept: &mut KeptStreams,
    job: &Job<'_>,
    cancel: &CancelToken,
    director: &mut dyn Director,
) -> Result<Option<usize>, EngineError> {
    let room = scorer.room(job.prompt)?;
    let most = job.sampling.max_tokens.min(room).max(1);
    let known = &job.prefix[..job.told_from.min(job.prefix.len())];
    let begun = || Writing::begun(known, scorer.vocabulary(), most);
    let [base, guided] = [begun(), begun()];
    if let Some(finish) = guided.finish {
        director.progress(Progress::Opened);
        end_both(job, director, finish);
        return Ok(None);
    }
    let mut stop = || cancel.is_cancelled() || !director.goes_on();
    let opened = if stop() {
        Err(EngineError::Cancelled)
    } else {
        kept.read(scorer, job.prompt, known, cancel, &mut stop)
    };
    let (reading, scores) = match opened {
        Ok(opened) => opened,
        Err(EngineError::Cancelled) => {
            end_both(job, director, Finish::Cancelled);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    director.progress(Progress::Opened);
    let mut streams = Streams {
        guided: reading,
        base: None,
        shadow: None,
    };
    let texts = [base, guided];
    let outcome = write(
        scorer,
        job,
        cancel,
        director,
        &mut streams,
        scores,
        texts,
        most,
    );
    streams.close(scorer, kept, outcome.is_ok());
    outcome
}

fn end_both(job: &Job<'_>, director: &mut dyn Director, finish: Finish) {
    director.progress(Progress::Ended(Pane::Guided, finish));
    if job.with_base {
        director.progress(Progress::Ended(Pane::Base, finish));
    }
}

/// The scorer's streams of one job.
struct Streams {
    /// Read by all models.
    guided: Reading,
    /// The plain text after the fork, read by the base.
    base: Option<StreamId>,
    /// The state of all models at the fork, kept for scoring the plain text at the end.
    shadow: Option<StreamId>,
}

impl Streams {
    /// Closes the plain text's, and the guided one's too where it is not `sound`.
    fn close(self, scorer: &mut dyn Scorer, kept: &mut KeptStreams, sound: bool) {
        for stream in [self.base, self.shadow].into_iter().flatten() {
            scorer.close(stream);
        }
        if sound {
            kept.keep(scorer, self.guided);
        } else {
            scorer.close(self.guided.stream);
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a job starts from, named here rather than in a struct used once"
)]
fn write(
    scorer: &mut dyn Scorer,
    job: &Job<'_>,
    cancel: &CancelToken,
    director: &mut dyn Director,
    streams: &mut Streams,
    first: StepScores,
    [mut base, mut guided]: [Writing; 2],
    most: usize,
) -> Result<Option<usize>, EngineError> {
    let mut guided_scores = Some(first.clone());
    let mut base_scores = job.with_base.then_some(first);
    let mut divergence = None;
    let mut base_weights: Vec<ObjectiveWeights> = Vec::new();
    let mut base_rows: Vec<StepScores> = Vec::new();

    while guided_scores.is_some() || base_scores.is_some() {
        if cancel.is_cancelled() || !director.goes_on() {
            for (pane, writing, open) in [
                (Pane::Base, &mut base, base_scores.is_some()),
                (Pane::Guided, &mut guided, guided_scores.is_some()),
            ] {
                if open {
                    writing.finish = Some(Finish::Cancelled);
                    director.progress(Progress::Ended(pane, Finish::Cancelled));
                }
            }
            break;
        }
        let weights = director.weights();
        let mut moves = Vec::with_capacity(2);
        let steered = guided_scores.as_ref().map(|scores| mix(scores, &weights));
        let base_token = base_scores.take().map(|scores| {
            let plain = mix(&scores, &[]);
            let (token, given) = next_token(job, &plain, base.tokens.len());
            // Before the fork both texts stand at the same rows; after it the plain text has no rewards to mix in.
            let judged = steered
                .as_ref()
                .filter(|_| divergence.is_none())
                .unwrap_or(&plain);
            if divergence.is_some() {
                base_rows.push(scores.clone());
                base_weights.push(weights.clone());
            }
            choose(
                scorer,
                director,
                &mut base,
                Pane::Base,
                token,
                given,
                scores,
                &weights,
                judged,
                most,
            );
            token
        });
        let guided_token = guided_scores.take().zip(steered).map(|(scores, mixed)| {
            let (token, given) = next_token(job, &mixed, guided.tokens.len());
            choose(
                scorer,
                director,
                &mut guided,
                Pane::Guided,
                token,
                given,
                scores,
                &weights,
                &mixed,
                most,
            );
            token
        });
        if let (None, Some(plain), Some(steered)) = (divergence, base_token, guided_token)
            && plain != steered
        {
            divergence = Some(base.tokens.len() - 1);
            if base.alive() {
                streams.base = Some(scorer.fork(streams.guided.stream, Parts::Base)?);
                streams.shadow = Some(scorer.fork(streams.guided.stream, Parts::All)?);
            }
        }
        if let Some(token) = guided_token.filter(|_| guided.alive()) {
            moves.push((streams.guided.stream, token));
        }
        if let (Some(token), Some(stream)) = (base_token.filter(|_| base.alive()), streams.base) {
            moves.push((stream, token));
        }
        if moves.is_empty() {
            break;
        }
        let mut scores = scorer.step(&moves)?.into_iter();
        if let Some(token) = guided_token.filter(|_| guided.alive()) {
            streams.guided.tokens.push(token);
            guided_scores = scores.next();
        }
        if job.with_base && base.alive() {
            base_scores = if divergence.is_some() {
                scores.next()
            } else {
                guided_scores.clone()
            };
        }
    }
    if let (Some(fork), Some(shadow)) = (divergence, streams.shadow)
        && base.finish != Some(Finish::Cancelled)
        && base.tokens.len() > fork + 1
    {
        score_base(
            scorer,
            cancel,
            director,
            shadow,
            &base.tokens,
            fork,
            base_rows,
            base_weights,
        )?;
    }
    Ok(divergence)
}

/// The token at a position, and whether it was given.
fn next_token(job: &Job<'_>, mixed: &Mixed, position: usize) -> (TokenId, bool) {
    match job.prefix.get(position) {
        Some(&token) => (token, true),
        None => (draw(&mixed.scores, job.sampling, position), false),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call's worth of the loop's state, named here rather than in a struct used once"
)]
fn choose(
    scorer: &dyn Scorer,
    director: &mut dyn Director,
    writing: &mut Writing,
    pane: Pane,
    token: TokenId,
    given: bool,
    scores: StepScores,
    weights: &ObjectiveWeights,
    mixed: &Mixed,
    most: usize,
) {
    let position = writing.tokens.len();
    let mut step = GuidedStep::of_mixed(position, token, scores, weights.clone(), mixed);
    step.given = given;
    writing.push(token, scorer.vocabulary().is_end(token), most);
    director.progress(Progress::Step(pane, Box::new(step)));
    if let Some(finish) = writing.finish {
        director.progress(Progress::Ended(pane, finish));
    }
}

/// Reads the plain text after the fork with every objective, in one pass. The base rows stay those that the choices were
/// made from.
#[expect(
    clippy::too_many_arguments,
    reason = "one call's worth of the loop's state, named here rather than in a struct used once"
)]
fn score_base(
    scorer: &mut dyn Scorer,
    cancel: &CancelToken,
    director: &mut dyn Director,
    shadow: StreamId,
    tokens: &[TokenId],
    fork: usize,
    base_rows: Vec<StepScores>,
    base_weights: Vec<ObjectiveWeights>,
) -> Result<(), EngineError> {
    let scored = match scorer.advance(shadow, &tokens[fork..tokens.len() - 1], cancel) {
        Ok(scored) => scored,
        Err(EngineError::Cancelled) => return Ok(()),
        Err(error) => return Err(error),
    };
    let steps = scored
        .into_iter()
        .zip(base_rows)
        .zip(base_weights)
        .enumerate()
        .map(|(i, ((scores, recorded), weights))| {
            let position = fork + 1 + i;
            let scores = StepScores {
                base: recorded.base,
                rewards: scores.rewards,
            };
            // Behind the fork nothing was given: both texts begin with what is.
            GuidedStep::new(position, tokens[position], scores, weights)
        })
        .collect();
    director.progress(Progress::BaseScored(steps));
    Ok(())
}

#[cfg(test)]
mod tests;
