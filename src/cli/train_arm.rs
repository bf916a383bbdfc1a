//! `counterpoise train arm`: a reward model from preference pairs.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use super::eval::LabelArg;
use super::session::interrupt_token;
use super::train_options::{RunArgs, parse_share};
use super::train_watch::{Watch, report};
use crate::error::Failure;
use crate::train::config::{AdapterSettings, Projection, Settings};
use crate::train::loss::PreferenceLoss;
use crate::train::options;
use crate::train::order::ArmOrder;
use crate::train::tokens::Limits;

/// Arguments of `train arm`. Their help and their defaults are those of the order that they fill in.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArmArgs {
    #[arg(long, help = options::BASE_HELP)]
    pub(crate) base: String,
    #[arg(long, value_name = "FILE", help = options::DATA_HELP)]
    pub(crate) data: PathBuf,
    /// Folder for the result
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Pairs that only judge
    #[arg(long, value_name = "FILE")]
    pub(crate) eval_data: Option<PathBuf>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), help = options::LIMIT.help)]
    pub(crate) limit: Option<u32>,
    #[arg(long, value_enum, help = options::LABEL_HELP)]
    pub(crate) label: Option<LabelArg>,
    #[arg(long, help = options::STRICT.help)]
    pub(crate) strict: bool,
    #[arg(long, help = options::RAW.help)]
    pub(crate) raw: bool,
    #[arg(long, help = options::BETA.help, default_value_t = PreferenceLoss::default().beta)]
    pub(crate) beta: f64,
    #[arg(long, help = options::GAMMA.help, default_value_t = PreferenceLoss::default().gamma)]
    pub(crate) gamma: f64,
    #[arg(long, help = options::LABEL_SMOOTHING.help, default_value_t = PreferenceLoss::default().label_smoothing)]
    pub(crate) label_smoothing: f64,
    #[arg(long, help = options::LR.help, default_value_t = Settings::default().lr)]
    pub(crate) lr: f64,
    #[arg(long, help = options::BATCH.help, default_value_t = Settings::default().batch)]
    pub(crate) batch: usize,
    #[arg(long, help = options::RANK.help, default_value_t = AdapterSettings::default().rank)]
    pub(crate) rank: usize,
    #[arg(long, help = options::ALPHA.help, default_value_t = AdapterSettings::default().alpha)]
    pub(crate) alpha: f64,
    #[arg(long, help = options::DROPOUT.help, default_value_t = AdapterSettings::default().dropout)]
    pub(crate) dropout: f64,
    #[arg(long, value_delimiter = ',', help = options::TARGETS_HELP, default_value = options::USUAL_TARGETS, value_parser = parse_target)]
    pub(crate) targets: Vec<Projection>,
    #[arg(long, help = options::MAX_PROMPT.help, default_value_t = Limits::default().prompt)]
    pub(crate) max_prompt: usize,
    #[arg(long, help = options::MAX_LENGTH.help, default_value_t = Limits::default().total)]
    pub(crate) max_length: usize,
    #[arg(long, help = options::WARMUP.help, default_value_t = Settings::default().warmup)]
    pub(crate) warmup: u64,
    #[arg(long, help = options::WEIGHT_DECAY.help, default_value_t = Settings::default().weight_decay)]
    pub(crate) weight_decay: f64,
    #[arg(long, value_name = "SHARE", help = options::HOLD_OUT.help, value_parser = parse_share, conflicts_with = "eval_data")]
    pub(crate) hold_out: Option<f64>,
    #[arg(long, help = options::FULL.help)]
    pub(crate) full: bool,
    /// Options that all training shares.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

fn parse_target(text: &str) -> Result<Projection, String> {
    let name = text.trim();
    Projection::ALL
        .into_iter()
        .find(|projection| projection.name() == name)
        .ok_or_else(|| {
            let all = Projection::ALL.map(Projection::name).join(", ");
            format!("there is no projection of this name; there are {all}")
        })
}

impl ArmArgs {
    fn order(&self, common: &CommonArgs) -> ArmOrder {
        ArmOrder {
            base: self.base.clone(),
            data: self.data.clone(),
            eval_data: self.eval_data.clone(),
            out: self.out.clone(),
            limit: self.limit.map(|limit| limit as usize),
            label: self.label.map(Into::into),
            strict: self.strict,
            raw: self.raw,
            hold_out: self.hold_out,
            full: self.full,
            loss: PreferenceLoss {
                beta: self.beta,
                gamma: self.gamma,
                label_smoothing: self.label_smoothing,
            },
            settings: Settings {
                batch: self.batch,
                lr: self.lr,
                warmup: self.warmup,
                weight_decay: self.weight_decay,
                ..self.run.settings(common)
            },
            adapter: AdapterSettings {
                rank: self.rank,
                alpha: self.alpha,
                dropout: self.dropout,
                targets: self.targets.clone(),
            },
            limits: Limits {
                prompt: self.max_prompt,
                total: self.max_length,
            },
        }
    }
}

pub(crate) fn run(args: &ArmArgs, common: &CommonArgs) -> Result<(), Failure> {
    let order = args.order(common);
    let resume = args.run.resume;
    let mut watch = Watch::new(args.run.log.as_deref(), resume);
    let cancel = interrupt_token()?;
    let summary = order.carry_out(crate::demo::embedded(), resume, &mut watch, &cancel)?;
    report(&summary, &args.out, common.json)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arm: ArmArgs,
        #[command(flatten)]
        common: CommonArgs,
    }

    const NEEDED: [&str; 7] = ["x", "--base", "demo", "--data", "pairs", "--out", "out"];

    #[test]
    fn without_options_the_order_is_the_usual_one() {
        let line = Line::parse_from(NEEDED);
        let usual = ArmOrder {
            base: "demo".to_owned(),
            data: "pairs".into(),
            out: "out".into(),
            ..ArmOrder::default()
        };
        assert_eq!(line.arm.order(&line.common), usual);
    }

    #[test]
    fn every_option_has_the_name_and_the_help_that_the_window_shows() {
        let command = <Line as clap::CommandFactory>::command();
        let numbers = options::NUMBERS.iter().map(|one| (one.name, one.help));
        let switches = options::SWITCHES.iter().map(|one| (one.name, one.help));
        for (name, help) in numbers.chain(switches) {
            let argument = command
                .get_arguments()
                .find(|argument| argument.get_long() == Some(name));
            let said = argument
                .and_then(|one| one.get_help())
                .map(ToString::to_string);
            assert_eq!(said.as_deref(), Some(help), "{name}");
        }
    }

    #[test]
    fn every_number_reaches_the_order() {
        for number in options::NUMBERS {
            let typed = if number.name == "dropout"
                || number.name == "label-smoothing"
                || number.name == "hold-out"
            {
                "0.25"
            } else {
                "7"
            };
            let option = format!("--{}", number.name);
            let line = Line::parse_from(NEEDED.into_iter().chain([option.as_str(), typed]));
            let value = number.of(&line.arm.order(&line.common));
            assert_eq!(value.to_string(), typed, "{}", number.name);
        }
    }
}
