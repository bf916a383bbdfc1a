//! The files of a whole model, whatever their format: what it is, its tokenizer, its weights.

use candle_core::{DType, Device};

use super::config::Config;
use super::decoder::Decoder;
use super::error::ModelError;
use super::folder::{Folder, has_extension};
use super::gguf::{Gguf, GgufSource, Plain};
use super::lineup::Found;
use super::load::{self, FileSource, Weights};
use super::net::{Net, NetConfig};
use super::text::Text;
use crate::domain::{CancelToken, FileFormat};

/// The files of a whole model.
#[derive(Debug)]
pub enum ModelFiles {
    /// config.json, a tokenizer and safetensors or PyTorch files.
    Folder(Folder),
    /// All in one.
    Gguf(Gguf),
}

/// A model that was read.
#[derive(Debug)]
pub struct Read {
    /// Its weights.
    pub net: Net,
    /// How its matrices are kept, in words.
    pub kept: String,
}

impl ModelFiles {
    /// Opens what was found.
    ///
    /// # Errors
    /// A GGUF file that is missing, broken or of a kind that is not read.
    pub fn open(found: &Found, role: &str) -> Result<Self, ModelError> {
        Ok(match &found.gguf {
            None => Self::Folder(found.folder.clone()),
            Some(file) => Self::Gguf(Gguf::open(&found.folder, file, role)?),
        })
    }

    /// What the model is.
    ///
    /// # Errors
    /// A family or option that this program does not compute, or facts that are missing or broken.
    pub fn config(&self, role: &str) -> Result<NetConfig, ModelError> {
        match self {
            Self::Folder(folder) => NetConfig::from_json(&folder.needed("config.json", role)?),
            Self::Gguf(file) => Config::from_gguf(file).map(NetConfig::Own),
        }
    }

    /// Its tokenizer and chat template; `eos` are the ids that its configuration says end a text. A GGUF file whose own
    /// tokenizer is of a kind that is not made here is read with the tokenizer.json beside it, where there is one.
    ///
    /// # Errors
    /// A tokenizer that is missing, broken or of a kind that is not read.
    pub fn text(&self, role: &str, eos: &[u32]) -> Result<Text, ModelError> {
        let file = match self {
            Self::Folder(folder) => return Text::open(folder, role, eos),
            Self::Gguf(file) => file,
        };
        match Text::from_gguf(file, role, eos) {
            Err(ModelError::Unsupported { .. }) if file.folder().has("tokenizer.json") => {
                let text = Text::open(file.folder(), role, eos)?;
                Ok(text.or_chat(file.text("tokenizer.chat_template")))
            }
            made => made,
        }
    }

    /// Reads the weights: in the dtype that is `wanted`, or with `auto` and nothing said as the device likes them best.
    ///
    /// # Errors
    /// Files that are missing, broken or of another shape, a number type that is not read, no memory, or cancellation.
    pub fn net(
        &self,
        role: &str,
        config: NetConfig,
        (wanted, device): (Option<&str>, &Device),
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Read, ModelError> {
        let dtype = config.computed_in(wanted, device.is_cpu())?;
        match self {
            Self::Folder(folder) => {
                let files = load::weight_files(folder, role)?;
                let weights = Weights::open(folder, &files, role)?;
                let kept = weights.words(dtype);
                let mut source = FileSource {
                    weights: &weights,
                    role,
                    dtype,
                    device,
                    progress,
                    cancel,
                };
                let net = Net::load(config, &mut source)?;
                Ok(Read { net, kept })
            }
            Self::Gguf(file) => {
                let config = config.own(role)?.clone();
                let dtype = of_gguf(wanted, dtype, device.is_cpu());
                let width = config.head_dim;
                let target = (dtype, device);
                let mut source = GgufSource::new(file, role, target, width, progress, cancel);
                let net = Net::Own(Decoder::build(config, &mut source)?);
                let kept = source.words();
                Ok(Read { net, kept })
            }
        }
    }

    /// The folder that the files are in.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        match self {
            Self::Folder(folder) => folder,
            Self::Gguf(file) => file.folder(),
        }
    }

    /// The files with the weights.
    ///
    /// # Errors
    /// None at all.
    pub fn weight_files(&self, role: &str) -> Result<Vec<String>, ModelError> {
        match self {
            Self::Folder(folder) => load::weight_files(folder, role),
            Self::Gguf(file) => Ok(file.files()),
        }
    }

    /// Where the model is, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Folder(folder) => folder.describe(),
            Self::Gguf(file) => match file.folder().path(file.file()) {
                Some(path) => path.display().to_string(),
                None => file.file().to_owned(),
            },
        }
    }

    /// The same for all ways to name this model.
    #[must_use]
    pub(super) fn key(&self) -> String {
        match self {
            Self::Folder(folder) => folder.key(),
            Self::Gguf(file) => format!("{}/{}", file.folder().key(), file.file()),
        }
    }
}

/// How the weight files of a folder are stored, by their names.
pub(super) fn format(names: &[String]) -> FileFormat {
    if names.iter().all(|name| has_extension(name, "bin")) {
        FileFormat::PyTorch
    } else {
        FileFormat::Safetensors
    }
}

/// What the matrices of a GGUF file are turned into: nothing where the processor may keep them as they are.
pub(super) fn of_gguf(wanted: Option<&str>, dtype: DType, on_processor: bool) -> Option<DType> {
    let said = wanted.is_some_and(|wanted| wanted != "auto");
    (said || !on_processor).then_some(dtype)
}

impl Weights {
    /// How the numbers of these files are kept in this dtype, in words, what most bytes are first.
    pub(super) fn words(&self, dtype: DType) -> String {
        let kept = Plain::of(dtype);
        let names = self.stored().into_iter().map(|stored| {
            if stored.number_type.eq_ignore_ascii_case(kept.name()) {
                format!("{} as in the file", stored.number_type)
            } else {
                format!("{} as {}", stored.number_type, kept.name())
            }
        });
        names.collect::<Vec<_>>().join(", ")
    }
}
