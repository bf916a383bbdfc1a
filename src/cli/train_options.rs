//! Options that `train lm` and `train arm` share.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use crate::train::config::Settings;

/// Options that all training shares.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Passes over the data
    #[arg(long, default_value_t = 1)]
    pub(crate) epochs: u64,
    /// End after this many steps
    #[arg(long)]
    pub(crate) max_steps: Option<u64>,
    /// Batches whose gradients are added before each step
    #[arg(long, default_value_t = 1)]
    pub(crate) accumulate: usize,
    /// Longest gradient; longer ones are shortened
    #[arg(long, default_value_t = 1.0)]
    pub(crate) clip: f64,
    /// Learning rate behind the last step, as a share of the highest
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) lr_end: f64,
    /// End with the mean of what the last steps left, this share of all; 0 takes the very last one's weights
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) averaged: f64,
    /// Decides first weights, order and dropout
    #[arg(long, default_value_t = 16)]
    pub(crate) seed: u64,
    /// Judge the held-out examples every so many steps; 0 only at the end
    #[arg(long, default_value_t = 0)]
    pub(crate) eval_every: u64,
    /// Write a checkpoint every so many steps; 0 only at the end or when interrupted
    #[arg(long, default_value_t = 100)]
    pub(crate) save_every: u64,
    /// Go on from the checkpoint in the output folder, where there is one
    #[arg(long)]
    pub(crate) resume: bool,
    /// Write a line of JSON for every step and judgement
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) log: Option<PathBuf>,
}

impl RunArgs {
    /// The settings that these options decide.
    pub(crate) fn settings(&self, common: &CommonArgs) -> Settings {
        Settings {
            epochs: self.epochs,
            max_steps: self.max_steps,
            accumulate: self.accumulate,
            clip: self.clip,
            lr_end: self.lr_end,
            averaged: self.averaged,
            seed: self.seed,
            eval_every: self.eval_every,
            save_every: self.save_every,
            threads: common.threads.map(usize::from),
            ..Settings::default()
        }
    }
}

/// A share between 0 and 1, both excluded.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share is a number above 0 and below 1".to_owned()),
    }
}

/// Takes a share of the examples out, evenly spread over them.
pub(crate) fn hold_out<T>(examples: &mut Vec<T>, share: Option<f64>) -> Vec<T> {
    let Some(share) = share else {
        return Vec::new();
    };
    let held = |index: usize| ((index + 1) as f64 * share).floor() > (index as f64 * share).floor();
    let mut index = 0;
    examples
        .extract_if(.., |_| {
            index += 1;
            held(index - 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_examples_are_spread_evenly() {
        let mut examples: Vec<u32> = (0..20).collect();
        assert_eq!(hold_out(&mut examples, Some(0.25)), [3, 7, 11, 15, 19]);
        assert_eq!(examples.len(), 15);
        assert!(hold_out(&mut examples, None).is_empty());
        assert!(parse_share("1").is_err() && parse_share("0.05").is_ok());
    }
}
