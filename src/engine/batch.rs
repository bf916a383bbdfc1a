//! Many guided texts side by side, each a row (or one row per model) of the same passes over the weights.

use crate::domain::{CancelToken, Finish, ObjectiveWeights, Prompt, Sampling, TokenId};
use crate::engine::mix::{is_plain, mix};
use crate::engine::sample::draw;
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId};

/// One text to write.
#[derive(Debug, Clone)]
pub struct Order {
    /// What the models read first.
    pub prompt: Prompt,
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

/// Writes all `orders`, up to `width` of them at a time, and hands each on as soon as it ends, with its index. Every text
/// has the tokens that it would have alone.
///
/// # Errors
/// Whatever the scorer reports, cancellation included; texts that have ended by then were handed on.
pub fn write_all(
    scorer: &mut dyn Scorer,
    orders: &[Order],
    width: usize,
    cancel: &CancelToken,
    on_text: &mut dyn FnMut(usize, Text),
) -> Result<(), EngineError> {
    let mut open: Vec<Open> = Vec::new();
    let outcome = run(scorer, orders, width.max(1), cancel, on_text, &mut open);
    for text in open {
        scorer.close(text.stream);
    }
    outcome
}

fn run(
    scorer: &mut dyn Scorer,
    orders: &[Order],
    width: usize,
    cancel: &CancelToken,
    on_text: &mut dyn FnMut(usize, Text),
    open: &mut Vec<Open>,
) -> Result<(), EngineError> {
    let mut waiting = orders.iter().enumerate();
    loop {
        while open.len() < width
            && let Some((index, order)) = waiting.next()
        {
            open.push(begin(scorer, index, order, cancel)?);
        }
        if open.is_empty() {
            return Ok(());
        }
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let mut kept = Vec::with_capacity(open.len());
        for mut text in open.drain(..) {
            let order = &orders[text.order];
            let mixed = mix(&text.scores, &order.weights);
            let token = draw(&mixed.scores, &order.sampling, text.tokens.len());
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
            on_text(order, Text { tokens, finish });
        }
        *open = kept;
        if open.is_empty() {
            continue;
        }
        let moves: Vec<(StreamId, TokenId)> = open
            .iter()
            .filter_map(|text| Some((text.stream, *text.tokens.last()?)))
            .collect();
        for (text, scores) in open.iter_mut().zip(scorer.step(&moves)?) {
            text.scores = scores;
        }
    }
}

fn begin(
    scorer: &mut dyn Scorer,
    index: usize,
    order: &Order,
    cancel: &CancelToken,
) -> Result<Open, EngineError> {
    let room = scorer.room(&order.prompt)?;
    let parts = if is_plain(&order.weights) {
        Parts::Base
    } else {
        Parts::All
    };
    let (stream, scores) = scorer.open(&order.prompt, parts, cancel)?;
    Ok(Open {
        order: index,
        stream,
        tokens: Vec::new(),
        most: order.sampling.max_tokens.min(room).max(1),
        scores,
    })
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
                prompt: Prompt::of("hello"),
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
    fn a_cancelled_batch_says_so() {
        let cancel = CancelToken::default();
        cancel.cancel();
        let mut scorer = FakeScorer::new(&["kind"]);
        let outcome = write_all(&mut scorer, &orders(), 4, &cancel, &mut |_, _| {});
        assert_eq!(outcome, Err(EngineError::Cancelled));
    }
}
