//! `counterpoise train …`: language models, reward models and the built-in demo.

use clap::{Args, Subcommand};

use super::CommonArgs;
use super::train_demo::{self, DemoArgs};
use crate::error::Failure;

/// What to train.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    what: TrainCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum TrainCommand {
    /// The built-in models, from nothing but the world's texts
    Demo(DemoArgs),
}

/// Trains.
///
/// # Errors
/// What the training reports.
pub(crate) fn run(args: &TrainArgs, common: &CommonArgs) -> Result<(), Failure> {
    match &args.what {
        TrainCommand::Demo(demo) => train_demo::run(demo, common),
    }
}
