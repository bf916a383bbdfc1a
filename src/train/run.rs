//! The loop: batches in order, one optimiser step each, evaluation and checkpoints on the way.

mod step;

use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(super) use self::step::TAPE_BUDGET;
use self::step::{Batch, Shard, rate};
use super::average::Average;
use super::checkpoint::{Progress, State, Store};
use super::config::Settings;
use super::error::TrainError;
use super::events::{EvalReport, Observer, Plan, StepReport, TrainEvent};
use super::examples::Examples;
use super::loss::PreferenceLoss;
use super::net::pass::Network;
use super::net::tape::Tape;
use super::optimiser::{AdamW, Stride, learning_rate};
use super::random::Random;
use crate::domain::CancelToken;
use crate::model::load::hex;

/// Memory that all gradients together may take, bytes.
pub(super) const GRAD_BUDGET: usize = 4 << 30;
/// Keeps the noise of data order apart from that of initial weights.
const ORDER: u64 = 1 << 32;

/// A run to be done.
pub(crate) struct Job<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) network: Network,
    /// The frozen weights under an adapter; empty where all weights are trained.
    pub(crate) frozen: &'a [f32],
    /// What is trained, as it begins.
    pub(crate) trained: Vec<f32>,
    /// The loss of pairs; texts are learnt by likelihood.
    pub(crate) preference: Option<PreferenceLoss>,
    pub(crate) train: Examples<'a>,
    pub(crate) eval: Examples<'a>,
    pub(crate) store: Option<&'a Store>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Optimiser steps.
    pub steps: u64,
    /// Tokens read.
    pub tokens: u64,
    /// Seconds of training.
    pub secs: f64,
    /// The last judgement, where there were held-out examples.
    pub eval: Option<EvalReport>,
}

impl Job<'_> {
    /// Trains; returns the trained numbers.
    pub(crate) fn run(
        mut self,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Vec<f32>, Summary), TrainError> {
        self.check()?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = self.settings.threads.unwrap_or(cores);
        let len = self.trained.len();
        let state = self.begin(threads.min((GRAD_BUDGET / (4 * len.max(1))).max(1)))?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(state.progress.shards))
            .thread_name(|index| format!("train-{index}"))
            .build()
            .map_err(|error| TrainError::Setting(error.to_string()))?;
        let trained = std::mem::take(&mut self.trained);
        self.steps(trained, state, &pool, observer, cancel)
    }

    fn check(&self) -> Result<(), TrainError> {
        self.settings.check()?;
        if self.train.len() == 0 {
            return Err(TrainError::NoExamples(
                "there is nothing to learn from".to_owned(),
            ));
        }
        let vocab = self.network.config.vocab_size;
        for examples in [self.train, self.eval] {
            if let Some(id) = examples.outside(vocab) {
                return Err(TrainError::Model {
                    summary: format!(
                        "token {id} lies outside the model's vocabulary of {vocab}, so the tokenizer does not fit"
                    ),
                    details: String::new(),
                });
            }
        }
        Ok(())
    }

    /// The state to begin from: a checkpoint, or nothing done yet.
    fn begin(&self, shards: usize) -> Result<State, TrainError> {
        let fingerprint = self.fingerprint();
        let len = self.trained.len();
        let found = self
            .store
            .map(|store| store.load(&fingerprint, len))
            .transpose()?
            .flatten();
        Ok(found.unwrap_or_else(|| State {
            progress: Progress {
                fingerprint,
                step: 0,
                shards,
                tokens: 0,
                secs: 0.0,
            },
            weights: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
            mean: Vec::new(),
        }))
    }

    /// Everything that decides the result: settings, sizes, data, and a sample of the weights.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(self.settings).unwrap_or_default());
        hash.update(format!("{:?}", self.network.config));
        hash.update(format!(
            "{:?}",
            self.network.lora.as_ref().map(|lora| &lora.shape)
        ));
        hash.update(format!("{:?}", self.preference));
        for weights in [self.frozen, &self.trained] {
            for value in weights.iter().step_by(1 + weights.len() / 100_000) {
                hash.update(value.to_le_bytes());
            }
        }
        self.train
            .each_token(|token| hash.update(token.to_le_bytes()));
        hex(&hash.finalize())
    }

    fn steps(
        &self,
        mut weights: Vec<f32>,
        state: State,
        pool: &rayon::ThreadPool,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Vec<f32>, Summary), TrainError> {
        let settings = self.settings;
        let mut adam = AdamW::new(weights.len(), &self.decayed());
        let mut progress = state.progress;
        if progress.step > 0 {
            (weights, adam.first, adam.second) = (state.weights, state.first, state.second);
        }
        let per_step = settings.batch * settings.accumulate;
        let per_epoch = self.train.len().div_ceil(per_step) as u64;
        let steps = (settings.epochs * per_epoch).min(settings.max_steps.unwrap_or(u64::MAX));
        let mut average = Average::over(settings.averaged, steps);
        average.mean = state.mean;
        if let Some(store) = self.store
            && average.counts(progress.step)
            && average.mean.is_empty()
        {
            return Err(TrainError::Checkpoint {
                path: store.path(),
                reason: "the file lacks the mean over the last steps".to_owned(),
            });
        }
        observer.event(&TrainEvent::Started(self.plan(
            steps,
            progress.step,
            pool.current_num_threads(),
        )))?;
        let mut shards: Vec<Shard> = (0..progress.shards)
            .map(|_| Shard {
                tape: Tape::stopped_by(cancel),
                grad: vec![0.0; weights.len()],
            })
            .collect();
        let mut eval = None;
        let mut order = (u64::MAX, Vec::new());
        let (mut earlier, mut start) = (progress.secs, Instant::now());
        while progress.step < steps {
            if observer.wants_pause() && !cancel.is_cancelled() {
                self.save(&progress, &weights, (&adam, &average.mean), observer)?;
                observer.event(&TrainEvent::Paused {
                    step: progress.step,
                })?;
                observer.wait(cancel);
                observer.event(&TrainEvent::GoesOn)?;
                // Waiting is no training.
                (earlier, start) = (progress.secs, Instant::now());
            }
            let begun = Instant::now();
            let (epoch, within) = (progress.step / per_epoch, progress.step % per_epoch);
            if order.0 != epoch {
                order = (epoch, self.order(epoch));
            }
            let from = within as usize * per_step;
            let indices = &order.1[from..self.train.len().min(from + per_step)];
            let step = progress.step + 1;
            let goal = self.goal(self.train, indices);
            let work = Batch {
                indices,
                goal: &goal,
                step,
            };
            let outcome = pool.install(|| self.learn(&weights, &mut shards, work, cancel));
            if cancel.is_cancelled() {
                // Perhaps only a part of the batch was looked at: the step was not done.
                return Err(self.stopped(&progress, &weights, (&adam, &average.mean), observer)?);
            }
            let lr = learning_rate(settings.lr, settings.lr_end, step, settings.warmup, steps);
            let mut grads: Vec<Vec<f32>> = shards
                .iter_mut()
                .map(|shard| std::mem::take(&mut shard.grad))
                .collect();
            let stride = Stride {
                step,
                lr,
                weight_decay: settings.weight_decay,
                betas: settings.betas,
                clip: settings.clip,
            };
            let grad_norm = if outcome.loss.is_finite() {
                pool.install(|| adam.step(&mut weights, &mut grads, stride))
            } else {
                f64::NAN
            };
            if !grad_norm.is_finite() {
                return Err(TrainError::Diverged { step });
            }
            for (shard, grad) in shards.iter_mut().zip(grads) {
                shard.grad = grad;
            }
            pool.install(|| average.add(step, &weights));
            progress.step = step;
            progress.tokens += outcome.read;
            progress.secs = earlier + start.elapsed().as_secs_f64();
            observer.event(&TrainEvent::Step(StepReport {
                step,
                epoch: step as f64 / per_epoch as f64,
                tokens: progress.tokens,
                loss: outcome.loss,
                lr,
                grad_norm,
                accuracy: rate(outcome.right, outcome.pairs),
                margin: rate(outcome.margin, outcome.pairs),
                tokens_per_sec: outcome.read as f64 / begun.elapsed().as_secs_f64(),
                secs: progress.secs,
            }))?;
            if step == steps || due(step, settings.eval_every) {
                eval = pool
                    .install(|| self.judge(average.result(&weights), &mut shards, step, cancel));
                if let Some(report) = &eval {
                    observer.event(&TrainEvent::Evaluated(report.clone()))?;
                }
            }
            if cancel.is_cancelled() && (step < steps || self.lacks(eval.as_ref())) {
                return Err(self.stopped(&progress, &weights, (&adam, &average.mean), observer)?);
            }
            if due(step, settings.save_every) || step == steps {
                self.save(&progress, &weights, (&adam, &average.mean), observer)?;
            }
        }
        if eval.is_none() {
            eval = pool.install(|| {
                self.judge(average.result(&weights), &mut shards, progress.step, cancel)
            });
            if self.lacks(eval.as_ref()) {
                return Err(self.stopped(&progress, &weights, (&adam, &average.mean), observer)?);
            }
        }
        let summary = Summary {
            steps: progress.step,
            tokens: progress.tokens,
            secs: progress.secs,
            eval,
        };
        if !average.mean.is_empty() {
            weights = average.mean;
        }
        Ok((weights, summary))
    }

    /// Writes a checkpoint, where one is kept and there is anything to keep.
    fn save(
        &self,
        progress: &Progress,
        weights: &[f32],
        (adam, mean): (&AdamW, &[f32]),
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let Some(store) = self.store.filter(|_| progress.step > 0) else {
            return Ok(());
        };
        store.save(progress, weights, [&adam.first, &adam.second], mean)?;
        observer.event(&TrainEvent::Saved {
            step: progress.step,
            path: store.path(),
        })
    }

    /// Keeps what was done when a person stopped the run.
    fn stopped(
        &self,
        progress: &Progress,
        weights: &[f32],
        (adam, mean): (&AdamW, &[f32]),
        observer: &mut dyn Observer,
    ) -> Result<TrainError, TrainError> {
        self.save(progress, weights, (adam, mean), observer)?;
        Ok(TrainError::Interrupted {
            step: progress.step,
            saved: self.store.is_some() && progress.step > 0,
        })
    }

    /// Whether a judgement is missing that could be had.
    fn lacks(&self, eval: Option<&EvalReport>) -> bool {
        eval.is_none() && self.eval.len() > 0
    }

    fn plan(&self, steps: u64, resumed: u64, threads: usize) -> Plan {
        let adapter = self.network.lora.as_ref().map_or(0, |lora| lora.len);
        Plan {
            steps,
            resumed,
            examples: self.train.len(),
            eval_examples: self.eval.len(),
            tokens: (0..self.train.len())
                .map(|index| self.train.cost(index) as u64)
                .sum(),
            parameters: (self.network.layout.len + adapter) as u64,
            trained: self.network.trained() as u64,
            threads,
        }
    }

    fn decayed(&self) -> Vec<std::ops::Range<usize>> {
        match &self.network.lora {
            Some(lora) => std::iter::once(0..lora.len).collect(),
            None => self.network.layout.decayed(),
        }
    }

    /// The order of the examples in an epoch.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        Random::new(self.settings.seed, ORDER + epoch).shuffle(&mut order);
        order
    }
}

fn due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
