//! Serving the commands that need a lineup.

use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use super::{
    Command, EvaluatePair, EvaluateRequest, Event, GenerateRequest, Inbox, Loaded, Outbox,
    PairRewards, RunEnd, ScoreRequest, Step, StreamEnd,
};
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, RunId, TokenId};
use crate::engine::decode::{self, Director, GuidedStep, Job, Progress};
use crate::engine::scorer::{Detokenizer, EngineError, Scorer};
use crate::error::Failure;

/// How long a paced run sleeps at most before it looks whether it was stopped.
const PACE_NAP: Duration = Duration::from_millis(10);

/// Checks that there is one finite weight per objective.
fn check_weights(scorer: &dyn Scorer, weights: &[f64]) -> Result<(), Failure> {
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

/// Writes the texts of one run.
pub(super) fn generate(
    loaded: &mut Loaded,
    request: &GenerateRequest,
    inbox: &mut Inbox,
    outbox: &Outbox<'_>,
) -> Result<(), Failure> {
    let scorer = loaded.scorer.as_mut();
    check_weights(scorer, &request.weights)?;
    request.sampling.check().map_err(Failure::usage)?;
    let (rendered, prompt_tokens) = scorer.rendered(&request.prompt)?;
    let mut director = RunDirector {
        run: request.run,
        cancel: request.cancel.clone(),
        weights: request.weights.clone(),
        inbox,
        outbox,
        started: Some((rendered, prompt_tokens)),
        began: Instant::now(),
        opened: None,
        pace: request.pace.filter(|pace| *pace > 0.0),
        steps: 0,
        rested: Duration::ZERO,
        base: Text::new(scorer.detokenizer()),
        guided: Text::new(scorer.detokenizer()),
    };
    let job = Job {
        prompt: &request.prompt,
        sampling: &request.sampling,
        with_base: request.with_base,
    };
    let divergence = decode::decode(scorer, &job, &request.cancel, &mut director)?;
    let end = director.end(request.with_base, divergence);
    outbox.send(Event::Finished {
        run: request.run,
        end: Box::new(end),
    });
    Ok(())
}

/// One of the two texts while it grows.
struct Text {
    detokenizer: Box<dyn Detokenizer>,
    /// The text of each token.
    pieces: Vec<String>,
    tail: String,
    finish: Finish,
    ended: Option<Instant>,
}

impl Text {
    fn new(detokenizer: Box<dyn Detokenizer>) -> Self {
        Self {
            detokenizer,
            pieces: Vec::new(),
            tail: String::new(),
            finish: Finish::Cancelled,
            ended: None,
        }
    }

    fn end(&self) -> StreamEnd {
        StreamEnd {
            finish: self.finish,
            text: self.pieces.concat() + &self.tail,
            tail: self.tail.clone(),
            tokens: self.pieces.len(),
        }
    }

    fn secs_since(&self, opened: Option<Instant>) -> f64 {
        match (opened, self.ended) {
            (Some(opened), Some(ended)) => ended.duration_since(opened).as_secs_f64(),
            (None, _) | (_, None) => 0.0,
        }
    }
}

/// Turns the loop's progress into events, and commands that arrive meanwhile into weights.
struct RunDirector<'r, 'w> {
    run: RunId,
    cancel: CancelToken,
    weights: ObjectiveWeights,
    inbox: &'r mut Inbox,
    outbox: &'r Outbox<'w>,
    started: Option<(String, usize)>,
    began: Instant,
    opened: Option<Instant>,
    /// Most steps per second.
    pace: Option<f64>,
    /// Steps begun so far.
    steps: u32,
    /// Time spent waiting for the pace.
    rested: Duration,
    base: Text,
    guided: Text,
}

impl RunDirector<'_, '_> {
    /// Waits until the next step is due, awake enough to be stopped.
    fn keep_pace(&mut self) {
        let (Some(pace), Some(opened)) = (self.pace, self.opened) else {
            return;
        };
        let due = Duration::from_secs_f64(f64::from(self.steps) / pace);
        self.steps += 1;
        let began = Instant::now();
        while !self.cancel.is_cancelled() {
            let left = due.saturating_sub(opened.elapsed());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(PACE_NAP));
        }
        self.rested += began.elapsed();
    }

    fn text(&mut self, pane: Pane) -> &mut Text {
        match pane {
            Pane::Base => &mut self.base,
            Pane::Guided => &mut self.guided,
        }
    }

    fn end(&self, with_base: bool, divergence: Option<usize>) -> RunEnd {
        let (base_secs, guided_secs) = (
            self.base.secs_since(self.opened),
            self.guided.secs_since(self.opened),
        );
        let tokens = self.base.pieces.len() + self.guided.pieces.len();
        // How fast the models are, not how fast they were allowed to be.
        let secs = base_secs.max(guided_secs) - self.rested.as_secs_f64();
        RunEnd {
            base: with_base.then(|| self.base.end()),
            guided: self.guided.end(),
            divergence,
            prefill_secs: self.opened.map_or(0.0, |opened| {
                opened.duration_since(self.began).as_secs_f64()
            }),
            base_secs,
            guided_secs,
            tokens_per_sec: if secs > 0.0 {
                tokens as f64 / secs
            } else {
                0.0
            },
        }
    }
}

impl Director for RunDirector<'_, '_> {
    fn weights(&mut self) -> ObjectiveWeights {
        self.keep_pace();
        loop {
            match self.inbox.commands.try_recv() {
                Ok(Command::SetWeights { run, weights }) => {
                    // A wrong number of weights is a front end's bug; the run goes on with those it has.
                    if run == self.run
                        && weights.len() == self.weights.len()
                        && weights.iter().all(|w| w.is_finite())
                    {
                        self.weights = weights;
                    }
                }
                Ok(
                    other @ (Command::Load { .. }
                    | Command::Generate(_)
                    | Command::Score(_)
                    | Command::Evaluate(_)
                    | Command::Shutdown),
                ) => {
                    self.inbox.waiting.push_back(other);
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.cancel.cancel();
                    break;
                }
            }
        }
        Arc::clone(&self.weights)
    }

    fn progress(&mut self, progress: Progress) {
        let run = self.run;
        match progress {
            Progress::Opened => {
                self.opened = Some(Instant::now());
                if let Some((rendered, prompt_tokens)) = self.started.take() {
                    self.outbox.send(Event::Started {
                        run,
                        rendered,
                        prompt_tokens,
                    });
                }
            }
            Progress::Step(pane, step) => {
                let text = self.text(pane);
                let piece = text.detokenizer.push(step.token);
                text.pieces.push(piece.clone());
                text.ended = Some(Instant::now());
                let step = Box::new(Step {
                    pane,
                    step: *step,
                    text: piece,
                });
                self.outbox.send(Event::Step { run, step });
            }
            Progress::Ended(pane, finish) => {
                let text = self.text(pane);
                text.finish = finish;
                text.tail = text.detokenizer.finish();
            }
            Progress::BaseScored(steps) => {
                let Some(first) = steps.first().map(|step| step.position) else {
                    return;
                };
                let steps = steps
                    .into_iter()
                    .map(|step| Step {
                        pane: Pane::Base,
                        text: self
                            .base
                            .pieces
                            .get(step.position)
                            .cloned()
                            .unwrap_or_default(),
                        step,
                    })
                    .collect();
                self.outbox.send(Event::BaseScored { run, first, steps });
            }
        }
    }
}

/// Scores one response.
pub(super) fn score(
    loaded: &mut Loaded,
    request: &ScoreRequest,
    outbox: &Outbox<'_>,
) -> Result<(), Failure> {
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
    let run = request.run;
    outbox.send(Event::Started {
        run,
        rendered,
        prompt_tokens,
    });
    let mut detokenizer = scorer.detokenizer();
    let count = tokens.len();
    let mut on_step = |step: GuidedStep| {
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
