//! A tokenizer for models that know no language: one made-up word per id.

use serde_json::{Map, Value, json};

use super::Text;
use crate::model::error::ModelError;
use tokenizers::Tokenizer;

impl Text {
    /// A tokenizer of `size` words, `w0`, `w1` and so on; any other word is read as `w0`. Nothing ends a text.
    ///
    /// # Errors
    /// A size of 0.
    pub fn of_words(size: usize) -> Result<Self, ModelError> {
        let vocabulary: Map<String, Value> =
            (0..size).map(|id| (format!("w{id}"), json!(id))).collect();
        let file = json!({
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "w0"},
        });
        let bytes = file.to_string().into_bytes();
        let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|error| ModelError::Broken {
            file: "the tokenizer of made-up words".to_owned(),
            why: "cannot be read".to_owned(),
            details: error.to_string(),
        })?;
        if size == 0 {
            return Err(ModelError::EmptyPrompt);
        }
        Ok(Self {
            tokenizer: tokenizer.into(),
            start: Vec::new(),
            ends: Vec::new(),
            chat: None,
            specials: Vec::new(),
            spelling: super::Spelling::Plain,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_token_and_no_token_ends_a_text() {
        let text = Text::of_words(12).unwrap();
        assert_eq!(text.size(), 12);
        assert_eq!(text.encode("w3 w11 other w0").unwrap(), [3, 11, 0, 0]);
        assert_eq!(text.texts(3), ["w0", "w1", "w2"]);
        assert!(text.ends().is_empty());
    }
}
