//! The loop: scores in, one chosen token out, until the texts end.
//!
//! The plain and the guided text are one stream until their first differing token; only then is the plain stream forked
//! off, read by the base alone. So with all weights 0 the two texts are the same by construction, and a text that has not
//! diverged costs nothing extra. When both have ended, the rest of the plain text is read once more by the objectives, in
//! one pass, so that it can be coloured too.

use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::insight::{TOP, TokenInsight};
use crate::engine::mix::{Mixed, mix};
use crate::engine::sample::draw;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId};

/// One position of a text: the scores there, the weights used and the token chosen.
#[derive(Debug, Clone)]
pub struct GuidedStep {
    /// Position in the response, from 0.
    pub position: usize,
    /// The chosen token.
    pub token: TokenId,
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
}

/// What the loop tells while it runs.
#[derive(Debug)]
pub enum Progress {
    /// The prompt has been read.
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
    let room = scorer.room(job.prompt)?;
    let (stream, scores) = match scorer.open(job.prompt, Parts::All, cancel) {
        Ok(opened) => opened,
        Err(EngineError::Cancelled) => {
            director.progress(Progress::Ended(Pane::Guided, Finish::Cancelled));
            if job.with_base {
                director.progress(Progress::Ended(Pane::Base, Finish::Cancelled));
            }
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    director.progress(Progress::Opened);
    let most = job.sampling.max_tokens.min(room).max(1);
    let mut streams = Streams {
        guided: stream,
        base: None,
        shadow: None,
    };
    let outcome = write(scorer, job, cancel, director, &mut streams, scores, most);
    streams.close(scorer);
    outcome
}

/// The scorer's streams of one job.
struct Streams {
    /// Read by all models.
    guided: StreamId,
    /// The plain text after the fork, read by the base.
    base: Option<StreamId>,
    /// The state of all models at the fork, kept for scoring the plain text at the end.
    shadow: Option<StreamId>,
}

impl Streams {
    fn close(&self, scorer: &mut dyn Scorer) {
        for stream in [Some(self.guided), self.base, self.shadow]
            .into_iter()
            .flatten()
        {
            scorer.close(stream);
        }
    }
}

fn write(
    scorer: &mut dyn Scorer,
    job: &Job<'_>,
    cancel: &CancelToken,
    director: &mut dyn Director,
    streams: &mut Streams,
    first: StepScores,
    most: usize,
) -> Result<Option<usize>, EngineError> {
    let mut guided = Writing::default();
    let mut base = Writing::default();
    let mut guided_scores = Some(first.clone());
    let mut base_scores = job.with_base.then_some(first);
    let mut divergence = None;
    let mut base_weights: Vec<ObjectiveWeights> = Vec::new();
    let mut base_rows: Vec<StepScores> = Vec::new();

    while guided_scores.is_some() || base_scores.is_some() {
        if cancel.is_cancelled() {
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
            let token = draw(&plain.scores, job.sampling, base.tokens.len());
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
                scores,
                &weights,
                judged,
                most,
            );
            token
        });
        let guided_token = guided_scores.take().zip(steered).map(|(scores, mixed)| {
            let token = draw(&mixed.scores, job.sampling, guided.tokens.len());
            choose(
                scorer,
                director,
                &mut guided,
                Pane::Guided,
                token,
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
                streams.base = Some(scorer.fork(streams.guided, Parts::Base)?);
                streams.shadow = Some(scorer.fork(streams.guided, Parts::All)?);
            }
        }
        if let Some(token) = guided_token.filter(|_| guided.alive()) {
            moves.push((streams.guided, token));
        }
        if let (Some(token), Some(stream)) = (base_token.filter(|_| base.alive()), streams.base) {
            moves.push((stream, token));
        }
        if moves.is_empty() {
            break;
        }
        let mut scores = scorer.step(&moves)?.into_iter();
        if guided.alive() && guided_token.is_some() {
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
    scores: StepScores,
    weights: &ObjectiveWeights,
    mixed: &Mixed,
    most: usize,
) {
    let position = writing.tokens.len();
    let step = GuidedStep::of_mixed(position, token, scores, weights.clone(), mixed);
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
            GuidedStep::new(position, tokens[position], scores, weights)
        })
        .collect();
    director.progress(Progress::BaseScored(steps));
    Ok(())
}

/// Scores a given response: one step per token.
///
/// # Errors
/// Whatever the scorer reports, cancellation included.
pub fn score(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    tokens: &[TokenId],
    weights: &ObjectiveWeights,
    cancel: &CancelToken,
    on_step: &mut dyn FnMut(GuidedStep),
) -> Result<(), EngineError> {
    let (stream, first) = scorer.open(prompt, Parts::All, cancel)?;
    let outcome = read(
        scorer,
        stream,
        first,
        tokens,
        cancel,
        &mut |position, scores| {
            on_step(GuidedStep::new(
                position,
                tokens[position],
                scores,
                weights.clone(),
            ));
        },
    );
    scorer.close(stream);
    outcome
}

/// Rows of a long text are handed on in pieces of this many tokens, so that they never pile up.
const CHUNK: usize = 64;

/// Feeds `tokens` to a stream whose next scores are `first` and hands on the scores at each of their positions.
fn read(
    scorer: &mut dyn Scorer,
    stream: StreamId,
    first: StepScores,
    tokens: &[TokenId],
    cancel: &CancelToken,
    on_scores: &mut dyn FnMut(usize, StepScores),
) -> Result<(), EngineError> {
    if tokens.is_empty() {
        return Ok(());
    }
    on_scores(0, first);
    let mut position = 1;
    for chunk in tokens[..tokens.len() - 1].chunks(CHUNK) {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        for scores in scorer.advance(stream, chunk, cancel)? {
            on_scores(position, scores);
            position += 1;
        }
    }
    Ok(())
}

/// `Σ_t reward_i(y_t)` of two answers to one prompt, one sum per objective, nats. The prompt is read once.
///
/// # Errors
/// Whatever the scorer reports, cancellation included.
pub fn reward_sums(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    answers: [&[TokenId]; 2],
    cancel: &CancelToken,
) -> Result<[Vec<f64>; 2], EngineError> {
    let (first_stream, first) = scorer.open(prompt, Parts::All, cancel)?;
    let outcome = scorer
        .fork(first_stream, Parts::All)
        .and_then(|second_stream| {
            let mut sums = |stream, tokens: &[TokenId]| {
                let mut sums = vec![0.0; first.rewards.len()];
                read(
                    scorer,
                    stream,
                    first.clone(),
                    tokens,
                    cancel,
                    &mut |position, scores| {
                        for (sum, row) in sums.iter_mut().zip(&scores.rewards) {
                            *sum += f64::from(row[tokens[position] as usize]);
                        }
                    },
                )?;
                Ok(sums)
            };
            let pair = sums(first_stream, answers[0])
                .and_then(|a| Ok([a, sums(second_stream, answers[1])?]));
            scorer.close(second_stream);
            pair
        });
    scorer.close(first_stream);
    outcome
}

#[cfg(test)]
mod tests;
