//! `counterpoise sweep`: many settings of the weights on the same prompts, and the trade-off between the objectives.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::generate::read_prompts;
use super::session::{Session, check_sign, objective};
use super::{CommonArgs, SamplingArgs, print, print_json};
use crate::domain::{ComputeSettings, LineupInfo, Prompt, RunId};
use crate::engine::tradeoff::{Measure, Outcome, Plan, Random, Range, Reference};
use crate::error::Failure;
use crate::journal::files;
use crate::record::table::Kind;
use crate::worker::sweep::{SweepCommand, SweepEvent, SweepRecord, SweepRequest};
use crate::worker::{Command, Event};

mod table;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// A file of prompts, one a line or JSON with a `prompt` field; - is standard input
    #[arg(long, value_name = "FILE")]
    pub prompts: PathBuf,
    /// Weights of an objective: STEPS of them from LO to HI, for example harmless=0:2:5; repeat it for all combinations
    #[arg(long = "grid", value_name = "NAME=LO:HI:STEPS", value_parser = parse_range)]
    pub grid: Vec<(String, [f64; 2], usize)>,
    /// Also try N random ways to divide a sum of weights among the objectives of the grid, or among all without a grid
    #[arg(long, value_name = "N")]
    pub random: Option<usize>,
    /// The sum of the weights of each random setting
    #[arg(long, value_name = "SUM", default_value_t = 1.0, requires = "random")]
    pub random_sum: f64,
    /// Texts of each setting for each prompt; their seeds count up from --seed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: u32,
    /// What a text scores for an objective
    #[arg(long, value_enum, default_value_t = ScoreArg::Advantage)]
    pub score: ScoreArg,
    /// Where the hypervolume is measured from: base, worst, or NAME=VALUE for each objective that is swept
    #[arg(long, value_name = "POINT", value_parser = parse_reference)]
    pub reference: Vec<ReferenceArg>,
    /// Keep the texts with their scores in this file, as .csv or .json
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A system text for every model
    #[arg(long)]
    pub system: Option<String>,
    /// Feed the prompts as they are, without the chat template
    #[arg(long)]
    pub raw: bool,
    /// How tokens are drawn
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

/// What a text scores for an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScoreArg {
    /// Mean advantage per token
    Advantage,
    /// Sum of the advantages
    AdvantageSum,
    /// Sum of the rewards: the log-probability that the reward model gives the text
    Reward,
}

impl From<ScoreArg> for Measure {
    fn from(score: ScoreArg) -> Self {
        match score {
            ScoreArg::Advantage => Self::Advantage,
            ScoreArg::AdvantageSum => Self::AdvantageSum,
            ScoreArg::Reward => Self::Reward,
        }
    }
}

/// A part of `--reference`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReferenceArg {
    /// What the plain model scores.
    Base,
    /// The lowest score of each objective.
    Worst,
    /// A score of an objective.
    At(String, f64),
}

fn parse_range(text: &str) -> Result<(String, [f64; 2], usize), String> {
    let wrong = || "write it as NAME=LO:HI:STEPS, for example harmless=0:2:5".to_owned();
    let (name, range) = text.rsplit_once('=').ok_or_else(wrong)?;
    let parts: Vec<&str> = range.split(':').map(str::trim).collect();
    let [low, high, steps] = parts[..] else {
        return Err(wrong());
    };
    let number = |text: &str| -> Result<f64, String> {
        let value: f64 = text
            .parse()
            .map_err(|_| format!("`{text}` is not a number"))?;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(format!("a weight must be a finite number, not {value}"))
        }
    };
    let steps = steps
        .parse()
        .map_err(|_| format!("`{steps}` is not a number of steps"))?;
    if name.trim().is_empty() {
        return Err("the objective's name is missing before the =".to_owned());
    }
    Ok((name.trim().to_owned(), [number(low)?, number(high)?], steps))
}

fn parse_reference(text: &str) -> Result<ReferenceArg, String> {
    match text {
        "base" => Ok(ReferenceArg::Base),
        "worst" => Ok(ReferenceArg::Worst),
        _ => super::parse_weight(text)
            .map(|(name, value)| ReferenceArg::At(name, value))
            .map_err(|_| "write base, worst, or NAME=VALUE with a finite number".to_owned()),
    }
}

pub(super) fn run(args: &SweepArgs, common: &CommonArgs) -> Result<(), Failure> {
    let sampling = args.sampling.sampling()?;
    if args.grid.is_empty() && args.random.is_none() {
        return Err(Failure::usage("Nothing says which weights to try")
            .hint("Give --grid NAME=LO:HI:STEPS, or --random N"));
    }
    let kind = args.out.as_deref().map(Kind::of).transpose()?;
    if let Some(out) = &args.out {
        files::check_folder(out)?;
    }
    let prompts: Arc<[Arc<Prompt>]> = read_prompts(&args.prompts)?
        .into_iter()
        .map(|text| {
            Arc::new(Prompt {
                text,
                system: args.system.clone(),
                raw: args.raw,
                earlier: Vec::new(),
            })
        })
        .collect();
    let settings = ComputeSettings {
        hashes: common.json || kind == Some(Kind::Json),
        ..common.settings()
    };
    let mut session = Session::open_with(common, settings)?;
    let plan = plan(args, common, &session)?;
    let reference = reference(&args.reference, &session.info, &plan.axes())?;
    let settings = plan.settings().map_err(Failure::usage)?;
    let run = session.new_run();
    let mut record = SweepRecord {
        info: session.info.clone(),
        prompts,
        settings: settings.into(),
        axes: plan.axes(),
        samples: args.samples as usize,
        sampling,
        rows: Vec::new(),
        complete: false,
        independent: Vec::new(),
    };
    session.send(Command::Sweep(SweepCommand::Start(Box::new(
        SweepRequest {
            run,
            cancel: session.cancel.clone(),
            prompts: record.prompts.clone(),
            settings: record.settings.clone(),
            samples: record.samples,
            sampling: record.sampling.clone(),
        },
    ))))?;
    let ended = write(&session, run, &mut record);
    // Whatever ended it, what was written is kept.
    let outcome = record.outcome(args.score.into(), &reference);
    if ended.is_ok() || !record.rows.is_empty() {
        tell(args, common, &record, &outcome)?;
    }
    ended?;
    if record.complete {
        Ok(())
    } else {
        Err(Failure::interrupted())
    }
}

/// Has the worker write all texts into `record`, or as many as there is time for.
fn write(session: &Session, run: RunId, record: &mut SweepRecord) -> Result<(), Failure> {
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} texts, {msg}{eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let outcome = loop {
        let event = match session.next_of(run) {
            Ok(Event::Sweep(event)) => event,
            Ok(_) => continue,
            Err(failure) => break Err(failure),
        };
        match event {
            SweepEvent::Began { pace, .. } => bar.set_length(pace.of as u64),
            SweepEvent::Row { row, pace, .. } => {
                record.rows.push(*row);
                if let Some(speed) = pace.tokens_per_sec() {
                    bar.set_message(format!("{speed:.0} tokens/s, "));
                }
                bar.set_position(pace.texts as u64);
            }
            SweepEvent::Ended {
                pace, cancelled, ..
            } => {
                record.complete = !cancelled;
                if cancelled && !session.cancel.is_cancelled() {
                    // A failure follows, which says why.
                    continue;
                }
                if let (Some(speed), true) = (pace.tokens_per_sec(), record.complete) {
                    bar.suspend(|| {
                        super::say(&format!(
                            "{} texts, {} tokens in {:.1} s: {speed:.0} tokens/s",
                            pace.texts, pace.tokens, pace.secs
                        ));
                    });
                }
                break Ok(());
            }
        }
    };
    bar.finish_and_clear();
    outcome
}

/// Prints the outcome and keeps it in its file.
fn tell(
    args: &SweepArgs,
    common: &CommonArgs,
    record: &SweepRecord,
    outcome: &Outcome,
) -> Result<(), Failure> {
    if let Some(path) = &args.out {
        files::write_file(path, record.file(outcome, path)?.as_bytes())?;
        super::say(&format!(
            "{} texts are in {}",
            record.rows.len(),
            path.display()
        ));
    }
    if common.json {
        print_json(&record.json(outcome))
    } else {
        print(&table::text(record, outcome))
    }
}

/// Which weights are tried; objectives that are not swept keep those of the lineup, or those given by `--weight`.
fn plan(args: &SweepArgs, common: &CommonArgs, session: &Session) -> Result<Plan, Failure> {
    let info = &session.info;
    let mut grid = Vec::new();
    for (name, [low, high], steps) in &args.grid {
        check_sign(name, *low, common)?;
        grid.push(Range {
            objective: objective(info, name)?,
            low: *low,
            high: *high,
            steps: *steps,
        });
    }
    let swept: Vec<usize> = grid.iter().map(|range| range.objective).collect();
    let random = args.random.map(|count| Random {
        objectives: if swept.is_empty() {
            (0..info.objectives.len()).collect()
        } else {
            swept
        },
        count,
        total: args.random_sum,
        seed: args.sampling.seed,
    });
    Ok(Plan {
        fixed: session.weights.to_vec(),
        grid,
        random,
    })
}

fn reference(
    given: &[ReferenceArg],
    info: &LineupInfo,
    axes: &[usize],
) -> Result<Reference, Failure> {
    let mut point = vec![None; axes.len()];
    for one in given {
        match one {
            ReferenceArg::Base if given.len() == 1 => return Ok(Reference::Base),
            ReferenceArg::Worst if given.len() == 1 => return Ok(Reference::Worst),
            ReferenceArg::Base | ReferenceArg::Worst => {
                return Err(Failure::usage(
                    "The reference point is either base, worst, or a score for each objective",
                ));
            }
            ReferenceArg::At(name, value) => {
                let objective = objective(info, name)?;
                match axes.iter().position(|&axis| axis == objective) {
                    Some(place) => point[place] = Some(*value),
                    None => {
                        return Err(Failure::usage(format!(
                            "The reference point names {name}, which is not swept"
                        )));
                    }
                }
            }
        }
    }
    if given.is_empty() {
        return Ok(Reference::Base);
    }
    let whole: Option<Vec<f64>> = point.into_iter().collect();
    whole.map(Reference::At).ok_or_else(|| {
        Failure::usage("The reference point needs a score for each objective that is swept")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_two_ends_and_a_number_of_steps() {
        let range = parse_range("harmless=0:2:5").unwrap();
        assert_eq!(range, ("harmless".to_owned(), [0.0, 2.0], 5));
        for wrong in [
            "harmless",
            "harmless=1",
            "harmless=0:2",
            "=0:2:5",
            "a=0:2:x",
            "a=0:nan:2",
            "a=0:2:5:6",
            "a=0:2:-1",
        ] {
            assert!(parse_range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_reference_is_a_word_or_a_whole_point() {
        assert_eq!(parse_reference("base"), Ok(ReferenceArg::Base));
        assert_eq!(
            parse_reference("a=-1"),
            Ok(ReferenceArg::At("a".to_owned(), -1.0))
        );
        assert!(parse_reference("best").is_err());
        assert!(parse_reference("a=nan").is_err());
        let info = LineupInfo::default();
        assert_eq!(reference(&[], &info, &[0]).unwrap(), Reference::Base);
        let both = [ReferenceArg::Base, ReferenceArg::Worst];
        assert!(reference(&both, &info, &[0]).is_err());
    }
}
