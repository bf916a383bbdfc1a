//! Byte-level BPE: letters that stand for bytes, joined by a list of merges within pieces that a pattern cuts out.

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use super::{Made, Tokens, unsupported};
use crate::model::error::ModelError;
use crate::model::gguf::Gguf;
use crate::model::text::Spelling;

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a text is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// By this pattern.
    Pattern(&'static str),
    /// By GPT-2's own.
    Gpt2,
    /// Digits one by one, the rest by GPT-2's own.
    DigitsAndGpt2,
}

/// What the name of a file's pieces stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pre {
    cut: Cut,
    /// Whether letters and their marks are first joined.
    composed: bool,
    /// Whether a piece that is a token is taken whole, without merges.
    whole: bool,
    /// Whether a text starts with the start token where the file does not say.
    starts: bool,
}

/// The names are those of llama.cpp's converter.
fn pre(name: &str) -> Option<Pre> {
    let plain = |cut| Pre {
        cut,
        composed: false,
        whole: false,
        starts: false,
    };
    let pattern = |pattern| plain(Cut::Pattern(pattern));
    Some(match name {
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0"
        | "lfm2" => Pre {
            whole: true,
            starts: true,
            ..pattern(LLAMA3)
        },
        "dbrx" | "smaug-bpe" | "chatglm-bpe" => pattern(LLAMA3),
        "glm4" => Pre {
            whole: true,
            ..pattern(LLAMA3)
        },
        "qwen2" | "deepseek-r1-qwen" | "megrez" | "stablelm2" => Pre {
            composed: true,
            ..pattern(QWEN2)
        },
        "qwen35" => Pre {
            composed: true,
            ..pattern(QWEN35)
        },
        "tekken" => Pre {
            whole: true,
            starts: true,
            ..pattern(TEKKEN)
        },
        "gpt-4o" | "llama4" => pattern(GPT4O),
        "gpt-2" | "phi-2" => plain(Cut::Gpt2),
        "smollm" | "starcoder" | "refact" | "codeshell" => plain(Cut::DigitsAndGpt2),
        _ => return None,
    })
}

/// The tokenizer of a file of the kind `gpt2`.
pub(super) fn make(file: &Gguf, role: &str, tokens: &Tokens) -> Result<Made, ModelError> {
    let name = file.text("tokenizer.ggml.pre").unwrap_or_default();
    let Some(pre) = pre(name) else {
        let what = if matches!(name, "" | "default") {
            "a tokenizer that does not say how it cuts texts into pieces".to_owned()
        } else {
            format!("a tokenizer that cuts texts into pieces as {name} does")
        };
        return Err(unsupported(&what, role));
    };
    let broken = |why: String| ModelError::Broken {
        file: format!("the tokenizer of {role}"),
        why: "cannot be put together".to_owned(),
        details: why,
    };
    let Some(written) = file.texts("tokenizer.ggml.merges") else {
        return Err(ModelError::broken(
            format!("the tokenizer of {role}"),
            "has no list of merges",
        ));
    };
    // Tokens never hold a plain space, but a merge may start with one in the words of some converters.
    let merges: Option<Vec<(String, String)>> = written
        .map(|merge| {
            let first = merge.chars().next()?.len_utf8();
            let at = merge[first..].find(' ')? + first;
            Some((merge[..at].to_owned(), merge[at + 1..].to_owned()))
        })
        .collect();
    let merges = merges.ok_or_else(|| broken("a merge is not two tokens".to_owned()))?;
    let vocabulary: Vocab = tokens
        .real()
        .map(|(id, text)| (text.to_owned(), id))
        .collect();
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(pre.whole)
        .build()
        .map_err(|error| broken(error.to_string()))?;
    let mut tokenizer = Tokenizer::new(model);
    if pre.composed {
        tokenizer
            .with_normalizer(Some(NFC))
            .map_err(|error| broken(error.to_string()))?;
    }
    let bytes = |cuts| ByteLevel::new(false, false, cuts);
    match pre.cut {
        Cut::Gpt2 => {
            tokenizer.with_pre_tokenizer(Some(bytes(true)));
        }
        Cut::DigitsAndGpt2 => {
            let steps = vec![Digits::new(true).into(), bytes(true).into()];
            tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
        }
        Cut::Pattern(pattern) => {
            let split = Split::new(
                SplitPattern::Regex(pattern.to_owned()),
                SplitDelimiterBehavior::Isolated,
                false,
            )
            .map_err(|error| broken(error.to_string()))?;
            let steps = vec![split.into(), bytes(false).into()];
            tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
        }
    }
    tokenizer.with_decoder(Some(tokenizers::decoders::byte_level::ByteLevel::default()));
    Ok(Made {
        tokenizer,
        spelling: Spelling::Bytes,
        starts: pre.starts,
    })
}
