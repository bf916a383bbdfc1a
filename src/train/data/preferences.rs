//! Preference pairs: one prompt, the answer that was preferred, the one that was not.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BadLine, read_text, records, sift, string};
use crate::domain::{Prompt, Turn};
use crate::train::error::TrainError;

/// Where a dialogue that is written out turns to the answer.
const ASSISTANT: &str = "\n\nAssistant:";
/// Where a person speaks in a dialogue that is written out.
const HUMAN: &str = "\n\nHuman:";

/// Which judgement to follow where data hold two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// `better_response_id`
    Helpful,
    /// `safer_response_id`
    Harmless,
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What it says.
    pub content: String,
}

/// What comes before an answer, in one of the forms that data have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairPrompt {
    /// A person's words: the model's template applies to them.
    Words(String),
    /// A dialogue written out as text that ends where the answer begins: it is fed as it is.
    Written(String),
    /// A chat of several messages.
    Chat(Vec<Message>),
}

impl PairPrompt {
    /// The same in the form that models read.
    #[must_use]
    pub fn to_prompt(&self) -> Prompt {
        match self {
            Self::Words(text) => Prompt {
                text: text.clone(),
                ..Prompt::default()
            },
            Self::Written(text) => Prompt {
                text: text.clone(),
                raw: true,
                ..Prompt::default()
            },
            Self::Chat(messages) => {
                let mut earlier: Vec<Turn> = messages
                    .iter()
                    .map(|message| Turn {
                        role: message.role.clone(),
                        content: message.content.clone(),
                    })
                    .collect();
                Prompt {
                    text: earlier.pop().map(|last| last.content).unwrap_or_default(),
                    earlier,
                    ..Prompt::default()
                }
            }
        }
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// What both answers answer.
    pub prompt: PairPrompt,
    /// The preferred answer.
    pub chosen: String,
    /// The other one.
    pub rejected: String,
}

/// The content of a preference file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// The good lines, in order.
    pub pairs: Vec<Pair>,
    /// The lines left out, in order.
    pub skipped: Vec<BadLine>,
}

/// What a file of preference pairs holds, for whoever wants to look before anything is learnt from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// The good lines, in order.
    pub pairs: Vec<Pair>,
    /// The lines that would be left out, in order.
    pub skipped: Vec<BadLine>,
    /// Whether lines are judged twice, so that a label must be chosen.
    pub labelled: bool,
}

/// Looks through a file of preference pairs, however bad its lines are; without a `label`, pairs that are judged twice
/// are shown under the first of their judgements.
///
/// # Errors
/// A file that is missing, unreadable, empty or neither JSON nor JSON Lines.
pub fn survey(path: &Path, label: Option<Label>) -> Result<Survey, TrainError> {
    let text = read_text(path)?;
    let mut survey = Survey::default();
    for (line, value) in records(path, &text)? {
        let parsed = value.map_err(Fault::Bad).and_then(|value| {
            survey.labelled |= value.get("response_0").is_some();
            parse(line, &value, Some(label.unwrap_or(Label::Helpful)))
        });
        match parsed {
            Ok(pair) => survey.pairs.push(pair),
            Err(fault) => survey.skipped.push(BadLine {
                line,
                reason: fault.words(),
            }),
        }
    }
    Ok(survey)
}

/// Reads preference pairs; the three forms of interfaces.md section 5 are recognised by their fields, line by line.
///
/// # Errors
/// A file that is missing, broken or empty; a bad line where `strict`, or where no line is good; two judgements per
/// pair without a `label`.
pub fn read_preferences(
    path: &Path,
    label: Option<Label>,
    strict: bool,
) -> Result<Preferences, TrainError> {
    let text = read_text(path)?;
    let mut label_missing = false;
    let result = sift(path, &text, strict, |line, value| {
        parse(line, value, label).map_err(|fault| {
            label_missing |= matches!(fault, Fault::Unlabelled);
            fault.words()
        })
    });
    if label_missing {
        return Err(TrainError::LabelNeeded {
            path: path.to_owned(),
        });
    }
    let (pairs, skipped) = result?;
    Ok(Preferences { pairs, skipped })
}

enum Fault {
    Bad(String),
    Unlabelled,
}

impl Fault {
    fn words(self) -> String {
        match self {
            Self::Bad(reason) => reason,
            Self::Unlabelled => "one of two labels must be chosen".to_owned(),
        }
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Bad(reason)
    }
}

fn parse(line: usize, value: &Value, label: Option<Label>) -> Result<Pair, Fault> {
    if !value.is_object() {
        return Err(Fault::Bad("not a JSON object".to_owned()));
    }
    let (prompt, chosen, rejected) = if value.get("response_0").is_some() {
        judged(value, label)?
    } else if value.get("chosen").is_none() || value.get("rejected").is_none() {
        return Err(Fault::Bad(
            "neither `chosen` and `rejected` nor `response_0` and `response_1`".to_owned(),
        ));
    } else if value.get("prompt").is_some() || value["chosen"].is_array() {
        prompted(value)?
    } else {
        dialogues(string(value, "chosen")?, string(value, "rejected")?)?
    };
    for (name, answer) in [("chosen", &chosen), ("rejected", &rejected)] {
        if answer.trim().is_empty() {
            return Err(Fault::Bad(format!("the {name} answer is empty")));
        }
    }
    if chosen == rejected {
        // Nothing is preferred over itself: there is nothing to learn, nor to get right or wrong.
        return Err(Fault::Bad("the two answers are the same".to_owned()));
    }
    Ok(Pair {
        line,
        prompt,
        chosen,
        rejected,
    })
}

type Parts = (PairPrompt, String, String);

/// `{prompt, response_0, response_1, better_response_id, safer_response_id}`
fn judged(value: &Value, label: Option<Label>) -> Result<Parts, Fault> {
    let prompt = words(string(value, "prompt")?);
    let first = string(value, "response_0")?;
    let second = string(value, "response_1")?;
    let field = match label.ok_or(Fault::Unlabelled)? {
        Label::Helpful => "better_response_id",
        Label::Harmless => "safer_response_id",
    };
    let (chosen, rejected) = match value.get(field).and_then(Value::as_u64) {
        Some(0) => (first, second),
        Some(1) => (second, first),
        _ => return Err(Fault::Bad(format!("`{field}` is neither 0 nor 1"))),
    };
    Ok((prompt, chosen.to_owned(), rejected.to_owned()))
}

/// `{prompt, chosen, rejected}`, each a string or a list of chat messages; a list may repeat the prompt's messages.
fn prompted(value: &Value) -> Result<Parts, Fault> {
    let (mut before, chosen) = answer(value, "chosen")?;
    let (other, rejected) = answer(value, "rejected")?;
    if !before.is_empty() && !other.is_empty() && before != other {
        return Err(Fault::Bad(
            "the two chats differ before their last message".to_owned(),
        ));
    }
    if before.is_empty() {
        before = other;
    }
    let prompt = match value.get("prompt") {
        Some(Value::String(text)) if before.is_empty() => words(text),
        None | Some(Value::String(_)) => PairPrompt::Chat(before),
        Some(Value::Array(list)) => {
            let mut chat = messages(list, "prompt")?;
            if before.starts_with(&chat) {
                PairPrompt::Chat(before)
            } else {
                chat.extend(before);
                PairPrompt::Chat(chat)
            }
        }
        Some(_) => {
            return Err(Fault::Bad(
                "`prompt` is neither a string nor a list of messages".to_owned(),
            ));
        }
    };
    Ok((simple(prompt)?, chosen, rejected))
}

/// A chat of one user message is that user's words.
fn simple(prompt: PairPrompt) -> Result<PairPrompt, Fault> {
    let PairPrompt::Chat(chat) = prompt else {
        return Ok(prompt);
    };
    match chat.as_slice() {
        [] => Err(Fault::Bad("no prompt before the answers".to_owned())),
        [only] if only.role == "user" => Ok(PairPrompt::Words(only.content.clone())),
        _ => Ok(PairPrompt::Chat(chat)),
    }
}

/// The messages before an answer (none where it is a plain string), and the answer.
fn answer(value: &Value, field: &str) -> Result<(Vec<Message>, String), Fault> {
    match value.get(field) {
        Some(Value::String(text)) => Ok((Vec::new(), text.clone())),
        Some(Value::Array(list)) => {
            let mut chat = messages(list, field)?;
            match chat.pop() {
                Some(last) if last.role == "assistant" => Ok((chat, last.content)),
                Some(_) => Err(Fault::Bad(format!(
                    "the last message of `{field}` is not the assistant's"
                ))),
                None => Err(Fault::Bad(format!("`{field}` has no messages"))),
            }
        }
        _ => Err(Fault::Bad(format!(
            "`{field}` is neither a string nor a list of messages"
        ))),
    }
}

fn messages(list: &[Value], field: &str) -> Result<Vec<Message>, Fault> {
    list.iter()
        .map(|item| {
            let part = |name| {
                string(item, name)
                    .map(str::to_owned)
                    .map_err(|reason| Fault::Bad(format!("in `{field}`, {reason}")))
            };
            Ok(Message {
                role: part("role")?,
                content: part("content")?,
            })
        })
        .collect()
}

/// `{chosen, rejected}` as whole dialogues, split at the last `\n\nAssistant:`; the answer keeps its leading space.
fn dialogues(chosen: &str, rejected: &str) -> Result<Parts, Fault> {
    let split = |text: &str, name: &str| {
        let at = text
            .rfind(ASSISTANT)
            .ok_or_else(|| Fault::Bad(format!("`{name}` has no \"\\n\\nAssistant:\"")))?;
        let (before, after) = text.split_at(at + ASSISTANT.len());
        Ok::<_, Fault>((before.to_owned(), after.to_owned()))
    };
    let (prompt, chosen) = split(chosen, "chosen")?;
    let (other, rejected) = split(rejected, "rejected")?;
    if prompt != other {
        return Err(Fault::Bad(
            "the two dialogues differ before their last answer".to_owned(),
        ));
    }
    Ok((PairPrompt::Written(prompt), chosen, rejected))
}

/// A prompt string: a dialogue that is written out stays as it is.
fn words(text: &str) -> PairPrompt {
    if text.contains(HUMAN) && text.trim_end().ends_with(ASSISTANT.trim_start()) {
        PairPrompt::Written(text.to_owned())
    } else {
        PairPrompt::Words(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
