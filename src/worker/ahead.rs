//! What would be written behind a beginning: a few tokens, looked up while the worker has nothing else to do.
//!
//! The tokens are those that a [`super::GenerateRequest`] with the same beginning, weights and sampling would write: the
//! same rows, the same mix, the same noise. The streams that texts are written on from stay as they are.

use std::sync::Arc;

use super::inbox::Inbox;
use super::serve::check_weights;
use super::{Engine, Event, Outbox};
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Prompt, RunId, Sampling, TokenId};
use crate::engine::mix::mix;
use crate::engine::sample::draw;
use crate::engine::scorer::EngineError;
use crate::error::Failure;

/// A look at what would be written.
#[derive(Debug, Clone)]
pub struct AheadRequest {
    /// Its name.
    pub run: RunId,
    /// Ends it at the next token, without a word.
    pub cancel: CancelToken,
    /// What the models read.
    pub prompt: Prompt,
    /// One weight per objective of the lineup.
    pub weights: ObjectiveWeights,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// What the text begins with. Only the last may be one that ends it.
    pub tokens: Arc<[TokenId]>,
    /// How many tokens behind that are wanted at most.
    pub most: usize,
}

/// What would be written, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ahead {
    /// The characters behind the beginning.
    pub text: String,
    /// How many tokens they are.
    pub tokens: usize,
    /// Why the text would end there, where it would.
    pub finish: Option<Finish>,
}

/// How a look ended.
pub(super) enum Looked {
    /// All that was asked for is told, or nobody wants it any more.
    Done,
    /// Something that cannot wait has come.
    Interrupted,
}

/// Writes what would come, aside from everything that is kept, and tells it token by token.
pub(super) fn look_ahead(
    engine: &mut Engine,
    request: &AheadRequest,
    inbox: &mut Inbox,
    outbox: &Outbox<'_>,
) -> Result<Looked, Failure> {
    let scorer = engine.loaded.scorer.as_mut();
    check_weights(scorer, &request.weights)?;
    request.sampling.check().map_err(Failure::usage)?;
    let mut tokens = request.tokens.to_vec();
    let words = scorer.vocabulary().len();
    if let Some(id) = tokens.iter().find(|&&id| id as usize >= words) {
        return Err(Failure::usage(format!(
            "The text cannot begin with token {id}: the models share {words} tokens"
        )));
    }
    let room = scorer.room(&request.prompt)?;
    let longest = request.sampling.max_tokens.min(room).max(1);
    let mut detokenizer = scorer.detokenizer();
    for &token in &tokens {
        detokenizer.push(token);
    }
    let ends = |scorer: &dyn crate::engine::scorer::Scorer, tokens: &[TokenId]| {
        let last = tokens.last();
        if last.is_some_and(|&token| scorer.vocabulary().is_end(token)) {
            Some(Finish::Eos)
        } else {
            (tokens.len() >= longest).then_some(Finish::Length)
        }
    };
    let run = request.run;
    let mut ahead = Ahead {
        finish: ends(scorer, &tokens),
        ..Ahead::default()
    };
    if ahead.finish.is_some() || request.most == 0 {
        outbox.send(Event::Ahead { run, ahead });
        return Ok(Looked::Done);
    }
    let mut give_way = || request.cancel.is_cancelled() || inbox.is_waited_for(outbox);
    let read = engine.kept.read_aside(
        scorer,
        &request.prompt,
        &tokens,
        &request.cancel,
        &mut give_way,
    );
    let (reading, mut scores) = match read {
        Ok(read) => read,
        Err(EngineError::Cancelled) => return Ok(Looked::Interrupted),
        Err(error) => return Err(error.into()),
    };
    let looked = loop {
        let mixed = mix(&scores, &request.weights);
        let token = draw(&mixed.scores, &request.sampling, tokens.len());
        tokens.push(token);
        ahead.text.push_str(&detokenizer.push(token));
        ahead.tokens += 1;
        ahead.finish = ends(scorer, &tokens);
        outbox.send(Event::Ahead {
            run,
            ahead: ahead.clone(),
        });
        if ahead.finish.is_some() || ahead.tokens >= request.most {
            break Ok(Looked::Done);
        }
        if give_way() {
            break Ok(Looked::Interrupted);
        }
        match scorer.step(&[(reading.stream, token)]) {
            Ok(mut rows) => {
                if let Some(row) = rows.pop() {
                    scores = row;
                }
            }
            Err(error) => break Err(error.into()),
        }
    };
    scorer.close(reading.stream);
    looked
}
