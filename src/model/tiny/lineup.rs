//! A lineup of tiny models, with every kind of objective.

use std::path::Path;

use super::{config, unwritable, write_adapter, write_model};
use crate::model::decoder::Projection;
use crate::model::error::ModelError;

/// The part of a lineup file that lists objectives: one of each kind, and a second adapter.
pub const ALL_KINDS: &str = r#"
[[objective]]
name = "kind"
adapter = "kind"
[[objective]]
name = "terse"
adapter = "terse"
weight = 0.5
[[objective]]
name = "polite"
system = "be polite"
[[objective]]
name = "other"
model = "other"
template = "q: {{ prompt }} a: "
[[objective]]
name = "contrast"
expert = "other"
amateur = "base"
"#;

/// Fills a folder with the models that [`ALL_KINDS`] names (two models of one shape and two adapters), without a lineup
/// file.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_models(home: &Path) -> Result<(), ModelError> {
    let config = config();
    let halves = [Projection::Q, Projection::V];
    write_model(&home.join("base"), &config, 1)?;
    write_model(&home.join("other"), &config, 2)?;
    write_adapter(&home.join("kind"), &config, &Projection::ALL, 3, 3)?;
    write_adapter(&home.join("terse"), &config, &halves, 2, 4)
}

/// Writes `lineup.toml` beside the models of [`write_models`]: lines for the top, such as a layout, and the objectives.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_lineup(home: &Path, top: &str, objectives: &str) -> Result<(), ModelError> {
    let text = format!("schema = 1\nname = \"Tiny\"\n{top}\n[base]\npath = \"base\"\n{objectives}");
    std::fs::write(home.join("lineup.toml"), text).map_err(|error| unwritable(home, &error))
}
