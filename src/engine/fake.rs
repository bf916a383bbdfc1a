//! A scorer for tests: rows follow from the tokens alone, by a hash, so every expectation can be worked out independently.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{CancelToken, Prompt, Sampling, TokenId};
use crate::engine::mix::{log_softmax, mix};
use crate::engine::noise::PositionNoise;
use crate::engine::sample::draw;
use crate::engine::scorer::{
    Detokenizer, EngineError, Parts, Scorer, StepScores, StreamId, Vocabulary,
};

/// What a stream has read.
#[derive(Debug, Clone)]
struct Past {
    parts: Parts,
    prompt: Prompt,
    tokens: Vec<TokenId>,
}

/// Token 0 ends a text.
pub(crate) const VOCABULARY: usize = 32;

pub(crate) struct FakeScorer {
    vocabulary: Vocabulary,
    objectives: Vec<String>,
    streams: BTreeMap<StreamId, Past>,
    next: u64,
    context: usize,
    /// Streams ever opened or forked.
    pub(crate) made: usize,
    /// Tokens read so far.
    pub(crate) read: usize,
    /// Panics at this many response tokens, to test the worker's guard.
    pub(crate) panic_at: Option<usize>,
    /// Called at each step, to make it slow.
    pub(crate) on_step: Option<Box<dyn FnMut()>>,
}

/// What a stream's caches would take, per token.
pub(crate) const BYTES_PER_TOKEN: u64 = 100;

impl FakeScorer {
    pub(crate) fn new(objectives: &[&str]) -> Self {
        Self {
            vocabulary: Vocabulary {
                texts: (0..VOCABULARY).map(|v| format!(" w{v}")).collect(),
                ends: vec![0],
            },
            objectives: objectives.iter().map(|&name| name.to_owned()).collect(),
            streams: BTreeMap::new(),
            next: 0,
            context: 64,
            made: 0,
            read: 0,
            panic_at: None,
            on_step: None,
        }
    }

    /// What every model says after `tokens` and no prompt.
    pub(crate) fn rows(objectives: usize, tokens: &[TokenId]) -> StepScores {
        Self::rows_behind(&Prompt::default(), objectives, tokens)
    }

    /// What every model says after `prompt` and `tokens`.
    fn rows_behind(prompt: &Prompt, objectives: usize, tokens: &[TokenId]) -> StepScores {
        let letters = prompt.text.bytes().map(u64::from);
        let all = letters.chain(tokens.iter().map(|&t| u64::from(t)));
        let state = all.fold(7u64, |h, t| h.wrapping_mul(31).wrapping_add(t + 1));
        let row = |model: u64| {
            let noise = PositionNoise::new(state, model as usize);
            let logits: Vec<f32> = (0..VOCABULARY as TokenId)
                .map(|v| noise.gumbel(v) as f32 - if v == 0 { 2.0 } else { 0.0 })
                .collect();
            log_softmax(&logits)
        };
        StepScores {
            base: row(0),
            rewards: (1..=objectives as u64).map(row).collect(),
        }
    }

    fn scores(&self, past: &Past) -> StepScores {
        assert!(
            self.panic_at.is_none_or(|at| past.tokens.len() < at),
            "the fake scorer was asked to panic"
        );
        let count = match past.parts {
            Parts::All => self.objectives.len(),
            Parts::Base => 0,
        };
        Self::rows_behind(&past.prompt, count, &past.tokens)
    }

    /// What two objectives and this seed write behind `prefix`, straight from the definition: rows of the past, mix, draw.
    pub(crate) fn text(prefix: &[TokenId], weights: &[f64], sampling: &Sampling) -> Vec<TokenId> {
        let mut tokens = prefix.to_vec();
        while tokens.len() < sampling.max_tokens && tokens.last() != Some(&0) {
            let rows = Self::rows(weights.len(), &tokens);
            let token = draw(&mix(&rows, weights).scores, sampling, tokens.len());
            tokens.push(token);
        }
        tokens
    }

    fn past(&mut self, stream: StreamId) -> Result<&mut Past, EngineError> {
        self.streams
            .get_mut(&stream)
            .ok_or(EngineError::UnknownStream(stream.0))
    }

    fn add(&mut self, past: Past) -> StreamId {
        let id = StreamId(self.next);
        self.next += 1;
        self.made += 1;
        self.streams.insert(id, past);
        id
    }

    pub(crate) fn open_streams(&self) -> usize {
        self.streams.len()
    }
}

impl Scorer for FakeScorer {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn objectives(&self) -> &[String] {
        &self.objectives
    }

    fn context_len(&self) -> usize {
        self.context
    }

    fn open(
        &mut self,
        prompt: &Prompt,
        parts: Parts,
        cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError> {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let past = Past {
            parts,
            prompt: prompt.clone(),
            tokens: Vec::new(),
        };
        let scores = self.scores(&past);
        Ok((self.add(past), scores))
    }

    fn advance(
        &mut self,
        stream: StreamId,
        tokens: &[TokenId],
        _: &CancelToken,
    ) -> Result<Vec<StepScores>, EngineError> {
        tokens
            .iter()
            .map(|&token| {
                let past = self.past(stream)?;
                past.tokens.push(token);
                let past = past.clone();
                self.read += 1;
                Ok(self.scores(&past))
            })
            .collect()
    }

    fn steady_tokens(&self) -> usize {
        3
    }

    fn step(&mut self, moves: &[(StreamId, TokenId)]) -> Result<Vec<StepScores>, EngineError> {
        if let Some(on_step) = &mut self.on_step {
            on_step();
        }
        let never = CancelToken::default();
        let mut all = Vec::new();
        for &(stream, token) in moves {
            all.append(&mut self.advance(stream, &[token], &never)?);
        }
        Ok(all)
    }

    fn truncate(&mut self, stream: StreamId, len: usize) -> Result<(), EngineError> {
        self.past(stream)?.tokens.truncate(len);
        Ok(())
    }

    fn fork(&mut self, stream: StreamId, parts: Parts) -> Result<StreamId, EngineError> {
        let mut past = self.past(stream)?.clone();
        past.parts = parts;
        Ok(self.add(past))
    }

    fn cache_bytes(&self, stream: StreamId) -> u64 {
        let read = self.streams.get(&stream).map(|past| past.tokens.len());
        read.unwrap_or(0) as u64 * BYTES_PER_TOKEN
    }

    fn close(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    fn rendered(&self, prompt: &Prompt) -> Result<(String, usize), EngineError> {
        Ok((format!("<{}>", prompt.text), 4))
    }

    /// A nat for every character of the prompt.
    fn surprise(&mut self, prompt: &Prompt, _cancel: &CancelToken) -> Result<f64, EngineError> {
        Ok(prompt.text.len() as f64)
    }

    fn encode_response(&self, text: &str) -> Result<Vec<TokenId>, EngineError> {
        Ok(text
            .split_whitespace()
            .filter_map(|word| word.trim_start_matches('w').parse().ok())
            .collect())
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        struct Words(Arc<[String]>);
        impl Detokenizer for Words {
            fn push(&mut self, token: TokenId) -> String {
                if token == 0 {
                    String::new()
                } else {
                    self.0[token as usize].clone()
                }
            }
            fn finish(&mut self) -> String {
                String::new()
            }
        }
        Box::new(Words(Arc::clone(&self.vocabulary.texts)))
    }
}
