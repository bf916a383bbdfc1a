//! `counterpoise train demo`: the built-in models from nothing but the world's texts.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use super::session::interrupt_token;
use crate::demo::recipe::{self, Options};
use crate::error::Failure;

/// What to train, and for how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// Folder for the finished lineup
    #[arg(long, value_name = "DIR", default_value = "assets/demo/models")]
    pub(crate) out: PathBuf,
    /// Folder of world files (*.toml); without it, the built-in world
    #[arg(long, value_name = "DIR")]
    pub(crate) world: Option<PathBuf>,
    /// Decides initial weights, texts and their order
    #[arg(long, default_value_t = recipe::SEED)]
    pub(crate) seed: u64,
    /// Optimiser steps of the base model; each reward model takes a share of them
    #[arg(long, default_value_t = recipe::STEPS, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: u64,
    /// Go on where an interrupted run ended
    #[arg(long)]
    pub(crate) resume: bool,
    /// Held-out questions of each sort that every row of the judge's table answers
    #[arg(long, default_value_t = recipe::QUESTIONS)]
    pub(crate) questions: usize,
    /// Answers to each of these questions
    #[arg(long, default_value_t = recipe::SEEDS, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: u64,
    /// Train nothing: print the judge's table for the models in the output folder
    #[arg(long)]
    pub(crate) judge_only: bool,
    /// Write every judged text with its labels to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) texts: Option<PathBuf>,
}

/// Runs the recipe; its report goes to stdout, progress to stderr.
///
/// # Errors
/// A broken world, a folder that cannot be written to, an interruption.
pub(crate) fn run(args: &DemoArgs, common: &CommonArgs) -> Result<(), Failure> {
    let options = Options {
        out: args.out.clone(),
        world: args.world.clone(),
        seed: args.seed,
        steps: args.steps,
        resume: args.resume,
        judge_only: args.judge_only,
        questions: args.questions,
        seeds: args.seeds,
        texts: args.texts.clone(),
        threads: common.threads.map(usize::from),
    };
    let cancel = interrupt_token()?;
    let report = recipe::run(&options, &cancel, &mut super::say)?;
    super::print(&report)
}
