//! What any set of models must offer to be steered.

use std::sync::Arc;

use crate::domain::{CancelToken, Prompt, TokenId};
use crate::error::Failure;

/// One log-probability (or, for contrast rewards, a difference of two) per token id of the shared vocabulary, in nats.
pub type Row = Arc<[f32]>;

/// Names one text that a [`Scorer`] is reading: its prompt and the response tokens so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

/// The scores of every model at one position, before the token there is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct StepScores {
    /// `base(v)`: log-softmax of the base model over the shared vocabulary, nats.
    pub base: Row,
    /// `reward_i(v)` in lineup order, nats; empty where the stream reads the base only.
    pub rewards: Vec<Row>,
}

/// Which models read a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// The base and every objective.
    All,
    /// The base alone: rewards come back empty.
    Base,
}

/// The token ids that all models of a lineup share, and their texts.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Text of each id as it is shown in tables; incomplete bytes as `<0xE2>`.
    pub texts: Arc<[String]>,
    /// Ids that end a response; the first is the one that `--eos` appends.
    pub ends: Vec<TokenId>,
}

impl Vocabulary {
    /// Number of shared ids: the length of every row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether `token` ends a response.
    #[must_use]
    pub fn is_end(&self, token: TokenId) -> bool {
        self.ends.contains(&token)
    }
}

/// Why a scorer or the decoding loop gave up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// A person stopped the work.
    #[error("cancelled")]
    Cancelled,
    /// The stream was closed or never opened: a bug in the caller.
    #[error("stream {0} is not open")]
    UnknownStream(u64),
    /// A model gave a score that is not a number.
    #[error("the {model} gave a score that is not a number at response token {position}")]
    NotANumber {
        /// `base model` or `objective NAME`.
        model: String,
        /// Position in the response, from 0.
        position: usize,
    },
    /// The models failed.
    #[error("{0}")]
    Models(Failure),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Cancelled => Self::interrupted(),
            EngineError::Models(failure) => failure,
            EngineError::UnknownStream(_) => Self::failed(error.to_string()),
            EngineError::NotANumber { .. } => Self::failed(error.to_string())
                .hint("The model files may be damaged, or the dtype too small; try --dtype f32"),
        }
    }
}

/// Anything that can score the next token for every model of a lineup.
///
/// A stream is opened on a prompt and then grows by response tokens. Each model renders the prompt with its own template;
/// response tokens are the same ids for all. Every call checks `cancel` at least once per chunk of prompt or per token.
pub trait Scorer {
    /// The shared vocabulary.
    fn vocabulary(&self) -> &Vocabulary;

    /// Names of the objectives, in the order of [`StepScores::rewards`].
    fn objectives(&self) -> &[String];

    /// Most tokens (prompt and response) that a stream can hold.
    fn context_len(&self) -> usize;

    /// Most response tokens that fit behind `prompt` in every model; their templates may differ in length.
    ///
    /// # Errors
    /// As [`Scorer::open`].
    fn room(&self, prompt: &Prompt) -> Result<usize, EngineError> {
        let (_, len) = self.rendered(prompt)?;
        Ok(self.context_len().saturating_sub(len))
    }

    /// Reads `prompt` and returns the stream and the scores of the first response token.
    ///
    /// # Errors
    /// A prompt that is empty or longer than the context, a template that fails, or cancellation.
    fn open(
        &mut self,
        prompt: &Prompt,
        parts: Parts,
        cancel: &CancelToken,
    ) -> Result<(StreamId, StepScores), EngineError>;

    /// Appends `tokens` to the stream and returns the scores after each of them.
    ///
    /// # Errors
    /// A full context, an id outside the vocabulary, or cancellation.
    fn advance(
        &mut self,
        stream: StreamId,
        tokens: &[TokenId],
        cancel: &CancelToken,
    ) -> Result<Vec<StepScores>, EngineError>;

    /// Most tokens at a time that [`Scorer::advance`] reads to the very rows that [`Scorer::step`] gives one by one, to the
    /// last bit. A pass over more may add its products up in another order.
    fn steady_tokens(&self) -> usize {
        1
    }

    /// Advances several streams by one token each, in one pass over the weights where the layout allows it; the scores
    /// come back in the order of `moves`.
    ///
    /// # Errors
    /// As [`Scorer::advance`].
    fn step(&mut self, moves: &[(StreamId, TokenId)]) -> Result<Vec<StepScores>, EngineError>;

    /// Forgets everything after the first `len` response tokens.
    ///
    /// # Errors
    /// A stream that is not open.
    fn truncate(&mut self, stream: StreamId, len: usize) -> Result<(), EngineError>;

    /// A second stream with the same past, read by `parts` (a base-only stream cannot be widened to all).
    ///
    /// # Errors
    /// A stream that is not open, or no memory for its caches.
    fn fork(&mut self, stream: StreamId, parts: Parts) -> Result<StreamId, EngineError>;

    /// A second stream with the past of the first `len` response tokens, as if forked and then truncated.
    ///
    /// # Errors
    /// As [`Scorer::fork`].
    fn fork_at(
        &mut self,
        stream: StreamId,
        parts: Parts,
        len: usize,
    ) -> Result<StreamId, EngineError> {
        let fork = self.fork(stream, parts)?;
        self.truncate(fork, len)?;
        Ok(fork)
    }

    /// Bytes that the stream's caches take; 0 for one that is not open.
    fn cache_bytes(&self, stream: StreamId) -> u64;

    /// Frees the stream's caches; closing twice is harmless.
    fn close(&mut self, stream: StreamId);

    /// The prompt as the base model reads it (template applied), for display, and its length in tokens.
    ///
    /// # Errors
    /// As [`Scorer::open`].
    fn rendered(&self, prompt: &Prompt) -> Result<(String, usize), EngineError>;

    /// How unexpected the prompt is to the base: the mean of −log p over its tokens after the first, as the base reads it,
    /// nats per token.
    ///
    /// # Errors
    /// As [`Scorer::open`].
    fn surprise(&mut self, prompt: &Prompt, cancel: &CancelToken) -> Result<f64, EngineError>;

    /// Token ids of a response, tokenised by itself without special tokens.
    ///
    /// # Errors
    /// A tokenizer that fails on the text.
    fn encode_response(&self, text: &str) -> Result<Vec<TokenId>, EngineError>;

    /// An incremental detokeniser for one stream.
    fn detokenizer(&self) -> Box<dyn Detokenizer>;
}

/// Turns response ids into text piece by piece; the pieces of a stream joined are its text.
pub trait Detokenizer: Send {
    /// The text that `token` completes: empty while a character is still split over tokens.
    fn push(&mut self, token: TokenId) -> String;

    /// What is still held back at the end (an unfinished character, shown as U+FFFD), or nothing.
    fn finish(&mut self) -> String;
}
