//! The loop: scores in, one chosen token out, until the texts end.
//!
//! The plain and the guided text are one stream until their first differing token; only then is the plain stream forked
//! off, read by the base alone. So with all weights 0 the two texts are the same by construction, and a text that has not
//! diverged costs nothing extra. When both have ended, the rest of the plain text is read once more by the objectives, in
//! one pass, so that it can be coloured too.

use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::insight::{TOP, TokenInsight};
use crate::engine::mix::mix;
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
        let insight = TokenInsight::of(&scores, &weights, token, TOP);
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
    let (_, prompt_len) = scorer.rendered(job.prompt)?;
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
    let most = job
        .sampling
        .max_tokens
        .min(scorer.context_len().saturating_sub(prompt_len))
        .max(1);
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
        let base_token = base_scores.take().map(|scores| {
            let token = draw(&mix(&scores, &[]).scores, job.sampling, base.tokens.len());
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
                most,
            );
            token
        });
        let guided_token = guided_scores.take().map(|scores| {
            let token = draw(
                &mix(&scores, &weights).scores,
                job.sampling,
                guided.tokens.len(),
            );
            choose(
                scorer,
                director,
                &mut guided,
                Pane::Guided,
                token,
                scores,
                &weights,
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
    most: usize,
) {
    let step = GuidedStep::new(writing.tokens.len(), token, scores, weights.clone());
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
mod tests {
    use super::*;
    use crate::engine::fake::FakeScorer;
    use std::sync::Arc;

    /// Records everything; weights come from a closure over the number of guided steps so far.
    struct Recorder<F> {
        weights: F,
        base: Vec<GuidedStep>,
        guided: Vec<GuidedStep>,
        scored: Vec<GuidedStep>,
        ends: Vec<(Pane, Finish)>,
    }

    impl<F: FnMut(usize) -> Vec<f64>> Director for Recorder<F> {
        fn weights(&mut self) -> ObjectiveWeights {
            Arc::from((self.weights)(self.guided.len()))
        }

        fn progress(&mut self, progress: Progress) {
            match progress {
                Progress::Opened => {}
                Progress::Step(Pane::Base, step) => self.base.push(*step),
                Progress::Step(Pane::Guided, step) => self.guided.push(*step),
                Progress::Ended(pane, finish) => self.ends.push((pane, finish)),
                Progress::BaseScored(steps) => self.scored = steps,
            }
        }
    }

    fn run<F: FnMut(usize) -> Vec<f64>>(
        sampling: &Sampling,
        cancel: &CancelToken,
        weights: F,
    ) -> (Recorder<F>, Option<usize>) {
        let mut scorer = FakeScorer::new(&["a", "b"]);
        let mut recorder = Recorder {
            weights,
            base: vec![],
            guided: vec![],
            scored: vec![],
            ends: vec![],
        };
        let prompt = Prompt::default();
        let job = Job {
            prompt: &prompt,
            sampling,
            with_base: true,
        };
        let divergence = decode(&mut scorer, &job, cancel, &mut recorder).unwrap();
        assert_eq!(
            scorer.open_streams(),
            0,
            "every stream is closed at the end"
        );
        (recorder, divergence)
    }

    fn ids(steps: &[GuidedStep]) -> Vec<TokenId> {
        steps.iter().map(|step| step.token).collect()
    }

    fn sampling(seed: u64) -> Sampling {
        Sampling {
            seed,
            max_tokens: 30,
            ..Sampling::default()
        }
    }

    /// Writes a text straight from the definition: rows of the past, mix, draw.
    fn by_definition(weights: &[f64], sampling: &Sampling) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        while tokens.len() < sampling.max_tokens {
            let rows = FakeScorer::rows(2, &tokens);
            let token = draw(&mix(&rows, weights).scores, sampling, tokens.len());
            tokens.push(token);
            if token == 0 {
                break;
            }
        }
        tokens
    }

    #[test]
    fn with_all_weights_zero_the_guided_text_is_the_base_text() {
        for seed in 0..50 {
            let (record, divergence) =
                run(&sampling(seed), &CancelToken::default(), |_| vec![0.0, 0.0]);
            assert_eq!(ids(&record.base), ids(&record.guided));
            assert_eq!(divergence, None);
        }
    }

    #[test]
    fn both_texts_are_what_the_definition_writes() {
        let mut diverged = 0;
        for seed in 0..50 {
            let (record, divergence) =
                run(&sampling(seed), &CancelToken::default(), |_| vec![0.4, 0.8]);
            let (base, guided) = (
                by_definition(&[0.0, 0.0], &sampling(seed)),
                by_definition(&[0.4, 0.8], &sampling(seed)),
            );
            assert_eq!(ids(&record.base), base);
            assert_eq!(ids(&record.guided), guided);
            assert_eq!(
                divergence,
                base.iter().zip(&guided).position(|(a, b)| a != b)
            );
            diverged += usize::from(divergence.is_some());
        }
        assert!(diverged > 40, "the test must see real divergences");
    }

    #[test]
    fn the_plain_text_gets_the_rewards_of_its_own_past_after_the_fork() {
        let mut checked = 0;
        for seed in 0..20 {
            let (record, divergence) =
                run(&sampling(seed), &CancelToken::default(), |_| vec![1.0, 0.0]);
            let Some(fork) = divergence else { continue };
            let tokens = ids(&record.base);
            assert_eq!(record.scored.len(), tokens.len() - fork - 1);
            for step in &record.scored {
                let rows = FakeScorer::rows(2, &tokens[..step.position]);
                assert_eq!(step.scores, rows);
                assert_eq!(step.token, tokens[step.position]);
                checked += 1;
            }
        }
        assert!(checked > 50);
    }

    #[test]
    fn weights_that_change_while_writing_act_from_the_next_token_on_and_are_stored() {
        let (record, _) = run(&sampling(3), &CancelToken::default(), |written| {
            if written < 4 {
                vec![0.0, 0.0]
            } else {
                vec![2.0, 0.0]
            }
        });
        for (position, step) in record.guided.iter().enumerate() {
            assert_eq!(step.weights[0], if position < 4 { 0.0 } else { 2.0 });
        }
        assert_eq!(ids(&record.base)[..4], ids(&record.guided)[..4]);
    }

    #[test]
    fn a_cancelled_run_stops_at_the_next_token() {
        let cancel = CancelToken::default();
        let trigger = cancel.clone();
        let (record, _) = run(&sampling(5), &cancel, move |written| {
            if written == 3 {
                trigger.cancel();
            }
            vec![0.0, 0.0]
        });
        assert_eq!(record.guided.len(), 4);
        assert!(record.ends.contains(&(Pane::Guided, Finish::Cancelled)));
        assert!(record.ends.contains(&(Pane::Base, Finish::Cancelled)));
    }

    #[test]
    fn a_text_ends_at_its_longest_length_or_where_the_context_is_full() {
        let greedy = |max_tokens| Sampling {
            temperature: 0.0,
            max_tokens,
            ..Sampling::default()
        };
        let (short, _) = run(&greedy(2), &CancelToken::default(), |_| vec![0.0, 0.0]);
        assert_eq!(short.guided.len(), 2);
        assert!(short.ends.contains(&(Pane::Guided, Finish::Length)));
        let (long, _) = run(&greedy(10_000), &CancelToken::default(), |_| vec![0.0, 0.0]);
        assert!(long.guided.len() <= 60, "context 64 less a prompt of 4");
    }

    #[test]
    fn scoring_gives_each_token_the_rows_before_it() {
        let mut scorer = FakeScorer::new(&["a", "b"]);
        let tokens = [5, 9, 3, 0];
        let mut steps = Vec::new();
        let weights: ObjectiveWeights = Arc::from([1.0, 0.5]);
        score(
            &mut scorer,
            &Prompt::default(),
            &tokens,
            &weights,
            &CancelToken::default(),
            &mut |step| steps.push(step),
        )
        .unwrap();
        assert_eq!(ids(&steps), tokens);
        for step in &steps {
            assert_eq!(step.scores, FakeScorer::rows(2, &tokens[..step.position]));
        }
        assert_eq!(scorer.open_streams(), 0);
    }

    #[test]
    fn reward_sums_add_up_the_scored_rewards() {
        let mut scorer = FakeScorer::new(&["a", "b"]);
        let (chosen, rejected): ([TokenId; 4], [TokenId; 1]) = ([5, 9, 3, 0], [0]);
        let sums = reward_sums(
            &mut scorer,
            &Prompt::default(),
            [&chosen, &rejected],
            &CancelToken::default(),
        )
        .unwrap();
        for (tokens, sums) in [(&chosen[..], &sums[0]), (&rejected[..], &sums[1])] {
            for (i, sum) in sums.iter().enumerate() {
                let by_hand: f64 = (0..tokens.len())
                    .map(|t| {
                        f64::from(FakeScorer::rows(2, &tokens[..t]).rewards[i][tokens[t] as usize])
                    })
                    .sum();
                assert!((sum - by_hand).abs() < 1e-9);
            }
        }
        assert_eq!(scorer.open_streams(), 0);
    }
}
