//! Settings of a training run.

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::loss::PreferenceLoss;
pub use crate::model::decoder::Projection;
use crate::model::kernels::amx;

/// How exact the products of large matrices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Products {
    /// Numbers and sums of 32 bits.
    #[default]
    Full,
    /// Numbers rounded to 16 bits (bfloat16) and sums of 32, where the processor has a unit for it; else as `Full`.
    Half,
}

impl Products {
    /// The fastest that this processor has a unit for.
    pub fn best() -> Self {
        if amx::available() {
            Self::Half
        } else {
            Self::Full
        }
    }
}

/// How long, how fast and in what order to learn. What is serialized decides the result; the rest does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Passes over the data; 1 and up.
    pub epochs: u64,
    /// Ends after this many optimiser steps, if the epochs do not end before; the schedule ends there too.
    pub max_steps: Option<u64>,
    /// Examples per batch.
    pub batch: usize,
    /// Batches whose gradients are added before each step.
    pub accumulate: usize,
    /// Highest learning rate.
    pub lr: f64,
    /// Steps over which the learning rate rises to its highest, before it falls along a cosine.
    pub warmup: u64,
    /// Learning rate behind the last step, as a share of the highest: 0, or more where a mean takes away the noise that is left.
    #[serde(skip_serializing_if = "is_zero")]
    pub lr_end: f64,
    /// The optimiser's weight decay per step, times the learning rate.
    pub weight_decay: f64,
    /// The optimiser's memory of gradients and of their squares.
    pub betas: [f64; 2],
    /// Longest gradient; longer ones are shortened.
    pub clip: f64,
    /// The result is the mean of what the last steps left, this share of all; 0 takes what the very last one left.
    #[serde(skip_serializing_if = "is_zero")]
    pub averaged: f64,
    /// Decides initial weights, order and dropout.
    pub seed: u64,
    /// How exact the matrix products are.
    pub products: Products,
    /// Judges the held-out examples every so many steps; 0 only at the end.
    #[serde(skip)]
    pub eval_every: u64,
    /// Writes a checkpoint every so many steps; 0 only when interrupted.
    #[serde(skip)]
    pub save_every: u64,
    /// Threads on the CPU; all of them where nothing is said.
    #[serde(skip)]
    pub threads: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 1,
            max_steps: None,
            batch: 32,
            accumulate: 1,
            lr: 5e-4,
            warmup: 20,
            lr_end: 0.0,
            weight_decay: 0.05,
            betas: [0.9, 0.999],
            clip: 1.0,
            averaged: 0.0,
            seed: 16,
            products: Products::Full,
            eval_every: 0,
            save_every: 100,
            threads: None,
        }
    }
}

/// The low-rank change that is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdapterSettings {
    /// Rank of the change; 1 and up.
    pub rank: usize,
    /// The change is scaled by alpha / rank.
    pub alpha: f64,
    /// Share of the adapter's inputs that is left out in training. From 0 to below 1.
    pub dropout: f64,
    /// Products that are changed; by name in files.
    #[serde(with = "names")]
    pub targets: Vec<Projection>,
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            dropout: 0.05,
            targets: vec![Projection::Q, Projection::K, Projection::V],
        }
    }
}

/// Settings that are off are not serialized: checkpoints from before there were such settings can be continued.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &f64) -> bool {
    value.to_bits() == 0
}

/// Projections by their names.
mod names {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::Projection;

    pub(super) fn serialize<S: Serializer>(
        targets: &[Projection],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
        names.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Projection>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let named = |name: &String| {
            let mut all = Projection::ALL.into_iter();
            all.find(|projection| projection.name() == name)
                .ok_or_else(|| de::Error::custom(format!("no projection is called {name}")))
        };
        names.iter().map(named).collect()
    }
}

/// Fails with one sentence where a condition does not hold.
fn demand(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), TrainError> {
    if holds {
        Ok(())
    } else {
        Err(TrainError::Setting(sentence()))
    }
}

/// Whether a number is finite and at least `low`.
fn at_least(value: f64, low: f64) -> bool {
    value.is_finite() && value >= low
}

impl Settings {
    /// Finds the first value out of its range.
    ///
    /// # Errors
    /// That value, in one sentence.
    pub fn check(&self) -> Result<(), TrainError> {
        for (name, value) in [
            ("epochs", self.epochs),
            ("batch", self.batch as u64),
            ("accumulate", self.accumulate as u64),
        ] {
            demand(value > 0, || format!("{name} must be 1 or more, not 0"))?;
        }
        demand(self.threads != Some(0), || {
            "threads must be 1 or more, not 0".to_owned()
        })?;
        demand(at_least(self.lr, 0.0), || {
            format!(
                "the learning rate must be a number of 0 or more, not {}",
                self.lr
            )
        })?;
        demand(at_least(self.weight_decay, 0.0), || {
            format!(
                "the weight decay must be a number of 0 or more, not {}",
                self.weight_decay
            )
        })?;
        demand(self.clip > 0.0, || {
            format!("the clipping length must be above 0, not {}", self.clip)
        })?;
        for (name, value) in [
            ("share of averaged steps", self.averaged),
            ("learning rate's end", self.lr_end),
        ] {
            demand((0.0..=1.0).contains(&value), || {
                format!("the {name} must be from 0 to 1, not {value}")
            })?;
        }
        demand(
            self.betas.iter().all(|beta| (0.0..1.0).contains(beta)),
            || {
                format!(
                    "both of Adam's betas must be from 0 to below 1, not {:?}",
                    self.betas
                )
            },
        )
    }
}

impl AdapterSettings {
    /// Finds the first value out of its range.
    ///
    /// # Errors
    /// That value, in one sentence.
    pub fn check(&self) -> Result<(), TrainError> {
        demand(self.rank > 0, || {
            "the rank must be 1 or more, not 0".to_owned()
        })?;
        demand(self.alpha.is_finite() && self.alpha > 0.0, || {
            format!("alpha must be a number above 0, not {}", self.alpha)
        })?;
        demand((0.0..1.0).contains(&self.dropout), || {
            format!("dropout must be from 0 to below 1, not {}", self.dropout)
        })?;
        demand(!self.targets.is_empty(), || {
            "at least one projection must be adapted".to_owned()
        })
    }
}

impl PreferenceLoss {
    /// Finds the first value out of its range.
    ///
    /// # Errors
    /// That value, in one sentence.
    pub fn check(&self) -> Result<(), TrainError> {
        demand(self.beta.is_finite() && self.beta > 0.0, || {
            format!("beta must be a number above 0, not {}", self.beta)
        })?;
        demand(at_least(self.gamma, 0.0), || {
            format!("gamma must be a number of 0 or more, not {}", self.gamma)
        })?;
        demand((0.0..0.5).contains(&self.label_smoothing), || {
            format!(
                "label smoothing must be from 0 to below 0.5, not {}",
                self.label_smoothing
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        assert!(Settings::default().check().is_ok());
        assert!(AdapterSettings::default().check().is_ok());
        let settings = Settings {
            lr: f64::NAN,
            ..Settings::default()
        };
        let message = settings.check().map_err(|error| error.to_string());
        assert!(message.is_err_and(|text| text.contains("learning rate")));
        let settings = Settings {
            averaged: 1.5,
            ..Settings::default()
        };
        let message = settings.check().map_err(|error| error.to_string());
        assert!(message.is_err_and(|text| text.contains("averaged steps")));
        let loss = PreferenceLoss {
            label_smoothing: 0.5,
            ..PreferenceLoss::default()
        };
        assert!(loss.check().is_err());
    }
}
