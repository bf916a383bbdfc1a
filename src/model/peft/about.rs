//! What an adapter is, from its headers.

use candle_core::DType;
use serde_json::Value;

use super::{MODULES, Projection, SETTINGS_FILE, modules, open};
use crate::domain::AdapterFacts;
use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::load::number_type;

/// A module that an adapter changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// In which block.
    pub layer: usize,
    /// Its name, for example `q_proj`.
    pub module: &'static str,
    /// The products whose outputs it has, one after the other.
    pub parts: &'static [Projection],
    /// Rank of the two matrices.
    pub rank: usize,
    /// Numbers in the two matrices.
    pub numbers: u64,
    /// What the file keeps them in.
    pub dtype: DType,
}

/// The modules that the adapter in `folder` changes. `role` says whose it is.
///
/// # Errors
/// Files that are missing or broken, or a kind of adapter that is not supported.
pub fn changed(folder: &Folder, role: &str) -> Result<Vec<Changed>, ModelError> {
    let (weights, _) = open(folder, role)?;
    let mut all = Vec::new();
    for ((layer, index), (a, b)) in modules(&weights, role)? {
        let (module, parts) = MODULES[index];
        let about = |name: Option<&str>| name.and_then(|name| weights.about(name));
        let numbers = |shape: &[usize]| shape.iter().product::<usize>() as u64;
        let (Some((stored, a @ &[rank, _])), Some((_, b))) = (about(a), about(b)) else {
            return Err(ModelError::broken(
                format!("the adapter of {role}"),
                format!("has no pair of matrices for {module} in layer {layer}"),
            ));
        };
        all.push(Changed {
            layer,
            module,
            parts,
            rank,
            numbers: numbers(a) + numbers(b),
            dtype: number_type(stored, module)?,
        });
    }
    Ok(all)
}

/// What the adapter in `folder` is. `role` says whose it is.
///
/// # Errors
/// As [`changed`].
pub fn about(folder: &Folder, role: &str) -> Result<AdapterFacts, ModelError> {
    let all = changed(folder, role)?;
    let changes = |module: &str| all.iter().any(|change| change.module == module);
    let targets = MODULES.iter().map(|(module, _)| *module);
    Ok(AdapterFacts {
        base: base_of(folder)?,
        rank: all.iter().map(|change| change.rank).max().unwrap_or(0),
        targets: targets
            .filter(|module| changes(module))
            .map(str::to_owned)
            .collect(),
        layers: all.iter().map(|change| change.layer + 1).max().unwrap_or(0),
        parameters: all.iter().map(|change| change.numbers).sum(),
    })
}

/// The base that an adapter's settings name.
///
/// # Errors
/// Settings that cannot be read.
pub fn base_of(folder: &Folder) -> Result<Option<String>, ModelError> {
    let bytes = folder.bytes(SETTINGS_FILE)?.unwrap_or_default();
    let settings: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let base = settings["base_model_name_or_path"].as_str();
    Ok(base.filter(|base| !base.is_empty()).map(str::to_owned))
}
