//! Autoregressive reward models (GenARM, arXiv 2410.08193): language models whose log-likelihood is the reward, trained
//! on pairs of answers, as a low-rank change of a base model or as a whole model of their own.

use super::checkpoint::Store;
use super::config::{AdapterSettings, Settings};
use super::error::TrainError;
use super::events::Observer;
use super::examples::{Examples, PairExample};
use super::loss::PreferenceLoss;
use super::net::lora::{LoraLayout, LoraShape};
use super::net::pass::Network;
use super::random::Random;
use super::run::{Job, Summary};
use super::weights::{NamedTensor, Weights};
use crate::domain::CancelToken;

/// A trained low-rank change of a base model.
#[derive(Debug, Clone)]
pub struct Adapter {
    settings: AdapterSettings,
    layout: LoraLayout,
    values: Vec<f32>,
}

/// Data, store and watchers of a reward model's training.
pub struct Session<'a> {
    /// How long and how fast to learn.
    pub settings: &'a Settings,
    /// What is made small.
    pub loss: PreferenceLoss,
    /// Pairs to learn from.
    pub pairs: &'a [PairExample],
    /// Pairs that only judge.
    pub eval: &'a [PairExample],
    /// Where checkpoints are kept, if anywhere.
    pub store: Option<&'a Store>,
}

impl<'a> Session<'a> {
    fn job(&self, network: Network, frozen: &'a [f32], trained: Vec<f32>) -> Job<'a> {
        Job {
            settings: self.settings,
            network,
            frozen,
            trained,
            preference: Some(self.loss),
            train: Examples::Pairs(self.pairs),
            eval: Examples::Pairs(self.eval),
            store: self.store,
        }
    }

    fn positions(&self) -> usize {
        let (pairs, eval) = (Examples::Pairs(self.pairs), Examples::Pairs(self.eval));
        pairs.longest().max(eval.longest())
    }

    fn check(&self) -> Result<(), TrainError> {
        self.loss.check()?;
        let empty = |pair: &PairExample| {
            pair.prompt.is_empty() || pair.chosen.is_empty() || pair.rejected.is_empty()
        };
        if self.pairs.iter().chain(self.eval).any(empty) {
            return Err(TrainError::NoExamples(
                "a pair lacks tokens in its prompt or in an answer".to_owned(),
            ));
        }
        Ok(())
    }

    /// Trains an adapter over `base`, whose weights stay as they are.
    ///
    /// A begins Kaiming-uniform with a = √5 (even over ±1/√in), B with 0, as in PEFT: at first nothing is changed.
    ///
    /// # Errors
    /// Settings or pairs that cannot be; a full disk; an interruption; a loss that is no number.
    pub fn train_adapter(
        &self,
        adapter: &AdapterSettings,
        base: &'a Weights,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Adapter, Summary), TrainError> {
        self.check()?;
        adapter.check()?;
        let mut targets = adapter.targets.clone();
        targets.sort_unstable();
        targets.dedup();
        let shape = LoraShape {
            rank: adapter.rank,
            scale: (adapter.alpha / adapter.rank as f64) as f32,
            dropout: adapter.dropout as f32,
            targets,
        };
        let network = Network::new(base.config.clone(), Some(shape.clone()), self.positions())
            .with(self.settings.products);
        let layout = LoraLayout::new(&base.config, shape);
        let values = beginning(&layout, self.settings.seed);
        let job = self.job(network, &base.values, values);
        let (values, summary) = job.run(observer, cancel)?;
        let adapter = Adapter {
            settings: adapter.clone(),
            layout,
            values,
        };
        Ok((adapter, summary))
    }

    /// Trains all weights of a copy of `base`.
    ///
    /// # Errors
    /// As [`Self::train_adapter`].
    pub fn train_model(
        &self,
        mut base: Weights,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Weights, Summary), TrainError> {
        self.check()?;
        let network =
            Network::new(base.config.clone(), None, self.positions()).with(self.settings.products);
        let values = std::mem::take(&mut base.values);
        let (values, summary) = self.job(network, &[], values).run(observer, cancel)?;
        base.values = values;
        Ok((base, summary))
    }
}

fn beginning(layout: &LoraLayout, seed: u64) -> Vec<f32> {
    let mut values = vec![0f32; layout.len];
    for (number, pair) in (1..).zip(layout.pairs()) {
        let mut random = Random::new(seed, number);
        let bound = 1.0 / (pair.input as f64).sqrt();
        let len = layout.shape.rank * pair.input;
        for value in &mut values[pair.at..pair.at + len] {
            *value = ((random.uniform() * 2.0 - 1.0) * bound) as f32;
        }
    }
    values
}

impl Adapter {
    /// What it was trained with.
    #[must_use]
    pub fn settings(&self) -> &AdapterSettings {
        &self.settings
    }

    /// Every tensor under the name and in the shape that PEFT gives it: A `[rank, in]`, B `[out, rank]`.
    #[must_use]
    pub fn named(&self) -> Vec<NamedTensor> {
        let rank = self.layout.shape.rank;
        let mut out = Vec::new();
        for pair in self.layout.pairs() {
            let (a, b) = self.layout.split(pair, &self.values);
            let module = pair.projection.module(pair.layer);
            for (part, shape, values) in [
                ("lora_A", [rank, pair.input], a),
                ("lora_B", [pair.output, rank], b),
            ] {
                out.push(NamedTensor {
                    name: format!("base_model.model.{module}.{part}.weight"),
                    shape: shape.to_vec(),
                    values: values.to_vec(),
                });
            }
        }
        out
    }
}
