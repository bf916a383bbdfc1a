//! The scorer over real models: trunks, the readers on them, and the rewards that their rows make.
//!
//! A *trunk* is one set of weights. A *reader* is a way to read a text with a trunk: with an adapter or without, with an
//! objective's system text or without, through some template. Every reader keeps a cache per stream and gives a row per
//! position; all readers of one trunk, over all streams of a call, share one pass over its weights. Objectives that have
//! whole models are readers on trunks of their own.

use std::collections::HashMap;
use std::sync::Arc;

use super::cache::KvCache;
use super::error::ModelError;
use super::lora::AdapterStack;
use super::net::Net;
use super::pass::{Segment, Wanted};
use super::template::Template;
use super::text::Text;
use crate::domain::{CancelToken, Prompt, TokenId};
use crate::engine::mix::log_softmax;
use crate::engine::scorer::{
    Detokenizer, EngineError, Parts, Row, Scorer, StepScores, StreamId, Vocabulary,
};
use crate::error::Failure;

/// One set of weights in memory.
#[derive(Debug)]
pub(super) struct Trunk {
    pub(super) net: Net,
    pub(super) adapters: Option<AdapterStack>,
}

/// One way to read a text.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// Index of its trunk.
    pub(super) trunk: usize,
    /// Index of its adapter on that trunk.
    pub(super) adapter: Option<usize>,
    /// Its tokenizer.
    pub(super) text: Arc<Text>,
    /// How it wants prompts.
    pub(super) template: Arc<Template>,
    /// An objective's system text.
    pub(super) wish: Option<String>,
    /// `base model` or `objective NAME`.
    pub(super) label: String,
}

/// How an objective's reward comes from the readers' rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reward {
    /// One reader's row.
    Row(usize),
    /// The first reader's row minus the second's.
    Difference(usize, usize),
}

/// The base's reader: always the first.
pub(super) const BASE: usize = 0;

/// One text that is being read.
#[derive(Debug)]
struct Stream {
    /// One cache per reader that reads it: all of them, or the base's alone.
    caches: Vec<KvCache>,
    /// Tokens of the prompt, per reader.
    prompts: Vec<usize>,
    /// Response tokens so far.
    len: usize,
}

impl Stream {
    fn parts(&self, readers: usize) -> Parts {
        if self.caches.len() == readers {
            Parts::All
        } else {
            Parts::Base
        }
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        for (cache, prompt) in self.caches.iter_mut().zip(&self.prompts) {
            cache.truncate(prompt + self.len);
        }
    }
}

/// Scores texts under all models of a lineup.
#[derive(Debug)]
pub struct Ensemble {
    trunks: Vec<Trunk>,
    readers: Vec<Reader>,
    rewards: Vec<Reward>,
    names: Vec<String>,
    vocabulary: Vocabulary,
    streams: HashMap<StreamId, Stream>,
    next: u64,
}

impl Ensemble {
    pub(super) fn new(
        trunks: Vec<Trunk>,
        readers: Vec<Reader>,
        rewards: Vec<Reward>,
        names: Vec<String>,
        vocabulary: Vocabulary,
    ) -> Self {
        Self {
            trunks,
            readers,
            rewards,
            names,
            vocabulary,
            streams: HashMap::new(),
            next: 0,
        }
    }

    /// Number of separate weight sets in memory.
    #[must_use]
    pub fn trunks(&self) -> usize {
        self.trunks.len()
    }

    /// Parameters of the base model.
    #[must_use]
    pub fn base_parameters(&self) -> u64 {
        let trunk = self.readers[BASE].trunk;
        self.trunks[trunk].net.parameters()
    }

    fn context(&self, reader: usize) -> usize {
        self.trunks[self.readers[reader].trunk].net.context()
    }

    /// The prompt as the first `count` readers read it.
    fn prompts(&self, prompt: &Prompt, count: usize) -> Result<Vec<Vec<TokenId>>, ModelError> {
        self.readers[..count]
            .iter()
            .enumerate()
            .map(|(index, reader)| {
                let (_, ids) =
                    reader
                        .text
                        .read(&reader.template, prompt, reader.wish.as_deref())?;
                let context = self.context(index);
                if ids.len() > context {
                    return Err(ModelError::PromptTooLong {
                        tokens: ids.len(),
                        context,
                    });
                }
                Ok(ids)
            })
            .collect()
    }

    /// Feeds new tokens to every reader of every stream. `tokens(stream, reader)` are the new ones.
    fn read<'t>(
        &self,
        streams: &mut [Stream],
        tokens: &dyn Fn(usize, usize) -> &'t [TokenId],
        wanted: Wanted,
        cancel: &CancelToken,
    ) -> Result<Vec<Vec<StepScores>>, ModelError> {
        let starts: Vec<usize> = streams.iter().map(|stream| stream.len).collect();
        let mut rows: Vec<Vec<Vec<Row>>> = streams
            .iter()
            .map(|stream| vec![Vec::new(); stream.caches.len()])
            .collect();
        for (index, trunk) in self.trunks.iter().enumerate() {
            let mut owners = Vec::new();
            let mut segments = Vec::new();
            for (s, stream) in streams.iter_mut().enumerate() {
                for (r, (cache, reader)) in stream.caches.iter_mut().zip(&self.readers).enumerate()
                {
                    if reader.trunk == index {
                        owners.push((s, r));
                        segments.push(Segment {
                            cache,
                            adapter: reader.adapter,
                            tokens: tokens(s, r),
                            wanted,
                        });
                    }
                }
            }
            if segments.is_empty() {
                continue;
            }
            trunk.net.forward(
                trunk.adapters.as_ref(),
                &mut segments,
                cancel,
                &mut |segment, _, logits| {
                    let (s, r) = owners[segment];
                    let position = starts[s] + rows[s][r].len();
                    let row = self.row(r, logits, position)?;
                    rows[s][r].push(row);
                    Ok(())
                },
            )?;
        }
        Ok(rows.iter().map(|rows| self.scores(rows)).collect())
    }

    /// Cuts logits to the shared vocabulary and normalises them.
    fn row(&self, reader: usize, logits: &[f32], position: usize) -> Result<Row, ModelError> {
        let cut = &logits[..self.vocabulary.len()];
        if cut.iter().all(|logit| logit.is_finite()) {
            return Ok(log_softmax(cut));
        }
        Err(EngineError::NotANumber {
            model: self.readers[reader].label.clone(),
            position,
        }
        .into())
    }

    /// Rows by reader and position to scores by position.
    fn scores(&self, rows: &[Vec<Row>]) -> Vec<StepScores> {
        let all = rows.len() == self.readers.len();
        (0..rows[BASE].len())
            .map(|position| {
                let row = |reader: usize| &rows[reader][position];
                let reward = |reward: &Reward| match *reward {
                    Reward::Row(reader) => Arc::clone(row(reader)),
                    Reward::Difference(a, b) => row(a)
                        .iter()
                        .zip(row(b).iter())
                        .map(|(a, b)| a - b)
                        .collect(),
                };
                StepScores {
                    base: Arc::clone(row(BASE)),
                    rewards: if all {
                        self.rewards.iter().map(reward).collect()
                    } else {
                        Vec::new()
                    },
                }
            })
            .collect()
    }

    /// Checks that new response tokens are in the vocabulary and fit behind the stream.
    fn check(&self, stream: &Stream, tokens: &[TokenId]) -> Result<(), ModelError> {
        let size = self.vocabulary.len();
        if let Some(id) = tokens.iter().find(|&&id| id as usize >= size) {
            return Err(ModelError::Usage(format!(
                "token {id} lies outside the shared vocabulary of {size}"
            )));
        }
        for (reader, prompt) in stream.prompts.iter().enumerate() {
            let (total, context) = (prompt + stream.len + tokens.len(), self.context(reader));
            if total > context {
                return Err(ModelError::ContextFull {
                    tokens: total,
                    context,
                });
            }
        }
        Ok(())
    }

    fn take(&mut self, id: StreamId) -> Result<Stream, EngineError> {
        self.streams
            .remove(&id)
            .ok_or(EngineError::UnknownStream(id.0))
    }

    fn put(&mut self, stream: Stream) -> StreamId {
        let id = StreamId(self.next);
        self.next += 1;
        self.streams.insert(id, stream);
        id
    }
}

impl Scorer for Ensemble {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn objectives(&self) -> &[String] {
        &self.names
    }

    fn context_len(&self) -> usize {
        (0..self.readers.len())
            .map(|reader| self.context(reader))
            .min()
            .unwrap_or(0)
    }

    fn room(&self, prompt: &Prompt) -> Result<usize, EngineError> {
        let prompts = self.prompts(prompt, self.readers.len())?;
        let room = |(reader, ids): (usize, &Vec<TokenId>)| self.context(reader) - ids.len();
        Ok(prompts.iter().enumerate().map(room).min().unwrap_or(0))
    }

    fn open(
        &mut self,
        prompt: &Prompt,
        parts: Parts,
        cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError> {
        let count = match parts {
            Parts::All => self.readers.len(),
            Parts::Base => 1,
        };
        let prompts = self.prompts(prompt, count)?;
        let caches = self.readers[..count]
            .iter()
            .map(|reader| self.trunks[reader.trunk].net.cache())
            .collect::<Result<_, ModelError>>()?;
        let mut streams = [Stream {
            caches,
            prompts: prompts.iter().map(Vec::len).collect(),
            len: 0,
        }];
        let mut scores = self.read(
            &mut streams,
            &|_, reader| prompts[reader].as_slice(),
            Wanted::Last,
            cancel,
        )?;
        let first = scores.pop().and_then(|mut steps| steps.pop());
        let (Some(first), [stream]) = (first, streams) else {
            return Err(ModelError::EmptyPrompt.into());
        };
        Ok((self.put(stream), first))
    }

    fn advance(
        &mut self,
        id: StreamId,
        tokens: &[TokenId],
        cancel: &CancelToken,
    ) -> Result<Vec<StepScores>, EngineError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let stream = self.take(id)?;
        let fits = self.check(&stream, tokens);
        let mut streams = vec![stream];
        let result =
            fits.and_then(|()| self.read(&mut streams, &|_, _| tokens, Wanted::All, cancel));
        for stream in &mut streams {
            match &result {
                Ok(_) => stream.len += tokens.len(),
                Err(_) => stream.truncate(stream.len),
            }
        }
        self.streams.extend(std::iter::once(id).zip(streams));
        Ok(result?.pop().unwrap_or_default())
    }

    fn steady_tokens(&self) -> usize {
        let each = self.trunks.iter().map(|trunk| trunk.net.steady_rows());
        each.min().unwrap_or(1)
    }

    fn step(&mut self, moves: &[(StreamId, TokenId)]) -> Result<Vec<StepScores>, EngineError> {
        let mut streams = Vec::with_capacity(moves.len());
        let mut problem = None;
        for (id, token) in moves {
            match self.take(*id) {
                Ok(stream) => {
                    problem = problem.or(self.check(&stream, &[*token]).err().map(Into::into));
                    streams.push(stream);
                }
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            }
        }
        let result = match problem {
            Some(error) => Err(error),
            None => self
                .read(
                    &mut streams,
                    &|stream, _| std::slice::from_ref(&moves[stream].1),
                    Wanted::All,
                    &CancelToken::default(),
                )
                .map_err(EngineError::from),
        };
        for stream in &mut streams {
            match &result {
                Ok(_) => stream.len += 1,
                Err(_) => stream.truncate(stream.len),
            }
        }
        self.streams
            .extend(moves.iter().map(|(id, _)| *id).zip(streams));
        Ok(result?.into_iter().flatten().collect())
    }

    fn truncate(&mut self, id: StreamId, len: usize) -> Result<(), EngineError> {
        self.streams
            .get_mut(&id)
            .ok_or(EngineError::UnknownStream(id.0))?
            .truncate(len);
        Ok(())
    }

    fn fork(&mut self, id: StreamId, parts: Parts) -> Result<StreamId, EngineError> {
        self.fork_at(id, parts, usize::MAX)
    }

    fn fork_at(&mut self, id: StreamId, parts: Parts, len: usize) -> Result<StreamId, EngineError> {
        let stream = self
            .streams
            .get(&id)
            .ok_or(EngineError::UnknownStream(id.0))?;
        let count = match (parts, stream.parts(self.readers.len())) {
            (Parts::All, Parts::Base) => {
                return Err(EngineError::Models(Failure::failed(
                    "A text that only the base model has read cannot be judged by the others",
                )));
            }
            (Parts::All, Parts::All) => self.readers.len(),
            (Parts::Base, _) => 1,
        };
        let len = stream.len.min(len);
        let prompts = &stream.prompts[..count];
        let copy = Stream {
            caches: stream
                .caches
                .iter()
                .zip(prompts)
                .map(|(cache, prompt)| cache.fork_at(prompt + len))
                .collect::<Result<_, ModelError>>()?,
            prompts: prompts.to_vec(),
            len,
        };
        Ok(self.put(copy))
    }

    fn cache_bytes(&self, id: StreamId) -> u64 {
        let caches = self.streams.get(&id).map(|stream| &stream.caches);
        caches.into_iter().flatten().map(KvCache::bytes).sum()
    }

    fn close(&mut self, id: StreamId) {
        self.streams.remove(&id);
    }

    fn rendered(&self, prompt: &Prompt) -> Result<(String, usize), EngineError> {
        let base = &self.readers[BASE];
        let (rendered, ids) = base
            .text
            .read(&base.template, prompt, base.wish.as_deref())?;
        Ok((rendered, ids.len()))
    }

    fn surprise(&mut self, prompt: &Prompt, cancel: &CancelToken) -> Result<f64, EngineError> {
        let prompts = self.prompts(prompt, 1)?;
        let ids = &prompts[BASE];
        let [_, told @ ..] = ids.as_slice() else {
            return Ok(0.0);
        };
        let trunk = &self.trunks[self.readers[BASE].trunk].net;
        let mut streams = [Stream {
            caches: vec![trunk.cache()?],
            prompts: vec![ids.len()],
            len: 0,
        }];
        let scores = self.read(&mut streams, &|_, _| ids.as_slice(), Wanted::All, cancel)?;
        let sum: f64 = scores
            .iter()
            .flatten()
            .zip(told)
            .filter_map(|(scores, &id)| scores.base.get(id as usize))
            .map(|&log_prob| -f64::from(log_prob))
            .sum();
        Ok(sum / told.len().max(1) as f64)
    }

    fn encode_response(&self, text: &str) -> Result<Vec<TokenId>, EngineError> {
        Ok(self.readers[BASE].text.encode(text)?)
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        self.readers[BASE].text.detokenizer()
    }
}
