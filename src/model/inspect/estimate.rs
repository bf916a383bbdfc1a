//! What a lineup takes in memory while it writes, worked out from headers.
//!
//! It counts in the memory of the device that computes: a graphics card's, or the machine's own. Weights as they will be kept, adapters, keys and values of every text under every reader, the scores that are shown, and
//! what a pass, the tokenizers and the program itself need. `counterpoise bench` shows the estimate beside what it measures.

mod change;
mod parts;

use candle_core::DType;

pub use self::parts::{Plan, Reader, Trunk, of_parts};
use crate::domain::machine::Room;
use crate::domain::{
    ComputeSettings, MemoryEstimate, MemoryPart, MemoryPurpose, RewardKind, Verdict,
};
use crate::model::config::Config;
use crate::model::decoder::Decoder;
use crate::model::error::ModelError;
use crate::model::files::{ModelFiles, of_gguf};
use crate::model::gguf::{Gguf, Kept, Plain};
use crate::model::lineup::{Entry, Home, Layout, Lineup, Place, Source};
use crate::model::load::Weights;
use crate::model::net::NetConfig;
use crate::model::peft;

/// Share of the free memory that a lineup may take and still leave other programs room.
const EASY: f64 = 0.85;

/// Estimates a lineup whose texts are as `plan` says and whose models are to lie in `room`.
///
/// # Errors
/// Models that are missing, broken or not supported.
pub fn estimate(
    lineup: &Lineup,
    home: &Home,
    settings: &ComputeSettings,
    plan: &Plan,
    room: &Room,
) -> Result<MemoryEstimate, ModelError> {
    let wanted = settings.dtype.clone().or_else(|| lineup.base.dtype.clone());
    let on_processor = room.card().is_none();
    let mut sums = Sums {
        home,
        wanted,
        on_processor,
        layout: lineup.layout,
        trunks: Vec::new(),
        readers: Vec::new(),
        adapters: Vec::new(),
        seen: Vec::new(),
    };
    let base = sums.whole(&lineup.base.place, "base", None, "the base model")?;
    sums.reader(base);
    for entry in &lineup.objectives {
        sums.objective(entry, base)?;
    }
    let objectives = lineup.objectives.len();
    Ok(of_parts(
        &sums.trunks,
        &sums.readers,
        sums.adapters,
        objectives,
        plan,
        room,
    ))
}

/// Whether so many bytes fit.
fn verdict(needed: u64, free_bytes: Option<u64>) -> Verdict {
    match free_bytes {
        None => Verdict::Unknown,
        Some(free) if needed > free => Verdict::WillNotFit,
        Some(free) if needed as f64 > EASY * free as f64 => Verdict::Tight,
        Some(_) => Verdict::Fits,
    }
}

/// A lineup while it is added up.
struct Sums<'a> {
    home: &'a Home,
    wanted: Option<String>,
    on_processor: bool,
    layout: Layout,
    trunks: Vec<Trunk>,
    readers: Vec<Reader>,
    adapters: Vec<MemoryPart>,
    /// Keys of the models so far, with their trunks: each is read once.
    seen: Vec<(String, usize)>,
}

impl Sums<'_> {
    fn reader(&mut self, trunk: usize) {
        self.readers.push(Reader { trunk });
    }

    fn objective(&mut self, entry: &Entry, base: usize) -> Result<(), ModelError> {
        let role = format!("objective {}", entry.name);
        match &entry.source {
            Source::System(_) => self.reader(base),
            Source::Adapter(place) => {
                self.adapter(place, entry, base, &role)?;
                self.reader(base);
            }
            Source::Model(place) => {
                let trunk = self.whole(place, &entry.name, Some(RewardKind::Model), &role)?;
                self.reader(trunk);
            }
            Source::Contrast { expert, amateur } => {
                for place in [expert, amateur] {
                    let kind = Some(RewardKind::Contrast);
                    let trunk = self.whole(place, &entry.name, kind, &role)?;
                    self.reader(trunk);
                }
            }
        }
        Ok(())
    }

    /// Index of the trunk of a whole model.
    fn whole(
        &mut self,
        place: &Place,
        name: &str,
        kind: Option<RewardKind>,
        role: &str,
    ) -> Result<usize, ModelError> {
        let files = ModelFiles::open(&place.find(self.home, role)?, role)?;
        let key = files.key();
        if let Some((_, trunk)) = self.seen.iter().find(|(seen, _)| *seen == key) {
            return Ok(*trunk);
        }
        let config = files.config(role)?;
        // No device is opened to ask what it likes.
        let likes = config.computed_in(self.wanted.as_deref(), self.on_processor)?;
        let mut halved = None;
        let (parameters, bytes, how) = match &files {
            ModelFiles::Folder(folder) => {
                let names = files.weight_files(role)?;
                let weights = Weights::open(folder, &names, role)?;
                let stored = weights.stored();
                let parameters = config.own(role).map_or_else(
                    |_| stored.iter().map(|s| s.numbers).sum(),
                    Config::parameters,
                );
                if likes == DType::F32 && matches!(config, NetConfig::Own(_)) {
                    halved = stored.first().map(|s| match s.number_type.as_str() {
                        "BF16" => "bf16",
                        _ => "f16",
                    });
                }
                let bytes = parameters * likes.size_in_bytes() as u64;
                (parameters, bytes, weights.words(likes))
            }
            ModelFiles::Gguf(file) => {
                let dtype = of_gguf(self.wanted.as_deref(), likes, self.on_processor);
                let parameters = config.own(role)?.parameters();
                (parameters, kept_bytes(file, dtype), kept_words(file, dtype))
            }
        };
        self.trunks.push(Trunk {
            role: name.to_owned(),
            kind,
            parameters,
            bytes,
            how,
            halved,
            element_bytes: if self.on_processor {
                4
            } else {
                likes.size_in_bytes()
            },
            is_gguf: matches!(files, ModelFiles::Gguf(_)),
            config,
        });
        self.seen.push((key, self.trunks.len() - 1));
        Ok(self.trunks.len() - 1)
    }

    fn adapter(
        &mut self,
        place: &Place,
        entry: &Entry,
        base: usize,
        role: &str,
    ) -> Result<(), ModelError> {
        let folder = place.folder(self.home, role)?;
        let changed = peft::changed(&folder, role)?;
        let base = &self.trunks[base];
        let likes = base
            .config
            .computed_in(self.wanted.as_deref(), self.on_processor)?;
        let config = base.config.own(role)?;
        let kept = |own: DType| {
            if self.on_processor {
                Decoder::adapter_dtype_beside(base.is_gguf, own)
            } else {
                likes
            }
        };
        let (bytes, how) = match self.layout {
            Layout::Shared => {
                let each = changed
                    .iter()
                    .map(|change| change.numbers * kept(change.dtype).size_in_bytes() as u64);
                let how = changed
                    .first()
                    .map_or("f32", |change| Plain::of(kept(change.dtype)).name());
                (each.sum(), how.to_owned())
            }
            // Every product that it changes is there once more.
            Layout::Separate => {
                let each = changed.iter().flat_map(|change| change.parts).map(|part| {
                    let (inputs, outputs) = part.widths(config);
                    (inputs * outputs * base.element_bytes) as u64
                });
                (
                    each.sum(),
                    "f32, merged into a copy of what it changes".to_owned(),
                )
            }
        };
        self.adapters.push(MemoryPart {
            what: MemoryPurpose::Adapter,
            role: entry.name.clone(),
            kind: Some(RewardKind::Adapter),
            bytes,
            on_card: !self.on_processor,
            how,
        });
        Ok(())
    }
}

/// Bytes of a GGUF file's tensors as they will be kept.
fn kept_bytes(file: &Gguf, dtype: Option<DType>) -> u64 {
    let each = file.tensors().map(|(_, tensor)| match *tensor.shape {
        [outputs, inputs] => Kept::of(tensor.number_type, dtype).bytes(outputs, inputs),
        _ => 4 * tensor.shape.iter().product::<usize>() as u64,
    });
    each.sum()
}

/// How they will be kept, in words, what most bytes are first.
fn kept_words(file: &Gguf, dtype: Option<DType>) -> String {
    let mut kept: Vec<(String, u64)> = Vec::new();
    for (_, tensor) in file.tensors() {
        let &[outputs, inputs] = tensor.shape else {
            continue;
        };
        let how = Kept::of(tensor.number_type, dtype);
        let (words, bytes) = (how.words(tensor.number_type), how.bytes(outputs, inputs));
        match kept.iter_mut().find(|(known, _)| *known == words) {
            Some((_, sum)) => *sum += bytes,
            None => kept.push((words, bytes)),
        }
    }
    kept.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let words: Vec<String> = kept.into_iter().map(|(words, _)| words).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests;
