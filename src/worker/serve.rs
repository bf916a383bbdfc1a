//! Serving the commands that judge texts that are given.

use super::{
    EvaluatePair, EvaluateRequest, Event, Loaded, Outbox, PairRewards, ScoreRequest, Step,
};
use crate::domain::{CancelToken, Pane, Prompt, TokenId};
use crate::engine::decode::{self, GuidedStep};
use crate::engine::scorer::{EngineError, Scorer};
use crate::engine::sums::TextSums;
use crate::error::Failure;

/// Checks that there is one finite weight per objective.
pub(super) fn check_weights(scorer: &dyn Scorer, weights: &[f64]) -> Result<(), Failure> {
    let names = scorer.objectives();
    if weights.len() != names.len() {
        return Err(Failure::usage(format!(
            "{} weights were given for {} objectives",
            weights.len(),
            names.len()
        )));
    }
    match names.iter().zip(weights).find(|(_, w)| !w.is_finite()) {
        Some((name, weight)) => Err(Failure::usage(format!(
            "The weight of {name} must be a number, not {weight}"
        ))),
        None => Ok(()),
    }
}

/// Whether the prompt lies outside what the lineup says that it knows. Costs a pass over the prompt only where it says so.
pub(super) fn unfamiliar(
    scorer: &mut dyn Scorer,
    familiar: Option<f64>,
    prompt: &Prompt,
    cancel: &CancelToken,
) -> Result<bool, Failure> {
    let Some(limit) = familiar else {
        return Ok(false);
    };
    match scorer.surprise(prompt, cancel) {
        Ok(surprise) => Ok(surprise > limit),
        // The run itself says that it was cancelled.
        Err(EngineError::Cancelled) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Scores one response.
pub(super) fn score(
    loaded: &mut Loaded,
    request: &ScoreRequest,
    outbox: &Outbox<'_>,
) -> Result<(), Failure> {
    let familiar = loaded.info.familiar;
    let scorer = loaded.scorer.as_mut();
    check_weights(scorer, &request.weights)?;
    let mut tokens = scorer.encode_response(&request.response)?;
    if request.with_end {
        match scorer.vocabulary().ends.first() {
            Some(&end) => tokens.push(end),
            None => {
                return Err(Failure::usage(
                    "This model has no end-of-text token to score",
                ));
            }
        }
    }
    if tokens.is_empty() {
        return Err(Failure::usage("There is no response to score")
            .hint("Give some text with --response, or add --eos"));
    }
    let (rendered, prompt_tokens) = scorer.rendered(&request.prompt)?;
    // Whoever wants the sums alone has nobody to warn.
    let unfamiliar =
        request.told && unfamiliar(scorer, familiar, &request.prompt, &request.cancel)?;
    let run = request.run;
    outbox.send(Event::Started {
        run,
        rendered,
        prompt_tokens,
        first: 0,
        unfamiliar,
    });
    let mut detokenizer = scorer.detokenizer();
    let count = tokens.len();
    let mut sums = TextSums::default();
    let mut on_step = |step: GuidedStep| {
        sums.add(&step.insight);
        if !request.told {
            return;
        }
        let text = detokenizer.push(step.token);
        let step = Box::new(Step {
            pane: Pane::Guided,
            step,
            text,
        });
        outbox.send(Event::Step { run, step });
    };
    decode::score(
        scorer,
        &request.prompt,
        &tokens,
        &request.weights,
        &request.cancel,
        &mut on_step,
    )?;
    outbox.send(Event::Scored {
        run,
        tokens: count,
        tail: detokenizer.finish(),
        sums,
    });
    Ok(())
}

/// Judges preference pairs one after the other; a pair that cannot be judged is reported and passed over.
pub(super) fn evaluate(loaded: &mut Loaded, request: &EvaluateRequest, outbox: &Outbox<'_>) {
    let scorer = loaded.scorer.as_mut();
    let run = request.run;
    let mut cancelled = false;
    for (index, pair) in request.pairs.iter().enumerate() {
        let rewards = judge(scorer, pair, &request.cancel);
        if request.cancel.is_cancelled() {
            cancelled = true;
            break;
        }
        outbox.send(Event::Judged {
            run,
            index,
            rewards,
        });
    }
    outbox.send(Event::Evaluated { run, cancelled });
}

fn judge(
    scorer: &mut dyn Scorer,
    pair: &EvaluatePair,
    cancel: &CancelToken,
) -> Result<PairRewards, Failure> {
    let end = scorer.vocabulary().ends.first().copied();
    let encode = |text: &str| -> Result<Vec<TokenId>, EngineError> {
        let mut tokens = scorer.encode_response(text)?;
        tokens.extend(end);
        Ok(tokens)
    };
    let (chosen, rejected) = (encode(&pair.chosen)?, encode(&pair.rejected)?);
    let [chosen, rejected] =
        decode::reward_sums(scorer, &pair.prompt, [&chosen, &rejected], cancel)?;
    Ok(PairRewards { chosen, rejected })
}
