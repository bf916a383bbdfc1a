//! What a model is, read from the headers of its files: nothing is loaded, whatever its size.

pub mod estimate;
mod licence;

use std::path::Path;

use serde_json::Value;

use super::error::ModelError;
use super::files::{ModelFiles, format};
use super::folder::Folder;
use super::gguf::Gguf;
use super::lineup::Found;
use super::load::{Tally, Weights};
use super::net::NetConfig;
use super::peft;
use crate::domain::{
    AdapterFacts, FileFormat, ModelFacts, ModelKind, Obstacle, StoredAs, WholeFacts,
};
use crate::error::Failure;

const ROLE: &str = "the model";

/// What the model or adapter at a path is: a folder, or a GGUF file.
///
/// # Errors
/// A path with no model, and files that are missing or broken. A sound model that cannot be run is no error: the facts say
/// why.
pub fn look(path: &Path) -> Result<ModelFacts, ModelError> {
    look_at(&Found::at(&Folder::Directory(path.to_owned()), ROLE)?)
}

/// What a model or adapter is that was found.
///
/// # Errors
/// As [`look`].
pub fn look_at(found: &Found) -> Result<ModelFacts, ModelError> {
    if found.gguf.is_none() && found.folder.has(peft::SETTINGS_FILE) {
        return adapter(&found.folder);
    }
    let files = ModelFiles::open(found, ROLE)?;
    let names = files.weight_files(ROLE)?;
    let config = files.config(ROLE);
    let (stored, licence) = match &files {
        ModelFiles::Folder(folder) => {
            let weights = Weights::open(folder, &names, ROLE)?;
            (weights.stored(), licence::of_folder(folder)?)
        }
        ModelFiles::Gguf(file) => (stored(file), licence::of_gguf(file)),
    };
    let (whole, problem) = match config {
        Ok(config) => (Some(whole(&files, &config, &stored)?), obstacle(&files)),
        Err(error @ ModelError::Unsupported { .. }) => (None, Some(said(error))),
        Err(error) => return Err(error),
    };
    Ok(ModelFacts {
        name: name(&files),
        path: files.describe(),
        format: match &files {
            ModelFiles::Folder(_) => format(&names),
            ModelFiles::Gguf(_) => FileFormat::Gguf,
        },
        kind: ModelKind::Whole(whole),
        stored,
        file_bytes: files.folder().bytes_of(&names),
        licence,
        problem,
    })
}

/// The tensors of a GGUF file by number type, the one with most bytes first.
pub(super) fn stored(file: &Gguf) -> Vec<StoredAs> {
    let mut tally = Tally::default();
    for (_, tensor) in file.tensors() {
        let numbers = tensor.shape.iter().product::<usize>() as u64;
        tally.count(tensor.number_type.name, numbers, tensor.bytes.len() as u64);
    }
    tally.sorted()
}

fn whole(
    files: &ModelFiles,
    config: &NetConfig,
    stored: &[StoredAs],
) -> Result<WholeFacts, ModelError> {
    let sizes = config.sizes();
    Ok(WholeFacts {
        family: config.family().to_owned(),
        parameters: match config {
            NetConfig::Own(config) => config.parameters(),
            NetConfig::Foreign(_) => stored.iter().map(|stored| stored.numbers).sum(),
        },
        context: sizes.context,
        vocabulary: sizes.vocabulary,
        layers: sizes.layers,
        width: sizes.width,
        heads: sizes.heads,
        kv_heads: sizes.kv_heads,
        head_width: sizes.head_width,
        has_template: has_template(files)?,
    })
}

/// Whether a model brings a chat template.
fn has_template(files: &ModelFiles) -> Result<bool, ModelError> {
    let folder = match files {
        ModelFiles::Gguf(file) => return Ok(file.says("tokenizer.chat_template")),
        ModelFiles::Folder(folder) => folder,
    };
    if folder.has("chat_template.jinja") {
        return Ok(true);
    }
    let settings = folder.bytes("tokenizer_config.json")?.unwrap_or_default();
    let settings: Value = serde_json::from_slice(&settings).unwrap_or_default();
    Ok(match &settings["chat_template"] {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    })
}

/// What keeps a model of a known family from being run.
fn obstacle(files: &ModelFiles) -> Option<Obstacle> {
    let ModelFiles::Gguf(file) = files else {
        return None;
    };
    file.unreadable(ROLE).map(said)
}

fn said(error: ModelError) -> Obstacle {
    let failure = Failure::from(error);
    Obstacle {
        summary: failure.summary,
        hint: failure.hint,
    }
}

fn adapter(folder: &Folder) -> Result<ModelFacts, ModelError> {
    let files = [peft::weight_file(folder).to_owned()];
    let weights = Weights::open(folder, &files, ROLE)?;
    let (facts, problem) = match peft::about(folder, ROLE) {
        Ok(facts) => (facts, None),
        Err(error @ ModelError::Unsupported { .. }) => {
            let facts = AdapterFacts {
                base: peft::base_of(folder)?,
                rank: 0,
                targets: Vec::new(),
                layers: 0,
                parameters: weights.stored().iter().map(|stored| stored.numbers).sum(),
            };
            (facts, Some(said(error)))
        }
        Err(error) => return Err(error),
    };
    Ok(ModelFacts {
        path: folder.describe(),
        name: folder.name(),
        format: format(&files),
        kind: ModelKind::Adapter(facts),
        stored: weights.stored(),
        file_bytes: folder.bytes_of(&files),
        licence: licence::of_folder(folder)?,
        problem,
    })
}

/// What people call a model: by its file's own words, by its repository, or by the name of its folder or file.
fn name(files: &ModelFiles) -> String {
    match files {
        ModelFiles::Folder(folder) => folder.name(),
        ModelFiles::Gguf(file) => {
            let own = file.text("general.name").unwrap_or_default().trim();
            let stem = file.file().trim_end_matches(".gguf");
            if own.is_empty() { stem } else { own }.to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
