//! The demo's tokenizer and template, and the token ids of its texts.

use std::path::Path;

use tokenizers::Tokenizer;

use super::super::sample::Labelled;
use super::RecipeError;
use crate::train::tokenizer::learn;

/// Entries of the vocabulary.
pub const VOCABULARY: usize = 2048;
/// Ends a response; id 0.
pub const END: &str = "<|end|>";
/// Stands before a question; id 1.
const QUESTION: &str = "<|question|>";
/// Stands before an answer; id 2.
const ANSWER: &str = "<|answer|>";

/// The chat template that goes with the tokenizer: a mark before every question, a mark before every answer.
const TEMPLATE: &str = "{% for message in messages %}\
    {% if message.role == 'assistant' %}<|answer|>{{ message.content }}<|end|>\
    {% else %}<|question|>{{ message.content | trim }}{% endif %}\
    {% endfor %}\
    {% if add_generation_prompt %}<|answer|>{% endif %}";

/// Trains a byte-level BPE tokenizer on questions and answers. The same texts give the same tokenizer.
///
/// # Errors
/// What the tokenizer library reports.
pub fn train_tokenizer(corpus: &[Labelled]) -> Result<Tokenizer, RecipeError> {
    let texts = corpus
        .iter()
        .flat_map(|item| [item.question.as_str(), item.answer.as_str()]);
    learn(texts, VOCABULARY, &[END, QUESTION, ANSWER]).map_err(RecipeError::Tokenizer)
}

/// Writes `tokenizer.json` and `tokenizer_config.json` into `folder`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn save_tokenizer(
    tokenizer: &Tokenizer,
    context: usize,
    folder: &Path,
) -> Result<(), RecipeError> {
    tokenizer
        .save(folder.join("tokenizer.json"), false)
        .map_err(RecipeError::Tokenizer)?;
    let config = serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "additional_special_tokens": [QUESTION, ANSWER],
        "model_max_length": context,
        "clean_up_tokenization_spaces": false,
        "chat_template": TEMPLATE,
    });
    super::write_json(&folder.join("tokenizer_config.json"), &config)
}

/// Token ids of questions and answers.
pub struct Encoder {
    tokenizer: Tokenizer,
}

impl Encoder {
    /// Encodes with `tokenizer`.
    #[must_use]
    pub fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer }
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, RecipeError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(RecipeError::Tokenizer)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The prompt as the template renders it.
    ///
    /// # Errors
    /// What the tokenizer library reports.
    pub fn prompt(&self, question: &str) -> Result<Vec<u32>, RecipeError> {
        self.ids(&format!("{QUESTION}{question}{ANSWER}"))
    }

    /// The answer with its end mark.
    ///
    /// # Errors
    /// What the tokenizer library reports.
    pub fn answer(&self, answer: &str) -> Result<Vec<u32>, RecipeError> {
        let mut ids = self.ids(answer)?;
        ids.push(0);
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{Sampler, Split};
    use super::super::super::world::World;
    use super::*;

    fn corpus() -> Vec<Labelled> {
        Sampler::new(&World::embedded().unwrap(), 1).labelled(Split::Train, 600)
    }

    #[test]
    fn the_same_corpus_gives_the_same_tokenizer_of_2048_entries() {
        let corpus = corpus();
        let one = train_tokenizer(&corpus).unwrap();
        let two = train_tokenizer(&corpus).unwrap();
        assert_eq!(one.to_string(false).unwrap(), two.to_string(false).unwrap());
        assert_eq!(one.get_vocab_size(true), VOCABULARY);
    }

    #[test]
    fn marks_are_single_tokens_and_text_comes_back() {
        let corpus = corpus();
        let tokenizer = train_tokenizer(&corpus).unwrap();
        let encoder = Encoder::new(tokenizer.clone());
        let prompt = encoder.prompt("Why?").unwrap();
        assert_eq!((prompt.first(), prompt.last()), (Some(&1), Some(&2)));
        let answer = encoder.answer(&corpus[0].answer).unwrap();
        assert_eq!(answer.last(), Some(&0));
        let text = tokenizer
            .decode(&answer[..answer.len() - 1], false)
            .unwrap();
        assert_eq!(text, corpus[0].answer);
        assert!(answer.len() < corpus[0].answer.len() / 2);
    }
}
