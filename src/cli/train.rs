//! `counterpoise train …`: language models, reward models and the built-in demo.

use clap::{Args, Subcommand};

use super::CommonArgs;
use super::train_arm::{self, ArmArgs};
use super::train_demo::{self, DemoArgs};
use super::train_lm::{self, LmArgs};
use crate::error::Failure;

/// What to train.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    what: TrainCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum TrainCommand {
    /// A language model, from scratch or onwards, on text or on prompts with their answers
    Lm(Box<LmArgs>),
    /// A reward model from preference pairs, as a PEFT adapter or a whole model
    Arm(Box<ArmArgs>),
    /// The built-in models, from nothing but the world's texts
    Demo(DemoArgs),
}

/// Trains.
///
/// # Errors
/// What the training reports.
pub(crate) fn run(args: &TrainArgs, common: &CommonArgs) -> Result<(), Failure> {
    match &args.what {
        TrainCommand::Lm(lm) => train_lm::run(lm, common),
        TrainCommand::Arm(arm) => train_arm::run(arm, common),
        TrainCommand::Demo(demo) => train_demo::run(demo, common),
    }
}
