//! A tokenizer of one's own, learnt from the text that the model will learn.

use std::path::Path;

use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

use super::data::Document;
use super::error::TrainError;
use super::files;

/// Ends a text; id 0.
pub const END: &str = "<|end|>";

/// Learns a byte-level BPE of up to `size` tokens, of which the first are the special `marks`. The same texts give the
/// same tokenizer.
///
/// # Errors
/// What the tokenizer library reports.
pub fn learn<'a>(
    texts: impl Iterator<Item = &'a str> + Send,
    size: usize,
    marks: &[&str],
) -> tokenizers::Result<Tokenizer> {
    let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let mut trainer: TrainerWrapper = BpeTrainerBuilder::new()
        .vocab_size(size)
        .min_frequency(2)
        .show_progress(false)
        .initial_alphabet(alphabet.into_iter().collect())
        .special_tokens(
            marks
                .iter()
                .map(|&mark| AddedToken::from(mark, true))
                .collect(),
        )
        .build()
        .into();
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer
        .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
        .with_decoder(Some(ByteLevel::new(false, true, true)));
    tokenizer.train(&mut trainer, texts)?;
    Ok(tokenizer)
}

/// Learns a byte-level BPE of up to `size` tokens and writes its two files to `folder`.
/// The same texts give the same tokenizer.
///
/// # Errors
/// A size too small for the 256 bytes; a folder that cannot be written to.
pub fn train(documents: &[Document], size: usize, folder: &Path) -> Result<(), TrainError> {
    if size < 300 {
        return Err(TrainError::Setting(format!(
            "a vocabulary needs at least 300 tokens to hold all bytes, not {size}"
        )));
    }
    let fail = |error: tokenizers::Error| TrainError::Model {
        summary: "the tokenizer could not be learnt".to_owned(),
        details: error.to_string(),
    };
    // Lines, not whole files: the trainer counts words, and shorter pieces bound its memory.
    let texts = documents.iter().flat_map(|document| match document {
        Document::Text(text) => text.split_inclusive('\n').collect::<Vec<&str>>(),
        Document::Answer { prompt, response } => vec![prompt.as_str(), response.as_str()],
    });
    let tokenizer = learn(texts, size, &[END]).map_err(fail)?;
    let json = tokenizer.to_string(true).map_err(fail)?;
    files::write_bytes(
        &folder.join("tokenizer.json"),
        "the tokenizer",
        json.as_bytes(),
    )?;
    let settings = serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "clean_up_tokenization_spaces": false,
    });
    files::write_json(
        &folder.join("tokenizer_config.json"),
        "the tokenizer",
        &settings,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::base::Home;

    #[test]
    fn a_learnt_tokenizer_reads_back_and_knows_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let text = "the cat sat on the mat, the cat sat\n".repeat(20);
        train(&[Document::Text(text)], 320, dir.path()).unwrap();
        let (text, _) = Home::tokenizer(dir.path()).text(&[], false).unwrap();
        assert_eq!(text.ends(), [0]);
        assert!(text.encode(" the cat").unwrap().len() <= 3);
        assert_eq!(text.encode("é").unwrap().len(), 2);
        assert!(train(&[], 200, dir.path()).is_err());
    }
}
