//! Options that `train lm` and `train arm` share.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use crate::train::config::Settings;
use crate::train::options;

/// Options that all training shares.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[arg(long, help = options::EPOCHS.help, default_value_t = Settings::default().epochs)]
    pub(crate) epochs: u64,
    #[arg(long, help = options::MAX_STEPS.help)]
    pub(crate) max_steps: Option<u64>,
    #[arg(long, help = options::ACCUMULATE.help, default_value_t = Settings::default().accumulate)]
    pub(crate) accumulate: usize,
    #[arg(long, help = options::CLIP.help, default_value_t = Settings::default().clip)]
    pub(crate) clip: f64,
    /// Learning rate behind the last step, as a share of the highest
    #[arg(long, value_name = "SHARE", default_value_t = Settings::default().lr_end)]
    pub(crate) lr_end: f64,
    /// End with the mean of what the last steps left, this share of all; 0 takes the very last one's weights
    #[arg(long, value_name = "SHARE", default_value_t = Settings::default().averaged)]
    pub(crate) averaged: f64,
    #[arg(long, help = options::SEED.help, default_value_t = Settings::default().seed)]
    pub(crate) seed: u64,
    #[arg(long, help = options::EVAL_EVERY.help, default_value_t = Settings::default().eval_every)]
    pub(crate) eval_every: u64,
    #[arg(long, help = options::SAVE_EVERY.help, default_value_t = Settings::default().save_every)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        assert!(parse_share("1").is_err() && parse_share("0.05").is_ok());
    }
}
