//! From a lineup to a scorer: reads the models, proves that they fit together, and lays them out in memory.

mod parts;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use self::parts::Assembly;
use super::device;
use super::ensemble::Ensemble;
use super::error::ModelError;
use super::files::ModelFiles;
use super::folder::{EmbeddedFiles, Folder};
use super::lineup::{Entry, Found, Home, Lineup, Place, Source};
use super::load::sha256;
use super::peft;
use crate::domain::{
    CancelToken, ComputeSettings, LineupInfo, LineupSource, ModelInfo, Objective, RewardKind,
};
use crate::engine::scorer::Scorer;

/// A lineup that is ready to score.
#[derive(Debug)]
pub struct LoadedLineup {
    /// Its models.
    pub scorer: Box<Ensemble>,
    /// Facts about it.
    pub info: LineupInfo,
}

/// Tells a stage in words and how far it is (0 to 1), where that is known.
pub type Progress<'a> = dyn FnMut(&str, Option<f32>) + 'a;

/// Loads a lineup; `built_in` are the files inside the program, which the demo and lineups that build on it are read from.
///
/// # Errors
/// A file that is missing, broken or does not fit, a device that is not there, or cancellation.
pub fn load(
    source: &LineupSource,
    built_in: EmbeddedFiles,
    settings: &ComputeSettings,
    progress: &mut Progress<'_>,
    cancel: &CancelToken,
) -> Result<LoadedLineup, ModelError> {
    progress("Reading the lineup", None);
    let (lineup, home) = read(source, built_in)?;
    let mut loaded = put_together(&lineup, home, settings, progress, cancel)?;
    loaded.info.is_demo =
        *source == LineupSource::Demo || matches!(lineup.base.place, Place::BuiltIn(_));
    Ok(loaded)
}

/// Loads the lineup whose files are inside the program; its lineup.toml stands at their top.
///
/// # Errors
/// As [`load`].
pub fn load_built_in(
    files: EmbeddedFiles,
    settings: &ComputeSettings,
    progress: &mut Progress<'_>,
    cancel: &CancelToken,
) -> Result<LoadedLineup, ModelError> {
    load(&LineupSource::Demo, files, settings, progress, cancel)
}

/// The lineup of a source, and where its places start.
///
/// # Errors
/// No lineup there, or one that is broken.
pub fn read(source: &LineupSource, built_in: EmbeddedFiles) -> Result<(Lineup, Home), ModelError> {
    let home = Home::built_in(built_in);
    match source {
        LineupSource::File(path) => {
            let (lineup, folder) = find(path)?;
            Ok((lineup, Home { folder, built_in }))
        }
        LineupSource::Demo => {
            let text = home.folder.needed("lineup.toml", "the built-in demo")?;
            let lineup = Lineup::parse(&String::from_utf8_lossy(&text), "built-in")?;
            Ok((lineup, home))
        }
        LineupSource::Composed(text) => Ok((Lineup::parse(text, "as put together")?, home)),
    }
}

fn put_together(
    lineup: &Lineup,
    home: Home,
    settings: &ComputeSettings,
    progress: &mut Progress<'_>,
    cancel: &CancelToken,
) -> Result<LoadedLineup, ModelError> {
    let began = Instant::now();
    let picked = device::pick(settings.device.as_deref(), settings.threads)?;
    let dtype = settings.dtype.clone().or_else(|| lineup.base.dtype.clone());
    let mut assembly = Assembly::new(home, picked, dtype, lineup.layout, progress, cancel);
    assembly.base(lineup)?;
    for entry in &lineup.objectives {
        assembly.objective(entry, lineup.base.template.as_deref())?;
    }
    let (scorer, models, device) = assembly.finish(lineup)?;
    let info = LineupInfo {
        name: lineup.name.clone(),
        objectives: lineup.objectives.iter().map(objective).collect(),
        texts: Arc::clone(&scorer.vocabulary().texts),
        device,
        context_len: scorer.context_len(),
        parameters: scorer.base_parameters(),
        load_secs: began.elapsed().as_secs_f64(),
        models,
        familiar: lineup.familiar,
        is_demo: false,
    };
    Ok(LoadedLineup {
        scorer: Box::new(scorer),
        info,
    })
}

/// SHA-256 over the weight files of a loaded model, in lower-case hex; reads them all where loading did not.
///
/// # Errors
/// Files that have gone, or cancellation.
pub fn weight_hash(model: &ModelInfo, cancel: &CancelToken) -> Result<String, ModelError> {
    if !model.sha256.is_empty() {
        return Ok(model.sha256.clone());
    }
    let folder = Folder::Directory(model.source.clone().into());
    if model.kind == Some(RewardKind::Adapter) {
        let files = [peft::weight_file(&folder).to_owned()];
        return sha256(&folder, &files, &model.role, cancel);
    }
    let found = Found::at(&folder, &model.role)?;
    let files = ModelFiles::open(&found, &model.role)?;
    let names = files.weight_files(&model.role)?;
    sha256(&found.folder, &names, &model.role, cancel)
}

fn objective(entry: &Entry) -> Objective {
    Objective {
        name: entry.name.clone(),
        kind: kind(&entry.source),
        weight: entry.weight,
        about: entry.about.clone(),
        colour: entry.colour,
    }
}

fn kind(source: &Source) -> RewardKind {
    match source {
        Source::Adapter(_) => RewardKind::Adapter,
        Source::Model(_) => RewardKind::Model,
        Source::System(_) => RewardKind::System,
        Source::Contrast { .. } => RewardKind::Contrast,
    }
}

/// The lineup at `path` (a file, or a folder with a lineup.toml), and the folder that its paths start from.
fn find(path: &Path) -> Result<(Lineup, Folder), ModelError> {
    let path = if path.is_dir() {
        path.join("lineup.toml")
    } else {
        path.to_path_buf()
    };
    let shown = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            ModelError::Missing {
                what: "the lineup file".to_owned(),
                path: shown.clone(),
            }
        } else {
            ModelError::Read {
                what: "the lineup file".to_owned(),
                details: format!("{error}: {shown}"),
            }
        }
    })?;
    let text = String::from_utf8(bytes).map_err(|error| ModelError::Broken {
        file: "the lineup".to_owned(),
        why: "is not UTF-8 text".to_owned(),
        details: format!("{error}: {shown}"),
    })?;
    let home = path.parent().map(Path::to_path_buf);
    let lineup = Lineup::parse(&text, &shown)?;
    Ok((lineup, Folder::Directory(home.unwrap_or_default())))
}

#[cfg(test)]
mod tests;
