//! From texts to token sequences of bounded length.

use serde::{Deserialize, Serialize};

use super::data::{BadLine, Document, Pair};
use super::error::TrainError;
use super::examples::{PairExample, TextExample};
use crate::domain::{Prompt, TokenId};
use crate::model::template::Template;
use crate::model::text::Text;

/// Longest sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Tokens of a prompt; of a longer one the end is kept.
    pub prompt: usize,
    /// Tokens of prompt and answer together; longer answers are cut and lose their end token.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            prompt: 512,
            total: 1024,
        }
    }
}

/// Pairs as tokens, and what had to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenPairs {
    /// Ready to learn from.
    pub pairs: Vec<PairExample>,
    /// Pairs whose prompt lost its beginning.
    pub prompts_cut: usize,
    /// Pairs of which an answer lost its end.
    pub answers_cut: usize,
    /// Pairs that no template or tokenizer could read.
    pub skipped: Vec<BadLine>,
}

/// A tokenizer with the template that prompts go through.
#[derive(Debug)]
pub struct Tongue {
    /// The tokenizer.
    pub text: Text,
    /// How prompts are rendered.
    pub template: Template,
}

impl Tongue {
    /// Renders and encodes a prompt; `None` with the reason where that fails.
    fn prompt(&self, prompt: &Prompt) -> Result<Vec<TokenId>, String> {
        self.text
            .read(&self.template, prompt, None)
            .map(|(_, ids)| ids)
            .map_err(|error| error.to_string())
    }

    /// An answer with its end token.
    fn answer(&self, text: &str) -> Result<Vec<TokenId>, String> {
        let mut ids = self.text.encode(text).map_err(|error| error.to_string())?;
        ids.extend(self.text.ends().first());
        Ok(ids)
    }

    /// Encodes preference pairs: the answers by themselves, without special tokens, then the end token.
    #[must_use]
    pub fn pairs(&self, pairs: &[Pair], limits: Limits) -> TokenPairs {
        let mut out = TokenPairs::default();
        for pair in pairs {
            match self.pair(pair, limits) {
                Ok((example, prompt_cut, answer_cut)) => {
                    out.prompts_cut += usize::from(prompt_cut);
                    out.answers_cut += usize::from(answer_cut);
                    out.pairs.push(example);
                }
                Err(reason) => out.skipped.push(BadLine {
                    line: pair.line,
                    reason,
                }),
            }
        }
        out
    }

    fn pair(&self, pair: &Pair, limits: Limits) -> Result<(PairExample, bool, bool), String> {
        let mut prompt = self.prompt(&pair.prompt.to_prompt())?;
        let prompt_cut = shorten_prompt(&mut prompt, limits.prompt.min(limits.total - 1));
        let room = limits.total - prompt.len();
        let mut answer_cut = false;
        let mut answer = |text: &str| -> Result<Vec<TokenId>, String> {
            let mut ids = self.answer(text)?;
            answer_cut |= ids.len() > room;
            ids.truncate(room);
            if ids.is_empty() {
                return Err("an answer has no tokens".to_owned());
            }
            Ok(ids)
        };
        let example = PairExample {
            chosen: answer(&pair.chosen)?,
            rejected: answer(&pair.rejected)?,
            prompt,
        };
        Ok((example, prompt_cut, answer_cut))
    }

    /// Encodes texts: running ones are joined by end tokens and cut into windows of `context` tokens, each beginning
    /// with the last token of the one before; answers stay by themselves and count alone, unless `all` counts.
    ///
    /// # Errors
    /// A text that the tokenizer fails on.
    pub fn documents(
        &self,
        documents: &[Document],
        context: usize,
        all: bool,
    ) -> Result<Vec<TextExample>, TrainError> {
        let mut running: Vec<TokenId> = Vec::new();
        let mut examples = Vec::new();
        for document in documents {
            match document {
                Document::Text(text) => {
                    running.extend(self.text.encode_prompt(text)?);
                    running.extend(self.text.ends().first());
                }
                Document::Answer { prompt, response } => {
                    let prompt = Prompt::of(prompt.clone());
                    let fail = |reason| TrainError::Model {
                        summary: "a text could not be turned into tokens".to_owned(),
                        details: reason,
                    };
                    let mut tokens = self.prompt(&prompt).map_err(fail)?;
                    shorten_prompt(&mut tokens, context - 1);
                    let first = if all { 0 } else { tokens.len() };
                    tokens.extend(self.answer(response).map_err(fail)?);
                    tokens.truncate(context);
                    examples.push(TextExample { tokens, first });
                }
            }
        }
        examples.extend(windows(&running, context));
        Ok(examples)
    }
}

/// Cuts a run of tokens into windows that share one token at their borders, so that each token but the first counts once.
fn windows(running: &[TokenId], context: usize) -> impl Iterator<Item = TextExample> {
    let stride = context.max(2) - 1;
    (0..running.len().saturating_sub(1))
        .step_by(stride)
        .map(move |from| TextExample {
            tokens: running[from..running.len().min(from + stride + 1)].to_vec(),
            first: 0,
        })
}

/// Keeps the first token, which may begin every text, and the newest of the others.
fn shorten_prompt(prompt: &mut Vec<TokenId>, limit: usize) -> bool {
    let excess = prompt.len().saturating_sub(limit.max(1));
    if excess > 0 {
        let from = usize::from(limit > 1);
        prompt.drain(from..from + excess);
    }
    excess > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_count_every_token_once() {
        let running: Vec<TokenId> = (0..10).collect();
        let cut: Vec<Vec<TokenId>> = windows(&running, 4).map(|window| window.tokens).collect();
        assert_eq!(cut, [vec![0, 1, 2, 3], vec![3, 4, 5, 6], vec![6, 7, 8, 9]]);
        let targets: usize = cut.iter().map(|window| window.len() - 1).sum();
        assert_eq!(targets, 9);
    }

    #[test]
    fn a_long_prompt_keeps_its_first_token_and_its_end() {
        let mut prompt: Vec<TokenId> = (0..10).collect();
        assert!(shorten_prompt(&mut prompt, 4));
        assert_eq!(prompt, [0, 7, 8, 9]);
        assert!(!shorten_prompt(&mut prompt, 4));
    }
}
