//! The parts of a lineup while it is put together: models, readers, rewards.

use std::sync::Arc;

use candle_core::DType;

use super::Progress;
use crate::domain::{CancelToken, ModelInfo, Prompt, RewardKind};
use crate::engine::scorer::Vocabulary;
use crate::model::device::Picked;
use crate::model::ensemble::{BASE, Ensemble, Reader, Reward, Trunk};
use crate::model::error::ModelError;
use crate::model::files::ModelFiles;
use crate::model::folder::Folder;
use crate::model::gguf::Plain;
use crate::model::lineup::{Entry, Home, Layout, Lineup, Place, Source};
use crate::model::load;
use crate::model::lora::{AdapterStack, Lora};
use crate::model::net::Net;
use crate::model::peft;
use crate::model::template::Template;
use crate::model::text::{self, Agreement, Text};

/// Weight files up to this size are hashed while loading; larger ones when [`super::weight_hash`] is asked.
const HASH_AT_ONCE_BYTES: u64 = 64 << 20;

/// A whole model that was read: where it came from, its trunk and its tokenizer.
struct Model {
    key: String,
    files: ModelFiles,
    trunk: usize,
    text: Arc<Text>,
    /// How its weights are kept, in words.
    kept: String,
}

/// A lineup while it is put together.
pub(super) struct Assembly<'a> {
    /// Where the lineup's paths start.
    home: Home,
    picked: Picked,
    dtype: Option<String>,
    layout: Layout,
    /// Whole models so far, the base first.
    models: Vec<Model>,
    trunks: Vec<Net>,
    /// Adapters on the base's trunk.
    adapters: Vec<Lora>,
    readers: Vec<Reader>,
    rewards: Vec<Reward>,
    infos: Vec<ModelInfo>,
    progress: &'a mut Progress<'a>,
    cancel: &'a CancelToken,
}

impl<'a> Assembly<'a> {
    /// Nothing yet.
    pub(super) fn new(
        home: Home,
        picked: Picked,
        dtype: Option<String>,
        layout: Layout,
        progress: &'a mut Progress<'a>,
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            home,
            picked,
            dtype,
            layout,
            models: Vec::new(),
            trunks: Vec::new(),
            adapters: Vec::new(),
            readers: Vec::new(),
            rewards: Vec::new(),
            infos: Vec::new(),
            progress,
            cancel,
        }
    }

    pub(super) fn base(&mut self, lineup: &Lineup) -> Result<(), ModelError> {
        let model = self.model(&lineup.base.place, "the base model")?;
        let text = Arc::clone(&self.models[model].text);
        let template = text.template(lineup.base.template.as_deref(), "the base model")?;
        self.info_of("base", None, model, "the base model")?;
        self.readers.push(Reader {
            trunk: self.models[model].trunk,
            adapter: None,
            text,
            template: Arc::new(template),
            wish: None,
            label: "base model".to_owned(),
        });
        Ok(())
    }

    /// Adds the readers and the reward of one objective.
    pub(super) fn objective(
        &mut self,
        entry: &Entry,
        base_template: Option<&str>,
    ) -> Result<(), ModelError> {
        if self.cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let role = format!("objective {}", entry.name);
        let base = self.readers[BASE].clone();
        let own_template = |text: &Text| -> Result<Arc<Template>, ModelError> {
            match entry.template.as_deref() {
                None => Ok(Arc::clone(&base.template)),
                wanted => Ok(Arc::new(text.template(wanted, &role)?)),
            }
        };
        let reward = match &entry.source {
            Source::Adapter(place) => {
                let (trunk, adapter) = self.adapter(place, entry, &role)?;
                let template = own_template(&base.text)?;
                Reward::Row(self.reader(Reader {
                    trunk,
                    adapter,
                    template,
                    label: role.clone(),
                    ..base.clone()
                }))
            }
            Source::System(wish) => {
                let reader = Reader {
                    trunk: self.apart(base.trunk),
                    template: own_template(&base.text)?,
                    wish: Some(wish.clone()),
                    label: role.clone(),
                    ..base.clone()
                };
                heard(&reader, &role)?;
                self.infos.push(ModelInfo {
                    role: entry.name.clone(),
                    kind: Some(RewardKind::System),
                    ..self.infos[0].clone()
                });
                Reward::Difference(self.reader(reader), BASE)
            }
            Source::Model(place) => {
                let wanted = entry.template.as_deref().or(base_template);
                let (model, reader) = self.whole(place, wanted, &role, &role)?;
                self.info_of(&entry.name, Some(RewardKind::Model), model, &role)?;
                Reward::Row(reader)
            }
            Source::Contrast { expert, amateur } => {
                let wanted = entry.template.as_deref().or(base_template);
                let mut read = |place: &Place, which: &str| {
                    let whose = format!("the {which} of {role}");
                    let (model, reader) = self.whole(place, wanted, &whose, &role)?;
                    let role = format!("{} ({which})", entry.name);
                    self.info_of(&role, Some(RewardKind::Contrast), model, &whose)?;
                    Ok::<_, ModelError>(reader)
                };
                Reward::Difference(read(expert, "expert")?, read(amateur, "amateur")?)
            }
        };
        self.rewards.push(reward);
        Ok(())
    }

    fn reader(&mut self, reader: Reader) -> usize {
        self.readers.push(reader);
        self.readers.len() - 1
    }

    /// A whole model and a reader on it.
    fn whole(
        &mut self,
        place: &Place,
        template: Option<&str>,
        whose: &str,
        label: &str,
    ) -> Result<(usize, usize), ModelError> {
        let model = self.model(place, whose)?;
        let text = Arc::clone(&self.models[model].text);
        let template = Arc::new(text.template(template, whose)?);
        let trunk = self.apart(self.models[model].trunk);
        let reader = self.reader(Reader {
            trunk,
            adapter: None,
            text,
            template,
            wish: None,
            label: label.to_owned(),
        });
        Ok((model, reader))
    }

    /// In the separate layout, a trunk of its own over the same tensors; else the trunk itself.
    fn apart(&mut self, trunk: usize) -> usize {
        match self.layout {
            Layout::Shared => trunk,
            Layout::Separate => {
                self.trunks.push(self.trunks[trunk].clone());
                self.trunks.len() - 1
            }
        }
    }

    /// Trunk and adapter index of an adapter over the base.
    fn adapter(
        &mut self,
        place: &Place,
        entry: &Entry,
        role: &str,
    ) -> Result<(usize, Option<usize>), ModelError> {
        (self.progress)(&format!("Reading {role}"), None);
        let folder = place.folder(&self.home, role)?;
        peft::convert(&folder, role, self.progress, self.cancel)?;
        let trunk = self.readers[BASE].trunk;
        let base = self.trunks[trunk].own(role)?;
        let lora = peft::read(
            &folder,
            role,
            &base.config,
            &|own| base.adapter_dtype(own),
            base.device(),
        )?;
        let kept = match self.layout {
            // What is merged is computed in f32 on the processor.
            Layout::Separate if base.device().is_cpu() => DType::F32,
            Layout::Shared | Layout::Separate => lora.dtype().unwrap_or(DType::F32),
        };
        if folder.has("tokenizer.json") {
            let own = Text::open(&folder, role, &[])?;
            self.agree(&own, role)?;
        }
        let files = [peft::weight_file(&folder).to_owned()];
        let info = ModelInfo {
            role: entry.name.clone(),
            kind: Some(RewardKind::Adapter),
            source: folder.describe(),
            sha256: self.hash(&folder, &files, role)?,
            kept: Plain::of(kept).name().to_owned(),
        };
        self.infos.push(info);
        match self.layout {
            Layout::Shared => {
                self.adapters.push(lora);
                Ok((trunk, Some(self.adapters.len() - 1)))
            }
            Layout::Separate => {
                let merged = lora.merged_into(self.trunks[trunk].own(role)?)?;
                self.trunks.push(Net::Own(merged));
                Ok((self.trunks.len() - 1, None))
            }
        }
    }

    /// Proves that a model's tokenizer means the same as the base's.
    fn agree(&mut self, other: &Text, role: &str) -> Result<(), ModelError> {
        let Some(base) = self.models.first() else {
            return Ok(());
        };
        let len = base.text.size().min(other.size());
        if let Agreement::SpecialsDiffer(count) = text::compare(&base.text, other, role, len)? {
            (self.progress)(
                &format!("Note: {count} special tokens of {role} have other names than the base's"),
                None,
            );
        }
        Ok(())
    }

    /// Index of the whole model at `place`, read once however often it is named.
    fn model(&mut self, place: &Place, role: &str) -> Result<usize, ModelError> {
        let found = place.find(&self.home, role)?;
        let files = ModelFiles::open(&found, role)?;
        let key = files.key();
        if let Some(index) = self.models.iter().position(|model| model.key == key) {
            return Ok(index);
        }
        let stage = format!("Reading {role}");
        (self.progress)(&stage, None);
        let config = files.config(role)?;
        if let ModelFiles::Folder(folder) = &files {
            load::convert(folder, role, self.progress, self.cancel)?;
        }
        let text = files.text(role, config.eos())?;
        self.agree(&text, role)?;
        let device = self.picked.device.clone();
        let progress = &mut *self.progress;
        let read = files.net(
            role,
            config,
            (self.dtype.as_deref(), &device),
            self.cancel,
            &mut |far| progress(&stage, Some(far)),
        )?;
        self.trunks.push(read.net);
        self.models.push(Model {
            key,
            files,
            trunk: self.trunks.len() - 1,
            text: Arc::new(text),
            kept: read.kept,
        });
        Ok(self.models.len() - 1)
    }

    /// Writes down what was read for `role`.
    fn info_of(
        &mut self,
        role: &str,
        kind: Option<RewardKind>,
        model: usize,
        whose: &str,
    ) -> Result<(), ModelError> {
        let model = &self.models[model];
        let files = model.files.weight_files(whose)?;
        let info = ModelInfo {
            role: role.to_owned(),
            kind,
            source: model.files.describe(),
            sha256: self.hash(model.files.folder(), &files, whose)?,
            kept: model.kept.clone(),
        };
        self.infos.push(info);
        Ok(())
    }

    /// The hash of small files; nothing for large ones.
    fn hash(&self, folder: &Folder, files: &[String], whose: &str) -> Result<String, ModelError> {
        if folder.bytes_of(files) > HASH_AT_ONCE_BYTES {
            return Ok(String::new());
        }
        load::sha256(folder, files, whose, self.cancel)
    }

    pub(super) fn finish(
        self,
        lineup: &Lineup,
    ) -> Result<(Ensemble, Vec<ModelInfo>, String), ModelError> {
        let sizes = self.trunks.iter().map(Net::vocab_size);
        let tokens = self.models.iter().map(|model| model.text.size());
        let len = sizes.chain(tokens).min().unwrap_or(0);
        let text = &self.models[0].text;
        let vocabulary = Vocabulary {
            texts: text.texts(len).into(),
            ends: text
                .ends()
                .iter()
                .copied()
                .filter(|&id| (id as usize) < len)
                .collect(),
        };
        let stack = if self.adapters.is_empty() {
            None
        } else {
            Some(AdapterStack::new(self.adapters)?)
        };
        let base = self.readers[BASE].trunk;
        let mut stack = stack;
        let trunks = self
            .trunks
            .into_iter()
            .enumerate()
            .map(|(index, net)| Trunk {
                net,
                adapters: if index == base { stack.take() } else { None },
            })
            .collect();
        let names = lineup
            .objectives
            .iter()
            .map(|entry| entry.name.clone())
            .collect();
        let scorer = Ensemble::new(trunks, self.readers, self.rewards, names, vocabulary);
        Ok((scorer, self.infos, self.picked.words))
    }
}

/// A system text that a template leaves out would give a reward of 0 everywhere.
fn heard(reader: &Reader, role: &str) -> Result<(), ModelError> {
    let probe = Prompt::of("Hello");
    let with = reader.template.render(&probe, reader.wish.as_deref())?;
    if with != reader.template.render(&probe, None)? {
        return Ok(());
    }
    Err(ModelError::misfit(
        format!("the template of the base model leaves out the system text of {role}"),
        "Give the objective a template of its own that uses {{ system }}",
    ))
}
