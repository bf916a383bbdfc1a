//! A model's tokenizer and chat template from the facts of a GGUF file.
//!
//! Two kinds of tokenizers are made: byte-level BPE ("gpt2") and the BPE of SentencePiece ("llama"). Both give the ids that
//! the tokenizer.json gives which the file was made from; `tests/golden/gguf` holds them to it.

mod byte_level;
mod pieces;

use std::collections::HashMap;

use tokenizers::{AddedToken, Tokenizer};

use super::{Spelling, Text};
use crate::domain::TokenId;
use crate::model::error::ModelError;
use crate::model::gguf::Gguf;

/// Tokens that end a turn whatever else a file says, as its makers may have forgotten to.
const TURN_ENDS: [&str; 6] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|eom_id|>",
    "<end_of_utterance>",
];

/// What a token is for, by its number in files.
mod kind {
    pub(super) const UNKNOWN: u32 = 2;
    pub(super) const CONTROL: u32 = 3;
    pub(super) const USER_DEFINED: u32 = 4;
    pub(super) const UNUSED: u32 = 5;
}

/// The tokens of a file, by id.
struct Tokens {
    texts: Vec<String>,
    /// What each is for; empty where the file does not say.
    kinds: Vec<u32>,
    /// Whether tokens of several words are spelt with `▁` and found behind that change, as Gemma's are.
    spaced: bool,
}

impl Tokens {
    fn kind(&self, id: usize) -> Option<u32> {
        self.kinds.get(id).copied()
    }

    /// Ids and texts of all tokens that are more than room for others.
    fn real(&self) -> impl Iterator<Item = (TokenId, &str)> {
        let named = self.texts.iter().enumerate();
        named.filter_map(|(id, text)| {
            let is_room = self.kind(id) == Some(kind::UNUSED) && *text == format!("[PAD{id}]");
            (!text.is_empty() && !is_room).then_some((id as TokenId, text.as_str()))
        })
    }
}

/// A tokenizer without its added tokens, and what it does by itself.
struct Made {
    tokenizer: Tokenizer,
    spelling: Spelling,
    /// Whether a text starts with the start token where the file does not say.
    starts: bool,
}

impl Text {
    /// The tokenizer, the chat template and the end tokens in a GGUF file. `ends` are the end ids that it names.
    ///
    /// # Errors
    /// A kind of tokenizer that is not made here, or facts that are missing or do not fit together.
    pub fn from_gguf(file: &Gguf, role: &str, ends: &[TokenId]) -> Result<Self, ModelError> {
        let broken = |why: String| ModelError::broken(format!("the tokenizer of {role}"), why);
        let tokens = tokens(file).map_err(broken)?;
        let made = match file.text("tokenizer.ggml.model") {
            Some("gpt2") => byte_level::make(file, role, &tokens)?,
            Some("llama") => pieces::make(file, role, &tokens)?,
            Some(other) => {
                return Err(unsupported(
                    &format!("a tokenizer of the kind {other}"),
                    role,
                ));
            }
            None => return Err(unsupported("a GGUF file without a tokenizer", role)),
        };
        let mut tokenizer = made.tokenizer;
        add(&mut tokenizer, file, &tokens)
            .map_err(|error| broken(format!("cannot be put together: {error}")))?;
        let named = |name: &str| -> Option<TokenId> {
            let id = file.whole(&format!("tokenizer.ggml.{name}_token_id"))?;
            ((id as usize) < tokens.texts.len()).then_some(id as TokenId)
        };
        let specials = [
            ("bos_token", "bos"),
            ("eos_token", "eos"),
            ("unk_token", "unknown"),
            ("pad_token", "padding"),
        ]
        .into_iter()
        .filter_map(|(ours, theirs)| {
            Some((
                ours.to_owned(),
                tokens.texts[named(theirs)? as usize].clone(),
            ))
        })
        .collect();
        let starts = file
            .flag("tokenizer.ggml.add_bos_token")
            .unwrap_or(made.starts);
        let start = match (starts, named("bos")) {
            (false, _) => Vec::new(),
            (true, Some(id)) => vec![id],
            (true, None) => {
                return Err(broken(
                    "asks for a start token and does not name it".to_owned(),
                ));
            }
        };
        let mut all_ends: Vec<TokenId> = Vec::new();
        let turn_ends = TURN_ENDS
            .iter()
            .filter_map(|text| tokenizer.token_to_id(text));
        let control = turn_ends.filter(|&id| tokens.kind(id as usize) == Some(kind::CONTROL));
        for id in named("eos")
            .into_iter()
            .chain(ends.iter().copied())
            .chain(control)
        {
            if !all_ends.contains(&id) && (id as usize) < tokens.texts.len() {
                all_ends.push(id);
            }
        }
        Ok(Self {
            tokenizer: tokenizer.into(),
            start,
            ends: all_ends,
            chat: file.text("tokenizer.chat_template").map(str::to_owned),
            specials,
            spelling: made.spelling,
        })
    }
}

impl Text {
    /// With this chat template where there is none yet.
    pub(in crate::model) fn or_chat(mut self, template: Option<&str>) -> Self {
        self.chat = self.chat.or_else(|| template.map(str::to_owned));
        self
    }
}

fn unsupported(what: &str, role: &str) -> ModelError {
    ModelError::unsupported(
        format!("{what} ({role})"),
        "Put the tokenizer.json of the model that the file was made from beside it",
    )
}

/// The tokens, with no text twice.
fn tokens(file: &Gguf) -> Result<Tokens, String> {
    let mut texts: Vec<String> = file
        .texts("tokenizer.ggml.tokens")
        .ok_or("has no list of tokens")?
        .map(std::borrow::Cow::into_owned)
        .collect();
    let kinds: Vec<u32> = file
        .numbers("tokenizer.ggml.token_type")
        .unwrap_or_default()
        .into_iter()
        .map(|number| number as u32)
        .collect();
    if !kinds.is_empty() && kinds.len() != texts.len() {
        return Err(format!(
            "has {} tokens and says what {} of them are for",
            texts.len(),
            kinds.len()
        ));
    }
    let spaced = file.text("tokenizer.ggml.model") == Some("llama")
        && file.flag("tokenizer.ggml.add_space_prefix") == Some(false);
    if spaced {
        for (text, _) in texts
            .iter_mut()
            .zip(&kinds)
            .filter(|(_, kind)| **kind == kind::USER_DEFINED)
        {
            *text = text.replace(' ', "\u{2581}");
        }
    }
    let tokens = Tokens {
        texts,
        kinds,
        spaced,
    };
    let mut seen: HashMap<&str, TokenId> = HashMap::new();
    for (id, text) in tokens.real() {
        if let Some(other) = seen.insert(text, id) {
            return Err(format!("has the token “{text}” as {other} and as {id}"));
        }
    }
    Ok(tokens)
}

/// Tells the tokenizer which tokens stand by themselves: none of their letters is ever read apart.
fn add(tokenizer: &mut Tokenizer, file: &Gguf, tokens: &Tokens) -> Result<(), String> {
    let mut added = Vec::new();
    // Phi-3's files leave out that its turn tokens swallow the space behind them.
    let swallows = |text: &str| {
        file.architecture() == "phi3"
            && file.text("tokenizer.ggml.model") == Some("llama")
            && !["<unk>", "<s>", "<|endoftext|>"].contains(&text)
    };
    for (id, text) in tokens.real() {
        let is_special = match tokens.kind(id as usize) {
            Some(kind::CONTROL | kind::UNKNOWN) => true,
            Some(kind::USER_DEFINED) => false,
            _ => continue,
        };
        added.push(
            AddedToken::from(text, is_special)
                .normalized(tokens.spaced && !is_special)
                .rstrip(swallows(text)),
        );
    }
    tokenizer
        .add_tokens(added)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
