//! Reading texts that are given: every number of one response, and the reward sums of two.

use crate::domain::{CancelToken, ObjectiveWeights, Prompt, TokenId};
use crate::engine::decode::GuidedStep;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId};

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
    rows_along(scorer, prompt, tokens, cancel, &mut |position, scores| {
        on_step(GuidedStep::new(
            position,
            tokens[position],
            scores,
            weights.clone(),
        ));
    })
}

/// Reads a given response and hands on the scores at each of its positions, before the token there.
///
/// # Errors
/// Whatever the scorer reports, cancellation included.
pub fn rows_along(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    tokens: &[TokenId],
    cancel: &CancelToken,
    on_scores: &mut dyn FnMut(usize, StepScores),
) -> Result<(), EngineError> {
    let (stream, first) = scorer.open(prompt, Parts::All, cancel)?;
    let outcome = read(scorer, stream, first, tokens, cancel, on_scores);
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
