//! Words that a person types into the middle of a text.

use crate::domain::TokenId;
use crate::engine::scorer::{EngineError, Scorer};

/// Token ids of `words` as they stand behind `tokens`, which stay as they are.
///
/// Tokenizers treat the beginning of a text in ways of their own (many put a space there), so the words are tokenised
/// behind something: behind the text itself, and where a token would reach over its end, behind a mark that nothing merges
/// with. Where no way of this kind gives back the very letters, the words are tokenised by themselves.
///
/// # Errors
/// A tokenizer that fails on the text.
pub fn encode_behind(
    scorer: &dyn Scorer,
    tokens: &[TokenId],
    words: &str,
) -> Result<Vec<TokenId>, EngineError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let before = text(scorer, tokens);
    let wanted = format!("{before}{words}");
    for anchor in [before.as_str(), "\n", "."] {
        let whole = scorer.encode_response(&format!("{anchor}{words}"))?;
        if let Some(behind) = split(scorer, &whole, anchor) {
            let joined = [tokens, behind].concat();
            if text(scorer, &joined) == wanted {
                return Ok(behind.to_vec());
            }
        }
    }
    scorer.encode_response(words)
}

/// The ids behind those that make up `anchor`, where one ends just there.
fn split<'a>(scorer: &dyn Scorer, ids: &'a [TokenId], anchor: &str) -> Option<&'a [TokenId]> {
    let mut detokenizer = scorer.detokenizer();
    let mut len = 0;
    for (index, &id) in ids.iter().enumerate() {
        if len == anchor.len() {
            return Some(&ids[index..]);
        }
        len += detokenizer.push(id).len();
    }
    None
}

/// What `tokens` read as when they begin a text.
#[must_use]
pub fn text(scorer: &dyn Scorer, tokens: &[TokenId]) -> String {
    let mut detokenizer = scorer.detokenizer();
    let mut text: String = tokens.iter().map(|&id| detokenizer.push(id)).collect();
    text.push_str(&detokenizer.finish());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake::FakeScorer;

    #[test]
    fn typed_words_get_the_ids_that_they_have_in_their_place() {
        let scorer = FakeScorer::new(&[]);
        assert_eq!(encode_behind(&scorer, &[3, 4], " w5 w6").unwrap(), [5, 6]);
        assert_eq!(encode_behind(&scorer, &[], " w5").unwrap(), [5]);
        assert_eq!(encode_behind(&scorer, &[3], "").unwrap(), [0; 0]);
    }
}
