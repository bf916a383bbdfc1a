//! What models are and what lineups take, from headers alone: quick enough to be asked whenever a choice changes, though
//! large tokenizers and slow disks want a thread beside the window's.

use std::path::Path;

use super::memory;
use crate::demo;
use crate::domain::{ComputeSettings, LineupSource, MemoryEstimate, ModelFacts};
use crate::engine::trace::default_budget;
use crate::error::Failure;
use crate::model::assemble;
use crate::model::folder::Folder;
use crate::model::inspect;
pub use crate::model::inspect::estimate::Plan;
use crate::model::lineup::{Home, Lineup};

/// What the model or adapter at a path is: a folder, or a GGUF file.
///
/// # Errors
/// A path with no model, and files that are missing or broken. A sound model that cannot be run is no error: the facts say
/// why.
pub fn look(path: &Path) -> Result<ModelFacts, Failure> {
    Ok(inspect::look(path)?)
}

/// What a lineup takes while it writes as the window does, and whether that fits into what is free.
///
/// # Errors
/// A lineup or models that are missing, broken or not supported.
pub fn estimate(
    source: &LineupSource,
    settings: &ComputeSettings,
) -> Result<MemoryEstimate, Failure> {
    let (lineup, home) = assemble::read(source, demo::embedded())?;
    of(&lineup, &home, settings)
}

/// What a lineup takes while it writes as `plan` says.
///
/// # Errors
/// As [`estimate`].
pub(super) fn estimate_for(
    source: &LineupSource,
    settings: &ComputeSettings,
    plan: &Plan,
) -> Result<MemoryEstimate, Failure> {
    let (lineup, home) = assemble::read(source, demo::embedded())?;
    let free = memory::free_bytes();
    Ok(inspect::estimate::estimate(
        &lineup, &home, settings, plan, free,
    )?)
}

/// The same for a lineup that is not saved yet; its paths are absolute.
///
/// # Errors
/// As [`estimate`].
pub fn estimate_draft(
    lineup: &Lineup,
    settings: &ComputeSettings,
) -> Result<MemoryEstimate, Failure> {
    let home = Home {
        folder: Folder::Directory(Path::new("/").to_owned()),
        built_in: demo::embedded(),
    };
    of(lineup, &home, settings)
}

fn of(lineup: &Lineup, home: &Home, settings: &ComputeSettings) -> Result<MemoryEstimate, Failure> {
    let free = memory::free_bytes();
    let plan = Plan {
        kept_bytes: super::KEPT_BYTES,
        score_bytes: default_budget(free) as u64,
        ..Plan::default()
    };
    Ok(inspect::estimate::estimate(
        lineup, home, settings, &plan, free,
    )?)
}
