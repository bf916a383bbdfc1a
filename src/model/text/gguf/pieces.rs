//! The BPE of SentencePiece: pieces with a score each, of two that stand side by side the pair that makes the best piece is
//! joined first; `▁` stands for a space, and what no piece covers is spelt in bytes.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::utils::Sequence as Normalizers;
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace};

use super::{Made, Tokens, kind};
use crate::domain::TokenId;
use crate::model::error::ModelError;
use crate::model::gguf::Gguf;
use crate::model::text::Spelling;

/// Longest piece, in characters, whose parts are looked for; real ones stay below 100.
const LONGEST_PIECE: usize = 512;

/// The tokenizer of a file of the kind `llama`.
pub(super) fn make(file: &Gguf, role: &str, tokens: &Tokens) -> Result<Made, ModelError> {
    let whose = || format!("the tokenizer of {role}");
    let scores = file.numbers("tokenizer.ggml.scores").unwrap_or_default();
    if scores.len() != tokens.texts.len() {
        return Err(ModelError::broken(
            whose(),
            format!(
                "has {} tokens and {} scores",
                tokens.texts.len(),
                scores.len()
            ),
        ));
    }
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| ModelError::Broken {
        file: whose(),
        why: "cannot be put together".to_owned(),
        details: error.to_string(),
    };
    let vocabulary: HashMap<&str, TokenId> = tokens.real().map(|(id, text)| (text, id)).collect();
    let merges = merges(tokens, &vocabulary, &scores);
    let unknown = tokens
        .real()
        .find(|(id, _)| tokens.kind(*id as usize) == Some(kind::UNKNOWN))
        .map(|(_, text)| text.to_owned());
    let known: Vocab = tokens
        .real()
        .map(|(id, text)| (text.to_owned(), id))
        .collect();
    let mut builder = BPE::builder()
        .vocab_and_merges(known, merges)
        .fuse_unk(true)
        .byte_fallback(vocabulary.contains_key("<0x0A>"));
    if let Some(unknown) = unknown {
        builder = builder.unk_token(unknown);
    }
    let mut tokenizer = Tokenizer::new(builder.build().map_err(broken)?);
    let with_prefix = file.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
    let spaces: NormalizerWrapper = Replace::new(" ", "\u{2581}").map_err(broken)?.into();
    if with_prefix {
        let prefix = Prepend::new("\u{2581}".to_owned()).into();
        tokenizer.with_normalizer(Some(Normalizers::new(vec![prefix, spaces])))
    } else {
        tokenizer.with_normalizer(Some(spaces))
    }
    .map_err(broken)?;
    let mut steps: Vec<DecoderWrapper> = vec![
        Replace::new("\u{2581}", " ").map_err(broken)?.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ];
    if with_prefix {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    tokenizer.with_decoder(Some(Decoders::new(steps)));
    Ok(Made {
        tokenizer,
        spelling: Spelling::Pieces,
        starts: true,
    })
}

/// Every way to join two pieces to a third, the best piece first, in the order that transformers gives them.
fn merges(
    tokens: &Tokens,
    vocabulary: &HashMap<&str, TokenId>,
    scores: &[f64],
) -> Vec<(String, String)> {
    /// A piece's score, the lengths of its parts, and the parts.
    struct Merge<'a> {
        score: f64,
        lens: (usize, usize),
        parts: (&'a str, &'a str),
    }
    let mut found: Vec<Merge<'_>> = Vec::new();
    for (id, piece) in tokens.real() {
        let len = piece.chars().count();
        if len > LONGEST_PIECE {
            continue;
        }
        let from = found.len();
        for (index, (at, _)) in piece.char_indices().enumerate().skip(1) {
            let parts = piece.split_at(at);
            if vocabulary.contains_key(parts.0) && vocabulary.contains_key(parts.1) {
                found.push(Merge {
                    score: scores[id as usize],
                    lens: (index, len - index),
                    parts,
                });
            }
        }
        found[from..].sort_by_key(|merge| (vocabulary[merge.parts.0], vocabulary[merge.parts.1]));
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.lens.cmp(&a.lens)));
    let pairs = found.into_iter().map(|merge| merge.parts);
    pairs.map(|(l, r)| (l.to_owned(), r.to_owned())).collect()
}
