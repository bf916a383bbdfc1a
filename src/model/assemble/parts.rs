//! The parts of a lineup while it is put together: models, readers, rewards.

use std::sync::Arc;

use super::Progress;
use crate::domain::{CancelToken, ModelInfo, Prompt, RewardKind};
use crate::engine::scorer::Vocabulary;
use crate::model::device::{self, Picked};
use crate::model::ensemble::{BASE, Ensemble, Reader, Reward, Trunk};
use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::lineup::{Entry, Home, Layout, Lineup, Place, Source};
use crate::model::load::{self, FileSource, Weights};
use crate::model::lora::{AdapterStack, Lora};
use crate::model::net::{Net, NetConfig};
use crate::model::peft;
use crate::model::template::Template;
use crate::model::text::{self, Agreement, Text};

/// Weight files up to this size are hashed while loading; larger ones when [`super::weight_hash`] is asked.
const HASH_AT_ONCE_BYTES: u64 = 64 << 20;

/// A whole model that was read: where it came from, its trunk and its tokenizer.
struct Model {
    key: String,
    trunk: usize,
    text: Arc<Text>,
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
        self.info("base", None, &lineup.base.place, "the base model")?;
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
                let (trunk, adapter) = self.adapter(place, &role)?;
                self.info(&entry.name, Some(RewardKind::Adapter), place, &role)?;
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
                let reader = self.whole(place, wanted, &role, &role)?;
                self.info(&entry.name, Some(RewardKind::Model), place, &role)?;
                Reward::Row(reader)
            }
            Source::Contrast { expert, amateur } => {
                let wanted = entry.template.as_deref().or(base_template);
                let mut read = |place: &Place, which: &str| {
                    let whose = format!("the {which} of {role}");
                    let reader = self.whole(place, wanted, &whose, &role)?;
                    let role = format!("{} ({which})", entry.name);
                    self.info(&role, Some(RewardKind::Contrast), place, &whose)?;
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

    /// A reader on a whole model.
    fn whole(
        &mut self,
        place: &Place,
        template: Option<&str>,
        whose: &str,
        label: &str,
    ) -> Result<usize, ModelError> {
        let model = self.model(place, whose)?;
        let text = Arc::clone(&self.models[model].text);
        let template = Arc::new(text.template(template, whose)?);
        let trunk = self.apart(self.models[model].trunk);
        Ok(self.reader(Reader {
            trunk,
            adapter: None,
            text,
            template,
            wish: None,
            label: label.to_owned(),
        }))
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
    fn adapter(&mut self, place: &Place, role: &str) -> Result<(usize, Option<usize>), ModelError> {
        (self.progress)(&format!("Reading {role}"), None);
        let folder = place.folder(&self.home, role)?;
        let trunk = self.readers[BASE].trunk;
        let base = self.trunks[trunk].own(role)?;
        let lora = peft::read(
            &folder,
            role,
            &base.config,
            &|own| base.adapter_dtype(own),
            base.device(),
        )?;
        if folder.has("tokenizer.json") {
            let own = Text::open(&folder, role, &[])?;
            self.agree(&own, role)?;
        }
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
        let folder = place.folder(&self.home, role)?;
        let key = folder.key();
        if let Some(index) = self.models.iter().position(|model| model.key == key) {
            return Ok(index);
        }
        (self.progress)(&format!("Reading {role}"), None);
        let bytes = folder.needed("config.json", role)?;
        let config = NetConfig::from_json(&bytes)?;
        let text = Text::open(&folder, role, config.eos())?;
        self.agree(&text, role)?;
        let net = self.net(config, &folder, role)?;
        self.trunks.push(net);
        self.models.push(Model {
            key,
            trunk: self.trunks.len() - 1,
            text: Arc::new(text),
        });
        Ok(self.models.len() - 1)
    }

    /// Reads the weights of a model.
    fn net(&mut self, config: NetConfig, folder: &Folder, role: &str) -> Result<Net, ModelError> {
        let device = &self.picked.device;
        let dtype = device::dtype(self.dtype.as_deref(), config.dtype())?;
        let files = load::weight_files(folder, role)?;
        let weights = Weights::open(folder, &files, role)?;
        let stage = format!("Reading {role}");
        let progress = &mut *self.progress;
        let mut source = FileSource {
            weights: &weights,
            role,
            dtype,
            device,
            progress: &mut |far| progress(&stage, Some(far)),
            cancel: self.cancel,
        };
        Net::load(config, &mut source)
    }

    /// Writes down what was read for `role`.
    fn info(
        &mut self,
        role: &str,
        kind: Option<RewardKind>,
        place: &Place,
        whose: &str,
    ) -> Result<(), ModelError> {
        let folder = place.folder(&self.home, whose)?;
        let files = if kind == Some(RewardKind::Adapter) {
            vec![peft::WEIGHT_FILE.to_owned()]
        } else {
            load::weight_files(&folder, whose)?
        };
        let small = Weights::open(&folder, &files, whose)?.bytes() <= HASH_AT_ONCE_BYTES;
        self.infos.push(ModelInfo {
            role: role.to_owned(),
            kind,
            source: folder.describe(),
            sha256: if small {
                load::sha256(&folder, &files, whose, self.cancel)?
            } else {
                String::new()
            },
        });
        Ok(())
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
