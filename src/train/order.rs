//! A reward model as it is ordered: which pairs, which base, which settings, where the result goes. The command line and
//! the window fill in the same order, and what they order is carried out here.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::arm::Session;
use super::base::{EmbeddedFiles, Home};
use super::checkpoint::Store;
use super::config::{AdapterSettings, Settings};
use super::data::{Label, read_preferences};
use super::error::TrainError;
use super::events::{DataReport, Observer, TrainEvent};
use super::examples::{PairExample, hold_out};
use super::loss::PreferenceLoss;
use super::memory;
use super::record::Record;
use super::run::Summary;
use super::tokens::{Limits, Tongue};
use crate::domain::CancelToken;

/// Pairs that are turned into tokens before a person is asked again whether to go on.
const PAIRS_AT_A_TIME: usize = 256;

/// A reward model to be trained on preference pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ArmOrder {
    /// The base model: a folder, `hub:OWNER/NAME` from the local cache, or `demo`.
    pub base: String,
    /// The file of pairs.
    pub data: PathBuf,
    /// Pairs that only judge.
    pub eval_data: Option<PathBuf>,
    /// The folder for the result.
    pub out: PathBuf,
    /// Only this many pairs of the data are used.
    pub limit: Option<usize>,
    /// Which judgement to follow where the data hold two.
    pub label: Option<Label>,
    /// Whether the first bad line ends the reading.
    pub strict: bool,
    /// Whether prompts are fed as they are, without the chat template.
    pub raw: bool,
    /// Share of the pairs that only judge, where there is no `eval_data`; above 0 and below 1.
    pub hold_out: Option<f64>,
    /// Whether all weights are trained and a whole model is written instead of an adapter.
    pub full: bool,
    /// What is made small.
    pub loss: PreferenceLoss,
    /// How long and how fast to learn.
    pub settings: Settings,
    /// The low-rank change; ignored where `full`.
    pub adapter: AdapterSettings,
    /// Longest sequences.
    pub limits: Limits,
}

impl ArmOrder {
    /// Finds the first value out of its range.
    ///
    /// # Errors
    /// That value, in one sentence.
    pub fn check(&self) -> Result<(), TrainError> {
        self.settings.check()?;
        self.loss.check()?;
        self.adapter.check()?;
        if self.limits.prompt == 0 || self.limits.total < 2 {
            return Err(TrainError::Setting(
                "a prompt needs room for 1 token and a pair for 2 at least".to_owned(),
            ));
        }
        match self.hold_out {
            Some(share) if !(share > 0.0 && share < 1.0) => Err(TrainError::Setting(format!(
                "the share of pairs held out must be above 0 and below 1, not {share}"
            ))),
            _ => Ok(()),
        }
    }

    /// Passes, batch and warm-up for `pairs` pairs to learn from: few pairs need small batches and several passes, or
    /// training is over before it has begun.
    pub fn size_for(&mut self, pairs: usize) {
        /// Steps in which a small adapter learns what there is to learn.
        const ENOUGH_STEPS: usize = 150;
        const MOST_PASSES: usize = 5;
        let usual = Settings::default();
        let pairs = pairs.max(1);
        let batch = [usual.batch, usual.batch / 2, usual.batch / 4]
            .into_iter()
            .find(|batch| pairs / batch >= 50)
            .unwrap_or(usual.batch / 4);
        let per_pass = pairs.div_ceil(batch * self.settings.accumulate.max(1));
        let passes = ENOUGH_STEPS.div_ceil(per_pass).clamp(1, MOST_PASSES);
        self.settings.batch = batch;
        self.settings.epochs = passes as u64;
        self.settings.warmup = usual.warmup.min((passes * per_pass) as u64 / 10);
    }

    /// Optimiser steps over `pairs` pairs to learn from.
    #[must_use]
    pub fn steps(&self, pairs: usize) -> u64 {
        let per_step = (self.settings.batch * self.settings.accumulate).max(1);
        let all = self.settings.epochs * pairs.div_ceil(per_step) as u64;
        all.min(self.settings.max_steps.unwrap_or(u64::MAX))
    }

    /// Of `pairs` good pairs, how many are learnt from and how many only judge.
    #[must_use]
    pub fn split(&self, pairs: usize) -> (usize, usize) {
        let used = pairs.min(self.limit.unwrap_or(usize::MAX));
        let share = self.hold_out.filter(|_| self.eval_data.is_none());
        let judging = share.map_or(0, |share| (used as f64 * share).floor() as usize);
        (used - judging, judging)
    }

    /// Carries the order out; with `resume`, goes on from the checkpoint in the folder, where there is one.
    ///
    /// # Errors
    /// Whatever is wrong with settings, data or base; a full disk; an interruption, after which a checkpoint is there.
    pub fn carry_out(
        &self,
        demo: EmbeddedFiles,
        resume: bool,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Summary, TrainError> {
        self.check()?;
        let home = Home::find(&self.base, demo)?;
        let config = home.config()?;
        observer.event(&TrainEvent::Stage("Reading the pairs"))?;
        let (text, template) = home.text(&config.eos, self.raw)?;
        let tongue = Tongue { text, template };
        let limits = Limits {
            prompt: self.limits.prompt,
            total: self.limits.total.min(config.context),
        };
        let mut read =
            |path: &Path, limit| self.pairs(path, limit, &tongue, limits, observer, cancel);
        let mut pairs = read(&self.data, self.limit)?;
        let eval = match &self.eval_data {
            Some(path) => read(path, None)?,
            None => hold_out(&mut pairs, self.hold_out),
        };
        let adapter = (!self.full).then_some(&self.adapter);
        memory::check(&config, adapter, &self.settings)?;
        let store = Store::open(&self.out, resume)?;
        Record::begun(self).write()?;
        observer.event(&TrainEvent::Stage("Reading the base model"))?;
        let base = home.weights(config, &mut |_| (), cancel)?;
        let session = Session {
            settings: &self.settings,
            loss: self.loss,
            pairs: &pairs,
            eval: &eval,
            store: Some(&store),
        };
        let summary = if self.full {
            let (model, summary) = session.train_model(base, observer, cancel)?;
            home.copy_tokenizer(&self.out)?;
            model.save(&self.out)?;
            summary
        } else {
            let (trained, summary) =
                session.train_adapter(&self.adapter, &base, observer, cancel)?;
            trained.save(&self.out, &home.name)?;
            summary
        };
        Record::done(self, summary.clone()).write()?;
        store.clear()?;
        Ok(summary)
    }

    /// Reads a file and turns its pairs into tokens, telling what had to be left out or cut.
    fn pairs(
        &self,
        path: &Path,
        limit: Option<usize>,
        tongue: &Tongue,
        limits: Limits,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Vec<PairExample>, TrainError> {
        let mut data = read_preferences(path, self.label, self.strict)?;
        data.pairs.truncate(limit.unwrap_or(usize::MAX));
        let mut report = DataReport {
            skipped: data.skipped,
            ..DataReport::default()
        };
        let mut pairs = Vec::with_capacity(data.pairs.len());
        for some in data.pairs.chunks(PAIRS_AT_A_TIME) {
            if cancel.is_cancelled() {
                return Err(TrainError::Interrupted {
                    step: 0,
                    saved: false,
                });
            }
            let found = tongue.pairs(some, limits);
            report.skipped.extend(found.skipped);
            report.prompts_cut += found.prompts_cut;
            report.answers_cut += found.answers_cut;
            pairs.extend(found.pairs);
        }
        report.examples = pairs.len();
        observer.event(&TrainEvent::Data(report))?;
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_pairs_get_small_batches_and_several_passes() {
        let sized = |pairs| {
            let mut order = ArmOrder::default();
            order.size_for(pairs);
            let settings = &order.settings;
            let steps = order.steps(pairs);
            (settings.batch, settings.epochs, settings.warmup, steps)
        };
        assert_eq!(sized(270), (8, 5, 17, 170));
        assert_eq!(sized(900), (16, 3, 17, 171));
        assert_eq!(sized(2_000), (32, 3, 18, 189));
        assert_eq!(sized(100_000), (32, 1, 20, 3125));
        assert_eq!(sized(1).3, 5);
    }

    #[test]
    fn pairs_are_split_as_the_training_splits_them() {
        let order = ArmOrder {
            hold_out: Some(0.1),
            limit: Some(55),
            ..ArmOrder::default()
        };
        assert_eq!(order.split(200), (50, 5));
        let mut examples: Vec<usize> = (0..55).collect();
        assert_eq!(hold_out(&mut examples, order.hold_out).len(), 5);
        assert!(order.check().is_ok());
        let all = ArmOrder {
            hold_out: Some(1.0),
            ..order
        };
        assert!(all.check().is_err());
    }
}
