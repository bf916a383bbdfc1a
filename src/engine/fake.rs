//! A scorer for tests: rows follow from the tokens alone, by a hash, so every expectation can be worked out independently.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{CancelToken, Prompt, TokenId};
use crate::engine::mix::log_softmax;
use crate::engine::noise::PositionNoise;
use crate::engine::scorer::{
    Detokenizer, EngineError, Parts, Scorer, StepScores, StreamId, Vocabulary,
};

/// Token 0 ends a text.
pub(crate) const VOCABULARY: usize = 32;

pub(crate) struct FakeScorer {
    vocabulary: Vocabulary,
    objectives: Vec<String>,
    streams: BTreeMap<StreamId, (Parts, Vec<TokenId>)>,
    next: u64,
    context: usize,
    /// Streams ever opened or forked.
    pub(crate) made: usize,
    /// Panics at this many response tokens, to test the worker's guard.
    pub(crate) panic_at: Option<usize>,
}

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
            panic_at: None,
        }
    }

    /// What every model says after `tokens`.
    pub(crate) fn rows(objectives: usize, tokens: &[TokenId]) -> StepScores {
        let state = tokens.iter().fold(7u64, |h, &t| {
            h.wrapping_mul(31).wrapping_add(u64::from(t) + 1)
        });
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

    fn scores(&self, parts: Parts, tokens: &[TokenId]) -> StepScores {
        assert!(
            self.panic_at.is_none_or(|at| tokens.len() < at),
            "the fake scorer was asked to panic"
        );
        let count = match parts {
            Parts::All => self.objectives.len(),
            Parts::Base => 0,
        };
        Self::rows(count, tokens)
    }

    fn add(&mut self, parts: Parts, tokens: Vec<TokenId>) -> StreamId {
        let id = StreamId(self.next);
        self.next += 1;
        self.made += 1;
        self.streams.insert(id, (parts, tokens));
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
        _: &Prompt,
        parts: Parts,
        cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError> {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let id = self.add(parts, Vec::new());
        Ok((id, self.scores(parts, &[])))
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
                let (parts, past) = self
                    .streams
                    .get_mut(&stream)
                    .ok_or(EngineError::UnknownStream(stream.0))?;
                past.push(token);
                let (parts, past) = (*parts, past.clone());
                Ok(self.scores(parts, &past))
            })
            .collect()
    }

    fn step(&mut self, moves: &[(StreamId, TokenId)]) -> Result<Vec<StepScores>, EngineError> {
        let never = CancelToken::default();
        let mut all = Vec::new();
        for &(stream, token) in moves {
            all.append(&mut self.advance(stream, &[token], &never)?);
        }
        Ok(all)
    }

    fn truncate(&mut self, stream: StreamId, len: usize) -> Result<(), EngineError> {
        let (_, past) = self
            .streams
            .get_mut(&stream)
            .ok_or(EngineError::UnknownStream(stream.0))?;
        past.truncate(len);
        Ok(())
    }

    fn fork(&mut self, stream: StreamId, parts: Parts) -> Result<StreamId, EngineError> {
        let (_, past) = self
            .streams
            .get(&stream)
            .ok_or(EngineError::UnknownStream(stream.0))?
            .clone();
        Ok(self.add(parts, past))
    }

    fn close(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    fn rendered(&self, prompt: &Prompt) -> Result<(String, usize), EngineError> {
        Ok((format!("<{}>", prompt.text), 4))
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
