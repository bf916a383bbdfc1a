//! Answers from recorded rows in place of the models, as far as they go.

use std::collections::HashMap;
use std::sync::Arc;

use super::{NEEDS_MODEL, Record, Tree};
use crate::domain::{CancelToken, LineupInfo, Prompt, TokenId};
use crate::engine::scorer::{
    Detokenizer, EngineError, Parts, Scorer, StepScores, StreamId, Vocabulary,
};
use crate::engine::trace::StoredRows;
use crate::error::Failure;

/// A run's rows as a scorer: a text goes on as long as it stays on what was recorded.
#[derive(Debug)]
pub struct RecordedScorer {
    record: Arc<Record>,
    vocabulary: Vocabulary,
    names: Vec<String>,
    streams: HashMap<StreamId, Stream>,
    next: u64,
}

#[derive(Debug, Clone)]
struct Stream {
    parts: Parts,
    /// The places that it has been at; the root is the first.
    path: Vec<usize>,
}

impl RecordedScorer {
    /// A scorer over the rows of this run.
    #[must_use]
    pub fn new(record: Arc<Record>) -> Self {
        Self {
            vocabulary: Vocabulary {
                texts: Arc::clone(&record.info.texts),
                ends: record.ends(),
            },
            names: (record.info.objectives.iter())
                .map(|objective| objective.name.clone())
                .collect(),
            record,
            streams: HashMap::new(),
            next: 0,
        }
    }

    /// Facts about the models that wrote the run, as a front end is told of a lineup.
    #[must_use]
    pub fn info(&self) -> LineupInfo {
        LineupInfo {
            device: "Recorded: no model is loaded".to_owned(),
            familiar: None,
            ..(*self.record.info).clone()
        }
    }

    fn scores(&self, place: usize, parts: Parts) -> Result<StepScores, EngineError> {
        let rows = self.record.tree.rows(place);
        let mut scores = rows.and_then(StoredRows::scores).ok_or_else(needs_model)?;
        if parts == Parts::Base {
            scores.rewards.clear();
        }
        Ok(scores)
    }

    fn stream(&mut self, stream: StreamId) -> Result<&mut Stream, EngineError> {
        let known = self.streams.get_mut(&stream);
        known.ok_or(EngineError::UnknownStream(stream.0))
    }

    fn insert(&mut self, stream: Stream) -> StreamId {
        self.next += 1;
        let id = StreamId(self.next);
        self.streams.insert(id, stream);
        id
    }

    fn advance_one(&mut self, id: StreamId, token: TokenId) -> Result<StepScores, EngineError> {
        let tree = Arc::clone(&self.record.tree);
        let stream = self.stream(id)?;
        let here = stream.path.last().copied().unwrap_or_default();
        let child = tree.child(here, token).ok_or_else(needs_model)?;
        stream.path.push(child);
        let parts = stream.parts;
        self.scores(child, parts)
    }
}

fn needs_model() -> EngineError {
    EngineError::Models(
        Failure::failed(NEEDS_MODEL).hint("Load the models of this run to let it go on"),
    )
}

fn other_prompt() -> EngineError {
    EngineError::Models(
        Failure::failed("A recorded run answers its own prompt only")
            .hint("Load models to write on another prompt"),
    )
}

impl Scorer for RecordedScorer {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn objectives(&self) -> &[String] {
        &self.names
    }

    fn context_len(&self) -> usize {
        self.record.info.context_len
    }

    fn open(
        &mut self,
        prompt: &Prompt,
        parts: Parts,
        _cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError> {
        self.rendered(prompt)?;
        let scores = self.scores(0, parts)?;
        let path = vec![0];
        Ok((self.insert(Stream { parts, path }), scores))
    }

    fn advance(
        &mut self,
        stream: StreamId,
        tokens: &[TokenId],
        cancel: &CancelToken,
    ) -> Result<Vec<StepScores>, EngineError> {
        let mut all = Vec::with_capacity(tokens.len());
        for &token in tokens {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            all.push(self.advance_one(stream, token)?);
        }
        Ok(all)
    }

    fn step(&mut self, moves: &[(StreamId, TokenId)]) -> Result<Vec<StepScores>, EngineError> {
        let moves = moves.iter();
        moves
            .map(|&(stream, token)| self.advance_one(stream, token))
            .collect()
    }

    fn truncate(&mut self, stream: StreamId, len: usize) -> Result<(), EngineError> {
        self.stream(stream)?.path.truncate(len + 1);
        Ok(())
    }

    fn fork(&mut self, stream: StreamId, parts: Parts) -> Result<StreamId, EngineError> {
        let path = self.stream(stream)?.path.clone();
        Ok(self.insert(Stream { parts, path }))
    }

    fn cache_bytes(&self, _stream: StreamId) -> u64 {
        0
    }

    fn close(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    fn rendered(&self, prompt: &Prompt) -> Result<(String, usize), EngineError> {
        if *prompt == self.record.prompt {
            Ok((self.record.rendered.clone(), self.record.prompt_tokens))
        } else {
            Err(other_prompt())
        }
    }

    fn surprise(&mut self, prompt: &Prompt, _cancel: &CancelToken) -> Result<f64, EngineError> {
        self.rendered(prompt).map(|_| 0.0)
    }

    fn encode_response(&self, _text: &str) -> Result<Vec<TokenId>, EngineError> {
        Err(needs_model())
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        Box::new(Pieces {
            tree: Arc::clone(&self.record.tree),
            texts: Arc::clone(&self.vocabulary.texts),
            place: Some(0),
        })
    }
}

/// The characters that tokens completed when they were recorded.
struct Pieces {
    tree: Arc<Tree>,
    texts: Arc<[String]>,
    place: Option<usize>,
}

impl Detokenizer for Pieces {
    fn push(&mut self, token: TokenId) -> String {
        self.place = self.place.and_then(|place| self.tree.child(place, token));
        match self.place {
            Some(place) => self.tree.nodes()[place].piece.clone(),
            None => self.texts.get(token as usize).cloned().unwrap_or_default(),
        }
    }

    fn finish(&mut self) -> String {
        String::new()
    }
}
