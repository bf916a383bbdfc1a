//! A model's tokenizer and what belongs to it: the start token, the end tokens, the chat template, the texts of its ids.

mod gguf;
mod words;

use std::sync::Arc;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::config::token_ids;
use super::error::ModelError;
use super::folder::Folder;
use super::template::Template;
use crate::domain::{Prompt, TokenId};
use crate::engine::scorer::Detokenizer;

/// Everything about text that a model folder holds.
#[derive(Debug)]
pub struct Text {
    tokenizer: Arc<Tokenizer>,
    /// Ids that the tokenizer itself puts before a text, normally one or none.
    start: Vec<TokenId>,
    /// Ids that end a response; the tokenizer's own end token first.
    ends: Vec<TokenId>,
    /// The chat template, where the folder has one.
    chat: Option<String>,
    /// Texts of the special tokens by name.
    specials: Vec<(String, String)>,
    /// How token strings are spelt.
    spelling: Spelling,
}

/// How a tokenizer spells bytes and spaces in its token strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Each character stands for a byte (GPT-2).
    Bytes,
    /// `▁` stands for a space and `<0x0A>` for a byte (SentencePiece).
    Pieces,
    /// As they are.
    Plain,
}

impl Text {
    /// Reads tokenizer.json and the settings beside it. `ends` are the end ids that config.json names.
    ///
    /// # Errors
    /// No tokenizer.json, or files that are broken.
    pub fn open(folder: &Folder, role: &str, ends: &[TokenId]) -> Result<Self, ModelError> {
        if !folder.has("tokenizer.json") && folder.has("tokenizer.model") {
            return Err(ModelError::unsupported(
                format!("{role}, which has a tokenizer.model but no tokenizer.json,"),
                "Save its tokenizer with transformers' fast tokenizer to get tokenizer.json",
            ));
        }
        let bytes = folder.needed("tokenizer.json", role)?;
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(|error| ModelError::Broken {
            file: format!("tokenizer.json of {role}"),
            why: "is not a tokenizer that can be read".to_owned(),
            details: format!("{error}: {}", folder.describe()),
        })?;
        let prepared = tokenizer.with_truncation(None).is_ok();
        debug_assert!(prepared, "no truncation is always allowed");
        tokenizer.with_padding(None);
        let settings = json(folder, "tokenizer_config.json")?;
        let map = json(folder, "special_tokens_map.json")?;
        let specials = special_texts(&settings, &map);
        let chat = match folder.bytes("chat_template.jinja")? {
            Some(bytes) => Some(
                String::from_utf8(bytes).map_err(|error| ModelError::Broken {
                    file: format!("chat_template.jinja of {role}"),
                    why: "is not UTF-8 text".to_owned(),
                    details: error.to_string(),
                })?,
            ),
            None => chat_template(&settings, role)?,
        };
        let own_end = specials
            .iter()
            .find(|(name, _)| name == "eos_token")
            .and_then(|(_, text)| tokenizer.token_to_id(text));
        let generation = json(folder, "generation_config.json")?;
        let mut all_ends: Vec<TokenId> = Vec::new();
        let named = own_end
            .into_iter()
            .chain(ends.iter().copied())
            .chain(token_ids(generation.get("eos_token_id")));
        for id in named {
            if !all_ends.contains(&id) {
                all_ends.push(id);
            }
        }
        let start = start_ids(&tokenizer, &settings, &specials, role)?;
        Ok(Self {
            spelling: spelling(&bytes),
            tokenizer: Arc::new(tokenizer),
            start,
            ends: all_ends,
            chat,
            specials,
        })
    }

    /// Ids that end a response, the one that training appends first.
    #[must_use]
    pub fn ends(&self) -> &[TokenId] {
        &self.ends
    }

    /// Number of ids, holes included: the highest id plus one.
    #[must_use]
    pub fn size(&self) -> usize {
        self.tokenizer
            .get_vocab(true)
            .values()
            .max()
            .map_or(0, |&highest| highest as usize + 1)
    }

    /// The template of a lineup: `chat`, `raw`, a Jinja text, or whatever the tokenizer has.
    ///
    /// # Errors
    /// `chat` where there is no chat template, or one that does not parse.
    pub fn template(&self, wanted: Option<&str>, role: &str) -> Result<Template, ModelError> {
        match (wanted, &self.chat) {
            (Some("raw"), _) | (None, None) => Ok(Template::Raw),
            (Some("chat") | None, Some(source)) => Template::jinja(
                source,
                &format!("the chat template of {role}"),
                &self.specials,
            ),
            (Some("chat"), None) => Err(ModelError::misfit(
                format!("the tokenizer of {role} has no chat template"),
                "Use template = \"raw\" or a Jinja text in the lineup",
            )),
            (Some(source), _) => {
                Template::jinja(source, &format!("the template of {role}"), &self.specials)
            }
        }
    }

    /// Ids of a rendered prompt: its start token once, no other special tokens than the text itself spells.
    ///
    /// # Errors
    /// A tokenizer that fails on the text.
    pub fn encode_prompt(&self, rendered: &str) -> Result<Vec<TokenId>, ModelError> {
        let ids = self.encode(rendered)?;
        if ids.starts_with(&self.start) {
            return Ok(ids);
        }
        Ok([self.start.as_slice(), &ids].concat())
    }

    /// Ids of a text by itself, without special tokens.
    ///
    /// # Errors
    /// A tokenizer that fails on the text.
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        encode(&self.tokenizer, text, false)
    }

    /// Renders a prompt and encodes it.
    ///
    /// # Errors
    /// An empty prompt, a template that refuses it, or a tokenizer that fails.
    pub fn read(
        &self,
        template: &Template,
        prompt: &Prompt,
        wish: Option<&str>,
    ) -> Result<(String, Vec<TokenId>), ModelError> {
        if prompt.text.trim().is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        let rendered = template.render(prompt, wish)?;
        let ids = self.encode_prompt(&rendered)?;
        if ids.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        Ok((rendered, ids))
    }

    /// The string of an id as the tokenizer's files have it.
    #[must_use]
    pub fn token(&self, id: TokenId) -> Option<String> {
        self.tokenizer.id_to_token(id)
    }

    /// Whether an id is a special token, such as the start of a text or of a turn.
    #[must_use]
    pub fn is_special(&self, id: TokenId) -> bool {
        self.tokenizer
            .get_added_vocabulary()
            .simple_id_to_token(id)
            .is_some_and(|token| {
                self.tokenizer
                    .get_added_vocabulary()
                    .is_special_token(&token)
            })
    }

    /// The first `len` ids as a person reads them: spaces kept, unfinished characters as `<0xE2>`.
    #[must_use]
    pub fn texts(&self, len: usize) -> Vec<String> {
        let added = self.tokenizer.get_added_vocabulary();
        (0..len as TokenId)
            .map(|id| match added.simple_id_to_token(id) {
                Some(text) => text,
                None => self
                    .token(id)
                    .map_or_else(String::new, |token| self.spelling.shown(&token)),
            })
            .collect()
    }

    /// A detokeniser for one response.
    #[must_use]
    pub fn detokenizer(&self) -> Box<dyn Detokenizer> {
        Box::new(Pieces {
            tokenizer: Arc::clone(&self.tokenizer),
            ids: Vec::new(),
            prefix: String::new(),
            prefix_index: 0,
        })
    }
}

fn encode(tokenizer: &Tokenizer, text: &str, special: bool) -> Result<Vec<TokenId>, ModelError> {
    let encoding = tokenizer
        .encode_fast(text, special)
        .map_err(|error| ModelError::Broken {
            file: "the tokenizer".to_owned(),
            why: "failed on the text".to_owned(),
            details: error.to_string(),
        })?;
    Ok(encoding.get_ids().to_vec())
}

/// A small JSON file; an empty object where there is none.
fn json(folder: &Folder, name: &str) -> Result<Value, ModelError> {
    let Some(bytes) = folder.bytes(name)? else {
        return Ok(Value::Object(serde_json::Map::new()));
    };
    serde_json::from_slice(&bytes).map_err(|error| ModelError::Broken {
        file: name.to_owned(),
        why: "is not valid JSON".to_owned(),
        details: format!("{error}: {}", folder.describe()),
    })
}

/// Special tokens are strings, or objects with their string as `content`.
fn special_texts(settings: &Value, map: &Value) -> Vec<(String, String)> {
    ["bos_token", "eos_token", "unk_token", "pad_token"]
        .into_iter()
        .filter_map(|name| {
            [settings, map]
                .into_iter()
                .find_map(|file| {
                    let value = file.get(name)?;
                    value.as_str().or_else(|| value.get("content")?.as_str())
                })
                .map(|text| (name.to_owned(), text.to_owned()))
        })
        .collect()
}

/// The field holds a template, or a list of named ones of which `default` is meant.
fn chat_template(settings: &Value, role: &str) -> Result<Option<String>, ModelError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match settings.get("chat_template") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(source)) => Ok(Some(source.clone())),
        Some(Value::Array(list)) => {
            let default = list.iter().find(|entry| entry["name"] == "default");
            let only = (list.len() == 1).then(|| list.first()).flatten();
            Ok(default.or(only).and_then(|entry| text(&entry["template"])))
        }
        Some(_) => Err(ModelError::broken(
            format!("tokenizer_config.json of {role}"),
            "has a chat_template that is neither a text nor a list",
        )),
    }
}

/// What the tokenizer puts before a text when it adds special tokens.
fn start_ids(
    tokenizer: &Tokenizer,
    settings: &Value,
    specials: &[(String, String)],
    role: &str,
) -> Result<Vec<TokenId>, ModelError> {
    // Llama's own tokenizer classes let this setting decide over tokenizer.json.
    let class = settings["tokenizer_class"].as_str().unwrap_or_default();
    if class.starts_with("Llama") || class.starts_with("CodeLlama") {
        match settings["add_bos_token"].as_bool() {
            Some(false) => return Ok(Vec::new()),
            Some(true) => {
                let id = specials
                    .iter()
                    .find(|(name, _)| name == "bos_token")
                    .and_then(|(_, text)| tokenizer.token_to_id(text));
                return id.map(|id| vec![id]).ok_or_else(|| {
                    ModelError::broken(
                        format!("tokenizer_config.json of {role}"),
                        "asks for a start token that the tokenizer does not have",
                    )
                });
            }
            None => {}
        }
    }
    let plain = encode(tokenizer, "a", false)?;
    let whole = encode(tokenizer, "a", true)?;
    let before = whole
        .windows(plain.len().max(1))
        .position(|window| window == plain)
        .unwrap_or(0);
    Ok(whole[..before].to_vec())
}

fn spelling(tokenizer_json: &[u8]) -> Spelling {
    fn names(value: &Value, kind: &str) -> bool {
        match value {
            Value::Object(fields) => {
                fields.get("type").and_then(Value::as_str) == Some(kind)
                    || fields.values().any(|inner| names(inner, kind))
            }
            Value::Array(list) => list.iter().any(|inner| names(inner, kind)),
            _ => false,
        }
    }
    let file: Value = serde_json::from_slice(tokenizer_json).unwrap_or_default();
    let decoder = &file["decoder"];
    if names(decoder, "ByteLevel") || names(&file["pre_tokenizer"], "ByteLevel") {
        Spelling::Bytes
    } else if ["Metaspace", "ByteFallback", "Replace"]
        .iter()
        .any(|kind| names(decoder, kind))
    {
        Spelling::Pieces
    } else {
        Spelling::Plain
    }
}

impl Spelling {
    fn shown(self, token: &str) -> String {
        match self {
            Self::Plain => token.to_owned(),
            Self::Pieces => {
                let byte = token
                    .strip_prefix("<0x")
                    .and_then(|rest| rest.strip_suffix('>'))
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                match byte {
                    Some(byte) => shown_bytes(&[byte]),
                    None => token.replace('\u{2581}', " "),
                }
            }
            Self::Bytes => {
                let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
                bytes.map_or_else(|| token.to_owned(), |bytes| shown_bytes(&bytes))
            }
        }
    }
}

/// Bytes as text, those that are no whole character as `<0xE2>`.
fn shown_bytes(bytes: &[u8]) -> String {
    bytes
        .utf8_chunks()
        .flat_map(|chunk| {
            let broken = chunk.invalid().iter().map(|byte| format!("<0x{byte:02X}>"));
            std::iter::once(chunk.valid().to_owned()).chain(broken)
        })
        .collect()
}

/// The byte that a character of GPT-2's alphabet stands for: printable Latin-1 stands for itself, the other 68 bytes
/// follow from U+0100 on.
fn byte_of(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => u8::try_from(code).ok(),
        code @ 0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        code @ 0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}

/// The text of a response, piece by piece; special tokens are left out.
struct Pieces {
    tokenizer: Arc<Tokenizer>,
    /// The newest ids: enough to decode the next piece as it would be decoded within the whole.
    ids: Vec<TokenId>,
    /// Text of the ids that was handed out already.
    prefix: String,
    prefix_index: usize,
}

impl Detokenizer for Pieces {
    fn push(&mut self, token: TokenId) -> String {
        let step = tokenizers::step_decode_stream(
            &*self.tokenizer,
            vec![token],
            true,
            &mut self.ids,
            &mut self.prefix,
            &mut self.prefix_index,
        );
        if let Ok(piece) = step {
            return piece.unwrap_or_default();
        }
        // A decoder that changes earlier text when more arrives: start anew behind it.
        self.ids.clear();
        self.prefix.clear();
        self.prefix_index = 0;
        self.tokenizer.decode(&[token], true).unwrap_or_default()
    }

    fn finish(&mut self) -> String {
        let whole = self.tokenizer.decode(&self.ids, true).unwrap_or_default();
        self.ids.clear();
        let prefix = std::mem::take(&mut self.prefix);
        whole
            .strip_prefix(prefix.as_str())
            .unwrap_or_default()
            .to_owned()
    }
}

/// What a comparison of two tokenizers found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// All shared ids mean the same.
    Same,
    /// Only special tokens differ: how many, for a warning.
    SpecialsDiffer(usize),
}

/// Proves that ids below `len` mean the same text in both models.
///
/// # Errors
/// Ids that do not: how many, and the first five with both texts.
pub fn compare(base: &Text, other: &Text, role: &str, len: usize) -> Result<Agreement, ModelError> {
    let differing: Vec<TokenId> = (0..len as TokenId)
        .filter(|&id| base.token(id) != other.token(id))
        .collect();
    let plain = differing
        .iter()
        .filter(|&&id| !(base.is_special(id) && other.is_special(id)))
        .count();
    if differing.is_empty() {
        return Ok(Agreement::Same);
    }
    if plain == 0 {
        return Ok(Agreement::SpecialsDiffer(differing.len()));
    }
    let quoted = |token: Option<String>| {
        token.map_or_else(|| "nothing".to_owned(), |token| format!("“{token}”"))
    };
    let first: Vec<String> = differing
        .iter()
        .take(5)
        .map(|&id| {
            format!(
                "{id} ({} and {})",
                quoted(base.token(id)),
                quoted(other.token(id))
            )
        })
        .collect();
    let ids = if differing.len() == 1 {
        "1 token id means".to_owned()
    } else {
        format!("{} token ids mean", differing.len())
    };
    Err(ModelError::misfit(
        format!(
            "{ids} different texts in the base model and in {role}: {}",
            first.join(", ")
        ),
        "All models of a lineup must share the base model's tokenizer",
    ))
}

#[cfg(test)]
mod tests;
