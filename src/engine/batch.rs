//! Many guided texts side by side, each a row (or one row per model) of the same passes over the weights.

use std::sync::Arc;

use crate::domain::{CancelToken, Finish, ObjectiveWeights, Prompt, Sampling, TokenId};
use crate::engine::mix::{is_plain, mix};
use crate::engine::sample::draw;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId};

/// One text to write.
#[derive(Debug, Clone)]
pub struct Order {
    /// What the models read first.
    pub prompt: Arc<Prompt>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// One weight per objective, the same for the whole text.
    pub weights: ObjectiveWeights,
}

/// One text that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its tokens, with the end token where it was chosen.
    pub tokens: Vec<TokenId>,
    /// Why it ended.
    pub finish: Finish,
}

/// A text at work.
struct Open {
    order: usize,
    stream: StreamId,
    tokens: Vec<TokenId>,
    most: usize,
    scores: StepScores,
}

/// The last prompt that was read, for as long as the next order has it too.
struct Read {
    prompt: Arc<Prompt>,
    parts: Parts,
    stream: StreamId,
    scores: StepScores,
}

/// Who watches texts being written.
pub trait Watcher {
    /// `token` was chosen for an order's text where the rows are `scores`.
    fn token(&mut self, order: usize, scores: &StepScores, token: TokenId);
    /// An order's text has ended.
    fn text(&mut self, order: usize, text: Text);
}

/// Texts alone.
impl<F: FnMut(usize, Text)> Watcher for F {
    fn token(&mut self, _: usize, _: &StepScores, _: TokenId) {}

    fn text(&mut self, order: usize, text: Text) {
        self(order, text);
    }
}

/// Texts being written side by side, a little at a time, so that whoever owns the models can do other things in between.
/// Every text has the tokens that it would have alone.
pub struct Batch {
    open: Vec<Open>,
    read: Option<Read>,
    next: usize,
    width: usize,
    plain: Parts,
}

impl Batch {
    /// Up to `width` texts at a time. Where no objective has a weight, `plain` says who reads along.
    #[must_use]
    pub fn new(width: usize, plain: Parts) -> Self {
        Self {
            open: Vec::new(),
            read: None,
            next: 0,
            width: width.max(1),
            plain,
        }
    }

    /// Reads the prompt of one more text, or writes one token of each open one. Says whether there is more to do. `order`
    /// gives each order by its index, and nothing behind the last.
    ///
    /// # Errors
    /// Whatever the scorer reports, cancellation included; texts that have ended by then were handed on.
    pub fn go_on(
        &mut self,
        scorer: &mut dyn Scorer,
        order: &dyn Fn(usize) -> Option<Order>,
        cancel: &CancelToken,
        watcher: &mut dyn Watcher,
    ) -> Result<bool, EngineError> {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        if self.open.len() < self.width
            && let Some(text) = order(self.next)
        {
            let following = order(self.next + 1);
            let open = self.begin(scorer, &text, following.as_ref(), cancel)?;
            self.open.push(open);
            self.next += 1;
            return Ok(true);
        }
        self.write(scorer, order, watcher)?;
        Ok(!self.open.is_empty() || order(self.next).is_some())
    }

    /// Frees all that is open.
    pub fn close(&mut self, scorer: &mut dyn Scorer) {
        for text in self.open.drain(..) {
            scorer.close(text.stream);
        }
        if let Some(read) = self.read.take() {
            scorer.close(read.stream);
        }
    }

    /// Chooses a token for each open text, and reads those of the texts that go on in one pass.
    fn write(
        &mut self,
        scorer: &mut dyn Scorer,
        order: &dyn Fn(usize) -> Option<Order>,
        watcher: &mut dyn Watcher,
    ) -> Result<(), EngineError> {
        let mut kept = Vec::with_capacity(self.open.len());
        for mut text in self.open.drain(..) {
            let Some(Order {
                sampling, weights, ..
            }) = order(text.order)
            else {
                scorer.close(text.stream);
                continue;
            };
            let mixed = mix(&text.scores, &weights);
            let token = draw(&mixed.scores, &sampling, text.tokens.len());
            watcher.token(text.order, &text.scores, token);
            text.tokens.push(token);
            let finish = if scorer.vocabulary().is_end(token) {
                Finish::Eos
            } else if text.tokens.len() >= text.most {
                Finish::Length
            } else {
                kept.push(text);
                continue;
            };
            scorer.close(text.stream);
            let Open { order, tokens, .. } = text;
            watcher.text(order, Text { tokens, finish });
        }
        self.open = kept;
        if self.open.is_empty() {
            return Ok(());
        }
        let moves: Vec<(StreamId, TokenId)> = self
            .open
            .iter()
            .filter_map(|text| Some((text.stream, *text.tokens.last()?)))
            .collect();
        for (text, scores) in self.open.iter_mut().zip(scorer.step(&moves)?) {
            text.scores = scores;
        }
        Ok(())
    }

    fn parts(&self, order: &Order) -> Parts {
        if is_plain(&order.weights) {
            self.plain
        } else {
            Parts::All
        }
    }

    fn begin(
        &mut self,
        scorer: &mut dyn Scorer,
        order: &Order,
        following: Option<&Order>,
        cancel: &CancelToken,
    ) -> Result<Open, EngineError> {
        let room = scorer.room(&order.prompt)?;
        let parts = self.parts(order);
        let again =
            following.is_some_and(|next| next.prompt == order.prompt && self.parts(next) == parts);
        let (stream, scores) = self.open(scorer, &order.prompt, parts, again, cancel)?;
        Ok(Open {
            order: self.next,
            stream,
            tokens: Vec::new(),
            most: order.sampling.max_tokens.min(room).max(1),
            scores,
        })
    }

    /// A stream that has read the prompt; it is read once for all orders in a row that have it.
    fn open(
        &mut self,
        scorer: &mut dyn Scorer,
        prompt: &Arc<Prompt>,
        parts: Parts,
        again: bool,
        cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError> {
        let read = match self.read.take() {
            Some(read) if read.prompt == *prompt && read.parts == parts => read,
            other => {
                if let Some(other) = other {
                    scorer.close(other.stream);
                }
                let (stream, scores) = scorer.open(prompt, parts, cancel)?;
                Read {
                    prompt: prompt.clone(),
                    parts,
                    stream,
                    scores,
                }
            }
        };
        if !again {
            return Ok((read.stream, read.scores));
        }
        let read = self.read.insert(read);
        Ok((scorer.fork(read.stream, parts)?, read.scores.clone()))
    }
}

/// Writes all `orders`, up to `width` of them at a time, and hands each on as soon as it ends, with its index.
///
/// # Errors
/// Whatever the scorer reports, cancellation included; texts that have ended by then were handed on.
pub fn write_all(
    scorer: &mut dyn Scorer,
    orders: &[Order],
    width: usize,
    cancel: &CancelToken,
    mut on_text: &mut dyn FnMut(usize, Text),
) -> Result<(), EngineError> {
    let mut batch = Batch::new(width, Parts::Base);
    let order = |index: usize| orders.get(index).cloned();
    let outcome = loop {
        match batch.go_on(scorer, &order, cancel, &mut on_text) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    batch.close(scorer);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Pane;
    use crate::engine::decode::{Director, Job, Progress, decode};
    use crate::engine::fake::FakeScorer;

    struct Alone(ObjectiveWeights, Vec<TokenId>);

    impl Director for Alone {
        fn weights(&mut self) -> ObjectiveWeights {
            self.0.clone()
        }

        fn progress(&mut self, progress: Progress) {
            if let Progress::Step(Pane::Guided, step) = progress {
                self.1.push(step.token);
            }
        }
    }

    fn orders() -> Vec<Order> {
        (0..9)
            .map(|seed| Order {
                prompt: Arc::new(Prompt::of("hello")),
                sampling: Sampling {
                    seed,
                    max_tokens: 4 + seed as usize,
                    ..Sampling::default()
                },
                weights: vec![f64::from(u32::try_from(seed).unwrap() % 3)].into(),
            })
            .collect()
    }

    #[test]
    fn every_text_is_the_one_that_would_be_written_alone() {
        let orders = orders();
        for width in [1, 4, 20] {
            let mut scorer = FakeScorer::new(&["kind"]);
            let mut texts = vec![None; orders.len()];
            write_all(
                &mut scorer,
                &orders,
                width,
                &CancelToken::default(),
                &mut |index, text| texts[index] = Some(text),
            )
            .unwrap();
            for (order, text) in orders.iter().zip(texts) {
                let mut alone = Alone(order.weights.clone(), Vec::new());
                let job = Job {
                    prompt: &order.prompt,
                    sampling: &order.sampling,
                    with_base: false,
                    prefix: &[],
                    told_from: 0,
                };
                decode(&mut scorer, &job, &CancelToken::default(), &mut alone).unwrap();
                assert_eq!(text.unwrap().tokens, alone.1);
            }
        }
    }

    #[test]
    fn a_prompt_is_read_once_for_the_orders_that_share_it() {
        let prompts = ["one", "two"].map(|text| Arc::new(Prompt::of(text)));
        let orders: Vec<Order> = (0..8)
            .map(|index| Order {
                prompt: prompts[index / 4].clone(),
                weights: vec![1.0 + index as f64].into(),
                sampling: Sampling::default(),
            })
            .collect();
        let mut scorer = FakeScorer::new(&["kind"]);
        let mut batch = Batch::new(3, Parts::All);
        let order = |index: usize| orders.get(index).cloned();
        let mut ended = Vec::new();
        let mut watch = |index: usize, _: Text| ended.push(index);
        while batch
            .go_on(&mut scorer, &order, &CancelToken::default(), &mut watch)
            .unwrap()
        {}
        ended.sort_unstable();
        assert_eq!(ended, [0, 1, 2, 3, 4, 5, 6, 7]);
        // A stream for each text: the one that read the prompt writes the last of them.
        assert_eq!(scorer.made, 8);
        assert_eq!(scorer.open_streams(), 0);
    }

    #[test]
    fn a_batch_that_is_left_alone_closes_its_streams() {
        let orders = orders();
        let mut scorer = FakeScorer::new(&["kind"]);
        let mut batch = Batch::new(4, Parts::All);
        let order = |index: usize| orders.get(index).cloned();
        for _ in 0..6 {
            batch
                .go_on(
                    &mut scorer,
                    &order,
                    &CancelToken::default(),
                    &mut |_: usize, _: Text| {},
                )
                .unwrap();
        }
        assert!(scorer.open_streams() > 0);
        batch.close(&mut scorer);
        assert_eq!(scorer.open_streams(), 0);
    }

    #[test]
    fn a_cancelled_batch_says_so() {
        let cancel = CancelToken::default();
        cancel.cancel();
        let mut scorer = FakeScorer::new(&["kind"]);
        let outcome = write_all(&mut scorer, &orders(), 4, &cancel, &mut |_, _| {});
        assert_eq!(outcome, Err(EngineError::Cancelled));
    }
}
