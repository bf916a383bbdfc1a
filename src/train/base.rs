//! The model that training starts from: a folder, its tokenizer and its weights.

use std::path::Path;

use candle_core::{DType, Device};

use super::error::TrainError;
use super::files;
use super::weights::Weights;
use crate::domain::CancelToken;
use crate::model::config::Config;
use crate::model::decoder::Decoder;
use crate::model::error::ModelError;
pub use crate::model::folder::EmbeddedFiles;
use crate::model::folder::Folder;
use crate::model::lineup::{self, Lineup, MAIN, Place};
use crate::model::load::{self, FileSource};
use crate::model::template::Template;
pub use crate::model::text::Text;

const ROLE: &str = "the base model";

/// Files that make up a tokenizer.
const TOKENIZER_FILES: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
];

/// Where a model is.
#[derive(Debug, Clone)]
pub struct Home {
    folder: Folder,
    /// As the person named it, for the adapter's settings.
    pub name: String,
    /// The template that its lineup gives it.
    template: Option<String>,
}

impl Home {
    /// Finds `demo` (the base of the built-in lineup, whose files are given), `hub:owner/name` in the local Hugging Face cache, or a folder.
    ///
    /// # Errors
    /// A folder that is not there, or a Hub model that was not downloaded.
    pub fn find(name: &str, demo: EmbeddedFiles) -> Result<Self, TrainError> {
        if name == "demo" {
            let home = lineup::Home::built_in(demo);
            let text = home.folder.needed("lineup.toml", "the built-in demo")?;
            let lineup = Lineup::parse(&String::from_utf8_lossy(&text), "built-in")?;
            return Ok(Self {
                folder: lineup.base.place.folder(&home, ROLE)?,
                name: name.to_owned(),
                template: lineup.base.template,
            });
        }
        let (place, name) = match name.strip_prefix("hub:") {
            Some(repo) => {
                let place = Place::Hub {
                    repo: repo.to_owned(),
                    revision: MAIN.to_owned(),
                    file: None,
                };
                (place, repo.to_owned())
            }
            None => (Place::Path(name.to_owned()), name.to_owned()),
        };
        let here = lineup::Home {
            folder: Folder::Directory(std::path::PathBuf::new()),
            built_in: demo,
        };
        Ok(Self {
            folder: place.folder(&here, ROLE)?,
            name,
            template: None,
        })
    }

    /// A folder that holds at least a tokenizer, or the tokenizer.json in it.
    #[must_use]
    pub fn tokenizer(path: &Path) -> Self {
        let folder = match path.parent() {
            Some(parent) if path.is_file() => parent,
            _ => path,
        };
        Self {
            folder: Folder::Directory(folder.to_owned()),
            name: folder.display().to_string(),
            template: None,
        }
    }

    /// The model's sizes.
    ///
    /// # Errors
    /// A config.json that is missing, broken or not supported, or a model that can be run but not trained.
    pub fn config(&self) -> Result<Config, TrainError> {
        let config = Config::from_json(&self.folder.needed("config.json", ROLE)?)?;
        if config.is_plain() {
            return Ok(config);
        }
        let what = format!("training on {}", config.family.name());
        let hint = "Train on a Llama, Mistral, Qwen or SmolLM2 model, or train an adapter with Python's PEFT: that can be used here";
        Err(ModelError::unsupported(what, hint).into())
    }

    /// The tokenizer, and the template that prompts go through: raw where `raw`.
    ///
    /// # Errors
    /// Files that are missing or broken.
    pub fn text(&self, ends: &[u32], raw: bool) -> Result<(Text, Template), TrainError> {
        let text = Text::open(&self.folder, ROLE, ends)?;
        let wanted = if raw {
            Some("raw")
        } else {
            self.template.as_deref()
        };
        let template = text.template(wanted, ROLE)?;
        Ok((text, template))
    }

    /// The weights, in f32.
    ///
    /// # Errors
    /// Files that are missing, broken or of another shape; an interruption.
    pub fn weights(
        &self,
        config: Config,
        progress: &mut dyn FnMut(f32),
        cancel: &CancelToken,
    ) -> Result<Weights, TrainError> {
        load::convert(
            &self.folder,
            ROLE,
            &mut |_, far| far.map_or((), &mut *progress),
            cancel,
        )?;
        let names = load::weight_files(&self.folder, ROLE)?;
        let files = load::Weights::open(&self.folder, &names, ROLE)?;
        let mut source = FileSource {
            weights: &files,
            role: ROLE,
            dtype: DType::F32,
            device: &Device::Cpu,
            progress,
            cancel,
        };
        let decoder = Decoder::build(config, &mut source)?;
        Weights::from_decoder(&decoder)
    }

    /// Copies the tokenizer's files to another folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn copy_tokenizer(&self, to: &Path) -> Result<(), TrainError> {
        for name in TOKENIZER_FILES {
            if let Some(bytes) = self.folder.bytes(name)? {
                files::write_bytes(&to.join(name), "the tokenizer", &bytes)?;
            }
        }
        Ok(())
    }
}
