//! What a model is, by its headers.

use serde_json::Value;

use crate::domain::{AdapterFacts, FileFormat, ModelFacts, ModelKind, Obstacle, WholeFacts};
use crate::error::Failure;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::load::{Weights, weight_files};
use crate::model::peft;
use crate::model::text::Text;

/// The facts about the model or adapter in this folder; nothing where there is none.
pub(super) fn look(folder: &Folder) -> Option<ModelFacts> {
    if folder.has(peft::SETTINGS_FILE) {
        return Some(adapter(folder));
    }
    let whole = whole_model(folder);
    let (kind, problem) = match whole {
        Ok(facts) => (ModelKind::Whole(Some(facts)), None),
        Err(error) => (ModelKind::Whole(None), Some(obstacle(error))),
    };
    Some(ModelFacts {
        path: folder.describe(),
        name: name(folder),
        format: format(folder),
        kind,
        stored: Vec::new(),
        file_bytes: bytes(
            folder,
            &weight_files(folder, "this model").unwrap_or_default(),
        ),
        licence: None,
        problem,
    })
}

fn whole_model(folder: &Folder) -> Result<WholeFacts, ModelError> {
    const ROLE: &str = "this model";
    let config = Config::from_json(&folder.needed("config.json", ROLE)?)?;
    weight_files(folder, ROLE)?;
    let text = Text::open(folder, ROLE, &config.eos)?;
    Ok(WholeFacts {
        family: format!("{:?}", config.family),
        parameters: config.parameters(),
        context: config.context,
        vocabulary: config.vocab_size,
        layers: config.layers,
        width: config.hidden_size,
        heads: config.heads,
        kv_heads: config.kv_heads,
        head_width: config.head_dim,
        has_template: text.template(Some("chat"), ROLE).is_ok(),
    })
}

fn adapter(folder: &Folder) -> ModelFacts {
    let settings: Value = folder
        .bytes(peft::SETTINGS_FILE)
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let text = |key: &str| settings[key].as_str().filter(|text| !text.is_empty());
    let targets = settings["target_modules"].as_array().into_iter().flatten();
    let missing = (!folder.has(peft::WEIGHT_FILE)).then(|| Obstacle {
        summary: format!("The adapter has no {}", peft::WEIGHT_FILE),
        hint: None,
    });
    ModelFacts {
        path: folder.describe(),
        name: name(folder),
        format: FileFormat::Safetensors,
        kind: ModelKind::Adapter(AdapterFacts {
            base: text("base_model_name_or_path").map(str::to_owned),
            rank: settings["r"].as_u64().unwrap_or(0) as usize,
            targets: targets
                .filter_map(|one| Some(one.as_str()?.to_owned()))
                .collect(),
            layers: 0,
            parameters: 0,
        }),
        stored: Vec::new(),
        file_bytes: bytes(folder, &[peft::WEIGHT_FILE.to_owned()]),
        licence: None,
        problem: missing,
    }
}

fn bytes(folder: &Folder, files: &[String]) -> u64 {
    Weights::open(folder, files, "this model").map_or(0, |weights| weights.bytes())
}

fn format(folder: &Folder) -> FileFormat {
    match folder {
        Folder::Directory(path) if path.is_file() => FileFormat::Gguf,
        Folder::Directory(_) | Folder::Embedded { .. } => {
            if weight_files(folder, "this model").is_ok() {
                FileFormat::Safetensors
            } else {
                FileFormat::PyTorch
            }
        }
    }
}

fn name(folder: &Folder) -> String {
    match folder {
        Folder::Directory(path) => path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        ),
        Folder::Embedded { path, .. } => path.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

fn obstacle(error: ModelError) -> Obstacle {
    let failure = Failure::from(error);
    Obstacle {
        summary: failure.summary,
        hint: failure.hint,
    }
}
