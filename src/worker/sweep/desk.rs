//! The sweep at work: one step at a time.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{Pace, SweepEvent, SweepRequest};
use crate::domain::{Finish, RunId, TokenId};
use crate::engine::batch::{Batch, Order, Text, Watcher};
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores};
use crate::engine::tradeoff::{Row, TextScores};
use crate::engine::words;
use crate::error::Failure;
use crate::worker::{Event, Outbox};

/// Texts written side by side: as many as one pass over the weights reads for little more than the price of one.
const WIDTH: usize = 8;

/// A sweep that is being written, or waits.
pub(in crate::worker) struct Ongoing {
    request: SweepRequest,
    batch: Batch,
    /// What the open texts score so far.
    scores: BTreeMap<usize, TextScores>,
    pace: Pace,
    pub(in crate::worker) paused: bool,
}

/// What a step left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::worker) enum Left {
    More,
    Nothing,
}

/// Adds up what is chosen, and keeps the texts that end.
struct Tally<'a> {
    scores: &'a mut BTreeMap<usize, TextScores>,
    tokens: usize,
    ended: Vec<(usize, Text)>,
}

impl Watcher for Tally<'_> {
    fn token(&mut self, order: usize, scores: &StepScores, token: TokenId) {
        self.scores.entry(order).or_default().add(scores, token);
        self.tokens += 1;
    }

    fn text(&mut self, order: usize, text: Text) {
        self.ended.push((order, text));
    }
}

impl Ongoing {
    /// Takes a sweep on and says so.
    pub(in crate::worker) fn begin(
        request: SweepRequest,
        scorer: &dyn Scorer,
        outbox: &Outbox<'_>,
    ) -> Result<Self, Failure> {
        request.check(scorer)?;
        let pace = Pace {
            of: request.texts(),
            ..Pace::default()
        };
        let run = request.run;
        outbox.send(Event::Sweep(SweepEvent::Began { run, pace }));
        Ok(Self {
            request,
            // Of the plain model's texts too it is wanted what the objectives make of them.
            batch: Batch::new(WIDTH, Parts::All),
            scores: BTreeMap::new(),
            pace,
            paused: false,
        })
    }

    pub(in crate::worker) const fn run(&self) -> RunId {
        self.request.run
    }

    /// Reads a prompt or writes a token of each open text, and tells the texts that ended by it.
    pub(in crate::worker) fn go_on(
        &mut self,
        scorer: &mut dyn Scorer,
        outbox: &Outbox<'_>,
    ) -> Result<Left, EngineError> {
        let began = Instant::now();
        let mut tally = Tally {
            scores: &mut self.scores,
            tokens: 0,
            ended: Vec::new(),
        };
        let request = &self.request;
        let more = self.batch.go_on(
            scorer,
            &|index| order(request, index),
            &request.cancel,
            &mut tally,
        );
        let (tokens, ended) = (tally.tokens, tally.ended);
        self.pace.tokens += tokens;
        self.pace.secs += began.elapsed().as_secs_f64();
        for (index, text) in ended {
            self.pace.texts += 1;
            let row = self.row(scorer, index, text);
            outbox.send(Event::Sweep(SweepEvent::Row {
                run: self.request.run,
                row: Box::new(row),
                pace: self.pace,
            }));
        }
        Ok(if more? { Left::More } else { Left::Nothing })
    }

    fn row(&mut self, scorer: &dyn Scorer, index: usize, mut text: Text) -> Row {
        let [setting, prompt, sample] = self.request.place(index);
        // The end token has no letters for people, but it was chosen and counts.
        if text.finish == Finish::Eos {
            text.tokens.pop();
        }
        Row {
            setting,
            prompt,
            sample,
            text: words::text(scorer, &text.tokens),
            finish: text.finish,
            scores: self.scores.remove(&index).unwrap_or_default(),
        }
    }

    /// Frees what is open.
    pub(in crate::worker) fn close(&mut self, scorer: &mut dyn Scorer) {
        self.batch.close(scorer);
    }

    /// Says that it is over.
    pub(in crate::worker) fn tell_end(&self, outbox: &Outbox<'_>) {
        outbox.send(Event::Sweep(SweepEvent::Ended {
            run: self.request.run,
            cancelled: self.pace.texts < self.pace.of,
            pace: self.pace,
        }));
    }
}

fn order(request: &SweepRequest, index: usize) -> Option<Order> {
    if index >= request.texts() {
        return None;
    }
    let [setting, prompt, sample] = request.place(index);
    let mut sampling = request.sampling.clone();
    sampling.seed = sampling.seed.wrapping_add(sample as u64);
    Some(Order {
        prompt: request.prompts[prompt].clone(),
        sampling,
        weights: request.settings[setting].clone(),
    })
}
