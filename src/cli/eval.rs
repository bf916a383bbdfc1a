//! `counterpoise eval`: how often each objective rewards the answer that people preferred.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::session::Session;
use super::{CommonArgs, print, print_json};
use crate::error::Failure;
use crate::train::data::{self, Pair};
use crate::worker::{Command, EvaluatePair, EvaluateRequest, Event, PairRewards};

/// Arguments of `eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Preference pairs: JSON or JSON Lines, plain or .gz; - is standard input
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Judge only the first pairs
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Which judgement to follow where the data hold two
    #[arg(long, value_enum)]
    pub label: Option<LabelArg>,
    /// Stop at the first bad line
    #[arg(long)]
    pub strict: bool,
}

/// Which judgement to follow where the data hold two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LabelArg {
    /// Follow `better_response_id`
    Helpful,
    /// Follow `safer_response_id`
    Harmless,
}

impl From<LabelArg> for data::Label {
    fn from(label: LabelArg) -> Self {
        match label {
            LabelArg::Helpful => Self::Helpful,
            LabelArg::Harmless => Self::Harmless,
        }
    }
}

/// What one objective got right.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    right: usize,
    ties: usize,
    margin: f64,
}

impl Tally {
    fn add(&mut self, chosen: f64, rejected: f64) {
        let margin = chosen - rejected;
        self.margin += margin;
        if margin == 0.0 {
            self.ties += 1;
        } else if margin > 0.0 {
            self.right += 1;
        }
    }

    /// A tie counts half.
    fn accuracy(self, pairs: usize) -> f64 {
        (self.right as f64 + 0.5 * self.ties as f64) / pairs as f64
    }
}

pub(super) fn run(args: &EvalArgs, common: &CommonArgs) -> Result<(), Failure> {
    let data = data::read_preferences(&args.data, args.label.map(Into::into), args.strict)?;
    for bad in &data.skipped {
        super::say(&format!("skipped line {}: {}", bad.line, bad.reason));
    }
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let pairs: Vec<EvaluatePair> = data.pairs.iter().take(most).map(pair).collect();
    let lines: Vec<usize> = data.pairs.iter().take(most).map(|pair| pair.line).collect();
    let mut skipped = data.skipped.len();
    let mut session = Session::open(common)?;
    let run = session.new_run();
    let bar = ProgressBar::new(pairs.len() as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} pairs, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    session.send(Command::Evaluate(EvaluateRequest {
        run,
        cancel: session.cancel.clone(),
        pairs,
    }))?;
    let mut tallies = vec![Tally::default(); session.info.objectives.len()];
    let mut judged = 0;
    let cancelled = loop {
        let event = session.next_of(run)?;
        if let Event::Judged { index, rewards, .. } = event {
            bar.inc(1);
            match rewards {
                Ok(PairRewards { chosen, rejected }) => {
                    judged += 1;
                    for (tally, (chosen, rejected)) in
                        tallies.iter_mut().zip(chosen.into_iter().zip(rejected))
                    {
                        tally.add(chosen, rejected);
                    }
                }
                Err(failure) => {
                    skipped += 1;
                    let line = lines.get(index).copied().unwrap_or_default();
                    bar.suspend(|| {
                        super::say(&format!("skipped line {line}: {}", failure.summary));
                    });
                }
            }
        } else if let Event::Evaluated { cancelled, .. } = event {
            break cancelled;
        }
    };
    bar.finish_and_clear();
    if cancelled {
        return Err(Failure::interrupted());
    }
    if judged == 0 {
        return Err(Failure::input("No pair of the file could be judged")
            .hint("The lines above say why each was skipped"));
    }
    let names = session
        .info
        .objectives
        .iter()
        .map(|objective| objective.name.as_str());
    if common.json {
        let objectives: Map<String, Value> = names
            .zip(&tallies)
            .map(|(name, tally)| {
                let value = json!({
                    "accuracy": tally.accuracy(judged),
                    "ties": tally.ties,
                    "mean_margin": tally.margin / judged as f64,
                });
                (name.to_owned(), value)
            })
            .collect();
        return print_json(&json!({
            "schema": "counterpoise.eval/1",
            "lineup": session.info.name,
            "pairs": judged,
            "skipped": skipped,
            "objectives": objectives,
        }));
    }
    let mut text = format!(
        "{:<20} {:>9} {:>6} {:>12}\n",
        "objective", "accuracy", "ties", "mean margin"
    );
    for (name, tally) in names.zip(&tallies) {
        let accuracy = 100.0 * tally.accuracy(judged);
        let margin = tally.margin / judged as f64;
        let _ = writeln!(
            text,
            "{name:<20} {accuracy:>7.1} % {:>6} {margin:>12.4}",
            tally.ties
        );
    }
    let _ = writeln!(text, "{judged} pairs, {skipped} skipped");
    print(&text)
}

/// The pair as the models read it.
fn pair(pair: &Pair) -> EvaluatePair {
    EvaluatePair {
        prompt: pair.prompt.to_prompt(),
        chosen: pair.chosen.clone(),
        rejected: pair.rejected.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_counts_half() {
        let mut tally = Tally::default();
        for (chosen, rejected) in [(-1.0, -2.0), (-2.0, -1.0), (-1.0, -1.0), (-1.0, -3.0)] {
            tally.add(chosen, rejected);
        }
        assert!((tally.accuracy(4) - 0.625).abs() < 1e-12);
        assert_eq!(tally.ties, 1);
        assert!((tally.margin - 2.0).abs() < 1e-12);
    }
}
