//! What a model is, by its headers, or why that cannot be told.

use crate::domain::{AdapterFacts, FileFormat, ModelFacts, ModelKind, Obstacle};
use crate::error::Failure;
use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::inspect;
use crate::model::lineup::Found;
use crate::model::peft;

/// The facts about the model or adapter in this folder or file; where it is damaged, its name and what is the matter.
pub(super) fn look(at: &Folder) -> ModelFacts {
    let facts = Found::at(at, "this model").and_then(|found| inspect::look_at(&found));
    facts.unwrap_or_else(|error| damaged(at, error))
}

fn damaged(at: &Folder, error: ModelError) -> ModelFacts {
    let failure = Failure::from(error);
    let is_file = matches!(at, Folder::Directory(path) if path.is_file());
    let kind = if at.has(peft::SETTINGS_FILE) {
        ModelKind::Adapter(AdapterFacts {
            base: None,
            rank: 0,
            targets: Vec::new(),
            layers: 0,
            parameters: 0,
        })
    } else {
        ModelKind::Whole(None)
    };
    ModelFacts {
        path: at.describe(),
        name: at.name(),
        format: if is_file {
            FileFormat::Gguf
        } else {
            FileFormat::Safetensors
        },
        kind,
        stored: Vec::new(),
        file_bytes: 0,
        licence: None,
        problem: Some(Obstacle {
            summary: failure.summary,
            hint: failure.hint,
        }),
    }
}
