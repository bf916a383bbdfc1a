//! The files of the finished demo: weights in half precision, the lineup.

use std::fmt::Write as _;
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::RecipeError;
use crate::demo::sample::Objective;

/// Writes the weights of `from` to `to` in f16; numbers that are not f32 stay as they are.
///
/// # Errors
/// A file that is no safetensors file, or a folder that cannot be written to.
pub fn halve(from: &Path, to: &Path) -> Result<(), RecipeError> {
    let bytes = std::fs::read(from).map_err(|source| RecipeError::Read {
        source,
        path: from.to_owned(),
    })?;
    let broken = |error: safetensors::SafeTensorError| RecipeError::Weights {
        reason: error.to_string(),
        path: from.to_owned(),
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let mut halved: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, view) in tensors.tensors() {
        let (dtype, data) = if view.dtype() == Dtype::F32 {
            let data = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .flat_map(|number| f16::from_f32(f32::from_le_bytes(*number)).to_le_bytes())
                .collect();
            (Dtype::F16, data)
        } else {
            (view.dtype(), view.data().to_vec())
        };
        halved.push((name, dtype, view.shape().to_vec(), data));
    }
    halved.sort_by(|a, b| a.0.cmp(&b.0));
    let views: Vec<(&str, TensorView<'_>)> = halved
        .iter()
        .map(|(name, dtype, shape, data)| {
            TensorView::new(*dtype, shape.clone(), data).map(|view| (name.as_str(), view))
        })
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    let packed = safetensors::serialize(views, None).map_err(broken)?;
    super::write_bytes(to, &packed)
}

/// Writes `lineup.toml`: the base and one adapter for each objective.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write_lineup(folder: &Path) -> Result<(), RecipeError> {
    let mut text = String::from(
        "schema = 1\nname = \"demo\"\n\n[base]\npath = \"base\"\ntemplate = \"chat\"\n",
    );
    for objective in Objective::ALL {
        let name = objective.name();
        let _ = write!(
            text,
            "\n[[objective]]\nname = \"{name}\"\nadapter = \"adapters/{name}\"\nweight = 1.0\n"
        );
    }
    super::write_bytes(&folder.join("lineup.toml"), text.as_bytes())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn halved_weights_keep_their_names_shapes_and_values() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (
            dir.path().join("a.safetensors"),
            dir.path().join("b.safetensors"),
        );
        let numbers: Vec<u8> = [1.0_f32, -0.5, 3.25, 1e-3]
            .iter()
            .flat_map(|n| n.to_le_bytes())
            .collect();
        let view = TensorView::new(Dtype::F32, vec![2, 2], &numbers).unwrap();
        std::fs::write(&from, safetensors::serialize([("w", view)], None).unwrap()).unwrap();
        halve(&from, &to).unwrap();
        let bytes = std::fs::read(&to).unwrap();
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
        for (was, is) in [1.0_f32, -0.5, 3.25, 1e-3].iter().zip(back) {
            assert!((was - is).abs() <= was.abs() / 1000.0);
        }
    }

    #[test]
    fn a_file_that_is_cut_off_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("a.safetensors");
        std::fs::write(&from, [9, 0, 0]).unwrap();
        let error = halve(&from, &dir.path().join("b.safetensors")).unwrap_err();
        assert!(error.to_string().contains("a.safetensors"), "{error}");
    }
}
