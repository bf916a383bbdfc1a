//! Writing a run: the loop's progress becomes events, and commands that come meanwhile reach the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::inbox::Inbox;
use super::serve::{check_weights, unfamiliar};
use super::{Beginning, Engine, Event, GenerateRequest, Outbox, RunEnd, Step, StreamEnd};
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, RunId, TokenId};
use crate::engine::decode::{Director, Job, Progress, decode_on};
use crate::engine::scorer::{Detokenizer, Scorer};
use crate::engine::words::encode_behind;
use crate::error::Failure;
use crate::record::Timing;

/// How long a paced run sleeps at most before it looks whether it was stopped.
const PACE_NAP: Duration = Duration::from_millis(10);

/// Writes the texts of one run.
pub(super) fn generate(
    engine: &mut Engine,
    request: &GenerateRequest,
    inbox: &mut Inbox,
    outbox: &Outbox<'_>,
) -> Result<(), Failure> {
    let familiar = engine.loaded.info.familiar;
    let scorer = engine.loaded.scorer.as_mut();
    check_weights(scorer, &request.weights)?;
    request.sampling.check().map_err(Failure::usage)?;
    let prefix = prefix(scorer, &request.beginning)?;
    let first = request.beginning.told_from.min(prefix.len());
    let known = &prefix[..first];
    let (rendered, prompt_tokens) = scorer.rendered(&request.prompt)?;
    // A live run writes on what its window has asked about already.
    let unfamiliar =
        !request.live && unfamiliar(scorer, familiar, &request.prompt, &request.cancel)?;
    let mut director = RunDirector {
        run: request.run,
        cancel: request.cancel.clone(),
        weights: request.weights.clone(),
        inbox,
        outbox,
        started: Some((rendered, prompt_tokens, unfamiliar)),
        first,
        live: request.live,
        superseded_by: None,
        began: Instant::now(),
        opened: None,
        pace: request.pace.filter(|pace| *pace > 0.0),
        steps: 0,
        rested: Duration::ZERO,
        base: Text::new(scorer, if request.with_base { known } else { &[] }),
        guided: Text::new(scorer, known),
    };
    let job = Job {
        prompt: &request.prompt,
        sampling: &request.sampling,
        with_base: request.with_base,
        prefix: &prefix,
        told_from: first,
    };
    let divergence = decode_on(
        scorer,
        &mut engine.kept,
        &job,
        &request.cancel,
        &mut director,
    )?;
    let run = request.run;
    let end = director.end(request.with_base, divergence);
    // A run that came to its end before it saw the newer one is whole.
    outbox.send(match director.superseded_by {
        Some(by) if end.guided.finish == Finish::Cancelled => Event::Superseded { run, by },
        Some(_) | None => Event::Finished {
            run,
            end: Box::new(end),
        },
    });
    Ok(())
}

/// The tokens of a beginning, checked.
fn prefix(scorer: &dyn Scorer, beginning: &Beginning) -> Result<Vec<TokenId>, Failure> {
    let mut tokens = beginning.tokens.to_vec();
    let vocabulary = scorer.vocabulary();
    if let Some(id) = tokens.iter().find(|&&id| id as usize >= vocabulary.len()) {
        return Err(Failure::usage(format!(
            "The text cannot begin with token {id}: the models share {} tokens",
            vocabulary.len()
        )));
    }
    let typed = encode_behind(scorer, &tokens, &beginning.words)?;
    if typed.is_empty() && !beginning.words.is_empty() {
        return Err(Failure::usage("The models have no tokens for these words"));
    }
    tokens.extend(typed);
    let inner = tokens.split_last().map_or(&[][..], |(_, inner)| inner);
    if inner.iter().any(|&id| vocabulary.is_end(id)) {
        return Err(Failure::usage(
            "The text cannot go on behind the token that ends it",
        ));
    }
    Ok(tokens)
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
    /// A text that begins with these tokens.
    fn new(scorer: &dyn Scorer, tokens: &[TokenId]) -> Self {
        let mut detokenizer = scorer.detokenizer();
        Self {
            pieces: tokens.iter().map(|&id| detokenizer.push(id)).collect(),
            detokenizer,
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
    started: Option<(String, usize, bool)>,
    /// Position of the first step that is told.
    first: usize,
    /// Whether a newer live run takes this one's place.
    live: bool,
    /// The run that does.
    superseded_by: Option<RunId>,
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
        if self.cancel.is_held() {
            let began = Instant::now();
            while self.cancel.is_held() && !self.cancel.is_cancelled() && self.goes_on() {
                std::thread::sleep(PACE_NAP);
            }
            let held = began.elapsed();
            self.rested += held;
            // The pace counts from where it went on.
            self.opened = self.opened.map(|opened| opened + held);
        }
        let (Some(pace), Some(opened)) = (self.pace, self.opened) else {
            return;
        };
        let due = Duration::from_secs_f64(f64::from(self.steps) / pace);
        self.steps += 1;
        let began = Instant::now();
        while !self.cancel.is_cancelled() && self.goes_on() {
            let left = due.saturating_sub(opened.elapsed());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(PACE_NAP));
        }
        self.rested += began.elapsed();
    }

    /// Looks what the front end has sent meanwhile.
    fn look(&mut self) {
        if !self.inbox.take_in(self.outbox) {
            self.cancel.cancel();
        }
        // A wrong number of weights is a front end's bug; the run goes on with those it has.
        if let Some(weights) = self.inbox.weights_for(self.run)
            && weights.len() == self.weights.len()
            && weights.iter().all(|w| w.is_finite())
        {
            self.weights = weights;
        }
        if self.live {
            self.superseded_by = self.inbox.waiting_live_run();
        }
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
        let written = |text: &Text| text.pieces.len().saturating_sub(self.first);
        let tokens = written(&self.base) + written(&self.guided);
        // How fast the models are, not how fast they were allowed to be.
        let secs = base_secs.max(guided_secs) - self.rested.as_secs_f64();
        RunEnd {
            base: with_base.then(|| self.base.end()),
            guided: self.guided.end(),
            divergence,
            timing: Timing {
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
            },
        }
    }
}

impl Director for RunDirector<'_, '_> {
    fn weights(&mut self) -> ObjectiveWeights {
        self.keep_pace();
        self.look();
        Arc::clone(&self.weights)
    }

    fn goes_on(&mut self) -> bool {
        self.look();
        self.superseded_by.is_none()
    }

    fn progress(&mut self, progress: Progress) {
        let run = self.run;
        match progress {
            Progress::Opened => {
                self.opened = Some(Instant::now());
                if let Some((rendered, prompt_tokens, unfamiliar)) = self.started.take() {
                    self.outbox.send(Event::Started {
                        run,
                        rendered,
                        prompt_tokens,
                        first: self.first,
                        unfamiliar,
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
