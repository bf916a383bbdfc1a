//! Streams that stay open when their texts have ended, so that a text can be written on from any of its tokens.
//!
//! A text that is steered anew, forked at an alternative or given another word shares its beginning with one that was
//! read before: the stream of that one is cut back, or forked where much of it would be lost, and only what is missing is
//! read. No more tokens are read at a time than give the rows of writing them one by one: a pass over many may round
//! otherwise, and what is written behind them would not be what writing from scratch gives.

use crate::domain::{CancelToken, Prompt, TokenId};
use crate::engine::scorer::{EngineError, Parts, Scorer, StepScores, StreamId};

/// A stream that would lose more tokens than this is forked instead of cut back.
const SPARED_TOKENS: usize = 16;

/// An open stream of all models and what it has read.
#[derive(Debug)]
pub struct Reading {
    /// Its stream.
    pub stream: StreamId,
    /// What was read first.
    pub prompt: Prompt,
    /// The response tokens read since.
    pub tokens: Vec<TokenId>,
    /// The scores behind the prompt.
    pub first: StepScores,
}

impl Reading {
    /// How many of `tokens` it has read at their places.
    fn common(&self, tokens: &[TokenId]) -> usize {
        let pairs = self.tokens.iter().zip(tokens);
        pairs.take_while(|(a, b)| a == b).count()
    }

    fn bytes(&self, scorer: &dyn Scorer) -> u64 {
        let rows = 1 + self.first.rewards.len();
        scorer.cache_bytes(self.stream) + (rows * self.first.base.len() * size_of::<f32>()) as u64
    }
}

/// Streams of ended texts, the one used last at the end.
#[derive(Debug)]
pub struct KeptStreams {
    readings: Vec<Reading>,
    budget_bytes: u64,
}

impl KeptStreams {
    /// Keeps streams of at most `budget_bytes` together, and the newest one whatever its size.
    #[must_use]
    pub fn new(budget_bytes: u64) -> Self {
        Self {
            readings: Vec::new(),
            budget_bytes,
        }
    }

    /// How many streams there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.readings.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }

    /// What they take together.
    #[must_use]
    pub fn bytes(&self, scorer: &dyn Scorer) -> u64 {
        let each = self.readings.iter().map(|reading| reading.bytes(scorer));
        each.sum()
    }

    /// A stream that has read `prompt` and `tokens`, and the scores behind them. `stop` is asked before each pass.
    ///
    /// # Errors
    /// Whatever the scorer reports, and [`EngineError::Cancelled`] where `stop` or `cancel` says so; what has been read
    /// by then is kept.
    pub fn read(
        &mut self,
        scorer: &mut dyn Scorer,
        prompt: &Prompt,
        tokens: &[TokenId],
        cancel: &CancelToken,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<(Reading, StepScores), EngineError> {
        let known = self.take(scorer, prompt, tokens)?;
        let mut reading = if let Some(reading) = known {
            reading
        } else {
            self.shrink(scorer, 0);
            let (stream, first) = scorer.open(prompt, Parts::All, cancel)?;
            Reading {
                stream,
                prompt: prompt.clone(),
                tokens: Vec::new(),
                first,
            }
        };
        match read_on(scorer, &mut reading, tokens, cancel, stop) {
            Ok(scores) => return Ok((reading, scores)),
            Err(EngineError::Cancelled) => self.keep(scorer, reading),
            Err(error) => {
                scorer.close(reading.stream);
                return Err(error);
            }
        }
        Err(EngineError::Cancelled)
    }

    /// As [`KeptStreams::read`], on a stream of its own that whoever asks closes: those that are kept stay as they are,
    /// for texts to be written on from. The prompt is read for them too where none has read it.
    ///
    /// # Errors
    /// As [`KeptStreams::read`].
    pub fn read_aside(
        &mut self,
        scorer: &mut dyn Scorer,
        prompt: &Prompt,
        tokens: &[TokenId],
        cancel: &CancelToken,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<(Reading, StepScores), EngineError> {
        if !self.readings.iter().any(|known| known.prompt == *prompt) {
            let (reading, _) = self.read(scorer, prompt, &[], cancel, stop)?;
            self.keep(scorer, reading);
        }
        let of_prompt = self.readings.iter().filter(|known| known.prompt == *prompt);
        let Some(known) = of_prompt.max_by_key(|known| known.common(tokens)) else {
            return Err(EngineError::Cancelled);
        };
        // The scores behind the last token come from reading it.
        let len = known.common(tokens).min(tokens.len().saturating_sub(1));
        let mut reading = Reading {
            stream: scorer.fork_at(known.stream, Parts::All, len)?,
            prompt: prompt.clone(),
            tokens: tokens[..len].to_vec(),
            first: known.first.clone(),
        };
        match read_on(scorer, &mut reading, tokens, cancel, stop) {
            Ok(scores) => Ok((reading, scores)),
            Err(error) => {
                scorer.close(reading.stream);
                Err(error)
            }
        }
    }

    /// The stream that has read most of `tokens`, cut back so far that reading the rest gives the scores behind them.
    fn take(
        &mut self,
        scorer: &mut dyn Scorer,
        prompt: &Prompt,
        tokens: &[TokenId],
    ) -> Result<Option<Reading>, EngineError> {
        let of_prompt = self.readings.iter().enumerate();
        let best = of_prompt
            .filter(|(_, reading)| reading.prompt == *prompt)
            .max_by_key(|(_, reading)| {
                let common = reading.common(tokens);
                (common, std::cmp::Reverse(reading.tokens.len()))
            })
            .map(|(index, _)| index);
        let Some(index) = best else { return Ok(None) };
        let mut reading = self.readings.remove(index);
        // The scores behind the last token come from reading it.
        let len = reading.common(tokens).min(tokens.len().saturating_sub(1));
        let room = self.bytes(scorer) + 2 * reading.bytes(scorer) <= self.budget_bytes;
        if room
            && reading.tokens.len() > len + SPARED_TOKENS
            && let Ok(stream) = scorer.fork_at(reading.stream, Parts::All, len)
        {
            let fork = Reading {
                stream,
                prompt: reading.prompt.clone(),
                tokens: tokens[..len].to_vec(),
                first: reading.first.clone(),
            };
            self.readings.push(reading);
            return Ok(Some(fork));
        }
        scorer.truncate(reading.stream, len)?;
        reading.tokens.truncate(len);
        Ok(Some(reading))
    }

    /// Keeps a stream for later. One that has read no more than another is closed, and the oldest go where there are too
    /// many.
    pub fn keep(&mut self, scorer: &mut dyn Scorer, reading: Reading) {
        let extends = |long: &Reading, short: &Reading| {
            long.prompt == short.prompt && long.tokens.starts_with(&short.tokens)
        };
        let known = self.readings.iter().position(|old| extends(old, &reading));
        let newest = if let Some(index) = known {
            scorer.close(reading.stream);
            self.readings.remove(index)
        } else {
            let (stale, kept) = std::mem::take(&mut self.readings)
                .into_iter()
                .partition(|old| extends(&reading, old));
            self.readings = kept;
            close(scorer, stale);
            reading
        };
        self.readings.push(newest);
        self.shrink(scorer, 1);
    }

    /// Closes all of them.
    pub fn clear(&mut self, scorer: &mut dyn Scorer) {
        close(scorer, std::mem::take(&mut self.readings));
    }

    /// Closes the oldest until the rest fits the budget or is `least` streams.
    fn shrink(&mut self, scorer: &mut dyn Scorer, least: usize) {
        while self.readings.len() > least && self.bytes(scorer) > self.budget_bytes {
            let oldest = self.readings.remove(0);
            scorer.close(oldest.stream);
        }
    }
}

/// Lets a stream read on to the end of `tokens`; the scores behind them. It has what was read, too, where that fails.
fn read_on(
    scorer: &mut dyn Scorer,
    reading: &mut Reading,
    tokens: &[TokenId],
    cancel: &CancelToken,
    stop: &mut dyn FnMut() -> bool,
) -> Result<StepScores, EngineError> {
    let mut scores = reading.first.clone();
    let steady = scorer.steady_tokens().max(1);
    for piece in tokens[reading.tokens.len()..].chunks(steady) {
        let mut rows = if stop() {
            return Err(EngineError::Cancelled);
        } else if let [token] = piece {
            scorer.step(&[(reading.stream, *token)])?
        } else {
            scorer.advance(reading.stream, piece, cancel)?
        };
        reading.tokens.extend(piece);
        if let Some(last) = rows.pop() {
            scores = last;
        }
    }
    Ok(scores)
}

fn close(scorer: &mut dyn Scorer, readings: Vec<Reading>) {
    for reading in readings {
        scorer.close(reading.stream);
    }
}

#[cfg(test)]
mod tests;
