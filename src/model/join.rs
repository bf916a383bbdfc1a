//! Who could join a base: proven from headers and tokenizers, before any weight is read.

use sha2::{Digest, Sha256};

use super::error::ModelError;
use super::files::ModelFiles;
use super::lineup::{Base, Home, Place};
use super::net::NetConfig;
use super::peft;
use super::template::Template;
use super::text::{self, Agreement, Text};
use crate::domain::{Obstacle, Prompt};
use crate::error::Failure;

/// What stands between a model and a base, check by check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// Do its token ids mean the same texts?
    pub vocabulary: Check,
    /// Is it made for a model of this shape?
    pub shape: Check,
    /// Can it be given the prompt, and the sentence where there is one?
    pub template: Check,
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Well; what was found, in a few words.
    Passed(String),
    /// It cannot join: why, and what would help.
    Failed(Obstacle),
    /// It was not asked, since the answer would not matter.
    Unneeded,
}

impl Fit {
    /// What keeps it from joining, the first of what does; nothing where it can.
    #[must_use]
    pub fn obstacle(&self) -> Option<&Obstacle> {
        [&self.vocabulary, &self.shape, &self.template]
            .into_iter()
            .find_map(|check| match check {
                Check::Failed(obstacle) => Some(obstacle),
                Check::Passed(_) | Check::Unneeded => None,
            })
    }
}

impl Check {
    fn of(result: Result<String, ModelError>) -> Self {
        match result {
            Ok(words) => Self::Passed(words),
            Err(error) => {
                let failure = Failure::from(error);
                Self::Failed(Obstacle {
                    summary: failure.summary,
                    hint: failure.hint,
                })
            }
        }
    }
}

/// A base that others want to join.
#[derive(Debug)]
pub struct Joiner<'a> {
    home: &'a Home,
    base: Base,
    config: NetConfig,
    text: Text,
    /// The hash of its tokenizer.json, where it has one.
    tokenizer: Option<[u8; 32]>,
}

/// What the base is called in sentences.
const BASE: &str = "the base model";
/// What a model is called that wants to join.
const OTHER: &str = "this model";
/// What an adapter is called that wants to join.
const ADAPTER: &str = "this adapter";

impl<'a> Joiner<'a> {
    /// Reads what a base is, without its weights.
    ///
    /// # Errors
    /// Files that are missing, broken or not supported.
    pub fn open(base: &Base, home: &'a Home) -> Result<Self, ModelError> {
        let files = ModelFiles::open(&base.place.find(home, BASE)?, BASE)?;
        let config = files.config(BASE)?;
        Ok(Self {
            text: files.text(BASE, config.eos())?,
            tokenizer: tokenizer_hash(&files)?,
            base: base.clone(),
            config,
            home,
        })
    }

    /// Whether a sentence can be an objective: the base's template has to pass it on.
    #[must_use]
    pub fn sentence(&self) -> Fit {
        let template = self.text.template(self.base.template.as_deref(), BASE);
        Fit {
            vocabulary: Check::Unneeded,
            shape: Check::Unneeded,
            template: Check::of(template.and_then(|template| heard(&template))),
        }
    }

    /// Whether an adapter can.
    #[must_use]
    pub fn adapter(&self, place: &Place) -> Fit {
        let folder = match place.folder(self.home, ADAPTER) {
            Ok(folder) => folder,
            Err(error) => return not_there(error),
        };
        let vocabulary = if folder.has("tokenizer.json") {
            let files = ModelFiles::Folder(folder.clone());
            let own = || Text::open(&folder, ADAPTER, &[]);
            Check::of(self.same_tokens(&files, ADAPTER, own))
        } else {
            Check::Passed("Uses the base's tokenizer".to_owned())
        };
        let shape = self.config.own(ADAPTER).and_then(|config| {
            let changed = peft::check(&folder, ADAPTER, config)?;
            let layers = config.layers;
            Ok(format!(
                "Changes {changed} products of the base's {layers} layers"
            ))
        });
        Fit {
            vocabulary,
            shape: Check::of(shape),
            template: Check::Passed("Uses the base's template".to_owned()),
        }
    }

    /// Whether a whole model can.
    #[must_use]
    pub fn model(&self, place: &Place) -> Fit {
        let read = || {
            let files = ModelFiles::open(&place.find(self.home, OTHER)?, OTHER)?;
            let config = files.config(OTHER)?;
            Ok((files, config))
        };
        let (files, config) = match read() {
            Ok(read) => read,
            Err(error) => return not_there(error),
        };
        let own = || files.text(OTHER, config.eos());
        Fit {
            vocabulary: Check::of(self.same_tokens(&files, OTHER, own)),
            shape: Check::Unneeded,
            template: Check::of(own().and_then(|text| self.reads_prompts(&text))),
        }
    }

    /// Proves that token ids mean the same in both.
    fn same_tokens(
        &self,
        files: &ModelFiles,
        role: &str,
        own: impl FnOnce() -> Result<Text, ModelError>,
    ) -> Result<String, ModelError> {
        if self.tokenizer.is_some() && tokenizer_hash(files)? == self.tokenizer {
            return Ok("The same tokenizer".to_owned());
        }
        let other = own()?;
        let len = self.text.size().min(other.size());
        Ok(match text::compare(&self.text, &other, role, len)? {
            Agreement::Same => format!("All {len} shared tokens mean the same"),
            Agreement::SpecialsDiffer(count) => {
                format!("All words mean the same; {count} special tokens have other names")
            }
        })
    }

    fn reads_prompts(&self, other: &Text) -> Result<String, ModelError> {
        let wanted = self.base.template.as_deref();
        Ok(match other.template(wanted, OTHER)? {
            Template::Raw => "Reads the prompt as it is".to_owned(),
            Template::Jinja(_) if matches!(wanted, None | Some("chat")) => {
                "Has a chat template of its own".to_owned()
            }
            Template::Jinja(_) => "Uses the base's template".to_owned(),
        })
    }
}

/// The hash of a model's tokenizer.json; none for a tokenizer within a GGUF file.
fn tokenizer_hash(files: &ModelFiles) -> Result<Option<[u8; 32]>, ModelError> {
    let ModelFiles::Folder(folder) = files else {
        return Ok(None);
    };
    let bytes = folder.bytes("tokenizer.json")?;
    Ok(bytes.map(|bytes| Sha256::digest(bytes).into()))
}

/// A model that cannot be read fails before it can be compared.
fn not_there(error: ModelError) -> Fit {
    Fit {
        vocabulary: Check::of(Err(error)),
        shape: Check::Unneeded,
        template: Check::Unneeded,
    }
}

/// Whether a template passes a system text on.
fn heard(template: &Template) -> Result<String, ModelError> {
    let probe = Prompt::of("Hello");
    let with = template.render(&probe, Some("Be kind."))?;
    if with == template.render(&probe, None)? {
        return Err(ModelError::misfit(
            "The base model's template leaves a system text out",
            "Give the objective a template of its own that uses {{ system }}, or choose another base",
        ));
    }
    Ok(match template {
        Template::Raw => {
            "Goes before the prompt; without a chat template the model may not heed it".to_owned()
        }
        Template::Jinja(_) => "The chat template passes it on".to_owned(),
    })
}

#[cfg(test)]
mod tests;
