//! What models are and what lineups take, from headers alone: quick enough to be asked whenever a choice changes, though
//! large tokenizers and slow disks want a thread beside the window's.

use std::path::Path;

use crate::demo;
use crate::domain::machine::Room;
use crate::domain::{ComputeSettings, LineupSource, MemoryEstimate, ModelFacts};
use crate::engine::trace::default_budget;
use crate::error::Failure;
use crate::memory;
use crate::model::assemble;
use crate::model::device;
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

/// What a lineup takes while it writes as the window does, and whether that fits into what is free where it is computed.
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

/// The memory that models would lie in under these settings.
///
/// # Errors
/// A device that is unknown or not there.
pub(super) fn room(settings: &ComputeSettings) -> Result<Room, Failure> {
    Ok(device::room(
        settings.device.as_deref(),
        memory::free_bytes(),
    )?)
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
    let room = room(settings)?;
    Ok(inspect::estimate::estimate(
        &lineup, &home, settings, plan, &room,
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
    let room = room(settings)?;
    let plan = Plan {
        kept_bytes: super::KEPT_BYTES,
        score_bytes: default_budget(memory::free_bytes()) as u64,
        ..Plan::default()
    };
    Ok(inspect::estimate::estimate(
        lineup, home, settings, &plan, &room,
    )?)
}
