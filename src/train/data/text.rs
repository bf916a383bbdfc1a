//! Text for language models: running text, or a prompt with its response.

use std::path::Path;

use serde_json::Value;

use super::{BadLine, looks_like_records, read_text, sift, string};
use crate::train::error::TrainError;

/// One piece of text that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Running text.
    Text(String),
    /// Words of a person and what is answered.
    Answer {
        /// The person's words; the model's template applies to them.
        prompt: String,
        /// The answer.
        response: String,
    },
}

/// The content of a text file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documents {
    /// The good pieces, in order.
    pub documents: Vec<Document>,
    /// The lines left out, in order.
    pub skipped: Vec<BadLine>,
}

/// Reads text to learn: JSON records of `{prompt, response}` or `{text}` where the file begins as JSON does, and else
/// the whole file as one text.
///
/// # Errors
/// A file that is missing, broken or empty; a bad line where `strict`, or where no line is good.
pub fn read_documents(path: &Path, strict: bool) -> Result<Documents, TrainError> {
    let text = read_text(path)?;
    if !looks_like_records(&text) {
        return Ok(Documents {
            documents: vec![Document::Text(text)],
            skipped: Vec::new(),
        });
    }
    let (documents, skipped) = sift(path, &text, strict, |_, value| parse(value))?;
    Ok(Documents { documents, skipped })
}

fn parse(value: &Value) -> Result<Document, String> {
    if !value.is_object() {
        return Err("not a JSON object".to_owned());
    }
    if value.get("text").is_some() {
        let text = string(value, "text")?;
        return if text.trim().is_empty() {
            Err("the text is empty".to_owned())
        } else {
            Ok(Document::Text(text.to_owned()))
        };
    }
    let prompt = string(value, "prompt")?.to_owned();
    let response = string(value, "response")?.to_owned();
    if response.trim().is_empty() {
        return Err("the response is empty".to_owned());
    }
    Ok(Document::Answer { prompt, response })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Documents, TrainError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        std::fs::write(&path, content).unwrap();
        read_documents(&path, false)
    }

    #[test]
    fn running_text_is_one_document_even_if_it_begins_with_a_bracket() {
        for text in ["Once upon a time.\n", "[Enter a king.]\n", "{ stage left }"] {
            assert_eq!(
                read(text).unwrap().documents,
                [Document::Text(text.to_owned())]
            );
        }
    }

    #[test]
    fn records_hold_answers_or_text() {
        let found =
            read("{\"prompt\":\"p\",\"response\":\"r\"}\n{\"text\":\"t\"}\n{\"prompt\":\"p\"}\n")
                .unwrap();
        let answer = Document::Answer {
            prompt: "p".to_owned(),
            response: "r".to_owned(),
        };
        assert_eq!(found.documents, [answer, Document::Text("t".to_owned())]);
        assert_eq!(found.skipped[0].reason, "`response` is missing");
        assert_eq!(found.skipped[0].line, 3);
    }
}
