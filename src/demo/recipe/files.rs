//! The files of the finished demo: weights in half precision, their settings, the lineup.

use std::fmt::Write as _;
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, TensorView};

use super::RecipeError;
use crate::demo::sample::Objective;
use crate::train::config::AdapterSettings;
use crate::train::weights::NamedTensor;

/// The nearest number that half precision has.
#[must_use]
pub fn rounded(value: f32) -> f32 {
    f16::from_f32(value).to_f32()
}

/// Writes tensors as safetensors in f16.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write_half(path: &Path, tensors: &[NamedTensor]) -> Result<(), RecipeError> {
    let mut halves: Vec<(&NamedTensor, Vec<u8>)> = tensors
        .iter()
        .map(|tensor| {
            let bytes = tensor
                .values
                .iter()
                .flat_map(|&value| f16::from_f32(value).to_le_bytes())
                .collect();
            (tensor, bytes)
        })
        .collect();
    halves.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    let views = halves
        .iter()
        .map(|(tensor, bytes)| {
            TensorView::new(Dtype::F16, tensor.shape.clone(), bytes)
                .map(|view| (tensor.name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>();
    let packed = views.and_then(|views| {
        let notes = [("format".to_owned(), "pt".to_owned())].into();
        safetensors::serialize(views, Some(notes))
    });
    let packed = packed.map_err(|error| RecipeError::Weights {
        reason: error.to_string(),
        path: path.to_owned(),
    })?;
    super::write_bytes(path, &packed)
}

/// Writes `adapter_config.json` as PEFT reads it.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write_adapter_config(folder: &Path, settings: &AdapterSettings) -> Result<(), RecipeError> {
    let config = settings.to_peft("../../base");
    super::write_json(&folder.join("adapter_config.json"), &config)
}

/// Writes `lineup.toml`: the base and one adapter for each objective, and from which surprise on prompts are far from
/// what they know, nats per token.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write_lineup(folder: &Path, familiar: Option<f64>) -> Result<(), RecipeError> {
    let mut text = String::from("schema = 1\nname = \"demo\"\n");
    if let Some(limit) = familiar {
        let _ = writeln!(text, "familiar = {limit:.2}");
    }
    text.push_str("\n[base]\npath = \"base\"\ntemplate = \"chat\"\n");
    for objective in Objective::ALL {
        let (name, about, weight) = (objective.name(), objective.about(), objective.weight());
        let _ = write!(
            text,
            "\n[[objective]]\nname = \"{name}\"\nadapter = \"adapters/{name}\"\nweight = {weight:.1}\nabout = \"{about}\"\n"
        );
    }
    super::write_bytes(&folder.join("lineup.toml"), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn halved_weights_keep_their_names_shapes_and_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let tensor = NamedTensor {
            name: "w".to_owned(),
            shape: vec![2, 2],
            values: vec![1.0, -0.5, 3.25, 1e-3],
        };
        write_half(&path, std::slice::from_ref(&tensor)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let view = tensors.tensor("w").unwrap();
        assert_eq!(
            (view.dtype(), view.shape()),
            (Dtype::F16, [2, 2].as_slice())
        );
        let back: Vec<f32> = view
            .data()
            .as_chunks::<2>()
            .0
            .iter()
            .map(|half| f16::from_le_bytes(*half).to_f32())
            .collect();
        let expected: Vec<f32> = tensor.values.iter().map(|&value| rounded(value)).collect();
        assert_eq!(back, expected);
        assert!((back[3] - 1e-3).abs() < 1e-6);
    }
}
